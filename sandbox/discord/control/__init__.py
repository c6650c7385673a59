"""Serves ``/_sandbox``, through which another process drives and watches the server."""

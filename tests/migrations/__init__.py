"""The schema: migrations and tables agree, on both engines."""

"""Speaks the gateway protocol: sessions, heartbeats, events, resuming."""

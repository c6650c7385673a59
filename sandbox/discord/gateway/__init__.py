"""The websocket: sessions, heartbeats, events, resuming."""

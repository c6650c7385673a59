"""The services on a real SQLite file, with the outside world as doubles."""

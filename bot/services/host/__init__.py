"""The process and its owner."""

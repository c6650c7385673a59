"""A person at Discord's client: what they build, do and see of the answers."""

"""Acts for the people at Discord's client: what they build, send and see."""

"""A message's way into a channel: composed, posted, changed, removed, notified about."""

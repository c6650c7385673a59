"""What admins and moderators decide and read."""

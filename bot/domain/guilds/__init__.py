"""A guild's settings, quotas, audit trail and usage."""

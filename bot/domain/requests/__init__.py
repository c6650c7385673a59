"""What is asked: by a member of us, and by us of the provider."""

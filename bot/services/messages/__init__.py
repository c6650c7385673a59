"""What people see of a job: its status message, its announcement, log channels."""

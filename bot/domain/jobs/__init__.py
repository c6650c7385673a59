"""The job: its record, its states, what it costs, when to look again, whose task is whose."""

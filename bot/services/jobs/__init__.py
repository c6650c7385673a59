"""The job's own machinery: who writes it, who claims it, where its files are, when it is done."""

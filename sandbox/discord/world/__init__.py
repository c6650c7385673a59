"""Holds who and what there is, with its clock, its files and the log of what happened."""

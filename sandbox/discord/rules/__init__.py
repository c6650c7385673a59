"""Decides what is refused: rules of bodies, rate limits, planned faults, and how it is said."""

"""What Discord refuses, limits and gets wrong: body rules, errors, rate limits, faults."""

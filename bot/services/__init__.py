"""Use cases: they open transactions, call ports and return records."""

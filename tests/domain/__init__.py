"""The domain alone: tables of cases and properties, no I/O."""

"""Discord outside the cogs, REST only: ids in, receipts out."""

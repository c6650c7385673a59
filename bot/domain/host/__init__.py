"""What the operator sees and decides: the process as a whole, its disk, its alerts."""

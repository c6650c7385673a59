"""Creates whose answer got lost: found, certainly not taken, or the operator's."""

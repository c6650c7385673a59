"""The loops that move a job on, one module each, and what supervises them."""

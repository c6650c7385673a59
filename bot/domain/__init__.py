"""The rules of Tween as values and pure functions: standard library only, no I/O, no clock."""

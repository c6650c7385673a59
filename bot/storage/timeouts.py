"""How long the database is waited for, and how long it waits for us."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Bounds, each in seconds; 0 of what PostgreSQL's server keeps means none."""

    command_seconds: float = 30.0
    """A statement; the server ends it. The client gives up an answer a moment later."""
    connect_seconds: float = 5.0
    """A new connection, and the sign of life of one that was idle."""
    idle_in_transaction_seconds: float = 15.0
    """A transaction whose next statement does not come: the server undoes it, and its locks go."""
    lock_seconds: float = 20.0
    """Waiting for another's lock; longer than a transaction nobody goes on with can hold one."""
    line_seconds: float = 60.0
    """Waiting for a connection of this process, or for its other writers on SQLite.

    Long enough for hundreds of commands at once, which is no trouble; short enough to be noticed
    where a writer hangs.
    """


UNHURRIED = Timeouts(command_seconds=0, idle_in_transaction_seconds=0, lock_seconds=0)
"""For changes of the schema, which take as long as the tables are large."""

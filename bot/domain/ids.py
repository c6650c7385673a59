"""The identifiers that travel through Tween, as types that cannot be mixed up.

Snowflakes are Discord's 64-bit ids. A job id is ours: six characters of Crockford base32, short
enough to be read aloud and typed on a phone.
"""

from __future__ import annotations

import secrets
from typing import NewType

GuildId = NewType("GuildId", int)
UserId = NewType("UserId", int)
RoleId = NewType("RoleId", int)
ChannelId = NewType("ChannelId", int)
MessageId = NewType("MessageId", int)
InteractionId = NewType("InteractionId", int)

MAX_SNOWFLAKE = 2**63 - 1
"""The first of their 64 bits will be nothing until 2084; databases store as much as this."""

JobId = NewType("JobId", str)
TaskId = NewType("TaskId", str)
"""The provider's id of one generation."""
WorkerId = NewType("WorkerId", str)
"""One start of one process."""
AccountId = NewType("AccountId", str)
"""Region, base host and a hash of the key: whose tasks and whose money."""

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
JOB_ID_LENGTH = 6
_LENIENT = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_job_id() -> JobId:
    """Draw a random job id; uniqueness is the database's to enforce."""
    return JobId("".join(secrets.choice(CROCKFORD) for _ in range(JOB_ID_LENGTH)))


def int_of_job_id(job_id: JobId) -> int:
    """Return the number an id stands for, from 1; no two ids have the same."""
    number = 1
    for letter in job_id:
        number = number * len(CROCKFORD) + CROCKFORD.index(letter)
    return number


def parse_job_id(text: str) -> JobId | None:
    """Read a job id the way people type it: any case, O for 0, I or L for 1, a stray # or space."""
    cleaned = text.strip().lstrip("#").strip().upper().translate(_LENIENT)
    if len(cleaned) != JOB_ID_LENGTH or any(letter not in CROCKFORD for letter in cleaned):
        return None
    return JobId(cleaned)

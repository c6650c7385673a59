"""How much a guild's admins and moderators may have stored: more than a large server ever needs.

Each submission asks what binds it, and lists are looked through by people; both must stay quick
whatever somebody with a script puts in.
"""

from __future__ import annotations

MAX_RULES = 100
"""Of a guild, without the host's ceilings."""

MAX_GRANTS_OF_MEMBER = 10
"""That are not used up: each submission of theirs reads them."""

MAX_GRANTS = 1_000
"""Of a guild that have not ended, used up or not."""

MAX_BLOCKS = 1_000
"""Members of a guild; who may not write in a channel needs none."""

MAX_WORDS = 500
"""Every prompt is held against all of them."""

MAX_WORD_CHARACTERS = 64
"""Of one word, as a moderator writes it."""

MAX_CHANNELS = 500
"""Channels and threads with a decision; Discord has at most 500 channels a server."""

MAX_AUDIT_ENTRIES = 10_000
"""The newest of a guild; older ones go as new ones come."""

"""What may be kept of a provider's words: no signed query, no inline picture, no key.

Messages of the provider end up in exceptions and in a job's stored detail, and so in logs.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.redaction import DATA_URI, KEY, QUERY, SIGNED, USERINFO

LONGEST_MESSAGE = 300
"""Characters; the longest documented message has about 200."""
SHORTEST_SECRET = 3
"""Characters; hiding a prompt of one letter would only garble the message."""


def scrub(text: str, *, secrets: Iterable[str] = ()) -> str:
    """Return a message that may be logged.

    Args:
        text: The provider's words.
        secrets: What must not be repeated wherever it stands: the key, the prompts of the call.
    """
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "[hidden]")
    text = DATA_URI.sub("data:[hidden]", text)
    text = USERINFO.sub(r"\1", text)
    text = QUERY.sub(r"\1", text)
    text = SIGNED.sub(r"\1=[hidden]", text)
    text = KEY.sub("sk-[hidden]", text)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 1]}…"

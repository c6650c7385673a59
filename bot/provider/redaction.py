"""What may be kept of a provider's words: no signed query, no inline picture, no key.

Messages of the provider end up in exceptions and in a job's stored detail, and so in logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST_MESSAGE = 300
"""Characters; the longest documented message has about 200."""
SHORTEST_SECRET = 3
"""Characters; hiding a prompt of one letter would only garble the message."""

_QUERY = re.compile(r"(?i)\b((?:https?|oss)://[^\s?#\"'<>]*)[?#][^\s\"'<>]*")
_USERINFO = re.compile(r"(?i)\b((?:https?|oss)://)[^\s/?#@\"'<>]+@")
_DATA_URI = re.compile(r"(?i)\bdata:[a-z0-9.+-]+/[a-z0-9.+-]+[;,][^\s\"'<>]*")
_SIGNED = re.compile(
    r"(?i)\b(expires|signature|(?:x-oss-)?security-token|ossaccesskeyid)=[^\s&\"'<>]+"
)
_KEY = re.compile(r"\bsk-[A-Za-z0-9._-]+")


def scrub(text: str, *, secrets: Iterable[str] = ()) -> str:
    """Return a message that may be logged.

    Args:
        text: The provider's words.
        secrets: What must not be repeated wherever it stands: the key, the prompts of the call.
    """
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "[hidden]")
    text = _DATA_URI.sub("data:[hidden]", text)
    text = _USERINFO.sub(r"\1", text)
    text = _QUERY.sub(r"\1", text)
    text = _SIGNED.sub(r"\1=[hidden]", text)
    text = _KEY.sub("sk-[hidden]", text)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 1]}…"

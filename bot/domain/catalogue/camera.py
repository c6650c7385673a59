"""Camera moves, as words that are added to a prompt.

The models have no parameter for the camera: they follow words, and the provider's prompt guide
(https://help.aliyun.com/zh/model-studio/text-to-video-prompt) lists moves, speeds and shots as
words.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CAMERA_MOVES: Mapping[str, str] = MappingProxyType(
    {
        "static": "The camera stays perfectly still.",
        "push-in": "The camera slowly pushes in.",
        "pull-out": "The camera slowly pulls out.",
        "pan-left": "The camera pans slowly to the left.",
        "pan-right": "The camera pans slowly to the right.",
        "tilt-up": "The camera tilts slowly upwards.",
        "tilt-down": "The camera tilts slowly downwards.",
        "orbit": "The camera orbits around the subject.",
        "follow": "The camera follows the subject at a constant distance.",
        "crane-up": "The camera rises like on a crane and looks down.",
        "handheld": "Handheld camera with slight natural shake.",
        "flyover": "Aerial shot, the camera flies forward over the scene.",
    }
)
"""What is added to the prompt, by the name of the move."""


_ENDS = (".", "!", "?", "…", "\u3002", "\uff01", "\uff1f")
"""Of a sentence; the last three are Chinese."""


def with_camera(prompt: str | None, move: str) -> str:
    """Return a prompt with the words of a camera move at its end.

    Raises:
        KeyError: there is no such move.
    """
    words = (prompt or "").rstrip()
    if words and not words.endswith(_ENDS):
        words += "."
    return f"{words} {CAMERA_MOVES[move]}".lstrip()


def without_camera(prompt: str | None, move: str) -> str | None:
    """Return a prompt without the words of a camera move at its end.

    Returns:
        What was written before them; None where the prompt does not end with them any more.

    Raises:
        KeyError: there is no such move.
    """
    words, added = (prompt or "").rstrip(), CAMERA_MOVES[move]
    return words.removesuffix(added).rstrip() if words.endswith(added) else None

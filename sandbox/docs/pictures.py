"""Makes the demo's pictures small enough for a repository."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

QUALITY = 88
"""Letters stay sharp at twice the density; the file is a fifth of the PNG."""


def compress(source: Path, target: Path) -> None:
    """Write a picture as WebP."""
    with Image.open(source) as picture:
        picture.save(target, "WEBP", quality=QUALITY, method=6)

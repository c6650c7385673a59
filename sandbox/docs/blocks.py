"""Fills the generated parts of a Markdown document, which stand between markers.

::

    <!-- begin: options of /jobs list -->
    …
    <!-- end -->
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_BLOCK = re.compile(
    r"^<!-- begin: (?P<name>[^\n]+?) -->\n(?P<text>.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL
)


class BlockError(Exception):
    """A document and what was generated for it do not fit."""


def block(name: str, text: str) -> str:
    """Return a text between its markers."""
    return f"<!-- begin: {name} -->\n{text.strip()}\n<!-- end -->"


def blocks_of(document: str) -> dict[str, str]:
    """Return the generated parts of a document by name."""
    return {found["name"]: found["text"].strip() for found in _BLOCK.finditer(document)}


def filled(document: str, texts: Mapping[str, str]) -> str:
    """Return a document with its generated parts written anew.

    Raises:
        BlockError: the document has a part nothing was generated for, or lacks one.
    """
    known = blocks_of(document)
    strangers, missing = known.keys() - texts.keys(), texts.keys() - known.keys()
    if strangers or missing:
        raise BlockError(f"unknown blocks: {sorted(strangers)}; missing: {sorted(missing)}")
    return _BLOCK.sub(lambda found: block(found["name"], texts[found["name"]]), document)

"""The one error of the demo: what a person at the terminal should read."""

from __future__ import annotations


class DemoError(Exception):
    """Something did not go as it should; the message is one plain sentence."""

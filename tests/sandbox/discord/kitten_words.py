"""Tells the test things, one line of JSON each."""

from __future__ import annotations

import json
import sys


def say(what: str, **details: object) -> None:
    sys.stdout.write(json.dumps({"what": what, **details}) + "\n")
    sys.stdout.flush()

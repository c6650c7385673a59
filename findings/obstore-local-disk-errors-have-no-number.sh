#!/usr/bin/env bash
# obstore says what a disk refused in words: a missing file is an OSError, everything else is none and has no errno.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check obstore==0.12.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import pathlib
import platform
import re
import sys

import obstore
from obstore.exceptions import GenericError
from obstore.store import LocalStore

print(f"Python {platform.python_version()}, obstore {obstore.__version__}, {platform.system()}")
print(
    "`except OSError` around LocalStore catches a missing file (the builtin FileNotFoundError, whose "
    "errno is None) and misses every other refusal of the disk: those are GenericError, no OSError, "
    "and carry the system's number only in their text."
)
root = pathlib.Path("store")
root.mkdir()
store = LocalStore(root)
try:
    store.get("none.txt")
except OSError as error:
    missing = error
print(f"no such file: {type(missing).__module__}.{type(missing).__name__}, errno {missing.errno}")

store.put("plain.txt", b"a file where a folder is wanted")
try:
    store.put("plain.txt/below.txt", b"x")
except GenericError as error:
    refused = error
number = re.search(r"\(os error (\d+)\)", str(refused))
print(f"a file in the way: {type(refused).__name__}, an OSError: {isinstance(refused, OSError)}")
print(f"errno: {getattr(refused, 'errno', 'no such attribute')}, in its text: {number and number[0]}")
sys.exit(
    not (
        type(missing) is FileNotFoundError
        and missing.errno is None
        and not isinstance(refused, OSError)
        and not hasattr(refused, "errno")
        and number is not None
    )
)
PYTHON

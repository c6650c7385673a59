#!/usr/bin/env bash
# obstore's LocalStore.copy makes a second name for the same bytes, not a copy of them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check obstore==0.12.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import os
import pathlib
import platform
import sys
from datetime import UTC, datetime

import obstore
from obstore.store import LocalStore

print(f"Python {platform.python_version()}, obstore {obstore.__version__}, {platform.system()}")
print(
    "LocalStore.copy() makes a hard link: the copy is as old as its source, so a rule that erases "
    "by last_modified takes a copy made just now for an old file, and a program that appends to the "
    "source in place changes the copy."
)
root = pathlib.Path("store")
root.mkdir()
store = LocalStore(root)
store.put("source.txt", b"as it was")
long_ago = datetime(2020, 9, 13, tzinfo=UTC)
os.utime(root / "source.txt", (long_ago.timestamp(),) * 2)

store.copy("source.txt", "copy.txt")
same_inode = os.stat(root / "source.txt").st_ino == os.stat(root / "copy.txt").st_ino
dated = store.head("copy.txt")["last_modified"]
with (root / "source.txt").open("ab") as file:
    file.write(b", and more")
appended = bytes(store.get("copy.txt").bytes())

store.copy("source.txt", "second.txt")
store.put("source.txt", b"put anew")
put = bytes(store.get("second.txt").bytes())

print(f"same inode: {same_inode}")
print(f"last_modified of a copy made a moment ago: {dated}")
print(f"the copy after something was appended to the source: {appended!r}")
print(f"a copy after the source was put anew: {put!r} (put replaces the name, and is harmless)")
sys.exit(
    not (
        same_inode
        and dated == long_ago
        and appended == b"as it was, and more"
        and put == b"as it was, and more"
    )
)
PYTHON

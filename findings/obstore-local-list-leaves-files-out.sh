#!/usr/bin/env bash
# obstore's LocalStore does not list files whose name ends in # and digits: what erases by list leaves them.
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

import obstore
from obstore.exceptions import GenericError
from obstore.store import LocalStore

print(f"Python {platform.python_version()}, obstore {obstore.__version__}, {platform.system()}")
print(
    "A file whose name ends in '#' and digits (the store's own name for half a put or copy, and a "
    "plain name for people) is in no list, can be neither read nor deleted through the store, and "
    "keeps its folder in list_with_delimiter: erasing all that is listed below a prefix leaves it."
)
root = pathlib.Path("store")
(root / "song").mkdir(parents=True)
for name in ("take.txt", "take#1", "take#1.txt"):
    (root / "song" / name).write_bytes(b"la")
store = LocalStore(root, automatic_cleanup=True)

listed = sorted(file["path"] for file in store.list("song").collect())
print(f"on the disk: {sorted(os.listdir(root / 'song'))}")
print(f"listed:      {listed}")
refused = []
for ask in (store.get, store.head, store.delete):
    try:
        ask("song/take#1")
    except GenericError as error:
        refused.append(ask.__name__)
        print(f"{ask.__name__}: {str(error).splitlines()[0]}")
for path in listed:
    store.delete(path)
left = os.listdir(root / "song")
print(f"left after everything listed was deleted: {left}")
prefixes = store.list_with_delimiter()["common_prefixes"]
print(f"list_with_delimiter still names: {prefixes}")
sys.exit(
    not (
        listed == ["song/take#1.txt", "song/take.txt"]
        and refused == ["get", "head", "delete"]
        and left == ["take#1"]
        and prefixes == ["song"]
    )
)
PYTHON

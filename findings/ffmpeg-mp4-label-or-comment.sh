#!/usr/bin/env bash
# FFmpeg's MP4 muxer drops a metadata key it does not know, or hides comment and title from tag readers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0 mutagen==1.47.0 numpy
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import platform
import sys

import av
import mutagen
import numpy as np
from mutagen.mp4 import MP4

print(f"Python {platform.python_version()}, PyAV {av.__version__}, mutagen {mutagen.version_string}")
print(
    "Nothing is raised when FFmpeg's MP4 muxer leaves out a key that it does not know, for instance "
    "AIGC, the label that China's GB 45438-2025 wants. movflags=use_metadata_tags keeps it, and "
    "moves every other key with it to where FFmpeg itself finds it and tag readers do not: with "
    "either setting one of the two, the label or the comment, is not there for who looks for it."
)
WRITTEN = {"AIGC": '{"Label":"1"}', "comment": "made by AI", "title": "A fox"}


def write(name: str, movflags: str) -> None:
    with av.open(name, "w", format="mp4", options={"movflags": movflags}) as container:
        container.metadata.update(WRITTEN)
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), "u1"), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def by_ffmpeg(name: str) -> set[str]:
    with av.open(name) as container:
        return set(container.metadata) & set(WRITTEN)


def by_tag_reader(name: str) -> set[str]:
    tags = MP4(name).tags or {}
    return {key for key, atom in (("comment", "\xa9cmt"), ("title", "\xa9nam")) if atom in tags}


found = {}
for name, movflags in (("plain.mp4", "faststart"), ("keys.mp4", "faststart+use_metadata_tags")):
    write(name, movflags)
    found[name] = by_ffmpeg(name), by_tag_reader(name)
    print(f"{movflags}: FFmpeg finds {sorted(found[name][0])}, mutagen {sorted(found[name][1])}")
both = {"comment", "title"}
sys.exit(found != {"plain.mp4": (both, both), "keys.mp4": (set(WRITTEN), set())})
PYTHON

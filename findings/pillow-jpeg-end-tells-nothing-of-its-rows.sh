#!/usr/bin/env bash
# Pillow's "image file is truncated" is about the end marker, not about rows: a whole JPEG fails, half of one passes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pillow==13.0.0
cd "$folder"
"$folder/venv/bin/python" -W error - <<'PYTHON'
import platform
import sys
from io import BytesIO

from PIL import Image, ImageChops, ImageFile, __version__, features

library = features.version("libjpeg_turbo")
print(f"Python {platform.python_version()}, Pillow {__version__}, libjpeg-turbo {library}")
print(
    "With LOAD_TRUNCATED_IMAGES left at False, load() refuses a JPEG whose every pixel is there and "
    "whose end marker is not (phones write such), and takes one whose second half is zeros, as a "
    "download leaves it that broke off into a file of the full length: no error, no warning."
)
assert ImageFile.LOAD_TRUNCATED_IMAGES is False
picture = Image.blend(
    Image.radial_gradient("L").resize((640, 480)), Image.effect_noise((640, 480), 90), 0.3
)
buffer = BytesIO()
picture.save(buffer, "JPEG", quality=90)
whole = buffer.getvalue()


def load(name, data):
    try:
        with Image.open(BytesIO(data)) as image:
            image.load()
            wrong = ImageChops.difference(image, reference).point(lambda level: 255 * (level > 0))
            rows = sum(map(any, zip(*[iter(wrong.tobytes())] * 640)))
            print(f"{name}: loaded, {rows} of 480 rows are not those of the picture")
            return rows
    except OSError as error:
        print(f"{name}: {error}")
        return None


with Image.open(BytesIO(whole)) as reference:
    reference.load()
without_end = load("less its last 2 bytes, the end marker", whole[:-2])
with_end = load("the same, the marker put back", whole[:-2] + b"\xff\xd9")
cut = load("cut in the middle", whole[: len(whole) // 2])
half = whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2)
padded = load("its second half zeros", half)
sys.exit(not (without_end is None and with_end == 0 and cut is None and padded and padded > 200))
PYTHON

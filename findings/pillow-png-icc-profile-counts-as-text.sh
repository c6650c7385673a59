#!/usr/bin/env bash
# Pillow does not open a PNG with an ICC profile of more than 1 MiB: a bound that is named for text chunks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pillow==13.0.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import platform
import sys
import zlib
from io import BytesIO

from PIL import Image, ImageCms, PngImagePlugin, __version__

print(f"Python {platform.python_version()}, Pillow {__version__}")
print(
    "A valid ICC profile that unpacks to more than PngImagePlugin.MAX_TEXT_CHUNK makes Image.open "
    "raise ValueError on a PNG, and not UnidentifiedImageError; the same profile in a JPEG is read. "
    "Pillow writes the PNG itself. Profiles of calibrated screens and printers are that large."
)
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
size = 1_500_000
large = size.to_bytes(4, "big") + profile[4:] + bytes(size - len(profile))
ImageCms.ImageCmsProfile(BytesIO(large))  # it is one
print(f"the profile has {len(large)} bytes, MAX_TEXT_CHUNK is {PngImagePlugin.MAX_TEXT_CHUNK}")
picture = Image.radial_gradient("L").convert("RGB")
outcomes = {}
for form in ("JPEG", "PNG"):
    buffer = BytesIO()
    picture.save(buffer, form, icc_profile=large)
    try:
        with Image.open(BytesIO(buffer.getvalue())) as image:
            image.load()
            outcomes[form] = f"opened, profile of {len(image.info['icc_profile'])} bytes"
    except Exception as error:
        outcomes[form] = f"{type(error).__name__}: {error}"
    print(f"{form}: {outcomes[form]}")
sys.exit(not (outcomes["JPEG"].startswith("opened") and outcomes["PNG"].startswith("ValueError")))
PYTHON

"""JPEGs that end too early, and JPEGs of many pixels: what is there and what fits decides."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from io import BytesIO

import pytest
from PIL import Image

from bot.domain.errors import InvalidImageError
from bot.domain.requests.pictures import PictureNote
from bot.media.bounds import MAX_JPEG_COEFFICIENTS_BYTES
from bot.media.images import FittedPicture, prepare_pictures
from bot.media.jpeg_files import coefficients_bytes
from tests.media.malformed_inputs import jpeg, save, scene

KINDS: Mapping[str, Mapping[str, int | bool]] = {
    "baseline": {},
    "finest colours": {"subsampling": 0},
    "progressive": {"progressive": True},
    "restart markers": {"restart_marker_rows": 1},
}


def prepare(data: bytes) -> FittedPicture:
    (picture,), _ = prepare_pictures([("image", data)])
    return picture


def problem_of(data: bytes) -> InvalidImageError:
    with pytest.raises(InvalidImageError) as caught:
        prepare(data)
    return caught.value


def grainy(width: int = 800, height: int = 600, **options: int | bool) -> bytes:
    """Return a JPEG that has as many bytes in each row as a photograph."""
    grain = Image.effect_noise((width, height), 90).convert("RGB")
    image = Image.blend(scene(width, height), grain, 0.3)
    return save(image, "JPEG", quality=90, **options)


def corner(picture: FittedPicture) -> tuple[int, int, int]:
    with Image.open(BytesIO(picture.jpeg)) as image:
        box = (picture.width - 40, picture.height - 6, picture.width, picture.height)
        red, green, blue = image.convert("RGB").crop(box).resize((1, 1)).getpixel((0, 0))  # type: ignore[misc] # RGB
    return red, green, blue


@pytest.mark.parametrize("missing", [1, 2, 3, 20, 100, 400])
@pytest.mark.parametrize("kind", KINDS)
def test_last_bytes_that_are_missing_cost_next_to_nothing(kind: str, missing: int) -> None:
    picture = prepare(grainy(**KINDS[kind])[:-missing])
    assert picture.height >= 600 - 32
    if missing <= 2:
        assert (picture.height, picture.notes) == (600, ())
    else:
        assert set(picture.notes) <= {PictureNote.END_MISSING}
        assert (picture.height == 600) == (picture.notes == ())
    red, green, blue = corner(picture)
    assert min(red, green) > blue + 80, "its corner is yellow, not the grey of what is missing"


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
@pytest.mark.parametrize("kind", KINDS)
def test_what_lacks_a_visible_part_is_refused(kind: str, share: float) -> None:
    data = grainy(**KINDS[kind])
    assert problem_of(data[: int(len(data) * share)]).problem == "truncated"


def test_what_a_broken_download_was_padded_with_is_no_part_of_it() -> None:
    data = grainy()
    half = data[: len(data) // 2]
    assert problem_of(half + bytes(len(data) - len(half))).problem == "truncated"
    assert problem_of(half + b"\xff" * 500).problem == "truncated"


def test_something_else_in_the_place_of_the_end_does_no_harm() -> None:
    picture = prepare(grainy()[:-2] + b"SEFT of a phone" * 40)
    assert (picture.height, picture.notes) == (600, ())


def test_a_large_one_is_measured_in_the_size_it_is_decoded_in() -> None:
    data = grainy(2432, 1824)
    picture = prepare(data[:-400])
    assert picture.width == 2000
    assert picture.height == pytest.approx(1500, abs=30)
    assert PictureNote.END_MISSING in picture.notes
    assert min(corner(picture)[:2]) > 150
    assert problem_of(data[: int(len(data) * 0.9)]).problem == "truncated"


def test_a_scan_that_is_missing_is_missed() -> None:
    data = grainy(progressive=True)
    last = data.rindex(b"\xff\xda")
    assert problem_of(data[:last]).problem == "truncated"


def test_a_turned_one_loses_its_stored_end() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.blend(scene(800, 600), Image.effect_noise((800, 600), 90).convert("RGB"), 0.3)
    data = save(image, "JPEG", quality=90, exif=exif.tobytes())
    picture = prepare(data[:-400])
    assert (picture.height, 560 <= picture.width < 600) == (800, True)
    assert picture.notes == (PictureNote.ROTATED, PictureNote.END_MISSING)


# --- many pixels -----------------------------------------------------------------------------


def declared(width: int, height: int, *, progressive: bool = False, subsampling: int = 2) -> bytes:
    """Return a small JPEG that says it is larger."""
    data = bytearray(save(scene(), "JPEG", progressive=progressive, subsampling=subsampling))
    at = data.index(b"\xff\xc2" if progressive else b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def test_a_photograph_of_fifty_megapixels_is_taken() -> None:
    picture = prepare(save(scene(8160, 6120), "JPEG", quality=60))
    assert (picture.width, picture.height) == (2000, 1500)
    assert picture.notes == (PictureNote.SCALED_DOWN,)


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        pytest.param(declared(16_000, 16_000), {"megapixels": 256, "limit": 250}, id="baseline"),
        pytest.param(
            declared(14_000, 10_000, progressive=True),
            {"megapixels": 140, "limit": 139},
            id="progressive",
        ),
        pytest.param(
            declared(10_000, 8_000, progressive=True, subsampling=0),
            {"megapixels": 80, "limit": 69},
            id="progressive of finest colours",
        ),
        pytest.param(declared(65_000, 60_000), {"megapixels": 3900, "limit": 250}, id="bomb"),
    ],
)
def test_what_would_not_fit_is_refused_before_it_is_decoded(
    data: bytes, facts: dict[str, int]
) -> None:
    error = problem_of(data)
    assert (error.problem, error.facts) == ("too_many_pixels", facts)


def test_what_is_held_of_a_jpeg_is_known_from_its_header() -> None:
    assert coefficients_bytes(jpeg()) == 0
    # 4:2:0: one block of each colour for four of brightness, 128 bytes a block.
    assert coefficients_bytes(declared(640, 480, progressive=True)) == 640 * 480 * 3
    assert coefficients_bytes(declared(640, 480, progressive=True, subsampling=0)) == 640 * 480 * 6
    assert coefficients_bytes(b"\xff\xd8\xff\xc2\x00") == 0
    phone = declared(12_000, 9_000, progressive=True)
    assert coefficients_bytes(phone) < MAX_JPEG_COEFFICIENTS_BYTES

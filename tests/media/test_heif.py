"""HEIC and HEIF, the photographs of most phones."""

from __future__ import annotations

import contextlib
import struct
from io import BytesIO

import av
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from bot.domain.errors import InvalidImageError
from bot.domain.requests.pictures import PictureNote
from bot.media import heif
from bot.media.images import FittedPicture, prepare_pictures
from bot.media.iso_boxes import main_picture
from tests.media.malformed_inputs import H, W, heic, scene, wide_profile

Colour = tuple[int, int, int]


def prepare(data: bytes) -> FittedPicture:
    (picture,), _ = prepare_pictures([("image", data)])
    return picture


def corners(picture: FittedPicture) -> list[Colour]:
    found = []
    with Image.open(BytesIO(picture.jpeg)) as image:
        for across, down in ((0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)):
            at = (int(across * image.width), int(down * image.height))
            red, green, blue = image.convert("RGB").getpixel(at)  # type: ignore[misc] # RGB
            found.append((red, green, blue))
    return found


def assert_upright(picture: FittedPicture) -> None:
    wanted = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)]
    assert (picture.width, picture.height) == (W, H)
    assert np.abs(np.subtract(corners(picture), wanted)).max() <= 12


def turned(orientation: int) -> bytes:
    """Store a scene so that the container turns it upright, and EXIF says so as well."""
    inverse = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = scene() if inverse is None else scene().transpose(inverse)
    exif = Image.Exif()
    exif[0x0112] = orientation
    # pillow-heif makes the container's turning of it, as phones do.
    return heic(image, exif=exif.tobytes())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_container_turns_it_upright_and_nothing_turns_it_twice(orientation: int) -> None:
    data = turned(orientation)
    picture = prepare(data)
    assert_upright(picture)
    assert picture.notes == ((PictureNote.ROTATED,) if orientation > 1 else ())
    assert main_picture(data).is_turned == (orientation > 1)


def test_exif_that_still_says_so_turns_nothing() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    said = exif.tobytes()
    exif[0x0112] = 1
    data = heic(exif=exif.tobytes())
    at = data.index(exif.tobytes()[6:])
    kept = data[:at] + said[6:] + data[at + len(said) - 6 :]
    assert kept != data
    picture = prepare(kept)
    assert_upright(picture)
    assert picture.notes == ()


def test_tiles_are_put_together() -> None:
    buffer = BytesIO()
    pillow_heif.from_pillow(scene()).save(
        buffer, quality=80, tile_size=128, enc_params={"preset": "ultrafast"}
    )
    assert buffer.getvalue().count(b"hvc1") > 10
    assert_upright(prepare(buffer.getvalue()))


def test_ten_bits_become_eight() -> None:
    buffer = BytesIO()
    wide = (np.asarray(scene()).astype(np.uint16) * 257).tobytes()
    pillow_heif.encode("RGB;16", (W, H), wide, buffer, quality=90)
    assert pillow_heif.open_heif(buffer, convert_hdr_to_8bit=False).mode == "RGB;16"
    assert_upright(prepare(buffer.getvalue()))


def test_an_icc_profile_is_obeyed() -> None:
    picture = prepare(heic(icc_profile=wide_profile()))
    assert np.abs(np.subtract(corners(picture)[0], (0, 255, 0))).max() <= 20


def test_of_several_pictures_the_main_one_is_taken() -> None:
    buffer = BytesIO()
    file = pillow_heif.from_pillow(scene().transpose(Image.Transpose.ROTATE_180))
    file.add_from_pillow(scene())
    file.save(buffer, primary_index=1, enc_params={"preset": "ultrafast"})
    picture = prepare(buffer.getvalue())
    assert_upright(picture)
    assert picture.notes == ()


def film(*images: Image.Image) -> bytes:
    """Make a HEIF file of nothing but a film, as of a burst."""
    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx265", rate=10)
        stream.width, stream.height, stream.pix_fmt = W, H, "yuv420p"
        stream.options = {"preset": "ultrafast", "x265-params": "log-level=none:bframes=0"}
        for image in images:
            frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    data = buffer.getvalue()
    return data[:8] + b"msf1" + data[12:16] + b"msf1hevc" + data[24:].replace(b"vide", b"pict")


def test_of_a_film_the_first_picture_that_shows_something_is_taken() -> None:
    picture = prepare(film(scene(), Image.new("RGB", (W, H), "white")))
    assert_upright(picture)
    assert picture.notes == (PictureNote.FIRST_OF_ANIMATION,)
    picture = prepare(film(Image.new("RGB", (W, H), "white"), scene()))
    assert_upright(picture)
    assert picture.notes == (PictureNote.FIRST_VISIBLE_OF_ANIMATION,)


def test_a_picture_with_a_film_beside_it_is_taken_itself() -> None:
    picture = prepare(heic() + struct.pack(">I", 16) + b"moov" + bytes(8))
    assert_upright(picture)
    assert picture.notes == (PictureNote.FIRST_OF_ANIMATION,)


def with_size(data: bytes, width: int, height: int) -> bytes:
    """Have the header claim another size."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


@pytest.mark.parametrize(
    ("size", "problem", "facts"),
    [
        ((8_500, 6_001), "too_many_pixels", {"megapixels": 52, "limit": 51}),
        ((30_000, 30_000), "too_many_pixels", {"megapixels": 900, "limit": 51}),
        ((239, 300), "too_small", {"width": 239, "height": 300, "limit": 240}),
        ((9_000, 1_000), "too_elongated", {"width": 9_000, "height": 1_000, "limit": 8}),
    ],
)
def test_size_in_the_header_is_refused_before_a_pixel_is_decoded(
    size: tuple[int, int], problem: str, facts: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(_: object) -> None:
        pytest.fail("its pixels were decoded")

    monkeypatch.setattr(heif, "decoded", decoded)
    with pytest.raises(InvalidImageError) as caught:
        prepare(with_size(heic(), *size))
    assert (caught.value.problem, caught.value.facts) == (problem, facts)


def test_a_header_that_claims_less_than_there_is_gains_nothing() -> None:
    with pytest.raises(InvalidImageError) as caught:
        prepare(with_size(heic(), 300, 300))
    assert caught.value.problem == "decoder_failed"


@pytest.mark.parametrize("step", range(20))
def test_damage_anywhere_is_a_refusal_or_a_picture(step: int) -> None:
    good = heic(scene(320, 240))
    at = len(good) * step // 20
    for damaged in (good[:at], good[:at] + bytes(16) + good[at + 16 :]):
        with contextlib.suppress(InvalidImageError):
            prepare(damaged)

"""What nobody looks at in a PNG never decides about it."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from bot.domain.errors import InvalidImageError
from bot.domain.requests.pictures import PictureNote
from bot.media.images import FittedPicture, prepare_pictures
from bot.media.png_chunks import essential_png
from tests.media.malformed_inputs import H, W, chunk, png, png_with, save, scene, turned

MIB = 1024 * 1024


def prepare(data: bytes) -> FittedPicture:
    (picture,), _ = prepare_pictures([("image", data)])
    return picture


def problem_of(data: bytes) -> str:
    with pytest.raises(InvalidImageError) as caught:
        prepare(data)
    return caught.value.problem


def with_wrong_checksum(whole: bytes) -> bytes:
    return whole[:-1] + bytes((whole[-1] ^ 1,))


def text(kind: bytes, size: int) -> bytes:
    body = {
        b"tEXt": b"workflow\0" + b"x" * size,
        b"zTXt": b"workflow\0\0" + zlib.compress(b"x" * size),
        b"iTXt": b"XML:com.adobe.xmp\0\x01\0\0\0" + zlib.compress(b"x" * size),
        b"iCCP": b"profile\0\0" + zlib.compress(bytes(size)),
        b"eXIf": b"MM\0*\xff\xff\xff\xff",
        b"gAMA": struct.pack(">I", 100_000),
        b"cICP": bytes((9, 16, 0, 1)),
        b"abCd": b"whatever this program puts here",
    }[kind]
    return chunk(kind, body)


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"iCCP"])
def test_no_amount_of_words_is_too_much(kind: bytes) -> None:
    picture = prepare(png_with(text(kind, 3 * MIB)))
    assert (picture.width, picture.height, picture.notes) == (W, H, ())


@pytest.mark.parametrize(
    "kind", [b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"gAMA", b"cICP", b"abCd"]
)
def test_a_wrong_checksum_of_what_can_be_left_out_leaves_it_out(kind: bytes) -> None:
    broken = with_wrong_checksum(text(kind, 100))
    assert prepare(png_with(broken)).jpeg == prepare(png()).jpeg


def test_a_wrong_checksum_of_pixels_is_damage() -> None:
    good = png()
    at = good.index(b"IDAT") + 4 + int.from_bytes(good[good.index(b"IDAT") - 4 :][:4], "big")
    assert problem_of(good[:at] + b"\0\0\0\0" + good[at + 4 :]) == "decoder_failed"


def test_a_cut_chunk_behind_the_pixels_is_no_loss() -> None:
    whole = png().removesuffix(chunk(b"IEND", b""))
    assert prepare(whole).jpeg == prepare(png()).jpeg
    assert prepare(whole + text(b"tEXt", 5000)[:100]).jpeg == prepare(png()).jpeg
    assert problem_of(whole[:-200]) == "truncated"


def test_a_colour_marked_transparent_is_kept_so() -> None:
    data = save(scene(), "PNG", transparency=(255, 0, 0))
    assert prepare(data).notes == (PictureNote.FLATTENED,)


def test_orientation_is_that_of_exif_and_not_of_a_text() -> None:
    assert prepare(turned(6, "PNG")).notes == (PictureNote.ROTATED,)
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0" + b'<x tiff:Orientation="6"/>'
    picture = prepare(png_with(chunk(b"iTXt", xmp)))
    assert (picture.width, picture.height, picture.notes) == (W, H, ())


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "TIFF", "AVIF"])
def test_xmp_turns_no_picture(form: str) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="6"/></x:xmpmeta>'
    options = {"tiffinfo": {700: xmp}} if form == "TIFF" else {"xmp": xmp}
    data = save(scene(), form, **options)
    assert b"Orientation" in data
    picture = prepare(data)
    assert (picture.width, picture.height, picture.notes) == (W, H, ())


def test_what_is_left_holds_pixels_and_exif_alone() -> None:
    extra = [text(kind, 10) for kind in (b"tEXt", b"zTXt", b"iTXt", b"abCd", b"gAMA")]
    left = essential_png(png_with(*extra) + b"<?php evil(); ?>").data
    assert left == png()
    with Image.open(BytesIO(essential_png(turned(6, "PNG")).data)) as image:
        assert image.getexif()[0x0112] == 6

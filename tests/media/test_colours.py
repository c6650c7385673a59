"""Colours that are told in whatever way arrive as a colour-managed viewer shows them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from bot.domain.requests.pictures import PictureNote
from bot.media.colours import OwnSpace, of_chromaticities, of_code_points
from bot.media.images import prepare_pictures
from bot.media.iso_boxes import main_picture
from tests.media.malformed_inputs import chunk, png_of, save, scene, wide_profile
from tests.media.reference_colours import (
    ADOBE,
    BT709,
    BT2020,
    P3,
    Array,
    Corners,
    hlg_values,
    in_space,
    lab,
    pq_values,
    shown,
    srgb_light,
)

ACROSS, DOWN, PATCH = 16, 12, 32
Levels = NDArray[np.uint8]
Writer = Callable[[Levels], bytes]


def patches(*, seed: int = 1) -> Array:
    """Return colours of every kind, as values of 0 to 1: one for each patch of a chart."""
    drawn = np.random.default_rng(seed).random((DOWN, ACROSS, 3))
    drawn[0] = np.linspace(0, 1, ACROSS)[:, None]  # greys
    return drawn


def chart(values: Array) -> Levels:
    """Draw a patch of each colour."""
    levels = (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)
    return levels.repeat(PATCH, axis=0).repeat(PATCH, axis=1)


def arrived(data: bytes) -> Array:
    """Prepare a chart; return its patches as the provider gets them."""
    (picture,), _ = prepare_pictures([("image", data)])
    with Image.open(BytesIO(picture.jpeg)) as image:
        assert image.size == (ACROSS * PATCH, DOWN * PATCH)
        pixels = np.asarray(image.convert("RGB"), dtype=np.float64) / 255
    middles = pixels.reshape(DOWN, PATCH, ACROSS, PATCH, 3)[:, 10:22, :, 10:22]
    found: Array = middles.mean(axis=(1, 3))
    return found


def difference(one: Array, other: Array) -> Array:
    """Return CIE 1976's difference of each patch."""
    found: Array = np.linalg.norm(lab(one) - lab(other), axis=-1)
    return found


# --- files -----------------------------------------------------------------------------------


def png_with(*chunks: bytes) -> Writer:
    def write(levels: Levels) -> bytes:
        height, width, _ = levels.shape
        rows = np.insert(levels.reshape(height, width * 3), 0, 0, axis=1)
        pixels = chunk(b"IDAT", zlib.compress(rows.astype(np.uint8).tobytes(), 1))
        return png_of(width, height, *chunks, pixels)

    return write


def cicp(primaries: int, transfer: int, *, full: int = 1, matrix: int = 0) -> bytes:
    return chunk(b"cICP", bytes((primaries, transfer, matrix, full)))


def gama(number: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", number))


def chrm(corners: Corners) -> bytes:
    red, green, blue, white = corners
    numbers = [round(100_000 * number) for pair in (white, red, green, blue) for number in pair]
    return chunk(b"cHRM", struct.pack(">8I", *numbers))


def iccp(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"p\0\0" + zlib.compress(profile))


def avif(primaries: int, transfer: int, *, profile: bytes = b"") -> Writer:
    def write(levels: Levels) -> bytes:
        image = Image.fromarray(levels)
        data = save(image, "AVIF", quality=95, subsampling="4:4:4", speed=10, icc_profile=profile)
        at = data.index(b"colrnclx") + 8
        return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]

    return write


def heic(primaries: int, transfer: int, *, ten_bits: bool = False) -> Writer:
    def write(levels: Levels) -> bytes:
        height, width, _ = levels.shape
        buffer = BytesIO()
        wide = levels.astype(np.uint16) * 257
        pillow_heif.encode(
            "RGB;16" if ten_bits else "RGB",
            (width, height),
            wide.tobytes() if ten_bits else levels.tobytes(),
            buffer,
            quality=90,
            chroma=444,
            enc_params={"preset": "ultrafast"},
            color_primaries=primaries,
            transfer_characteristics=transfer,
        )
        return buffer.getvalue()

    return write


SDR: Mapping[str, tuple[Writer, Corners, Callable[[Array], Array]]] = {
    "PNG of P3": (png_with(cicp(12, 13)), P3, srgb_light),
    "PNG of BT.2020": (png_with(cicp(9, 13)), BT2020, srgb_light),
    "PNG of linear light": (png_with(cicp(1, 8)), BT709, lambda values: values),
    "PNG of gamma 2.8": (png_with(cicp(5, 5)), ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), P3[3]),
                         lambda values: values**2.8),
    "PNG of gAMA 1.0": (png_with(gama(100_000)), BT709, lambda values: values),
    "PNG of gAMA 1/1.8": (png_with(gama(55_556)), BT709, lambda values: values**1.8),
    "PNG of gAMA 1/2.2": (png_with(gama(45_455)), BT709, lambda values: values**2.2),
    "PNG of cHRM and gAMA": (png_with(gama(45_455), chrm(ADOBE)), ADOBE, lambda v: v**2.2),
    "PNG of cHRM alone": (png_with(chrm(P3)), P3, srgb_light),
    "PNG with a broken cICP, and gAMA": (
        png_with(cicp(12, 99), gama(100_000)), BT709, lambda values: values),
    "PNG with a cICP of YCbCr, and gAMA": (
        png_with(cicp(12, 13, matrix=1), gama(100_000)), BT709, lambda values: values),
    "PNG with sRGB and gAMA": (
        png_with(chunk(b"sRGB", b"\0"), gama(100_000), chrm(P3)), BT709, srgb_light),
    "PNG with cICP and an ICC profile": (
        png_with(cicp(12, 13), iccp(wide_profile())), P3, srgb_light),
    "PNG with an unreadable ICC profile, and gAMA": (
        png_with(chunk(b"iCCP", b"p\0\0nonsense"), gama(100_000)), BT709, lambda values: values),
    "AVIF of P3": (avif(12, 13), P3, srgb_light),
    "AVIF of BT.2020 and gamma 2.2": (avif(9, 4), BT2020, lambda values: values**2.2),
    "AVIF that tells nothing": (avif(2, 2), BT709, srgb_light),
    "AVIF of BT.709": (avif(1, 1), BT709, srgb_light),
    "HEIC of P3": (heic(12, 13), P3, srgb_light),
    "HEIC of P3 in 10 bits": (heic(12, 13, ten_bits=True), P3, srgb_light),
}  # fmt: skip
"""How a file tells its colours, and what it then means."""


@pytest.mark.parametrize("name", SDR)
def test_told_colours_are_those_of_a_colour_managed_viewer(name: str) -> None:
    write, corners, light = SDR[name]
    # Colours of sRGB, and in every other column some that it has not.
    values = in_space(srgb_light(patches()), corners, lambda linear: linear)
    values[:, ::2] = light(patches(seed=2)[:, ::2])
    stored = np.clip(_undo(light, values), 0, 1)
    levels = chart(stored)
    wanted = shown(levels[::PATCH, ::PATCH] / 255, corners, light)
    found = difference(arrived(write(levels)), wanted)
    assert found.mean() <= 2.5
    if wanted.std() > 0.1 and corners != BT709:
        ignored = difference(levels[::PATCH, ::PATCH] / 255, wanted)
        assert found.mean() < ignored.mean() / 2, "it would be no worse to ignore them"


def _undo(light: Callable[[Array], Array], linear: Array) -> Array:
    """Return the values of 4096 that come nearest to some light."""
    steps = np.linspace(0, 1, 4096)
    return np.interp(linear, light(steps), steps)


def test_an_icc_profile_goes_before_the_numbers_of_avif() -> None:
    swapped = wide_profile()
    (picture,), _ = prepare_pictures([("image", avif(9, 16, profile=swapped)(np.asarray(scene())))])
    with Image.open(BytesIO(picture.jpeg)) as image:
        red, green, _ = image.convert("RGB").getpixel((100, 100))  # type: ignore[misc] # RGB
    assert (green > 200, red < 50) == (True, True)


def test_a_profile_of_more_than_a_mebibyte_is_obeyed() -> None:
    large = wide_profile()
    large = struct.pack(">I", len(large) + 1_500_000) + large[4:] + bytes(1_500_000)
    assert ImageCms.ImageCmsProfile(BytesIO(large)) is not None
    (picture,), _ = prepare_pictures([("image", png_with(iccp(large))(np.asarray(scene())))])
    with Image.open(BytesIO(picture.jpeg)) as image:
        red, green, _ = image.convert("RGB").getpixel((100, 100))  # type: ignore[misc] # RGB
    assert (green > 200, red < 50) == (True, True)


def test_television_range_is_stretched() -> None:
    levels = chart(patches())
    narrow = (levels / 255 * 219 + 16.5).astype(np.uint8)
    found = arrived(png_with(cicp(1, 13, full=0))(narrow))
    assert difference(found, levels[::PATCH, ::PATCH] / 255).mean() <= 2.5


# --- HDR -------------------------------------------------------------------------------------

HDR: Mapping[str, tuple[Writer, Callable[[Array], Array]]] = {
    "PNG in PQ": (png_with(cicp(9, 16)), pq_values),
    "PNG in HLG": (png_with(cicp(9, 18)), hlg_values),
    "AVIF in PQ": (avif(9, 16), pq_values),
    "AVIF in HLG": (avif(9, 18), hlg_values),
    "HEIC in PQ": (heic(9, 16, ten_bits=True), pq_values),
    "HEIC in HLG": (heic(9, 18, ten_bits=True), hlg_values),
}


def hues(values: Array) -> Array:
    """Return the angle of each hue, in degrees."""
    found = lab(values)
    return np.degrees(np.arctan2(found[..., 2], found[..., 1]))


@pytest.mark.parametrize("name", HDR)
def test_hdr_without_highlights_looks_like_the_same_picture_in_sdr(name: str) -> None:
    write, values = HDR[name]
    wanted = patches()
    found = arrived(write(chart(in_space(srgb_light(wanted), BT2020, values))))
    assert difference(found, wanted).mean() <= 4


@pytest.mark.parametrize("name", HDR)
def test_highlights_leave_mid_tones_and_hues_alone(name: str) -> None:
    write, values = HDR[name]
    wanted = patches()
    light = srgb_light(wanted)
    light[-1] = np.linspace(1, 4.9, ACROSS)[:, None]  # up to 1000 cd/m²
    light[-2] *= 3
    found = arrived(write(chart(in_space(light, BT2020, values))))

    lightness = lab(wanted)[..., 0]
    is_mid = (lightness > 15) & (lightness < 65) & (wanted.max(axis=-1) < 0.75)
    is_mid[-2:] = False
    assert is_mid.sum() > 40
    # AVIF has 8 bits here, of which YCbCr in PQ loses more than is lost by any mapping.
    share = 0.9 if name.startswith("AVIF") else 1.0
    assert np.quantile(difference(found, wanted)[is_mid], share) <= 8

    vivid = (np.linalg.norm(lab(wanted)[..., 1:], axis=-1) > 30) & is_mid
    turned = (hues(found) - hues(wanted) + 180) % 360 - 180
    assert np.abs(turned[vivid]).max() <= 8
    bright = (found[-2].max(axis=-1) > 0.5) & (np.linalg.norm(lab(wanted)[-2, :, 1:], axis=-1) > 30)
    assert np.abs(turned[-2][bright]).max() <= 15, "brightness is taken from all three alike"

    steps = lab(found)[-1, :, 0]
    assert steps[-1] > 97, "the brightest becomes white"
    assert (np.diff(steps) > -0.7).all()
    assert steps[-1] - steps[0] > 8, "and what is below it can still be told from it"


@pytest.mark.parametrize(
    ("write", "notes"),
    [
        (png_with(cicp(9, 16)), (PictureNote.FROM_HDR,)),
        (avif(9, 18), (PictureNote.FROM_HDR,)),
        (png_with(cicp(9, 13)), ()),
    ],
)
def test_it_is_said_of_hdr_alone(write: Writer, notes: tuple[PictureNote, ...]) -> None:
    (picture,), _ = prepare_pictures([("image", write(np.asarray(scene())))])
    assert picture.notes == notes


def test_colours_beyond_srgb_become_paler_not_others() -> None:
    # The primaries of BT.2020, at the brightness of paper.
    light = np.zeros((DOWN, ACROSS, 3))
    light[..., 1] = 1.0
    light[: DOWN // 2, :, 0] = 0.3
    found = arrived(png_with(cicp(9, 16))(chart(pq_values(light))))
    clipped = shown(light, BT2020, lambda linear: linear)
    greens = found[DOWN // 2 :].reshape(-1, 3)
    assert (greens[:, 1] > 0.9).all()
    assert (lab(found)[..., 0].mean()) == pytest.approx(lab(clipped)[..., 0].mean(), abs=8)


# --- what is told ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("primaries", "transfer"), [(1, 13), (2, 2), (1, 1), (1, 6), (2, 13), (200, 13), (1, 0)]
)
def test_srgb_and_what_nobody_knows_is_left_as_it_is(primaries: int, transfer: int) -> None:
    assert of_code_points(primaries, transfer) is None


@pytest.mark.parametrize(
    "corners",
    [
        pytest.param((0.0,) * 8, id="zeros"),
        pytest.param((0.3,) * 8, id="one point"),
        pytest.param((0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.9, 0.9), id="white outside"),
        pytest.param((0.15, 0.06, 0.3, 0.6, 0.64, 0.33, 0.3127, 0.329), id="the wrong way round"),
        pytest.param((42949.0,) * 8, id="as large as can be"),
    ],
)
def test_chromaticities_that_cannot_be_are_ignored(
    corners: tuple[float, float, float, float, float, float, float, float],
) -> None:
    assert of_chromaticities(corners, None) is None


@pytest.mark.parametrize("exponent", [0.0001, 100_000.0])
def test_a_gamma_that_cannot_be_is_ignored(exponent: float) -> None:
    assert of_chromaticities(None, exponent) is None


def test_another_white_is_adapted_to() -> None:
    d50 = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3457, 0.3585)
    assert isinstance(of_chromaticities(d50, None), OwnSpace)
    whites: Corners = ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06), (0.3457, 0.3585))
    greys = np.broadcast_to(np.linspace(0, 1, ACROSS)[None, :, None], (DOWN, ACROSS, 3))
    found = arrived(png_with(gama(45_455), chrm(whites))(chart(greys)))
    assert np.ptp(found, axis=-1).max() < 0.02, "grey stays grey"


def test_boxes_that_are_damaged_tell_nothing() -> None:
    good = heic(12, 13)(np.asarray(scene()))
    assert main_picture(good).colours is not None
    for length in range(0, 600, 7):
        main_picture(good[:length])  # whatever comes out, nothing is raised
    at = good.index(b"ipma")
    assert main_picture(good[: at + 4] + b"\xff" * 40).colours is None

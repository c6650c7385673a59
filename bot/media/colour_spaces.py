"""Pictures whose colours are told by numbers, brought to sRGB; HDR is brought down to it.

Loads numpy, so only those import it who have such a picture. All works on strips of rows: what is
held beside the picture stays below 30 MiB.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.media.colours import SRGB_CORNERS, Corners, Curve, OwnSpace

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]

_STRIP_PIXELS = 256 * 1024
_PAPER_CANDELA = 203.0
"""White paper in HDR, per square metre: ITU-R BT.2408, table 1. It becomes the white of sRGB."""
_PQ_CANDELA = 10_000.0
_HLG_CANDELA = 1000.0
_HLG_GAMMA = 1.2
"""What a screen of that brightness adds: ITU-R BT.2100, table 5, note 5f."""
_SRGB_FOOT = 0.0031308
"""The light up to which values of sRGB are in proportion to it: IEC 61966-2-1."""
_HLG_FOOT = 0.5
"""The value up to which HLG is a root."""
_KNEE = 0.12
"""Up to here, in light, a picture that goes beyond paper stays what it is; a grey card, which has
0.18, hardly changes, and mid-tones come out between what they are and what browsers show."""
_PEAK_SHARE = 0.001
"""The brightest pixels of an HDR picture that do not count: stars and glints."""
_SAMPLE_PIXELS = 256
"""A side of what is looked at to find them."""
_CODES = 1 << 14
"""How finely light is told apart on its way back to 256 levels: a fifth of a level at black."""

_BRADFORD: Matrix = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
"""How eyes get used to another white: http://www.brucelindbloom.com/Eqn_ChromAdapt.html."""


def converted(image: Image.Image, space: OwnSpace) -> Image.Image:
    """Return a picture of mode RGB in sRGB.

    What is HDR is mapped to it: white paper stays white where nothing is brighter, mid-tones stay
    as they are, what is brighter shares the rest. Hues are kept, by scaling all three colours
    alike and, where sRGB has no such colour, by making it paler. Other pictures are clipped at
    the edge of sRGB, as viewers do.
    """
    light_of = _light_of(space)
    matrix = (np.linalg.inv(_to_xyz(SRGB_CORNERS)) @ _to_xyz(space.corners)).astype(np.float32)
    luminance = _to_xyz(SRGB_CORNERS)[1].astype(np.float32)
    peak = _peak(image, space, light_of) if space.is_hdr else 1.0
    codes = _srgb_codes()
    made = Image.new("RGB", image.size)
    rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        light = _light(np.asarray(image.crop(box)), space, light_of)
        if space.is_hdr:
            light = _within_srgb(_brought_down(light, peak) @ matrix.T, luminance)
        else:
            light = light @ matrix.T
        np.clip(light, 0.0, 1.0, out=light)
        made.paste(Image.fromarray(codes[(light * (_CODES - 1) + 0.5).astype(np.uint16)]), box)
    return made


def _light_of(space: OwnSpace) -> Floats:
    """Return the light of each of 256 levels; 1 is white, of HDR white paper."""
    levels = np.arange(256, dtype=np.float64)
    values = np.clip((levels - 16) / 219, 0, 1) if space.is_narrow else levels / 255
    match space.curve:
        case Curve.SRGB:
            light = np.where(
                values <= _SRGB_FOOT * 12.92, values / 12.92, ((values + 0.055) / 1.055) ** 2.4
            )
        case Curve.PQ:
            light = _pq(values) * (_PQ_CANDELA / _PAPER_CANDELA)
        case Curve.HLG:
            light = _hlg(values)
        case exponent:
            light = values**exponent
    return light.astype(np.float32)


def _pq(values: Matrix) -> Matrix:
    """Return the light of PQ's values, 1 being 10,000 cd/m²: ITU-R BT.2100, table 4."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    power = values ** (1 / m2)
    light: Matrix = (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    return light


def _hlg(values: Matrix) -> Matrix:
    """Return the light before the camera of HLG's values, at most 1: ITU-R BT.2100, table 5."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    light: Matrix = np.where(
        values <= _HLG_FOOT, values**2 / 3, (np.exp((values - c) / a) + b) / 12
    )
    return light


def _hlg_screen(luminance: Floats) -> Floats:
    """Return what a screen multiplies HLG's light with, so that 1 is white paper."""
    power = np.maximum(luminance, np.float32(1e-6)) ** np.float32(_HLG_GAMMA - 1)
    factor: Floats = power * np.float32(_HLG_CANDELA / _PAPER_CANDELA)
    return factor


def _light(pixels: NDArray[np.uint8], space: OwnSpace, light_of: Floats) -> Floats:
    """Return the light of pixels; 1 is white, of HDR white paper."""
    light: Floats = light_of[pixels]
    if space.curve is Curve.HLG:
        luminance = light @ _to_xyz(space.corners)[1].astype(np.float32)
        light *= _hlg_screen(luminance)[..., np.newaxis]
    return light


def _peak(image: Image.Image, space: OwnSpace, light_of: Floats) -> float:
    """Return how bright a picture is where it is brightest, in white paper; at least 1."""
    size = (min(image.width, _SAMPLE_PIXELS), min(image.height, _SAMPLE_PIXELS))
    sample = np.asarray(image.resize(size, Image.Resampling.NEAREST))
    brightest = _light(sample, space, light_of).max(axis=-1)
    return max(1.0, float(np.quantile(brightest, 1 - _PEAK_SHARE)))


def _brought_down(light: Floats, peak: float) -> Floats:
    """Scale colours so that the brightest becomes 1, and mid-tones stay as they are.

    Above a knee, Reinhard's extended curve: http://www.cmap.polytechnique.fr/~peyre/cours/x2005signal/hdr_photographic.pdf,
    formula 4, applied to the largest of the three colours, which keeps their ratio and the hue.
    """
    if peak <= 1:
        return light
    largest = light.max(axis=-1, keepdims=True)
    span = np.float32(1 - _KNEE)
    over = np.maximum(largest - np.float32(_KNEE), 0) / span
    most = np.float32((peak - _KNEE) / (1 - _KNEE))
    mapped = np.float32(_KNEE) + span * over * (1 + over / most**2) / (1 + over)
    factor = np.where(largest > _KNEE, np.minimum(mapped, 1) / np.maximum(largest, 1e-6), 1)
    scaled: Floats = light * factor.astype(np.float32)
    return scaled


def _within_srgb(light: Floats, weights: Floats) -> Floats:
    """Make colours that sRGB does not have paler, until it has them; brightness and hue stay."""
    grey = np.clip(light @ weights, 0, 1)[..., np.newaxis]
    low = light.min(axis=-1, keepdims=True)
    high = light.max(axis=-1, keepdims=True)
    tiny = np.float32(1e-6)
    kept = np.where(low < 0, grey / np.maximum(grey - low, tiny), np.float32(1))
    kept = np.minimum(kept, np.where(high > 1, (1 - grey) / np.maximum(high - grey, tiny), 1))
    paler: Floats = grey + (light - grey) * kept.astype(np.float32)
    return paler


def _srgb_codes() -> NDArray[np.uint8]:
    """Return the level of sRGB for each of ``_CODES`` steps of light: IEC 61966-2-1."""
    light = np.linspace(0, 1, _CODES)
    values = np.where(light <= _SRGB_FOOT, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (values * 255 + 0.5).astype(np.uint8)


def _to_xyz(corners: Corners) -> Matrix:
    """Return the matrix from light of these primaries to XYZ, seen under the white of sRGB."""
    red, green, blue, white = (_xyz(*corners[at : at + 2]) for at in range(0, 8, 2))
    primaries = np.column_stack((red, green, blue))
    matrix: Matrix = primaries * np.linalg.solve(primaries, white)
    eyes = (_BRADFORD @ _xyz(*SRGB_CORNERS[6:])) / (_BRADFORD @ white)
    adapted: Matrix = np.linalg.inv(_BRADFORD) @ np.diag(eyes) @ _BRADFORD @ matrix
    return adapted


def _xyz(x: float, y: float) -> Matrix:
    return np.array([x / y, 1.0, (1 - x - y) / y])

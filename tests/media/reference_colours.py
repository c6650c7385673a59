"""Colours by the letter of the standards, to judge others by; plain numpy, nothing of the product.

Light is relative: 1 is the white of sRGB, and of HDR white paper of 203 cd/m² (ITU-R BT.2408).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""Red, green, blue and white: x and y."""

D65 = (0.3127, 0.3290)
BT709: Corners = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65)
P3: Corners = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65)
BT2020: Corners = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65)
ADOBE: Corners = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65)


def to_xyz(corners: Corners) -> Array:
    """Return the matrix from linear RGB to XYZ: SMPTE RP 177."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in corners]).T
    scale = np.linalg.inv(columns[:, :3]) @ columns[:, 3]
    matrix: Array = columns[:, :3] * scale
    return matrix


def srgb_light(values: Array) -> Array:
    """IEC 61966-2-1, from values to light."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def srgb_values(light: Array) -> Array:
    """IEC 61966-2-1, from light to values."""
    clipped = np.clip(light, 0, 1)
    return np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)


def power_values(exponent: float) -> Callable[[Array], Array]:
    """Return what undoes a mere power."""

    def values(light: Array) -> Array:
        found: Array = np.clip(light, 0, 1) ** (1 / exponent)
        return found

    return values


def pq_values(light: Array) -> Array:
    """SMPTE ST 2084, from light to values."""
    power = (np.clip(light, 0, None) * 203 / 10_000) ** 0.1593017578125
    values: Array = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    return values


def hlg_values(light: Array) -> Array:
    """ITU-R BT.2100 HLG from the light of a screen of 1000 cd/m², of BT.2020, to values."""
    screen = np.clip(light, 0, None) * 203 / 1000
    luminance = screen @ np.array([0.2627, 0.6780, 0.0593])
    scene = screen * np.maximum(luminance, 1e-9)[..., None] ** (1 / 1.2 - 1)
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    values: Array = np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)
    return values


def lab(values: Array) -> Array:
    """Return CIE L*a*b* under D65 of sRGB values."""
    xyz = srgb_light(values) @ to_xyz(BT709).T / to_xyz(BT709).sum(axis=1)
    root: Array = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def in_space(light: Array, corners: Corners, values: Callable[[Array], Array]) -> Array:
    """Return light of sRGB's primaries as values of another space."""
    matrix: Array = np.linalg.inv(to_xyz(corners)) @ to_xyz(BT709)
    return values(light @ matrix.T)


def shown(values: Array, corners: Corners, light: Callable[[Array], Array]) -> Array:
    """Return values of another space as sRGB, clipped as viewers do."""
    matrix = np.linalg.inv(to_xyz(BT709)) @ to_xyz(corners)
    return srgb_values(light(values) @ matrix.T)

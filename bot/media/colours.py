"""What colours a picture's numbers mean; ``srgb`` goes the way from there to sRGB.

A file tells it by an ICC profile, by the code points of ITU-T H.273 (cICP in PNG, nclx in HEIF
and AVIF), or by PNG's older gAMA and cHRM. Browsers heed all of these; whoever does not shows
pictures of newer phones and screens dull and grey.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

Corners = tuple[float, float, float, float, float, float, float, float]
"""CIE x and y of red, green, blue and white."""


class Curve(StrEnum):
    """How numbers become light, where that is no mere power."""

    SRGB = "srgb"
    PQ = "pq"
    """SMPTE ST 2084: up to 10,000 candela per square metre."""
    HLG = "hlg"
    """ARIB STD-B67, seen on a screen of 1,000 candela per square metre."""


@dataclass(frozen=True, slots=True)
class IccProfile:
    """Colours told by an ICC profile."""

    data: bytes

    @classmethod
    def found(cls, profile: object) -> Self | None:
        """Return what Pillow found in a file, if it found any."""
        return cls(profile) if isinstance(profile, bytes) and profile else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSpace:
    """Colours told by numbers."""

    corners: Corners
    curve: Curve | float
    """A number is the exponent that turns values into light."""
    is_narrow: bool = False
    """Whether black is 16 and white 235, as in television."""

    @property
    def is_hdr(self) -> bool:
        """Whether it goes beyond the white of paper."""
        return self.curve in {Curve.PQ, Curve.HLG}


OwnColours = IccProfile | OwnSpace | None
"""None: sRGB, or nothing told, which is the same to every viewer."""

_D65 = (0.3127, 0.3290)
SRGB_CORNERS: Corners = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
_SMPTE_C: Corners = (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65)
_CORNERS: dict[int, Corners] = {
    1: SRGB_CORNERS,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: _SMPTE_C,
    7: _SMPTE_C,
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, 0.310, 0.316),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
"""ITU-T H.273 (07/2024), table 2: https://www.itu.int/rec/T-REC-H.273."""
_UNSPECIFIED = 2
_CURVES: dict[int, Curve | float] = {
    # The television curves say what a camera did. Browsers show stills of theirs as sRGB, which
    # is what those who write these numbers into stills have, too.
    **dict.fromkeys((1, 6, 7, 11, 12, 14, 15), Curve.SRGB),
    4: 2.2,
    5: 2.8,
    8: 1.0,
    13: Curve.SRGB,
    16: Curve.PQ,
    17: 2.6,
    18: Curve.HLG,
}
"""The same, table 3."""
_SAME = 0.002
"""Chromaticities this near are the same: files round them, some to three digits."""
_SAME_EXPONENT = 0.005
_EXPONENTS = (0.2, 10.0)
"""What lies outside was not meant."""


def of_code_points(primaries: int, transfer: int, *, is_narrow: bool = False) -> OwnSpace | None:
    """Return what two code points of ITU-T H.273 mean; None where that is sRGB, or not known."""
    corners = SRGB_CORNERS if primaries == _UNSPECIFIED else _CORNERS.get(primaries)
    curve = Curve.SRGB if transfer == _UNSPECIFIED else _CURVES.get(transfer)
    if corners is None or curve is None:
        return None
    if corners == SRGB_CORNERS and curve is Curve.SRGB and not is_narrow:
        return None
    return OwnSpace(corners=corners, curve=curve, is_narrow=is_narrow)


def of_chromaticities(corners: Corners | None, exponent: float | None) -> OwnSpace | None:
    """Return what PNG's older chunks mean; None where that is sRGB, or nothing that can be.

    Args:
        corners: as in cHRM; None: those of sRGB.
        exponent: turns values into light; None: that of sRGB.
    """
    if corners is None or _are_near(corners, SRGB_CORNERS):
        corners = SRGB_CORNERS
    elif not _is_triangle(corners):
        return None
    if exponent is not None and not _EXPONENTS[0] <= exponent <= _EXPONENTS[1]:
        return None
    if exponent is None or (corners == SRGB_CORNERS and abs(exponent - 2.2) < _SAME_EXPONENT):
        # Programs older than the chunk for sRGB say it so.
        curve: Curve | float = Curve.SRGB
    else:
        curve = exponent
    if corners == SRGB_CORNERS and curve is Curve.SRGB:
        return None
    return OwnSpace(corners=corners, curve=curve)


def _are_near(one: Corners, other: Corners) -> bool:
    return all(abs(a - b) <= _SAME for a, b in zip(one, other, strict=True))


def _is_triangle(corners: Corners) -> bool:
    """Tell whether the corners span an area with the white within: others cannot be solved."""
    red, green, blue, white = (corners[at : at + 2] for at in range(0, 8, 2))
    if not all(0 <= x <= 1 and 0 < y <= 1 for x, y in (red, green, blue, white)):
        return False
    sides = ((red, green), (green, blue), (blue, red))
    return all(
        (b[0] - a[0]) * (white[1] - a[1]) - (b[1] - a[1]) * (white[0] - a[0]) > _SAME**2
        for a, b in sides
    )


def white_of(colours: OwnColours) -> int:
    """Return what white paper is as a number, 0 to 255; in HDR by ITU-R BT.2408, table 1."""
    if not isinstance(colours, OwnSpace):
        return 255
    match colours.curve:
        case Curve.PQ:
            level = 0.58
        case Curve.HLG:
            level = 0.75
        case _:
            level = 1.0
    return round(16 + 219 * level if colours.is_narrow else 255 * level)

"""What bytes are, from the bytes alone: names and declared types are never asked.

``images`` owns the decision what to do with them. Only the first kilobytes are looked at, so this
is cheap for hostile input of any size. Signatures are those of the WHATWG "MIME Sniffing" standard
(https://mimesniff.spec.whatwg.org/) and of each format's own specification.
"""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO

from bot.domain.errors import MediaUnreadableError

_TEXT_BYTES = 4096
"""How far into a text the opening tag of HTML or SVG is looked for."""

_TAIL_BYTES = 64
"""Where the end marker of a whole file is; some cameras write a little behind it."""

_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)
"""Signature and the name of the Pillow plugin that is trusted with it."""

_OTHER_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "Photoshop"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"\x00\x00\x02\x00", "CUR"),
    (b"qoif", "QOI"),
    (b"DDS ", "DDS"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"gimp xcf", "GIMP"),
    (b"icns", "ICNS"),
    (b"%!PS", "PostScript"),
)
"""Pictures that are recognised and not taken: few people have them, many decoders fell to them."""

_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "archive"),
    (b"PK\x05\x06", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!\x1a\x07", "archive"),
    (b"\xfd7zXZ\x00", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"),
    (b"BZh", "archive"),
    (b"\x1a\x45\xdf\xa3", "video"),
    (b"\x00\x00\x01\xba", "video"),
    (b"\x00\x00\x01\xb3", "video"),
    (b"FLV\x01", "video"),
    (b"OggS", "audio"),
    (b"ID3", "audio"),
    (b"fLaC", "audio"),
)

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
"""Brands of ISO/IEC 23008-12; https://github.com/nokiatech/heif/wiki/Technical-Information."""


def recognise(data: bytes) -> str:
    """Return the name of the decoder for these bytes: ``HEIF``, or that of a Pillow plugin.

    Raises:
        MediaUnreadableError: the bytes are no picture that is taken; ``problem`` names what they
            are.
    """
    if not data:
        raise MediaUnreadableError("empty")
    if data[4:8] == b"ftyp":
        return _of_iso_brands(data)
    if data[:4] == b"RIFF":
        return _of_riff(data)
    plugin = _by_signature(data, _PICTURES)
    if plugin is not None:
        return plugin
    name = _by_signature(data, _OTHER_PICTURES)
    if name is not None:
        raise MediaUnreadableError("unsupported_format", format=name)
    raise MediaUnreadableError(_by_signature(data, _OTHERS) or _text_problem(data))


def looks_cut(plugin: str, data: bytes) -> bool:
    """Tell whether a file that would not decode lacks its end.

    Decoders complain alike about a damaged and about a cut file; the person who sent it can mend
    only the second, by sending it again.
    """
    match plugin:
        case "JPEG":
            cut = b"\xff\xd9" not in data[-_TAIL_BYTES:]
        case "PNG":
            cut = b"IEND" not in data[-_TAIL_BYTES:]
        case "GIF":
            cut = b"\x3b" not in data[-4:]
        case "WEBP":
            cut = len(data) < 8 + int.from_bytes(data[4:8], "little")
        case "BMP":
            cut = len(data) < int.from_bytes(data[2:6], "little")
        case "AVIF" | "HEIF":
            cut = _last_box_is_cut(data)
        case _:
            cut = False
    return cut


def _by_signature(data: bytes, table: tuple[tuple[bytes, str], ...]) -> str | None:
    return next((name for signature, name in table if data.startswith(signature)), None)


def _text_problem(data: bytes) -> str:
    if data.startswith(b"\x1f\x8b"):
        return "svg" if _text_kind(_gunzipped_start(data)) == "svg" else "archive"
    return _text_kind(data[:_TEXT_BYTES]) or "not_an_image"


def _of_iso_brands(data: bytes) -> str:
    """Tell AVIF from HEIF from video: all are ISO base media files."""
    size = min(int.from_bytes(data[:4], "big"), 256)
    major = data[8:12]
    brands = {major, *(data[at : at + 4] for at in range(16, size, 4))}
    if major in _AVIF_BRANDS or (major in _HEIF_BRANDS and brands & _AVIF_BRANDS):
        return "AVIF"
    if brands & _HEIF_BRANDS:
        return "HEIF"
    raise MediaUnreadableError("audio" if major == b"M4A " else "video")


def _of_riff(data: bytes) -> str:
    if data[8:12] == b"WEBP":
        return "WEBP"
    kinds = {b"AVI ": "video", b"WAVE": "audio"}
    raise MediaUnreadableError(kinds.get(data[8:12], "not_an_image"))


def _gunzipped_start(data: bytes) -> bytes:
    """Unpack the first kilobytes of a gzip stream; a bomb behind them is never unpacked."""
    try:
        with gzip.GzipFile(fileobj=BytesIO(data[: 4 * _TEXT_BYTES])) as stream:
            return stream.read1(_TEXT_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""


def _text_kind(start: bytes) -> str | None:
    """Return ``svg`` or ``html`` where the bytes are such a text."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if start.startswith(mark):
            start = start[2:].decode(encoding, errors="replace").encode()
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not text.startswith(b"<"):
        return None
    positions = {
        kind: text.find(tag)
        for tag, kind in ((b"<svg", "svg"), (b"<html", "html"), (b"<!doctype html", "html"))
        if tag in text
    }
    if positions:
        return min(positions, key=positions.__getitem__)
    page_parts = (b"<head", b"<body", b"<script", b"<title", b"<!--")
    return "html" if text.startswith(page_parts) else None


def _last_box_is_cut(data: bytes) -> bool:
    """Tell whether the top-level boxes of an ISO file reach past its end."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:  # noqa: PLR2004 - 0 means "to the end", 1 a 64-bit size: neither is cut here
            return False
        at += size
    return at != len(data)

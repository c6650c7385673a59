"""Which kind of file a sound is, from its bytes alone: names and declared types are never asked."""

from __future__ import annotations

from bot.domain.requests.sounds import SoundFormat

START_BYTES = 4096
"""What is looked at, behind a tag that may come first."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"fLaC", "FLAC"),
    (b"RF64", "RF64"),
    (b"BW64", "BW64"),
    (b"RIFX", "RIFX"),
    (b"riff\x2e\x91\xcf\x11", "Wave64"),
    (b"caff", "CAF"),
    (b"#!AMR", "AMR"),
    (b".snd", "AU"),
    (b"MThd", "MIDI"),
    (b"wvpk", "WavPack"),
    (b"MAC ", "Monkey's Audio"),
    (b"TTA1", "TTA"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA"),
    (b"\x1a\x45\xdf\xa3", "WebM"),
    (b"FLV\x01", "FLV"),
)
_M4A_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P "})
_OGG_CODECS = ((b"OpusHead", "Opus"), (b"\x01vorbis", "Ogg Vorbis"), (b"\x7fFLAC", "FLAC"))
_TAG_HEADER_BYTES = 10
_FOOTER_FLAG = 0x10
_ADTS = (0xF6, 0xF0)
_MPEG_LAYER_3 = (0xE6, 0xE2)
"""Second byte of a frame's header, its mask and what it is behind a first one of 0xFF: the end of
the sync word, and the layer. ISO/IEC 13818-7, 6.2, and 11172-3, 2.4.2.3."""


def tag_bytes(start: bytes) -> int:
    """Return how many bytes an ID3v2 tag takes at the start; 0 where there is none.

    https://id3.org/id3v2.4.0-structure, 3.1: the size has seven bits a byte.
    """
    if len(start) < _TAG_HEADER_BYTES or not start.startswith(b"ID3"):
        return 0
    size = 0
    for byte in start[6:_TAG_HEADER_BYTES]:
        size = size << 7 | byte & 0x7F
    footer = _TAG_HEADER_BYTES if start[5] & _FOOTER_FLAG else 0
    return _TAG_HEADER_BYTES + size + footer


def kind_of(start: bytes) -> SoundFormat | str | None:
    """Return what bytes behind a tag begin like: a format that is taken, or another one's name.

    Returns:
        None where nothing is known of them; they may still be an MP3, which has no signature.
    """
    if start[:4] == b"RIFF":
        kind = start[8:12]
        return SoundFormat.WAV if kind == b"WAVE" else "AVI" if kind == b"AVI " else None
    if start[4:8] == b"ftyp":
        return _of_brand(start[8:12])
    if start[:4] == b"FORM" and start[8:12] in {b"AIFF", b"AIFC"}:
        return "AIFF"
    if start[:4] == b"OggS":
        return next((name for mark, name in _OGG_CODECS if mark in start[:128]), "Ogg")
    for signature, name in _SIGNATURES:
        if start.startswith(signature):
            return name
    return _of_frame(start)


def _of_brand(brand: bytes) -> str:
    if brand in _M4A_BRANDS:
        return "M4A"
    if brand.startswith(b"3g"):
        return "3GP"
    return "QuickTime" if brand == b"qt  " else "MP4"


def _of_frame(start: bytes) -> SoundFormat | str | None:
    """Tell by the first frame of a stream without a container."""
    if len(start) < 2 or start[0] != 0xFF:  # noqa: PLR2004  # both are what a sync word takes
        return None
    for (mask, bits), kind in ((_ADTS, "AAC"), (_MPEG_LAYER_3, SoundFormat.MP3)):
        if start[1] & mask == bits:
            return kind
    return None

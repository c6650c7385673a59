"""Says in an MP4 that it was made by AI, and leaves all else of the file as it is.

FFmpeg's muxer writes the key ``AIGC`` only with ``use_metadata_tags``, which moves every other key
to a place where tag readers do not look for it. So the boxes are written here: ``comment`` as
``©cmt``, which every reader knows, and ``AIGC`` beside it as an item with a name of its own. The
samples stay byte for byte, which is checked; what tells where they are is moved with them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer

from bot.domain.errors import MediaUnreadableError
from bot.domain.jobs.ai_label import AiLabel
from bot.media.boxes import HEADER_BYTES, Box, inside, layout_of
from bot.media.video import describe, open_video

_TABLES = {b"stco": 4, b"co64": 8}
"""Boxes of offsets into the file, with the bytes of each."""
_WITH_TABLES = (b"trak", b"mdia", b"minf", b"stbl")
_UNKNOWN_PLACES = (b"cmov", b"saio", b"iloc")
"""Boxes of an index that is compressed, or that knows of places in the file in other ways."""
_OF_FRAGMENTS = (b"moof", b"mfra", b"sidx")
_HAS_BASE = 1
"""Flag of a fragment whose samples count from a place in the file, and not from itself."""
_MOST_INDEX_BYTES = 64 * 1024 * 1024

_WORD = "aigc"
"""What the key of a label is or has in it, in whatever letters, or what is in its text."""
_COPY_BYTES = 1024 * 1024

_COMMENT = b"\xa9cmt"
_UTF_8 = 1
_NAMED_BY = b"com.apple.iTunes"
"""Whose names these are: the one namespace that readers look into."""
_KEYS = {"aigc": b"AIGC", "comment": b"comment"}


def label_of(container: InputContainer) -> AiLabel | None:
    """Return the label that a file has in its metadata; None where it has none."""
    named = {name.casefold(): text for name, text in container.metadata.items()}
    aigc = next((text for name, text in named.items() if _WORD in name), None)
    comment = named.get("comment")
    is_label = aigc is not None or _WORD in (comment or "").casefold()
    return AiLabel(aigc=aigc, comment=comment) if is_label else None


def label_for(source: Path, label: AiLabel) -> AiLabel:
    """Return the label of a video that is made of another one: the other's own, or this one.

    Raises:
        MediaUnreadableError: the source cannot be opened.
    """
    try:
        with open_video(source) as container:
            own, comment = label_of(container), container.metadata.get("comment")
    except av.FFmpegError as error:
        raise MediaUnreadableError("decoder_failed", detail=describe(error)) from error
    return own or AiLabel(aigc=label.aigc, comment=comment or label.comment)


def write_label(source: Path, target: Path, label: AiLabel) -> None:
    """Write a file that differs from another in its label alone.

    What the file says already under the label's keys stays.

    Raises:
        MediaUnreadableError: ``odd_layout``, where it is not certain that nothing breaks.
    """
    try:
        _write(source, target, label)
        _check(source, target, label)
    except (ValueError, IndexError, OverflowError, av.FFmpegError) as error:
        raise MediaUnreadableError("odd_layout", detail=str(error)) from error


def _write(source: Path, target: Path, label: AiLabel) -> None:
    boxes = layout_of(source).boxes
    if any(box.kind == b"meta" for box in boxes):
        raise ValueError("items beside the index, which know of places in the file")
    (index,) = (box for box in boxes if box.kind == b"moov")
    if index.content - index.start != HEADER_BYTES or index.end - index.start > _MOST_INDEX_BYTES:
        raise ValueError("an index of its own kind")
    fragments = [box for box in boxes if box.kind in _OF_FRAGMENTS]
    if any(box.start < index.start for box in fragments):
        raise ValueError("fragments before the index")
    with source.open("rb") as read, target.open("wb") as write:
        read.seek(index.start)
        moov = read.read(index.end - index.start)
        labelled = _labelled(moov, label)
        shift = _Shift(behind=index.end, by=len(labelled) - len(moov))
        read.seek(0)
        _copy(read, write, index.start)
        write.write(shift.moved(labelled, _places_in_tables(labelled, HEADER_BYTES, len(labelled))))
        read.seek(at := index.end)
        for box in fragments:
            _copy(read, write, box.start - at)
            content = read.read(box.end - box.start)
            write.write(shift.moved(content, _places_in_fragment(content, box.kind)))
            at = box.end
        shutil.copyfileobj(read, write)


def _copy(read: BinaryIO, write: BinaryIO, count: int) -> None:
    while count:
        piece = read.read(min(count, _COPY_BYTES))
        if not piece:
            raise ValueError("the file has become shorter")
        write.write(piece)
        count -= len(piece)


# --- where samples are -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shift:
    """By how much everything behind a place has moved."""

    behind: int
    by: int

    def moved(self, content: bytes, places: Iterable[slice]) -> bytes:
        """Return boxes that find what they speak of where it is now.

        Args:
            content: the boxes.
            places: where in them an offset into the file stands.
        """
        moved = bytearray(content)
        for place in places:
            offset = int.from_bytes(content[place], "big")
            if offset >= self.behind:
                moved[place] = (offset + self.by).to_bytes(place.stop - place.start, "big")
        return bytes(moved)


def _places_in_tables(moov: bytes, start: int, end: int) -> Iterator[slice]:
    for box in inside(moov, start, end):
        if box.kind in _UNKNOWN_PLACES:
            raise ValueError(f"a box of {box.kind!r}")
        if box.kind in _TABLES:
            yield from _column(moov, box, box.content + 8, entry=(_TABLES[box.kind],), number=0)
        elif box.kind in _WITH_TABLES:
            yield from _places_in_tables(moov, box.content, box.end)


def _places_in_fragment(content: bytes, kind: bytes) -> Iterator[slice]:
    """Yield where a fragment, or the list of fragments at the end, speaks of places in the file."""
    for box in inside(content, HEADER_BYTES, len(content)) if kind in {b"moof", b"mfra"} else ():
        if box.kind == b"traf":
            for one in inside(content, box.content, box.end):
                if one.kind in _UNKNOWN_PLACES:
                    raise ValueError(f"a box of {one.kind!r}")
                if one.kind == b"tfhd" and content[one.content + 3] & _HAS_BASE:
                    yield slice(one.content + 8, one.content + 16)
        elif box.kind == b"tfra":
            # Time and place, then three numbers of one to four bytes each.
            long = 8 if content[box.content] else 4
            sizes = content[box.content + 11]
            numbers = sum((sizes >> shift & 3) + 1 for shift in (0, 2, 4))
            yield from _column(
                content, box, box.content + 16, entry=(long, long, numbers), number=1
            )


def _column(
    content: bytes, box: Box, start: int, *, entry: tuple[int, ...], number: int
) -> Iterator[slice]:
    """Yield one field of every entry of a table; the bytes before it tell how many there are."""
    count, width = int.from_bytes(content[start - 4 : start], "big"), sum(entry)
    if start + count * width > box.end:
        raise ValueError("a table that ends early")
    skipped = sum(entry[:number])
    for at in range(start + skipped, start + skipped + count * width, width):
        yield slice(at, at + entry[number])


# --- the label -------------------------------------------------------------------------------


def _labelled(moov: bytes, label: AiLabel) -> bytes:
    """Return an index with a label in ``udta/meta``, which is made where it is not there."""
    content = moov[HEADER_BYTES:]
    udta = _only(content, b"udta", 0, len(content))
    if udta is None:
        return _new(b"moov", content + _new(b"udta", _new_meta(label)))
    meta = _only(content, b"meta", udta.content, udta.end)
    if meta is None:
        inner = _new_meta(label) + content[udta.content : udta.end]
    else:
        extended = _new(b"meta", _extended(content[meta.content : meta.end], label))
        inner = content[udta.content : meta.start] + extended + content[meta.end : udta.end]
    renewed = _new(b"udta", inner)
    return _new(b"moov", content[: udta.start] + renewed + content[udta.end :])


def _only(data: bytes, kind: bytes, start: int, end: int) -> Box | None:
    """Return the box of a kind, of which there is one at most."""
    found = [box for box in inside(data, start, end) if box.kind == kind]
    if len(found) > 1:
        raise ValueError(f"more than one {kind!r}")
    return found[0] if found else None


def _the(data: bytes, kind: bytes, start: int) -> Box:
    found = _only(data, kind, start, len(data))
    if found is None:
        raise ValueError(f"no {kind!r}")
    return found


def _extended(meta: bytes, label: AiLabel) -> bytes:
    """Return metadata with the label among what it holds.

    Args:
        meta: the content of the box.
        label: the label.
    """
    first = 0 if meta[4:8] == b"hdlr" else 4  # ISO has a version and flags, QuickTime has not
    handler, items = _the(meta, b"hdlr", first), _the(meta, b"ilst", first)
    held = meta[items.content : items.end]
    if meta[handler.content + 8 : handler.content + 12] == b"mdir":
        named = {box.kind for box in inside(held, 0, len(held))}
        new = _items(label, without_comment=_COMMENT in named)
        return meta[: items.start] + _new(b"ilst", held + new) + meta[items.end :]
    keys = _the(meta, b"keys", first)
    if keys.start > items.start:
        raise ValueError("keys behind what they are of")
    count = int.from_bytes(meta[keys.content + 4 : keys.content + 8], "big")
    entries = meta[keys.content + 8 : keys.end]
    for name, text in _texts(label).items():
        entry = _new(b"mdta", _KEYS[name])
        if entry.lower() in entries.lower():
            continue
        entries, count = entries + entry, count + 1
        held += _new(count.to_bytes(4, "big"), _data(text))
    renewed = _new(b"keys", bytes(4) + count.to_bytes(4, "big") + entries)
    return (
        meta[: keys.start]
        + renewed
        + meta[keys.end : items.start]
        + _new(b"ilst", held)
        + meta[items.end :]
    )


def _new_meta(label: AiLabel) -> bytes:
    handler = _new(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    return _new(b"meta", bytes(4) + handler + _new(b"ilst", _items(label)))


def _items(label: AiLabel, *, without_comment: bool = False) -> bytes:
    items = b""
    if label.comment and not without_comment:
        items += _new(_COMMENT, _data(label.comment))
    if label.aigc:
        name = _new(b"mean", bytes(4) + _NAMED_BY) + _new(b"name", bytes(4) + _KEYS["aigc"])
        items += _new(b"----", name + _data(label.aigc))
    return items


def _texts(label: AiLabel) -> Mapping[str, str]:
    texts = {"comment": label.comment, "aigc": label.aigc}
    return {name: text for name, text in texts.items() if text}


def _data(text: str) -> bytes:
    return _new(b"data", _UTF_8.to_bytes(4, "big") + bytes(4) + text.encode())


def _new(kind: bytes, content: bytes) -> bytes:
    return (HEADER_BYTES + len(content)).to_bytes(4, "big") + kind + content


# --- trust, but verify -----------------------------------------------------------------------


def _check(source: Path, target: Path, label: AiLabel) -> None:
    """Check that another reader finds the label, and every sample as it was."""
    with open_video(source) as before, open_video(target) as after:
        if label.aigc and label.aigc not in after.metadata.values():
            raise ValueError("the label is not found")
        if lost := before.metadata.items() - after.metadata.items():
            raise ValueError(f"lost: {[name for name, _ in lost]}")
        for one, other in zip_longest(before.demux(), after.demux()):
            if one is None or other is None or _facts(one) != _facts(other):
                raise ValueError("other samples")


def _facts(packet: av.Packet[av.stream.Stream]) -> tuple[object, ...]:
    times = (packet.pts, packet.dts, packet.duration)
    return (packet.stream_index, *times, packet.is_keyframe, bytes(packet))

"""A label in a file: found where there is one, written where there is none, all else as it was."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
import pytest

from bot.domain.errors import MediaUnreadableError
from bot.domain.jobs.ai_label import AiLabel, ai_label
from bot.media.boxes import inside
from bot.media.labels import label_for, write_label
from bot.media.video import probe
from tests.fakes import a_job
from tests.media.films import LABEL, film, repacked

small = partial(film, width=128, height=96, frames=8, audio=True)
OTHER = AiLabel(aigc="another", comment="another")
THEIRS = '{"Label":"1","ContentProducer":"theirs"}'


def box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def retagged(path: Path, *, movflags: str = "+faststart", **tags: str) -> Path:
    """Write a film whose container has tags, as FFmpeg writes them."""
    source = small(path.with_name("untagged.mp4"))
    with (
        av.open(str(source)) as read,
        av.open(str(path), "w", format="mp4", options={"movflags": movflags}) as write,
    ):
        write.metadata.update(tags)
        copies = {stream.index: write.add_stream_from_template(stream) for stream in read.streams}
        for packet in read.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                write.mux(packet)
    return path


def tags_of(path: Path) -> dict[str, str]:
    with av.open(str(path)) as container:
        return dict(container.metadata)


def samples_of(path: Path) -> list[tuple[object, ...]]:
    with av.open(str(path)) as container:
        return [(one.stream_index, one.pts, one.dts, bytes(one)) for one in container.demux()]


def bare(path: Path, *, index_first: bool) -> Path:
    """Write a film of which the index says nothing besides."""
    content = small(path, faststart=index_first).read_bytes()
    assert content.count(b"udta") == 1
    path.write_bytes(content.replace(b"udta", b"free"))
    return path


def with_user_data(path: Path, content: bytes) -> Path:
    bare(path, index_first=False)
    whole = path.read_bytes()
    at = whole.index(b"moov") - 4
    path.write_bytes(whole[:at] + box(b"moov", whole[at + 8 :] + box(b"udta", content)))
    return path


def with_large_offsets(path: Path) -> Path:
    """Widen the table of one track to eight bytes an entry."""
    content = bare(path, index_first=False).read_bytes()
    at = content.index(b"moov") - 4
    path.write_bytes(content[:at] + box(b"moov", widened(content[at + 8 :])))
    return path


def widened(boxes: bytes) -> bytes:
    made = b""
    for one in inside(boxes, 0, len(boxes)):
        content, kind = boxes[one.content : one.end], one.kind
        if kind in {b"trak", b"mdia", b"minf", b"stbl"}:
            content = widened(content)
        elif kind == b"stco":
            offsets = [content[at : at + 4] for at in range(8, len(content), 4)]
            content = content[:8] + b"".join(bytes(4) + offset for offset in offsets)
            kind = b"co64"
        made += box(kind, content)
    return made


def followed_by(path: Path, *, tail: bytes) -> Path:
    path.write_bytes(small(path, faststart=True).read_bytes() + tail)
    return path


def with_items(path: Path) -> Path:
    return followed_by(path, tail=box(b"meta", bytes(4)))


def with_compressed_index(path: Path) -> Path:
    content = bare(path, index_first=False).read_bytes()
    at = content.index(b"moov") - 4
    path.write_bytes(content[:at] + box(b"moov", content[at + 8 :] + box(b"cmov", bytes(8))))
    return path


def fragmented(path: Path, *, movflags: str) -> Path:
    return repacked(small(path.with_name("whole.mp4")), path, movflags=movflags)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(partial(small, faststart=True), id="the index comes first"),
        pytest.param(partial(small, faststart=False), id="the index comes last"),
        pytest.param(partial(small, preset="veryfast"), id="frames stored out of order"),
        pytest.param(partial(small, turned=90), id="turned"),
        pytest.param(partial(retagged, title="A fox"), id="a title"),
        pytest.param(partial(retagged, movflags="use_metadata_tags", title="A fox"), id="keys"),
        pytest.param(partial(bare, index_first=True), id="no user data, the index first"),
        pytest.param(partial(bare, index_first=False), id="no user data"),
        pytest.param(partial(with_user_data, content=b""), id="empty user data"),
        pytest.param(partial(with_user_data, content=bytes(4)), id="user data that a zero ends"),
        pytest.param(
            partial(with_user_data, content=box(b"\xa9swr", b"\x00\x04\x00\x00test")),
            id="user data of QuickTime's",
        ),
        pytest.param(with_large_offsets, id="offsets of eight bytes"),
        pytest.param(partial(followed_by, tail=b"\n"), id="a newline behind the data"),
        pytest.param(partial(followed_by, tail=bytes(512)), id="zeros behind the data"),
        pytest.param(partial(followed_by, tail=b"<!-- cached -->"), id="text behind the data"),
        pytest.param(partial(followed_by, tail=box(b"junk", b"??")), id="a box nobody knows"),
        pytest.param(
            partial(fragmented, movflags="frag_every_frame+empty_moov"), id="fragments by place"
        ),
        pytest.param(
            partial(fragmented, movflags="frag_keyframe+empty_moov+default_base_moof"),
            id="fragments that count from themselves",
        ),
        pytest.param(
            partial(fragmented, movflags="frag_every_frame"), id="fragments behind a part"
        ),
    ],
)
def test_a_label_is_written_and_nothing_else_changes(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    source, target = make(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    assert not probe(source).is_labelled
    write_label(source, target, LABEL)
    found = tags_of(target)
    assert (found["AIGC"], found["comment"]) == (LABEL.aigc, LABEL.comment)
    assert tags_of(source).items() <= found.items()
    assert samples_of(target) == samples_of(source)
    after = probe(target)
    assert after.is_labelled
    assert after.plays
    whole, labelled = source.read_bytes(), target.read_bytes()
    assert len(labelled) - len(whole) < 300
    data, end = whole.index(b"mdat"), len(whole) - whole.index(b"mdat")
    if b"moof" in whole:
        return
    if whole.index(b"moov") < data:
        assert labelled[-end:] == whole[-end:], "the data are the same bytes"
    else:
        index = whole.index(b"moov") - 4
        assert labelled[:index] == whole[:index], "the data are the same bytes"


def test_the_list_of_fragments_still_finds_them(tmp_path: Path) -> None:
    source = fragmented(tmp_path / "a.mp4", movflags="frag_every_frame+empty_moov")
    write_label(source, target := tmp_path / "b.mp4", LABEL)
    content = target.read_bytes()
    found = 0
    at = content.index(b"tfra")
    while at > 0:
        assert content[at + 4] == 1, "FFmpeg writes eight bytes each"
        for number in range(int.from_bytes(content[at + 16 : at + 20], "big")):
            place = at + 20 + number * 19 + 8
            offset = int.from_bytes(content[place : place + 8], "big")
            assert content[offset + 4 : offset + 8] == b"moof"
            found += 1
        at = content.find(b"tfra", at + 1)
    assert found >= 8


def test_both_keys_are_where_ordinary_readers_look(tmp_path: Path) -> None:
    source, target = retagged(tmp_path / "a.mp4", title="A fox"), tmp_path / "b.mp4"
    write_label(source, target, LABEL)
    content = target.read_bytes()
    assert b"mdirappl" in content, "as iTunes has it, and all who read that"
    assert b"mdta" not in content
    assert {b"\xa9nam", b"\xa9cmt"} <= {content[at : at + 4] for at in range(len(content))}
    assert tags_of(target)["title"] == "A fox"


def test_a_comment_of_its_own_stays(tmp_path: Path) -> None:
    source, target = retagged(tmp_path / "a.mp4", comment="by hand"), tmp_path / "b.mp4"
    write_label(source, target, label_for(source, LABEL))
    assert (tags_of(target)["comment"], tags_of(target)["AIGC"]) == ("by hand", LABEL.aigc)


def credentials(path: Path) -> Path:
    manifest = bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + bytes(64)
    content = small(path).read_bytes()
    at = content.index(b"ftyp") - 4 + int.from_bytes(content[:4], "big")
    # Behind the data, so that nothing moves.
    assert at < content.index(b"mdat")
    path.write_bytes(content + box(b"uuid", manifest))
    return path


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(partial(retagged, movflags="use_metadata_tags", AIGC=THEIRS), id="a key"),
        pytest.param(partial(retagged, comment='{"AIGC":' + THEIRS + "}"), id="in the comment"),
        pytest.param(credentials, id="content credentials"),
    ],
)
def test_a_label_of_its_own_is_found(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    found = probe(make(tmp_path / "a.mp4"))
    assert found.is_labelled
    assert found.has_credentials == (make is credentials)


@pytest.mark.parametrize(
    ("tags", "label"),
    [
        ({"AIGC": THEIRS}, AiLabel(aigc=THEIRS, comment=None)),
        ({"AIGC": THEIRS, "comment": "hi"}, AiLabel(aigc=THEIRS, comment="hi")),
        ({"com.a.aigc_info": THEIRS}, AiLabel(aigc=THEIRS, comment=None)),
        ({"comment": '{"aigc_info":{}}'}, AiLabel(aigc=None, comment='{"aigc_info":{}}')),
        ({"comment": "AIGC: yes"}, AiLabel(aigc=None, comment="AIGC: yes")),
        ({"comment": "hi"}, AiLabel(aigc=LABEL.aigc, comment="hi")),
        ({}, LABEL),
    ],
)
def test_what_is_made_of_a_file_has_its_label(
    tmp_path: Path, tags: dict[str, str], label: AiLabel
) -> None:
    source = retagged(tmp_path / "a.mp4", movflags="use_metadata_tags", **tags)
    assert label_for(source, LABEL) == label
    has_its_own = label_for(source, OTHER) == label
    assert probe(source).is_labelled == has_its_own, "found by either"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(partial(with_user_data, content=b"nonsense, and more"), id="torn user data"),
        pytest.param(
            partial(with_user_data, content=2 * box(b"meta", bytes(4))), id="metadata twice"
        ),
        pytest.param(with_items, id="items beside the index"),
        pytest.param(with_compressed_index, id="an index of a kind that is not known"),
    ],
)
def test_an_odd_file_is_left_alone(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    source = make(tmp_path / "a.mp4")
    before = source.read_bytes()
    with pytest.raises(MediaUnreadableError) as caught:
        write_label(source, tmp_path / "b.mp4", LABEL)
    assert caught.value.problem == "odd_layout"
    assert source.read_bytes() == before


def test_a_label_that_no_reader_finds_is_not_left_in_doubt(tmp_path: Path) -> None:
    source = small(tmp_path / "a.mp4")
    with pytest.raises(MediaUnreadableError, match="is not found"):
        write_label(source, tmp_path / "b.mp4", AiLabel(aigc="cut\0off", comment=None))


def test_the_label_names_model_and_job_and_no_word_of_what_was_asked() -> None:
    job = a_job(prompt="a red fox", negative_prompt="blur")
    label = ai_label(job)
    assert label.comment == f"AI-generated; model={job.spec.model}; job={job.id}"
    assert label.aigc == (
        '{"Label":"1","ContentProducer":"wan2.2-kf2v-flash","ProduceID":"'
        + job.id
        + '","ReservedCode1":"","ContentPropagator":"","PropagateID":"","ReservedCode2":""}'
    )

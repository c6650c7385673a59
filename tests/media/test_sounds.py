"""What a member's soundtrack is, by its bytes: files as people and programs make them."""

from __future__ import annotations

import struct
from array import array
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from bot.domain.problems import SoundProblem
from bot.domain.requests.sounds import MAX_SOUND_BYTES, InvalidSoundError, SoundFacts, SoundFormat
from bot.media import work
from bot.media.child import MediaPool
from bot.media.sounds import examine
from tests.media import hooks
from tests.media.recordings import RATE, chunk, encoded, id3, mp3, picture, wav, wave

WAV, MP3 = SoundFormat.WAV, SoundFormat.MP3
FRAME_SECONDS = 1152 / RATE
TONE = bytes(wave(3))
IEEE_FLOAT, EXTENSIBLE = 3, 0xFFFE


def examined(tmp_path: Path, content: bytes, *, least: float = 2, most: float = 30) -> SoundFacts:
    path = tmp_path / "song.m4a"  # its name means nothing
    path.write_bytes(content)
    return examine(path, option="soundtrack", min_seconds=least, max_seconds=most)


def refused(
    tmp_path: Path, content: bytes, *, least: float = 2, most: float = 30
) -> InvalidSoundError:
    with pytest.raises(InvalidSoundError) as caught:
        examined(tmp_path, content, least=least, most=most)
    assert caught.value.option == "soundtrack"
    return caught.value


def cover() -> tuple[bytes, bytes]:
    jpeg = BytesIO()
    Image.effect_noise((200, 200), 90).save(jpeg, "JPEG")
    return picture(jpeg.getvalue())


# --- what is taken ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "form"),
    [
        pytest.param(mp3, MP3, id="constant rate"),
        pytest.param(lambda: mp3(variable=True), MP3, id="variable rate"),
        pytest.param(lambda: id3(cover(), (b"TIT2", b"\0\xff\xfe\x80")) + mp3(), MP3,
                     id="tag with a cover and an odd title"),
        pytest.param(lambda: id3((b"PRIV", bytes(3_000_000))) + mp3(), MP3, id="large tag"),
        pytest.param(lambda: id3((b"TIT2", b"\0a")) + id3(cover()) + mp3(), MP3, id="two tags"),
        pytest.param(lambda: id3((b"TIT2", b"\0a")) + bytes(700) + mp3(), MP3,
                     id="tag with padding it does not count"),
        pytest.param(lambda: id3((b"APIC", b"\0image/jpeg\0\3\0\xff\xd8\xff")) + mp3(), MP3,
                     id="broken cover"),
        pytest.param(lambda: mp3() + b"TAG" + b"x" * 125, MP3, id="old tag at the end"),
        pytest.param(lambda: mp3() + b"APETAGEX\xd0\x07\0\0 \0\0\0" + bytes(40), MP3,
                     id="other tag at the end"),
        pytest.param(lambda: b"not yet" * 9 + mp3(), MP3, id="something else before"),
        pytest.param(lambda: encoded("libmp3lame", "mp3", rate=8000, layout="mono"), MP3,
                     id="a telephone's"),
        pytest.param(lambda: encoded("pcm_s16le", "wav", layout="mono"), WAV, id="16 bits"),
        pytest.param(lambda: encoded("pcm_s24le", "wav"), WAV, id="24 bits"),
        pytest.param(lambda: encoded("pcm_s32le", "wav", rate=48000), WAV, id="32 bits"),
        pytest.param(lambda: encoded("pcm_f32le", "wav"), WAV, id="floats"),
        pytest.param(lambda: encoded("pcm_u8", "wav"), WAV, id="8 bits"),
        pytest.param(lambda: encoded("pcm_s16le", "wav", layout="5.1"), WAV,
                     id="six channels, which makes it extensible"),
        pytest.param(lambda: wav(TONE, before=chunk(b"LIST", b"INFOISFT\5\0\0\0some\0")
                                 + chunk(b"JUNK", bytes(99)), after=chunk(b"id3 ", id3(cover()))),
                     WAV, id="odd chunks"),
        pytest.param(lambda: wav(TONE, data_size=0xFFFFFFFF, riff_size=0xFFFFFFFF), WAV,
                     id="written to a pipe"),
        pytest.param(lambda: wav(TONE, data_size=0, riff_size=0), WAV,
                     id="written to a pipe by others"),
        pytest.param(lambda: wav(TONE) + b"behind the end" * 30, WAV, id="more behind the end"),
    ],
)  # fmt: skip
def test_what_people_send_is_taken_with_its_length(
    tmp_path: Path, make: Callable[[], bytes], form: SoundFormat
) -> None:
    facts = examined(tmp_path, make())
    assert facts.format is form
    assert facts.seconds == pytest.approx(3, abs=2 * FRAME_SECONDS if form is MP3 else 0.0001)
    assert facts.channels in {1, 2, 6}
    assert facts.sample_rate in {8000, RATE, 48000}


@pytest.mark.parametrize("seconds", [2.0, 7.5])
def test_a_variable_rate_without_its_header_is_measured_all_the_same(
    tmp_path: Path, seconds: float
) -> None:
    content = mp3(seconds, header=False, variable=True)
    assert b"Xing" not in content
    assert b"Info" not in content
    assert len(content) != len(mp3(seconds, header=False)), "it is of a variable rate"
    found = examined(tmp_path, content).seconds
    assert seconds <= found <= seconds + 2 * FRAME_SECONDS


def test_channels_that_cancel_each_other_are_heard(tmp_path: Path) -> None:
    left = wave(3, channels=1)
    both = array("h")
    for sample in left:
        both.extend([sample, -sample])
    assert examined(tmp_path, wav(bytes(both))).seconds == 3


def test_half_a_second_of_sound_at_the_end_is_enough(tmp_path: Path) -> None:
    content = wav(bytes(4 * RATE * 3) + bytes(wave(0.5, loudness=0.01)))
    assert examined(tmp_path, content).seconds == 3.5


# --- lengths, and what a header says of them -------------------------------------------------


def test_a_length_is_judged_by_the_limits_that_are_given(tmp_path: Path) -> None:
    assert examined(tmp_path, mp3(), least=3, most=3).seconds == 3
    short = refused(tmp_path, mp3(), least=3.1, most=30)
    assert short.problem is SoundProblem.TOO_SHORT
    assert short.facts == {"seconds": "3", "least": "3.1", "most": "30"}
    long = refused(tmp_path, mp3(), least=1, most=2.5)
    assert (long.problem, long.facts) == (SoundProblem.TOO_LONG, {"least": "1", "most": "2.5"})


def test_two_frames_more_than_was_cut_are_not_too_long(tmp_path: Path) -> None:
    content = mp3(header=False)
    assert 3 < examined(tmp_path, content, most=3).seconds < 3.1
    assert refused(tmp_path, wav(bytes(wave(3.11))), most=3).problem is SoundProblem.TOO_LONG


def test_nothing_is_shown_longer_than_it_is(tmp_path: Path) -> None:
    assert refused(tmp_path, wav(bytes(wave(1.9999)))).facts["seconds"] == "1.99"


def test_a_header_that_lies_about_the_length_is_not_believed(tmp_path: Path) -> None:
    honest = mp3(7.5)
    at = honest.index(b"Info") + 8
    lying = honest[:at] + struct.pack(">I", 3) + honest[at + 4 :]
    assert examined(tmp_path, lying).seconds == pytest.approx(7.5, abs=0.06)
    at = wav(TONE).index(b"fmt ") + 16  # bytes per second
    lying = wav(TONE)[:at] + struct.pack("<I", 7) + wav(TONE)[at + 4 :]
    assert examined(tmp_path, lying).seconds == 3


def test_hours_of_sound_are_not_decoded(tmp_path: Path) -> None:
    frame = encoded("libmp3lame", "mp3", 0.2, rate=8000, layout="mono", bits_per_second=8000,
                    options=(("write_xing", "0"), ("id3v2_version", "0")))[:72]  # fmt: skip
    hours = frame * (MAX_SOUND_BYTES // len(frame))
    assert refused(tmp_path, hours).problem is SoundProblem.TOO_LONG


# --- what is not taken -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (encoded("aac", "ipod"), "M4A"),
        (encoded("aac", "mp4"), "MP4"),
        (encoded("aac", "3gp"), "3GP"),
        (encoded("aac", "mov"), "QuickTime"),
        (encoded("libopus", "ogg", rate=48000), "Opus"),
        (b"OggS" + bytes(24) + b"\x01vorbis", "Ogg Vorbis"),
        (encoded("flac", "flac"), "FLAC"),
        (id3(cover()) + encoded("flac", "flac"), "FLAC"),
        (encoded("aac", "adts"), "AAC"),
        (id3((b"TIT2", b"\0a")) + encoded("aac", "adts"), "AAC"),
        (encoded("mp2", "mp2"), "MP2"),
        (encoded("pcm_s16be", "aiff"), "AIFF"),
        (encoded("libopus", "webm", rate=48000), "WebM"),
        (encoded("pcm_s16le", "wav", options=(("rf64", "always"),)), "RF64"),
        (encoded("pcm_s16le", "w64"), "Wave64"),
        (encoded("adpcm_ms", "wav"), "WAV (adpcm_ms)"),
        (encoded("pcm_mulaw", "wav"), "WAV (pcm_mulaw)"),
        (encoded("libmp3lame", "wav"), "WAV (mp3)"),
        (b"RIFF\x24\0\0\0AVI LIST", "AVI"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(99), "WMA"),
    ],
)
def test_another_kind_is_refused_by_its_name_whatever_the_file_is_called(
    tmp_path: Path, content: bytes, name: str
) -> None:
    error = refused(tmp_path, content)
    assert (error.problem, error.facts) == (SoundProblem.UNSUPPORTED_FORMAT, {"format": name})


def silent(seconds: float) -> bytes:
    return encoded("libmp3lame", "mp3", seconds, loudness=0)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", SoundProblem.EMPTY),
        (bytes(5000), SoundProblem.EMPTY),
        (id3((b"TIT2", b"\0a")), SoundProblem.EMPTY),
        (wav(b""), SoundProblem.EMPTY),
        (b"<html><body>Not found</body></html>", SoundProblem.NOT_A_SOUND),
        ("\ufeffsome words".encode("utf-16-le") * 500, SoundProblem.NOT_A_SOUND),
        (bytes(range(1, 256)) * 200, SoundProblem.NOT_A_SOUND),
        (cover()[1], SoundProblem.NOT_A_SOUND),
        (b"RIFF", SoundProblem.NOT_A_SOUND),
        (b"RIFF\x24\0\0\0WAVE", SoundProblem.DAMAGED),
        (wav(TONE)[:30], SoundProblem.DAMAGED),
        (wav(TONE)[:-len(TONE) // 2], SoundProblem.TRUNCATED),
        (mp3(7.5)[:60_000], SoundProblem.TRUNCATED),
        (id3(cover()) + mp3(7.5)[:60_000], SoundProblem.TRUNCATED),
        (wav(bytes(4 * RATE * 3)), SoundProblem.SILENT),
        (wav(bytes(wave(3, loudness=0.0005))), SoundProblem.SILENT),
        (silent(3), SoundProblem.SILENT),
    ],
)  # fmt: skip
def test_what_is_no_whole_audible_sound_is_refused(
    tmp_path: Path, content: bytes, problem: SoundProblem
) -> None:
    assert refused(tmp_path, content).problem is problem


def test_an_mp3_with_its_middle_overwritten_is_damaged(tmp_path: Path) -> None:
    whole = bytearray(mp3(7.5, header=False))
    for at in range(20_000, 100_000, 300):
        whole[at : at + 250] = b"\xff\xfb\x90\x64" + b"\xa5" * 246
    assert refused(tmp_path, bytes(whole)).problem is SoundProblem.DAMAGED


def test_a_file_above_the_providers_limit_is_not_opened(tmp_path: Path) -> None:
    error = refused(tmp_path, bytes(MAX_SOUND_BYTES + 1))
    assert (error.problem, error.facts) == (SoundProblem.TOO_LARGE, {"limit_mb": 15})


# --- in a child ------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def pool(tmp_path: Path) -> AsyncIterator[MediaPool]:
    async with MediaPool(workers=1, scratch=tmp_path) as pool:
        yield pool


async def test_a_child_looks_at_it_and_survives_what_it_refuses(
    pool: MediaPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, other = tmp_path / "sound", tmp_path / "other"
    sound.write_bytes(id3(cover()) + mp3())
    other.write_bytes(encoded("aac", "ipod"))
    facts = await pool.examine_sound(sound, option="soundtrack", min_seconds=2, max_seconds=30)
    assert facts == SoundFacts(format=MP3, seconds=3.0, channels=2, sample_rate=RATE)
    with pytest.raises(InvalidSoundError) as caught:
        await pool.examine_sound(other, option="soundtrack", min_seconds=2, max_seconds=30)
    assert caught.value.facts == {"format": "M4A"}
    monkeypatch.setattr(work, "examine_sound", hooks.crash)
    with pytest.raises(InvalidSoundError) as caught:
        await pool.examine_sound(sound, option="soundtrack", min_seconds=2, max_seconds=30)
    assert caught.value.problem is SoundProblem.DECODER_FAILED

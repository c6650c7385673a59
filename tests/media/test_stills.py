"""A frame of a video as a picture: which way up, how wide, and in which colours."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from av.video.reformatter import Colorspace
from PIL import Image

from bot.media.images import MAX_JPEG_BYTES, prepare_pictures
from tests.media.malformed_inputs import HTML, scene
from tests.media.stills import (
    BT_601,
    BT_709,
    BT_2020,
    COLOURS,
    NEAR,
    distance,
    filmed,
    kept,
    last_frame,
    off,
    patches,
    samples_of,
)

SIZE = (128, 96)
PQ, HLG = 16, 18
ONE = 1 << 16

# --- which way up, and how wide --------------------------------------------------------------


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        pytest.param((ONE, 0, 0, ONE), None, id="upright"),
        pytest.param((0, ONE, -ONE, 0), Image.Transpose.ROTATE_270, id="to the right"),
        pytest.param((-ONE, 0, 0, -ONE), Image.Transpose.ROTATE_180, id="upside down"),
        pytest.param((0, -ONE, ONE, 0), Image.Transpose.ROTATE_90, id="to the left"),
        pytest.param((-ONE, 0, 0, ONE), Image.Transpose.FLIP_LEFT_RIGHT, id="mirrored"),
        pytest.param((ONE, 0, 0, -ONE), Image.Transpose.FLIP_TOP_BOTTOM, id="head over heels"),
        pytest.param((0, ONE, ONE, 0), Image.Transpose.TRANSPOSE, id="mirrored to the right"),
        pytest.param((0, -ONE, -ONE, 0), Image.Transpose.TRANSVERSE, id="mirrored to the left"),
    ],
)
def test_it_is_turned_as_players_turn_it(
    tmp_path: Path, matrix: tuple[int, int, int, int], turn: Image.Transpose | None
) -> None:
    a, b, c, d = matrix
    image = scene(160, 96)
    whole = (a, b, 0, c, d, 0, 0, 0, 1 << 30)
    found = last_frame(filmed(tmp_path / "a.mp4", [image] * 3, display_matrix=whole))
    wanted = image if turn is None else image.transpose(turn)
    assert found.size == wanted.size
    assert distance(found, wanted).mean() < 3


@pytest.mark.parametrize(
    ("pixel", "size"),
    [
        (Fraction(4, 3), (171, 96)),
        (Fraction(3, 4), (128, 128)),
        (Fraction(1, 1), (128, 96)),
        (Fraction(50, 1), (4096, 61)),
    ],
)
def test_its_pixels_are_square(tmp_path: Path, pixel: Fraction, size: tuple[int, int]) -> None:
    found = last_frame(filmed(tmp_path / "a.mp4", [scene(*SIZE)] * 2, stretched=pixel))
    assert found.size == size


# --- in which colours ------------------------------------------------------------------------


@pytest.mark.parametrize("height", [480, 720])
@pytest.mark.parametrize(
    ("matrix", "make"),
    [
        pytest.param(BT_601, partial(filmed, tags=(6, 6, 6)), id="601"),
        pytest.param(BT_601, partial(filmed, tags=(5, 5, 5)), id="601 as in Europe"),
        pytest.param(BT_601, partial(filmed, tags=(6, 2, 2)), id="601 alone"),
        pytest.param(BT_601, partial(filmed, tags=(6, 6, 6), full_range=True), id="601, full"),
        pytest.param(BT_709, partial(filmed, tags=(1, 1, 1)), id="709"),
        pytest.param(BT_709, partial(filmed, tags=(1, 1, 13)), id="709 with sRGB's curve"),
        pytest.param(BT_709, partial(filmed, tags=(1, 1, 1), full_range=True), id="709, full"),
        pytest.param(BT_709, partial(filmed, tags=(1, 1, 1), pixels="yuv420p10le"), id="10 bits"),
        pytest.param(BT_709, partial(filmed, tags=(1, 1, 1), pixels="yuv444p"), id="4:4:4"),
        pytest.param(BT_2020, partial(filmed, tags=(9, 1, 1)), id="BT.2020's matrix alone"),
    ],
)
def test_what_a_file_says_of_its_colours_counts(
    tmp_path: Path, make: Callable[..., Path], matrix: int, height: int
) -> None:
    image = patches(640, height)
    video = make(tmp_path / "a.mp4", [image] * 2, matrix=matrix)
    assert off(last_frame(video), image) < NEAR
    # A picture that looks as the video would under the other matrix changes nothing.
    seen_wrong = samples_of(image, matrix).reformat(
        format="rgb24", src_colorspace=Colorspace.ITU601 if matrix == BT_709 else Colorspace.ITU709
    )
    picture = kept(Image.fromarray(seen_wrong.to_ndarray()), tmp_path / "p.jpg")
    assert off(last_frame(video, first_picture=picture), image) < NEAR


def test_wide_primaries_are_brought_to_srgb(tmp_path: Path) -> None:
    image = patches(640, 480)
    video = filmed(tmp_path / "a.mp4", [image] * 2, matrix=BT_709, tags=(1, 12, 1))
    red = np.asarray(last_frame(video))[240, 64]
    assert red[0] > COLOURS[0][0] + 10, "P3 has deeper reds"


@pytest.mark.parametrize("curve", [PQ, HLG])
def test_hdr_is_brought_down(tmp_path: Path, curve: int) -> None:
    video = filmed(
        tmp_path / "a.mp4",
        [patches(640, 480)] * 2,
        matrix=BT_2020,
        tags=(9, 9, curve),
        pixels="yuv420p10le",
    )
    assert last_frame(video).size == (640, 480)


@pytest.mark.parametrize("named", [8, 14, 0])
def test_a_matrix_that_nobody_knows_is_none(tmp_path: Path, named: int) -> None:
    image = patches(640, 480)
    video = filmed(tmp_path / "a.mp4", [image] * 2, matrix=BT_709, tags=(named, 1, 1))
    picture = kept(image, tmp_path / "p.jpg")
    assert off(last_frame(video, first_picture=picture), image) < NEAR


@pytest.mark.parametrize("matrix", [BT_601, BT_709])
@pytest.mark.parametrize("height", [480, 720])
@pytest.mark.parametrize("picture_size", [(640, 480), (1707, 1280), (1600, 900), (500, 700)])
def test_the_first_picture_tells_what_the_file_does_not(
    tmp_path: Path, matrix: int, height: int, picture_size: tuple[int, int]
) -> None:
    image = patches(640, height)
    end = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    video = filmed(tmp_path / "a.mp4", [image, image, end], matrix=matrix)
    # What the maker does to a picture of another shape.
    scale = max(picture_size[0] / 640, picture_size[1] / height)
    larger = image.resize((round(640 * scale), round(height * scale)))
    left, top = (larger.width - picture_size[0]) // 2, (larger.height - picture_size[1]) // 2
    cut = larger.crop((left, top, left + picture_size[0], top + picture_size[1]))
    assert off(last_frame(video, first_picture=kept(cut, tmp_path / "p.jpg")), end) < NEAR


def test_the_first_picture_tells_although_the_video_changed_it(tmp_path: Path) -> None:
    image = patches(1280, 720)
    changed = Image.fromarray((np.asarray(image) * 0.9 + 12).astype(np.uint8))
    for matrix in (BT_601, BT_709):
        video = filmed(tmp_path / f"{matrix}.mp4", [changed, image], matrix=matrix)
        found = last_frame(video, first_picture=kept(image, tmp_path / "p.jpg"))
        assert off(found, image) < NEAR


@pytest.mark.parametrize(("height", "matrix"), [(480, BT_601), (720, BT_709)])
def test_by_its_height_without_a_picture_that_tells(
    tmp_path: Path, height: int, matrix: int
) -> None:
    image = patches(640, height)
    grey = image.convert("L").convert("RGB")
    video = filmed(tmp_path / "a.mp4", [grey, image], matrix=matrix)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(HTML)
    for picture in (None, broken, kept(grey, tmp_path / "grey.jpg")):
        assert off(last_frame(video, first_picture=picture), image) < NEAR


ROUNDS = 5


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((832, 480), id="480P"),
        pytest.param((1280, 720), id="720P"),
        pytest.param((1920, 1080), id="1080P", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize(
    ("matrix", "tags"),
    [
        pytest.param(BT_601, None, id="untagged 601"),
        pytest.param(BT_709, None, id="untagged 709"),
        pytest.param(BT_601, (6, 6, 6), id="tagged 601"),
        pytest.param(BT_709, (1, 1, 1), id="tagged 709"),
    ],
)
def test_colours_stay_when_a_video_is_continued_five_times(
    tmp_path: Path, size: tuple[int, int], matrix: int, tags: tuple[int, int, int] | None
) -> None:
    image = found = patches(*size)
    for _ in range(ROUNDS):
        written = BytesIO()
        found.save(written, "PNG")
        (picture,), _preview = prepare_pictures([("first_frame", written.getvalue())])
        assert len(picture.jpeg) <= MAX_JPEG_BYTES
        sent = tmp_path / "p.jpg"
        sent.write_bytes(picture.jpeg)
        with Image.open(sent) as seen:
            video = filmed(tmp_path / "a.mp4", [seen.convert("RGB")] * 4, matrix=matrix, tags=tags)
        found = last_frame(video, first_picture=sent)
    assert off(found, image) <= NEAR
    assert distance(found, image).mean() <= NEAR, "edges creep"

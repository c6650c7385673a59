"""Preparing pictures as a command does, against plain Pillow making the same JPEGs.

Ours is ``MediaPool.prepare``: a child process reads the files, recognises, checks, decodes, turns,
scales and encodes them, and writes them beside, with the preview that the status message shows.

The floor is the least that Pillow needs for the same JPEGs from the same bytes, in this process
and without a check: open; where the picture is too large, let a JPEG be decoded at a half or less
(``draft``) and scale with the filter that ours uses; save with the same quality and colours. It
draws no preview. Decoding and encoding in full size, or Pillow's own ``thumbnail``, would make a
floor several times higher.

Both take turns on every picture, and so does our own work without the child, which tells what the
way there and back costs. The child is warm, as it is while there is work. What the first picture
of a cold child takes is told apart.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image

from bot.domain.jobs.files import PREVIEW
from bot.domain.requests.pictures import PictureFit
from bot.media.child import MediaPool
from bot.media.images import prepare_pictures
from tests.benchmarks.rows import Row, Unit

SAMPLES = Path(__file__).resolve().parents[2] / "sandbox" / "samples"
REPETITIONS = 31
COLD_STARTS = 3
QUALITY = 90
"""What ours begins with; every picture here fits with it."""
MOST_OVERHEAD = 1.15

Sources = Sequence[tuple[str, bytes]]


def photograph(name: str, size: tuple[int, int]) -> Image.Image:
    """Return a sample in another size, with the grain a camera would add."""
    with Image.open(SAMPLES / name) as image:
        large = image.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    grain = Image.effect_noise(size, 24).convert("RGB")
    return Image.blend(large, grain, 0.1)


def encoded(image: Image.Image, form: str, **options: int) -> bytes:
    """Return a picture as a file."""
    buffer = BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def cases() -> Mapping[str, Sources]:
    """Return what people send: name of the case, and the pictures of one command."""
    cats = [(SAMPLES / f"cat-{name}.jpg").read_bytes() for name in ("first", "last")]
    photo = encoded(photograph("cat-first.jpg", (4000, 3000)), "JPEG", quality=92)
    png = encoded(photograph("cat-last.jpg", (2464, 1632)), "PNG")
    return {
        "a 12 MP photograph": [("image", photo)],
        "a 4 MP PNG": [("image", png)],
        "the two cats": [("first_frame", cats[0]), ("last_frame", cats[1])],
    }


def plain(sources: Sources) -> list[bytes]:
    """Make the same files with nothing but Pillow."""
    made = []
    for _, data in sources:
        with Image.open(BytesIO(data)) as image:
            scale = min(1, PictureFit().max_side / max(image.size))
            size = (round(image.width * scale), round(image.height * scale))
            image.draft(None, size)
            fitted = image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)
            buffer = BytesIO()
            fitted.save(buffer, "JPEG", quality=QUALITY, subsampling="4:2:0")
            made.append(buffer.getvalue())
    return made


async def _prepare(pool: MediaPool, sources: Sources) -> tuple[float, list[tuple[int, int]]]:
    """Prepare one command's pictures; return the milliseconds it took, and the sizes made."""
    with tempfile.TemporaryDirectory(prefix="tween-bench-") as name:
        folder = Path(name)
        files = [(option, folder / option) for option, _ in sources]
        for (_, file), (_, data) in zip(files, sources, strict=True):
            file.write_bytes(data)
        before = time.perf_counter()
        await pool.expect_pictures()
        made = await pool.prepare(files, folder, preview=PREVIEW)
        took = time.perf_counter() - before
    return took * 1000, [(picture.width, picture.height) for picture in made]


def _plainly(sources: Sources) -> tuple[float, list[tuple[int, int]]]:
    before = time.perf_counter()
    made = plain(sources)
    milliseconds = (time.perf_counter() - before) * 1000
    return milliseconds, [Image.open(BytesIO(jpeg)).size for jpeg in made]


async def _case(pool: MediaPool, what: str, sources: Sources) -> Row:
    ours, floor, inside = [], [], []
    for turn in range(REPETITIONS + 1):
        our_milliseconds, our_sizes = await _prepare(pool, sources)
        plain_milliseconds, plain_sizes = _plainly(sources)
        if our_sizes[:1] != plain_sizes[:1]:
            raise ValueError(f"not the same work: {our_sizes} and {plain_sizes}")
        before = time.perf_counter()
        prepare_pictures(sources)
        if turn:
            inside.append((time.perf_counter() - before) * 1000)
            ours.append(our_milliseconds)
            floor.append(plain_milliseconds)
    took, least = statistics.median(ours), statistics.median(floor)
    return Row(
        name=f"preparing {what}",
        ours=f"{took:.1f} ms",
        against=f"plain Pillow {least:.1f} ms",
        figure=took / least,
        unit=Unit.RATIO,
        wanted=MOST_OVERHEAD,
        remark=(
            f"{statistics.median(inside):.1f} ms of it are checks, decoding, encoding and preview; "
            "the rest is the way to the child and back"
        ),
    )


async def _cold(sources: Sources) -> Row:
    took = []
    for _ in range(COLD_STARTS):
        async with MediaPool(scratch=Path(tempfile.gettempdir())) as pool:
            took.append((await _prepare(pool, sources))[0])
    return Row(
        name="preparing the two cats, child not started yet",
        ours=f"{statistics.median(took):.0f} ms",
        against="",
        figure=statistics.median(took),
        unit=Unit.MILLISECONDS,
        wanted=None,
        remark="after a while without work; a command begins to start the child before it reads",
    )


async def rows() -> list[Row]:
    """Measure each case with a warm child, and the start of a cold one."""
    several = cases()
    async with MediaPool(scratch=Path(tempfile.gettempdir())) as pool:
        await pool.warm_up()
        measured = [await _case(pool, what, sources) for what, sources in several.items()]
    return [*measured, await _cold(several["the two cats"])]

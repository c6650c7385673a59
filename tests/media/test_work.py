"""What children do: none of it is loaded where it is not done, and it has its time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.media import work

ROOT = Path(__file__).parents[2]


def test_the_bots_own_process_loads_no_decoder() -> None:
    script = "import sys, bot.__main__, bot.serving; print(*sys.modules)"
    ended = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(ended.stdout.split())
    assert "bot.media.child" in loaded
    assert loaded.isdisjoint({"PIL", "pillow_heif", "av", "matplotlib", "numpy"})


def test_a_child_loads_of_the_jobs_what_it_answers_with() -> None:
    """What a job is made of takes longer to import than the decoder of pictures."""
    script = "import sys; from bot.media import work; work.load(); print(*sys.modules)"
    ended = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(ended.stdout.split())
    assert "bot.domain.jobs.ai_label" in loaded
    assert loaded.isdisjoint({"bot.domain.jobs.job", "bot.domain.catalogue"})


@pytest.mark.parametrize(
    ("pixels", "seconds"),
    [
        pytest.param(0, 60, id="a start takes its time"),
        pytest.param(1280 * 720 * 150, 95, id="five seconds of 720p"),
        pytest.param(1920 * 1080 * 150, 138, id="five seconds of 1080p"),
        pytest.param(1920 * 1080 * 900, 527, id="thirty seconds of 1080p"),
        pytest.param(10**18, 600, id="what a header claims"),
        pytest.param(None, 600, id="a header that does not say"),
    ],
)
def test_time_to_re_encode_grows_with_the_work_up_to_a_bound(
    pixels: int | None, seconds: int
) -> None:
    assert round(work.shrink_cpu_seconds(pixels)) == seconds

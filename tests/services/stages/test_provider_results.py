"""Finished videos that cannot be fetched, or that are none: kept while there is hope, else repaid.

A job that waits for its result reads "Fetching the video" and is charged; a video that is lost in
the end is given back to the member, and the operator is told.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.chat.text.alerts import alert_words
from bot.chat.text.failures import COLLECT
from bot.domain.failure import FailureReason
from bot.domain.jobs.files import PREPARED, RESULT
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState
from bot.domain.people import Requester
from bot.domain.units import MIB
from bot.media.child import MediaPool
from bot.services.stages import downloader
from tests.fakes import VIDEO
from tests.media.films import film
from tests.services.core import Core
from tests.services.emulated import Stage, emulated

CHARGED = [EntryKind.RESERVE, EntryKind.CHARGE]
GIVEN_BACK = [*CHARGED, EntryKind.ADJUST]
EXPIRED = (
    "The video was made, but its address expired before it could be fetched. The same may well "
    "succeed: try again with /jobs retry. It does not count against your quota."
)
UNPLAYABLE = (
    "What the provider handed out is not a playable video. The same may well succeed: try again "
    "with /jobs retry. It does not count against your quota."
)


@pytest.fixture
async def stage(core: Core) -> AsyncIterator[Stage]:
    async with emulated(core) as stage:
        yield stage


async def _made(stage: Stage) -> Job:
    """Return a job whose video was made and billed."""
    job = await stage.ask_and_send()
    assert (await stage.poll(job)).state is JobState.DOWNLOADING
    return job


async def _is_waited_for(stage: Stage, job: Job) -> None:
    assert await stage.title(job) == "Fetching the video"
    assert await stage.entries(job) == CHARGED
    assert await stage.core.spent(job) == job.price.reserved


async def _is_lost(stage: Stage, job: Job, state: JobState, reads: str) -> None:
    stored = await stage.core.job(job)
    assert (stored.state, stored.failure.operator_loss) == (state, True)
    assert await stage.reads(job) == reads
    assert await stage.is_told(job) == "Your video could not be made."
    assert await stage.entries(job) == GIVEN_BACK


async def _fetch_until_over(stage: Stage, job: Job) -> int:
    """Fetch whenever it is due until the job is over; return how often the storage was asked."""
    before = stage.count("result")
    while (await stage.fetch(job)).state is JobState.DOWNLOADING:
        await stage.core.reaper.run_once()
        assert stage.core.clock.now() < job.times.created_at + timedelta(days=3), (
            "a loop without end"
        )
    return stage.count("result") - before


# --- trouble that passes -----------------------------------------------------------------------

PASSING: dict[str, tuple[str, dict[str, object]]] = {
    "dropped": ("drop", {}),
    "reset": ("reset", {}),
    "silent until the deadline": ("hang", {}),
    "so slow that the deadline comes first": ("drip", {"bytes_per_second": 10}),
    "broken off in the middle": ("truncate", {"bytes": 20}),
    "a page with status 200": ("html", {}),
    "JSON with status 200": ("raw", {"text": '{"code":"InternalError"}'}),
    "a page that claims to be a video": ("raw", {"text": "<html>", "content_type": "video/mp4"}),
    "nothing at all": ("raw", {"text": "", "content_type": "video/mp4"}),
    "a redirect": ("redirect", {"location": "http://169.254.169.254/latest"}),
    "forbidden": ("error", {"status": 403, "code": "AccessDenied", "message": "Other."}),
    "not there": ("error", {"status": 404, "code": "NoSuchKey", "message": "No such key."}),
    "too many requests": ("error", {"status": 429, "code": "Throttled", "message": "Slow down."}),
    "a broken storage": ("error", {"status": 500, "code": "InternalError", "message": "Oh."}),
    "a busy storage": ("error", {"status": 503, "code": "SlowDown", "message": "Wait."}),
    "expired before its time": ("expired", {}),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_trouble_that_passes_costs_nothing_but_time(
    stage: Stage, fault: tuple[str, dict[str, object]]
) -> None:
    job = await _made(stage)
    action, details = fault
    stage.server.faults.add("result", action, times=2, **details)
    for wait_seconds in (1, 2):
        with stage.hurried():
            stored = await stage.fetch(job)
        assert stored.lease.not_before is not None
        late_seconds = (stored.lease.not_before - stage.core.clock.now()).total_seconds()
        assert late_seconds == pytest.approx(wait_seconds, abs=0.01)
        await _is_waited_for(stage, job)
    assert (await stage.fetch(job)).state is JobState.DELIVERING
    assert (stage.core.folder_of(job.id) / "result.mp4").read_bytes() == VIDEO
    assert stage.core.told() == []
    assert await stage.entries(job) == CHARGED


# --- expiry ------------------------------------------------------------------------------------


async def test_expired_url_is_replaced_by_a_fresh_one(stage: Stage) -> None:
    job = await _made(stage)
    old_url = (await stage.core.job(job)).result.url
    stage.server.faults.add("result", "expired")
    stage.server._results.publish(stage.task())
    await stage.fetch(job)
    stored = await stage.core.job(job)
    assert stored.result.url not in {None, old_url}
    await _is_waited_for(stage, job)
    assert (await stage.fetch(job)).state is JobState.DELIVERING


async def test_url_that_expired_while_the_bot_was_off_is_given_back(stage: Stage) -> None:
    job = await _made(stage)
    stage.pass_time(25 * 3600)
    await stage.fetch(job)
    await _is_lost(stage, job, JobState.EXPIRED, EXPIRED)
    assert stage.core.told() == ["operator_loss"]
    assert (stage.count("result"), stage.count("query")) == (1, 2)


async def test_storage_that_is_down_for_a_day_is_asked_rarely_and_the_loss_told(
    stage: Stage,
) -> None:
    job = await _made(stage)
    stage.server.faults.add("result", "error", status=503, times=None)
    for _ in range(10):
        stored = await stage.fetch(job)
    assert stored.lease.not_before is not None
    wait_seconds = (stored.lease.not_before - stage.core.clock.now()).total_seconds()
    assert wait_seconds == pytest.approx(300, abs=1)
    stage.pass_time(23 * 3600)
    assert await _fetch_until_over(stage, job) <= 13
    # Whichever word came last, the storage's or our clock's: people read the same.
    last = await stage.core.state(job)
    assert last in {JobState.EXPIRED, JobState.FAILED}
    await _is_lost(stage, job, last, EXPIRED)
    assert stage.core.told() == ["result_deadline", "operator_loss"]


async def test_url_that_promises_a_century_is_not_tried_for_one(stage: Stage) -> None:
    job = await stage.ask_and_send()
    task = stage.task()
    stage.pass_time(2)
    url = stage.server.tasks[task.task_id].video_url
    assert url is not None
    task.video_url = f"{url.partition('?')[0]}?Expires=99999999999&Signature=x"
    stored = await stage.poll(job)
    assert stored.result.url_expires_at is not None
    assert stored.result.url_expires_at - stage.core.clock.now() <= timedelta(days=7)


# --- hosts -------------------------------------------------------------------------------------


async def test_result_on_another_host_is_saved_by_widening_result_hosts_in_time(
    stage: Stage,
) -> None:
    elsewhere = stage.server.base_url.partition("/api")[0].replace("127.0.0.1", "localhost")
    stage.server.faults.add("task", "foreign_host", location=elsewhere)
    job = await _made(stage)
    for _ in range(12):
        await stage.fetch(job)
    await _is_waited_for(stage, job)
    assert stage.count("result") == 0
    assert stage.core.told() == ["result_host"]
    (told,) = stage.core.chat.alerts
    assert "localhost is not among the result hosts" in alert_words(told)
    async with stage.restarted(result_hosts=["127.0.0.1"]) as again:
        await again.fetch(job)
        assert again.core.told() == ["result_host"], "the same matter is not told at every start"
    async with stage.restarted(result_hosts=["127.0.0.1", "localhost"]) as widened:
        assert (await widened.fetch(job)).state is JobState.DELIVERING
        assert await widened.core.spent(job) == job.price.reserved
        assert widened.core.told() == ["result_host"]


async def test_result_on_another_host_for_ever_is_given_back_at_its_end(stage: Stage) -> None:
    stage.server.faults.add("task", "foreign_host", location="https://results.example.com")
    job = await _made(stage)
    stage.pass_time(21 * 3600)
    assert await _fetch_until_over(stage, job) == 0
    await _is_lost(stage, job, JobState.FAILED, EXPIRED)
    assert stage.core.told() == ["result_host", "result_deadline", "operator_loss"]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_name_that_leads_home_is_not_asked_and_told_once(
    core: Core, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "dashscope-result-sh.oss-cn-shanghai.aliyuncs.com"
    real = socket.getaddrinfo

    def rebind(host: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # stands in for a C function
        return real("127.0.0.1" if host in {name, name.encode()} else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    async with emulated(core, result_hosts=["*.aliyuncs.com"]) as stage:
        port = stage.server.base_url.rpartition(":")[2].partition("/")[0]
        stage.server.faults.add("task", "foreign_host", location=f"{scheme}://{name}:{port}")
        job = await _made(stage)
        for _ in range(3):
            await stage.fetch(job)
        await _is_waited_for(stage, job)
        assert stage.count("result") == 0
        (told,) = stage.core.chat.alerts
        assert f"{name} led to 127.0.0.1" in alert_words(told)


async def test_http_address_of_the_provider_is_fetched_over_https(core: Core) -> None:
    asked: list[str] = []

    def store(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.url.scheme}://{request.url.host}")
        return httpx.Response(200, stream=httpx.ByteStream(VIDEO))

    async with emulated(core, result_hosts=["*.aliyuncs.com"]) as stage:
        stage.client._places._direct = httpx.MockTransport(store)
        stage.client._places._connects = False
        location = "http://dashscope-result-sh.oss-cn-shanghai.aliyuncs.com"
        stage.server.faults.add("task", "foreign_host", location=location)
        job = await _made(stage)
        assert (await stage.fetch(job)).state is JobState.DELIVERING
    assert asked == ["https://dashscope-result-sh.oss-cn-shanghai.aliyuncs.com"]


# --- files that are no video of ours -------------------------------------------------------------


@pytest.mark.parametrize("problem", ["unknown codec", "truncated"])
async def test_file_that_no_decoder_reads_is_told_at_once_and_kept_and_given_back(
    core: Core, tmp_path: Path, problem: str
) -> None:
    made = film(tmp_path / "other.mp4").read_bytes()
    content = made.replace(b"avc1", b"zzzz") if problem == "unknown codec" else made[:-500]
    async with (
        MediaPool(workers=1, scratch=tmp_path) as media,
        emulated(core, media=media) as stage,
    ):
        stage.shelf.content = content
        job = await _made(stage)
        await stage.fetch(job)
        await _is_waited_for(stage, job)
        assert stage.core.told() == ["result_unreadable"], "at the first sight of it"
        (told,) = stage.core.chat.alerts
        assert problem.replace(" ", "_") in alert_words(told)
        async with stage.restarted(result_hosts=["127.0.0.1"]) as again:
            await again.fetch(job)
            assert again.core.told() == ["result_unreadable"], "not again at every start"
        assert await _fetch_until_over(stage, job) < 45
        await _is_lost(stage, job, JobState.FAILED, f"{UNPLAYABLE} {COLLECT}")
        stored = await stage.core.job(job)
        assert stored.failure.reason is FailureReason.RESULT_UNREADABLE
        assert stage.core.told() == ["result_unreadable", "result_deadline", "operator_loss"]
        assert stage.core.files_of(job.id)[RESULT] == content
        asker = Requester(guild_id=None, user_id=job.requester.user_id)
        async with stage.core.lookup.show(job.id, asker, limit_bytes=MIB) as shown:
            assert shown.video == stage.core.folder_of(job.id) / RESULT
        async with stage.core.lookup.show(job.id, asker, limit_bytes=10) as shown:
            assert (shown.video, shown.is_too_large) == (None, True)


@pytest.mark.parametrize(
    "pixels_and_codec", [("yuv420p", "mpeg4"), ("yuv444p", "libx264")], ids=lambda two: two[1]
)
async def test_file_that_does_not_play_everywhere_is_re_encoded_and_kept_as_it_came(
    core: Core, tmp_path: Path, pixels_and_codec: tuple[str, str]
) -> None:
    pixels, codec = pixels_and_codec
    content = film(tmp_path / "other.mp4", codec=codec, pixels=pixels, frames=8).read_bytes()
    async with (
        MediaPool(workers=1, scratch=tmp_path) as media,
        emulated(core, media=media) as stage,
    ):
        stage.shelf.content = content
        job = await _made(stage)
        assert (await stage.fetch(job)).state is JobState.DELIVERING
        assert stage.core.files_of(job.id)[RESULT] == content
        found = await media.probe(stage.core.folder_of(job.id) / PREPARED)
        assert (found.plays, found.is_labelled) == (True, True)
        stored = await stage.core.job(job)
        assert (stored.video.file_name, stored.video.size_bytes) == (PREPARED, found.size_bytes)
        assert stage.core.told() == []


async def test_file_that_was_short_once_is_fetched_again(core: Core, tmp_path: Path) -> None:
    content = film(tmp_path / "film.mp4").read_bytes()
    async with (
        MediaPool(workers=1, scratch=tmp_path) as media,
        emulated(core, media=media) as stage,
    ):
        stage.shelf.content = content
        job = await _made(stage)
        stage.server.faults.add("result", "short_file")
        await stage.fetch(job)
        await _is_waited_for(stage, job)
        assert (await stage.fetch(job)).state is JobState.DELIVERING
        assert stage.core.files_of(job.id)[RESULT] == content
        assert (await stage.core.job(job)).video.file_name == PREPARED, "it had no label"


async def test_file_that_is_far_too_large_is_not_read_and_given_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloader, "MAX_RESULT_BYTES", 1_000_000)
    stage.server.faults.add("result", "big", bytes=1_000_001, times=None)
    job = await _made(stage)
    assert await _fetch_until_over(stage, job) < 45
    await _is_lost(stage, job, JobState.FAILED, UNPLAYABLE)
    assert stage.core.left() == []

"""Requests in hand: no more of one member than could be queued, and nobody else pays for them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.domain.catalogue import Choices, Kind
from bot.domain.guilds.denials import QueueFullError
from bot.domain.ids import InteractionId, UserId
from bot.domain.requests.submission import Submission, VideoOptions
from bot.services.intake.attachments import Attachments
from bot.services.intake.requests_in_hand import RequestsInHand
from bot.services.intake.submissions import Queued
from bot.services.intake.video_requests import VideoRequests
from tests.fakes import a_requester, a_submission
from tests.services.core import Core


async def _ask(requests: VideoRequests, number: int, user_id: UserId) -> Queued:
    return await requests.request(
        replace(a_requester(), user_id=user_id),
        replace(a_submission().origin, interaction_id=InteractionId(number)),
        Kind.TEXT,
        VideoOptions(prompt="a red fox"),
        Choices(),
    )


async def test_no_more_is_taken_in_hand_than_could_be_queued(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_hand = RequestsInHand(2)
    requests = VideoRequests(
        admission=core.admission,
        attachments=Attachments(core.chat, core.media, core.files, min_free_bytes=0),
        submissions=core.submissions,
        in_hand=in_hand,
    )
    queue, may_go_on = core.submissions.queue, asyncio.Event()

    async def slowly(submission: Submission) -> Queued:
        await may_go_on.wait()
        return await queue(submission)

    monkeypatch.setattr(core.submissions, "queue", slowly)
    somebody, other = UserId(1), UserId(2)
    async with asyncio.TaskGroup() as group:
        taken = [group.create_task(_ask(requests, number, somebody)) for number in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError) as refused:
            await _ask(requests, 3, somebody)
        assert (refused.value.waiting, refused.value.limit) == (2, 2)
        taken.append(group.create_task(_ask(requests, 4, other)))
        may_go_on.set()
    assert len({task.result().job.id for task in taken}) == 3
    await _ask(requests, 5, somebody)
    with in_hand.counted(somebody), in_hand.counted(somebody):
        pass  # nothing of before is left

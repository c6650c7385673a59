"""Takes a member's request for a video: checked, its pictures made to fit, queued."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from bot.domain.catalogue import Choices, Kind, Model
from bot.domain.guilds.denials import QueueFullError
from bot.domain.ids import UserId
from bot.domain.people import Requester
from bot.domain.requests.pictures import PictureFit, PictureSource
from bot.domain.requests.sounds import SoundSource
from bot.domain.requests.submission import (
    Origin,
    Submission,
    VideoOptions,
    VideoSpec,
    price_of,
)
from bot.services.intake.admission import Admission
from bot.services.intake.attachments import Attachments, KeptAttachments
from bot.services.intake.submissions import Queued, Submissions


class VideoRequests:
    """What /video does."""

    def __init__(
        self,
        *,
        admission: Admission,
        attachments: Attachments,
        submissions: Submissions,
        most_in_hand: int,
    ) -> None:
        """Remember the parts.

        Args:
            admission: says what is offered, and what a member may make.
            attachments: keeps what was attached.
            submissions: queues.
            most_in_hand: requests of one member that are taken at the same time; no more could be
                queued, and each costs a look at the rules.
        """
        self._admission = admission
        self._attachments = attachments
        self._submissions = submissions
        self._most_in_hand = most_in_hand
        self._in_hand: dict[UserId, int] = {}

    async def request(
        self,
        requester: Requester,
        origin: Origin,
        kind: Kind,
        options: VideoOptions,
        choices: Choices,
        sources: Sequence[PictureSource] = (),
        soundtrack: SoundSource | None = None,
    ) -> Queued:
        """Queue a job for what was asked.

        Args:
            requester: who asks.
            origin: where, and by which interaction.
            kind: what the member starts from.
            options: how the video is to be made.
            choices: what was chosen of a model.
            sources: the pictures; of frames the first sets the ratio of the other.
            soundtrack: what is to be heard.

        Raises:
            RequestError: it may not be made, or not so; nothing was stored.
            DeliveryError: Discord refused the status message; the job was cancelled.
        """
        self._submissions.require_guild(origin.guild_id)
        with self._in_hand_of(requester.user_id):
            return await self._request(
                requester, origin, kind, options, choices, sources, soundtrack
            )

    @contextmanager
    def _in_hand_of(self, user_id: UserId) -> Iterator[None]:
        """Count a request of a member until it is queued or refused.

        Raises:
            QueueFullError: so many of theirs are in hand that no more could be queued.
        """
        count = self._in_hand.get(user_id, 0)
        if count >= self._most_in_hand:
            raise QueueFullError(whose="member", waiting=count, limit=self._most_in_hand)
        self._in_hand[user_id] = count + 1
        try:
            yield
        finally:
            left = self._in_hand[user_id] - 1
            if left:
                self._in_hand[user_id] = left
            else:
                del self._in_hand[user_id]

    async def _request(
        self,
        requester: Requester,
        origin: Origin,
        kind: Kind,
        options: VideoOptions,
        choices: Choices,
        sources: Sequence[PictureSource],
        soundtrack: SoundSource | None,
    ) -> Queued:
        spec = await self._admission.admit(requester, kind, options, choices)
        model = self._admission.offered().get(spec.model)
        if model is None:
            raise LookupError(spec.model)
        self._attachments.check_declared(sources, soundtrack)
        price = price_of(model, spec)
        if sources or soundtrack is not None:
            await self._submissions.foresee(requester, origin.guild_id, price)
        job_id = await self._submissions.new_job_id()
        kept = KeptAttachments()
        if sources or soundtrack is not None:
            kept = await self._attachments.keep(
                job_id,
                sources,
                requester,
                _fit_of(model, kind),
                soundtrack,
                model.abilities.soundtrack,
            )
        queued = await self._submissions.queue(
            Submission(
                job_id=job_id,
                requester=requester,
                origin=origin,
                spec=replace(spec, soundtrack=kept.soundtrack),
                price=price,
                pictures=kept.pictures,
                has_preview=bool(kept.pictures) and not options.spoiler,
            )
        )
        return replace(
            queued,
            otherwise=_price_otherwise(model, spec),
            ends_on=model.ends_on if model.ends_soon(queued.job.times.created_at.date()) else None,
        )


def _fit_of(model: Model, kind: Kind) -> PictureFit:
    """Return what pictures of a kind of video are made to fit into."""
    bounds = model.abilities.pictures
    return PictureFit(
        min_side=bounds.min_side,
        max_side=min(bounds.max_side, PictureFit().max_side),
        max_ratio=bounds.max_ratio,
        share_ratio=kind is not Kind.REFERENCE,
    )


def _price_otherwise(model: Model, spec: VideoSpec) -> int | None:
    """Return what the same costs with the other choice of sound, where that is another price."""
    if spec.audio is None:
        return None
    chosen = price_of(model, spec).reserved.micros
    other = price_of(model, replace(spec, audio=not spec.audio)).reserved.micros
    return None if other == chosen else other

"""Takes a member's request for a video: checked, its pictures made to fit, queued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.catalogue import Choices, Kind, Model, Price
from bot.domain.jobs.denials import PriceRoseError
from bot.domain.jobs.picture_sources import AnyPicture
from bot.domain.people import Requester
from bot.domain.requests.pictures import PictureFit
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
from bot.services.intake.requests_in_hand import RequestsInHand
from bot.services.intake.submissions import Queued, Submissions


class VideoRequests:
    """What /video does."""

    def __init__(
        self,
        *,
        admission: Admission,
        attachments: Attachments,
        submissions: Submissions,
        in_hand: RequestsInHand,
    ) -> None:
        self._admission = admission
        self._attachments = attachments
        self._submissions = submissions
        self._in_hand = in_hand

    async def request(
        self,
        requester: Requester,
        origin: Origin,
        kind: Kind,
        options: VideoOptions,
        choices: Choices,
        sources: Sequence[AnyPicture] = (),
        soundtrack: SoundSource | None = None,
        *,
        at_most_micros: int | None = None,
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
            at_most_micros: what it was offered for, in micro-CNY.

        Raises:
            PriceRoseError: it costs more than it was offered for.
            RequestError: it may not be made, or not so; nothing was stored.
            DeliveryError: Discord refused the status message; the job was cancelled.
        """
        self._submissions.require_guild(origin.guild_id)
        with self._in_hand.counted(requester.user_id):
            return await self._request(
                requester, origin, kind, options, choices, sources, soundtrack, at_most_micros
            )

    async def _request(
        self,
        requester: Requester,
        origin: Origin,
        kind: Kind,
        options: VideoOptions,
        choices: Choices,
        sources: Sequence[AnyPicture],
        soundtrack: SoundSource | None,
        at_most_micros: int | None,
    ) -> Queued:
        spec = await self._admission.admit(requester, kind, options, choices)
        model = self._admission.offered().get(spec.model)
        if model is None:
            raise LookupError(spec.model)
        self._attachments.check_declared(sources, soundtrack)
        price = price_of(model, spec)
        require_price(price, at_most_micros=at_most_micros)
        if sources or soundtrack is not None:
            await self._submissions.foresee(requester, origin.guild_id, price)
        job_id = await self._submissions.new_job_id()
        kept = KeptAttachments()
        if sources or soundtrack is not None:
            kept = await self._attachments.keep(
                job_id,
                sources,
                requester,
                fit_of(model, kind),
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


def require_price(price: Price, *, count: int = 1, at_most_micros: int | None) -> None:
    """Make sure that nobody pays more than they read.

    Args:
        price: of each job.
        count: how many jobs are asked for.
        at_most_micros: what all of them were offered for, in micro-CNY.

    Raises:
        PriceRoseError: they cost more now.
    """
    micros = price.reserved.micros * count
    if at_most_micros is not None and micros > at_most_micros:
        raise PriceRoseError(micros=micros, shown_micros=at_most_micros)


def fit_of(model: Model, kind: Kind) -> PictureFit:
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

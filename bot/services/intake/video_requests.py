"""Takes a member's request for a video: checked, its pictures made to fit, queued."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.catalogue import Catalogue, Choices, Kind
from bot.domain.people import Requester
from bot.domain.requests.pictures import PictureSource
from bot.domain.requests.submission import Origin, Submission, VideoOptions, price_of
from bot.services.intake.admission import Admission
from bot.services.intake.pictures import Pictures
from bot.services.intake.submissions import Queued, Submissions


class VideoRequests:
    """What /video does."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        admission: Admission,
        pictures: Pictures,
        submissions: Submissions,
    ) -> None:
        self._catalogue = catalogue
        self._admission = admission
        self._pictures = pictures
        self._submissions = submissions

    async def request(
        self,
        requester: Requester,
        origin: Origin,
        kind: Kind,
        options: VideoOptions,
        choices: Choices,
        sources: Sequence[PictureSource] = (),
    ) -> Queued:
        """Queue a job for what was asked.

        Args:
            requester: who asks.
            origin: where, and by which interaction.
            kind: what the member starts from.
            options: how the video is to be made.
            choices: what was chosen of a model.
            sources: the pictures; the first sets the ratio of the others.

        Raises:
            RequestError: it may not be made, or not so; nothing was stored.
            DeliveryError: Discord refused the status message; the job was cancelled.
        """
        self._submissions.require_guild(origin.guild_id)
        spec = await self._admission.admit(requester, kind, options, choices)
        for source in sources:
            self._pictures.check_declared(source)
        model = self._catalogue.get(spec.model)
        if model is None:
            raise LookupError(spec.model)
        price = price_of(model, spec)
        if sources:
            await self._submissions.foresee(requester, origin.guild_id, price)
        job_id = await self._submissions.new_job_id()
        pictures = await self._pictures.keep(job_id, sources, requester) if sources else ()
        return await self._submissions.queue(
            Submission(
                job_id=job_id,
                requester=requester,
                origin=origin,
                spec=spec,
                price=price,
                pictures=pictures,
                has_preview=bool(pictures) and not options.spoiler,
            )
        )

"""Takes a member's request for a video: checked, its pictures made to fit, queued."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bot.domain.catalogue import Catalogue, Choices, Kind
from bot.domain.guilds.denials import QueueFullError
from bot.domain.ids import UserId
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
        most_in_hand: int,
    ) -> None:
        """Remember the parts.

        Args:
            catalogue: all that is offered.
            admission: says what a member may make.
            pictures: keeps what was attached.
            submissions: queues.
            most_in_hand: requests of one member that are taken at the same time; no more could be
                queued, and each costs a look at the rules.
        """
        self._catalogue = catalogue
        self._admission = admission
        self._pictures = pictures
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
        with self._in_hand_of(requester.user_id):
            return await self._request(requester, origin, kind, options, choices, sources)

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
    ) -> Queued:
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

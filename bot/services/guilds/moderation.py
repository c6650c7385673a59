"""Whom and which words a guild's moderators block.

Who may not make videos, and which words no prompt may hold, is asked when a job is submitted;
here both are changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.errors import InvalidOptionsError, JobNotCancellableError
from bot.domain.guilds.audit import Action, MemberChange, WordChange
from bot.domain.guilds.bounds import MAX_BLOCKS, MAX_WORD_CHARACTERS, MAX_WORDS
from bot.domain.guilds.settings import BlockPage
from bot.domain.ids import GuildId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import CANCELLABLE, JobState
from bot.domain.people import Person, Requester
from bot.domain.ports import Clock
from bot.domain.problems import OptionProblem
from bot.domain.requests.words import MAX_FOLDED_CHARACTERS, fold
from bot.services.audit_log import AuditLog
from bot.services.intake.cancellation import Cancellations
from bot.storage import jobs, moderation
from bot.storage.engine import Database

PAGE = 25
"""Blocked members on a page of their list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """What a block did."""

    is_new: bool
    cancelled: int
    """Waiting jobs of the member that are over now."""
    requested: int
    """Jobs that end without a video if the provider has not begun them."""


class Moderation:
    """Blocks members and words."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditLog,
        cancellations: Cancellations,
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._cancellations = cancellations

    async def block(self, guild_id: GuildId, user_id: UserId, actor: Person) -> Blocked:
        """Keep a member from making videos, and cancel what of theirs still waits.

        The block is committed first: what is submitted meanwhile is refused by it. Asked again,
        it cancels what an interrupted one has left.

        Raises:
            InvalidOptionsError: there are too many already.
        """
        async with self._database.write() as connection:
            guild = await self._audit.begin(connection, guild_id)
            is_blocked = await moderation.is_blocked(connection, guild_id, user_id)
            if not is_blocked and await moderation.count_blocks(connection, guild_id) >= MAX_BLOCKS:
                raise InvalidOptionsError(problem=OptionProblem.TOO_MANY_BLOCKS, limit=MAX_BLOCKS)
            is_new = await moderation.block(
                connection, guild_id, user_id, blocked_by=actor.user_id, at=self._clock.now()
            )
            if is_new:
                change = MemberChange(action=Action.MEMBER_BLOCKED, user_id=user_id)
                await self._audit.record(connection, guild, actor, change)
        ended = await self._cancel_waiting(guild_id, user_id, actor)
        cancelled = sum(job.state is JobState.CANCELLED for job in ended)
        return Blocked(is_new=is_new, cancelled=cancelled, requested=len(ended) - cancelled)

    async def unblock(self, guild_id: GuildId, user_id: UserId, actor: Person) -> bool:
        """Let a member make videos again; return False where nobody kept them from it."""
        async with self._database.write() as connection:
            guild = await self._audit.begin(connection, guild_id)
            if not await moderation.unblock(connection, guild_id, user_id):
                return False
            change = MemberChange(action=Action.MEMBER_UNBLOCKED, user_id=user_id)
            await self._audit.record(connection, guild, actor, change)
        return True

    async def blocks(self, guild_id: GuildId, *, offset: int = 0) -> BlockPage:
        """Return a page of who is blocked, the newest first."""
        async with self._database.read() as connection:
            # One more than is shown tells whether there is another page.
            found = await moderation.blocks_of(connection, guild_id, limit=PAGE + 1, offset=offset)
            count = await moderation.count_blocks(connection, guild_id)
        return BlockPage(
            blocks=tuple(found[:PAGE]), offset=offset, count=count, has_older=len(found) > PAGE
        )

    async def add_word(self, guild_id: GuildId, word: str, actor: Person) -> bool:
        """Let no prompt hold a word; return False where it is blocked already.

        Raises:
            InvalidOptionsError: nothing to compare is left of it, it is too long, or there are
                too many already.
        """
        folded = _folded(word)
        async with self._database.write() as connection:
            guild = await self._audit.begin(connection, guild_id)
            if len(await moderation.words_of(connection, guild_id)) >= MAX_WORDS:
                raise InvalidOptionsError(problem=OptionProblem.TOO_MANY_WORDS, limit=MAX_WORDS)
            if not await moderation.add_word(connection, guild_id, folded=folded, word=word):
                return False
            change = WordChange(action=Action.WORD_ADDED, word=word)
            await self._audit.record(connection, guild, actor, change)
        return True

    async def remove_word(self, guild_id: GuildId, word: str, actor: Person) -> str | None:
        """Allow a word again, in whatever spelling; return how it was written, if it was there."""
        folded = fold(word)
        async with self._database.write() as connection:
            guild = await self._audit.begin(connection, guild_id)
            written = (await moderation.words_of(connection, guild_id)).get(folded)
            if written is None:
                return None
            await moderation.remove_word(connection, guild_id, folded=folded)
            change = WordChange(action=Action.WORD_REMOVED, word=written)
            await self._audit.record(connection, guild, actor, change)
        return written

    async def words(self, guild_id: GuildId) -> Sequence[str]:
        """Return the blocked words as they were written, in alphabetical order."""
        async with self._database.read() as connection:
            return list((await moderation.words_of(connection, guild_id)).values())

    async def cancellable(self, guild_id: GuildId) -> list[Job]:
        """Return the guild's jobs that a cancel can still help, oldest first."""
        async with self._database.read() as connection:
            return await jobs.in_states(connection, CANCELLABLE, guild_id=guild_id)

    async def _cancel_waiting(self, guild_id: GuildId, user_id: UserId, actor: Person) -> list[Job]:
        moderator = Requester(
            user_id=actor.user_id, guild_id=guild_id, may_moderate=True, name=actor.name
        )
        ended = []
        for job in await self.cancellable(guild_id):
            if job.requester.user_id != user_id or job.cancellation.requested_at is not None:
                continue
            try:
                ended.append(await self._cancellations.cancel(job.id, moderator))
            except JobNotCancellableError:
                # Begun by the provider a moment ago: it goes on, like those that ran before.
                continue
        return ended


def _folded(word: str) -> str:
    folded = fold(word)
    if not folded:
        raise InvalidOptionsError(problem=OptionProblem.WORD_EMPTY)
    if len(folded) > MAX_FOLDED_CHARACTERS or len(word) > MAX_WORD_CHARACTERS:
        raise InvalidOptionsError(problem=OptionProblem.WORD_TOO_LONG)
    return folded

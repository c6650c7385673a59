"""Buttons that turn the pages of a long answer, in whatever process runs.

What a page shows is the custom id: the answer itself remembers nothing. Each press is authorised
anew, as a permission may be gone.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self, final

import discord
from typing_extensions import override

from bot.chat import moderation_panels, text, usage_panels
from bot.client import TweenBot
from bot.domain.guilds.quota import Span
from bot.domain.guilds.settings import BlockPage
from bot.domain.guilds.usage import AuditPage, Cursor, LogPage, LogQuery
from bot.domain.ids import CROCKFORD, JobId, UserId
from bot.domain.jobs.states import StateFilter
from bot.services.guilds.moderation import PAGE
from bot.services.guilds.usage_reports import AUDIT_PAGE
from cogs._checks import (
    acknowledge,
    guild_of,
    money_of,
    require_admin,
    require_ids,
    require_moderator,
)
from cogs._errors import answer

_SPAN = r"(?P<start>\d{1,11}):(?P<end>\d{1,11})"
_STATE = rf"(?P<state>{'|'.join(StateFilter)})"
_PLACE = rf"(?P<side>[on])(?P<micros>\d{{1,17}}):(?P<job>[{CROCKFORD}]{{6}})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCursor:
    """A page of the log, as it fits into the 100 characters of a custom id."""

    query: LogQuery
    state: StateFilter

    def custom_id(self) -> str:
        """Return the address of the page."""
        query = self.query
        if query.cursor is None:
            raise ValueError("the newest page has no button")
        side = "n" if query.is_newer else "o"
        return (
            f"usage:log:{_seconds(query.span.start)}:{_seconds(query.span.end)}:{self.state}:"
            f"{query.member_id or 0}:{side}{_micros(query.cursor.at)}:{query.cursor.job_id}"
        )

    @classmethod
    def of(cls, match: re.Match[str]) -> LogCursor:
        """Read an address back."""
        cursor = Cursor(at=_moment(int(match["micros"])), job_id=JobId(match["job"]))
        member = int(match["member"])
        return cls(
            state=StateFilter(match["state"]),
            query=LogQuery(
                span=_span(match),
                states=StateFilter(match["state"]).states,
                member_id=UserId(member) if member else None,
                cursor=cursor,
                is_newer=match["side"] == "n",
            ),
        )


def log_view(page: LogPage, state: StateFilter) -> discord.ui.View | None:
    """Return the buttons of a page of the log; None where it is the only one."""
    if not page.jobs:
        return None
    first, last = page.jobs[0], page.jobs[-1]
    newer = replace(
        page.query, cursor=Cursor(at=first.times.created_at, job_id=first.id), is_newer=True
    )
    older = replace(
        page.query, cursor=Cursor(at=last.times.created_at, job_id=last.id), is_newer=False
    )
    return _view(
        LogButton(LogCursor(query=newer, state=state), text.usage.NEWER, is_off=not page.has_newer),
        LogButton(LogCursor(query=older, state=state), text.usage.OLDER, is_off=not page.has_older),
    )


def audit_view(page: AuditPage) -> discord.ui.View | None:
    """Return the buttons of a page of changes; None where it is the only one."""
    return _view(
        AuditButton(
            page.span, max(0, page.offset - AUDIT_PAGE), text.usage.NEWER, is_off=page.offset == 0
        ),
        AuditButton(
            page.span, page.offset + AUDIT_PAGE, text.usage.OLDER, is_off=not page.has_older
        ),
    )


def block_view(page: BlockPage) -> discord.ui.View | None:
    """Return the buttons of a page of blocked members; None where it is the only one."""
    return _view(
        BlockButton(max(0, page.offset - PAGE), text.usage.NEWER, is_off=page.offset == 0),
        BlockButton(page.offset + PAGE, text.usage.OLDER, is_off=not page.has_older),
    )


def _view(*buttons: PageButton) -> discord.ui.View | None:
    if all(button.item.disabled for button in buttons):
        return None
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    return view


class PageButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"usage:never"):
    """A button that puts another page in place of its own."""

    def __init__(self, custom_id: str, label: str, *, is_off: bool = False) -> None:
        super().__init__(
            discord.ui.Button(
                style=discord.ButtonStyle.secondary,
                label=label,
                custom_id=custom_id,
                disabled=is_off,
            )
        )

    @final
    @override
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        try:
            await acknowledge(interaction, in_place=True)
            self.authorise(interaction)
            embed, view = await self.page(interaction)
            await interaction.edit_original_response(content=None, embed=embed, view=view)
        except Exception as error:  # noqa: BLE001 - the named boundary of page buttons
            await answer(interaction, error)

    def authorise(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Let admins in; lists of moderators are less strict.

        Raises:
            NotPermittedError: whoever presses may not read the list.
        """
        require_admin(interaction)

    @abstractmethod
    async def page(
        self, interaction: discord.Interaction[TweenBot]
    ) -> tuple[discord.Embed, discord.ui.View | None]:
        """Return the page the button leads to."""


class LogButton(
    PageButton, template=rf"usage:log:{_SPAN}:{_STATE}:(?P<member>\d{{1,20}}):{_PLACE}"
):
    """Turns a page of /usage log."""

    def __init__(self, address: LogCursor, label: str, *, is_off: bool = False) -> None:
        self.address = address
        super().__init__(address.custom_id(), label, is_off=is_off)

    @classmethod
    @override
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        return cls(LogCursor.of(match), "")

    @override
    async def page(
        self, interaction: discord.Interaction[TweenBot]
    ) -> tuple[discord.Embed, discord.ui.View | None]:
        require_ids(self.address.query.member_id)
        usage = interaction.client.services.usage_reports
        page = await usage.log(guild_of(interaction), self.address.query)
        embed = usage_panels.log(page, money_of(interaction))
        return embed, log_view(page, self.address.state)


class AuditButton(PageButton, template=rf"usage:audit:{_SPAN}:(?P<offset>\d{{1,7}})"):
    """Turns a page of /usage audit."""

    def __init__(self, span: Span, offset: int, label: str, *, is_off: bool = False) -> None:
        self.span = span
        self.offset = offset
        # Two buttons of one message must differ, even where one of them leads nowhere.
        custom_id = f"usage:audit:{_seconds(span.start)}:{_seconds(span.end)}:{offset}"
        super().__init__(custom_id, label, is_off=is_off)

    @classmethod
    @override
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        return cls(_span(match), int(match["offset"]), "")

    @override
    async def page(
        self, interaction: discord.Interaction[TweenBot]
    ) -> tuple[discord.Embed, discord.ui.View | None]:
        usage = interaction.client.services.usage_reports
        page = await usage.audit(guild_of(interaction), self.span, offset=self.offset)
        return usage_panels.audit(page, money_of(interaction)), audit_view(page)


class BlockButton(PageButton, template=r"moderate:blocks:(?P<offset>\d{1,7})"):
    """Turns a page of /moderate block list."""

    def __init__(self, offset: int, label: str, *, is_off: bool = False) -> None:
        self.offset = offset
        super().__init__(f"moderate:blocks:{offset}", label, is_off=is_off)

    @classmethod
    @override
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        return cls(int(match["offset"]), "")

    @override
    def authorise(self, interaction: discord.Interaction[TweenBot]) -> None:
        require_moderator(interaction)

    @override
    async def page(
        self, interaction: discord.Interaction[TweenBot]
    ) -> tuple[discord.Embed, discord.ui.View | None]:
        moderation = interaction.client.services.moderation
        page = await moderation.blocks(guild_of(interaction), offset=self.offset)
        return moderation_panels.block_list(page), block_view(page)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _micros(moment: datetime) -> int:
    """Return a moment exactly: a float would lose the last digit."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _span(match: re.Match[str]) -> Span:
    start, end = (_moment(int(match[name]) * 1_000_000) for name in ("start", "end"))
    return Span(start=start, end=end)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

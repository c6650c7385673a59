"""Draws what moderators look through: rules and grants, blocked members, blocked words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

import discord

from bot.chat import colours, limits, text
from bot.chat.panels import fitting
from bot.domain.guilds.quota import Grant, Scope, Standing, Unit, Window
from bot.domain.guilds.settings import BlockPage
from bot.domain.jobs.job import Job
from bot.domain.money import Money


def quota_list(
    rules: Sequence[Standing],
    grants: Sequence[Grant],
    money: Money,
    *,
    grants_count: int | None = None,
    roles: Collection[int] | None = None,
) -> discord.Embed:
    """Return a guild's rules slot by slot, as they come, and what is granted.

    Args:
        rules: sorted by slot.
        grants: what may still be used.
        money: how amounts are shown.
        grants_count: of all grants, where not all are given.
        roles: the guild's, to tell deleted ones; None where they are not known.
    """
    slots = [
        _slot(slot, list(lines), money, roles)
        for slot, lines in groupby(rules, key=lambda line: line.rule.slot)
    ]
    embed = discord.Embed(
        title=text.moderation.QUOTAS,
        description=fitting(slots, "\n\n", limits.EMBED_DESCRIPTION_CHARACTERS),
        colour=colours.BLURPLE,
    )
    if grants:
        lines = [f"<@{grant.user_id}>: {text.answers.grant_left(grant, money)}" for grant in grants]
        embed.add_field(
            name=text.answers.GRANTED,
            value=fitting(
                lines,
                "\n",
                limits.EMBED_FIELD_VALUE_CHARACTERS,
                more=max(0, (grants_count or 0) - len(grants)),
            ),
            inline=False,
        )
    return embed


def _slot(
    slot: tuple[Unit, Window],
    lines: Sequence[Standing],
    money: Money,
    roles: Collection[int] | None,
) -> str:
    unit, window = slot
    heading = text.moderation.slot(unit, window)
    # A ceiling counts in UTC; what moderators set counts in the server's own days.
    own = sorted(lines, key=lambda line: line.rule.scope is Scope.CEILING)
    resets = next((line.check.span.end for line in own if line.check is not None), None)
    if resets is not None:
        heading += f" · {text.moderation.resets(text.phrases.relative(resets))}"
    shown = [text.moderation.standing(line, money, roles) for line in lines]
    # Of one slot with hundreds of members, the others must stay readable.
    return "\n".join((heading, fitting(shown, "\n", limits.EMBED_FIELD_VALUE_CHARACTERS)))


def block_list(page: BlockPage) -> discord.Embed:
    """Return a page of who is blocked, a line each."""
    lines = [text.moderation.block(block) for block in page.blocks]
    embed = discord.Embed(
        title=text.moderation.BLOCKED_MEMBERS,
        description=fitting(lines, "\n", limits.EMBED_DESCRIPTION_CHARACTERS)
        or text.moderation.NOBODY_BLOCKED,
        colour=colours.BLURPLE,
    )
    if page.offset or page.has_older:
        first = page.offset + 1
        embed.set_footer(
            text=text.moderation.page_of_blocks(first, page.offset + len(page.blocks), page.count)
        )
    return embed


def word_list(words: Sequence[str]) -> discord.Embed:
    """Return the blocked words."""
    shown = fitting(
        [text.moderation.written(word) for word in words],
        " · ",
        limits.EMBED_DESCRIPTION_CHARACTERS,
    )
    return discord.Embed(
        title=text.moderation.BLOCKED_WORDS,
        description=shown or text.moderation.NO_WORDS,
        colour=colours.BLURPLE,
    )


def choice(job: Job) -> str:
    """Return anybody's job as one line of an autocomplete list, at most 100 characters."""
    name = text.phrases.one_line(job.requester.name, limits.CHOICE_CHARACTERS)
    line = f"{job.id} · {text.jobs.STATES[job.state]} · {name} · {job.spec.model}"
    return text.phrases.shortened(line, limits.CHOICE_CHARACTERS)

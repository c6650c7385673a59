"""/moderate: quotas, blocked members and words, anybody's job of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import limits, moderation_panels, panels, text
from bot.client import TweenBot
from bot.domain.errors import InvalidOptionsError
from bot.domain.guilds.bounds import MAX_WORD_CHARACTERS
from bot.domain.guilds.quota import MAX_GRANT_DAYS, Rule, Scope, Unit
from bot.domain.ids import GuildId, UserId
from bot.domain.problems import OptionProblem
from bot.services.guilds.moderation import Moderation
from bot.services.guilds.quota_rules import QuotaRules, RuleTarget
from bot.services.intake.cancellation import Cancellations
from bot.services.intake.quotas import Quotas
from cogs._amounts import Amount, read_amount
from cogs._checks import actor_of, guild_of, is_admin, is_moderator, money_of, requester_of
from cogs._errors import say, suggesting
from cogs._guarded import ModeratorCog
from cogs._options import AnyUnit, AnyWindow
from cogs._pages import BlockButton, block_view

DEFAULT_DAYS = 7

if TYPE_CHECKING:
    Days = int
    Word = str
else:
    Days = app_commands.Range[int, 1, MAX_GRANT_DAYS]
    Word = app_commands.Range[str, 1, MAX_WORD_CHARACTERS]

# A member who left is a User: rules of theirs can still be cleared, and they can be blocked.
Target = discord.Member | discord.User | discord.Role


@app_commands.default_permissions(moderate_members=True)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class ModerateCog(
    ModeratorCog,
    commands.GroupCog,
    group_name="moderate",
    group_description=text.staff_descriptions.MODERATE,
):
    """Lets moderators bound what a server spends and shows."""

    quota = app_commands.Group(name="quota", description=text.staff_descriptions.MODERATE_QUOTA)
    block = app_commands.Group(name="block", description=text.staff_descriptions.MODERATE_BLOCK)
    words = app_commands.Group(name="words", description=text.staff_descriptions.MODERATE_WORDS)

    def __init__(
        self,
        *,
        quota_rules: QuotaRules,
        quotas: Quotas,
        moderation: Moderation,
        cancellations: Cancellations,
    ) -> None:
        self._quota_rules = quota_rules
        self._quotas = quotas
        self._moderation = moderation
        self._cancellations = cancellations
        super().__init__()

    # --- quota --------------------------------------------------------------------------------

    @quota.command(name="set", description=text.staff_descriptions.MODERATE_QUOTA_SET.description)
    @app_commands.describe(**text.staff_descriptions.MODERATE_QUOTA_SET.options)
    async def set_quota(
        self,
        interaction: discord.Interaction[TweenBot],
        limit: Amount,
        per: AnyWindow,
        unit: AnyUnit = Unit.VIDEOS,
        target: Target | None = None,
        each: bool = False,  # noqa: FBT001, FBT002 - an option of the command
    ) -> None:
        """Set how much this server, each member, a role or a member may use."""
        guild_id = guild_of(interaction)
        whose = _target_of(guild_id, target, each=each)
        money = money_of(interaction)
        rule = Rule(
            scope=whose.scope,
            unit=unit,
            window=per,
            limit=read_amount(unit, limit, money),
            target_id=whose.target_id,
        )
        made = await self._quota_rules.set(
            guild_id, rule, actor_of(interaction), is_admin=is_admin(interaction)
        )
        await say(interaction, text.moderation.rule_set(made.rule, made.ceiling, money))

    @quota.command(
        name="clear", description=text.staff_descriptions.MODERATE_QUOTA_CLEAR.description
    )
    @app_commands.describe(**text.staff_descriptions.MODERATE_QUOTA_CLEAR.options)
    async def clear_quota(
        self,
        interaction: discord.Interaction[TweenBot],
        target: Target | None = None,
        each: bool = False,  # noqa: FBT001, FBT002 - an option of the command
        per: AnyWindow | None = None,
        unit: AnyUnit | None = None,
    ) -> None:
        """Take rules away; the defaults count again."""
        guild_id = guild_of(interaction)
        roles = _roles_of(interaction)
        cleared = await self._quota_rules.clear(
            guild_id,
            _target_of(guild_id, target, each=each),
            actor_of(interaction),
            window=per,
            unit=unit,
            roles=roles,
        )
        money = money_of(interaction)
        lines = [
            text.moderation.rule_cleared(gone.rule, gone.default, money, roles) for gone in cleared
        ]
        await say(interaction, "\n".join(lines) or text.moderation.NO_RULE_THERE)

    @quota.command(
        name="grant", description=text.staff_descriptions.MODERATE_QUOTA_GRANT.description
    )
    @app_commands.describe(**text.staff_descriptions.MODERATE_QUOTA_GRANT.options)
    async def grant_quota(
        self,
        interaction: discord.Interaction[TweenBot],
        member: discord.User,
        amount: Amount,
        unit: AnyUnit = Unit.VIDEOS,
        days: Days = DEFAULT_DAYS,
    ) -> None:
        """Let a member use some more, once."""
        guild_id = guild_of(interaction)
        money = money_of(interaction)
        granted = await self._quota_rules.grant(
            guild_id,
            UserId(member.id),
            actor_of(interaction),
            unit=unit,
            amount=read_amount(unit, amount, money, least=1),
            days=days,
        )
        await say(interaction, text.moderation.granted(granted, money))

    @quota.command(name="list", description=text.staff_descriptions.MODERATE_QUOTA_LIST.description)
    async def list_quotas(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Show every rule, ceiling and grant of this server."""
        guild_id = guild_of(interaction)
        shown = await self._quotas.overview(guild_id)
        embed = moderation_panels.quota_list(
            shown.standings,
            shown.grants,
            money_of(interaction),
            grants_count=shown.grants_count,
            roles=_roles_of(interaction),
        )
        await say(interaction, embed=embed)

    # --- block --------------------------------------------------------------------------------

    @block.command(name="add", description=text.staff_descriptions.MODERATE_BLOCK_ADD.description)
    @app_commands.describe(**text.staff_descriptions.MODERATE_BLOCK_ADD.options)
    async def add_block(
        self, interaction: discord.Interaction[TweenBot], member: discord.User
    ) -> None:
        """Keep a member from making videos here."""
        guild_id = guild_of(interaction)
        done = await self._moderation.block(guild_id, UserId(member.id), actor_of(interaction))
        answer = text.moderation.blocked(
            member.id, is_new=done.is_new, cancelled=done.cancelled, requested=done.requested
        )
        await say(interaction, answer)

    @block.command(
        name="remove", description=text.staff_descriptions.MODERATE_BLOCK_REMOVE.description
    )
    @app_commands.describe(**text.staff_descriptions.MODERATE_BLOCK_REMOVE.options)
    async def remove_block(
        self, interaction: discord.Interaction[TweenBot], member: discord.User
    ) -> None:
        """Let a blocked member make videos again."""
        guild_id = guild_of(interaction)
        was_blocked = await self._moderation.unblock(
            guild_id, UserId(member.id), actor_of(interaction)
        )
        await say(interaction, text.moderation.unblocked(member.id, was_blocked=was_blocked))

    @block.command(name="list", description=text.staff_descriptions.MODERATE_BLOCK_LIST.description)
    async def list_blocks(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Show who is blocked."""
        guild_id = guild_of(interaction)
        page = await self._moderation.blocks(guild_id)
        embed = moderation_panels.block_list(page)
        await say(interaction, embed=embed, view=block_view(page))

    # --- words --------------------------------------------------------------------------------

    @words.command(name="add", description=text.staff_descriptions.MODERATE_WORDS_ADD.description)
    @app_commands.describe(**text.staff_descriptions.MODERATE_WORDS_ADD.options)
    async def add_word(self, interaction: discord.Interaction[TweenBot], word: Word) -> None:
        """Refuse prompts that hold a word."""
        guild_id = guild_of(interaction)
        added = await self._moderation.add_word(guild_id, word.strip(), actor_of(interaction))
        said = text.moderation.word_added(word.strip()) if added else text.moderation.WORD_KNOWN
        await say(interaction, said)

    @words.command(
        name="remove", description=text.staff_descriptions.MODERATE_WORDS_REMOVE.description
    )
    @app_commands.describe(**text.staff_descriptions.MODERATE_WORDS_REMOVE.options)
    async def remove_word(self, interaction: discord.Interaction[TweenBot], word: Word) -> None:
        """Allow a blocked word again."""
        guild_id = guild_of(interaction)
        removed = await self._moderation.remove_word(guild_id, word, actor_of(interaction))
        said = text.moderation.word_removed(removed) if removed else text.moderation.WORD_UNKNOWN
        await say(interaction, said)

    @words.command(name="list", description=text.staff_descriptions.MODERATE_WORDS_LIST.description)
    async def list_words(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Show the blocked words."""
        guild_id = guild_of(interaction)
        words = await self._moderation.words(guild_id)
        await say(interaction, embed=moderation_panels.word_list(words))

    @remove_word.autocomplete("word")
    @suggesting
    async def _blocked_word(
        self, interaction: discord.Interaction[TweenBot], current: str
    ) -> list[app_commands.Choice[str]]:
        if not is_moderator(interaction):
            return []
        typed = current.strip().casefold()
        words = await self._moderation.words(guild_of(interaction))
        return [
            app_commands.Choice(name=word, value=word) for word in words if typed in word.casefold()
        ][: limits.CHOICES]

    # --- jobs ---------------------------------------------------------------------------------

    @app_commands.command(
        name="cancel", description=text.staff_descriptions.MODERATE_CANCEL.description
    )
    @app_commands.describe(**text.staff_descriptions.MODERATE_CANCEL.options)
    async def cancel(self, interaction: discord.Interaction[TweenBot], job: str) -> None:
        """Cancel anybody's job that the provider has not begun."""
        guild_of(interaction)
        cancelled = await self._cancellations.cancel(job, requester_of(interaction))
        await say(interaction, panels.cancelled(cancelled))

    @cancel.autocomplete("job")
    @suggesting
    async def _cancellable_job(
        self, interaction: discord.Interaction[TweenBot], current: str
    ) -> list[app_commands.Choice[str]]:
        if not is_moderator(interaction):
            return []
        typed = current.strip().casefold()
        jobs = await self._moderation.cancellable(guild_of(interaction))
        choices = [
            app_commands.Choice(name=moderation_panels.choice(job), value=job.id) for job in jobs
        ]
        return [choice for choice in choices if typed in choice.name.casefold()][: limits.CHOICES]


def _target_of(guild_id: GuildId, target: Target | None, *, each: bool) -> RuleTarget:
    """Return whom a rule binds; everybody's role is each member."""
    if target is None:
        return RuleTarget(scope=Scope.MEMBER_DEFAULT if each else Scope.SERVER)
    if each:
        raise InvalidOptionsError(problem=OptionProblem.EACH_AND_TARGET)
    if not isinstance(target, discord.Role):
        return RuleTarget(scope=Scope.MEMBER, target_id=target.id)
    if target.id == guild_id:
        return RuleTarget(scope=Scope.MEMBER_DEFAULT)
    return RuleTarget(scope=Scope.ROLE, target_id=target.id)


def _roles_of(interaction: discord.Interaction[TweenBot]) -> frozenset[int] | None:
    """Return the roles a server has; None while the gateway has not told them."""
    guild = interaction.guild
    if guild is None or guild.unavailable or not guild.roles:
        return None
    return frozenset(role.id for role in guild.roles)


async def setup(bot: TweenBot) -> None:
    """Load the cog, and listen for presses of its page buttons."""
    bot.add_dynamic_items(BlockButton)
    services = bot.services
    await bot.add_cog(
        ModerateCog(
            quota_rules=services.quota_rules,
            quotas=services.quotas,
            moderation=services.moderation,
            cancellations=services.cancellations,
        )
    )

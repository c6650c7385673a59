"""/moderate: quotas, blocked members and words, anybody's job of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import limits, moderation_panels, panels, text
from bot.client import TweenBot
from bot.domain.errors import InvalidOptionsError
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.ids import GuildId, UserId
from bot.services.guilds.moderation import Moderation
from bot.services.guilds.quota_rules import QuotaRules, RuleTarget
from bot.services.intake.cancellation import Cancellations
from bot.services.intake.quotas import Quotas
from cogs._amounts import Amount, UnitName, WindowName, read_amount
from cogs._checks import actor_of, guild_of, is_moderator, money_of, requester_of
from cogs._errors import say, suggesting
from cogs._guarded import ModeratorCog

DEFAULT_DAYS = 7
WORD_CHARACTERS = 64

if TYPE_CHECKING:
    Days = int
    Word = str
else:
    Days = app_commands.Range[int, 1, 90]
    Word = app_commands.Range[str, 1, WORD_CHARACTERS]

# A member who left is a User: rules of theirs can still be cleared, and they can be blocked.
Target = discord.Member | discord.User | discord.Role


@app_commands.default_permissions(moderate_members=True)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class ModerateCog(
    ModeratorCog,
    commands.GroupCog,
    group_name="moderate",
    group_description="Quotas, blocks, words, anybody's jobs (moderators)",
):
    """Lets moderators bound what a server spends and shows."""

    quota = app_commands.Group(name="quota", description="What this server and its members may use")
    block = app_commands.Group(name="block", description="Members who may not make videos")
    words = app_commands.Group(name="words", description="Words that no prompt may hold")

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

    @quota.command(name="set")
    @app_commands.describe(
        limit="How much; 0 blocks. Videos and seconds are whole numbers",
        per="Over which span: a day, a week from Monday, a month",
        unit="What is counted; without it videos",
        target="A member or role; without it the server as a whole",
        each="The rule for each member who has no other",
    )
    async def set_quota(
        self,
        interaction: discord.Interaction[TweenBot],
        limit: Amount,
        per: WindowName,
        unit: UnitName = "videos",
        target: Target | None = None,
        each: bool = False,  # noqa: FBT001, FBT002 - an option of the command
    ) -> None:
        """Set how much this server, each member, a role or a member may use."""
        guild_id = guild_of(interaction)
        whose = _target_of(guild_id, target, each=each)
        money = money_of(interaction)
        rule = Rule(
            scope=whose.scope,
            unit=Unit(unit),
            window=Window(per),
            limit=read_amount(Unit(unit), limit, money),
            target_id=whose.target_id,
        )
        made = await self._quota_rules.set(guild_id, rule, actor_of(interaction))
        await say(interaction, text.rule_set(made.rule, made.ceiling, money))

    @quota.command(name="clear")
    @app_commands.describe(
        target="A member or role; without it the server as a whole",
        each="The rule for each member who has no other",
        per="Only rules over this span",
        unit="Only rules that count this",
    )
    async def clear_quota(
        self,
        interaction: discord.Interaction[TweenBot],
        target: Target | None = None,
        each: bool = False,  # noqa: FBT001, FBT002 - an option of the command
        per: WindowName | None = None,
        unit: UnitName | None = None,
    ) -> None:
        """Take rules away; the defaults count again."""
        guild_id = guild_of(interaction)
        roles = _roles_of(interaction)
        cleared = await self._quota_rules.clear(
            guild_id,
            _target_of(guild_id, target, each=each),
            actor_of(interaction),
            window=None if per is None else Window(per),
            unit=None if unit is None else Unit(unit),
            roles=roles,
        )
        money = money_of(interaction)
        lines = [text.rule_cleared(each.rule, each.default, money, roles) for each in cleared]
        await say(interaction, "\n".join(lines) or text.NO_RULE_THERE)

    @quota.command(name="grant")
    @app_commands.describe(
        member="Who may use it",
        amount="How much, once, where their own rule has no room",
        unit="What is counted; without it videos",
        days="How long it can be used, 1 to 90 days; without it 7",
    )
    async def grant_quota(
        self,
        interaction: discord.Interaction[TweenBot],
        member: discord.User,
        amount: Amount,
        unit: UnitName = "videos",
        days: Days = DEFAULT_DAYS,
    ) -> None:
        """Let a member use some more, once."""
        guild_id = guild_of(interaction)
        money = money_of(interaction)
        granted = await self._quota_rules.grant(
            guild_id,
            UserId(member.id),
            actor_of(interaction),
            unit=Unit(unit),
            amount=read_amount(Unit(unit), amount, money, least=1),
            days=days,
        )
        await say(interaction, text.granted(granted, money))

    @quota.command(name="list")
    async def list_quotas(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Show every rule, ceiling and grant of this server."""
        guild_id = guild_of(interaction)
        shown = await self._quotas.overview(guild_id)
        embed = moderation_panels.quota_list(
            shown.standings,
            shown.grants,
            money_of(interaction),
            roles=_roles_of(interaction),
        )
        await say(interaction, embed=embed)

    # --- block --------------------------------------------------------------------------------

    @block.command(name="add")
    @app_commands.describe(member="Who may make no videos here; their waiting jobs are cancelled")
    async def add_block(
        self, interaction: discord.Interaction[TweenBot], member: discord.User
    ) -> None:
        """Keep a member from making videos here."""
        guild_id = guild_of(interaction)
        done = await self._moderation.block(guild_id, UserId(member.id), actor_of(interaction))
        answer = text.blocked(
            member.id, is_new=done.is_new, cancelled=done.cancelled, requested=done.requested
        )
        await say(interaction, answer)

    @block.command(name="remove")
    @app_commands.describe(member="Who may make videos here again")
    async def remove_block(
        self, interaction: discord.Interaction[TweenBot], member: discord.User
    ) -> None:
        """Let a blocked member make videos again."""
        guild_id = guild_of(interaction)
        was_blocked = await self._moderation.unblock(
            guild_id, UserId(member.id), actor_of(interaction)
        )
        await say(interaction, text.unblocked(member.id, was_blocked=was_blocked))

    @block.command(name="list")
    async def list_blocks(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Show who is blocked."""
        guild_id = guild_of(interaction)
        blocks = await self._moderation.blocks(guild_id)
        await say(interaction, embed=moderation_panels.block_list(blocks))

    # --- words --------------------------------------------------------------------------------

    @words.command(name="add")
    @app_commands.describe(word="A word or words in a row; accents and look-alikes do not matter")
    async def add_word(self, interaction: discord.Interaction[TweenBot], word: Word) -> None:
        """Refuse prompts that hold a word."""
        guild_id = guild_of(interaction)
        added = await self._moderation.add_word(guild_id, word.strip(), actor_of(interaction))
        await say(interaction, text.word_added(word.strip()) if added else text.WORD_KNOWN)

    @words.command(name="remove")
    @app_commands.describe(word="A blocked word, in any spelling")
    async def remove_word(self, interaction: discord.Interaction[TweenBot], word: Word) -> None:
        """Allow a blocked word again."""
        guild_id = guild_of(interaction)
        removed = await self._moderation.remove_word(guild_id, word, actor_of(interaction))
        await say(interaction, text.word_removed(removed) if removed else text.WORD_UNKNOWN)

    @words.command(name="list")
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

    @app_commands.command(name="cancel")
    @app_commands.describe(job="Id of anybody's job in this server, for instance 7F3K2Q")
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
        raise InvalidOptionsError(problem="each_and_target")
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
    """Load the cog."""
    services = bot.services
    await bot.add_cog(
        ModerateCog(
            quota_rules=services.quota_rules,
            quotas=services.quotas,
            moderation=services.moderation,
            cancellations=services.cancellations,
        )
    )

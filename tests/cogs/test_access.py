"""Who sees and touches whose job: real services on a real database behind real commands."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import discord
import pytest
from pydantic import SecretStr

from bot.app import build_app
from bot.domain.ids import GuildId, InteractionId, JobId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.transitions import open_job
from bot.domain.ports import Chat, VideoProvider
from bot.outside import Overrides
from bot.settings import Settings
from bot.storage import jobs, lanes
from cogs.jobs import JobsCog
from tests.chat.examples import GUILD, a_job
from tests.cogs.doubles import MODERATOR, NOBODY, Backstage, an_interaction, run

MINE, THEIRS, ELSEWHERE = JobId("AAAAAA"), JobId("BBBBBB"), JobId("CCCCCC")
SOMEBODY, OTHER_GUILD = UserId(43), GuildId(501)


def stored(job_id: JobId, number: int, **changes: Any) -> Job:  # noqa: ANN401 - a job's fields
    return a_job(id=job_id, interaction_id=InteractionId(number), task_id=None, **changes)


@pytest.fixture
async def cog(tmp_path: Path, template: Path) -> AsyncIterator[JobsCog]:
    shutil.copyfile(template, tmp_path / "tween.db")
    settings = Settings(
        _env_file=None,
        discord_token=SecretStr("token"),
        dashscope_api_key=SecretStr("sk-key"),
        database_url=f"sqlite:///{tmp_path / 'tween.db'}",
        data_dir=tmp_path,
    )
    provider = create_autospec(VideoProvider, instance=True)
    provider.account = a_job().account
    overrides = Overrides(chat=create_autospec(Chat, instance=True), provider=provider)
    async with build_app(settings, overrides) as app:
        models = [(model.name, model.limits) for model in app.catalogue]
        async with app.database.write() as connection:
            await lanes.ensure(connection, provider.account, models)
            for job in (
                stored(MINE, 1),
                stored(THEIRS, 2, requester_id=SOMEBODY),
                stored(ELSEWHERE, 3, guild_id=OTHER_GUILD),
            ):
                await jobs.apply(connection, open_job(job))
        yield JobsCog(
            lookup=app.lookup,
            cancellations=app.cancellations,
            remakes=app.remakes,
            erasure=app.erasure,
        )


async def ask(
    cog: JobsCog,
    backstage: Backstage,
    name: str,
    *,
    permissions: discord.Permissions = NOBODY,
    guild_id: int | None = GUILD,
    **options: object,
) -> str:
    (command,) = [command for command in cog.walk_app_commands() if command.name == name]
    assert isinstance(command, discord.app_commands.Command)
    interaction = an_interaction(backstage, permissions=permissions, guild_id=guild_id)
    return await run(command, cog, interaction, **options)


NO_SUCH_JOB = "There is no such job. Job ids look like `7F3K2Q`; see /jobs list."


@pytest.mark.parametrize("name", ["show", "cancel", "retry", "forget"])
async def test_a_job_of_another_member_or_guild_answers_as_one_that_does_not_exist(
    cog: JobsCog, backstage: Backstage, name: str
) -> None:
    answers = {
        await ask(cog, backstage, name, job=job)
        for job in (THEIRS, ELSEWHERE, "ZZZZZZ", "not an id", "", "`" * 6000)
    }
    assert answers == {NO_SUCH_JOB}


@pytest.mark.parametrize("name", ["show", "cancel", "retry", "forget"])
async def test_a_moderator_reaches_any_job_of_the_guild_and_none_of_another(
    cog: JobsCog, backstage: Backstage, name: str
) -> None:
    here = await ask(cog, backstage, name, permissions=MODERATOR, job=THEIRS)
    assert here != NO_SUCH_JOB
    assert "went wrong" not in here
    assert await ask(cog, backstage, name, permissions=MODERATOR, job=ELSEWHERE) == NO_SUCH_JOB


@pytest.mark.parametrize("typed", ["aaaaaa", " #AAAAAA", "AAAAAA "])
async def test_an_id_is_read_leniently(cog: JobsCog, backstage: Backstage, typed: str) -> None:
    assert "Job AAAAAA" in await ask(cog, backstage, "show", job=typed)


async def test_a_list_shows_ones_own_jobs_of_this_guild(cog: JobsCog, backstage: Backstage) -> None:
    said = await ask(cog, backstage, "list")
    assert MINE in said
    assert THEIRS not in said
    assert ELSEWHERE not in said


async def test_direct_messages_show_ones_own_jobs_of_all_guilds(
    cog: JobsCog, backstage: Backstage
) -> None:
    said = await ask(cog, backstage, "list", guild_id=None, permissions=MODERATOR)
    assert MINE in said
    assert ELSEWHERE in said
    assert THEIRS not in said
    assert await ask(cog, backstage, "show", guild_id=None, job=THEIRS) == NO_SUCH_JOB
    assert "Job CCCCCC" in await ask(cog, backstage, "show", guild_id=None, job=ELSEWHERE)


async def test_a_waiting_job_is_cancelled_once_and_free_of_charge(
    cog: JobsCog, backstage: Backstage
) -> None:
    assert await ask(cog, backstage, "cancel", job=MINE) == (
        "Job `AAAAAA` is cancelled. Nothing was charged."
    )
    assert await ask(cog, backstage, "cancel", job=MINE) == "That job is over already."
    assert "🚫 Cancelled" in await ask(cog, backstage, "show", job=MINE)


async def test_a_job_under_way_or_without_its_pictures_is_not_made_again(
    cog: JobsCog, backstage: Backstage
) -> None:
    assert "still under way" in await ask(cog, backstage, "retry", job=MINE)
    await ask(cog, backstage, "cancel", job=MINE)
    assert "Queued" not in await ask(cog, backstage, "retry", job=MINE)

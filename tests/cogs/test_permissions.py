"""Who may what: one table of every command, suggestion and button, walked by five people.

Everything runs against real services on a real database, whatever Discord would have shown. A
command, an autocompleted option or a button that is not in the table fails the walk, and so does a
row nothing answers to.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import discord
import pytest
from discord import app_commands
from sqlalchemy import select

from bot.app import App, build_app
from bot.chat.custom_ids import FormVerb, form
from bot.client import EXTENSIONS, TweenBot
from bot.clock import WallClock
from bot.domain.ids import InteractionId
from bot.domain.jobs.states import JobState
from bot.domain.jobs.transitions import open_job
from bot.domain.requests.drafts import DRAFT_ID_LENGTH
from bot.media.child import MediaPool
from bot.outside import Overrides
from bot.settings import Settings
from bot.storage import jobs, lanes, moderation
from bot.storage.tables import audit_entries
from cogs import _errors
from cogs._forms import FormsCog
from cogs._guarded import GuardedCog
from tests.chat.examples import a_job
from tests.cogs.audiences import (
    ELSEWHERE,
    EVERYBODY,
    HERE,
    OWN_JOB,
    PERMISSIONS,
    SOMEBODY,
    SUGGESTS_NOTHING_YET,
    TABLE,
    THEIRS,
    USER_ID,
    WITH_MEMBER,
    P,
    Person,
    Row,
    Verdict,
    own_job,
)
from tests.cogs.doubles import (
    NOBODY,
    OPERATOR,
    OPERATOR_GUILD,
    Backstage,
    a_channel,
    a_member,
    an_attachment,
    an_interaction,
    answered,
    received,
)
from tests.fakes import InMemoryProvider, RecordingChat

FORBIDDEN = re.compile(r"^(You need the permission|Only the host of this bot may do that)")
NO_SUCH_JOB = re.compile(
    r"^(There is no such job|Only the requester or a moderator can|Only its requester can)"
)
DRAFT = "0" * DRAFT_ID_LENGTH


# --- the world --------------------------------------------------------------------------------


@pytest.fixture
async def app(tmp_path: Path, template: Path) -> AsyncIterator[App]:
    """The parts of a process, with doubles of the provider, of Discord and of the media child."""
    shutil.copyfile(template, tmp_path / "tween.db")
    settings = Settings(
        _env_file=None,
        discord_token="abcdef.ghijkl.mnopqr",
        dashscope_api_key="sk-a-key-of-nobody",
        discord_api_base_url="http://127.0.0.1:1/api/v10",
        database_url=f"sqlite:///{tmp_path / 'tween.db'}",
        data_dir=tmp_path / "data",
        operator_ids=frozenset({OPERATOR}),
        operator_guild_id=OPERATOR_GUILD,
    )
    media = create_autospec(MediaPool, instance=True)
    media.draw.return_value = b"png"
    overrides = Overrides(chat=RecordingChat(), provider=InMemoryProvider(WallClock()), media=media)
    async with build_app(settings, overrides) as app:
        await _fill(app)
        app.client.services = app.services
        async with app.client:
            for extension in EXTENSIONS:
                await app.client.load_extension(extension)
            yield app


async def _fill(app: App) -> None:
    """Give each person a waiting job in their server, and somebody else one in this server."""
    account = app.provider.account
    waiting = [(THEIRS, SOMEBODY, HERE)] + [
        (own_job(person), user_id, ELSEWHERE if person is P.STRANGER else HERE)
        for person, user_id in USER_ID.items()
    ]
    async with app.database.write() as connection:
        models = [(model.name, model.limits) for model in app.catalogue]
        await lanes.ensure(connection, account, models)
        for number, (job_id, user_id, guild_id) in enumerate(waiting):
            job = a_job(
                id=job_id,
                requester_id=user_id,
                guild_id=guild_id,
                account=account,
                interaction_id=InteractionId(number),
                task_id=None,
            )
            await jobs.apply(connection, open_job(job))
        for guild_id in (HERE, ELSEWHERE):
            await moderation.add_word(connection, guild_id, folded="mud", word="mud")


_BACKSTAGE = Backstage()
"""Only to make interactions of: the services are real."""


def asked_by(person: Person, app: App) -> Any:  # noqa: ANN401 - a double
    """Return an interaction of a person, in their server."""
    interaction = an_interaction(
        _BACKSTAGE,
        user_id=USER_ID[person],
        guild_id=ELSEWHERE if person is P.STRANGER else HERE,
        permissions=PERMISSIONS.get(person, NOBODY),
    )
    interaction.client.services = app.client.services
    return interaction


# --- the walk ---------------------------------------------------------------------------------


def commands_of(bot: TweenBot) -> Iterator[app_commands.Command[Any, Any, Any]]:
    """Yield every command that can be invoked, of every scope."""
    for guild in (None, discord.Object(OPERATOR_GUILD)):
        for command in bot.tree.walk_commands(guild=guild):
            if isinstance(command, app_commands.Command):
                yield command


def buttons_of(bot: TweenBot) -> dict[str, type[discord.ui.DynamicItem[Any]]]:
    """Return every button that is listened for."""
    found = bot._connection._view_store._dynamic_items.values()
    return {kind.__name__: kind for kind in found}


def walked(bot: TweenBot) -> set[str]:
    """Return the name of everything a person can set off."""
    names = {f"press {name}" for name in buttons_of(bot)}
    names |= {f"send {verb}" for verb in FormVerb}
    for kind in (discord.AppCommandType.user, discord.AppCommandType.message):
        names |= {f"menu {menu.name}" for menu in bot.tree.get_commands(type=kind)}
    for command in commands_of(bot):
        names.add(f"/{command.qualified_name}")
        for parameter in command.parameters:
            if parameter.autocomplete:
                names.add(f"suggest /{command.qualified_name} {parameter.display_name}")
            if parameter.name == "member" and not parameter.required:
                names.add(f"/{command.qualified_name} member")
    return names


def options_for(command: app_commands.Command[Any, Any, Any]) -> dict[str, Any]:
    """Return a value for every required option."""
    types = discord.AppCommandOptionType
    by_type: dict[discord.AppCommandOptionType, Any] = {
        types.string: str(HERE) if command.qualified_name == "operator ceiling" else "mud",
        types.integer: 3,
        types.number: 3.0,
        types.boolean: True,
        types.user: a_member(SOMEBODY),
        types.channel: a_channel(),
        types.attachment: an_attachment(size=0),
    }
    return {
        option.name: THEIRS
        if option.name in {"job", "id"}
        else option.choices[0].value
        if option.choices
        else by_type[option.type]
        for option in command.parameters
        if option.required
    }


async def run_command(
    command: app_commands.Command[Any, Any, Any],
    interaction: Any,  # noqa: ANN401 - a double
    **options: object,
) -> Verdict:
    interaction.command = command
    callback: Any = command.callback
    try:
        if isinstance(command.binding, GuardedCog):
            await command.binding.interaction_check(interaction)
        given = await received(command, interaction, options_for(command) | options)
        await callback(command.binding, interaction, **given)
    except app_commands.CheckFailure as error:
        await _errors.answer(interaction, error)
    except Exception as error:  # noqa: BLE001 - discord.py wraps whatever comes
        wrapped = app_commands.CommandInvokeError(command, error)
        wrapped.__cause__ = error
        await _errors.answer(interaction, wrapped)
    said = answered(interaction)
    for call in interaction.edit_original_response.await_args_list:
        for file in call.kwargs["attachments"] or ():
            file.close()  # as discord.py does once it was sent, which gives it back to its owner
            file.fp.close()
            said = said or file.filename
    return verdict_of(said)


async def press(
    kind: type[discord.ui.DynamicItem[Any]],
    row: Row,
    interaction: Any,  # noqa: ANN401 - a double
) -> Verdict:
    template = kind.__discord_ui_compiled_template__
    custom_id = row.custom_id or re.sub(r"\(\?P<job>.*?\)", THEIRS, template.pattern)
    match = template.fullmatch(custom_id)
    assert match is not None, custom_id
    item: discord.ui.Item[Any] = discord.ui.Button(custom_id=custom_id)
    # By its name: to load an extension makes its classes anew.
    if kind.__name__ == "ModelEntry":
        chosen = discord.SelectOption(label="a model", value="wan2.2-kf2v-flash 480P 1000000")
        item = discord.ui.Select(custom_id=custom_id, options=[chosen])
        sent = {"component_type": 3, "custom_id": custom_id, "values": [chosen.value]}
        item._refresh_state(interaction, sent)  # type: ignore[arg-type]
    pressed = await kind.from_custom_id(interaction, item, match)
    await pressed.callback(interaction)
    edits = interaction.edit_original_response.call_args_list
    if edits and "content" not in edits[-1].kwargs:
        return Verdict.ALLOWED  # a page was turned
    return verdict_of(answered(interaction))


async def choose(
    menu: app_commands.ContextMenu,
    interaction: Any,  # noqa: ANN401 - a double
) -> Verdict:
    message = create_autospec(discord.Message, instance=True)
    message.author.id, message.attachments, message.message_snapshots = SOMEBODY, [], []
    callback: Any = menu.callback
    try:
        await callback(interaction, message)
    except Exception as error:  # noqa: BLE001 - discord.py wraps whatever comes
        await _errors.answer(interaction, error)
    return verdict_of(answered(interaction))


async def send(verb: FormVerb, interaction: Any) -> Verdict:  # noqa: ANN401 - a double
    subject = THEIRS if verb in {FormVerb.EDIT, FormVerb.CONTINUE} else DRAFT
    interaction.type = discord.InteractionType.modal_submit
    interaction.data = {"custom_id": form(verb, subject, "0123abcd"), "components": []}
    await FormsCog().on_interaction(interaction)
    return verdict_of(answered(interaction))


def verdict_of(said: str) -> Verdict:
    assert said, "no answer"
    assert not said.startswith("Something went wrong"), said
    if FORBIDDEN.match(said):
        return Verdict.FORBIDDEN
    return Verdict.NO_SUCH_JOB if NO_SUCH_JOB.match(said) else Verdict.ALLOWED


async def suggested(
    command: app_commands.Command[Any, Any, Any],
    option: str,
    interaction: Any,  # noqa: ANN401 - a double
) -> list[str]:
    """Return the values Discord is answered while an option is typed."""
    interaction.command = command
    chosen = {"kind": "text"} if option == "size" else {"kind": "image"}
    filled = [{"name": name, "type": 3, "value": value} for name, value in chosen.items()]
    interaction.namespace = app_commands.Namespace(
        interaction,
        {},
        [*filled, {"name": option, "type": 3, "value": ""}],  # type: ignore[list-item]
    )
    await command._invoke_autocomplete(interaction, option, interaction.namespace)
    (choices,) = interaction.response.autocomplete.await_args.args
    return [str(choice.value) for choice in choices]


async def test_the_table_has_a_row_for_everything_and_nothing_else(app: App) -> None:
    assert walked(app.client) == set(TABLE)
    assert {name.removesuffix(" member") for name in TABLE if name.endswith(" member")} == (
        WITH_MEMBER
    )


@pytest.mark.parametrize("person", Person, ids=lambda person: person.value)
async def test_everybody_may_what_the_table_says(app: App, person: Person) -> None:
    seen: dict[str, Verdict] = {}
    for command in commands_of(app.client):
        name = f"/{command.qualified_name}"
        seen[name] = await run_command(command, asked_by(person, app))
        if name in WITH_MEMBER:
            somebody = a_member(SOMEBODY)
            interaction = asked_by(person, app)
            seen[f"{name} member"] = await run_command(command, interaction, member=somebody)
    for name, kind in buttons_of(app.client).items():
        row = TABLE.get(f"press {name}", OWN_JOB)
        seen[f"press {name}"] = await press(kind, row, asked_by(person, app))
    for menu in app.client.tree.get_commands(type=discord.AppCommandType.message):
        assert isinstance(menu, app_commands.ContextMenu)
        seen[f"menu {menu.name}"] = await choose(menu, asked_by(person, app))
    for verb in FormVerb:
        seen[f"send {verb}"] = await send(verb, asked_by(person, app))
    assert seen == {
        name: row.expected(person) for name, row in TABLE.items() if not name.startswith("suggest ")
    }


@pytest.mark.parametrize("person", Person, ids=lambda person: person.value)
async def test_nothing_is_suggested_to_who_may_not(app: App, person: Person) -> None:
    seen: dict[str, bool] = {}
    for command in commands_of(app.client):
        for parameter in command.parameters:
            if not parameter.autocomplete:
                continue
            name = f"suggest /{command.qualified_name} {parameter.display_name}"
            values = await suggested(command, parameter.display_name, asked_by(person, app))
            seen[name] = bool(values)
            may_see = TABLE[name].audience is not EVERYBODY and person in {P.MODERATOR, P.ADMIN}
            assert THEIRS not in values or may_see, name
            if person is P.STRANGER:
                assert not {THEIRS, own_job(P.MEMBER)} & set(values), name
    assert seen == {
        name: person in row.audience and name not in SUGGESTS_NOTHING_YET
        for name, row in TABLE.items()
        if name.startswith("suggest ")
    }


@pytest.mark.parametrize("person", [P.MEMBER, P.OPERATOR, P.STRANGER], ids=lambda who: who.value)
async def test_who_may_not_leaves_no_trace_on_the_server(app: App, person: Person) -> None:
    operators = {f"/operator {name}" for name in ("ceiling",)}
    for command in commands_of(app.client):
        if f"/{command.qualified_name}" not in operators:
            await run_command(command, asked_by(person, app))
    for name, kind in buttons_of(app.client).items():
        row = TABLE.get(f"press {name}", OWN_JOB)
        await press(kind, row, asked_by(person, app))
    for verb in FormVerb:
        await send(verb, asked_by(person, app))
    async with app.database.read() as connection:
        theirs = await jobs.get(connection, THEIRS)
        query = select(audit_entries.c.id).where(audit_entries.c.guild_id == HERE)
        changes = (await connection.execute(query)).all()
        assert await moderation.blocks_of(connection, HERE) == []
    assert theirs is not None
    assert (theirs.state, theirs.options.prompt) == (JobState.QUEUED, "a cat turns its head")
    assert theirs.cancellation.requested_at is None
    assert changes == []

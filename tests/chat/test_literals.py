"""No English outside ``bot/chat/text``: what a person reads there, no translator would see."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chat.literals import english_in

ROOT = Path(__file__).parents[2]
WORDS = "bot/chat/text/"
SOURCES = [
    path
    for folder in ("bot", "cogs")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not path.relative_to(ROOT).as_posix().startswith(WORDS)
]
LAYOUTS = [
    path
    for path in sorted((ROOT / "bot/chat").glob("*.py"))
    if path.stem == "status" or path.stem.endswith("panels")
]

ALLOWED_EVERYWHERE = {
    "bot/checks.py": "the report of the shell's check",
    "bot/cli.py": "help of the shell's commands",
    "bot/domain/catalogue/camera.py": "words that are added to a prompt",
    "bot/domain/catalogue/effects.py": "names of effects, which people also type",
    "bot/domain/jobs/transitions.py": "a table that the documents show",
    "bot/healthcheck.py": "an answer to the container",
    "bot/logs.py": "patterns and the log's own words",
    "bot/loops.py": "names of loops, for logs and metrics",
    "bot/media/": "names of fonts and formats",
    "bot/metrics.py": "help of metrics, for Prometheus",
    "bot/provider/": "words of the provider, and messages for logs",
    "bot/settings.py": "what is wrong with a setting, said as the process ends",
    "bot/storage/": "SQL",
}
"""Modules and folders whose literals no member, moderator or admin reads, and what they are."""

ALLOWED_HERE: dict[str, tuple[str, set[str]]] = {
    "bot/domain/guilds/periods.py": (
        "values of an option, which scripts send",
        {"this month", "last month"},
    ),
    "bot/files/local.py": ("a pattern of the store's errors", {r"\(os error (\d+)\)"}),
    "bot/services/messages/status_updater.py": ("the name of a loop", {"status updater"}),
    "bot/services/reconciliation/operator_decisions.py": (
        "a fact of a job's history, as it is logged",
        {"by decision"},
    ),
    "bot/services/reconciliation/reconciler.py": (
        "facts of a job's history, as they are logged",
        {"certainly not taken", " and {} more"},
    ),
    "bot/services/reconciliation/task_list.py": (
        "facts of a job's history, as they are logged",
        {"{} ({}, created {})", "{} UTC"},
    ),
    "bot/services/stages/dispatcher.py": (
        "detail of a failure, as it is logged",
        {"{} in {} is not offered in {}"},
    ),
    "bot/services/stages/poller.py": (
        "a fact of a job's history, as it is logged",
        {"adopted task is not ours"},
    ),
    "cogs/_checks.py": ("the name of a command", {"jobs retry"}),
}
"""Single literals that nobody but the host reads, and what they are."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def found_in(path: Path) -> set[str]:
    source = path.read_text("utf-8")
    return {literal.words for literal in english_in(source, wordless=path in LAYOUTS)}


def is_allowed(name: str) -> bool:
    return any(name.startswith(allowed) for allowed in ALLOWED_EVERYWHERE)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_what_people_read_is_with_the_other_words(path: Path) -> None:
    name = name_of(path)
    _, allowed = ALLOWED_HERE.get(name, ("", set()))
    if not is_allowed(name):
        assert found_in(path) - allowed == set()


def test_nothing_is_allowed_that_is_not_there() -> None:
    for name in ALLOWED_EVERYWHERE:
        assert any(found_in(path) for path in SOURCES if name_of(path).startswith(name)), name
    for name, (_, allowed) in ALLOWED_HERE.items():
        assert allowed <= found_in(ROOT / name), name


def test_every_panel_lays_out_what_others_say() -> None:
    assert {path.stem for path in LAYOUTS} >= {"status", "panels", "usage_panels"}


# --- what is caught ---------------------------------------------------------------------------

COG = '''
"""A cog."""

class Cog:
    @app_commands.command(name="show", description=text.descriptions.SHOW.description)
    @app_commands.describe(**text.descriptions.SHOW.options)
    async def show(self, interaction):
        """Show one job."""
        log.info("job_shown", why="asked for it")
        if not interaction.guild_id:
            raise LookupError("an autocomplete belongs to a command")
        await say(interaction, text.answers.forgotten(job.id))
{more}
'''

IN_A_COG = {
    'await say(interaction, "Gone.")': "Gone.",
    'await say(interaction, f"{name} gone")': "{} gone",
    'await say(interaction, done if done else "nothing")': "nothing",
    'said = "Your job is gone."': "Your job is gone.",
    'said = f"{count} jobs"': "{} jobs",
    'said = "no " + word if word else "No job"': "No job",
    'button = Button(label="Cancel", custom_id="job:cancel:1")': "Cancel",
    'choice = Choice(name="always", value=name)': "always",
    'field = Label(text="Prompt", component=TextInput(placeholder="words"))': "Prompt",
    'group = app_commands.Group(name="quota", description="Quotas")': "Quotas",
    'app_commands.describe(job="Id")(callback)': "Id",
    'raise InvalidOptionsError(problem=problem, least="at least one")': "at least one",
}


@pytest.mark.parametrize("line", IN_A_COG)
def test_a_sentence_in_a_cog_is_found(line: str) -> None:
    assert english_in(COG.replace("{more}", "")) == []
    found = {literal.words for literal in english_in(COG.replace("{more}", f"        {line}"))}
    assert IN_A_COG[line] in found


PANEL = '''
def panel(job):
    """Return a job's panel."""
    embed = discord.Embed(title=text.jobs.STATES[job.state], colour=colours.GREEN)
    embed.set_image(url=f"attachment://{NAME}")
    embed.add_field(name=text.jobs.SEED, value=f"**{job.seed}** · `{job.id}`")
{more}
    return embed
'''

IN_A_PANEL = {
    'embed.add_field(name="Seed", value=seed)': "Seed",
    'embed.add_field(name=name, value="on" if job.loud else name)': "on",
    'switch = "off" if job.quiet else name': "off",
    'embed.description = f"{place} in line"': "{} in line",
    'lines = [f"Seed: {job.seed}"]': "Seed: {}",
    'parts = {"blocked", name}': "blocked",
}


@pytest.mark.parametrize("line", IN_A_PANEL)
def test_a_word_in_a_panel_is_found(line: str) -> None:
    assert english_in(PANEL.replace("{more}", ""), wordless=True) == []
    source = PANEL.replace("{more}", f"    {line}")
    assert {literal.words for literal in english_in(source, wordless=True)} == {IN_A_PANEL[line]}


SERVICE = '''
class GoneError(Exception):
    """It is gone."""

    def __init__(self, name):
        super().__init__(f"{name} is gone")

async def change(connection, rule):
    """Change a rule, and write it down."""
    if rule is None:
        raise StaleJobError(f"no rule for {connection}")
    await audit.record(connection, Change(rule=rule, action="quota_set"))
{more}
'''

IN_A_SERVICE = {
    'await audit.record(connection, f"of the server for {rule.unit}")': "of the server for {}",
    'words = " · ".join((name, "every member"))': "every member",
    'subject = f"channel <#{rule.id}> allowed"': "channel <#{}> allowed",
    'await alerts.fire(kind, reason="the disk is full")': "the disk is full",
}


@pytest.mark.parametrize("line", IN_A_SERVICE)
def test_a_sentence_in_a_service_is_found(line: str) -> None:
    assert english_in(SERVICE.replace("{more}", "")) == []
    source = SERVICE.replace("{more}", f"    {line}")
    assert IN_A_SERVICE[line] in {literal.words for literal in english_in(source)}

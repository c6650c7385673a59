"""The pages in docs/ are true: commands, diagrams, notices, and every link between them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from click import Group
from PIL import Image
from prometheus_client import CollectorRegistry

from bot.cli import main
from bot.client import EXTENSIONS, TweenBot
from bot.domain.guilds import bounds
from bot.domain.host.alerts import AlertKind
from bot.domain.jobs.states import JobState
from bot.domain.jobs.transitions import TRANSITIONS
from bot.metrics import Metrics
from sandbox.demo.commands import leaves
from sandbox.docs.blocks import BlockError, block, blocks_of, filled
from sandbox.docs.options import options_table
from sandbox.docs.reply import EXAMPLE_DAY
from sandbox.docs.scenes import AdvanceClock, FailTask
from sandbox.docs.scenes import section as shown_under
from sandbox.docs.script import SCRIPT
from tests.cogs.doubles import OPERATOR_GUILD, Backstage
from tools.transition_tables import endings_diagram, way_diagram
from tools.write_docs import architecture_blocks, with_sections

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").glob("*.md"))
COMMANDS = (ROOT / "docs" / "commands.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
REFERENCE = (ROOT / "docs" / "reference.md").read_text("utf-8")

PICTURE_BYTES = 400 * 1024
"""A page with pictures above this is slow to open."""


@pytest.fixture
async def commands() -> AsyncIterator[dict[str, Any]]:
    """Return what the bot registers at Discord, by the command's full name."""
    bot = TweenBot(api_base_url="http://127.0.0.1:1/api/v10")
    bot.services = Backstage().services()
    async with bot:
        for extension in EXTENSIONS:
            await bot.load_extension(extension)
        everywhere = bot.tree.get_commands()
        for_operators = bot.tree.get_commands(guild=discord.Object(OPERATOR_GUILD))
        yield leaves(command.to_dict(bot.tree) for command in (*everywhere, *for_operators))


def section(document: str, heading: str) -> str:
    """Return what stands under a heading."""
    return document.partition(f"\n{heading}\n")[2].partition("\n## ")[0]


# Commands.


async def test_every_command_has_a_section_and_no_section_lacks_its_command(
    commands: dict[str, Any],
) -> None:
    documented = re.findall(r"^## /(.+)$", COMMANDS, re.MULTILINE)
    assert sorted(documented) == sorted(commands)


async def test_every_option_is_documented_as_it_is_registered(commands: dict[str, Any]) -> None:
    blocks = blocks_of(COMMANDS)
    for name, command in commands.items():
        table = blocks[f"options of /{name}"]
        assert table == options_table(command), "run `make docs`"
        assert f"<!-- begin: options of /{name} -->" in section(COMMANDS, f"## /{name}")
        rows = re.findall(r"^\| `(\w+)` \| (required)? ?\|", table, re.MULTILINE)
        assert rows == [
            (option["name"], "required" if option["required"] else "")
            for option in command["options"]
        ]


async def test_every_command_shows_the_replies_of_its_scenes(commands: dict[str, Any]) -> None:
    blocks = blocks_of(COMMANDS)
    captions: dict[str, list[str]] = {name: [] for name in commands}
    for scene in SCRIPT:
        if not isinstance(scene, AdvanceClock | FailTask) and scene.caption:
            captions[shown_under(scene)].append(scene.caption)
    for name in commands:
        replies = blocks[f"replies to /{name}"]
        shown = re.findall(r"^\*(.+)\*$", replies, re.MULTILINE)
        assert shown == captions[name], "run `make docs`"
        assert shown
        assert replies.count("```text\n") == len(shown)


def test_the_replies_have_no_ids_and_times_of_their_day() -> None:
    assert "<t:" not in COMMANDS
    assert "<@" not in COMMANDS
    assert set(re.findall(r"(?<!-)\b20\d\d-\d\d-\d\d\b", COMMANDS)) <= {EXAMPLE_DAY}


async def test_a_command_without_a_section_gets_one(commands: dict[str, Any]) -> None:
    table = options_table(commands["jobs show"])
    texts = {"options of /jobs show": table, "replies to /jobs show": "*Shown*"}
    document = filled(with_sections("# Commands\n", texts), texts)
    assert "## /jobs show\n\n<!-- begin: options of /jobs show -->\n| option |" in document
    assert blocks_of(document) == texts
    assert with_sections(document, texts) == document


def test_a_block_nothing_was_generated_for_is_an_error() -> None:
    with pytest.raises(BlockError, match="old"):
        filled(block("old", "text"), {})
    with pytest.raises(BlockError, match="new"):
        filled("", {"new": "text"})


# States.


def test_the_diagrams_and_the_table_of_states_are_the_code_s() -> None:
    assert blocks_of(ARCHITECTURE) == architecture_blocks(), "run `make docs`"


def test_the_diagrams_have_every_arrow() -> None:
    """Read both back: nodes that stand for several states count for each of them."""
    titles = {
        name: title
        for diagram in (way_diagram(), endings_diagram())
        for title, name in re.findall(r'state "(.+)" as (\w+)', diagram)
    }
    under_way = {row.source for row in TRANSITIONS if row.target is JobState.PARKED}

    def states(node: str) -> set[JobState | None]:
        if node == "[*]":
            return {None}
        title = titles.get(node, node)
        if title == "every state under way":
            return under_way
        return {JobState(word) for word in title.split(", ")}

    drawn = {
        (source, target)
        for diagram in (way_diagram(), endings_diagram())
        for left, right in re.findall(r"^ +(\S+) --> (\S+) :", diagram, re.MULTILINE)
        for source in states(left)
        for target in states(right)
    }
    assert drawn == {(row.source, row.target) for row in TRANSITIONS}


# Operations.


def test_every_notice_to_the_operator_says_what_to_do() -> None:
    notices = section(OPERATIONS, "## What the bot tells you")
    rows = re.findall(r"^\| `(\w+)` \| .+ \| .+ \|$", notices, re.MULTILINE)
    assert sorted(rows) == sorted(told.value for told in AlertKind)


def test_every_metric_is_named_where_the_host_looks() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    known = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for metric in registry.collect()
    }
    alarms = section(OPERATIONS, "## Alarms")
    assert set(re.findall(r"`(bot_\w+)`", alarms)) == known
    assert known <= set(re.findall(r"`(bot_\w+)`", REFERENCE))


def test_every_command_of_the_shell_is_in_the_operations() -> None:
    shell = section(OPERATIONS, "## The shell")

    def names(group: Group, prefix: str = "") -> list[str]:
        return [
            name
            for word, command in group.commands.items()
            for name in (
                names(command, f"{prefix}{word} ")
                if isinstance(command, Group)
                else [f"{prefix}{word}"]
            )
        ]

    documented = re.findall(r"^\| `python -m bot ([a-z]+(?: [a-z]+)?)", shell, re.MULTILINE)
    assert sorted(documented) == sorted(names(main))


def test_the_log_lines_to_alarm_on_exist() -> None:
    quoted = re.findall(r"`([a-z]+(?:_[a-z]+)+)`", section(OPERATIONS, "## Alarms"))
    known = {
        *re.findall(r"^\| `(\w+)`", REFERENCE, re.MULTILINE),
        *(told.value for told in AlertKind),
    }
    assert [name for name in quoted if name not in known] == []


# Links.


def anchors(page: Path) -> set[str]:
    """Return the addresses of a page's headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    """Return the relative addresses a page links to or shows."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    return [
        address for address in found if not address.startswith(("http://", "https://", "mailto:"))
    ]


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


def test_every_page_is_linked_from_the_readme_and_every_picture_from_somewhere() -> None:
    def linked(page: Path) -> set[Path]:
        return {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}

    assert set(PAGES) - linked(README) == set()
    pictures = set((ROOT / "docs" / "pictures").iterdir())
    assert pictures - {file for page in (README, *PAGES) for file in linked(page)} == set()


def test_the_pictures_are_small_and_sharp() -> None:
    for path in (ROOT / "docs" / "pictures").iterdir():
        assert path.stat().st_size <= PICTURE_BYTES, path.name
        with Image.open(path) as picture:
            # What the bot posts is as wide as the bot draws it.
            assert picture.width >= (1000 if path.suffix == ".png" else 1500), path.name


def test_every_test_the_page_on_reliability_names_exists() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    named = set(re.findall(r"tests/[a-z0-9_/]+\.py", page))
    assert len(named) > 10
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_the_bounds_of_a_server_are_told() -> None:
    figures = {name: value for name, value in vars(bounds).items() if name.startswith("MAX_")}
    assert len(figures) >= 8
    assert [
        name for name, value in figures.items() if not re.search(rf"\b{value:,}\b", OPERATIONS)
    ] == []

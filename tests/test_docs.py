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

from bot.chat import text
from bot.chat.custom_ids import FormVerb, JobVerb, ModerationVerb, PanelVerb
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
from sandbox.docs.scenes import Silent
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


MENU_SECTIONS = ("Animate image", "Continue video", "Report video")

BUTTON_SECTIONS = {
    JobVerb.CANCEL: "/jobs cancel",
    JobVerb.AGAIN: "Again",
    JobVerb.EDIT: "Edit",
    JobVerb.CONTINUE: "Continue",
    JobVerb.DELETE: "Delete",
    JobVerb.REPORT: "Report",
    JobVerb.MORE: "More…",
}
OTHER_SECTIONS = {
    PanelVerb.ERASE: "Delete",
    PanelVerb.TAKES: "3 more takes",
    PanelVerb.TIER: "In a higher tier",
    PanelVerb.MODEL: "With another model",
    PanelVerb.ORIGINAL: "The original file",
    FormVerb.EDIT: "Edit",
    FormVerb.CONTINUE: "Continue",
    FormVerb.ANIMATE: "Animate image",
    FormVerb.CONTINUE_VIDEO: "Continue video",
    ModerationVerb.CANCEL: "Report",
    ModerationVerb.DELETE: "Report",
    ModerationVerb.BLOCK: "Report",
}
PRESSED = [
    *(name for name in BUTTON_SECTIONS.values() if not name.startswith("/")),
    text.jobs.TRY_AGAIN,
    *(name for verb, name in OTHER_SECTIONS.items() if isinstance(verb, PanelVerb)),
    *MENU_SECTIONS,
]
"""Sections of what is no command."""


@pytest.fixture
async def everything() -> AsyncIterator[list[dict[str, Any]]]:
    """Return what the bot registers at Discord: commands and entries of menus."""
    bot = TweenBot(api_base_url="http://127.0.0.1:1/api/v10")
    bot.services = Backstage().services()
    async with bot:
        for extension in EXTENSIONS:
            await bot.load_extension(extension)
        everywhere = bot.tree.get_commands()
        for_operators = bot.tree.get_commands(guild=discord.Object(OPERATOR_GUILD))
        yield [command.to_dict(bot.tree) for command in (*everywhere, *for_operators)]


@pytest.fixture
def commands(everything: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the commands, by full name."""
    return leaves(everything)


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


async def test_everything_shows_the_replies_of_its_scenes(commands: dict[str, Any]) -> None:
    blocks = blocks_of(COMMANDS)
    headings = {f"/{name}": name for name in commands} | {name: name for name in PRESSED}
    captions: dict[str, list[str]] = {name: [] for name in headings.values()}
    for scene in SCRIPT:
        if not isinstance(scene, Silent) and scene.caption:
            captions[shown_under(scene)].append(scene.caption)
    for heading, name in headings.items():
        replies = blocks[f"replies to {heading}"]
        shown = re.findall(r"^\*(.+)\*$", replies, re.MULTILINE)
        assert shown == captions[name], "run `make docs`"
        assert shown
        assert replies.count("```text\n") == len(shown)
        assert f"<!-- begin: replies to {heading} -->" in section(COMMANDS, f"## {heading}")


# Menus and buttons.


def test_every_button_entry_and_form_has_a_section() -> None:
    assert set(BUTTON_SECTIONS) == set(JobVerb)
    assert set(OTHER_SECTIONS) == {*PanelVerb, *FormVerb, *ModerationVerb}
    for name in (*BUTTON_SECTIONS.values(), *OTHER_SECTIONS.values(), *PRESSED):
        assert section(COMMANDS, f"## {name}"), name
    for verb, name in BUTTON_SECTIONS.items():
        assert f"**{text.jobs.BUTTONS[verb]}**" in COMMANDS, verb
        assert name.startswith("/") or name == text.jobs.BUTTONS[verb]
    reports = section(COMMANDS, "## Report")
    assert [name for name in text.reports.BUTTONS.values() if f"**{name}**" not in reports] == []


def test_every_entry_of_a_message_s_menu_has_a_section(everything: list[dict[str, Any]]) -> None:
    menus = sorted(command["name"] for command in everything if command.get("type", 1) != 1)
    assert menus == sorted(MENU_SECTIONS)


def test_the_sections_of_what_is_pressed_are_those_of_the_script() -> None:
    begun = {shown_under(scene) for scene in SCRIPT if not isinstance(scene, Silent)}
    assert begun - set(PRESSED) <= {
        heading.removeprefix("/") for heading in re.findall(r"^## (/.+)$", COMMANDS, re.MULTILINE)
    }
    part = COMMANDS.partition("\n# Menus and buttons\n")[2].partition("\n# ")[0]
    assert sorted(re.findall(r"^## (.+)$", part, re.MULTILINE)) == sorted(set(PRESSED))


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

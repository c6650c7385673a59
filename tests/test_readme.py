"""The documentation is true: everything is in it, and nothing in it is missing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import Group
from prometheus_client import CollectorRegistry

from bot.cli import main
from bot.domain import errors
from bot.domain.failure import FailureReason
from bot.domain.jobs.job import JobUpdateKind
from bot.metrics import Metrics
from bot.settings import Settings
from tools.transition_tables import transition_table

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
REFERENCE = (ROOT / "docs" / "reference.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def first_column(text: str, heading: str) -> set[str]:
    """Return the code words in the first column of the table under a heading."""
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE))


def error_codes(kind: type[errors.BotError] = errors.BotError) -> Iterator[str]:
    yield kind.code
    for child in kind.__subclasses__():
        if child.__module__.startswith("bot."):
            yield from error_codes(child)


def log_events() -> set[str]:
    """Return the event names of every log call in the sources."""
    events = {amendment.value for amendment in JobUpdateKind}
    for path in (*(ROOT / "bot").rglob("*.py"), *(ROOT / "cogs").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id == "log" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    events.add(first.value)
    return events


def cli_commands(group: Group, prefix: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, Group):
            yield from cli_commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


def test_every_setting_is_in_the_table_with_its_default() -> None:
    documented = dict(
        re.findall(
            r"^\| `([A-Z_]+)` \| ([^|]+?) \|", README.partition("## Settings")[2], re.MULTILINE
        )
    )
    assert set(documented) == {name.upper() for name in Settings.model_fields}
    plain = {
        name.upper(): field.default
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, int | float | str)
    }
    wrong = {
        name: (documented[name], default)
        for name, default in plain.items()
        if documented[name].strip("`") != str(getattr(default, "value", default))
    }
    assert wrong == {}


def test_every_command_of_the_shell_is_in_the_readme() -> None:
    words = README.replace("`python -m bot ", "`")
    missing = [name for name in cli_commands(main) if f"`{name}" not in words]
    assert missing == []


def test_every_make_target_is_in_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^([a-z]+):", makefile, re.MULTILINE)
    missing = [name for name in targets if name != "clean" and f"make {name}" not in README]
    assert missing == []


@pytest.mark.parametrize(
    ("heading", "known"),
    [
        ("Error codes", set(error_codes()) - {"bot_error"}),
        ("Failure reasons", {reason.value for reason in FailureReason}),
        ("Log events", log_events()),
    ],
)
def test_the_reference_names_exactly_what_exists(heading: str, known: set[str]) -> None:
    assert first_column(REFERENCE, heading) == known


def test_every_metric_is_in_the_reference() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    known = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for metric in registry.collect()
    }
    assert first_column(REFERENCE, "Metrics") == known


def test_the_table_of_transitions_is_the_code_s() -> None:
    assert transition_table() in ARCHITECTURE

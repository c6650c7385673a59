"""Prints the member's screen as it changes, with the time at the left.

Colours are for terminals only; `click.echo` takes them out anywhere else.
"""

from __future__ import annotations

import shutil
import textwrap
import time
from collections.abc import Iterable

import click

NARROWEST, WIDEST = 60, 104
"""Columns of text: as the terminal has them, within what reads well."""

_INDENT = " " * 10
_BAR = "│"


class Transcript:
    """Writes to standard output."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        columns = shutil.get_terminal_size((WIDEST, 24)).columns
        self._width = min(max(columns - 1, NARROWEST), WIDEST)

    @property
    def seconds(self) -> float:
        """Real seconds since the beginning."""
        return time.monotonic() - self._began

    def title(self, words: str, explanation: str) -> None:
        """Write the first lines."""
        click.echo()
        click.secho(words, bold=True)
        click.secho(explanation, dim=True)
        click.echo()

    def heading(self, words: str, explanation: str = "") -> None:
        """Begin a part."""
        click.echo()
        click.secho(words, bold=True)
        for line in textwrap.wrap(explanation, self._width):
            click.secho(line, dim=True)
        if explanation:
            click.echo()

    def ready(self, name: str, command: str) -> None:
        """Tell that a process is up."""
        stamp = click.style(f"{self.seconds:6.1f} s", dim=True)
        words = click.style(f"{name:<18}", fg="cyan")
        click.echo(f"{stamp}  {words} {click.style(command, dim=True)}")

    def event(
        self, at_seconds: float, who: str, what: str, lines: Iterable[str] = (), *, aside: str = ""
    ) -> None:
        """Write one thing that happened.

        Args:
            at_seconds: Since the member's command.
            who: The name left of a message.
            what: The first line.
            lines: What stands below it.
            aside: Who sees it, where not everybody does.
        """
        stamp = click.style(f"{max(0.0, at_seconds):6.1f} s", dim=True)
        name = click.style(who, fg="yellow" if who == "Tween" else "green", bold=True)
        private = click.style(f"  ({aside})", fg="magenta") if aside else ""
        click.echo(f"{stamp}  {name} {what}{private}")
        for line in lines:
            for part in textwrap.wrap(line, self._width - len(_INDENT) - 2) or [""]:
                click.echo(f"{_INDENT}{click.style(_BAR, dim=True)} {part}")

    def fact(self, name: str, words: str) -> None:
        """Write a line of a table."""
        click.echo(f"  {click.style(name, fg='cyan')}  {words}")

    def passed(self, words: str) -> None:
        """Write a check that held."""
        click.echo(f"  {click.style('✓', fg='green', bold=True)} {words}")

    def lines(self, *lines: str) -> None:
        """Write lines as they are."""
        for line in lines:
            click.echo(line)

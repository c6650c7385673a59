"""``make docs``: what the documentation takes from the running bot and from its code.

The demo's pictures, the replies and options in ``docs/commands.md``, the table and diagrams in
``docs/architecture.md``. ``tests/test_docs.py`` compares the documents with the code.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from sandbox.demo.__main__ import CONVERSATION_NAME, SHEET_NAME, play
from sandbox.demo.transcript import Transcript
from sandbox.docs.blocks import block, blocks_of, filled
from sandbox.docs.options import options_table
from sandbox.docs.pictures import compress
from sandbox.docs.recording import Recording, record
from tools.transition_tables import endings_diagram, transition_table, way_diagram

DOCS = Path(__file__).resolve().parents[1] / "docs"
PICTURES = DOCS / "pictures"
COMMANDS = DOCS / "commands.md"
ARCHITECTURE = DOCS / "architecture.md"


def architecture_blocks() -> dict[str, str]:
    """Return the generated parts of the page on the architecture."""
    return {
        "the way of a job": f"```mermaid\n{way_diagram()}\n```",
        "off the way": f"```mermaid\n{endings_diagram()}\n```",
        "transitions": transition_table(),
    }


def command_blocks(recording: Recording) -> dict[str, str]:
    """Return the generated parts of the page on the commands."""
    texts = {}
    for name, command in recording.commands.items():
        texts[f"options of /{name}"] = options_table(command)
        texts[f"replies to /{name}"] = recording.of(name)
    for name in recording.pressed:
        texts[f"replies to {name}"] = recording.of(name)
    return texts


def with_sections(document: str, texts: Mapping[str, str]) -> str:
    """Return a document with a section for whatever has none yet, at its end."""
    known = blocks_of(document)
    for name, text in texts.items():
        if name not in known:
            options, replies = name.partition("options of ")[2], name.partition("replies to ")[2]
            # What is pressed has no options; a command's come first.
            title = options or ("" if replies.startswith("/") else replies)
            heading = f"## {title}\n\n" if title else ""
            document = f"{document.rstrip()}\n\n{heading}{block(name, text)}\n"
    return document


async def write() -> None:
    """Run the demo and the script; write what they give."""
    PICTURES.mkdir(exist_ok=True)
    transcript = Transcript()
    with tempfile.TemporaryDirectory(prefix="tween-docs-") as name:
        out, stage, scenes = (Path(name, folder_name) for folder_name in ("out", "demo", "script"))
        for folder in (out, stage, scenes):
            folder.mkdir()
        await play(out, stage, transcript)
        for picture in (SHEET_NAME, CONVERSATION_NAME):
            compress(out / picture, (PICTURES / picture).with_suffix(".webp"))
        recording = await record(scenes, transcript)
    for name, data in recording.pictures.items():
        (PICTURES / name).write_bytes(data)
    texts = command_blocks(recording)
    _fill(COMMANDS, with_sections(COMMANDS.read_text("utf-8"), texts), texts)
    _fill(ARCHITECTURE, ARCHITECTURE.read_text("utf-8"), architecture_blocks())
    transcript.heading("Written")
    transcript.lines(*(f"  {path}" for path in (COMMANDS, ARCHITECTURE, *PICTURES.iterdir())))


def _fill(path: Path, document: str, texts: Mapping[str, str]) -> None:
    path.write_text(filled(document, texts), "utf-8")


@click.command()
def main() -> None:
    """Write the generated parts of the documentation."""
    asyncio.run(write())


if __name__ == "__main__":
    main()

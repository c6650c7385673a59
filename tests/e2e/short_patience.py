"""``python -m tests.e2e.short_patience run``: the bot, which gives its gateway up after seconds."""

from __future__ import annotations

import asyncio
import sys

from typing_extensions import override

from bot import cli
from bot.outside import Overrides
from tests.e2e.process import BotProcess, RunningProcess

PATIENCE_SECONDS = 8


class ShortPatienceBot(BotProcess):
    """A process with less patience."""

    @override
    async def _spawn(self) -> RunningProcess:
        with self.log_path.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", __name__, "run"),
                cwd=self.folder,
                env=self.variables,
                stdout=log,
                stderr=log,
            )


if __name__ == "__main__":
    cli.main(obj=Overrides(gateway_patience_seconds=PATIENCE_SECONDS))

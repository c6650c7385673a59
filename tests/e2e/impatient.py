"""``python -m tests.e2e.impatient run``: the bot, which gives its gateway up after seconds."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from typing_extensions import override

from bot import cli, wiring
from bot.domain.ports import Clock
from bot.services.host.watchdogs import GatewayWatch
from tests.e2e.process import BotProcess, RunningProcess

PATIENCE_SECONDS = 8


class ImpatientWatch(GatewayWatch):
    """Watches like the product's own, for less time."""

    def __init__(self, clock: Clock, is_well: Callable[[], bool]) -> None:
        super().__init__(clock, is_well, patience_seconds=PATIENCE_SECONDS)


class ImpatientBot(BotProcess):
    """A process with that watch."""

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
    wiring.GatewayWatch = ImpatientWatch  # type: ignore[assignment,attr-defined]
    cli.main()

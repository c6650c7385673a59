"""``python -m sandbox.dashscope``: the emulator as a process of its own.

Prints one JSON line with its addresses when it is ready, and ends on SIGTERM or SIGINT.
"""

from __future__ import annotations

import asyncio
import json
import signal

import click
from typing_extensions import override

from sandbox.dashscope.rows import Region
from sandbox.dashscope.server import DashScopeServer
from sandbox.dashscope.settings import CallbackTarget, EmulatorSettings


class SecondsRange(click.ParamType[tuple[float, float]]):
    """``6-9``, or ``6`` for always the same."""

    name = "seconds"

    @override
    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """Read the text of the option."""
        low, _, high = str(value).partition("-")
        try:
            shortest, longest = float(low), float(high or low)
        except ValueError:
            self.fail(f"{value!r} is not like 6-9", param, ctx)
        if not 0 <= shortest <= longest:
            self.fail(f"{value!r} is not a range", param, ctx)
        return shortest, longest


SECONDS = SecondsRange()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, show_default=True, help="TCP port; 0 chooses a free one.")
@click.option("--region", type=click.Choice([item.value for item in Region]), default="beijing")
@click.option("--task-seconds", type=SECONDS, help="Running time, e.g. 6-9. Default: realistic.")
@click.option("--queue-seconds", type=SECONDS, help="Wait before an unhindered task runs.")
@click.option("--failure-seconds", type=SECONDS, help="When an unacceptable task turns FAILED.")
@click.option("--speed", default=1.0, show_default=True, help="Emulated seconds per real second.")
@click.option("--seed", default=0, show_default=True, help="Start of every drawn lot.")
@click.option("--api-key", "api_keys", multiple=True, help="Repeatable. Default: any sk-… key.")
@click.option("--callback-url", help="Where ends of tasks are told. Default: nowhere.")
@click.option("--callback-token", default="", help="What these calls carry.")
def main(
    *,
    host: str,
    port: int,
    region: str,
    task_seconds: tuple[float, float] | None,
    queue_seconds: tuple[float, float] | None,
    failure_seconds: tuple[float, float] | None,
    speed: float,
    seed: int,
    api_keys: tuple[str, ...],
    callback_url: str | None,
    callback_token: str,
) -> None:
    """Emulate the Wan video service on this machine."""
    usual = EmulatorSettings()
    settings = EmulatorSettings(
        host=host,
        port=port,
        region=Region(region),
        task_seconds=task_seconds,
        queue_seconds=queue_seconds or usual.queue_seconds,
        failure_seconds=failure_seconds or usual.failure_seconds,
        speed=speed,
        seed=seed,
        api_keys=api_keys,
        callback=(CallbackTarget(url=callback_url, token=callback_token) if callback_url else None),
    )
    asyncio.run(serve(settings))


async def serve(settings: EmulatorSettings) -> None:
    """Run until a signal asks for the end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with DashScopeServer(settings) as server:
        click.echo(json.dumps({"base_url": server.base_url, "control_url": server.control_url}))
        await stop.wait()


if __name__ == "__main__":
    main()

"""Which loops run in a process, and what wakes each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from bot.app import App
from bot.domain.jobs.job import Job, JobEvent
from bot.domain.jobs.states import JobState
from bot.services.host.result_route import ResultRouteWatch
from bot.services.jobs.writer import ChangeStage
from bot.services.stages.supervisor import Loop, Supervisor

POLLER = "poller"
DOWNLOADERS = 2
DELIVERERS = 3
"""Enough for all lanes of an account, and one more for each encoder; each streams one file."""

LANE_ROUND_SECONDS = 180
TRANSFER_ROUND_SECONDS = 1200
PROBE_SECONDS = 30.0
UNTIL_OPEN_SECONDS = 1.0
"""A lane that may not buy anything looks again after this."""

RunOnce = Callable[[], Awaitable[float]]


def supervise(app: App) -> Supervisor:
    """Return all loops of a process, each woken by the changes it waits for."""
    wakeup = app.overrides.wakeup

    def loop(name: str, run_once: RunOnce) -> Loop:
        return Loop(name=name, run_once=run_once, wakeup=wakeup())

    def several(name: str, count: int, run_once: RunOnce) -> list[Loop]:
        return [
            Loop(
                name=f"{name} {number}",
                run_once=run_once,
                wakeup=wakeup(),
                round_seconds=TRANSFER_ROUND_SECONDS,
            )
            for number in range(1, count + 1)
        ]

    lookups = app.result_lookups
    result_route = ResultRouteWatch(lookups.look, app.alerts, hosts=lookups.hosts)
    lanes = {
        model.name: Loop(
            name=f"lane {model.name}",
            run_once=partial(_submit, app, result_route, model.name),
            wakeup=wakeup(),
            round_seconds=LANE_ROUND_SECONDS,
            drains=True,
        )
        for model in app.catalogue
    }
    poller = loop(POLLER, app.poller.run_once)
    downloaders = several("downloader", DOWNLOADERS, app.downloader.run_once)
    deliverers = several("deliverer", DELIVERERS + app.media.encoders, app.deliverer.run_once)
    status_updater = loop("status updater", app.status_updater.run_once)
    reconciler = loop("reconciler", app.reconciler.run_once)
    membership = loop("membership", app.membership.run_once)
    app.client.guilds_changed = membership.wakeup.notify
    wanted = {
        JobState.PENDING: [poller],
        JobState.DOWNLOADING: downloaders,
        JobState.DELIVERING: deliverers,
        JobState.UNCONFIRMED: [reconciler],
    }

    def wake(stage: ChangeStage, _: JobEvent, job: Job) -> None:
        if stage is not ChangeStage.COMMITTED:
            return
        for woken in (status_updater, *wanted.get(job.state, ())):
            woken.wakeup.notify()
        # A new job, or a place that became free.
        if job.spec.model in lanes:
            lanes[job.spec.model].wakeup.notify()

    app.writer.listen(wake)
    return Supervisor(
        [
            *lanes.values(),
            poller,
            *downloaders,
            *deliverers,
            status_updater,
            reconciler,
            loop("reaper", app.reaper.run_once),
            membership,
            loop("log channels", app.log_channels.run_once),
            loop("message removals", app.message_removals.run_once),
            loop("open panels", app.open_panels.run_once),
            loop("report posts", app.report_posts.run_once),
            loop("account probe", partial(_probe, app)),
            loop("process lease", app.process_lease.run_once),
            loop("gateway watch", app.gateway_watch.run_once),
            loop("storage watch", app.storage_watch.run_once),
            loop("result route watch", result_route.run_once),
            loop("clock watch", app.clock_watch.run_once),
            loop("lag watch", app.lag_watch.run_once),
        ],
        clock=app.clock,
        metrics=app.metrics,
    )


async def _submit(app: App, result_route: ResultRouteWatch, model: str) -> float:
    """Let a lane do a round, unless what it bought could not be fetched."""
    if not result_route.is_open:
        return UNTIL_OPEN_SECONDS
    return await app.dispatcher.run_once(model)


async def _probe(app: App) -> float:
    await app.account_pause.probe(app.provider.account, next(iter(app.catalogue)).name)
    return PROBE_SECONDS

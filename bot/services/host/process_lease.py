"""One living process per database: a second one refuses to start.

The lease is a row renewed every few seconds. After a crash the next process watches the row and
takes over once it has not changed for as long as a lease lasts, or at once where it sees that the
holder, a process of the same host, is gone. Only its own clock counts: another host's may be wrong.
"""

from __future__ import annotations

import os
import socket
import uuid
from datetime import timedelta
from pathlib import Path

from bot.domain.errors import ConfigurationError, DatabaseUnavailableError, LostLeaseError
from bot.domain.ids import WorkerId
from bot.domain.ports import Clock
from bot.logs import get_logger
from bot.storage import host_state, leases, process_lease
from bot.storage.engine import Connection, Database
from bot.storage.process_lease import ProcessRow

log = get_logger(__name__)

PROCESS_LEASE = timedelta(seconds=20)
RENEW_SECONDS = 4.0
AGAIN_SECONDS = 1.0
_PID_SPACE = Path("/proc/self/ns/pid")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class ProcessLease:
    """This process's hold on the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.worker_id = WorkerId(uuid.uuid4().hex)
        self._host = _host()
        self.trouble: str | None = None
        """Why the database took no sign of life last time; None where it did."""
        self.away = timedelta(0)
        """How long no process served this database before this one; known once acquired."""

    async def acquire(self) -> None:
        """Become the serving process.

        Raises:
            ConfigurationError: another living process serves this database.
        """
        seen: ProcessRow | None = None
        seen_at = self._clock.monotonic()
        while True:
            async with self._database.write() as connection:
                is_first = await process_lease.register_first(connection, self._row())
                holder = await process_lease.current(connection)
                silent = self._clock.monotonic() - seen_at
                lapsed = holder == seen and silent >= PROCESS_LEASE.total_seconds()
                if is_first or holder is None or lapsed or self._is_gone(holder):
                    await self._note_absence(connection, None if is_first else holder)
                    await process_lease.register(connection, self._row())
                    dropped = await leases.drop_other_leases(connection, self.worker_id)
                    log.info("instance_acquired", worker_id=self.worker_id, dropped=dropped)
                    return
            if seen is not None and holder != seen:
                raise ConfigurationError(
                    "DATABASE_URL",
                    f"is in use by process {holder.pid} on {holder.host.partition(' ')[0]}",
                )
            if seen is None:
                seen, seen_at = holder, self._clock.monotonic()
            log.info("instance_waiting", holder=holder.worker_id)
            await self._clock.sleep(RENEW_SECONDS + 1)

    async def _note_absence(self, connection: Connection, before: ProcessRow | None) -> None:
        """Learn when the process before this one was last alive: by its row, or by its goodbye."""
        left_at = await host_state.left_at(connection)
        if before is not None:
            self.away = self._clock.now() - before.renewed_at
        elif left_at is not None:
            self.away = self._clock.now() - left_at

    def _is_gone(self, holder: ProcessRow) -> bool:
        return holder.host == self._host and not _is_alive(holder.pid)

    def _row(self) -> ProcessRow:
        return ProcessRow(
            worker_id=self.worker_id,
            host=self._host,
            pid=os.getpid(),
            renewed_at=self._clock.now(),
        )

    async def run_once(self) -> float:
        """Show a sign of life; return the seconds until the next one.

        Raises:
            LostLeaseError: another process has taken over.
        """
        try:
            async with self._database.write() as connection:
                is_held = await process_lease.renew(
                    connection, self.worker_id, now=self._clock.now()
                )
        except DatabaseUnavailableError as error:
            # Waits that grow would outlast the lease: once the database is back, a process that
            # starts must see this one alive.
            if self.trouble is None:
                log.warning("lease_unrenewed", reason=str(error))
            self.trouble = str(error)
            return AGAIN_SECONDS
        self.trouble = None
        if not is_held:
            raise LostLeaseError("another process serves this database")
        return RENEW_SECONDS

    async def release(self) -> None:
        """Let the next process start at once."""
        async with self._database.write() as connection:
            await process_lease.leave(connection, self.worker_id)
            await host_state.set_left_at(connection, self._clock.now())


def _host() -> str:
    """Return host, boot and space of process ids: an id means something only within these three.

    Containers share the boot of their host, and its name where they are told to.
    """
    boot = _BOOT_ID.read_text("ascii").strip() if _BOOT_ID.exists() else ""
    space = _PID_SPACE.readlink() if _PID_SPACE.is_symlink() else ""
    return f"{socket.gethostname()} {boot} {space}".strip()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

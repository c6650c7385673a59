"""Makes things go wrong on purpose: answers, lost replies, cuts, delays, gateway trouble."""

from __future__ import annotations

import fnmatch
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sandbox.discord.rules.rate_limits import refused
from sandbox.discord.world.json import Json


@dataclass(slots=True, kw_only=True)
class Fault:
    """One planned failure of REST or CDN requests."""

    method: str
    """Upper case, or ``*``."""
    path: str
    """Glob over the path below the API base; CDN paths start with ``/cdn``."""
    count: int = 1
    """How many requests it still meets."""
    share: float | None = None
    """Which share of the requests it meets, drawn by lot; None: each."""
    status: int | None = None
    """Answer with this instead; None leaves the answer alone."""
    body: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    """Cut the connection instead of answering."""
    after: bool = False
    """True: do what was asked first, then lose or replace the answer."""
    delay_seconds: float = 0.0
    """Wait this long before anything else."""

    def describe(self) -> str:
        """Name it for the record."""
        what = "dropped" if self.drop else str(self.status or "delayed")
        return f"{what} {'after' if self.after else 'before'} doing it"


@dataclass(slots=True, kw_only=True)
class FaultSequence:
    """Makes every route meet the same failures, one after the other."""

    faults: tuple[Fault, ...]
    routes: str
    """Glob over ``METHOD template``; the CDN's template is ``/cdn``."""
    every: int
    """1: request after request; 2: every other request goes well."""
    met: Counter[str] = field(default_factory=Counter)
    """Requests so far, by route."""

    def next(self, route: str) -> Fault | None:
        """Return what this request of a route meets."""
        turn, rest = divmod(self.met[route], self.every)
        self.met[route] += 1
        return replace(self.faults[turn]) if not rest and turn < len(self.faults) else None


class Faults:
    """Keeps all planned failures; those added first are used first."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._planned: list[Fault] = []
        self._sequences: list[FaultSequence] = []
        self.resume_refusals = 0
        """How many connections to the resume URL are still refused with 503."""
        self.gateway_refusals = 0
        """How many connections to the first gateway URL are still refused with 503."""
        self.interaction_delays: list[float] = []
        """Seconds by which the next INTERACTION_CREATE dispatches are held back, one each."""
        self.interaction_duplicates: list[float] = []
        """Seconds after which the next INTERACTION_CREATE dispatches come again, one each."""

    def add(self, fault: Fault) -> Fault:
        """Plan a failure."""
        self._planned.append(fault)
        return fault

    def respond(
        self,
        method: str,
        path: str,
        status: int,
        *,
        count: int = 1,
        body: Json | None = None,
        after: bool = False,
    ) -> Fault:
        """Answer ``status``; with ``after`` the request still takes effect (a lost reply)."""
        return self.add(
            Fault(method=method, path=path, status=status, count=count, body=body, after=after)
        )

    def drop(self, method: str, path: str, *, count: int = 1, after: bool = False) -> Fault:
        """Cut the connection."""
        return self.add(Fault(method=method, path=path, drop=True, count=count, after=after))

    def delay(self, method: str, path: str, seconds: float, *, count: int = 1) -> Fault:
        """Answer late."""
        return self.add(Fault(method=method, path=path, delay_seconds=seconds, count=count))

    def rate_limit(
        self,
        method: str,
        path: str,
        retry_after_seconds: float,
        *,
        count: int = 1,
        via: bool = True,
        is_global: bool = False,
        scope: str = "user",
    ) -> Fault:
        """Answer 429; without ``via`` it looks like a Cloudflare ban."""
        verdict = refused(
            retry_after_seconds, scope="global" if is_global else scope, is_global=is_global
        )
        if not via:
            del verdict.headers["Via"]
        return self.add(
            Fault(
                method=method,
                path=path,
                status=429,
                count=count,
                body=verdict.refusal,
                headers=verdict.headers,
            )
        )

    def add_sequence(self, faults: Iterable[Fault], *, routes: str = "*", every: int = 1) -> None:
        """Let each route, from its next request on, meet these failures in turn.

        Args:
            faults: what happens; their own method, path and count do not matter.
            routes: glob over ``METHOD template``, such as ``PATCH /channels/*``; of several
                plans the first that fits a route counts.
            every: 1: request after request; 2: every other request goes well.
        """
        self._sequences.append(FaultSequence(faults=tuple(faults), routes=routes, every=every))

    def clear(self) -> None:
        """Forget everything planned."""
        self._planned.clear()
        self._sequences.clear()
        self.interaction_delays.clear()
        self.interaction_duplicates.clear()
        self.resume_refusals = self.gateway_refusals = 0

    def take(self, method: str, path: str, route: str | None = None) -> Fault | None:
        """Use the first failure planned for this request, or the next of its route's course."""
        for fault in self._planned:
            if fault.method in {"*", method} and fnmatch.fnmatchcase(path, fault.path):
                if fault.share is not None and self._random.random() >= fault.share:
                    continue
                fault.count -= 1
                if fault.count <= 0:
                    self._planned.remove(fault)
                return fault
        name = f"{method} {route}"
        for course in self._sequences:
            if fnmatch.fnmatchcase(name, course.routes):
                return course.next(name)
        return None

"""Tells of finished tasks, as a rule of EventBridge with an HTTP target does.

The event is the complete one of page ``async-task-api`` (help.aliyun.com/zh/model-studio); the
signature that of eventbridge/user-guide/signature-algorithm: RSA-SHA256 over the target's address,
five headers and the body. The key is the emulator's own, its certificate served
over loopback http. Anything but a success is sent again up to three times, 10 to 20 s apart
(eventbridge/user-guide/retry-and-dead-letter, BACKOFF_RETRY).

Moments are those of the emulated clock: a caller on another one finds the calls too old.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sandbox.dashscope.clock import SERVICE_ZONE, ChangeNotifier, EmulatorClock
from sandbox.dashscope.faults import Fault, PlannedFaults
from sandbox.dashscope.models import Region
from sandbox.dashscope.settings import CallbackTarget
from sandbox.dashscope.tasks import TaskRecord
from sandbox.dashscope.wire import ACCOUNT_ID, api_key_id

CERTIFICATE_PATH = "/eventbridge/x509_public_certificate.pem"
RETRIES = 3
RETRY_SECONDS = (10.0, 20.0)
LATE_SECONDS = 90.0
"""late, old: where the fault does not say how long."""
ANSWER_SECONDS = 10.0
"""Real seconds an answer is awaited; the service's own figure is not documented."""
FOREIGN_ORIGIN = "https://anybodys-bucket.oss-accelerate.aliyuncs.com"
KEY_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRecord:
    """A call that was made."""

    task_id: str
    event_id: str
    at: float
    """Emulated Unix time."""
    action: str | None
    """What a fault did to it."""
    status: int | None
    """The answer; None where there was none."""


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """Return a key, the same for the same name as long as the process lives."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


@cache
def certificate_pem() -> bytes:
    """Return the certificate of the key that genuine calls are signed with."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "eventbridge.invalid")])
    key = private_key("genuine")
    today = datetime.fromtimestamp(0, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today)
        .not_valid_after(today + timedelta(days=365 * 100))
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


class CallbackSender:
    """The bus, its rule, and the target of that rule."""

    def __init__(
        self,
        *,
        clock: EmulatorClock,
        notifier: ChangeNotifier,
        faults: PlannedFaults,
        region: Region,
        seed: int,
        spawn: Callable[[Coroutine[object, object, None]], object],
    ) -> None:
        self.target: CallbackTarget | None = None
        """Where calls go; None: nobody set a rule up."""
        self.origin = ""
        """Scheme, host and port of the server, known once it listens."""
        self.calls: list[CallbackRecord] = []
        """Every call there was an answer to, or none in time, oldest first."""
        self.busy = 0
        """Events that are being told right now, and do not wait for a moment to come."""
        self._clock = clock
        self._notifier = notifier
        self._faults = faults
        self._region = region
        self._random = random.Random(seed)
        self._spawn = spawn
        self._http: aiohttp.ClientSession | None = None

    def routes(self) -> list[web.RouteDef]:
        """Return where the certificate is."""
        return [web.get(CERTIFICATE_PATH, self.certificate, name="certificate")]

    async def certificate(self, _request: web.Request) -> web.Response:
        """Hand the certificate out."""
        return web.Response(body=await asyncio.to_thread(certificate_pem))

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    def tell(self, task: TaskRecord) -> None:
        """Tell the target that a task has ended, if there is one."""
        if self.target is None:
            return
        fault = self._faults.take("callback", model=task.model, task_id=task.task_id)
        if fault is not None and fault.action == "never":
            return
        event = self._event(task)
        self.busy += 1
        self._spawn(self._deliver(self.target, task, event, fault))

    async def _deliver(
        self,
        target: CallbackTarget,
        task: TaskRecord,
        event: dict[str, object],
        fault: Fault | None,
    ) -> None:
        times = 2 if fault is not None and fault.action == "twice" else 1
        try:
            if fault is not None and fault.action == "late":
                await self._pause(LATE_SECONDS if fault.seconds is None else fault.seconds)
            for _ in range(times):
                await self._deliver_once(target, task, event, fault)
        finally:
            self.busy -= 1
            self._notifier.notify()

    async def _deliver_once(
        self,
        target: CallbackTarget,
        task: TaskRecord,
        event: dict[str, object],
        fault: Fault | None,
    ) -> None:
        for attempt in range(1 + RETRIES):
            if attempt:
                await self._pause(self._random.uniform(*RETRY_SECONDS))
            status = await self._call(target, event, fault)
            self.calls.append(
                CallbackRecord(
                    task_id=task.task_id,
                    event_id=str(event["id"]),
                    at=self._clock.epoch(),
                    action=None if fault is None else fault.action,
                    status=status,
                )
            )
            self._notifier.notify()
            if status is not None and 200 <= status < 300:  # noqa: PLR2004 - HTTP's successes
                return

    async def _pause(self, seconds: float) -> None:
        """Wait so many emulated seconds."""
        until = self._clock.epoch() + seconds
        self.busy -= 1
        self._notifier.notify()
        try:
            while (left := self._clock.real_seconds_until(until)) > 0:
                await self._notifier.wait(left)
        finally:
            self.busy += 1

    async def _call(
        self, target: CallbackTarget, event: dict[str, object], fault: Fault | None
    ) -> int | None:
        headers, body = await asyncio.to_thread(self.signed, target, event, fault)
        if self._http is None:
            self._http = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS), trust_env=False
            )
        try:
            async with self._http.post(target.url, data=body, headers=headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return None

    def signed(
        self, target: CallbackTarget, event: dict[str, object], fault: Fault | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Return the headers and the body of a call, made at this moment.

        Args:
            target: where it goes.
            event: what it tells.
            fault: what is wrong with it.
        """
        action = None if fault is None else fault.action
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        at = self._clock.epoch()
        if fault is not None and action == "old":
            at -= LATE_SECONDS if fault.seconds is None else fault.seconds
        origin = self.origin
        if fault is not None and action == "foreign_host":
            origin = fault.location or FOREIGN_ORIGIN
        headers = {
            "x-eventbridge-signature-timestamp": str(round(at * 1000)),
            "x-eventbridge-hash-method": "SHA256",
            "x-eventbridge-signature-version": "1.0",
            "x-eventbridge-signature-url": f"{origin}{CERTIFICATE_PATH}",
            "x-eventbridge-signature-token": (
                "somebody-elses-token" if action == "wrong_token" else target.token
            ),
        }
        named = "\n".join(f"{name}: {value}" for name, value in headers.items())
        text = f"{target.url}\n{named}\n".encode() + body
        key = private_key("forged" if action == "wrong_key" else "genuine")
        signature = key.sign(text, padding.PKCS1v15(), SHA256())
        if action == "altered":
            body = body.replace(b'"FAILED"', b'"SUCCEEDED"') + b" "
        return {
            **headers,
            "x-eventbridge-signature-v2": base64.b64encode(signature).decode(),
            "Content-Type": "application/json; charset=utf-8",
        }, body

    def _event(self, task: TaskRecord) -> dict[str, object]:
        """Return the event of a task's end, fields in the order of the documented sample."""
        now = self._clock.now()
        started_at = task.submitted_at if task.scheduled_at is None else task.scheduled_at
        region_id = self._region.region_id
        return {
            "datacontenttype": "application/json;charset=utf-8",
            "aliyunaccountid": ACCOUNT_ID,
            "aliyunpublishtime": _iso(now),
            "data": {
                "start_time": _local(started_at),
                "user_api_unique_key": task.row.api_key_name,
                "task_status": task.status,
                "contain_result": False,
                "end_time": _local(task.ended_at or now.timestamp()),
                "task_id": task.task_id,
                "region": region_id,
                "request_id": str(uuid.uuid4()),
                "api_key_id": api_key_id(task.api_key),
            },
            "aliyunoriginalaccountid": ACCOUNT_ID,
            "specversion": "1.0",
            "aliyuneventbusname": "default",
            "id": str(uuid.uuid4()),
            "source": "acs.dashscope",
            "time": _iso(now),
            "aliyunregionid": region_id,
            "type": "dashscope:System:AsyncTaskFinish",
        }


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _local(epoch: float) -> str:
    """Write a time as the sample does: no fraction, and UTC+8 as in other answers."""
    return f"{datetime.fromtimestamp(epoch, SERVICE_ZONE):%Y-%m-%d %H:%M:%S}"

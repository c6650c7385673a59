"""Single typed calls to the provider: no poll loop, no repetition, nothing remembered.

A create has no idempotency key, so a second POST is a second paid video: it leaves once, over a
connection of its own, and the error says whether a task may exist. When a call is worth repeating
is the services' decision.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import httpx
from typing_extensions import override

from bot.domain.catalogue import Region
from bot.domain.errors import (
    ConfigurationError,
    MalformedResponseError,
    ModelNotAvailableError,
    ProviderError,
    RequestRefusedError,
    TaskNotCancellableError,
)
from bot.domain.failure import FailureReason
from bot.domain.ids import AccountId, TaskId
from bot.domain.network import ForwardProxy, IPNetwork
from bot.domain.ports import Clock, LocalFile, VideoProvider
from bot.domain.requests.task import Task, TaskPage, TaskRequest, UploadedFile
from bot.provider.downloads import Downloader
from bot.provider.exchange import (
    Body,
    Certificates,
    Deadlines,
    Reply,
    TransportOnDemand,
    exchange,
)
from bot.provider.hosts import ResultHosts
from bot.provider.mapping import error_of
from bot.provider.query_lane import QueryLane
from bot.provider.requests import create_body
from bot.provider.result_transport import ResultTransport
from bot.provider.tasks import page_of, task_of
from bot.provider.uploads import Uploader
from bot.provider.wire import (
    CreateAnswer,
    ErrorBody,
    ListAnswer,
    PolicyAnswer,
    TaskAnswer,
    UploadPolicy,
    parse,
)

PAGE_SIZE: Final = 50
"""Rows asked for per page. The largest is not documented; ``total_page`` is believed anyway."""
_FIRST_SUCCESS, _FIRST_REDIRECT = 200, 300
_SHARED_HOSTS: Final = {
    Region.BEIJING: "dashscope.aliyuncs.com",
    Region.SINGAPORE: "dashscope-intl.aliyuncs.com",
    Region.VIRGINIA: "dashscope-us.aliyuncs.com",
}
"""They go on serving, without what is new since 30 September 2026; Frankfurt and Tokyo have none.
https://www.alibabacloud.com/help/en/model-studio/base-url (October 2026)."""
_REGION_IDS: Final = {
    Region.BEIJING: "cn-beijing",
    Region.SINGAPORE: "ap-southeast-1",
    Region.VIRGINIA: "us-east-1",
    Region.FRANKFURT: "eu-central-1",
    Region.TOKYO: "ap-northeast-1",
}


def default_base_url(region: Region, workspace_id: str | None = None) -> str:
    """Return the REST base of a region, or of a workspace there.

    Sources: https://help.aliyun.com/zh/model-studio/ pages
    ``legacy-image-to-video-by-first-and-last-frame-api-reference`` and ``base-url``.

    Raises:
        ConfigurationError: the region has no host that all share.
    """
    if workspace_id is not None:
        return f"https://{workspace_id}.{_REGION_IDS[region]}.maas.aliyuncs.com/api/v1"
    if region not in _SHARED_HOSTS:
        raise ConfigurationError(
            "DASHSCOPE_WORKSPACE_ID", f"is required: {region.value} has no host without one"
        )
    return f"https://{_SHARED_HOSTS[region]}/api/v1"


class DashScopeProvider(VideoProvider):
    """Alibaba Cloud Model Studio over HTTP; an async context manager."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        region: Region,
        result_hosts: Sequence[str],
        clock: Clock,
        result_networks: Sequence[IPNetwork] = (),
        proxy: ForwardProxy | None = None,
        workspace_id: str | None = None,
        user_agent: str = "tween",
        queries_per_second: float = 10.0,
        deadlines: Deadlines | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        certificates: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            base_url: REST base, up to and including ``/api/v1``.
            api_key: The account's key.
            region: Where the account lives.
            result_hosts: Names and globs a result may be fetched from.
            clock: Paces the queries and judges expiry.
            result_networks: Networks beyond the public ones a result may be fetched from.
            proxy: What calls go through, and results from all but loopback hosts.
            workspace_id: Sub-workspace to charge.
            user_agent: What we call ourselves.
            queries_per_second: Most queries, lists and cancels per second together.
            deadlines: Shorter ones for tests.
            transport: Answers instead of the network, for tests.
            certificates: Who is believed instead of the usual authorities, for tests.

        Raises:
            ConfigurationError: the base URL or the key cannot be used.
        """
        self._base_url = _checked_base(base_url)
        self.account: AccountId = _account(region, self._base_url, api_key)
        self._clock = clock
        self._deadlines = deadlines or Deadlines()
        self._secrets = (api_key,)
        self._headers = _headers(api_key, workspace_id=workspace_id, user_agent=user_agent)
        self._lane = QueryLane(per_second=queries_per_second, clock=clock)
        authorities = self._authorities = Certificates(certificates)
        # A kept connection may be closed by the server just as a request leaves, which would make
        # a create's fate unclear for no reason.
        self._creates = transport or TransportOnDemand(
            authorities, keeps_connections=False, proxy=proxy
        )
        self._queries = transport or TransportOnDemand(
            authorities, keeps_connections=True, proxy=proxy
        )
        self._results = transport or TransportOnDemand(authorities, keeps_connections=False)
        self._tunnel = (
            None
            if proxy is None
            else transport or TransportOnDemand(authorities, keeps_connections=False, proxy=proxy)
        )
        self._places = ResultTransport(
            direct=self._results,
            tunnel=self._tunnel,
            hosts=ResultHosts(result_hosts, result_networks),
            connects=transport is None,
        )
        self._downloader = Downloader(
            self._places, clock=clock, user_agent=user_agent, deadlines=self._deadlines
        )
        self._uploader = Uploader(
            self._places,
            self._upload_policy,
            clock=clock,
            user_agent=user_agent,
            deadlines=self._deadlines,
        )

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}(account={self.account!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections that are kept."""
        for transport in (self._creates, self._queries, self._results, self._tunnel):
            if transport is not None:
                await transport.aclose()

    @override
    async def create_task(self, request: TaskRequest) -> TaskId:
        content = await asyncio.to_thread(create_body, request)
        headers = httpx.Headers(
            {
                **self._headers,
                "Content-Type": "application/json",
                "X-DashScope-Async": "enable",
                "Connection": "close",
            }
        )
        if request.needs_uploads:
            headers["X-DashScope-OssResourceResolve"] = "enable"
        reply = await self._exchange(
            self._creates,
            call="create_task",
            method="POST",
            url=self._url(f"/services/aigc/{request.shape.endpoint.value}"),
            headers=headers,
            body=Body(content),
            deadline_seconds=self._deadlines.create,
        )
        if not _is_success(reply):
            prompts = (request.prompt or "", request.negative_prompt or "")
            raise _without_task(self._error(reply, call="create_task", secrets=prompts))
        answer = parse(CreateAnswer, reply.body, call="create_task", status=reply.status)
        if answer.output is None or answer.output.task_id is None:
            raise MalformedResponseError(
                f"create_task: HTTP {reply.status} without a task id",
                status=reply.status,
                request_id=answer.request_id or reply.request_id,
            )
        return TaskId(answer.output.task_id)

    @override
    async def get_task(self, task_id: TaskId) -> Task:
        reply = await self._query("get_task", "GET", self._url(_task_path(task_id)))
        answer = parse(TaskAnswer, reply.body, call="get_task", status=reply.status)
        return task_of(answer, asked=task_id)

    @override
    async def list_tasks(self, *, model: str, page: int) -> TaskPage:
        # Without times the service means the last 24 hours; which zone its times are in is not
        # documented, so none are sent.
        url = self._url("/tasks").copy_merge_params(
            {"page_no": page, "page_size": PAGE_SIZE, "model_name": model}
        )
        reply = await self._query("list_tasks", "GET", url)
        answer = parse(ListAnswer, reply.body, call="list_tasks", status=reply.status)
        return page_of(answer, model=model, page=page)

    @override
    async def cancel_task(self, task_id: TaskId) -> None:
        url = self._url(f"{_task_path(task_id)}/cancel")
        reply = await self._query("cancel_task", "POST", url)
        parse(ErrorBody, reply.body, call="cancel_task", status=reply.status)

    @override
    async def download(self, url: str, into: LocalFile, *, max_bytes: int) -> int:
        return await self._downloader.download(url, into, max_bytes=max_bytes)

    @override
    async def upload_file(self, file: LocalFile, *, model: str, name: str) -> UploadedFile:
        return await self._uploader.upload(file, model=model, name=name)

    async def _upload_policy(self, model: str) -> UploadPolicy:
        """Ask what may be uploaded for a model, and where.

        Not a query of tasks: the provider takes 100 of these per second and model, page
        ``get-temporary-file-url`` under https://help.aliyun.com/zh/model-studio/.
        """
        reply = await self._exchange(
            self._queries,
            call="upload_policy",
            method="GET",
            url=self._url("/uploads").copy_merge_params({"action": "getPolicy", "model": model}),
            headers=httpx.Headers(self._headers),
            body=Body(b""),
            deadline_seconds=self._deadlines.query,
        )
        if not _is_success(reply):
            raise _without_task(self._error(reply, call="upload_policy"))
        return parse(PolicyAnswer, reply.body, call="upload_policy", status=reply.status).data

    async def _exchange(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        call: str,
        method: str,
        url: httpx.URL,
        headers: httpx.Headers,
        body: Body,
        deadline_seconds: float,
    ) -> Reply:
        # No part of the deadline: it is for what is sent.
        await self._authorities.read()
        return await exchange(
            transport,
            call=call,
            method=method,
            url=url,
            headers=headers,
            body=body,
            deadline_seconds=deadline_seconds,
            connect_seconds=self._deadlines.connect,
        )

    def _url(self, path: str) -> httpx.URL:
        return httpx.URL(f"{self._base_url}{path}")

    async def _query(self, call: str, method: str, url: httpx.URL) -> Reply:
        """Send a query when it is its turn, and return a success.

        Raises:
            ProviderError: anything but a success. A refusal says nothing about the task, so it
                counts as an answer that is out of order.
        """
        await self._lane.take_turn()
        reply = await self._exchange(
            self._queries,
            call=call,
            method=method,
            url=url,
            headers=httpx.Headers(self._headers),
            body=Body(b""),
            deadline_seconds=self._deadlines.query,
        )
        if _is_success(reply):
            return reply
        error = self._error(reply, call=call)
        is_cancel = call == "cancel_task"
        if isinstance(error, RequestRefusedError | ModelNotAvailableError) or (
            isinstance(error, TaskNotCancellableError) and not is_cancel
        ):
            raise MalformedResponseError(
                str(error),
                status=error.status,
                provider_code=error.provider_code,
                request_id=error.request_id,
            )
        raise error

    def _error(self, reply: Reply, *, call: str, secrets: Sequence[str] = ()) -> ProviderError:
        return error_of(
            reply.status,
            reply.body,
            call=call,
            retry_after_seconds=reply.retry_after_seconds(self._clock),
            request_id=reply.request_id,
            request_was_sent=reply.request_was_sent,
            secrets=(*self._secrets, *secrets),
        )


def _is_success(reply: Reply) -> bool:
    return _FIRST_SUCCESS <= reply.status < _FIRST_REDIRECT


def _without_task(error: ProviderError) -> ProviderError:
    """Return what an error means where there is no task yet.

    "The operation is unsupported on the referee object" then is a refusal.
    """
    if not isinstance(error, TaskNotCancellableError):
        return error
    return RequestRefusedError(
        str(error),
        reason=FailureReason.PARAMETERS_REJECTED,
        status=error.status,
        provider_code=error.provider_code,
        request_id=error.request_id,
    )


def _task_path(task_id: TaskId) -> str:
    return f"/tasks/{quote(task_id, safe='')}"


def _checked_base(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ConfigurationError("DASHSCOPE_HTTP_BASE_URL", "is not a URL") from error
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.query:
        raise ConfigurationError(
            "DASHSCOPE_HTTP_BASE_URL", "must be http(s)://host/path and nothing more"
        )
    return base_url.rstrip("/")


def _account(region: Region, base_url: str, api_key: str) -> AccountId:
    digest = hashlib.sha256(api_key.encode()).hexdigest()[:12]
    return AccountId(f"{region.value}:{httpx.URL(base_url).host}:{digest}")


def _headers(api_key: str, *, workspace_id: str | None, user_agent: str) -> httpx.Headers:
    if not api_key or not all("!" <= letter <= "~" for letter in api_key):
        raise ConfigurationError("DASHSCOPE_API_KEY", "has a blank or an unusual character")
    headers = httpx.Headers(
        {
            "Authorization": f"Bearer {api_key}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        }
    )
    if workspace_id is not None:
        headers["X-DashScope-WorkSpace"] = workspace_id
    return headers

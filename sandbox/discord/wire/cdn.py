"""Serves files under signed URLs that expire.

``ex`` is the expiry, ``is`` the issue (both hexadecimal Unix seconds), ``hm`` a signature:
https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import quote

from aiohttp import web

from sandbox.discord.world.clock import Clock
from sandbox.discord.world.records import Attachment

PREFIX = "/cdn"


class Cdn:
    """Signs addresses, checks them, and serves the files."""

    def __init__(self, clock: Clock, *, application_id: int, url_seconds: float) -> None:
        self._clock = clock
        self._application_id = application_id
        self._url_seconds = url_seconds
        self._secret = secrets.token_bytes(32)
        self._attachments: dict[int, Attachment] = {}
        self.base_url = ""
        """Scheme, host and port; set when the server listens."""
        self.downloads: list[tuple[int, int]] = []
        """(attachment, HTTP status) of every GET."""

    def add(self, attachment: Attachment) -> Attachment:
        """Make an attachment downloadable."""
        self._attachments[attachment.id] = attachment
        return attachment

    def forget(self, attachment_id: int) -> None:
        """Take a file away, as Discord does when its message is deleted."""
        self._attachments.pop(attachment_id, None)

    def _path(self, attachment: Attachment) -> str:
        folder = "ephemeral-attachments" if attachment.ephemeral else "attachments"
        owner = self._application_id if attachment.ephemeral else attachment.channel_id
        return f"{PREFIX}/{folder}/{owner}/{attachment.id}/{quote(attachment.filename)}"

    def _sign(self, path: str, expires: str, issued: str) -> str:
        text = f"{path}?{expires}&{issued}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()

    def url(self, attachment: Attachment) -> str:
        """Sign a fresh URL."""
        path = self._path(attachment)
        now = self._clock.timestamp()
        expires, issued = f"{int(now + self._url_seconds):x}", f"{int(now):x}"
        signature = self._sign(path, expires, issued)
        return f"{self.base_url}{path}?ex={expires}&is={issued}&hm={signature}&"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a GET: the bytes, or 404 for a URL that is expired, altered or unknown."""
        attachment = self._attachments.get(int(request.match_info["attachment"]))
        status = 200 if attachment and self._is_valid(attachment, request) else 404
        self.downloads.append((int(request.match_info["attachment"]), status))
        if attachment is None or status != 200:  # noqa: PLR2004  # HTTP OK
            return web.Response(status=404, text="This content is no longer available.")
        return web.FileResponse(
            attachment.path,
            headers={"Content-Type": attachment.content_type or "application/octet-stream"},
        )

    def _is_valid(self, attachment: Attachment, request: web.Request) -> bool:
        expires, issued = request.query.get("ex", ""), request.query.get("is", "")
        expected = self._sign(self._path(attachment), expires, issued)
        return (
            hmac.compare_digest(expected, request.query.get("hm", ""))
            and int(expires, 16) > self._clock.timestamp()
        )

"""Takes temporary files: the policy a client asks for, the bucket it posts to, the lookup.

help.aliyun.com/zh/model-studio/get-temporary-file-url: a policy lives 300 seconds, a file 48
hours, and a file may only be used with the model it was uploaded for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.dashscope.clock import SERVICE_ZONE, EmulatorClock

POLICY_SECONDS = 300
FILE_SECONDS = 48 * 3600
MAX_FILE_MB = 100
ACCESS_KEY_ID = "LTAIsandboxuploads"


class UploadRefusedError(Exception):
    """The bucket says no; it answers XML, like every OSS bucket."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class _Policy:
    model: str
    upload_dir: str
    signature: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One uploaded file."""

    model: str
    data: bytes
    expires_at: float


class UploadStore:
    """Issues policies and keeps what was uploaded under them."""

    def __init__(self, clock: EmulatorClock, secret: bytes) -> None:
        self._clock = clock
        self._secret = secret
        self._policies: dict[str, _Policy] = {}
        self.files: dict[str, StoredFile] = {}

    def issue_policy(self, *, model: str, request_id: str, upload_host: str) -> dict[str, object]:
        """Return the ``data`` of a getPolicy answer."""
        expires_at = self._clock.epoch() + POLICY_SECONDS
        day = datetime.fromtimestamp(self._clock.epoch(), SERVICE_ZONE)
        upload_dir = f"dashscope-instant/{uuid.uuid4().hex}/{day:%Y-%m-%d}/{request_id}"
        conditions: list[object] = [
            ["content-length-range", 0, MAX_FILE_MB * 1024 * 1024],
            ["starts-with", "$key", upload_dir],
            {"bucket": "dashscope-file-mgr"},
            {"x-oss-object-acl": "private"},
            {"x-oss-forbid-overwrite": "true"},
        ]
        expiration = datetime.fromtimestamp(expires_at, UTC)
        document = {"expiration": f"{expiration:%Y-%m-%dT%H:%M:%SZ}", "conditions": conditions}
        policy = base64.b64encode(json.dumps(document).encode()).decode()
        digest = hmac.new(self._secret, policy.encode(), hashlib.sha1).digest()
        signature = base64.b64encode(digest).decode()
        self._policies[policy] = _Policy(model, upload_dir, signature, expires_at)
        return {
            "policy": policy,
            "signature": signature,
            "upload_dir": upload_dir,
            "upload_host": upload_host,
            "expire_in_seconds": POLICY_SECONDS,
            "max_file_size_mb": MAX_FILE_MB,
            "capacity_limit_mb": 999999999,
            "oss_access_key_id": ACCESS_KEY_ID,
            "x_oss_object_acl": "private",
            "x_oss_forbid_overwrite": "true",
        }

    def store(self, form: dict[str, str], data: bytes) -> None:
        """Keep an uploaded file.

        Raises:
            UploadRefusedError: the form does not fit its policy.
        """
        policy = self._policies.get(form.get("policy", ""))
        if policy is None or not hmac.compare_digest(
            policy.signature.encode(), form.get("Signature", "").encode()
        ):
            raise UploadRefusedError(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method.",
            )
        if policy.expires_at <= self._clock.epoch():
            raise UploadRefusedError(
                403, "AccessDenied", "Invalid according to Policy: Policy expired."
            )
        key = form.get("key", "")
        if not key.startswith(f"{policy.upload_dir}/") or key.endswith("/"):
            raise UploadRefusedError(
                403,
                "AccessDenied",
                "Invalid according to Policy: Policy Condition failed: "
                f'["starts-with", "$key", "{policy.upload_dir}"]',
            )
        if len(data) > MAX_FILE_MB * 1024 * 1024:
            raise UploadRefusedError(
                400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size."
            )
        if key in self.files:
            raise UploadRefusedError(
                409, "FileAlreadyExists", "The object you specified already exists."
            )
        self.files[key] = StoredFile(policy.model, data, self._clock.epoch() + FILE_SECONDS)

    def find(self, key: str, *, model: str) -> bytes | None:
        """Return a stored file, if it still exists and belongs to the model."""
        stored = self.files.get(key)
        if stored is None or stored.model != model or stored.expires_at <= self._clock.epoch():
            return None
        return stored.data

"""What gives somebody access wherever it stands in a text: signed addresses, keys, inline files.

The provider's words are cleaned as they arrive (``bot.provider.redaction``), everything else as it
is logged (``bot.logs``).
"""

from __future__ import annotations

import re

QUERY = re.compile(r"(?i)\b((?:https?|oss)://[^\s?#\"'<>]*)[?#][^\s\"'<>]+")
"""An address up to its query or fragment, where signatures are."""
USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/?#@\"'<>]+@")
"""A name and a password within an address."""
DATABASE = re.compile(
    r"(?i)\b((?:postgres(?:ql)?|sqlite|mysql|mariadb|redis|amqp|s3)(?:\+\w+)?://)[^\s\"'<>]*@"
)
"""The same of a database, up to its last @: passwords are pasted there as they are."""
PASSWORD = re.compile(
    r"(?i)\b(password|passwd|pwd|secret|api_?key|access_?key)(\s*[=:]\s*)"
    r"(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s&,;\"'<>]+)"
)
"""A password by its name, as in libpq's way to say where a database is."""
DATA_URI = re.compile(r"(?i)\bdata:[a-z0-9.+-]+/[a-z0-9.+-]+[;,][^\s\"'<>]*")
"""A file written out in a text."""
SIGNED = re.compile(
    r"(?i)\b(expires|signature|ossaccesskeyid|(?:x-oss-)?security-token|x-oss-[\w-]+)"
    r"=[^\s&\"'<>]+"
)
"""A parameter of a signed address, its name first: Alibaba Cloud's object storage."""
KEY = re.compile(r"\bsk-[A-Za-z0-9._-]+")
"""A key of Model Studio."""

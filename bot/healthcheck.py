"""``python -m bot.healthcheck``: what a container engine runs to learn how the bot is.

It asks ``/readyz`` at the address in ``HTTP_LISTEN``, which both processes read, and ends with
exit code 1 and one line where the bot is down, stuck or cut off.
"""

from __future__ import annotations

import http.client
import sys
from http import HTTPStatus

from bot.domain.errors import ConfigurationError
from bot.settings import load_settings

TIMEOUT_SECONDS = 5.0
"""Above what /readyz waits for the database; below the engine's own limit, which tells nothing."""


def problem_at(address: tuple[str, int] | None) -> str | None:
    """Return what is wrong with the bot that listens there; None where nothing is.

    A host who switched the page off is believed: there is nobody to ask.
    """
    if address is None:
        return None
    host, port = address
    # An address that means every interface reaches ours. urllib would obey HTTP_PROXY.
    connection = http.client.HTTPConnection(host or "localhost", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        states = answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return f"no answer at {host}:{port}: {error}"
    finally:
        connection.close()
    return None if answer.status == HTTPStatus.OK else states


def main() -> None:
    """Exit with 0 where all is well, else with 1."""
    try:
        problem = problem_at(load_settings().listen)
    except ConfigurationError as error:
        problem = f"{error.setting}: {error.problem}"
    sys.exit(problem)


if __name__ == "__main__":
    main()

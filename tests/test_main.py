"""``python -m bot``: what it does to its own process before anything else."""

from __future__ import annotations

import os
import resource
import subprocess
import sys


def test_the_process_keeps_its_files_and_its_memory_to_itself() -> None:
    script = """
import os, resource, sys
import bot.cli
bot.cli.main = lambda: print(f"{os.umask(0):o}", resource.getrlimit(resource.RLIMIT_CORE))
import runpy
runpy.run_module("bot", run_name="__main__")
"""
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]

    def allow_core_files() -> None:
        os.umask(0o022)
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))

    found = subprocess.run(  # noqa: S603 - this test's own words
        [sys.executable, "-c", script],
        preexec_fn=allow_core_files,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split("\n")[0] == "77 (0, 0)"

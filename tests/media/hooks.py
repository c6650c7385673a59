"""What tests have children do instead of their work; imports next to nothing, as a child must."""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.media import confinement
from bot.media.limits import limited_cpu

MIB = 1024 * 1024


def die(*_: object) -> None:
    """End the process."""
    os._exit(7)


def crash(*_: object) -> None:
    """End as a decoder does that reads where it must not."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(*_: object) -> None:
    """Wait for ever."""
    threading.Event().wait()


def spin(*_: object) -> None:
    """Compute for ever."""
    while True:
        pass


def eat_memory(*_: object) -> int:
    """Ask for more memory than a child may have."""
    return len(bytearray(8 * 1024 * MIB))


def mark_and_hang(mark: Path) -> None:
    """Leave a file with the process's id, and wait for ever."""
    mark.write_text(str(os.getpid()))
    hang()


def mark_and_wait_for(mark: Path, other: Path) -> int:
    """Return once both have begun: at the same time, in two children."""
    mark.touch()
    while not other.exists():
        threading.Event().wait(0.01)
    return os.getpid()


def write_half_and_die(source: Path, target: Path, *_: object) -> None:
    """Leave what an encoder that is killed leaves."""
    target.with_name(f"{target.name}.statistics").write_bytes(source.name.encode())
    target.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)


def who() -> int:
    """Return the process's id."""
    return os.getpid()


def length_of(data: bytes) -> int:
    """Return how many bytes came."""
    return len(data)


def is_deaf_to(*numbers: int) -> list[bool]:
    """Tell which signals are ignored."""
    return [signal.getsignal(number) is signal.SIG_IGN for number in numbers]


def modules() -> set[str]:
    """Return all that is imported."""
    return set(sys.modules)


def environment() -> Mapping[str, str]:
    """Return the environment the process was started with."""
    pairs = Path("/proc/self/environ").read_text("utf-8").split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


def niceness() -> int:
    """Return how much the process gives way."""
    return os.nice(0)


def open_files() -> list[str]:
    """Return what the open descriptors lead to."""
    return [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.exists()]


def fail_with(error: Exception) -> None:
    """Raise an error."""
    raise error


def name_a_function() -> Callable[[], int]:
    """Answer with a function, which is what a pickle that does harm begins with."""
    return os.getpid


def work_for_ever() -> None:
    """Use up a share of processor time that ends soon."""
    with limited_cpu(0.2):
        spin()


def work_a_little() -> float:
    """Stay far below a share of processor time."""
    with limited_cpu(30):
        return sum(number / 7 for number in range(1000))


def cpu_limits() -> list[int]:
    """Return the soft limit of processor time: of this work, within a part of it, and after."""
    found = [resource.getrlimit(resource.RLIMIT_CPU)[0]]
    for seconds in (2.0, 10_000.0):
        with limited_cpu(seconds):
            found.append(resource.getrlimit(resource.RLIMIT_CPU)[0])
    return [*found, resource.getrlimit(resource.RLIMIT_CPU)[0]]


def limits_of(*names: int) -> list[tuple[int, int]]:
    """Return the soft and the hard limit of each resource."""
    return [resource.getrlimit(name) for name in names]


def mark_and_wait_for_another(mark: Path, other: Path, *_: object) -> int:
    """Do so in the place of an encoder."""
    return mark_and_wait_for(mark, other)


def _refusal_of(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "allowed"


def reach_for_files(secret: Path, elsewhere: Path, scratch: Path) -> dict[str, str]:
    """Try what a decoder that was taken over would do to files; return what came of it."""
    own = scratch / "own"
    own.write_text("mine")
    return {
        "read": _refusal_of(secret.read_bytes),
        "list": _refusal_of(lambda: list(elsewhere.iterdir())),
        "overwrite": _refusal_of(lambda: secret.write_text("mine")),
        "append": _refusal_of(lambda: os.open(secret, os.O_WRONLY | os.O_APPEND)),
        "truncate": _refusal_of(lambda: os.truncate(secret, 0)),
        "create": _refusal_of((elsewhere / "new").touch),
        "make a folder": _refusal_of((elsewhere / "folder").mkdir),
        "remove": _refusal_of(secret.unlink),
        "move out": _refusal_of(lambda: own.rename(elsewhere / "own")),
        "link in": _refusal_of(lambda: os.link(secret, scratch / "secret")),
        "open its modes": _refusal_of(lambda: secret.chmod(0o777)),
        "its parent's environment": _refusal_of(Path(f"/proc/{os.getppid()}/environ").read_bytes),
        "the password file": _refusal_of(Path("/etc/passwd").read_bytes),
    }


def reach_for_others(port: int) -> dict[str, str]:
    """Try what it would do to other machines, programs and processes."""
    return {
        "connect": _refusal_of(lambda: socket.create_connection(("127.0.0.1", port), 1)),
        "open a socket": _refusal_of(socket.socket),
        "open one of IPv6": _refusal_of(lambda: socket.socket(socket.AF_INET6)),
        "send datagrams": _refusal_of(lambda: socket.socket(type=socket.SOCK_DGRAM)),
        "open one of this machine": _refusal_of(lambda: socket.socket(socket.AF_UNIX)),
        "open a pair": _refusal_of(socket.socketpair),
        "fork": _refusal_of(os.fork),
        "become a program": _refusal_of(lambda: os.execv("/bin/true", ["true"])),  # noqa: S606
        "start a program": _refusal_of(lambda: os.posix_spawn("/bin/true", ["true"], {})),
        "run a program": _refusal_of(lambda: subprocess.run(["/bin/true"], check=True)),
        "signal its parent": _refusal_of(lambda: os.kill(os.getppid(), 0)),
        "signal its group": _refusal_of(lambda: os.kill(0, 0)),
        "limit its parent": _refusal_of(
            lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)
        ),
    }


def lift_limit(name: int, most: int) -> None:
    """Try to have more of something again, as root could."""
    resource.setrlimit(name, (most, most))


def work_with_threads() -> int:
    """Start threads and signal this process, which decoders and the interpreter do."""
    done: list[int] = []
    threads = [threading.Thread(target=done.append, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.kill(os.getpid(), 0)
    return len(done)


def where() -> tuple[str, str]:
    """Return the folder it works in, and the one for temporary files."""
    import tempfile

    return str(Path.cwd()), tempfile.gettempdir()


def privileges() -> dict[str, str]:
    """Return what the system says of this process's rights."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def missing() -> tuple[str, ...]:
    """Return what this system did not take from the process."""
    return tuple(confinement.MISSING)

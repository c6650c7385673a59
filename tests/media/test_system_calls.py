"""The tables of system calls that children are refused."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import pytest

from bot.media import landlock, system_calls


@pytest.mark.parametrize("machine", system_calls._MACHINES)
def test_every_refused_call_has_a_number_of_its_own(machine: str) -> None:
    """No two names share a number, and a machine lacks only calls that it replaced by others."""
    numbers = system_calls._MACHINES[machine].numbers
    assert len(set(numbers.values())) == len(numbers)
    wanted = {*system_calls._NAMES, *system_calls._OWN_PROCESS_ALONE, "clone", "clone3"}
    replaced = {"fork", "vfork", "chmod", "chown", "lchown"} if machine == "aarch64" else set()
    assert wanted - numbers.keys() == replaced


def test_a_system_without_any_of_it_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="riscv64"))
    assert not system_calls.filter_system_calls()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert landlock.version() == 0
    assert not landlock.restrict_files(writable=(), readable=(), listable=())
    assert not system_calls.filter_system_calls()

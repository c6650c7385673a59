"""Emulates the Wan video service of Alibaba Cloud Model Studio (DashScope) on loopback.

It speaks the documented HTTP API closely enough that the official ``dashscope`` SDK cannot tell
the difference, keeps the documented limits, makes real MP4 files, and can be told to misbehave.
Nothing in here knows the bot: it is a second opinion on the provider's contract.
"""

from sandbox.dashscope.callbacks import CallbackRecord
from sandbox.dashscope.clock import EmulatorClock
from sandbox.dashscope.faults import Fault
from sandbox.dashscope.recorder import RequestRecord
from sandbox.dashscope.rows import Region
from sandbox.dashscope.server import DashScopeServer
from sandbox.dashscope.settings import CallbackTarget, EmulatorSettings
from sandbox.dashscope.tasks import TaskRecord

__all__ = [
    "CallbackRecord",
    "CallbackTarget",
    "DashScopeServer",
    "EmulatorClock",
    "EmulatorSettings",
    "Fault",
    "Region",
    "RequestRecord",
    "TaskRecord",
]

"""Emulates Discord on loopback for one unmodified bot: REST v10, gateway, interactions, CDN.

``async with DiscordServer() as server:`` or ``python -m sandbox.discord``. It refuses what Discord
refuses and keeps everything the bot did for tests to look at.
"""

from sandbox.discord.client.command_input import ClientRefusedError, Upload
from sandbox.discord.client.invocation import Invocation, NoAnswerError
from sandbox.discord.rules.faults import Fault
from sandbox.discord.server import DiscordServer
from sandbox.discord.world.permissions import Permission
from sandbox.discord.world.recorded_request import RecordedRequest
from sandbox.discord.world.records import Attachment, ChannelKind, Message, Revision
from sandbox.discord.world.settings import DiscordSettings

__all__ = [
    "Attachment",
    "ChannelKind",
    "ClientRefusedError",
    "DiscordServer",
    "DiscordSettings",
    "Fault",
    "Invocation",
    "Message",
    "NoAnswerError",
    "Permission",
    "RecordedRequest",
    "Revision",
    "Upload",
]

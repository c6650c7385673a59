"""A Discord on loopback: REST v10, gateway, interactions and CDN for one unmodified bot.

``async with DiscordServer() as server:`` or ``python -m sandbox.discord``. It refuses what Discord
refuses and keeps everything the bot did for tests to look at.
"""

from sandbox.discord.command_input import ClientRefusedError, Upload
from sandbox.discord.faults import Fault
from sandbox.discord.invocation import Invocation, NoAnswerError
from sandbox.discord.permissions import Permission
from sandbox.discord.recorder import RecordedRequest
from sandbox.discord.records import Attachment, ChannelKind, Message, Revision
from sandbox.discord.server import DiscordServer
from sandbox.discord.settings import DiscordSettings

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

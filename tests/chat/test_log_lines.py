"""A line in a log channel stands there once, however often it is sent."""

from __future__ import annotations

from bot.chat.messenger import Messenger
from bot.domain.guilds.audit import Action, AuditEntry, AuditLine, WordChange
from bot.domain.ids import ChannelId, GuildId, UserId
from bot.domain.people import Person
from sandbox.discord import DiscordServer


def a_line(server: DiscordServer, number: int = 1) -> AuditLine:
    entry = AuditEntry(
        guild_id=GuildId(server.guild.id),
        at=server.clock.now(),
        actor=Person(user_id=UserId(server.users[0].id), name="mia"),
        change=WordChange(action=Action.WORD_ADDED, word=f"fox {number}"),
    )
    return AuditLine(id=number, channel_id=ChannelId(server.channel.id), entry=entry)


async def test_a_line_that_is_sent_again_stands_there_once(
    server: DiscordServer, messenger: Messenger
) -> None:
    server.faults.respond("POST", "/channels/*/messages", 503, after=True)
    for number in (1, 1, 2):
        await messenger.tell_log_channel(a_line(server, number))
    said = [message.content for message in server.messages(server.channel)]
    who = f"<@{server.users[0].id}>"
    assert said == [f"{who} added a blocked word: fox {number}" for number in (1, 2)]

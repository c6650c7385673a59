"""What stands in a prompt where somebody mentioned something whose name is not known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain.requests.mentions import MentionKind, TimeStyle

UNKNOWN: Mapping[MentionKind, str] = {
    MentionKind.MEMBER: "someone",
    MentionKind.ROLE: "some members",
    MentionKind.CHANNEL: "a channel",
}
"""Said to a model, to which an id says nothing."""

PAGE = "a page of this server"
"""One of Discord's own pages: the guide, browse channels, customize, linked roles."""

_FORMATS: Mapping[TimeStyle, str] = {
    TimeStyle.TIME: "{0:%H:%M}",
    TimeStyle.TIME_WITH_SECONDS: "{0:%H:%M:%S}",
    TimeStyle.DATE: "{0.day} {0:%B %Y}",
    TimeStyle.LONG_DATE: "{0.day} {0:%B %Y}",
    TimeStyle.MOMENT: "{0.day} {0:%B %Y, %H:%M}",
    TimeStyle.LONG_MOMENT: "{0:%A}, {0.day} {0:%B %Y, %H:%M}",
    TimeStyle.SHORT_MOMENT: "{0.day} {0:%B %Y, %H:%M}",
    TimeStyle.SHORT_MOMENT_WITH_SECONDS: "{0.day} {0:%B %Y, %H:%M:%S}",
    TimeStyle.RELATIVE: "{0.day} {0:%B %Y, %H:%M}",
}


def moment(at: datetime, style: TimeStyle) -> str:
    """Return a moment in words, in UTC: a picture of a clock shows one time, not each reader's."""
    return _FORMATS[style].format(at)

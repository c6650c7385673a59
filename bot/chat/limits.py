"""Discord's limits, each with where it is written."""

from __future__ import annotations

CONTENT_CHARACTERS = 2000
"""https://discord.com/developers/docs/resources/message#create-message"""

EMBED_DESCRIPTION_CHARACTERS = 4096
EMBED_FIELD_VALUE_CHARACTERS = 1024
"""https://discord.com/developers/docs/resources/message#embed-object-embed-limits"""

CHOICE_CHARACTERS = 100
"""https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-choice-structure"""

CHOICES = 25
"""https://discord.com/developers/docs/interactions/application-commands#autocomplete"""

FORM_TEXT_CHARACTERS = 4000
"""https://discord.com/developers/docs/components/reference#text-input; an option takes 6,000."""

PROMPT_CHARACTERS = 300
"""Ours: a status message shows no more of a prompt."""

UNKNOWN_CHANNEL = 10_003
UNKNOWN_GUILD = 10_004
UNKNOWN_MESSAGE = 10_008
UNKNOWN_WEBHOOK = 10_015
UNKNOWN_INTERACTION = 10_062
ALREADY_ACKNOWLEDGED = 40_060
REQUEST_ENTITY_TOO_LARGE = 40_005
MISSING_ACCESS = 50_001
CANNOT_EDIT_OTHERS = 50_005
CANNOT_SEND_TO_USER = 50_007
MISSING_PERMISSIONS = 50_013
INVALID_WEBHOOK_TOKEN = 50_027
THREAD_ARCHIVED = 50_083
THREAD_LOCKED = 160_005
REPLY_WITHOUT_HISTORY = 160_002
BLOCKED_BY_AUTOMOD = 200_000
TOO_MANY_EDITS_OF_OLD_MESSAGE = 30_046
SLOW_MODE = 20_016
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""

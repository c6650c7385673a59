"""The colours of embeds: Discord's own, so that they go with its clients."""

from __future__ import annotations

import discord

BLURPLE = discord.Colour(0x5865F2)
GREEN = discord.Colour(0x3BA55D)
AMBER = discord.Colour(0xFAA61A)
RED = discord.Colour(0xED4245)
GREY = discord.Colour(0x747F8D)

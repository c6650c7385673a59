"""The bot under drive: an ordinary discord.py process that knows nothing of the sandbox.

Reads ``DISCORD_TOKEN`` and ``DISCORD_API_BASE_URL`` like the product does and prints one line of
JSON per thing a test wants to know.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import signal
import sys

import discord
import discord.http
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from typing_extensions import override

from tests.sandbox.discord import kitten_panels
from tests.sandbox.discord.finished_video import FINISHED_VIDEO
from tests.sandbox.discord.kitten_words import say


class CancelButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"cancel:(?P<job>\w+)"
):
    def __init__(self, job: str) -> None:
        super().__init__(
            discord.ui.Button(
                label="Cancel", style=discord.ButtonStyle.danger, custom_id=f"cancel:{job}"
            )
        )
        self.job = job

    @classmethod
    @override
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
        /,
    ) -> CancelButton:
        del interaction, item
        return cls(match["job"])

    @override
    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"cancelled {self.job}", ephemeral=True)


def cancel_view(job: str) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(CancelButton(job))
    return view


class KittenBot(commands.AutoShardedBot):
    def __init__(self) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.1,
        )

    @override
    async def setup_hook(self) -> None:
        # After op 9, and after a refused resume, discord.py goes to this class attribute.
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        self.add_dynamic_items(CancelButton)
        self.tree.add_command(video)
        self.tree.add_command(probe)
        self.tree.add_command(animate)
        kitten_panels.add_to(self.tree)
        await self.tree.sync()

    @override
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Skip the five seconds discord.py sleeps between two IDENTIFYs."""
        del shard_id, initial

    async def on_ready(self) -> None:
        say("ready", guilds=[guild.name for guild in self.guilds])

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        await kitten_panels.answer_lasting_modal(interaction)

    async def on_resumed(self) -> None:
        say("resumed")

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        say("channel deleted", name=channel.name)

    async def on_thread_update(self, before: discord.Thread, after: discord.Thread) -> None:
        say("thread updated", archived=[before.archived, after.archived])

    async def on_guild_update(self, before: discord.Guild, after: discord.Guild) -> None:
        say("guild updated", tiers=[before.premium_tier, after.premium_tier])


video = app_commands.Group(name="video", description="Make a video", guild_only=True)
probe = app_commands.Group(name="probe", description="Pieces of the flow")


@video.command(name="frames", description="From two pictures")
@app_commands.describe(first_frame="First", prompt="What happens", seed="Seed", model="Model")
async def frames(
    interaction: discord.Interaction,
    first_frame: discord.Attachment,
    prompt: app_commands.Range[str, 1, 800] | None = None,
    seed: app_commands.Range[int, 0, 2147483647] | None = None,
    model: str | None = None,
) -> None:
    await interaction.response.defer(ephemeral=True)
    picture = await first_frame.read()
    channel = interaction.client.get_partial_messageable(interaction.channel_id or 0)
    embed = discord.Embed(title="Queued", description=prompt or "no prompt")
    embed.set_image(url="attachment://preview.jpg")
    embed.set_footer(text="Job ABC123")
    status = await channel.send(
        embed=embed,
        view=cancel_view("ABC123"),
        file=discord.File(io.BytesIO(picture), "preview.jpg"),
        nonce="ABC123:s",
    )
    await interaction.edit_original_response(
        content=f"Queued {status.jump_url} {first_frame.width}x{first_frame.height}"
    )
    message = channel.get_partial_message(status.id)
    for state in ("running", "downloading"):
        await message.edit(embed=discord.Embed(title=state))
    video = discord.File(io.BytesIO(FINISHED_VIDEO), "ABC123.mp4")
    await message.edit(
        embed=discord.Embed(title="done", description=f"{seed} {model}"),
        attachments=[video],
        view=None,
    )
    await channel.send(
        f"<@{interaction.user.id}> your video is ready",
        reference=message.to_reference(fail_if_not_exists=False),
        allowed_mentions=discord.AllowedMentions(users=[interaction.user]),
        nonce="ABC123:p",
    )
    say("flow done", locale=str(interaction.locale), limit=interaction.filesize_limit)


@frames.autocomplete("model")
async def suggest(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    del interaction
    names = ["kf2v-flash", "kf2v-plus"]
    return [app_commands.Choice(name=name, value=name) for name in names if typed in name]


async def report(interaction: discord.Interaction, name: str, work: object) -> None:
    """Await something and tell the test how it ended."""
    try:
        result = await work  # type: ignore[misc]  # any awaitable of the library
    except discord.HTTPException as error:
        outcome = {"status": error.status, "code": error.code}
        say(name, **outcome)
        text = json.dumps(outcome)
    else:
        identifier = getattr(result, "id", None)
        say(name, status=200, id=str(identifier))
        text = "ok"
    await interaction.edit_original_response(content=text)


@probe.command(name="send", description="Post with the bot token")
async def send(
    interaction: discord.Interaction,
    content: str = "hello",
    size: int = 0,
    nonce: str | None = None,
) -> None:
    await interaction.response.defer(ephemeral=True)
    target = interaction.client.get_partial_messageable(interaction.channel_id or 0)
    files = [discord.File(io.BytesIO(b"\x01" * size), "big.mp4")] if size else []
    if nonce is None:
        work = target.send(content, files=files)
    else:
        work = target.send(content, files=files, nonce=nonce)
    await report(interaction, "sent", work)


@probe.command(name="edit", description="Edit with the bot token")
async def edit(interaction: discord.Interaction, message_id: str, content: str) -> None:
    await interaction.response.defer(ephemeral=True)
    target = interaction.client.get_partial_messageable(interaction.channel_id or 0)
    work = target.get_partial_message(int(message_id)).edit(content=content)
    await report(interaction, "edited", work)


@probe.command(name="dm", description="Write to the user")
async def dm(interaction: discord.Interaction) -> None:
    await interaction.response.defer(ephemeral=True)
    await report(interaction, "dm", interaction.user.send("psst"))


@probe.command(name="history", description="Read back")
async def history(interaction: discord.Interaction) -> None:
    await interaction.response.defer(ephemeral=True)
    channel = interaction.client.get_partial_messageable(interaction.channel_id or 0)
    texts = [
        f"{message.author.name}: {message.content}" async for message in channel.history(limit=50)
    ]
    say("history", texts=texts)
    await interaction.edit_original_response(content=f"{len(texts)} messages")


@probe.command(name="late", description="Acknowledge too late")
async def late(interaction: discord.Interaction, seconds: float = 0.0) -> None:
    await asyncio.sleep(seconds)
    try:
        await interaction.response.defer(ephemeral=True)
    except discord.HTTPException as error:
        say("late", status=error.status, code=error.code)
    else:
        say("late", status=200)


held: dict[int, tuple[discord.Interaction, discord.Attachment | None]] = {}


@probe.command(name="hold", description="Keep the interaction for the next command")
async def hold(interaction: discord.Interaction, file: discord.Attachment | None = None) -> None:
    await interaction.response.defer(ephemeral=True)
    held[interaction.user.id] = (interaction, file)
    say("held")


@probe.command(name="use-held", description="Use the kept interaction")
async def use_held(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("trying", ephemeral=True)
    old, file = held[interaction.user.id]
    try:
        await old.edit_original_response(content="still alive")
    except discord.HTTPException as error:
        say("old token", status=error.status, code=error.code)
    try:
        await (file.read() if file else asyncio.sleep(0))
    except discord.HTTPException as error:
        say("old file", status=error.status, code=error.code)


class PromptModal(discord.ui.Modal, title="Animate"):
    prompt: discord.ui.Label[discord.ui.Modal] = discord.ui.Label(
        text="Prompt", component=discord.ui.TextInput(custom_id="prompt", max_length=100)
    )

    @override
    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        text = self.prompt.component
        value = text.value if isinstance(text, discord.ui.TextInput) else ""
        await interaction.response.send_message(f"animating: {value}", ephemeral=True)


@app_commands.context_menu(name="Animate image")
async def animate(interaction: discord.Interaction, message: discord.Message) -> None:
    say("animate", attachments=[attachment.filename for attachment in message.attachments])
    await interaction.response.send_modal(PromptModal())


async def main(token: str, base: str) -> None:
    discord.http.Route.BASE = base
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    bot = KittenBot()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with bot, asyncio.TaskGroup() as group:
        running = group.create_task(bot.start(token))
        waiting = group.create_task(stop.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        await bot.close()
        waiting.cancel()


if __name__ == "__main__":
    discord.utils.setup_logging()
    asyncio.run(main(sys.argv[1], sys.argv[2]))

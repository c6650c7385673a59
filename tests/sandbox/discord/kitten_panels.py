"""The part of the kitten bot that opens modals and private panels, and cleans up."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable

import discord
from discord import app_commands, ui
from typing_extensions import override

from tests.sandbox.discord.finished_video import FINISHED_VIDEO
from tests.sandbox.discord.kitten_words import say

LASTING = "lasting:7"
panel = app_commands.Group(name="panel", description="Modals and panels")


def add_to(tree: app_commands.CommandTree[discord.Client]) -> None:
    tree.add_command(panel)
    tree.add_command(remake)


async def outcome(name: str, work: Awaitable[object]) -> None:
    """Tell how a request ended."""
    try:
        await work
    except discord.HTTPException as error:
        say(name, status=error.status, code=error.code, text=error.text)
    else:
        say(name, status=200)


class RemakeModal(ui.Modal, title="Remake"):
    words: ui.Label[RemakeModal] = ui.Label(
        text="Words", component=ui.TextInput(custom_id="words", default="as before")
    )
    files: ui.Label[RemakeModal] = ui.Label(
        text="Pictures",
        component=ui.FileUpload(custom_id="files", required=False, min_values=0, max_values=2),
    )
    size: ui.Label[RemakeModal] = ui.Label(
        text="Size",
        component=ui.Select(
            custom_id="size",
            options=[discord.SelectOption(label=name) for name in ("480p", "720p")],
        ),
    )
    sound: ui.Label[RemakeModal] = ui.Label(
        text="Sound",
        component=ui.RadioGroup(
            custom_id="sound",
            options=[discord.RadioGroupOption(label=name) for name in ("on", "off")],
        ),
    )
    more: ui.Label[RemakeModal] = ui.Label(
        text="More",
        component=ui.CheckboxGroup(
            custom_id="more",
            min_values=1,
            max_values=2,
            options=[discord.CheckboxGroupOption(label=name) for name in ("loop", "draft")],
        ),
    )

    @override
    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        files = self.files.component
        read = (
            [await file.read() for file in files.values] if isinstance(files, ui.FileUpload) else []
        )
        size, sound, more = self.size.component, self.sound.component, self.more.component
        say(
            "remade",
            words=str(self.words.component),
            files=[len(data) for data in read],
            size=size.values if isinstance(size, ui.Select) else None,
            sound=sound.value if isinstance(sound, ui.RadioGroup) else None,
            more=more.values if isinstance(more, ui.CheckboxGroup) else None,
            message=str(interaction.message.id) if interaction.message else None,
        )
        await interaction.response.send_message("remade", ephemeral=True)


@app_commands.context_menu(name="Remake")
async def remake(interaction: discord.Interaction, message: discord.Message) -> None:
    say("target", content=message.content, author=message.author.name)
    await interaction.response.send_modal(RemakeModal())


class TickModal(ui.Modal, title="Sure?"):
    def __init__(self, *fields: ui.Label[TickModal]) -> None:
        super().__init__(custom_id=LASTING)
        tick = ui.Label[TickModal](text="Sure", component=ui.Checkbox(custom_id="sure"))
        for field in fields or (tick,):
            self.add_item(field)


async def answer_lasting_modal(interaction: discord.Interaction) -> None:
    """Answer a modal that a process before this one may have opened."""
    data: dict[str, object] = {**(interaction.data or {})}
    is_modal = interaction.type is discord.InteractionType.modal_submit
    if is_modal and data["custom_id"] == LASTING:
        say("lasting", fields=data["components"])
        await interaction.response.send_message("still here", ephemeral=True)


@panel.command(name="lasting", description="Open a modal that outlives this process")
async def lasting(interaction: discord.Interaction) -> None:
    modal = TickModal()
    await interaction.response.send_modal(modal)
    modal.stop()  # discord.py would keep it for ever, and answer in our place


@panel.command(name="careless", description="Open a modal as discord.py makes it by default")
async def careless(interaction: discord.Interaction, what: str) -> None:
    fields: dict[str, Callable[[], ui.Item[TickModal]]] = {
        "upload": ui.FileUpload[TickModal],
        "boxes": lambda: ui.CheckboxGroup(options=[discord.CheckboxGroupOption(label="one")]),
        "many": lambda: ui.Select(max_values=2, options=[discord.SelectOption(label="one")]),
    }
    modal = TickModal(ui.Label(text="Field", component=fields[what]()))
    await outcome("careless", interaction.response.send_modal(modal))
    modal.stop()


class Takes(ui.ActionRow["MorePanel"]):
    @ui.select(
        custom_id="takes", options=[discord.SelectOption(label=f"{n} takes") for n in range(1, 4)]
    )
    async def choose(self, interaction: discord.Interaction, select: ui.Select[MorePanel]) -> None:
        await interaction.response.defer()
        view = ui.LayoutView()
        view.add_item(ui.TextDisplay(f"chosen: {select.values[0]}"))
        await interaction.edit_original_response(view=view)


class JoinButton(ui.Button["MorePanel"]):
    @override
    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None
        self.disabled = True
        await interaction.response.edit_message(view=self.view)


class EditButton(ui.Button["MorePanel"]):
    @override
    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(RemakeModal())


class MorePanel(ui.LayoutView):
    def __init__(self) -> None:
        super().__init__()
        edit = ui.ActionRow["MorePanel"](EditButton(label="Edit", custom_id="edit"))
        self.add_item(
            ui.Container(
                ui.TextDisplay("More of this video"),
                ui.Section("Join · free", accessory=JoinButton(label="Join", custom_id="join")),
                ui.MediaGallery(discord.MediaGalleryItem("attachment://film.mp4")),
                Takes(),
                edit,
            )
        )


@panel.command(name="more", description="Show a private panel")
async def more(interaction: discord.Interaction) -> None:
    await interaction.response.defer(ephemeral=True)
    film = discord.File(io.BytesIO(FINISHED_VIDEO), "film.mp4")
    await interaction.edit_original_response(view=MorePanel(), attachments=[film])


@panel.command(name="switch", description="Turn a message into a layout, and delete it")
async def switch(interaction: discord.Interaction) -> None:
    await interaction.response.defer(ephemeral=True)
    channel = interaction.client.get_partial_messageable(interaction.channel_id or 0)
    posted = await channel.send("old", embed=discord.Embed(title="old"))
    message = channel.get_partial_message(posted.id)
    view = ui.LayoutView()
    view.add_item(ui.TextDisplay("new"))
    await outcome("flag alone", message.edit(view=view))
    await outcome("all", message.edit(content=None, embeds=[], view=view))
    await outcome("back", message.edit(content="old", view=None))
    await outcome("deleted", message.delete())
    await outcome("deleted again", message.delete())
    await interaction.delete_original_response()
    say("tidied")

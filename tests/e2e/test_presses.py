"""Buttons, forms and panels: pressed, filled in, left open over a kill, sent afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.jobs.job import Job
from sandbox.discord.client.command_input import Upload
from sandbox.discord.client.invocation import Invocation
from sandbox.discord.world.records import Message
from tests.e2e.world import World, cat, story, title_of

pytestmark = pytest.mark.e2e

MEMBER, OTHER = 1, 0
"""Places in the emulator's list of users."""


def labels(world: World, message: Message) -> list[str]:
    """Return what can be pressed under a message."""
    return list(world.discord.actions.panel(world.discord.users[MEMBER], message).labels)


async def a_video(world: World) -> tuple[Message, Job]:
    """Let a member make a video; return its message and its job."""
    asked = await world.ask(world.discord.users[MEMBER], prompt="a cat", seed=7)
    await asked.final_reply()
    (status,) = await world.all_over(1)
    (job,) = await world.jobs()
    return status, job


async def newest(world: World, count: int) -> Job:
    """Wait until so many videos are over; return the youngest job."""
    await world.all_over(count)
    return (await world.jobs())[-1]


async def press(world: World, who: int, message: Message, label: str) -> Invocation:
    """Press a button."""
    return await world.discord.actions.click(world.discord.users[who], message, label)


async def test_again_edit_and_continue_make_videos_of_a_video(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        status, job = await a_video(world)
        assert labels(world, status) == ["Again", "Edit", "Continue", "Delete", "More…"]

        again = await press(world, MEMBER, status, "Again")
        assert "Queued as Job" in (await again.final_reply()).text
        second = await newest(world, 2)
        assert second.origin.retry_of == job.id
        assert second.options.seed != 7
        assert second.options.prompt == "a cat"

        editing = await press(world, MEMBER, status, "Edit")
        await editing.modal_shown()
        sent = await world.discord.actions.submit_modal(
            world.discord.users[MEMBER],
            editing,
            {
                "Words": "a dog",
                "Whose words the model follows": "My words as they are",
                "Seed": "8",
                "Last frame": [cat("first")],
            },
        )
        assert "Queued as Job" in (await sent.final_reply()).text
        third = await newest(world, 3)
        assert (third.options.prompt, third.options.seed) == ("a dog", 8)
        assert third.options.prompt_extend is False
        assert third.spec.model == job.spec.model

        going_on = await press(world, OTHER, status, "Continue")
        await going_on.modal_shown()
        sent = await world.discord.actions.submit_modal(
            world.discord.users[OTHER], going_on, {"Words": "it runs away"}
        )
        reply = await sent.final_reply()
        assert "Queued as Job" in reply.text, reply.text
        fourth = await newest(world, 4)
        assert fourth.origin.continued_from == job.id
        assert fourth.requester.user_id == world.discord.users[OTHER].id
        shown = world.status_messages()[-1]
        assert f"Goes on from Job `{job.id}`" in str(shown.current.embeds[0]["description"])


async def test_a_form_opened_before_a_kill_is_sent_after_it(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        status, job = await a_video(world)
        forms = [await press(world, MEMBER, status, name) for name in ("Edit", "Continue")]
        for form in forms:
            await form.modal_shown()
        more = await press(world, MEMBER, status, "More…")
        panel = await more.final_reply()

        await world.bot.kill()
        await world.bot.start()
        await world.discord.wait_until_ready(commands=5)

        for number, form in enumerate(forms, start=2):
            sent = await world.discord.actions.submit_modal(
                world.discord.users[MEMBER], form, {"Words": f"take {number}"}
            )
            assert "Queued as Job" in (await sent.final_reply()).text
        again = await press(world, MEMBER, status, "Again")
        assert "Queued as Job" in (await again.final_reply()).text
        await world.all_over(4)

        (takes,) = [name for name in labels(world, panel) if "3 more takes" in name]
        pressed = await press(world, MEMBER, panel, takes)
        await pressed.final_reply()
        await world.all_over(7)
        made = await world.jobs()
        assert [each.origin.retry_of for each in made[-3:]] == [job.id] * 3
        assert len({each.options.seed for each in made[-3:]}) == 3

        def shown() -> str:
            return world.discord.actions.panel(world.discord.users[MEMBER], panel).text

        assert all(each.id in shown() for each in made[-3:])
        # Nobody pressed anything: the panel follows by itself.
        await world.discord.wait_for(lambda: shown().count("Done") == len(made[-3:]), 30)
        assert title_of(world.status_messages()[-1]) == "✅ Done"


async def test_delete_is_asked_once_and_leaves_nothing_in_discord(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        status, job = await a_video(world)
        stranger = await press(world, OTHER, status, "Delete")
        # The owner of the server may delete anybody's.
        assert "Delete Job" in (await stranger.final_reply()).text
        asked = await press(world, MEMBER, status, "Delete")
        question = await asked.final_reply()
        assert not status.deleted
        world.discord.build.deny_bot(world.discord.channel, "VIEW_CHANNEL")

        refused = await press(world, MEMBER, question, "Delete everything")
        reply = await refused.final_reply()
        assert "I try again by myself" in reply.text
        assert not status.deleted
        assert not (tmp_path / "data" / "jobs" / job.id).exists()

        world.discord.build.deny_bot(world.discord.channel)
        again = await world.discord.actions.slash(
            world.discord.users[MEMBER], world.discord.channel, "jobs forget", {"job": job.id}
        )
        assert "was deleted before" in (await again.final_reply()).text
        assert status.deleted


async def test_pictures_and_videos_of_messages_begin_videos(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        actions, users = world.discord.actions, world.discord.users
        said = await actions.say(
            users[MEMBER], world.discord.channel, files=[cat("first"), cat("last")]
        )
        menu = await actions.message_command(users[MEMBER], said, "Animate image")
        await menu.modal_shown()
        not_own = await actions.message_command(users[OTHER], said, "Animate image")
        assert "somebody else's" in (await not_own.final_reply()).text
        await world.bot.kill()
        await world.bot.start()
        await world.discord.wait_until_ready(commands=5)

        sent = await actions.submit_modal(
            users[MEMBER], menu, {"Which picture": "2. cat-last.jpg", "Words": "it wakes up"}
        )
        assert "Queued as Job" in (await sent.final_reply()).text
        job = await newest(world, 1)
        assert job.spec.kind.value == "image"
        (status,) = world.status_messages()

        (video,) = status.current.attachments
        own = await actions.say(
            users[MEMBER],
            world.discord.channel,
            files=[Upload("mine.mp4", video.path.read_bytes(), "video/mp4")],
        )
        menu = await actions.message_command(users[MEMBER], own, "Continue video")
        await menu.modal_shown()
        sent = await actions.submit_modal(users[MEMBER], menu, {"Words": "it goes back to sleep"})
        assert "Queued as Job" in (await sent.final_reply()).text
        assert (await newest(world, 2)).options.prompt == "it goes back to sleep"


async def test_two_members_in_one_form_never_mix(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        status, job = await a_video(world)
        forms = {who: await press(world, who, status, "Continue") for who in (MEMBER, OTHER)}
        for form in forms.values():
            await form.modal_shown()
        for who, form in reversed(forms.items()):
            sent = await world.discord.actions.submit_modal(
                world.discord.users[who], form, {"Words": f"words of {who}"}
            )
            assert "Queued as Job" in (await sent.final_reply()).text
        await world.all_over(3)
        made = [each for each in await world.jobs() if each.id != job.id]
        assert {each.options.prompt: each.requester.user_id for each in made} == {
            f"words of {who}": world.discord.users[who].id for who in (MEMBER, OTHER)
        }

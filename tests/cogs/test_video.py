"""/video with doubles: what each command hands to the service, and what it refuses."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.catalogue import Catalogue, Kind, Override, Region
from bot.domain.errors import GuildDisabledError, InvalidImageError
from bot.domain.problems import PictureProblem
from bot.domain.requests.pictures import PictureFit, PictureSource
from bot.domain.requests.sounds import Soundtrack
from bot.domain.requests.submission import Submission, VideoOptions, VideoSpec
from bot.services.intake.attachments import Attachments
from bot.services.intake.submissions import Queued
from tests.chat.examples import GUILD, REQUESTER, a_job, a_quota
from tests.cogs.cases import EFFECT, FRAMES, IMAGE, NEW_JOB, REFERENCE, RETRY, TEXT, VIDEOS, Case
from tests.cogs.doubles import (
    MAY_POST,
    Backstage,
    an_attachment,
    an_interaction,
    http_error,
    run,
)
from tests.fakes import NOW, a_picture, altered

every_video = pytest.mark.parametrize("case", VIDEOS, ids=lambda case: case.name)


async def submitted(backstage: Backstage, case: Case, **changes: object) -> Submission:
    """Run a command that queues a job; return what it hands to the service."""
    said = await case.run(backstage, an_interaction(backstage), **changes)
    assert said.startswith("Queued as Job `7F3K2Q`"), said
    (submission,) = backstage.submissions.queue.call_args.args
    assert isinstance(submission, Submission)
    return submission


async def test_a_request_is_queued_with_everything_that_was_chosen(backstage: Backstage) -> None:
    submission = await submitted(
        backstage,
        FRAMES,
        prompt="  a cat ",
        negative_prompt=" ",
        resolution="480p",
        seed=7,
        prompt_extend=False,
        watermark=True,
    )
    assert submission.spec == VideoSpec(
        kind=Kind.FRAMES,
        model="wan2.2-kf2v-flash",
        resolution="480P",
        duration_seconds=5,
        options=VideoOptions(
            prompt="a cat", seed=7, prompt_extend=False, watermark=True, loop=True
        ),
    )
    origin, requester = submission.origin, submission.requester
    assert (origin.guild_id, requester.user_id, origin.interaction_id) == (GUILD, REQUESTER, 900)
    assert (set(requester.role_ids), origin.premium_tier) == ({77}, 2)
    assert (submission.pictures, submission.has_preview) == ((a_picture("first_frame"),), True)


async def test_a_last_frame_comes_after_the_first(backstage: Backstage) -> None:
    submission = await submitted(backstage, FRAMES, last_frame=an_attachment(), loop=False)
    assert submission.pictures == (a_picture("first_frame"), a_picture("last_frame"))
    assert not submission.spec.options.loop


async def test_pictures_are_kept_for_the_job_they_are_queued_with(backstage: Backstage) -> None:
    first = an_attachment(url="https://cdn.example/1", size=7, content_type=None)
    last = an_attachment(url="https://cdn.example/2", size=8, content_type="image/webp")
    submission = await submitted(backstage, FRAMES, first_frame=first, last_frame=last, loop=False)
    assert submission.job_id == NEW_JOB
    backstage.attachments.keep.assert_awaited_once_with(
        NEW_JOB,
        [
            PictureSource(
                option="first_frame",
                url="https://cdn.example/1",
                size_bytes=7,
                content_type=None,
            ),
            PictureSource(
                option="last_frame",
                url="https://cdn.example/2",
                size_bytes=8,
                content_type="image/webp",
            ),
        ],
        submission.requester,
        PictureFit(),
        None,
        None,
    )


async def test_a_picture_is_queued_with_everything_that_was_chosen(backstage: Backstage) -> None:
    submission = await submitted(
        backstage,
        IMAGE,
        prompt="it rains",
        model="wanx2.1-i2v-turbo",
        resolution="480p",
        duration=3,
        negative_prompt="people",
        seed=0,
        prompt_extend=False,
        watermark=True,
    )
    assert submission.spec == VideoSpec(
        kind=Kind.IMAGE,
        model="wanx2.1-i2v-turbo",
        resolution="480P",
        duration_seconds=3,
        options=VideoOptions(
            prompt="it rains",
            negative_prompt="people",
            seed=0,
            prompt_extend=False,
            watermark=True,
        ),
    )
    assert (submission.pictures, submission.has_preview) == ((a_picture("image"),), True)


async def test_a_picture_discord_does_not_hand_out_is_refused_by_its_option(
    backstage: Backstage,
) -> None:
    command, cog = FRAMES.of(backstage)
    backstage.attachments.keep.side_effect = InvalidImageError(
        option="first_frame", problem=PictureProblem.UNAVAILABLE
    )
    said = await run(command, cog, an_interaction(backstage), **FRAMES.options())
    assert said == "Not queued: Discord no longer hands out the first frame. Upload it again."
    backstage.submissions.queue.assert_not_called()


async def test_words_are_queued_with_everything_that_was_chosen_and_no_picture(
    backstage: Backstage,
) -> None:
    submission = await submitted(
        backstage,
        TEXT,
        prompt=" fog over a lake ",
        model="wanx2.1-t2v-turbo",
        size="720x1280",
        duration=5,
        negative_prompt="people",
        seed=9,
        prompt_extend=False,
        watermark=True,
        spoiler=True,
    )
    assert submission.spec == VideoSpec(
        kind=Kind.TEXT,
        model="wanx2.1-t2v-turbo",
        resolution="720P",
        size="720*1280",
        duration_seconds=5,
        options=VideoOptions(
            prompt="fog over a lake",
            negative_prompt="people",
            seed=9,
            prompt_extend=False,
            watermark=True,
            spoiler=True,
        ),
    )
    assert (submission.pictures, submission.has_preview) == ((), False)
    backstage.attachments.keep.assert_not_called()


async def test_an_effect_is_queued_with_everything_that_was_chosen(backstage: Backstage) -> None:
    submission = await submitted(
        backstage,
        EFFECT,
        model="wanx2.1-i2v-plus",
        resolution="720P",
        seed=5,
        watermark=True,
    )
    assert submission.spec == VideoSpec(
        kind=Kind.EFFECT,
        model="wanx2.1-i2v-plus",
        resolution="720P",
        duration_seconds=5,
        options=VideoOptions(effect="frenchkiss", seed=5, watermark=True),
    )
    assert (submission.pictures, submission.has_preview) == ((a_picture("image"),), True)


@every_video
async def test_what_nobody_chose_is_the_cheapest_recommended(
    backstage: Backstage, case: Case
) -> None:
    submission = await submitted(backstage, case)
    spec = submission.spec
    shape = spec.size or spec.resolution
    assert (spec.model, shape, submission.price.reserved.micros) == {
        "video frames": ("wan2.2-kf2v-flash", "720P", 1_000_000),
        "video image": ("wan2.2-i2v-flash", "720P", 1_000_000),
        "video text": ("wan2.2-t2v-plus", "832*480", 700_000),
        # Silent, which is half as dear.
        "video reference": ("wan2.6-r2v-flash", "1280*720", 750_000),
        "video effect": ("wanx2.1-i2v-turbo", "720P", 1_200_000),
    }[case.name]
    assert (spec.options.prompt_extend, spec.options.watermark) == (True, False)
    assert (spec.options.seed, spec.options.spoiler) == (None, False)


@every_video
async def test_a_spoiler_has_no_preview(backstage: Backstage, case: Case) -> None:
    submission = await submitted(backstage, case, spoiler=True)
    assert not submission.has_preview
    assert submission.spec.options.spoiler


@pytest.mark.parametrize(
    ("case", "changes", "said"),
    [
        (FRAMES, {"loop": False}, "Add a last_frame, or set loop to true"),
        (FRAMES, {"last_frame": an_attachment()}, "Give either a last_frame or loop"),
        (FRAMES, {"model": "x" * 5000}, "There is no model xxx"),
        (FRAMES, {"resolution": "4K"}, "wan2.2-kf2v-flash makes 480P, 720P, 1080P, not 4K."),
        (FRAMES, {"prompt": "x" * 801}, "The prompt has 801 characters; wan2.2-kf2v-flash reads"),
        (FRAMES, {"negative_prompt": "x" * 501}, "The negative prompt has 501 characters"),
        (FRAMES, {"seed": -1}, "A seed is a whole number from 0 to 2147483647."),
        (IMAGE, {"model": "wan2.2-t2v-plus"}, "There is no model wan2.2-t2v-plus for this."),
        (IMAGE, {"duration": 3}, "Videos of wan2.2-i2v-flash are always 5 seconds long."),
        (
            IMAGE,
            {"model": "wanx2.1-i2v-turbo", "duration": 6},
            "wanx2.1-i2v-turbo makes videos of 3 to 5 seconds, not 6.",
        ),
        (TEXT, {"prompt": " \n "}, "Say in the prompt what is to be seen."),
        (TEXT, {"duration": 4}, "Videos of wan2.2-t2v-plus are always 5 seconds long."),
        (TEXT, {"size": "1x1"}, "wan2.2-t2v-plus does not make 1x1. Try 832"),
        (EFFECT, {"effect": "explode"}, "There is no effect “explode”."),
        (
            EFFECT,
            {"effect": "melt", "model": "wanx2.1-i2v-turbo"},
            "wanx2.1-i2v-turbo does not know this effect. Try wanx2.1-i2v-plus.",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_a_request_that_cannot_be_fulfilled_is_refused_before_a_picture_is_read(
    backstage: Backstage, case: Case, changes: dict[str, Any], said: str
) -> None:
    text = await case.run(backstage, an_interaction(backstage), **changes)
    assert said in text
    assert len(text) < 2000
    backstage.attachments.keep.assert_not_called()
    backstage.submissions.queue.assert_not_called()


async def test_where_there_are_no_effects_it_is_said(backstage: Backstage) -> None:
    backstage.catalogue = Catalogue.of_region(Region.SINGAPORE)
    said = await EFFECT.run(backstage, an_interaction(backstage))
    assert said == "The provider has no effects in Singapore, where this bot's account is."
    backstage.attachments.keep.assert_not_called()


@pytest.mark.parametrize(
    ("case", "option"),
    [(FRAMES, "first_frame"), (IMAGE, "image"), (EFFECT, "image")],
    ids=lambda value: getattr(value, "name", value),
)
async def test_size_and_declared_type_are_checked_before_bytes_are_read(
    backstage: Backstage, case: Case, option: str
) -> None:
    backstage.attachments.check_declared.side_effect = Attachments.check_declared
    for attachment, said in (
        (an_attachment(size=26 << 20), "larger than 25 MiB"),
        (an_attachment(size=0), "empty file"),
        (an_attachment(content_type="video/mp4"), "is a video"),
    ):
        text = await case.run(backstage, an_interaction(backstage), **{option: attachment})
        assert said in text
    backstage.attachments.keep.assert_not_called()


async def test_a_server_that_may_not_make_videos_is_told_first(backstage: Backstage) -> None:
    command, cog = FRAMES.of(backstage)
    backstage.submissions.require_guild.side_effect = GuildDisabledError
    said = await run(command, cog, an_interaction(backstage), **FRAMES.options())
    assert "has not enabled videos for this server" in said
    backstage.attachments.keep.assert_not_called()


# --- where it may be used --------------------------------------------------------------------


@pytest.mark.parametrize("case", [*VIDEOS, RETRY], ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("lacking", "thread", "said"),
    [
        ("view_channel", False, "View Channel"),
        ("send_messages", False, "Send Messages"),
        ("send_messages_in_threads", True, "Send Messages in Threads"),
        ("embed_links", False, "Embed Links"),
        ("attach_files", False, "Attach Files"),
    ],
)
async def test_where_the_bot_may_not_post_nothing_is_queued(
    backstage: Backstage, case: Case, lacking: str, said: str, *, thread: bool
) -> None:
    permissions = discord.Permissions(MAY_POST.value)
    setattr(permissions, lacking, False)
    interaction = an_interaction(backstage, app_permissions=permissions, thread=thread)
    text = await case.run(backstage, interaction)
    assert text.startswith(f"I need the permission **{said}** in this channel.")
    backstage.submissions.queue.assert_not_called()
    backstage.remakes.retry.assert_not_called()
    backstage.attachments.keep.assert_not_called()
    assert backstage.refused == ["not_permitted"]


async def test_in_a_thread_the_permission_to_send_in_the_channel_is_not_needed(
    backstage: Backstage,
) -> None:
    permissions = discord.Permissions(MAY_POST.value)
    permissions.send_messages = False
    interaction = an_interaction(backstage, app_permissions=permissions, thread=True)
    assert "Queued as Job" in await FRAMES.run(backstage, interaction)


@pytest.mark.parametrize("invisible", ["\u200b", "\0", "\u2060 \u200b"])
async def test_a_prompt_that_nobody_can_see_is_none(backstage: Backstage, invisible: str) -> None:
    said = await TEXT.run(backstage, an_interaction(backstage), prompt=invisible)
    assert said == "Say in the prompt what is to be seen."
    submission = await submitted(backstage, IMAGE, prompt=invisible)
    assert submission.spec.options.prompt is None


async def test_a_prompt_says_names_where_somebody_was_mentioned(backstage: Backstage) -> None:
    interaction = an_interaction(backstage)
    interaction.data = {
        "resolved": {
            "users": {
                "1": {"username": "anna_1", "global_name": "Anna"},
                "2": {"username": "bo", "global_name": None},
                "3": {"username": "cleo", "global_name": "Cleo"},
            },
            "members": {"1": {"nick": "Queen Anna"}, "3": {"nick": None}},
            "roles": {"4": {"name": "Knights"}},
            "channels": {"5": {"name": "throne-hall"}},
        }
    }
    prompt = "<@1>, <@2> and <@!3> lead the <@&4> into <#5> <a:horse:77>"
    await TEXT.run(backstage, interaction, prompt=prompt, negative_prompt="no <@2>")
    (submission,) = backstage.submissions.queue.call_args.args
    options = submission.spec.options
    assert options.prompt == "Queen Anna, bo and Cleo lead the Knights into throne-hall horse"
    assert options.negative_prompt == "no bo"


@pytest.mark.parametrize("case", [FRAMES, IMAGE, TEXT, REFERENCE], ids=lambda case: case.name)
async def test_every_prompt_leaves_without_mentions(backstage: Backstage, case: Case) -> None:
    written = {"prompt": "a <:fox:77> for <@!8>", "negative_prompt": "no <#5>"}
    wanted = {"prompt": "a fox for someone", "negative_prompt": "no a channel"}
    if case is REFERENCE:  # has no negative prompt
        del written["negative_prompt"], wanted["negative_prompt"]
    interaction = an_interaction(backstage)
    interaction.guild.get_channel_or_thread.return_value = None
    interaction.guild.fetch_member.side_effect = http_error(404, 10007)
    await case.run(backstage, interaction, **written)
    (submission,) = backstage.submissions.queue.call_args.args
    options = submission.spec.options
    assert {name: getattr(options, name) for name in wanted} == wanted


async def test_names_that_did_not_come_along_are_asked_for_or_left_unsaid(
    backstage: Backstage,
) -> None:
    interaction = an_interaction(backstage)
    guild = interaction.guild
    guild.get_role.side_effect = {4: SimpleNamespace(name="Knights")}.get
    guild.get_channel_or_thread.side_effect = {5: SimpleNamespace(name="hall")}.get
    guild.fetch_member.side_effect = [SimpleNamespace(display_name="Anna"), http_error(404, 10007)]
    await TEXT.run(backstage, interaction, prompt="<@1> <@2> <@&4> <@&44> <#5> <#55>")
    (submission,) = backstage.submissions.queue.call_args.args
    assert submission.spec.options.prompt == "Anna someone Knights some members hall a channel"


async def test_an_unreachable_discord_is_no_reason_to_refuse_a_prompt(backstage: Backstage) -> None:
    interaction = an_interaction(backstage)
    interaction.guild.fetch_member.side_effect = http_error(500, 0)
    await TEXT.run(backstage, interaction, prompt=" ".join(f"<@{at}>" for at in range(1, 9)))
    (submission,) = backstage.submissions.queue.call_args.args
    assert submission.spec.options.prompt == " ".join(["someone"] * 8)
    assert interaction.guild.fetch_member.await_count == 1


async def test_a_soundtrack_comes_along_and_is_heard(backstage: Backstage) -> None:
    submission = await submitted(
        backstage,
        IMAGE,
        model="wan2.6-i2v-flash",
        soundtrack=an_attachment(url="https://cdn.example/s", content_type="audio/mpeg"),
    )
    assert submission.spec.soundtrack == Soundtrack(file_name="soundtrack.mp3", seconds=5)
    # With sound it is twice as dear, and nobody adds a sound that is not to be heard.
    assert (submission.spec.audio, submission.price.reserved.micros) == (True, 1_500_000)
    sound = backstage.attachments.keep.await_args.args[4]
    assert (sound.url, sound.content_type) == ("https://cdn.example/s", "audio/mpeg")


async def test_pictures_of_references_are_counted_without_gaps(backstage: Backstage) -> None:
    submission = await submitted(
        backstage, REFERENCE, image3=an_attachment(), image5=an_attachment()
    )
    assert [picture.option for picture in submission.pictures] == ["image1", "image2", "image3"]
    fit = backstage.attachments.keep.await_args.args[3]
    assert not fit.share_ratio, "each keeps its shape"
    assert fit.max_ratio == 8, "a wide panorama is taken"


async def test_what_the_other_choice_of_sound_costs_is_said(backstage: Backstage) -> None:
    queued = backstage.submissions.queue

    async def as_asked(submission: Submission) -> Queued:
        job = altered(a_job(), spec=submission.spec, price=submission.price)
        return Queued(job=job, quota=a_quota())

    command, cog = IMAGE.of(backstage)
    queued.side_effect = as_asked
    options = {**IMAGE.options(), "model": "wan2.6-i2v-flash"}
    said = await run(command, cog, an_interaction(backstage), **options)
    assert "Price: 0.75 CNY without sound; 1.50 CNY with" in said
    said = await run(command, cog, an_interaction(backstage), **options, audio=True)
    assert "Price: 1.50 CNY with sound; 0.75 CNY without" in said
    options = {**options, "model": "wan3.0-video", "duration": -1}
    said = await run(command, cog, an_interaction(backstage), **options)
    assert "Price: 9.00 CNY at most; you pay for the length it gets" in said


async def test_a_models_end_is_said_from_thirty_days_before(backstage: Backstage) -> None:
    backstage.catalogue = Catalogue.of_region(
        Region.BEIJING, {"wan2.2-i2v-flash": Override(ends_on=NOW.date() + timedelta(days=30))}
    )
    said = await IMAGE.run(backstage, an_interaction(backstage))
    day = f"{NOW.date() + timedelta(days=30):%Y-%m-%d}"
    assert f"is offered until {day}, not on it; choose another model then." in said


async def test_one_price_is_said_once_where_both_choices_of_sound_cost_the_same(
    backstage: Backstage,
) -> None:
    override = Override(prices={"720P": 300_000})
    backstage.catalogue = Catalogue.of_region(Region.BEIJING, {"wan2.6-i2v-flash": override})

    async def as_asked(submission: Submission) -> Queued:
        job = altered(a_job(), spec=submission.spec, price=submission.price)
        return Queued(job=job, quota=a_quota())

    backstage.submissions.queue.side_effect = as_asked
    command, cog = IMAGE.of(backstage)
    options = {**IMAGE.options(), "model": "wan2.6-i2v-flash", "resolution": "720P"}
    said = await run(command, cog, an_interaction(backstage), **options)
    assert "Price: 1.50 CNY\n" in f"{said}\n"

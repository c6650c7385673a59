"""What members read in forms and private panels that a press opens."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.text.phrases import length, quoted_prompt
from bot.chat.text.sentences import say
from bot.domain.ids import JobId
from bot.domain.jobs.remaking import Rewriting, Variant
from bot.domain.money import Money

# --- forms: titles of 45 characters, fields of 45 with hints of 100 -----------------------------

WORDS = "Words"
WORDS_OPTIONAL = "What happens, in your own words. May be left empty."
WORDS_NEEDED = "What happens, in your own words."
REWRITING = "Whose words the model follows"
REWRITING_HINT = "The provider can rewrite your words before the video is made."
REWRITINGS: Mapping[Rewriting, str] = {
    Rewriting.MINE_REWRITTEN: "My words, rewritten by the provider",
    Rewriting.MINE: "My words as they are",
    Rewriting.REWRITTEN: "The rewritten words of this video, as they are",
}
MODEL = "Model, resolution and price"
MODEL_HINT = "What is chosen here is what it costs, unless the length is left to the model."
SEED = "Seed"
SEED_HINT = "The same seed makes a similar video. Empty draws another one."
LAST_FRAME = "Last frame"
NEW_LAST_FRAME_HINT = "Another picture the video ends with. Empty keeps what there is."
LAST_FRAME_NEEDED = "A picture the video ends with. Nothing offered here makes one without it."
LAST_FRAME_HINT = "A picture the video ends with. Empty lets it end as it comes."
WHICH_PICTURE = "Which picture"
WHICH_VIDEO = "Which video"
ANIMATE_TITLE = "Animate image"
CONTINUE_VIDEO_TITLE = "Continue video"


def edit_title(job_id: JobId) -> str:
    """Return what heads the form that changes a job."""
    return say("Edit Job {job}", job=job_id)


def continue_title(job_id: JobId) -> str:
    """Return what heads the form that goes on from a video."""
    return say("Continue Job {job}", job=job_id)


def variant(offered: Variant, money: Money) -> str:
    """Return a model and a tier with what a video of it costs."""
    return say(
        "{model} · {resolution} · {length} · {price}",
        model=offered.model,
        resolution=offered.size or offered.resolution,
        length=length(offered.seconds),
        price=money.show(offered.micros),
    )


NEEDS_LAST_FRAME = "Only with a last frame"
"""Said of a model that makes no video from one picture alone."""

# --- the private panel of More… ----------------------------------------------------------------

TAKES_HINT = "The same request with other seeds, all of them or none."
TIERS_HINT = "With the same seed and the same words: similar, not the same."
MODELS_HINT = "With the same seed and the same words, as another model reads them."
ANOTHER_MODEL = "Choose another model"
ORIGINAL = "The original file · free"
ORIGINAL_HINT = "As the provider made it, before anything was re-encoded."
NO_LONGER_OFFERED = "What this video was made with is no longer offered."
PANEL_GONE = "This panel is closed. Press More… again."


def panel_title(job_id: JobId) -> str:
    """Return what heads the panel of a video."""
    return say("### Go on from Job `{job}`", job=job_id)


def takes(count: int, micros: int, money: Money) -> str:
    """Return the button that makes several more takes."""
    return say("{count} more takes · {price}", count=count, price=money.show(micros))


def in_tier(offered: Variant, money: Money) -> str:
    """Return the button that makes a video in another tier."""
    return say(
        "In {resolution} · {price}", resolution=offered.resolution, price=money.show(offered.micros)
    )


def followed(job_id: JobId, link: str | None, state: str) -> str:
    """Return a job that was asked for from a panel, with how far it is."""
    if link is None:
        return say("`{job}` · {state}", job=job_id, state=state)
    return say("[`{job}`]({link}) · {state}", job=job_id, link=link, state=state)


QUEUED = "Queued from here:"

# --- answers ----------------------------------------------------------------------------------


WORDS_KEPT_CHARACTERS = 1500
"""Room for the refusal beside them."""


def words_kept(written: str) -> str | None:
    """Return what somebody wrote into a form that was refused, so that it is not lost."""
    quoted = quoted_prompt(written, most=WORDS_KEPT_CHARACTERS)
    return say("Your words:\n{words}", words=quoted) if quoted else None


def continues(job_id: JobId) -> str:
    """Return which job a video goes on from, below its status."""
    return say("Goes on from Job `{job}`", job=job_id)

"""What /help says: how to make a video, whose servers see the pictures, how long they are kept."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.text.sentences import counted, say

TITLE = "Tween makes short videos"

COMMANDS = (
    "**/video frames** from a first and a last frame, or a loop of one\n"
    "**/video image** from one picture\n"
    "**/video text** from words alone\n"
    "**/video reference** with people or things of your pictures in it\n"
    "**/video effect** a ready-made effect on your picture\n\n"
    "The status message follows your job, and the finished MP4 is attached to it."
)

YOUR_JOBS = "Your jobs"

JOBS = (
    "**/jobs list** · **/jobs show** · **/jobs cancel** · **/jobs retry**\n"
    "**/queue show** who waits for what · **/quota show** what you have left"
)

YOUR_PICTURES = "Your pictures"

KEPT_FOR = "Kept for"

MADE_BY_AI = "Made by AI"

LABEL = (
    "Every video is made by AI and says so: in its message, in the text for who does not see it, "
    "and in its file. Leave that there when you pass it on."
)

_PLACES: Mapping[str, str] = {
    "beijing": "mainland China (Beijing)",
    "singapore": "Singapore",
    "virginia": "the United States (Virginia)",
    "frankfurt": "Germany (Frankfurt)",
    "tokyo": "Japan (Tokyo)",
}
"""Where the provider's regions are."""


def pictures(region: str) -> str:
    """Return where pictures and prompts go."""
    return say(
        "Pictures and prompts go to Alibaba Cloud Model Studio in {place}, which makes the video "
        "and checks the content. Do not send pictures of people who have not agreed.",
        place=_PLACES[region],
    )


def kept(days: float) -> str:
    """Return how long what was sent is kept."""
    # Parts of a day are plural, and a whole number is written as one.
    return counted(
        1 if days == 1 else 2,
        one=(
            "Pictures, prompts and videos are erased from this bot {days:g} day after a job ends; "
            "what is posted here stays."
        ),
        other=(
            "Pictures, prompts and videos are erased from this bot {days:g} days after a job "
            "ends; what is posted here stays."
        ),
        days=days,
    )


def version(number: str) -> str:
    """Return the name and version of the program."""
    return say("Tween {version}", version=number)

"""Sets where the script is played and what its members ask for."""

from __future__ import annotations

from sandbox.docs.scenes import File

LOUNGE, REGULARS = "#lounge", "@regulars"
"""A second channel, and a role the member has."""

SETTINGS = {
    "DEFAULT_MEMBER_DAILY_VIDEOS": "8",
    "MAX_QUEUED_PER_MEMBER": "1",
    "POLL_INTERVAL_SECONDS": "0.3",
    "STATUS_EDIT_INTERVAL_SECONDS": "0.3",
}
"""Of the bot: little room, so that its refusals are soon to be seen."""

ROOMY = {
    **SETTINGS,
    "DAILY_BUDGET": "1000",
    "DEFAULT_MEMBER_DAILY_VIDEOS": "20",
    "MAX_QUEUED_PER_MEMBER": "20",
}
"""Of the bot where buttons are pressed: room for several videos of one video."""

QUEUE_SECONDS, TASK_SECONDS = 1000, 1000
"""Of the emulated provider: nothing moves on unless a scene says so."""

FRAMES, IMAGE, TEXT, EFFECT = "video frames", "video image", "video text", "video effect"
REFERENCE = "video reference"
CATS = {"first_frame": File.sample("cat-first.jpg"), "last_frame": File.sample("cat-last.jpg")}
ROCKET = {"image": File.sample("rocket.jpg")}
MEETING = {"image1": File.sample("cat-first.jpg"), "image2": File.sample("rocket.jpg")}
CUP = {"image": File.sample("coffee.jpg")}
GLIDE = "The camera glides in towards the cat's eyes."
DUSK = "Dusk at the launch pad, the lights flicker."
MISTS = "Slow coloured mists drift through each other."

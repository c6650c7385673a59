"""Lists what moderators, admins and the operator do, and what the member notices of it."""

from __future__ import annotations

from sandbox.docs.cast import CATS, CUP, EFFECT, FRAMES, LOUNGE, MISTS, REGULARS, TEXT
from sandbox.docs.scenes import MEMBER, MODERATOR, Ask, Read, Scene, Show, Suggest, Value

VIDEOS = "#videos"
SWARM = "A swarm of z\u00f3mbies crosses the moor."

NO_OPTIONS: dict[str, Value] = {}


def _by_mia(
    command: str, caption: str = "", options: dict[str, Value] = NO_OPTIONS, picture: str = ""
) -> Ask:
    """Return a command of the member of staff."""
    return Ask(command=command, caption=caption, options=options, user=MODERATOR, picture=picture)


def _ends(*jobs: str) -> tuple[Scene, ...]:
    return tuple(Show(under=FRAMES, job=job, title="Cancelled") for job in jobs)


_BLOCKING: tuple[Scene, ...] = (
    _by_mia("moderate quota list", "Before a rule was set"),
    _by_mia("moderate quota grant", "Two more, once", {"member": MEMBER, "amount": 2}),
    Ask(
        command=FRAMES,
        under="moderate quota grant",
        caption="The member uses it",
        options=CATS,
        makes="tenth",
    ),
    Show(under=FRAMES, job="tenth", title="In the provider's queue"),
    Ask(command=TEXT, options={"prompt": MISTS}, makes="eleventh"),
    Show(under=TEXT, job="eleventh", title="Waiting"),
    _by_mia("moderate block list", "Nobody"),
    _by_mia("moderate block add", "A member who has jobs under way", {"member": MEMBER}),
    Ask(
        command=TEXT,
        under="moderate block add",
        caption="The member asks for a video",
        options={"prompt": MISTS},
    ),
    _by_mia("moderate block add", "Once more", {"member": MEMBER}),
    _by_mia("moderate block list", "Somebody", {}),
    _by_mia("moderate block remove", "Allowed again", {"member": MEMBER}),
    *_ends("sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
)

_QUOTAS: tuple[Scene, ...] = (
    _by_mia("moderate quota set", "For the server as a whole", {"limit": 40, "per": "day"}),
    _by_mia("moderate quota set", "Refused: above the ceiling", {"limit": 60, "per": "day"}),
    _by_mia("moderate quota set", "For each member", {"limit": 6, "per": "day", "each": True}),
    _by_mia("moderate quota set", "For a role", {"limit": 12, "per": "day", "target": REGULARS}),
    _by_mia(
        "moderate quota set",
        "For a member, counted in money",
        {"limit": 20, "per": "day", "unit": "cost", "target": MEMBER},
    ),
    _by_mia("moderate quota list", "With rules and a grant"),
    _by_mia("moderate quota clear", "A role's rule", {"target": REGULARS}),
    _by_mia("moderate quota clear", "The server's own rule"),
    _by_mia("moderate quota clear", "Nothing to clear", {"target": REGULARS}),
)

_WORDS: tuple[Scene, ...] = (
    _by_mia("moderate words add", "A new one", {"word": "zombies"}),
    Ask(
        command=TEXT,
        under="moderate words add",
        caption="A member tries it with an accent",
        options={"prompt": SWARM},
    ),
    _by_mia("moderate words list", "One word"),
    Suggest(
        command="moderate words remove",
        caption="The list of words",
        option="word",
        user=MODERATOR,
    ),
    _by_mia("moderate words remove", "Allowed again", {"word": "Zombies"}),
    Ask(command=TEXT, options={"prompt": MISTS}, makes="twelfth"),
    Show(under=TEXT, job="twelfth", title="In the provider's queue"),
    Suggest(
        command="moderate cancel",
        caption="The list of jobs",
        option="job",
        user=MODERATOR,
    ),
    _by_mia("moderate cancel", "Somebody's job in the provider's queue", {"job": "{twelfth}"}),
    Show(
        under="moderate cancel",
        caption="The status message afterwards",
        job="twelfth",
        title="Cancelled",
    ),
)

_SETTINGS: tuple[Scene, ...] = (
    _by_mia("settings show", "Before anything was changed"),
    _by_mia("settings channels allow", "The first one closes all others", {"channel": LOUNGE}),
    Ask(
        command=FRAMES,
        under="settings channels allow",
        caption="A member in another channel",
        options=CATS,
    ),
    _by_mia("settings channels reset", "As it was", {"channel": LOUNGE}),
    _by_mia("settings channels deny", "Closed", {"channel": VIDEOS}),
    Ask(
        command=FRAMES,
        under="settings channels deny",
        caption="A member in that channel",
        options=CATS,
    ),
    _by_mia("settings channels reset", "", {"channel": VIDEOS}),
    _by_mia("settings models deny", "Denied", {"model": "wan2.2-kf2v-flash"}),
    Ask(
        command=FRAMES,
        under="settings models deny",
        caption="A member chooses it",
        options={**CATS, "model": "wan2.2-kf2v-flash"},
    ),
    _by_mia("settings models allow", "Allowed again", {"model": "wan2.2-kf2v-flash"}),
    _by_mia("settings models allow", "Nothing to change", {"model": "wan2.2-kf2v-flash"}),
    _by_mia("settings effects deny", "Denied", {"effect": "rotation"}),
    Ask(
        command=EFFECT,
        under="settings effects deny",
        caption="A member chooses it",
        options={**CUP, "effect": "rotation"},
    ),
    Suggest(
        command="settings effects allow",
        caption="The list of denied effects",
        option="effect",
        user=MODERATOR,
    ),
    _by_mia("settings effects allow", "Allowed", {"effect": "rotation"}),
    _by_mia("settings defaults", "Chosen", {"kind": "frames", "resolution": "480P"}),
    _by_mia("settings defaults", "Taken back", {"kind": "frames"}),
    _by_mia("settings prompts", "Shown", {"value": "show"}),
    _by_mia("settings preview", "Off", {"value": "off"}),
    _by_mia("settings others-pictures", "Allowed", {"value": "allow"}),
    _by_mia("settings log-channel", "Changes are told there", {"channel": LOUNGE}),
    _by_mia("settings notify", "By direct message", {"how": "dm"}),
    Read(
        under="settings log-channel",
        caption="In the log channel, after the next change",
        channel=LOUNGE,
        says="notify",
    ),
    _by_mia("settings timezone", "Refused: no such zone", {"name": "Berlin"}),
    _by_mia("settings timezone", "Set", {"name": "Europe/Berlin"}),
    _by_mia("settings show", "After some changes"),
    # The days of what follows begin where they began before.
    _by_mia("settings timezone", "", {"name": "UTC"}),
)

_USAGE: tuple[Scene, ...] = (
    _by_mia("usage summary", "Of the last 30 days"),
    _by_mia("usage log", "What was made", {"state": "done"}),
    _by_mia("usage log", "A member's cancelled jobs", {"member": MEMBER, "state": "cancelled"}),
    _by_mia("usage chart", "Models compared", {"by": "model"}, picture="usage-chart.png"),
    _by_mia("usage export", "For a spreadsheet", {"format": "csv"}),
    _by_mia("usage audit", "Who changed what"),
)

_OPERATOR: tuple[Scene, ...] = (
    _by_mia("operator status", "With nothing to do"),
    Ask(command="operator status", caption="Refused: anybody else"),
    _by_mia("operator pause", "Paused"),
    Ask(command=TEXT, options={"prompt": MISTS}, makes="paused"),
    Show(
        under="operator pause",
        caption="The status message of a new job meanwhile",
        job="paused",
        title="Waiting",
    ),
    Ask(command="queue show", under="operator pause", caption="The member looks at the queue"),
    _by_mia("operator status", "While paused"),
    _by_mia("operator resume", "Open again"),
    Show(under=TEXT, job="paused", title="In the provider's queue"),
    _by_mia("operator drain", "While a video is being made"),
    Ask(
        command=TEXT,
        under="operator drain",
        caption="A member asks for a video meanwhile",
        options={"prompt": MISTS},
    ),
    _by_mia("operator resume"),
    Suggest(
        command="operator ceiling", caption="The list of servers", option="guild", user=MODERATOR
    ),
    _by_mia(
        "operator ceiling",
        "Lowered",
        {"guild": "{guild}", "limit": 20, "unit": "videos", "per": "day"},
    ),
    _by_mia("operator guilds", "With its ceiling"),
    _by_mia(
        "operator ceiling",
        "Back to the default",
        {"guild": "{guild}", "limit": -1, "unit": "videos", "per": "day"},
    ),
    _by_mia("operator job", "From beginning to end", {"id": "{cat}"}),
    _by_mia("operator reconcile", "Nothing unconfirmed"),
)

STAFF: tuple[Scene, ...] = (*_BLOCKING, *_QUOTAS, *_WORDS, *_SETTINGS, *_USAGE, *_OPERATOR)

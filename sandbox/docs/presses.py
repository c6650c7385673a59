"""Lists what is pressed: buttons, entries of menus and panels, and forms that are filled in."""

from __future__ import annotations

from sandbox.docs.cast import (
    CATS,
    FRAMES,
    GLIDE,
    LOUNGE,
    QUEUE_SECONDS,
    TASK_SECONDS,
)
from sandbox.docs.scenes import (
    MODERATOR,
    OTHER,
    AdvanceClock,
    Ask,
    Deny,
    FailTask,
    File,
    Fill,
    OpenMenu,
    Press,
    Read,
    Say,
    Scene,
    Show,
    Watch,
)

AGAIN, EDIT, TRY_AGAIN, CONTINUE, DELETE = "Again", "Edit", "Try again", "Continue", "Delete"
REPORT, MORE, TAKES, TIER = "Report", "More…", "3 more takes", "In a higher tier"
MODEL, ORIGINAL = "With another model", "The original file"
ANIMATE, CONTINUE_VIDEO, REPORT_VIDEO = "Animate image", "Continue video", "Report video"
"""The sections, called as the buttons and entries are."""

WORDS, WHOSE, SEED = "Words", "Whose words the model follows", "Seed"
"""Labels of fields."""

MODEL_NAME = "wan2.2-kf2v-flash"
IN_QUEUE = "In the provider's queue"
UP = "The camera flies up and away."
JUMP = "The cat jumps off the picture."
WAKE = "It wakes up and stretches."
FOLLOWED = "Queued from here:"
HELD_BACK = "Output data may contain inappropriate content."

_END = AdvanceClock(seconds=QUEUE_SECONDS + TASK_SECONDS)


def _sent(job: str) -> Show:
    return Show(under=AGAIN, job=job, title=IN_QUEUE)


def _done(job: str) -> Show:
    return Show(under=AGAIN, job=job, title="Done")


_A_VIDEO: tuple[Scene, ...] = (
    Ask(command="settings log-channel", options={"channel": LOUNGE}, user=MODERATOR),
    Ask(command=FRAMES, options={**CATS, "prompt": GLIDE, "seed": 4242}, makes="cat"),
    _sent("cat"),
    _END,
    _done("cat"),
)

_OWN: tuple[Scene, ...] = (
    Press(under=AGAIN, caption="Queued", job="cat", button=AGAIN, makes=("again",)),
    _sent("again"),
    Press(under=AGAIN, caption="Refused: somebody else's", job="cat", button=AGAIN, user=OTHER),
    Press(under=EDIT, caption="The form", job="cat", button=EDIT, keep="edit"),
    Fill(
        under=EDIT,
        caption="Filled in and sent",
        form="edit",
        values={WORDS: UP, WHOSE: "My words as they are", SEED: "8"},
        makes=("edited",),
    ),
    _sent("edited"),
    Press(under=EDIT, job="cat", button=EDIT, keep="odd"),
    Fill(
        under=EDIT,
        caption="Refused: no seed; the words are given back",
        form="odd",
        values={WORDS: JUMP, SEED: "twelve"},
    ),
    Press(under=EDIT, caption="Refused: somebody else's", job="cat", button=EDIT, user=OTHER),
    # Sent when the video is gone.
    Press(under=EDIT, job="cat", button=EDIT, keep="late"),
)

_PANEL: tuple[Scene, ...] = (
    Press(
        under=MORE,
        caption="The panel, opened by another member",
        job="cat",
        button=MORE,
        keep="panel",
        user=OTHER,
    ),
    Press(
        under=TAKES,
        caption="The panel afterwards",
        shown_from=FOLLOWED,
        on="panel",
        button=TAKES,
        user=OTHER,
        makes=("take1", "take2", "take3"),
    ),
    Press(under=TIER, on="panel", button="In 1080P", user=OTHER, makes=("tall",)),
    Watch(
        under=TIER,
        caption="The panel afterwards",
        shown_from=FOLLOWED,
        on="panel",
        says="Waiting",
        times=4,
        user=OTHER,
    ),
    Press(under=MODEL, on="panel", choose="wanx2.1-kf2v-plus", user=OTHER, makes=("plus",)),
    Watch(
        under=MODEL,
        caption="The panel afterwards",
        shown_from=FOLLOWED,
        on="panel",
        says=IN_QUEUE,
        user=OTHER,
    ),
    Press(
        under=ORIGINAL,
        caption="Handed out",
        on="panel",
        button=ORIGINAL,
        user=OTHER,
        answered_beside=True,
    ),
    _END,
    _done("again"),
    _done("edited"),
    _sent("take1"),
    _sent("take2"),
    _END,
    _sent("take3"),
    _sent("tall"),
    _END,
    Watch(
        under=MORE,
        caption="Later, without another press",
        shown_from=FOLLOWED,
        on="panel",
        says="Done",
        times=5,
        user=OTHER,
    ),
)

_GOING_ON: tuple[Scene, ...] = (
    Press(
        under=CONTINUE,
        caption="The form, opened by another member",
        job="cat",
        button=CONTINUE,
        keep="going on",
        user=OTHER,
    ),
    Fill(
        under=CONTINUE,
        caption="Filled in and sent",
        form="going on",
        values={WORDS: JUMP},
        user=OTHER,
        makes=("further",),
    ),
    Show(
        under=CONTINUE,
        caption="The status message of the video that goes on",
        job="further",
        title=IN_QUEUE,
    ),
    FailTask(code="DataInspectionFailed", model=MODEL_NAME, message=HELD_BACK),
    Ask(command=FRAMES, options={**CATS, "seed": 5}, makes="held"),
    _sent("held"),
    _END,
    Show(
        under=TRY_AGAIN,
        caption="Under a video that the provider held back",
        job="held",
        title="Failed",
    ),
    Press(under=TRY_AGAIN, caption="Queued", job="held", button=TRY_AGAIN, makes=("second",)),
    Press(
        under=TRY_AGAIN,
        caption="Refused: somebody else's",
        job="held",
        button=TRY_AGAIN,
        user=OTHER,
    ),
)

_MENUS: tuple[Scene, ...] = (
    Say(keep="photos", files=(File.sample("cat-first.jpg"), File.sample("cat-last.jpg"))),
    Say(keep="clip", video_of="cat"),
    OpenMenu(
        under=ANIMATE,
        caption="The form, for a message with two pictures",
        entry=ANIMATE,
        on="photos",
        keep="animate",
    ),
    Fill(
        under=ANIMATE,
        caption="Filled in and sent",
        form="animate",
        values={"Which picture": "2. cat-last.jpg", WORDS: WAKE},
        makes=("awake",),
    ),
    OpenMenu(
        under=ANIMATE,
        caption="Refused: somebody else's",
        entry=ANIMATE,
        on="photos",
        user=OTHER,
    ),
    OpenMenu(under=ANIMATE, caption="Refused: no picture", entry=ANIMATE, on="clip"),
    OpenMenu(
        under=CONTINUE_VIDEO,
        caption="The form",
        entry=CONTINUE_VIDEO,
        on="clip",
        keep="own clip",
    ),
    Fill(
        under=CONTINUE_VIDEO,
        caption="Filled in and sent",
        form="own clip",
        values={WORDS: WAKE},
        makes=("clip goes on",),
    ),
    OpenMenu(
        under=CONTINUE_VIDEO,
        caption="Refused: somebody else's",
        entry=CONTINUE_VIDEO,
        on="clip",
        user=OTHER,
    ),
    OpenMenu(under=REPORT_VIDEO, caption="Reported", entry=REPORT_VIDEO, job="again", user=OTHER),
    OpenMenu(
        under=REPORT_VIDEO,
        caption="Refused: no video of the bot's",
        entry=REPORT_VIDEO,
        on="photos",
        user=OTHER,
    ),
)

_DELETING: tuple[Scene, ...] = (
    Press(under=DELETE, caption="Refused: somebody else's", job="again", button=DELETE, user=OTHER),
    Press(under=DELETE, caption="Asked once", job="again", button=DELETE, keep="question"),
    Press(under=DELETE, caption="Deleted", on="question", button="Delete everything"),
    Press(under=DELETE, job="cat", button=DELETE, keep="question of cat"),
    Deny(permissions=("VIEW_CHANNEL",)),
    Press(
        under=DELETE,
        caption="Deleted, where Discord does not let the bot delete the message",
        on="question of cat",
        button="Delete everything",
    ),
    Deny(),
    Fill(
        under=EDIT,
        caption="Refused: deleted while the form was open",
        form="late",
        values={WORDS: JUMP},
    ),
    Press(
        under=TAKES,
        caption="Refused: deleted while the panel was open",
        on="panel",
        button=TAKES,
        user=OTHER,
        answered_beside=True,
    ),
)

_REPORTING: tuple[Scene, ...] = (
    Press(under=REPORT, caption="Reported", job="edited", button=REPORT, user=OTHER),
    Press(under=REPORT, caption="Once more", job="edited", button=REPORT, user=OTHER),
    Read(
        under=REPORT,
        caption="What moderators see in the log channel",
        channel=LOUNGE,
        says="{edited}",
        keep="report",
    ),
    Press(
        under=REPORT,
        caption="Refused: a member presses the moderators' button",
        on="report",
        button="Delete",
        user=OTHER,
    ),
    _sent("second"),
    _sent("awake"),
    _sent("clip goes on"),
    Press(
        under=REPORT,
        caption="A moderator blocks the requester",
        on="report",
        button="Block the requester",
        user=MODERATOR,
        answered_beside=True,
    ),
    Read(under=REPORT, caption="The report afterwards", channel=LOUNGE, says="{edited}"),
    Press(
        under=REPORT,
        caption="A moderator deletes the video",
        on="report",
        button="Delete",
        user=MODERATOR,
        answered_beside=True,
    ),
)

PRESSES: tuple[Scene, ...] = (
    *_A_VIDEO,
    *_OWN,
    *_PANEL,
    *_GOING_ON,
    *_MENUS,
    *_DELETING,
    *_REPORTING,
)

"""Lists the scenes whose replies the documentation shows, in the order they are played."""

from __future__ import annotations

from sandbox.demo.video_requests import SAMPLES
from sandbox.docs.cast import (
    CATS,
    CUP,
    DUSK,
    EFFECT,
    FRAMES,
    GLIDE,
    IMAGE,
    MEETING,
    MISTS,
    QUEUE_SECONDS,
    REFERENCE,
    ROCKET,
    ROOMY,
    SETTINGS,
    TASK_SECONDS,
    TEXT,
)
from sandbox.docs.presses import PRESSES
from sandbox.docs.scenes import (
    MEMBER,
    MODERATOR,
    Act,
    AdvanceClock,
    Ask,
    FailTask,
    File,
    Notify,
    Press,
    Scene,
    Show,
    Suggest,
)
from sandbox.docs.staff import STAFF

_BEGINNING: tuple[Scene, ...] = (
    Ask(command="help", caption="In a server or in direct messages"),
    Ask(command="jobs list", caption="Before the first video"),
    Ask(command="queue show", caption="When nothing is going on"),
    Ask(command="quota show", caption="At the beginning of a day"),
)

_VIDEOS: tuple[Scene, ...] = (
    Ask(
        command=FRAMES,
        caption="Queued",
        options={**CATS, "prompt": GLIDE, "seed": 4242},
        makes="cat",
    ),
    Show(
        under=FRAMES,
        caption="Its status message, seen by everybody in the channel",
        job="cat",
        title="In the provider's queue",
    ),
    Suggest(command=FRAMES, caption="The list of models", option="model", options=CATS),
    Suggest(command=FRAMES, caption="The list of resolutions", option="resolution", options=CATS),
    Ask(
        command=IMAGE, caption="Queued", options={**ROCKET, "prompt": DUSK, "seed": 7}, makes="pad"
    ),
    # One may wait at a time.
    Show(under=IMAGE, job="pad", title="In the provider's queue"),
    Ask(
        command=TEXT,
        caption="Queued",
        options={"prompt": MISTS, "size": "832*480", "seed": 7},
        makes="mists",
    ),
    Show(under=TEXT, job="mists", title="In the provider's queue"),
    Suggest(command=TEXT, caption="The list of sizes", option="size", options={"prompt": MISTS}),
    Suggest(
        command=TEXT,
        caption="The list of lengths, of a model whose length can be chosen",
        option="duration",
        options={"prompt": MISTS, "model": "wan2.7-t2v"},
    ),
    Suggest(
        command=REFERENCE,
        caption="The list of sizes, without sound and with it",
        option="size",
        options={**MEETING, "prompt": "The cat of image1 looks at image2."},
    ),
    Ask(
        command=EFFECT,
        caption="Queued",
        options={**CUP, "effect": "rotation", "seed": 7},
        makes="cup",
    ),
    Suggest(
        command=EFFECT,
        caption="The list of effects, after typing “r”",
        option="effect",
        options={**CUP, "effect": "r"},
    ),
)

_REFUSALS: tuple[Scene, ...] = (
    Ask(
        command=REFERENCE,
        caption="Refused: a length the model does not make",
        options={**MEETING, "prompt": "They meet.", "duration": 20},
    ),
    Ask(
        command=TEXT,
        caption="Refused: a model that is never silent",
        options={"prompt": MISTS, "model": "wan2.6-t2v", "audio": False},
    ),
    Ask(
        command=FRAMES,
        caption="Refused: no last frame",
        options={"first_frame": CATS["first_frame"]},
    ),
    Ask(
        command=FRAMES,
        caption="Refused: not a picture",
        options={
            "first_frame": CATS["first_frame"],
            "last_frame": File(
                name="cat.pdf", data=b"%PDF-1.7\n" + bytes(64), content_type="application/pdf"
            ),
        },
    ),
    Ask(
        command=FRAMES,
        caption="Refused: a resolution the model does not make",
        options={**CATS, "model": "wanx2.1-kf2v-plus", "resolution": "1080P"},
    ),
    Ask(
        command=FRAMES,
        caption="Refused: the bot may not post here",
        options=CATS,
        bot_lacks=("EMBED_LINKS", "ATTACH_FILES"),
    ),
    Ask(
        command=IMAGE,
        caption="Refused: a damaged file",
        options={
            "image": File(
                name="rocket.jpg",
                data=(SAMPLES / "rocket.jpg").read_bytes()[:9000],
                content_type="image/jpeg",
            )
        },
    ),
    Ask(
        command=IMAGE,
        caption="Refused: a length the model does not make",
        options={**ROCKET, "duration": 3},
    ),
    Ask(
        command=TEXT,
        caption="Refused: a size the model does not make",
        options={"prompt": MISTS, "size": "640*480"},
    ),
    Ask(
        command=EFFECT,
        caption="Refused: no such effect",
        options={**CUP, "effect": "time travel"},
    ),
)

_WAITING: tuple[Scene, ...] = (
    Ask(command=FRAMES, options=CATS, makes="second"),
    Show(under=FRAMES, job="second", title="In the provider's queue"),
    Ask(command=FRAMES, options=CATS, user=MODERATOR, makes="hers"),
    Ask(command=FRAMES, options={**CATS, "prompt": GLIDE}, makes="third"),
    Show(
        under=FRAMES,
        caption="The status message of a job that waits for a free place",
        job="third",
        title="Waiting",
    ),
    Ask(command=FRAMES, caption="Refused: enough jobs waiting", options=CATS),
    Ask(command="queue show", caption="While videos are being made"),
    Ask(command="jobs list", caption="One's own jobs"),
    Ask(
        command="jobs list",
        caption="A moderator looks at somebody's jobs",
        options={"member": MEMBER, "state": "active"},
        user=MODERATOR,
    ),
    Ask(command="jobs list", caption="Refused: somebody else's", options={"member": MODERATOR}),
    Suggest(command="jobs cancel", caption="The list of jobs", option="job"),
    Ask(command="jobs cancel", caption="A job that still waits", options={"job": "{third}"}),
    Ask(
        command="jobs cancel",
        caption="A job the provider has in its queue",
        options={"job": "{second}"},
    ),
    Press(
        under="jobs cancel",
        caption="Refused: the button under somebody else's job",
        job="hers",
        button="Cancel",
    ),
    Ask(command="jobs retry", caption="Refused: not over yet", options={"job": "{cat}"}),
    Ask(command="jobs show", caption="Refused: no such job", options={"job": "AAAAAA"}),
    Show(under=FRAMES, job="hers", title="In the provider's queue"),
    AdvanceClock(seconds=QUEUE_SECONDS),
    Show(under=FRAMES, job="cat", title="Being made"),
    Ask(command="jobs cancel", caption="Refused: too late", options={"job": "{cat}"}),
)

_ENDS: tuple[Scene, ...] = (
    AdvanceClock(seconds=TASK_SECONDS),
    Show(under=FRAMES, caption="The status message at the end", job="cat", title="Done"),
    Notify(under=FRAMES, caption="The requester is told", job="cat"),
    Show(under=IMAGE, caption="The status message at the end", job="pad", title="Done"),
    Show(under=TEXT, caption="The status message at the end", job="mists", title="Done"),
    Show(under=EFFECT, caption="The status message at the end", job="cup", title="Done"),
    Show(under=FRAMES, job="hers", title="Done"),
    Ask(command="jobs show", caption="A finished job", options={"job": "{cat}"}),
    Ask(command="jobs cancel", caption="Refused: over already", options={"job": "{cat}"}),
    FailTask(code="DataInspectionFailed", model="wan2.2-kf2v-flash"),
    Ask(command="jobs retry", caption="Queued again", options={"job": "{cat}"}, makes="again"),
    Show(under=FRAMES, job="again", title="In the provider's queue"),
    AdvanceClock(seconds=QUEUE_SECONDS + TASK_SECONDS),
    Show(
        under=FRAMES,
        caption="The status message of a video the provider's content check refused",
        job="again",
        title="Failed",
    ),
    Ask(
        command="jobs list",
        caption="In direct messages: one's own of all servers",
        options={"state": "failed"},
        in_direct_messages=True,
    ),
    Ask(command=FRAMES, options=CATS, makes="sixth"),
    Show(under=FRAMES, job="sixth", title="In the provider's queue"),
    Ask(command=IMAGE, options=ROCKET, makes="seventh"),
    Show(under=IMAGE, job="seventh", title="In the provider's queue"),
    Ask(command=TEXT, options={"prompt": MISTS}, makes="eighth"),
    Show(under=TEXT, job="eighth", title="In the provider's queue"),
    Ask(command=TEXT, options={"prompt": MISTS}, makes="ninth"),
    Show(under=TEXT, job="ninth", title="In the provider's queue"),
    Ask(command=FRAMES, caption="Refused: the quota is used up", options=CATS),
    Ask(command="quota show", caption="When it is used up"),
    Ask(command="quota show", caption="Refused: somebody else's", options={"member": MODERATOR}),
)

_FORGETTING: tuple[Scene, ...] = (
    Ask(
        command="jobs forget",
        caption="Refused: not over yet",
        options={"job": "{ninth}"},
    ),
    Ask(command="jobs forget", caption="Erased", options={"job": "{again}"}),
    Ask(
        command="jobs retry",
        under="jobs forget",
        caption="Refused afterwards: to make it again",
        options={"job": "{again}"},
    ),
)

_COMMANDS: tuple[Scene, ...] = (
    *_BEGINNING,
    *_VIDEOS,
    *_REFUSALS,
    *_WAITING,
    *_ENDS,
    *_FORGETTING,
    *STAFF,
)

ACTS = (Act(scenes=_COMMANDS, settings=SETTINGS), Act(scenes=PRESSES, settings=ROOMY))

SCRIPT: tuple[Scene, ...] = tuple(scene for act in ACTS for scene in act.scenes)

"""Lists the models 2.7 and 3.0, which take a list of media, and ratios.

Another model is another row. Figures are from help.aliyun.com/zh/model-studio:
image-to-video-general-api-reference, text-to-video-api-reference, wan-video-to-video-api-reference,
wan-video-editing-api-reference, wan3-video-generation-api-reference, rate-limit and model-pricing.
"""

from __future__ import annotations

from dataclasses import replace

from sandbox.dashscope.rows import (
    MEGABYTE,
    Billing,
    ClipLimits,
    DocumentLimits,
    Kind,
    LinkLimits,
    MediaRules,
    MediaSet,
    ModelRow,
    PictureLimits,
    Region,
    Sound,
    SoundLimits,
    Together,
    Usage,
)
from sandbox.dashscope.sound_models import (
    ALL_TIERS,
    ANY_LENGTH,
    ASIA,
    COMMON_NAMES,
    HD,
    PICTURE_26,
    lanes,
)

WITH_VIRGINIA = lanes(Region.BEIJING, Region.SINGAPORE, Region.VIRGINIA)
WORLD = lanes(*Region)

RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4")
RATIO_27 = Usage((*COMMON_NAMES, "ratio"))
THREE_DURATIONS = frozenset(COMMON_NAMES[:3])
EDIT_27 = Usage(COMMON_NAMES, THREE_DURATIONS)
USAGE_30 = Usage(
    (
        "video_count",
        "duration",
        "input_video_duration",
        "output_video_duration",
        "fps",
        "SR",
        "ratio",
    ),
    THREE_DURATIONS,
)

PICTURE = PictureLimits(max_bytes=20 * MEGABYTE, max_ratio=8)
SOUNDTRACK_27 = SoundLimits(2, 30)
EDITED_CLIP = ClipLimits(shortest=2, longest=10)
DOCUMENTS = DocumentLimits(
    (
        *("docx", "doc", "xlsx", "xls", "pptx", "ppt", "pdf", "txt", "md"),
        # The guide leaves these out, the API page has them.
        *("key", "pages", "numbers"),
    )
)


def _models_27() -> list[ModelRow]:
    prompt = ModelRow(
        name="wan2.7-t2v",
        kind=Kind.PROMPT,
        limits=ASIA,
        tiers=HD,
        default_tier="1080P",
        usage=RATIO_27,
        task_seconds=(120, 300),
        durations=ANY_LENGTH,
        ratios=RATIOS,
        default_ratio="16:9",
        prompt_required=True,
        prompt_characters=5000,
        tells_rewritten_prompt=False,
        picture=PICTURE,
        soundtrack=SOUNDTRACK_27,
        sound=Sound.ALWAYS,
    )
    frames = replace(
        prompt,
        name="wan2.7-i2v",
        kind=Kind.MEDIA,
        usage=PICTURE_26,
        ratios=(),
        default_ratio=None,
        prompt_required=False,
        soundtrack=None,
        media=MediaRules(
            files={
                "first_frame": PICTURE,
                "last_frame": PICTURE,
                "driving_audio": SOUNDTRACK_27,
                "first_clip": EDITED_CLIP,
            },
            sets=(
                MediaSet({"first_frame": (1, 1), "last_frame": (0, 1), "driving_audio": (0, 1)}),
                MediaSet({"first_clip": (1, 1), "last_frame": (0, 1)}),
            ),
        ),
        billing=Billing.CONTINUATION,
    )
    references = replace(
        prompt,
        name="wan2.7-r2v",
        kind=Kind.MEDIA,
        task_seconds=(240, 480),
        durations_with_video=range(2, 11),
        frame_beats_ratio=True,
        soundtrack=None,
        media=MediaRules(
            files={
                "first_frame": PICTURE,
                "reference_image": PICTURE,
                "reference_video": ClipLimits(shortest=1, longest=30),
            },
            sets=(
                MediaSet(
                    {
                        "first_frame": (0, 1),
                        "reference_image": (0, 5),
                        "reference_video": (0, 5),
                    },
                    (Together(("reference_image", "reference_video"), 1, 5),),
                ),
            ),
            voice=SoundLimits(1, 10),
        ),
        billing=Billing.FIVE_OF_INPUT,
    )
    editing = replace(
        frames,
        name="wan2.7-videoedit",
        usage=EDIT_27,
        task_seconds=(180, 300),
        durations=(0, *range(2, 11)),
        default_duration=0,
        ratios=RATIOS,
        media=MediaRules(
            files={"video": EDITED_CLIP, "reference_image": PICTURE},
            sets=(MediaSet({"video": (1, 1), "reference_image": (0, 4)}),),
        ),
        audio_settings=("auto", "origin"),
        billing=Billing.ALL_INPUT,
    )
    return [
        prompt,
        replace(prompt, name="wan2.7-t2v-2026-04-25"),
        replace(prompt, name="wan2.7-t2v-2026-06-12"),
        frames,
        replace(frames, name="wan2.7-i2v-2026-04-25"),
        references,
        replace(references, name="wan2.7-r2v-2026-06-12", limits=WITH_VIRGINIA),
        editing,
    ]


def _models_30() -> list[ModelRow]:
    anything = {"file": (0, 1), "link": (0, 1)}
    video = ModelRow(
        name="wan3.0-video",
        kind=Kind.MEDIA,
        limits=WORLD,
        tiers=ALL_TIERS,
        default_tier="1080P",
        usage=USAGE_30,
        task_seconds=(300, 720),
        durations=range(2, 31),
        chooses_duration=True,
        all_seconds=30,
        ratios=("adaptive", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"),
        default_ratio="adaptive",
        prompt_characters=20000,
        tells_rewritten_prompt=False,
        picture=PICTURE,
        media=MediaRules(
            files={
                "first_frame": PICTURE,
                "last_frame": PICTURE,
                "reference_image": PICTURE,
                "reference_video": ClipLimits(shortest=1, longest=15, least_rate=16),
                "reference_audio": SoundLimits(1, 15),
                "file": DOCUMENTS,
                "link": LinkLimits(),
            },
            sets=(
                MediaSet({"first_frame": (1, 1), "last_frame": (0, 1)}),
                MediaSet(
                    {
                        "reference_image": (0, 10),
                        "reference_video": (0, 5),
                        "reference_audio": (0, 5),
                        **anything,
                    },
                    (Together(tuple(anything), 0, 1),),
                ),
            ),
            required=False,
            exclusive=(
                "The two modes are mutually exclusive. Do not pass reference_xx and "
                "first_frame/last_frame at the same time."
            ),
            all_seconds=15,
        ),
        sound=Sound.CHOICE,
        least_seed=-1,
        billing=Billing.ALL_INPUT,
    )
    return [video, replace(video, name="wan3.0-video-prime", task_seconds=(120, 300))]


MEDIA_MODELS = (*_models_27(), *_models_30())

"""Lists the models up to 2.2, which make silent videos of five seconds.

Another model is another row. Figures are from help.aliyun.com/zh/model-studio:
legacy-image-to-video-by-first-and-last-frame-api-reference, legacy-image-to-video-api-reference,
legacy-wan-text-to-video-api-reference, rate-limit and wanx-video-effects.
"""

from __future__ import annotations

from types import MappingProxyType

from sandbox.dashscope.rows import Kind, Limits, ModelRow, Region, Usage

BOTH_PLUS_TURBO = (
    "squish rotation poke inflate dissolve carousel singleheart flying rose crystalrose hug "
    "frenchkiss coupleheart"
)
PLUS_ONLY = (
    "melt icecream dance1 dance2 dance3 dance4 dance5 mermaid graduation dragon money jellyfish "
    "pupil"
)
TURBO_TEMPLATES = frozenset(BOTH_PLUS_TURBO.split())
PLUS_TEMPLATES = TURBO_TEMPLATES | frozenset(PLUS_ONLY.split())
FRAMES_TEMPLATES = frozenset({"hanfu-1", "hufu-1", "solaron", "magazine", "mech1", "mech2"})
"""``hufu-1`` is how one page spells ``hanfu-1``; both are accepted."""

TWO = Limits(2, 2)
BEIJING = MappingProxyType({Region.BEIJING: TWO})
SINGAPORE = MappingProxyType({Region.SINGAPORE: TWO})
EVERYWHERE = MappingProxyType({Region.BEIJING: TWO, Region.SINGAPORE: TWO})
ALL_TIERS = ("480P", "720P", "1080P")
FRAMES_22 = Usage(("video_duration", "video_count", "SR"))
PICTURE_22 = Usage(("duration", "video_count", "SR"))
STANDARD_21 = Usage(("video_duration", "video_count", "video_ratio"))
PROMPT_UP_TO_25 = Usage(("video_duration", "video_count", "video_ratio"))
"""Its ``video_ratio`` is the size; that of the others is the word ``standard``."""


def _rows() -> tuple[ModelRow, ...]:
    rows = [
        # In Singapore its samples use it although the rate table there does not list it.
        ModelRow(
            name="wan2.2-kf2v-flash",
            kind=Kind.FRAMES,
            limits=EVERYWHERE,
            tiers=ALL_TIERS,
            default_tier="720P",
            usage=FRAMES_22,
            task_seconds=(60, 120),
        ),
        ModelRow(
            name="wan2.2-i2v-flash",
            kind=Kind.PICTURE,
            limits=EVERYWHERE,
            tiers=ALL_TIERS,
            default_tier="720P",
            usage=PICTURE_22,
            task_seconds=(60, 120),
        ),
        ModelRow(
            name="wan2.2-i2v-plus",
            kind=Kind.PICTURE,
            limits=EVERYWHERE,
            tiers=("480P", "1080P"),
            default_tier="1080P",
            usage=PICTURE_22,
            task_seconds=(90, 180),
        ),
        ModelRow(
            name="wan2.2-t2v-plus",
            kind=Kind.PROMPT,
            limits=EVERYWHERE,
            tiers=("480P", "1080P"),
            default_tier="1080P",
            usage=PROMPT_UP_TO_25,
            takes_size=True,
            prompt_required=True,
            task_seconds=(90, 180),
        ),
    ]
    slower_creates = MappingProxyType({Region.SINGAPORE: Limits(1, 2)})
    # The 2.1 models have one name per region; only Beijing has effects.
    for prefix, where, effects in (("wanx2.1", BEIJING, True), ("wan2.1", SINGAPORE, False)):
        none: frozenset[str] = frozenset()
        rows += [
            ModelRow(
                name=f"{prefix}-kf2v-plus",
                kind=Kind.FRAMES,
                limits=where if effects else slower_creates,
                tiers=("720P",),
                default_tier="720P",
                usage=STANDARD_21,
                task_seconds=(120, 300),
                templates=FRAMES_TEMPLATES if effects else none,
            ),
            ModelRow(
                name=f"{prefix}-i2v-turbo",
                kind=Kind.PICTURE,
                limits=where,
                tiers=("480P", "720P"),
                default_tier="720P",
                durations=(3, 4, 5),
                usage=STANDARD_21,
                task_seconds=(60, 150),
                templates=TURBO_TEMPLATES if effects else none,
            ),
            ModelRow(
                name=f"{prefix}-i2v-plus",
                kind=Kind.PICTURE,
                limits=where,
                tiers=("720P",),
                default_tier="720P",
                usage=STANDARD_21,
                task_seconds=(120, 300),
                templates=PLUS_TEMPLATES if effects else none,
            ),
            ModelRow(
                name=f"{prefix}-t2v-turbo",
                kind=Kind.PROMPT,
                limits=where,
                tiers=("480P", "720P"),
                default_tier="720P",
                usage=PROMPT_UP_TO_25,
                takes_size=True,
                prompt_required=True,
                task_seconds=(60, 150),
            ),
            ModelRow(
                name=f"{prefix}-t2v-plus",
                kind=Kind.PROMPT,
                limits=where,
                tiers=("720P",),
                default_tier="720P",
                usage=PROMPT_UP_TO_25,
                takes_size=True,
                prompt_required=True,
                task_seconds=(120, 300),
            ),
        ]
    return tuple(rows)


EARLY_MODELS = _rows()

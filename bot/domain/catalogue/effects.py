"""The provider's ready-made effects: one picture in, no prompt, a fixed little story out.

Names, models and what a picture should show are from
https://help.aliyun.com/zh/model-studio/wanx-video-effects (read in May 2026). The page shows what
an effect does as a film beside its Chinese name; the words here say it in English. Effects exist
in Beijing only: https://www.alibabacloud.com/help/doc-detail/2930017.html
"""

from __future__ import annotations

from dataclasses import dataclass

_PLUS = frozenset({"wanx2.1-i2v-plus"})
_PLUS_AND_TURBO = _PLUS | {"wanx2.1-i2v-turbo"}
_KF2V = frozenset({"wanx2.1-kf2v-plus"})

_ANYTHING = "anything that stands out from its background"
_PERSON = "one person from the front, half or full body"
_PERSON_FULL = "one person from the front, full body"
_PERSON_HALF = "one person from the front, half body"
_BEING_FULL = "one person or animal from the front, full body"
_BEING_NO_HANDS = "one person or animal from the front, hands out of sight"
_TWO = "two people, facing the camera or each other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One effect."""

    name: str
    """The provider's ``template``."""
    label: str
    """What people read, at most 24 characters."""
    original: str
    """The provider's own name of it."""
    does: str
    """What happens in the video."""
    suits: str
    """What the picture should show."""
    models: frozenset[str]
    """Names of the models that know it."""

    @property
    def shows_two_people(self) -> bool:
        """True where two people are brought together who may not have agreed to it."""
        return self.suits == _TWO


def _effects(
    suits: str, models: frozenset[str], *rows: tuple[str, str, str, str]
) -> tuple[Effect, ...]:
    """Return effects that suit the same pictures and models: name, label, original, does."""
    return tuple(
        Effect(name=name, label=label, original=original, does=does, suits=suits, models=models)
        for name, label, original, does in rows
    )


EFFECTS: tuple[Effect, ...] = (
    *_effects(
        _ANYTHING,
        _PLUS_AND_TURBO,
        ("squish", "Squish", "解压捏捏", "is squeezed like a soft toy and springs back"),
        ("rotation", "Spin", "转圈圈", "turns round and round"),
        ("poke", "Poke", "戳戳乐", "is poked by a finger and gives way"),
        ("inflate", "Inflate", "气球膨胀", "swells like a balloon"),
        ("dissolve", "Dissolve", "分子扩散", "drifts apart into particles"),
    ),
    *_effects(
        _ANYTHING,
        _PLUS,
        ("melt", "Melt", "热浪融化", "melts in a wave of heat"),
        ("icecream", "Ice cream planet", "冰淇淋星球", "turns into ice cream"),
    ),
    *_effects(
        _PERSON,
        _PLUS_AND_TURBO,
        ("carousel", "Carousel", "时光木马", "rides a merry-go-round"),
        ("singleheart", "Finger heart", "爱你哟", "makes a heart with the hands"),
    ),
    *_effects(
        _PERSON,
        _PLUS,
        ("dance1", "Dance: sway", "摇摆时刻", "sways to the beat"),
        ("dance4", "Dance: fingers", "指感节奏", "dances with the fingers"),
        ("dance5", "Dance: switch", "舞动开关", "breaks into a dance"),
        ("graduation", "Graduation", "学术加冕", "puts on cap and gown"),
        ("dragon", "Chased by a dragon", "巨兽追袭", "is chased by a huge beast"),
        ("money", "Money rain", "财从天降", "stands in a rain of money"),
        ("jellyfish", "Jellyfish", "水母之约", "meets jellyfish"),
        ("pupil", "Through the pupil", "瞳孔穿越", "lets the camera fly through an eye"),
    ),
    *_effects(
        _PERSON_FULL,
        _PLUS,
        ("dance2", "Dance: swing", "头号甩舞", "dances with swinging arms"),
        ("dance3", "Dance: star", "星摇时刻", "dances under the lights"),
    ),
    *_effects(
        _PERSON_HALF,
        _PLUS,
        ("mermaid", "Mermaid", "人鱼觉醒", "becomes a mermaid"),
    ),
    *_effects(
        _BEING_FULL,
        _PLUS_AND_TURBO,
        ("flying", "Levitate", "魔法悬浮", "floats up by magic"),
    ),
    *_effects(
        _BEING_NO_HANDS,
        _PLUS_AND_TURBO,
        ("rose", "Rose", "赠人玫瑰", "offers a rose"),
        ("crystalrose", "Crystal rose", "闪亮玫瑰", "offers a glittering rose"),
    ),
    *_effects(
        _TWO,
        _PLUS_AND_TURBO,
        ("hug", "Hug", "爱的抱抱", "hug each other"),
        ("frenchkiss", "Kiss", "唇齿相依", "kiss each other"),
        ("coupleheart", "Couple heart", "双倍心动", "make a heart together"),
    ),
    *_effects(
        _PERSON,
        _KF2V,
        # The field's reference spells it hufu-1; the list of effects and every sample do not.
        ("hanfu-1", "Hanfu", "唐韵翩然", "changes into Tang dynasty dress"),
        ("solaron", "Mecha suit", "机甲变身", "turns into a mecha"),
        ("magazine", "Magazine cover", "闪耀封面", "appears on a magazine cover"),
        ("mech1", "Machine awakening", "机械觉醒", "awakens as a machine"),
        ("mech2", "Cyber entrance", "赛博登场", "makes a cyberpunk entrance"),
    ),
)

_BY_NAME = {effect.name: effect for effect in EFFECTS}


def effect_label(name: str) -> str:
    """Return what people read for an effect; its name where this version does not know it."""
    known = _BY_NAME.get(name)
    return known.label if known else name

"""The provider's ready-made effects: one picture in, no prompt, a fixed little story out.

Names, models and what a picture should show are from
https://help.aliyun.com/zh/model-studio/wanx-video-effects (read in May 2026). The page shows what
an effect does as a film beside its Chinese name; ``bot.chat.text.effects`` says it in words.
Effects exist in Beijing only: https://www.alibabacloud.com/help/doc-detail/2930017.html
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_PLUS = frozenset({"wanx2.1-i2v-plus"})
_PLUS_AND_TURBO = _PLUS | {"wanx2.1-i2v-turbo"}
_KF2V = frozenset({"wanx2.1-kf2v-plus"})


class Suits(StrEnum):
    """What a picture should show for an effect to come out well."""

    ANYTHING = "anything"
    """That stands out from its background."""
    PERSON = "person"
    """One, from the front, half or full body."""
    PERSON_FULL = "person_full"
    PERSON_HALF = "person_half"
    BEING_FULL = "being_full"
    """A person or an animal, full body."""
    BEING_NO_HANDS = "being_no_hands"
    """A person or an animal, hands out of sight."""
    TWO = "two"
    """Two people, facing the camera or each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One effect."""

    name: str
    """The provider's ``template``."""
    label: str
    """Its name in English, at most 24 characters: people read and type it."""
    original: str
    """Its name in Chinese, the provider's own."""
    suits: Suits
    models: frozenset[str]
    """Names of the models that know it."""

    @property
    def shows_two_people(self) -> bool:
        """True where two people are brought together who may not have agreed to it."""
        return self.suits is Suits.TWO


def _effects(
    suits: Suits, models: frozenset[str], *rows: tuple[str, str, str]
) -> tuple[Effect, ...]:
    """Return effects that suit the same pictures and models: name, label, original."""
    return tuple(
        Effect(name=name, label=label, original=original, suits=suits, models=models)
        for name, label, original in rows
    )


EFFECTS: tuple[Effect, ...] = (
    *_effects(
        Suits.ANYTHING,
        _PLUS_AND_TURBO,
        ("squish", "Squish", "解压捏捏"),
        ("rotation", "Spin", "转圈圈"),
        ("poke", "Poke", "戳戳乐"),
        ("inflate", "Inflate", "气球膨胀"),
        ("dissolve", "Dissolve", "分子扩散"),
    ),
    *_effects(
        Suits.ANYTHING,
        _PLUS,
        ("melt", "Melt", "热浪融化"),
        ("icecream", "Ice cream planet", "冰淇淋星球"),
    ),
    *_effects(
        Suits.PERSON,
        _PLUS_AND_TURBO,
        ("carousel", "Carousel", "时光木马"),
        ("singleheart", "Finger heart", "爱你哟"),
    ),
    *_effects(
        Suits.PERSON,
        _PLUS,
        ("dance1", "Dance: sway", "摇摆时刻"),
        ("dance4", "Dance: fingers", "指感节奏"),
        ("dance5", "Dance: switch", "舞动开关"),
        ("graduation", "Graduation", "学术加冕"),
        ("dragon", "Chased by a dragon", "巨兽追袭"),
        ("money", "Money rain", "财从天降"),
        ("jellyfish", "Jellyfish", "水母之约"),
        ("pupil", "Through the pupil", "瞳孔穿越"),
    ),
    *_effects(
        Suits.PERSON_FULL,
        _PLUS,
        ("dance2", "Dance: swing", "头号甩舞"),
        ("dance3", "Dance: star", "星摇时刻"),
    ),
    *_effects(
        Suits.PERSON_HALF,
        _PLUS,
        ("mermaid", "Mermaid", "人鱼觉醒"),
    ),
    *_effects(
        Suits.BEING_FULL,
        _PLUS_AND_TURBO,
        ("flying", "Levitate", "魔法悬浮"),
    ),
    *_effects(
        Suits.BEING_NO_HANDS,
        _PLUS_AND_TURBO,
        ("rose", "Rose", "赠人玫瑰"),
        ("crystalrose", "Crystal rose", "闪亮玫瑰"),
    ),
    *_effects(
        Suits.TWO,
        _PLUS_AND_TURBO,
        ("hug", "Hug", "爱的抱抱"),
        ("frenchkiss", "Kiss", "唇齿相依"),
        ("coupleheart", "Couple heart", "双倍心动"),
    ),
    *_effects(
        Suits.PERSON,
        _KF2V,
        # The field's reference spells it hufu-1; the list of effects and every sample do not.
        ("hanfu-1", "Hanfu", "唐韵翩然"),
        ("solaron", "Mecha suit", "机甲变身"),
        ("magazine", "Magazine cover", "闪耀封面"),
        ("mech1", "Machine awakening", "机械觉醒"),
        ("mech2", "Cyber entrance", "赛博登场"),
    ),
)

_BY_NAME = {effect.name: effect for effect in EFFECTS}


def effect_label(name: str) -> str:
    """Return what people read for an effect; its name where this version does not know it."""
    known = _BY_NAME.get(name)
    return known.label if known else name

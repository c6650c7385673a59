"""Reads the parameters of a task, and fails those the model does not take.

All of this shows in a FAILED task. Known from live answers are the sentences about ``size``,
``duration`` (fixed, and 2 to 15) and ``resolution``; those without a source follow their wording.
A parameter the model does not know is ignored, as the service does: ``shot_type`` by 2.7, ``audio``
by models that cannot be silent, ``size`` by models of a ratio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.dashscope import problems
from sandbox.dashscope.rows import ModelRow, Sound, tier_of

MAX_SEED = 2147483647
DEFAULT_SIZES = {"480P": "832*480", "720P": "1280*720", "1080P": "1920*1080"}
MODEL_DECIDES = -1
MOST_LISTED = 5
"""Lengths beyond so many are told as a range."""


def check_common(row: ModelRow, parameters: Mapping[str, object]) -> None:
    """Check the parameters that do not change the plan.

    Raises:
        InputRejectedError: one of them is wrong.
    """
    boolean(parameters, "prompt_extend")
    number = _integer(parameters, "seed")
    if number is not None and not row.least_seed <= number <= MAX_SEED:
        bound = (
            f"greater than or equal to {row.least_seed}"
            if number < row.least_seed
            else f"less than or equal to {MAX_SEED}"
        )
        raise problems.invalid_parameter(f"Input should be {bound}: parameters.seed")
    _choice(parameters, "shot_type", row.shot_types)


def seed(parameters: Mapping[str, object]) -> int:
    """Return the seed that was named; 0 when there is none."""
    value = parameters.get("seed")
    return value if isinstance(value, int) and value > 0 else 0


def is_heard(row: ModelRow, parameters: Mapping[str, object]) -> bool:
    """Whether the video gets a sound track.

    Raises:
        InputRejectedError: ``audio`` is neither true nor false.
    """
    if row.sound is Sound.CHOICE:
        return boolean(parameters, "audio", default=True)
    return row.sound is Sound.ALWAYS


def keeps_sound(row: ModelRow, parameters: Mapping[str, object]) -> bool:
    """Whether an edited video keeps the sound it had.

    Raises:
        InputRejectedError: there is no such setting.
    """
    return _choice(parameters, "audio_setting", row.audio_settings) == "origin"


def resolution(row: ModelRow, parameters: Mapping[str, object]) -> str:
    """Return the tier of a task.

    Raises:
        InputRejectedError: the model has no such tier.
    """
    if row.takes_size:
        return tier_of(size_text(row, parameters))
    tier = parameters.get("resolution")
    if tier is None:
        return row.default_tier
    if not isinstance(tier, str) or tier not in row.tiers:
        raise problems.invalid_parameter(one_of([f"'{name}'" for name in reversed(row.tiers)]))
    return tier


def size_text(row: ModelRow, parameters: Mapping[str, object]) -> str:
    """Return the ``W*H`` of a task that takes a size.

    Raises:
        InputRejectedError: the model has no such size.
    """
    size = parameters.get("size")
    if size is None:
        return DEFAULT_SIZES[row.default_tier]
    if not isinstance(size, str) or size not in row.sizes():
        # Known from live answers of wan2.2-t2v-plus, order included.
        raise problems.invalid_parameter(f"size must be in {','.join(row.sizes())}")
    return size


def ratio(row: ModelRow, parameters: Mapping[str, object]) -> str | None:
    """Return the ratio like ``16:9`` that was asked for; None: the shape is that of the input.

    Raises:
        InputRejectedError: the model has no such ratio.
    """
    chosen = _choice(parameters, "ratio", row.ratios) or row.default_ratio
    return None if chosen == "adaptive" else chosen


def duration(row: ModelRow, parameters: Mapping[str, object], *, with_video: bool) -> int:
    """Return how many seconds were asked for; -1: the model decides; 0: as long as the input.

    Raises:
        InputRejectedError: the model does not make such a length.
    """
    seconds = _integer(parameters, "duration")
    if seconds is None:
        return row.default_duration
    if seconds == MODEL_DECIDES and row.chooses_duration:
        return seconds
    allowed = row.durations
    if with_video and row.durations_with_video is not None:
        allowed = row.durations_with_video
    if seconds not in allowed:
        raise problems.invalid_parameter(_lengths(allowed))
    return seconds


def _lengths(allowed: Sequence[int]) -> str:
    if len(allowed) == 1:
        # Known from live answers for models of one fixed duration.
        return "duration customization is not supported"
    if len(allowed) > MOST_LISTED:
        # Known from live answers of 2.7 for 2 to 15.
        least = min(seconds for seconds in allowed if seconds)
        return f"Duration should be between {least} and {max(allowed)}"
    return one_of([str(seconds) for seconds in allowed])


def boolean(parameters: Mapping[str, object], name: str, *, default: bool = False) -> bool:
    """Return a parameter that is true or false.

    Raises:
        InputRejectedError: it is neither.
    """
    value = parameters.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise problems.invalid_parameter(f"Input should be a valid boolean: parameters.{name}")
    return value


def _integer(parameters: Mapping[str, object], name: str) -> int | None:
    value = parameters.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise problems.invalid_parameter(f"Input should be a valid integer: parameters.{name}")
    return value


def _choice(parameters: Mapping[str, object], name: str, words: tuple[str, ...]) -> str | None:
    value = parameters.get(name)
    if not words or value is None:
        return None
    if not isinstance(value, str) or value not in words:
        raise problems.invalid_parameter(one_of([f"'{word}'" for word in words]))
    return value


def one_of(names: Sequence[str]) -> str:
    """Return the service's sentence about a value outside a list."""
    if len(names) == 1:
        return f"Input should be {names[0]}"
    return f"Input should be {', '.join(names[:-1])} or {names[-1]}"

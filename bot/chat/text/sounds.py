"""Why a sound was not taken, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.problems import SoundProblem

OPTIONS: Mapping[str, str] = {"soundtrack": "soundtrack"}
"""What a sound is called, by the option it came in."""

PROBLEMS: Mapping[SoundProblem, str] = {
    SoundProblem.EMPTY: "Not queued: the {sound} has no sound in it. Attach another WAV or MP3.",
    SoundProblem.TOO_LARGE: (
        "Not queued: the {sound} is larger than {limit_mb} MB. Cut it, or save it as MP3."
    ),
    SoundProblem.UNSUPPORTED_FORMAT: (
        "Not queued: the {sound} is a file of the kind {format}, which the provider does not take. "
        "Save it as WAV or MP3; another name is not enough."
    ),
    SoundProblem.NOT_A_SOUND: (
        "Not queued: the {sound} is not a sound file I can read. Attach a WAV or MP3."
    ),
    SoundProblem.TRUNCATED: (
        "Not queued: the {sound} is damaged: the file ends too early. Upload it again."
    ),
    SoundProblem.DAMAGED: (
        "Not queued: the {sound} is damaged: too much of it cannot be decoded. Save it again as "
        "WAV or MP3."
    ),
    SoundProblem.SILENT: (
        "Not queued: there is nothing to be heard in the {sound}. Attach another WAV or MP3, or "
        "none."
    ),
    SoundProblem.TOO_SHORT: (
        "Not queued: the {sound} is {seconds} s long; the model takes {least} to {most} s. Attach "
        "a longer one."
    ),
    SoundProblem.TOO_LONG: (
        "Not queued: the {sound} is longer than {most} s; the model takes {least} to {most} s. Cut "
        "it first."
    ),
    SoundProblem.DECODER_FAILED: (
        "Not queued: the {sound} cannot be decoded. Save it again as WAV or MP3."
    ),
    SoundProblem.UNAVAILABLE: (
        "Not queued: Discord did not hand out the {sound}. Attach it again in a moment."
    ),
}

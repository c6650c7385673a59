"""What can be wrong with a request, as values: ``bot.chat.text`` has the sentence of each.

A test finds a value without a sentence, so that no person meets one.
"""

from __future__ import annotations

from enum import StrEnum


class OptionProblem(StrEnum):
    """Why options do not fit."""

    NO_LAST_FRAME = "no_last_frame"
    LOOP_AND_LAST_FRAME = "loop_and_last_frame"
    UNKNOWN_MODEL = "unknown_model"
    KIND_NOT_OFFERED = "kind_not_offered"
    MODEL_OFF = "model_off"
    MODEL_WITHOUT_EFFECT = "model_without_effect"
    UNKNOWN_EFFECT = "unknown_effect"
    NO_EFFECTS = "no_effects"
    """In the account's region."""
    NO_PROMPT = "no_prompt"
    RESOLUTION_NOT_OFFERED = "resolution_not_offered"
    SIZE_NOT_OFFERED = "size_not_offered"
    DURATION_FIXED = "duration_fixed"
    DURATION_NOT_OFFERED = "duration_not_offered"
    DURATION_RANGE = "duration_range"
    DURATION_RANGE_OR_OPEN = "duration_range_or_open"
    """Or the model decides."""
    NO_NEGATIVE_PROMPT = "no_negative_prompt"
    """The model has none."""
    ALWAYS_SILENT = "always_silent"
    NO_MODEL_HAS_SOUND = "no_model_has_sound"
    NEVER_SILENT = "never_silent"
    SOUNDTRACK_NOT_TAKEN = "soundtrack_not_taken"
    NO_MODEL_TAKES_SOUNDTRACKS = "no_model_takes_soundtracks"
    SOUNDTRACK_AND_SILENCE = "soundtrack_and_silence"
    UNKNOWN_CAMERA = "unknown_camera"
    SEED_RANGE = "seed_range"
    PICTURES_FIT_NOT = "pictures_fit_not"
    """They were made to fit another model."""
    TEXT_HAS_SIZE = "text_has_size"
    """A resolution was given where a size belongs."""
    PICTURE_HAS_RESOLUTION = "picture_has_resolution"
    """A size was given where a resolution belongs."""
    NO_PICTURE_THERE = "no_picture_there"
    NO_VIDEO_THERE = "no_video_there"
    """Attached to the message whose menu was used."""
    ONLY_OWN_PICTURES = "only_own_pictures"
    ONLY_OWN_VIDEOS = "only_own_videos"
    NOT_AMONG_CHOICES = "not_among_choices"
    """What came back from a form or panel is not what it offered."""
    PROMPT_TOO_LONG_FOR_FORM = "prompt_too_long_for_form"
    UNKNOWN_TIME_ZONE = "unknown_time_zone"
    LOG_CHANNEL_CLOSED = "log_channel_closed"
    EACH_AND_TARGET = "each_and_target"
    WHOLE_VIDEOS = "whole_videos"
    WHOLE_SECONDS = "whole_seconds"
    AMOUNT_RANGE = "amount_range"
    ABOVE_CEILING = "above_ceiling"
    GRANT_TO_SELF = "grant_to_self"
    RULE_FOR_SELF = "rule_for_self"
    DAYS_RANGE = "days_range"
    TOO_MANY_RULES = "too_many_rules"
    TOO_MANY_GRANTS = "too_many_grants"
    """Of a member."""
    TOO_MANY_GRANTS_HERE = "too_many_grants_here"
    TOO_MANY_BLOCKS = "too_many_blocks"
    TOO_MANY_CHANNELS = "too_many_channels"
    WORD_EMPTY = "word_empty"
    WORD_TOO_LONG = "word_too_long"
    TOO_MANY_WORDS = "too_many_words"
    UNKNOWN_GUILD = "unknown_guild"
    GUILD_NOT_READY = "guild_not_ready"
    """The gateway has not told its roles yet."""
    GUILD_ONLY = "guild_only"
    NOT_OUR_VIDEO = "not_our_video"
    """The message is none of this bot's about a video."""
    ID_RANGE = "id_range"
    """A number that can be no id of Discord's, or is larger than anything stored."""


class PictureProblem(StrEnum):
    """Why a picture cannot be used."""

    EMPTY = "empty"
    HTML = "html"
    SVG = "svg"
    PDF = "pdf"
    VIDEO = "video"
    AUDIO = "audio"
    ARCHIVE = "archive"
    UNSUPPORTED_FORMAT = "unsupported_format"
    NOT_AN_IMAGE = "not_an_image"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    """Too many bytes."""
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    TOO_ELONGATED = "too_elongated"
    TRANSPARENT = "transparent"
    """Throughout: there is nothing to be seen."""
    ONE_COLOUR = "one_colour"
    """And nothing else: the video would be paid for as a blank page."""
    DECODER_FAILED = "decoder_failed"
    VIDEO_UNREADABLE = "video_unreadable"
    """The video of which the last frame was to be taken."""
    UNAVAILABLE = "unavailable"
    """Discord does not hand it out."""


class SoundProblem(StrEnum):
    """Why a sound cannot be used."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    """Too many bytes."""
    UNSUPPORTED_FORMAT = "unsupported_format"
    """A sound, or a video, of a kind the provider does not take."""
    NOT_A_SOUND = "not_a_sound"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    SILENT = "silent"
    """Throughout."""
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    DECODER_FAILED = "decoder_failed"
    """It broke the decoder, or kept it busy for too long."""
    UNAVAILABLE = "unavailable"
    """Discord does not hand it out."""


class RetryProblem(StrEnum):
    """Why a job cannot be made again."""

    ACTIVE = "retry_active"
    MODEL_GONE = "retry_model_gone"
    ERASED = "retry_erased"
    NO_VIDEO = "retry_no_video"
    """There is no video to go on from."""


class DecisionProblem(StrEnum):
    """Why the task an operator named is certainly not a job's."""

    NO_TASK_ID = "no_task_id"
    OTHER_ACCOUNT = "other_account"
    HAS_TASK = "has_task"
    OF_ANOTHER_JOB = "of_another_job"
    MADE_FOR_ANOTHER_JOB = "made_for_another_job"
    TAKEN_MEANWHILE = "taken_meanwhile"
    UNREADABLE = "unreadable"
    """Just now: it may be the job's after all."""
    UNKNOWN_TASK = "unknown_task"
    OTHER_PROMPT = "other_prompt"
    NOT_LISTED = "not_listed"
    OTHER_KEY = "other_key"


class PromptOption(StrEnum):
    """The options in which words are given, by their names."""

    PROMPT = "prompt"
    NEGATIVE_PROMPT = "negative_prompt"


class Permission(StrEnum):
    """Discord's permissions that are asked for, by their names in its API.

    https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
    """

    VIEW_CHANNEL = "view_channel"
    SEND_MESSAGES = "send_messages"
    SEND_MESSAGES_IN_THREADS = "send_messages_in_threads"
    EMBED_LINKS = "embed_links"
    ATTACH_FILES = "attach_files"
    MODERATE_MEMBERS = "moderate_members"
    MANAGE_GUILD = "manage_guild"

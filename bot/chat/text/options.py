"""Why options do not fit, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.catalogue import Region
from bot.domain.problems import OptionProblem

REGIONS: Mapping[str, str] = {
    Region.BEIJING: "Beijing",
    Region.SINGAPORE: "Singapore",
    Region.VIRGINIA: "Virginia",
    Region.FRANKFURT: "Frankfurt",
    Region.TOKYO: "Tokyo",
}

PROBLEMS: Mapping[OptionProblem, str] = {
    OptionProblem.NO_LAST_FRAME: "Add a last_frame, or set loop to true to end where it began.",
    OptionProblem.LOOP_AND_LAST_FRAME: "Give either a last_frame or loop, not both.",
    OptionProblem.UNKNOWN_MODEL: "There is no model {model} for this. Try {models}.",
    OptionProblem.KIND_NOT_OFFERED: "This kind of video is not offered here.",
    OptionProblem.PICTURES_FIT_NOT: (
        "{model} does not take these pictures: they are too small, too large or too long for it. "
        "Choose another model."
    ),
    OptionProblem.NO_PICTURE_THERE: (
        "There is no picture attached to that message. Pictures behind links cannot be used: save "
        "one and use /video image."
    ),
    OptionProblem.NO_VIDEO_THERE: "There is no video attached to that message.",
    OptionProblem.ONLY_OWN_PICTURES: (
        "That picture is somebody else's. In this server members animate their own pictures only."
    ),
    OptionProblem.ONLY_OWN_VIDEOS: (
        "That video is somebody else's. Under a video of mine, Continue is for everybody."
    ),
    OptionProblem.NOT_AMONG_CHOICES: (
        "What was chosen is not among what is offered there. Open it again and choose anew."
    ),
    OptionProblem.PROMPT_TOO_LONG_FOR_FORM: (
        "This prompt has {actual:,} characters; Discord's forms take {limit:,}. Use /video instead."
    ),
    OptionProblem.MODEL_OFF: "{model} is switched off at present. Choose another model.",
    OptionProblem.MODEL_WITHOUT_EFFECT: "{model} does not know this effect. Try {models}.",
    OptionProblem.UNKNOWN_EFFECT: (
        "There is no effect “{effect}”. Choose one from the list that opens."
    ),
    OptionProblem.NO_EFFECTS: (
        "The provider has no effects in {region}, where this bot's account is."
    ),
    OptionProblem.NO_PROMPT: "Say in the prompt what is to be seen.",
    OptionProblem.RESOLUTION_NOT_OFFERED: "{model} makes {resolutions}, not {resolution}.",
    OptionProblem.SIZE_NOT_OFFERED: "{model} does not make {size}. Try {sizes}.",
    OptionProblem.DURATION_FIXED: (
        "Videos of {model} are always {seconds} seconds long. Leave duration out."
    ),
    OptionProblem.DURATION_NOT_OFFERED: (
        "{model} makes videos of {durations} seconds, not {seconds}."
    ),
    OptionProblem.DURATION_RANGE: (
        "{model} makes videos of {shortest} to {longest} seconds, not {seconds}."
    ),
    OptionProblem.DURATION_RANGE_OR_OPEN: (
        "{model} makes videos of {shortest} to {longest} seconds, or decides the length itself if "
        "duration is -1. {seconds} is neither."
    ),
    OptionProblem.NO_NEGATIVE_PROMPT: (
        "{model} takes no negative prompt. Say in the prompt what you want, or choose another "
        "model."
    ),
    OptionProblem.ALWAYS_SILENT: ("Videos of {model} are always silent. With sound: {models}."),
    OptionProblem.NO_MODEL_HAS_SOUND: (
        "No model that is offered here makes this with sound. Leave audio out."
    ),
    OptionProblem.NEVER_SILENT: (
        "Videos of {model} always have sound. Leave audio out, or choose another model."
    ),
    OptionProblem.SOUNDTRACK_NOT_TAKEN: "{model} takes no soundtrack. Those that do: {models}.",
    OptionProblem.NO_MODEL_TAKES_SOUNDTRACKS: (
        "No model that is offered here takes a soundtrack for this. Leave soundtrack out."
    ),
    OptionProblem.SOUNDTRACK_AND_SILENCE: (
        "A soundtrack would not be heard with audio set to false. Leave one of them out."
    ),
    OptionProblem.UNKNOWN_CAMERA: "There is no camera move {camera}. Try {moves}.",
    OptionProblem.SEED_RANGE: "A seed is a whole number from 0 to {limit}.",
    OptionProblem.TEXT_HAS_SIZE: ("Such videos have a size, not a resolution. Set size instead."),
    OptionProblem.PICTURE_HAS_RESOLUTION: (
        "The picture sets the shape of such a video; only its resolution can be set, not a size."
    ),
    OptionProblem.UNKNOWN_TIME_ZONE: (
        "There is no time zone {name}. Choose one from the list that opens."
    ),
    OptionProblem.LOG_CHANNEL_CLOSED: (
        "I need {missing} in that channel. Allow it there, or choose another."
    ),
    OptionProblem.EACH_AND_TARGET: "Give either a target or each, not both.",
    OptionProblem.WHOLE_VIDEOS: "Videos are whole numbers; {typed} is not.",
    OptionProblem.WHOLE_SECONDS: "Seconds are whole numbers; {typed} is not.",
    OptionProblem.AMOUNT_RANGE: (
        "That amount is out of range. Give at least {least} and at most {most}."
    ),
    OptionProblem.ABOVE_CEILING: (
        "The host's ceiling for this server is {ceiling}; moderators can only lower what the "
        "ceiling allows. Set no more than that, or ask the host."
    ),
    OptionProblem.GRANT_TO_SELF: "Nobody grants to themselves. Ask another moderator.",
    OptionProblem.RULE_FOR_SELF: (
        "Nobody but an admin sets a rule for themselves. Ask another moderator."
    ),
    OptionProblem.DAYS_RANGE: "Days are a whole number from 1 to {most}.",
    OptionProblem.TOO_MANY_RULES: (
        "{limit} rules are set on this server, which is the most. Clear one first; "
        "/moderate quota clear also drops those of deleted roles."
    ),
    OptionProblem.TOO_MANY_GRANTS: (
        "That member has {limit} grants to use up already, which is the most. Wait until one is "
        "used or ends, or set a rule of their own."
    ),
    OptionProblem.TOO_MANY_GRANTS_HERE: (
        "{limit:,} grants of this server have not ended yet, which is the most. Wait until some "
        "end, or set rules."
    ),
    OptionProblem.TOO_MANY_BLOCKS: (
        "{limit:,} members are blocked already, which is the most. Unblock somebody first, or take "
        "the command from a role in the server's settings."
    ),
    OptionProblem.TOO_MANY_CHANNELS: (
        "Something is decided about {limit:,} channels already, which is the most. Reset some "
        "first; a category decides for all of its channels."
    ),
    OptionProblem.WORD_EMPTY: (
        "There is nothing in that word that a prompt could be searched for."
    ),
    OptionProblem.WORD_TOO_LONG: "That word is too long to be searched for. Block a shorter one.",
    OptionProblem.TOO_MANY_WORDS: (
        "{limit} words are blocked already, which is the most. Remove one first."
    ),
    OptionProblem.ID_RANGE: (
        "One of these numbers can be none of Discord's. Choose from Discord's list and try again."
    ),
    OptionProblem.UNKNOWN_GUILD: (
        "I know of no server “{guild}”. Choose one from the list that opens."
    ),
    OptionProblem.GUILD_NOT_READY: "I have just started. Please try again in a moment.",
    OptionProblem.GUILD_ONLY: (
        "Videos are made in a server, not here. Ask again in a channel of the server."
    ),
    OptionProblem.NOT_OUR_VIDEO: (
        "That is no video of mine. Choose a message in which I have posted one."
    ),
}

"""What Discord shows of the commands of moderators, admins and operators."""

from __future__ import annotations

from bot.chat.text.descriptions import described

# --- options that several commands share -----------------------------------------------------

_PERIOD = "Which days, in this server's time zone; 30 days if left out"
_UNIT = "What is counted; without it videos"
_TARGET = "A member or role; without it the server as a whole"
_EACH = "The rule for each member who has no other"
_CHANNEL = "A channel, a category with its channels, or a thread"
_MODEL = "Which model"
_EFFECT = "Which effect"

# --- /moderate -------------------------------------------------------------------------------

MODERATE = "Quotas, blocks, words, anybody's jobs (moderators)"
MODERATE_QUOTA = "What this server and its members may use"
MODERATE_BLOCK = "Members who may not make videos"
MODERATE_WORDS = "Words that no prompt may hold"
MODERATE_QUOTA_SET = described(
    "Set how much this server, each member, a role or a member may use.",
    limit="How much; 0 blocks. Videos and seconds are whole numbers",
    per="Over which span: a day, a week from Monday, a month",
    unit=_UNIT,
    target=_TARGET,
    each=_EACH,
)
MODERATE_QUOTA_CLEAR = described(
    "Take rules away; the defaults count again.",
    target=_TARGET,
    each=_EACH,
    per="Only rules over this span",
    unit="Only rules that count this",
)
MODERATE_QUOTA_GRANT = described(
    "Let a member use some more, once.",
    member="Who may use it",
    amount="How much, once, where their own rule has no room",
    unit=_UNIT,
    days="How long it can be used, 1 to 90 days; without it 7",
)
MODERATE_QUOTA_LIST = described("Show every rule, ceiling and grant of this server.")
MODERATE_BLOCK_ADD = described(
    "Keep a member from making videos here.",
    member="Who may make no videos here; their waiting jobs are cancelled",
)
MODERATE_BLOCK_REMOVE = described(
    "Let a blocked member make videos again.",
    member="Who may make videos here again",
)
MODERATE_BLOCK_LIST = described("Show who is blocked.")
MODERATE_WORDS_ADD = described(
    "Refuse prompts that hold a word.",
    word="A word or words in a row; accents and look-alikes do not matter",
)
MODERATE_WORDS_REMOVE = described(
    "Allow a blocked word again.",
    word="A blocked word, in any spelling",
)
MODERATE_WORDS_LIST = described("Show the blocked words.")
MODERATE_CANCEL = described(
    "Cancel anybody's job that the provider has not begun.",
    job="Id of anybody's job in this server, for instance 7F3K2Q",
)

# --- /settings -------------------------------------------------------------------------------

SETTINGS = "What this server allows"
SETTINGS_CHANNELS = "Where videos are made"
SETTINGS_MODELS = "Which models make them"
SETTINGS_EFFECTS = "Which effects may be played"
SETTINGS_CHANNELS_ALLOW = described(
    "Let videos be made there; once anything is allowed, the rest is closed.",
    channel=_CHANNEL,
)
SETTINGS_CHANNELS_DENY = described(
    "Let no videos be made there.",
    channel=_CHANNEL,
)
SETTINGS_CHANNELS_RESET = described(
    "Take back what was decided about a channel.",
    channel="What was allowed or denied",
)
SETTINGS_MODELS_ALLOW = described(
    "Let members use a model again.",
    model=_MODEL,
)
SETTINGS_MODELS_DENY = described(
    "Let nobody use a model here.",
    model=_MODEL,
)
SETTINGS_EFFECTS_ALLOW = described(
    "Let members play an effect; those for two people start denied.",
    effect=_EFFECT,
)
SETTINGS_EFFECTS_DENY = described(
    "Let nobody play an effect here.",
    effect=_EFFECT,
)
SETTINGS_SHOW = described("Show everything that is set, and what follows from it.")
SETTINGS_DEFAULTS = described(
    "Choose for members who choose nothing; give only the kind to take that back.",
    kind="What a member starts from",
    model="Which model makes it; without it the cheapest recommended one",
    resolution="Resolution tier, for videos from pictures",
    size="Width*height, or tier and ratio, for videos from words or references",
    audio="Whether videos have sound, where the model can also be silent",
)
SETTINGS_PROMPTS = described(
    "Show or hide prompts in the admins' usage log.",
    value="Whether admins read prompts there",
)
SETTINGS_PREVIEW = described(
    "Show a small preview of the pictures in status messages, or none.",
    value="Whether there is one",
)
SETTINGS_OTHERS_PICTURES = described(
    "Whether the message menu takes pictures that others posted, or one's own only.",
    value="Whether the message menu takes pictures that others posted",
)
SETTINGS_TIMEZONE = described(
    "Set the time zone in which quotas' days, weeks and months begin.",
    name="For instance Europe/Berlin",
)
SETTINGS_NOTIFY = described(
    "Choose how requesters are told that a job is over.",
    how="A reply that pings, a direct message, or nothing",
)
SETTINGS_LOG_CHANNEL = described(
    "Choose where changes of quotas, settings and blocks are told.",
    channel="Where; leave it out for nowhere",
)

# --- /usage ----------------------------------------------------------------------------------

USAGE = "What was made and spent"
USAGE_SUMMARY = described(
    "Show jobs, cost, times, and who spent most.",
    period=_PERIOD,
)
USAGE_LOG = described(
    "List jobs, newest first, each with a link to its message.",
    member="Only this member's jobs",
    state="Only jobs in this state",
    period=_PERIOD,
)
USAGE_CHART = described(
    "Draw videos and cost.",
    period=_PERIOD,
    by="What is compared; days if left out",
)
USAGE_EXPORT = described(
    "Hand out all jobs of a period as a file.",
    file_format="csv for spreadsheets, json for programs",
    period=_PERIOD,
)
USAGE_AUDIT = described(
    "List who changed quotas and settings, cancelled others' jobs, blocked whom.",
    period=_PERIOD,
)

# --- /operator -------------------------------------------------------------------------------

OPERATOR = "Run this bot"
OPERATOR_STATUS = described("Show the process: switch, account, lanes, queue, money of today.")
OPERATOR_PAUSE = described("Submit nothing more; new jobs wait in line.")
OPERATOR_RESUME = described("End a pause or a drain.")
OPERATOR_DRAIN = described("Take and submit no new jobs; let those under way finish.")
OPERATOR_CEILING = described(
    "Set what a server may spend at most.",
    guild="The server, by name or id",
    limit="Videos, seconds or money; 0 blocks, -1 returns to the default",
    unit="What is counted",
    per="Over which span, in UTC",
)
OPERATOR_GUILDS = described(
    "List servers: members, jobs and cost of 30 days, ceiling, left or not."
)
OPERATOR_JOB = described(
    "Show a job's full history, of any server.",
    id="Id of the job, for instance 7F3K2Q",
)
OPERATOR_RECONCILE = described("Settle unconfirmed jobs by the provider's list.")

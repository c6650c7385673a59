"""What operators are told by direct message, in English whatever a server speaks."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat import limits
from bot.chat.text.phrases import shortened
from bot.chat.text.sentences import SafeFormatMap
from bot.domain.host.alerts import Alert, AlertKind
from bot.domain.jobs.ownership import UnresolvedReason

_RESULT_ADDRESS = (
    "{subject} leads to {address} here, where no result would be fetched from. Correct this host's "
    "DNS, or name a proxy in DASHSCOPE_PROXY; where a VPN, a VPC or a fake-IP DNS is meant to "
    "answer so, name its network in RESULT_NETWORKS."
)

_ALERTS: Mapping[AlertKind, str] = {
    AlertKind.ACCOUNT_PAUSED: (
        "The provider refuses the account ({reason}). Nothing is submitted; jobs wait. "
        "I try again every 5 minutes."
    ),
    AlertKind.LANE_OFF: "The account may not use {subject} ({reason}). Its jobs failed, uncharged.",
    AlertKind.JOB_PARKED: (
        "Job {subject} broke its worker three times ({error}) and is parked. "
        "See `python -m bot jobs show {subject}`; go on with "
        "`python -m bot jobs reconcile {subject} --again` or give up with `--failed`."
    ),
    AlertKind.JOB_UNCONFIRMED: (
        "Nobody saw the answer to the create of job {subject} ({model}, sent at {sent_at}). {why}\n"
        "Tasks that may be the job's: {tasks}\n"
        "Look at the provider's console, then decide:\n"
        "`python -m bot jobs reconcile {subject} --task ID` if that task is the job's;\n"
        "`python -m bot jobs reconcile {subject} --again` to queue it again, which pays twice if "
        "there is a task after all;\n"
        "`python -m bot jobs reconcile {subject} --failed` to give it up, uncharged.\n"
        "Without a decision it expires 27 hours after it was sent, uncharged."
    ),
    AlertKind.BILLED_LENGTH: (
        "The provider says that job {subject} was billed {seconds} s; {asked} s were asked for, "
        "and so much was charged. Compare it with the bill."
    ),
    AlertKind.TASK_UNKNOWN: (
        "The provider has known nothing of the task of job {subject} for ten minutes, and no other "
        "task of ours tells whether the key is still the one it was made with. I go on asking for "
        "24 hours."
    ),
    AlertKind.ORPHAN_TASK: "Task {subject} belongs to no job any more (job {job_id}).",
    AlertKind.RESULT_HOST: (
        "Job {subject}: the result may not be fetched from where it lies. {reason} "
        "Widen RESULT_HOSTS, or RESULT_NETWORKS where a name led to an address, and restart; I try "
        "until the link expires."
    ),
    AlertKind.RESULT_ADDRESS: (
        "{subject} leads to {address} here, where no result would be fetched from. Correct this "
        "host's DNS, or name a proxy in DASHSCOPE_PROXY; where a VPN, a VPC or a fake-IP DNS is "
        "meant to answer so, name its network in RESULT_NETWORKS. Until then nothing is submitted "
        "and jobs wait; I look again every 30 seconds."
    ),
    AlertKind.RESULT_UNREADABLE: (
        "Job {subject}: no decoder reads what the provider handed out ({problem}). The file is "
        "kept. I fetch it again until {expires_at}; if that does not help, the member gets it back "
        "and may collect the file with /jobs show."
    ),
    AlertKind.RESULT_DEADLINE: (
        "Job {subject}: the result expires at {expires_at} and is not on disk."
    ),
    AlertKind.HOST_TROUBLE: (
        "The {subject} is not writable: {reason}. Work waits, and goes on once it is again."
    ),
    AlertKind.OPERATOR_LOSS: "Job {subject}: a billed video was lost ({reason}); given back.",
}

_REASONS: Mapping[str, str] = {
    UnresolvedReason.AMBIGUOUS: "Several jobs or tasks fit each other, and nothing tells which.",
    UnresolvedReason.UNPROVEN: (
        "The tasks that fit may be somebody else's: our key's id at the provider is not known yet, "
        "or others use the key too."
    ),
    UnresolvedReason.ADOPTED: (
        "The task that fits was taken for another job's, and nothing proved that."
    ),
    UnresolvedReason.TOO_OLD: "The provider's list does not reach back to it.",
    UnresolvedReason.NO_CONTROL: (
        "The provider's list shows no task that fits, but no other task of ours of that time "
        "either, so its silence proves nothing."
    ),
    UnresolvedReason.UNEXPLAINED: (
        "No task fits by its time, but some of our key are nobody's: others use the key, or this "
        "host's clock was set meanwhile."
    ),
    UnresolvedReason.LIST_TOO_LONG: "The provider's list is too long to be read whole.",
    UnresolvedReason.LIST_UNREADABLE: "The provider's list cannot be read; I go on trying.",
}
"""Why a job without an answer is not settled."""


def result_address(host: str, address: str) -> str:
    """Return what is wrong with where results would come from, and what helps."""
    return _RESULT_ADDRESS.format(subject=host, address=address)


def alert_words(alert: Alert) -> str:
    """Return what an operator reads."""
    facts = SafeFormatMap({name: fact for name, fact in alert.facts.items() if fact})
    if alert.kind is AlertKind.JOB_UNCONFIRMED:
        why = alert.facts.get("why", "")
        facts["why"] = _REASONS.get(why, why)
    words = _ALERTS[alert.kind].format_map(facts)
    return shortened(words, limits.CONTENT_CHARACTERS)

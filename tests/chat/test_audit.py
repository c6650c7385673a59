"""What /usage audit and log channels say of each change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chat import text
from bot.domain.catalogue import Choices, Kind
from bot.domain.catalogue.permits import Subject
from bot.domain.guilds.audit import (
    Action,
    Allowance,
    AuditEntry,
    Change,
    DefaultChange,
    GrantChange,
    JobChange,
    MemberChange,
    PermitChange,
    QuotaAction,
    QuotaChange,
    SettingChange,
    SettingName,
    WordChange,
    Worded,
)
from bot.domain.guilds.quota import Scope, Unit, Window
from bot.domain.guilds.settings import Notify
from bot.domain.ids import JobId, UserId
from bot.domain.money import Money
from bot.domain.people import Person
from bot.storage.tables import _CHANGES
from tests.chat.usage_examples import an_entry

MEMBER = UserId(5)
YUAN = Money(currency="USD", per_cny=0.14)


def said(entry: AuditEntry, money: Money | None = None) -> str:
    return text.audit.line(entry, money or Money())


def quota(
    action: QuotaAction,
    scope: Scope,
    before: Allowance | None,
    after: Allowance | None,
    *,
    slot: tuple[Unit, Window] = (Unit.VIDEOS, Window.DAY),
) -> QuotaChange:
    target_id = 70 if scope in {Scope.ROLE, Scope.MEMBER} else None
    return QuotaChange(
        action=action,
        scope=scope,
        target_id=target_id,
        unit=slot[0],
        window=slot[1],
        before=before,
        after=after,
    )


DEFAULT = Allowance(limit=10, is_default=True)
ONE, NONE = Allowance(limit=1), Allowance(limit=0)

LINES: list[tuple[Change, str]] = [
    (
        quota(Action.QUOTA_SET, Scope.MEMBER_DEFAULT, DEFAULT, ONE),
        "set the quota of each member for videos per day **10 videos (default)** → **1 video**",
    ),
    (
        quota(Action.QUOTA_SET, Scope.SERVER, ONE, NONE),
        "set the quota of the server for videos per day **1 video** → **0 videos**",
    ),
    (
        quota(
            *(Action.QUOTA_SET, Scope.ROLE, None, Allowance(limit=5_000_000)),
            slot=(Unit.COST, Window.MONTH),
        ),
        "set the quota of <@&70> for cost per month — → **5.00 CNY**",
    ),
    (
        quota(
            *(Action.QUOTA_CLEARED, Scope.MEMBER, Allowance(limit=1_200), None),
            slot=(Unit.SECONDS, Window.WEEK),
        ),
        "cleared the quota of <@70> for seconds per week **1,200 s of video** → —",
    ),
    (
        quota(Action.CEILING_SET, Scope.CEILING, DEFAULT, ONE),
        "set the ceiling for videos per day **10 videos (default)** → **1 video**",
    ),
    (
        quota(Action.CEILING_SET, Scope.CEILING, None, None),
        "set the ceiling for videos per day",
    ),
    (
        GrantChange(user_id=MEMBER, unit=Unit.VIDEOS, amount=2, days=7),
        "granted <@5> — → **2 videos for 7 d**",
    ),
    (
        SettingChange(setting=SettingName.PROMPTS, before=False, after=True),
        "changed prompts **hide** → **show**",
    ),
    (
        SettingChange(setting=SettingName.PREVIEW, before=True, after=False),
        "changed preview **on** → **off**",
    ),
    (
        SettingChange(setting=SettingName.OTHERS_PICTURES, before=True, after=False),
        "changed others-pictures **allow** → **deny**",
    ),
    (
        SettingChange(setting=SettingName.NOTIFY, before=Notify.PING, after=Notify.NONE),
        "changed notify **ping** → **none**",
    ),
    (
        SettingChange(setting=SettingName.TIME_ZONE, before="UTC", after="America/New_York"),
        r"changed timezone **UTC** → **America/New\_York**",
    ),
    (
        SettingChange(setting=SettingName.LOG_CHANNEL, before=None, after=700),
        "changed log-channel **off** → **<#700>**",
    ),
    (
        DefaultChange(
            kind=Kind.IMAGE, before=Choices(), after=Choices(model="m", resolution="480P")
        ),
        "changed default for image — → **m · 480P**",
    ),
    (
        PermitChange(subject=Subject.CHANNEL, name="600", before=None, after=False),
        "changed channel <#600> — → **denied**",
    ),
    (
        PermitChange(subject=Subject.MODEL, name="wan2.2", before=False, after=True),
        "changed model wan2.2 **denied** → **allowed**",
    ),
    (
        PermitChange(subject=Subject.EFFECT, name="frenchkiss", before=False, after=True),
        "changed effect Kiss **denied** → **allowed**",
    ),
    (MemberChange(action=Action.MEMBER_BLOCKED, user_id=MEMBER), "blocked <@5>"),
    (MemberChange(action=Action.MEMBER_UNBLOCKED, user_id=MEMBER), "unblocked <@5>"),
    (WordChange(action=Action.WORD_ADDED, word="m`u\nd"), "added a blocked word: m'u d"),
    (WordChange(action=Action.WORD_REMOVED, word="mud"), "removed a blocked word: mud"),
    (
        WordChange(action=Action.WORD_ADDED, word="[free](https://x.test)"),
        "added a blocked word: \\[free](https://x.test)",
    ),
    (
        JobChange(action=Action.JOB_CANCELLED, job_id=JobId("7F3K2Q"), requester_id=MEMBER),
        "cancelled job 7F3K2Q of <@5>",
    ),
    (
        JobChange(action=Action.JOB_FORGOTTEN, job_id=JobId("7F3K2Q"), requester_id=MEMBER),
        "erased the content of job 7F3K2Q of <@5>",
    ),
    (
        JobChange(action=Action.JOB_RETRIED, job_id=JobId("7F3K2Q"), requester_id=MEMBER),
        "made job 7F3K2Q of <@5> again",
    ),
    (
        Worded(action=Action.QUOTA_SET, subject="of the server", before="1 video", after=None),
        "set the quota of the server **1 video** → —",
    ),
    (Worded(action=Action.MEMBER_BLOCKED, subject="<@5>"), "blocked <@5>"),
    (Worded(action=Action.SETTING_CHANGED, subject="", after="*"), r"changed — → **\***"),
]


@pytest.mark.parametrize(("change", "line"), LINES, ids=[line for _, line in LINES])
def test_a_change_is_one_line(change: Change, line: str) -> None:
    assert said(an_entry(change)) == f"<@7> {line}"


def test_every_kind_of_change_and_every_action_is_tried_here() -> None:
    assert {type(change) for change, _ in LINES} == set(_CHANGES.values())
    typed = [change for change, _ in LINES if not isinstance(change, Worded)]
    assert {change.action for change in typed} == set(Action)


def test_what_the_shell_did_is_told_so() -> None:
    entry = replace(an_entry(), actor=Person(user_id=UserId(0), name=""))
    assert said(entry).startswith("the host's shell set the quota of the server ")


def test_money_is_told_in_the_hosts_currency_of_today() -> None:
    cost = quota(Action.QUOTA_SET, Scope.SERVER, None, ONE, slot=(Unit.COST, Window.DAY))
    entry = an_entry(replace(cost, after=Allowance(limit=10_000_000)))
    assert said(entry, YUAN).endswith("for cost per day — → **1.40 USD**")


def test_a_long_word_is_cut() -> None:
    change = WordChange(action=Action.WORD_ADDED, word="x" * 5000)
    assert len(said(an_entry(change))) < 300

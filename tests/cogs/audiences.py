"""Who may what: the five people of the permission tests, and the table of everything they try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

import discord

from bot.domain.ids import GuildId, JobId, UserId
from tests.cogs.doubles import ADMIN, MODERATOR, OPERATOR

HERE, ELSEWHERE = GuildId(500), GuildId(501)
THEIRS = JobId("BBBBBB")
"""A waiting job of somebody else, in the server all but the stranger are in."""
SOMEBODY = UserId(43)


class Person(Enum):
    """Who tries."""

    MEMBER = "member"
    MODERATOR = "moderator"
    ADMIN = "admin"
    OPERATOR = "operator"
    """By id alone, without any permission of Discord."""
    STRANGER = "stranger"
    """An admin of another server, who knows a job's id of this one."""


class Verdict(Enum):
    """What came of it."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    NO_SUCH_JOB = "no such job"


P = Person
EVERYBODY = frozenset(Person)
MODERATORS = frozenset({P.MODERATOR, P.ADMIN, P.STRANGER})
"""The stranger may in the other server; what they may not do is reach over to this one."""
ADMINS = frozenset({P.ADMIN, P.STRANGER})
OPERATORS = frozenset({P.OPERATOR})

USER_ID = {
    P.MEMBER: UserId(42),
    P.MODERATOR: UserId(44),
    P.ADMIN: UserId(45),
    P.OPERATOR: UserId(OPERATOR),
    P.STRANGER: UserId(46),
}
PERMISSIONS = {P.MODERATOR: MODERATOR, P.ADMIN: ADMIN, P.STRANGER: discord.Permissions.all()}


def own_job(person: Person) -> JobId:
    """Return the id of a person's own waiting job."""
    return JobId(f"AAAA{USER_ID[person] % 100:02}")


@dataclass(frozen=True, kw_only=True)
class Row:
    """Who may do one thing."""

    audience: frozenset[Person]
    of_job: bool = False
    """Asked with somebody else's job: only moderators of its server reach it."""
    of_requester: bool = False
    """Asked with somebody else's job: nobody but its requester reaches it."""
    of_guild: bool = False
    """Asked with somebody else's job: everybody of its server reaches it."""
    custom_id: str | None = None
    """A button's, where its job's id does not say all."""

    def expected(self, person: Person) -> Verdict:
        """Return what comes of a person's try."""
        if person not in self.audience:
            return Verdict.FORBIDDEN
        if self.of_requester or (self.of_guild and person is P.STRANGER):
            return Verdict.NO_SUCH_JOB
        if self.of_job and person not in MODERATORS - {P.STRANGER}:
            return Verdict.NO_SUCH_JOB
        return Verdict.ALLOWED


ALL = Row(audience=EVERYBODY)
OWN_JOB = Row(audience=EVERYBODY, of_job=True)
REQUESTER = Row(audience=EVERYBODY, of_requester=True)
OF_GUILD = Row(audience=EVERYBODY, of_guild=True)
REPORTED = Row(audience=MODERATORS, of_job=True)
BY_MODERATORS = Row(audience=MODERATORS)
BY_ADMINS = Row(audience=ADMINS)
BY_OPERATORS = Row(audience=OPERATORS)

TABLE: Mapping[str, Row] = {
    # Commands; one with an option that changes who may is named with it.
    "/video frames": ALL,
    "/video image": ALL,
    "/video text": ALL,
    "/video reference": ALL,
    "/video effect": ALL,
    "/jobs list": ALL,
    "/jobs list member": BY_MODERATORS,
    "/jobs show": OWN_JOB,
    "/jobs cancel": OWN_JOB,
    "/jobs retry": OWN_JOB,
    "/jobs forget": OWN_JOB,
    "/queue show": ALL,
    "/quota show": ALL,
    "/quota show member": BY_MODERATORS,
    "/help": ALL,
    "/moderate quota set": BY_MODERATORS,
    "/moderate quota clear": BY_MODERATORS,
    "/moderate quota grant": BY_MODERATORS,
    "/moderate quota list": BY_MODERATORS,
    "/moderate block add": BY_MODERATORS,
    "/moderate block remove": BY_MODERATORS,
    "/moderate block list": BY_MODERATORS,
    "/moderate words add": BY_MODERATORS,
    "/moderate words remove": BY_MODERATORS,
    "/moderate words list": BY_MODERATORS,
    "/moderate cancel": Row(audience=MODERATORS, of_job=True),
    "/usage summary": BY_ADMINS,
    "/usage log": BY_ADMINS,
    "/usage log member": BY_ADMINS,
    "/usage chart": BY_ADMINS,
    "/usage export": BY_ADMINS,
    "/usage audit": BY_ADMINS,
    "/settings show": BY_ADMINS,
    "/settings channels allow": BY_ADMINS,
    "/settings channels deny": BY_ADMINS,
    "/settings channels reset": BY_ADMINS,
    "/settings models allow": BY_ADMINS,
    "/settings models deny": BY_ADMINS,
    "/settings effects allow": BY_ADMINS,
    "/settings effects deny": BY_ADMINS,
    "/settings defaults": BY_ADMINS,
    "/settings prompts": BY_ADMINS,
    "/settings preview": BY_ADMINS,
    "/settings others-pictures": BY_ADMINS,
    "/settings timezone": BY_ADMINS,
    "/settings notify": BY_ADMINS,
    "/settings log-channel": BY_ADMINS,
    "/operator status": BY_OPERATORS,
    "/operator pause": BY_OPERATORS,
    "/operator drain": BY_OPERATORS,
    "/operator resume": BY_OPERATORS,
    "/operator ceiling": BY_OPERATORS,
    "/operator guilds": BY_OPERATORS,
    "/operator job": BY_OPERATORS,
    "/operator reconcile": BY_OPERATORS,
    # What is suggested while an option is typed.
    "suggest /video frames model": ALL,
    "suggest /video frames resolution": ALL,
    "suggest /video image model": ALL,
    "suggest /video image resolution": ALL,
    "suggest /video text model": ALL,
    "suggest /video text size": ALL,
    "suggest /video reference model": ALL,
    "suggest /video reference size": ALL,
    "suggest /video frames duration": ALL,
    "suggest /video image duration": ALL,
    "suggest /video text duration": ALL,
    "suggest /video reference duration": ALL,
    "suggest /video effect effect": ALL,
    "suggest /video effect model": ALL,
    "suggest /video effect resolution": ALL,
    "suggest /jobs show job": ALL,
    "suggest /jobs cancel job": ALL,
    "suggest /jobs retry job": ALL,
    "suggest /jobs forget job": ALL,
    "suggest /moderate words remove word": BY_MODERATORS,
    "suggest /moderate cancel job": BY_MODERATORS,
    "suggest /settings models allow model": BY_ADMINS,
    "suggest /settings models deny model": BY_ADMINS,
    "suggest /settings effects allow effect": BY_ADMINS,
    "suggest /settings effects deny effect": BY_ADMINS,
    "suggest /settings defaults model": BY_ADMINS,
    "suggest /settings defaults resolution": BY_ADMINS,
    "suggest /settings defaults size": BY_ADMINS,
    "suggest /settings timezone name": BY_ADMINS,
    "suggest /operator ceiling guild": BY_OPERATORS,
    # Buttons, whoever finds the message.
    "press CancelButton": OWN_JOB,
    "press AgainButton": REQUESTER,
    "press EditButton": REQUESTER,
    "press ContinueButton": OF_GUILD,
    "press MoreButton": OF_GUILD,
    "press TakesEntry": replace(OF_GUILD, custom_id=f"panel:takes:{THEIRS}:1000000"),
    "press TierEntry": replace(OF_GUILD, custom_id=f"panel:tier:{THEIRS}:1080P 1000000"),
    "press ModelEntry": replace(OF_GUILD, custom_id=f"panel:model:{THEIRS}:"),
    "press OriginalEntry": replace(OF_GUILD, custom_id=f"panel:original:{THEIRS}:"),
    "press DeleteButton": OWN_JOB,
    "press EraseButton": replace(OWN_JOB, custom_id=f"panel:erase:{THEIRS}:"),
    "press ReportButton": OF_GUILD,
    "press CancelReported": REPORTED,
    "press DeleteReported": REPORTED,
    "press BlockReported": REPORTED,
    "press LogButton": replace(
        BY_ADMINS, custom_id=f"usage:log:0:99999999999:all:0:o99999999999999999:{THEIRS}"
    ),
    "press AuditButton": replace(BY_ADMINS, custom_id="usage:audit:0:99999999999:0"),
    "press BlockButton": replace(BY_MODERATORS, custom_id="moderate:blocks:25"),
    # The menu of a message that nobody made.
    "menu Animate image": ALL,
    "menu Continue video": ALL,
    "menu Report video": ALL,
    # Forms, whoever was shown them.
    "send edit": REQUESTER,
    "send continue": OF_GUILD,
    "send animate": ALL,
    "send continue-video": ALL,
}

WITH_MEMBER = {"/jobs list", "/quota show", "/usage log"}
"""Commands of which each also stands in the table with its option ``member``."""

SUGGESTS_NOTHING_YET = {
    # Ended jobs, of which the world has none.
    "suggest /jobs retry job",
    "suggest /jobs forget job",
    # What is denied and could be allowed again.
    "suggest /settings models allow model",
}

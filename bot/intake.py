"""How a request becomes a job: part of the composition root in ``bot.app``."""

from __future__ import annotations

from functools import cached_property

from bot.host import Host
from bot.services.audit_log import AuditLog
from bot.services.intake.admission import Admission
from bot.services.intake.attachments import Attachments
from bot.services.intake.cancellation import Cancellations
from bot.services.intake.continuations import Continuations
from bot.services.intake.erasure import Erasure
from bot.services.intake.lookup import JobLookup
from bot.services.intake.menu_forms import MenuForms
from bot.services.intake.quotas import Quotas
from bot.services.intake.remakes import Remakes
from bot.services.intake.requests_in_hand import RequestsInHand
from bot.services.intake.submissions import Submissions
from bot.services.intake.video_requests import VideoRequests
from bot.services.jobs.claims import Claims
from bot.services.jobs.estimates import Estimates
from bot.services.jobs.message_removals import MessageRemovals
from bot.services.jobs.outcomes import Outcomes
from bot.services.jobs.status_messages import StatusMessages
from bot.services.jobs.writer import JobWriter
from bot.services.switch import IntakeSwitch


class Intake(Host):
    """The services that turn requests into jobs, and write jobs."""

    # --- services: what several rooms share --------------------------------------------------

    @cached_property
    def audit_log(self) -> AuditLog:
        """Writes down who changed what."""
        return AuditLog(self.clock, self.settings.guilds)

    @cached_property
    def switch(self) -> IntakeSwitch:
        """Opens, pauses and drains."""
        return IntakeSwitch(self.database)

    # --- services: jobs ----------------------------------------------------------------------

    @cached_property
    def writer(self) -> JobWriter:
        """Writes every change of a job."""
        listeners = self.overrides.job_listeners
        return JobWriter(self.database, self.clock, self.metrics, listeners)

    @cached_property
    def outcomes(self) -> Outcomes:
        """Parks what breaks."""
        return Outcomes(self.writer, self.alerts, self.metrics)

    @cached_property
    def claims(self) -> Claims:
        """Hands jobs to loops."""
        return Claims(
            database=self.database,
            clock=self.clock,
            writer=self.writer,
            outcomes=self.outcomes,
            worker_id=self.process_lease.worker_id,
        )

    @cached_property
    def estimates(self) -> Estimates:
        """Tells where jobs stand and when they will be done."""
        return Estimates(self.database, self.clock, self.catalogue, self.provider.account)

    @cached_property
    def status_messages(self) -> StatusMessages:
        """Writes status messages."""
        return StatusMessages(
            database=self.database,
            clock=self.clock,
            writer=self.writer,
            chat=self.chat,
            estimates=self.estimates,
            files=self.files,
        )

    @cached_property
    def message_removals(self) -> MessageRemovals:
        """Takes messages of erased jobs out of Discord."""
        return MessageRemovals(
            database=self.database,
            clock=self.clock,
            writer=self.writer,
            chat=self.chat,
            messages=self.status_messages,
        )

    # --- services: intake --------------------------------------------------------------------

    @cached_property
    def admission(self) -> Admission:
        """Tells whether a member may make a video here."""
        return Admission(self.database, self.catalogue, self.clock)

    @cached_property
    def quotas(self) -> Quotas:
        """Tells what a member may still spend."""
        return Quotas(self.database, self.clock, self.quota_defaults)

    @cached_property
    def lookup(self) -> JobLookup:
        """Finds jobs for people."""
        return JobLookup(self.database, self.estimates, self.files)

    @cached_property
    def submissions(self) -> Submissions:
        """Queues jobs."""
        return Submissions(
            database=self.database,
            clock=self.clock,
            writer=self.writer,
            account=self.provider.account,
            admission=self.admission,
            quotas=self.quotas,
            files=self.files,
            audit=self.audit_log,
            messages=self.status_messages,
            allowed_guilds=self.settings.guilds,
        )

    @cached_property
    def _attachments(self) -> Attachments:
        return Attachments(
            self.chat, self.media, self.files, min_free_bytes=self.settings.min_free_bytes
        )

    @cached_property
    def _in_hand(self) -> RequestsInHand:
        return RequestsInHand(self.quota_defaults.max_queued_per_member)

    @cached_property
    def video_requests(self) -> VideoRequests:
        """Takes a member's request for a video."""
        return VideoRequests(
            admission=self.admission,
            attachments=self._attachments,
            submissions=self.submissions,
            in_hand=self._in_hand,
        )

    @cached_property
    def remakes(self) -> Remakes:
        """Makes jobs again, as they were or with changes."""
        return Remakes(
            admission=self.admission,
            attachments=self._attachments,
            lookup=self.lookup,
            files=self.files,
            submissions=self.submissions,
            in_hand=self._in_hand,
        )

    @cached_property
    def continuations(self) -> Continuations:
        """Goes on from videos."""
        return Continuations(
            admission=self.admission,
            lookup=self.lookup,
            files=self.files,
            video_requests=self.video_requests,
        )

    @cached_property
    def menu_forms(self) -> MenuForms:
        """Makes videos of what is attached to messages."""
        return MenuForms(
            database=self.database,
            clock=self.clock,
            admission=self.admission,
            video_requests=self.video_requests,
        )

    @cached_property
    def cancellations(self) -> Cancellations:
        """Cancels jobs."""
        return Cancellations(
            writer=self.writer, clock=self.clock, lookup=self.lookup, audit=self.audit_log
        )

    @cached_property
    def erasure(self) -> Erasure:
        """Erases what jobs were made from."""
        return Erasure(
            database=self.database,
            clock=self.clock,
            writer=self.writer,
            files=self.files,
            lookup=self.lookup,
            audit=self.audit_log,
            removals=self.message_removals,
        )

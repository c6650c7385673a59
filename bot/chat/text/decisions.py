"""Why an operator's decision about a job was refused; read in the shell, in English."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.text.sentences import say
from bot.domain.errors import DecisionRefusedError
from bot.domain.problems import DecisionProblem

PROBLEMS: Mapping[DecisionProblem, str] = {
    DecisionProblem.NO_TASK_ID: "{task!r} is not the id of a task",
    DecisionProblem.OTHER_ACCOUNT: "job {job} is of account {account}: use its key",
    DecisionProblem.HAS_TASK: "job {job} has its task already: {task}",
    DecisionProblem.OF_ANOTHER_JOB: "task {task} is job {job}'s",
    DecisionProblem.MADE_FOR_ANOTHER_JOB: "task {task} was made for another job",
    DecisionProblem.TAKEN_MEANWHILE: "task {task} has just become another job's",
    DecisionProblem.UNREADABLE: "task {task} cannot be read now ({code}); try again later",
    DecisionProblem.UNKNOWN_TASK: "the provider knows no task {task} of this account",
    DecisionProblem.OTHER_PROMPT: "task {task} was made from another prompt",
    DecisionProblem.NOT_LISTED: "task {task} is not among the last day's tasks of {model}",
    DecisionProblem.OTHER_KEY: "task {task} was made with another key",
}


def refused(error: DecisionRefusedError) -> str:
    """Return why a task is certainly not the job's."""
    return say(PROBLEMS[error.problem], **error.facts)

"""Who may count in a blind round: every kind of act is classed."""

from __future__ import annotations

from studio.review.independence import ENDS_INDEPENDENCE, VOTING
from studio.store.writes import HANDLERS

LEAVES_IT = {
    "address.allowed", "advice.answered", "arm.retired", "brief.saved", "comment.added", "comment.edited",
    "comment.removed", "comment.settled",
    "contradiction.reopened", "dataset.discarded", "dataset.frozen", "dataset.renamed", "decision.signed",
    "decision.withdrawn", "document.removed", "exit.guessed", "expectations.set", "finding.waived",
    "generations.stored", "job.begun", "job.finished", "job.moved", "passages.read", "person.changed", "person.joined",
    "preflight.set_aside", "price.set",
    "project.archived", "project.created", "project.renamed", "project.template", "queue.closed",
    "queue.opened", "reminder.sent",
    "round.amended", "round.cancelled", "round.closed", "round.opened", "run.discarded", "series.begun", "series.kept",
    "session.closed", "session.opened", "share.made", "share.opened", "share.withdrawn",
    "task.chosen", "token.made", "token.withdrawn", "token_price.set", "undone",
    "view.removed", "view.saved", "vote.cast", "vote.explained", "votes.frozen", "waiver.revoked", "waivers.reviewed",
    "webhook.set", "papers.noted",
}  # fmt: skip
"""Acts that show nobody an answer under its author's name and make no example, prompt or model."""
ELSEWHERE = {"arm.saved", "answer.rated"}
"""The prompt's author is asked for by name; ratings are given only by who has `outputs.seen` already."""


def test_every_kind_of_act_is_known_to_end_independence_or_to_leave_it() -> None:
    assert set(HANDLERS) - set(ENDS_INDEPENDENCE) - ELSEWHERE == LEAVES_IT, (
        "a new kind of act: does it tell who wrote what?"
    )
    assert not set(ENDS_INDEPENDENCE) & (LEAVES_IT | ELSEWHERE) and set(ENDS_INDEPENDENCE) <= set(HANDLERS)


def test_the_acts_of_voting_are_among_those_that_leave_it() -> None:
    assert {*VOTING} <= LEAVES_IT

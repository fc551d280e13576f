"""What people write for a project's papers that no figure can tell: limits they know of, and whom to ask."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store

LONGEST = 2000


@dataclass(frozen=True)
class Notes:
    """Each "" where nobody wrote it. `owner`, `engineer`: a name and how to reach them; `escalation`: who is told, in
    which order, when it does harm or stops being good."""

    limits: str = ""
    owner: str = ""
    engineer: str = ""
    escalation: str = ""


NAMES = tuple(field.name for field in fields(Notes))


@applies("papers.noted", undo=True)
def papers_noted(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: the fields of `Notes`, all of them. They take the place of what was written before."""
    if set(payload) != set(NAMES):
        raise Refusal("What the papers are to say is not whole. Nothing was changed. Open the page again.")
    told = {name: str(payload[name]).strip() for name in NAMES}
    if any(len(text) > LONGEST for text in told.values()):
        raise Refusal(f"A text for the papers has at most {LONGEST:,} characters. Nothing was changed. Shorten it.")
    tx.put("paper_notes", {"project": act.project, **told, "person": act.actor, "at": act.at})


def notes(store: Store, project: str) -> Notes:
    """What is written for this project now."""
    rows = store.rows(f"SELECT {', '.join(NAMES)} FROM paper_notes WHERE project = ?", project)
    return Notes(**rows[0]) if rows else Notes()

"""What the Decision page of the newest closed rounds needs, worked out before somebody asks: once, after the start.

The first to open such a page after a restart would otherwise wait for all of it. Nothing here is a record, and the next
act makes it all anew.
"""

from __future__ import annotations

from studio import checked, figures, signing, tradeoff
from studio.store import Store, projects

_ROUNDS = 2  # of the newest; what is kept in memory has room for no more


def closed_rounds(store: Store) -> None:
    """Applies the rule to the newest closed rounds, reads their votes in other ways, and keeps what came out."""
    newest = [found for each in projects.every(store) if (found := signing.latest_round(store, each.id)) is not None]
    closed = sorted((each for each in newest if each.state == "closed"), key=lambda each: each.at, reverse=True)
    for found in closed[:_ROUNDS]:
        told = signing.judged(store, found)
        signing.stability(store, found)
        checked.of_round(store, found, told.subject[0].candidate)
        tradeoff.preferred(store, found, told.assessments)
        figures.material(store, found)

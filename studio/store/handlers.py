"""Every module that says what an act does to the rows: importing this one registers them all."""

from __future__ import annotations

from studio.store import (  # noqa: F401
    addresses,
    advice,
    arms,
    briefs,
    comments,
    contradictions,
    copies,
    datasets,
    decisions,
    documents,
    examples,
    guesses,
    imports,
    labels,
    papers,
    people,
    prices,
    projects,
    ratings,
    reminders,
    rounds,
    runs,
    series,
    taken,
    tasks,
    views,
    waiver_reviews,
    waivers,
)

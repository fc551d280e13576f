"""Labelling in a project of 100,000 examples: the server's work from one decision to the next item.

    python -m benchmarks.labelling [EXAMPLES] [DECISIONS]

One decision is what a key press costs the server before it draws: the label as a durable act (with the example it
decides), then every read for the next item. Promise: 95 of 100 within 60 ms. Six people share one queue of everything,
a tenth of it dealt to two of them; half of it has its labels already.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from studio import brief as brief_step
from studio import people, projects
from studio.examples import labelling, outcome, step
from studio.examples.batch import ParsedBatch, ParsedRow
from studio.records import Brief, Criterion, Role, Slice, Status
from studio.store import Store, briefs, examples, labels
from studio.store.labels import Answer, Queue

PROMISE_MS = 60.0


def prepared(store: Store, count: int) -> tuple[Queue, list[str]]:
    """A project of `count` examples and one open queue of them all, half of it labelled."""
    names = ("Ann", "Ben", "Cleo", "Dan", "Eve", "Finn")
    team = [people.join(store, people.make_invitation(store, "bench", n, Role.reviewer), "").person.id for n in names]
    project = projects.create(store, "bench", "Large").id
    slices = tuple(Slice(f"kind {n}", target_share=0.25) for n in range(4))
    brief = Brief(task="Answer", slices=slices, criteria=(Criterion("Tone"), Criterion("Facts")))
    brief_step.save(store, "bench", project, brief, note="", changes_meaning=True)
    text = "I ordered it last week and it has not come. What can you do for me? "
    rows = [ParsedRow(n + 1, f"{n}: {text * 3}", f"Sorry about that, number {n}. {text * 2}", slice=f"kind {n % 4}")
            for n in range(count)]  # fmt: skip
    batch = ParsedBatch("csv", "prompt/completion", (), {}, tuple(rows), (), count)
    step.store_batch(store, "bench", project, batch, "large.csv", status=Status.in_review)
    ids = examples.ids(store, project)
    queue = labelling.open_queue(store, "bench", project, "All", ids, team, overlap=2, share=0.1, seed="bench")
    _half_done(store, queue)
    return queue, team


def _half_done(store: Store, queue: Queue) -> None:
    """Labels for the first half, written past the journal: this measures the next label, not 50,000 before it."""
    store.rows(
        """INSERT INTO labels SELECT a.id || '/' || who, a.position, a.queue, a.example, who, ?, 'approve', '', '', '',
        8.0, '', '' FROM (SELECT *, unnest(CAST(people AS JSON)::VARCHAR[]) AS who FROM assignments) a
        WHERE a.queue = ? AND a.position < ?""",
        queue.project, queue.id, queue.items // 2,
    )  # fmt: skip


def decide(store: Store, queue: Queue, person: str, at: tuple[str, int]) -> tuple[str, int]:
    """One decision and everything that is read for the item that follows."""
    shown = examples.get(store, at[0])
    assert shown is not None
    labelling.give(store, queue, person, at[0], Answer.approve, shown=outcome.fingerprint(shown), seconds=8.0)
    seat = labelling.seat(store, queue, person, after=at[1])
    labels.lately(store, queue.id, person)
    briefs.latest(store, queue.project)
    assert seat.example is not None
    return seat.example.id, seat.position


def main() -> None:
    """Print the table; exit with 1 when the promise is broken."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    decisions = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "workspace")
        started = time.perf_counter()
        queue, team = prepared(store, count)
        print(f"{count:,} examples, {queue.items:,} in the queue, prepared in {time.perf_counter() - started:.0f} s")
        took = []
        for person in team:
            seat = labelling.seat(store, queue, person)
            assert seat.example is not None
            at = (seat.example.id, seat.position)
            for _ in range(decisions // len(team)):
                before = time.perf_counter()
                at = decide(store, queue, person, at)
                took.append((time.perf_counter() - before) * 1000)
        store.close()
    middle, late, worst = np.percentile(took, (50, 95, 100))
    print(f"decision to next item, {len(took)} times: p50 {middle:.1f} ms, p95 {late:.1f} ms, worst {worst:.1f} ms")
    print(f"promise p95 <= {PROMISE_MS:.0f} ms: {'kept' if late <= PROMISE_MS else 'BROKEN'}")
    sys.exit(late > PROMISE_MS)


if __name__ == "__main__":
    main()

"""Labelling in a project of 100,000 examples: the server's work from one decision to the next item.

    python -m benchmarks.labelling [EXAMPLES] [DECISIONS] [--browser]

One decision is what a key press costs the server before it draws: the label as a durable act (with the example it
decides), then every read for the next item. Promise: 95 of 100 within 60 ms. Six people share one queue of everything,
a tenth of it dealt to two of them; half of it has its labels already. With `--browser` (needs Chromium): from a key in
a real browser until the next item stands there, on the same project in a served studio. Promise: 100 ms in the median.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from studio import brief as brief_step
from studio import people, projects
from studio.examples import labelling, outcome, step
from studio.examples.batch import ParsedBatch, ParsedRow
from studio.examples.labelling import Seat
from studio.records import Brief, Criterion, Role, Slice, Status, sha256
from studio.store import Store, briefs, finding, labels
from studio.store.finding import Filter
from studio.store.labels import Answer, Queue

PROMISE_MS = 60.0
BROWSER_MS = 100.0


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
    ids = finding.ids(store, project, Filter())
    queue = labelling.open_queue(store, "bench", project, "All", ids, team, overlap=2, share=0.1, seed="bench")
    _half_done(store, queue)
    return queue, team


def _half_done(store: Store, queue: Queue) -> None:
    """Labels for the first half, written past the journal: this measures the next label, not 50,000 before it."""
    store.rows(
        """INSERT INTO labels SELECT a.id || '/' || who, a.position - 100000, a.queue, a.example, who, ?,
        'approve', '', '', '', 8.0, '', ''
        FROM (SELECT *, unnest(CAST(people AS JSON)::VARCHAR[]) AS who FROM assignments) a
        WHERE a.queue = ? AND a.position < ?""",
        queue.project, queue.id, queue.items // 2,
    )  # fmt: skip


def decide(store: Store, queue: Queue, person: str, seat: Seat) -> Seat:
    """One decision on the item before a person, and everything the page reads for the one that follows."""
    shown = seat.example
    assert shown is not None
    labelling.give(store, queue, person, shown.id, Answer.approve, shown=outcome.fingerprint(shown), seconds=8.0)
    labels.queue(store, queue.id)
    following = labelling.seat(store, queue, person, after=seat.position)
    labels.lately(store, queue.id, person)
    labelling.said_of(store, queue, person, shown.id)
    briefs.latest(store, queue.project)
    return following


FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-proxy-server"]  # fmt: skip
# Resolves with the milliseconds from a key press until another item's button stands on the page.
PRESS = """(key) => new Promise((done) => {
  const button = () => document.querySelector('[class*="st-key-label-approve-"]');
  const now = () => button()?.className.match(/label-approve-\\w+/)[0];
  const before = now(), started = performance.now();
  const watch = new MutationObserver(() => { const at = now(); if (at && at !== before) {
    watch.disconnect(); requestAnimationFrame(() => done(performance.now() - started)); } });
  watch.observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ["class"]});
  document.body.dispatchEvent(new KeyboardEvent("keydown", {key, code: "Key" + key.toUpperCase(), bubbles: true}));
})"""


def in_browser(workspace: Path, session: str, project: str, decisions: int) -> list[float]:
    """Milliseconds from key to next item, of `decisions` approvals by a newcomer to a served studio."""
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "studio.cli", "serve", "--workspace", str(workspace), "--port", "0"]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert served.stdout is not None
    try:
        url = next(found[0] for line in served.stdout if (found := re.search(r"http://[^\s/]+", line)))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            cookie = f"yardstick_{sha256(str(workspace.resolve()))[:8]}"
            page.context.add_cookies([{"name": cookie, "value": session, "url": url}])
            page.goto(f"{url}/examples?project={project}&examples-view=label")
            page.wait_for_selector('[class*="st-key-label-approve-"]', timeout=120_000)
            took = []
            for _ in range(decisions):
                page.wait_for_timeout(700)
                took.append(float(page.evaluate(PRESS, "a")))
            browser.close()
        return took
    finally:
        served.terminate()
        served.wait(timeout=30)


def main() -> None:
    """Print the table; exit with 1 when a promise is broken."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    count, decisions = (*numbers, *(100_000, 300)[len(numbers) :])
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "workspace"
        store = Store.open(workspace)
        started = time.perf_counter()
        queue, team = prepared(store, count)
        print(f"{count:,} examples, {queue.items:,} in the queue, prepared in {time.perf_counter() - started:.0f} s")
        kept = _report("in the server", in_server(store, queue, team, decisions), 95, PROMISE_MS)
        if "--browser" in sys.argv:
            session = _newcomer(store, queue.project)
            store.close()
            kept &= _report("in a browser", in_browser(workspace, session, queue.project, 40), 50, BROWSER_MS)
        else:
            store.close()
    sys.exit(not kept)


def in_server(store: Store, queue: Queue, team: list[str], decisions: int) -> list[float]:
    """Milliseconds of each decision with the reads that follow, `decisions` over the whole team."""
    took = []
    for person in team:
        seat = labelling.seat(store, queue, person)
        for _ in range(decisions // len(team)):
            before = time.perf_counter()
            seat = decide(store, queue, person, seat)
            took.append((time.perf_counter() - before) * 1000)
    return took


def _newcomer(store: Store, project: str) -> str:
    """The session of a seventh person, to whom everything is dealt once more."""
    joined = people.join(store, people.make_invitation(store, "bench", "Gus", Role.reviewer), "")
    ids = finding.ids(store, project, Filter())
    labelling.open_queue(store, "bench", project, "Browser", ids, [joined.person.id], seed="bench")
    return joined.session


def _report(where: str, took: list[float], share: int, promise: float) -> bool:
    middle, late, worst = np.percentile(took, (50, 95, 100))
    kept = bool(np.percentile(took, share) <= promise)
    print(f"decision to next item {where}, {len(took)} times: p50 {middle:.1f}, p95 {late:.1f}, worst {worst:.1f} ms")
    print(f"promise p{share} <= {promise:.0f} ms: {'kept' if kept else 'BROKEN'}")
    return kept


if __name__ == "__main__":
    main()

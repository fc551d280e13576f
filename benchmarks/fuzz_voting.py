"""Somebody votes while damaged files come in: `python -m benchmarks.fuzz_voting [--files 10000] [--seed 1]`

A blind round in a served studio, one person who votes by keyboard in Chromium every second and a half; first alone,
then with damaged files read beside it, each in the import's own limited process (`benchmarks.fuzz`). Printed are the
milliseconds from key to next pair of both halves, and the votes that the journal holds afterwards. The votes are a
script's, in a practice round. About three minutes.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fuzz import Found, fuzz, own_seeds, shared_seeds
from benchmarks.labelling import FLAGS
from studio import people
from studio.records import Role, sha256
from studio.review import rounds
from studio.store import Store
from studio.store import rounds as round_rows
from tests import round_seed

PAUSE_MS, ALONE = 1_500, 40
# Resolves with the milliseconds from a key press until another pair's button stands on the page.
PRESS = """(key) => new Promise((done) => {
  const now = () => document.querySelector('[class*="st-key-vote-left-"]')?.className.match(/vote-left-\\w+/)[0];
  const before = now(), started = performance.now();
  const watch = new MutationObserver(() => { const at = now(); if (at && at !== before) {
    watch.disconnect(); requestAnimationFrame(() => done(performance.now() - started)); } });
  watch.observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ["class"]});
  document.body.dispatchEvent(new KeyboardEvent("keydown", {key, code: "Digit" + key, bubbles: true}));
})"""


@dataclass(frozen=True)
class Prepared:
    workspace: Path
    project: str
    round: str
    session: str


def prepared(workspace: Path) -> Prepared:
    """An open round over 66 prompts and two baselines, and a reviewer who made nothing in it."""
    store = Store.open(workspace)
    seeded = round_seed.ready(store)
    plan = replace(seeded.plan, floor=None, practice=True)
    opened = rounds.open_round(store, "pia", seeded.project, plan)
    joined = people.join(store, people.make_invitation(store, people.SYSTEM, "Vera", Role.reviewer), "")
    store.close()
    return Prepared(workspace, seeded.project, opened.id, joined.session)


def vote(page: Any, count: int, going_on: threading.Event | None = None) -> list[float]:
    """Milliseconds of so many votes, now left, now right, so that nothing is decided; fewer once `going_on` is set."""
    took: list[float] = []
    while len(took) < count and not (going_on and going_on.is_set()):
        page.wait_for_timeout(PAUSE_MS)
        took.append(float(page.evaluate(PRESS, "12"[len(took) % 2])))
    return took


def run(ready: Prepared, files: int, seed: int) -> tuple[list[float], list[float], Found]:
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "studio.cli", "serve", "--workspace", str(ready.workspace), "--port", "0"]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert served.stdout is not None
    try:
        url = next(found[0] for line in served.stdout if (found := re.search(r"http://[^\s/]+", line)))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            cookie = f"yardstick_{sha256(str(ready.workspace.resolve()))[:8]}"
            page.context.add_cookies([{"name": cookie, "value": ready.session, "url": url}])
            page.goto(f"{url}/review?project={ready.project}")
            page.wait_for_selector('[class*="st-key-vote-left-"]', timeout=120_000)
            alone = vote(page, ALONE)
            ended, results = threading.Event(), []

            def damage() -> None:
                results.append(fuzz(own_seeds() + shared_seeds(), files, seed))
                ended.set()

            beside = threading.Thread(target=damage)
            beside.start()
            with_files = vote(page, 80, ended)
            beside.join()
            browser.close()
        return alone, with_files, results[0]
    finally:
        served.terminate()
        served.wait(timeout=30)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ready = prepared(Path(folder) / "workspace")
        alone, with_files, found = run(ready, asked.files, asked.seed)
        store = Store.open(ready.workspace)
        kept = len(round_rows.votes(store, ready.round))
        store.close()
    for name, took in (("alone", alone), ("files beside it", with_files)):
        middle, late, worst = np.percentile(took, (50, 95, 100))
        print(f"key to next pair, {name}: {len(took)} votes, p50 {middle:.0f}, p95 {late:.0f}, worst {worst:.0f} ms")
    given = len(alone) + len(with_files)
    print(f"votes given {given}, in the journal {kept}; {asked.files:,} files: {dict(found.counts)}, "
          f"slowest {found.slowest_s:.2f} s")  # fmt: skip
    return int(kept != given or bool(found.wrong))


if __name__ == "__main__":
    sys.exit(main())

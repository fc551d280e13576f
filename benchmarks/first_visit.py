"""A first visit from far away: `python -m benchmarks.first_visit [--mbit 20] [--delay 30] [--visits 5]`

A browser that was never here opens the Decision page and the voting page of a closed round over a link that Chromium
slows down. Streamlit itself sends its programs as they are, so a browser that takes nothing compressed is the peer;
both come to one server by turns. Bytes are all that arrive over HTTP; the first visit, for which nothing is compressed
yet, is not counted.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from benchmarks import dashboard
from benchmarks.voting_client import Served, serving
from benchmarks.voting_load import FLAGS, Team

_PLAIN = {"accept-encoding": "identity"}
_DRAWN = {"decision": dashboard.DRAWN, "review": "() => true"}


def visit(browser: Any, served: Served, team: Team, page: str, link: dict[str, float], *, plain: bool) -> list[float]:
    """Seconds until the page is whole, and megabytes that came."""
    tab = dashboard.fresh_page(browser, served, team)
    if plain:
        tab.context.set_extra_http_headers(_PLAIN)
    came = [0.0]
    network = tab.context.new_cdp_session(tab)
    network.on("Network.loadingFinished", lambda told: came.append(told["encodedDataLength"] / 1e6))
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", {"offline": False, **link})
    began = time.perf_counter()
    tab.goto(f"{served.url}/{page}?project={team.project}")
    tab.wait_for_selector(".ys-head", timeout=60_000)
    tab.wait_for_selector(dashboard.WHOLE, timeout=60_000)
    tab.wait_for_function(_DRAWN[page])
    took = time.perf_counter() - began
    tab.context.close()
    return [took, sum(came)]


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--mbit", type=float, default=20.0, help="of the link, each way")
    asked.add_argument("--delay", type=float, default=30.0, help="milliseconds that each request waits for its answer")
    asked.add_argument("--visits", type=int, default=5, help="of each kind")
    given = asked.parse_args()
    speed = given.mbit * 1e6 / 8
    link = {"latency": given.delay, "downloadThroughput": speed, "uploadThroughput": speed}
    told = defaultdict(list)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        team = dashboard.prepared(Path(place) / "visited", 60, 4)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        with serving(team.workspace) as served:
            time.sleep(dashboard.AHEAD)
            for page in _DRAWN:
                visit(browser, served, team, page, link, plain=False)
                for _ in range(given.visits):
                    for plain in (True, False):
                        told[page, plain].append(visit(browser, served, team, page, link, plain=plain))
        browser.close()
    print(f"{given.mbit:g} Mbit/s, {given.delay:g} ms, {given.visits} visits each; medians\n")
    print("| page | as Streamlit sends it | compressed |\n|---|---|---|")
    for page in _DRAWN:
        cells = (np.median(told[page, plain], axis=0) for plain in (True, False))
        print(f"| {page} | " + " | ".join(f"{took:.2f} s, {came:.2f} MB" for took, came in cells) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

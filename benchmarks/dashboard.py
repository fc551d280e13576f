"""The Decision page of a round with 10,000 votes: `python -m benchmarks.dashboard [--prompts 1700] [--slices 20]`

A closed round over so many prompts, a candidate against two baselines, three votes on each pair by ten reviewers, with
gold pairs and repeats among them. The server's time is from asking for the page until all of it has arrived over
loopback; Chromium's from a click on "Decision" until the verdict stands, and until the page is whole, charts drawn.
Whoever clicks has had the page before in front of them for two seconds ("hasty": for 0.3 s, so that the charts'
library is still on its way); "by its address": the browser opens the page itself, programs included, one that was never
here, and one that was and has been closed since ("of a browser that knows it").
"At once" is the very first opening, right after the server's start; "first" the first one once it has read ahead
(`studio.read_ahead`), ten seconds later; "after an act" when something was written since; "again" when nothing was.
Promised: at most 1.5 s.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.voting_client import Served, cookie, screen, serving
from benchmarks.voting_load import FLAGS, Team
from studio import people, remote
from studio.records import Choice, Pair, PairKind, Role, Round
from studio.review import rounds
from studio.review.scoring import Guardrail
from studio.store import Store
from studio.store import rounds as round_rows
from tests import round_seed

PROMISED = 1.5
AHEAD = 10.0
"""Seconds after the start at which everything has been worked out ahead."""
REVIEWERS, VOTES = 10, 3
_WINDOW = {"width": 1440, "height": 900}
DRAWN = """() => {
    const charts = [...document.querySelectorAll('[data-testid="stPlotlyChart"]')];
    return charts.length > 1 && charts.every(chart => chart.querySelector('.main-svg'));
}"""
WHOLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def prepared(workspace: Path, prompts: int, slices: int) -> Team:
    """A closed round in which everybody's votes were cast, one act each; its reviewers, and a PM's session."""
    store = Store.open(workspace)
    names = [f"kind of input {n + 1}" for n in range(slices)]
    seeded = round_seed.ready(store, tests=prompts, slices=names)
    joined = [
        people.join(store, people.make_invitation(store, people.SYSTEM, name, role), "")
        for name, role in (("Petra", Role.pm), *((f"Reviewer {n + 1}", Role.reviewer) for n in range(REVIEWERS)))
    ]
    # No `gold_right`: whoever left the count by gold would take their votes along, and hardly a prompt would be scored.
    plan = replace(
        seeded.plan, cap=prompts, votes=VOTES, floor=0.5, theta_min=0.5, gold=5, repeats=50,
        guardrails=tuple(Guardrail(name, critical=n < 2) for n, name in enumerate(names)),
    )  # fmt: skip
    opened = rounds.open_round(store, round_seed.MAKER, seeded.project, plan)
    _cast(store, opened, [each.person.id for each in joined[1:]])
    rounds.close(store, "studio", opened, "Every prompt has its votes.")
    store.close()
    return Team(workspace, seeded.project, opened.id, {each.person.id: each.session for each in joined})


def _cast(store: Store, found: Round, reviewers: list[str]) -> None:
    """Votes as people cast them: mostly for the candidate, some ties, a few skips, whose seats go to somebody else; now
    and then with a reason."""
    draw = random.Random(5)
    turn = 0
    before: dict[str, list[str]] = {}
    for pair in round_rows.pairs(store, found.id):
        many = {PairKind.real: VOTES, PairKind.repeat: 1}.get(pair.kind, len(reviewers))
        waiting = [reviewers[(turn + n) % len(reviewers)] for n in range(len(reviewers))]
        if pair.kind is PairKind.repeat:
            waiting = before[pair.of]
        turn += many
        for who in waiting:
            vote = _vote(found, pair, draw)
            store.act("vote.cast", who, vote, found.project)
            if vote["choice"] != Choice.skip:
                before.setdefault(pair.id, []).append(who)
            if len(before.get(pair.id, ())) == many:
                break


def _vote(found: Round, pair: Pair, draw: random.Random) -> dict[str, Any]:
    choice = draw.choices(list(Choice), (48, 26, 18, 7, 1))[0]
    if pair.kind is not PairKind.real:
        choice = Choice.a if draw.random() < 0.9 else Choice.b
    told = choice in (Choice.a, Choice.b)
    return {
        "round": found.id, "registration": found.sha256, "pair": pair.id, "choice": choice.value,
        "reason": "Not my field" if choice is Choice.skip else "", "shippable_a": choice is not Choice.both_bad,
        "shippable_b": choice is Choice.b, "scripted": False, "conflict": "",
        "reasons": ["Sounds like Larkfield"] if told and draw.random() < 0.3 else [],
        "note": "It says when the money comes." if draw.random() < 0.05 else "", "better": "",
        "seconds": round(draw.uniform(4, 40), 2),
    }  # fmt: skip


# -- what is measured ------------------------------------------------------------------------------


async def by_socket(team: Team, served: Served) -> float:
    """Seconds until the page has arrived whole, of a person who comes to its address."""
    began = time.perf_counter()
    async with screen(served, team.project, _session(team), page="decision") as found:
        return found.drawn - began


def by_browser(page: Any, served: Served, team: Team, reads: float = 2.0) -> tuple[float, float]:
    """From the click on the page's name, `reads` seconds after the page before was whole: seconds until the verdict
    stands, and until nothing more comes."""
    page.goto(f"{served.url}/review?project={team.project}")
    page.wait_for_selector(WHOLE, timeout=60_000)
    link = page.locator('[data-testid="stSidebarNav"]').get_by_role("link", name="Decision", exact=True)
    link.wait_for()
    page.wait_for_timeout(1000 * reads)
    began = time.perf_counter()
    link.click()
    return _drawn(page, began)


def by_address(page: Any, served: Served, team: Team) -> tuple[float, float]:
    """The same from asking for the page's address."""
    began = time.perf_counter()
    page.goto(f"{served.url}/decision?project={team.project}")
    return _drawn(page, began)


def _drawn(page: Any, began: float) -> tuple[float, float]:
    page.wait_for_selector(".yr-verdict", timeout=60_000)
    stands = time.perf_counter() - began
    page.wait_for_selector(WHOLE, timeout=60_000)
    page.wait_for_function(DRAWN)
    return stands, time.perf_counter() - began


def _session(team: Team) -> str:
    return next(iter(team.sessions.values()))


def _something_written(team: Team) -> None:
    """An act in the project, through the running server."""
    remote.run(
        team.workspace, "arms", {"project": team.project, "what": "add", "name": uuid.uuid4().hex, "text": "Be kind."}
    )


Took = dict[str, list[float]]


def measure(team: Team, starts: int, again: int) -> Took:
    """What is measured -> seconds of each time."""
    from playwright.sync_api import sync_playwright

    told: Took = defaultdict(list)
    for _ in range(starts):
        with serving(team.workspace) as served:
            _by_server(team, served, "at once", told)
        with serving(team.workspace) as served:
            time.sleep(AHEAD)
            _by_server(team, served, "first", told)
            for _ in range(again):
                _by_server(team, served, "again", told)
            for _ in range(again):
                _something_written(team)
                _by_server(team, served, "after an act", told)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for _ in range(starts):
            with serving(team.workspace) as served:
                time.sleep(AHEAD)
                _in_chromium(fresh_page(browser, served, team), served, team, again, told)
                for when, opened in (("hasty", partial(by_browser, reads=0.3)), ("by its address", by_address)):
                    page = fresh_page(browser, served, team)
                    _noted(told, when, opened(page, served, team))
                    page.context.close()
                _noted(told, "by its address, of a browser that knows it", _of_who_knows_it(playwright, served, team))
        browser.close()
    return told


def _of_who_knows_it(playwright: Any, served: Served, team: Team) -> tuple[float, float]:
    """By its address, in a browser that opened it twice and was closed: it keeps programs, and their compiled form."""
    with tempfile.TemporaryDirectory() as profile:
        for visits in (2, 1):
            known = playwright.chromium.launch_persistent_context(
                profile, executable_path=shutil.which("chromium"), args=FLAGS, viewport=_WINDOW
            )
            page = _signed_in(known.new_page(), served, team)
            for _ in range(visits):
                page.wait_for_timeout(2000)
                took = by_address(page, served, team)
            page.wait_for_timeout(2000)  # what it keeps is written a little later
            known.close()
    return took


def _by_server(team: Team, served: Served, when: str, told: Took) -> None:
    """What it took, and how many seconds of processor of it: these depend less on what else the machine does."""
    used = served.seconds()
    told[f"server, {when}"].append(asyncio.run(by_socket(team, served)))
    told[f"its processor, {when}"].append(served.seconds() - used)


def fresh_page(browser: Any, served: Served, team: Team) -> Any:
    """Of somebody who is signed in and whose browser knows nothing of the studio yet."""
    return _signed_in(browser.new_context(viewport=_WINDOW).new_page(), served, team)


def _signed_in(page: Any, served: Served, team: Team) -> Any:
    name, value = cookie(team.workspace, _session(team)).split("=", 1)
    page.context.add_cookies([{"name": name, "value": value, "url": served.url}])
    return page


def _noted(told: Took, when: str, took: tuple[float, float]) -> None:
    for kind, seconds in zip(("verdict", "page"), took, strict=True):
        told[f"{kind} in Chromium, {when}"].append(seconds)


def _in_chromium(page: Any, served: Served, team: Team, again: int, told: Took) -> None:
    for when in ("first", *["again"] * again, *["after an act"] * again):
        if when == "after an act":
            _something_written(team)
        _noted(told, when, by_browser(page, served, team))
    page.context.close()


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--prompts", type=int, default=1700)
    asked.add_argument("--slices", type=int, default=20)
    asked.add_argument("--starts", type=int, default=3)
    asked.add_argument("--again", type=int, default=3, help="further openings after each start, of either kind")
    asked.add_argument("--folder", type=Path, help="where the workspace goes; a temporary folder when not given")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as place:
        team = prepared(given.folder or Path(place) / "dashboard", given.prompts, given.slices)
        votes, scored = _size(team)
        told = measure(team, given.starts, given.again)
    print(f"{votes:,} votes, {scored:,} prompts scored, {given.slices} slices; promised: {PROMISED} s\n")
    print("| from asking until | n | median s | p95 s |\n|---|---|---|---|")
    for kind, took in told.items():
        print(f"| {kind} | {len(took)} | {_row(took)} |")
    return int(max(float(np.median(took)) for took in told.values()) > PROMISED)


def _size(team: Team) -> tuple[int, int]:
    """How many votes were cast, and on how many prompts the rule reads them against each baseline."""
    store = Store.open(team.workspace)
    found = round_rows.get(store, team.round)
    assert found is not None, "it was just made"
    votes = len(round_rows.votes(store, team.round))
    scored = min(len(each.scored.prompts) for told in rounds.assess(store, found) for each in told.against)
    store.close()
    return votes, scored


def _row(took: Iterable[float]) -> str:
    return " | ".join(f"{value:.2f}" for value in np.percentile(list(took), (50, 95)))


if __name__ == "__main__":
    sys.exit(main())

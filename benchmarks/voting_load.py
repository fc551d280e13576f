"""The blind round under load, through the real WebSocket of a served studio: `python -m benchmarks.voting_load`

    --load 150     50 reviewers for so many seconds, each a vote in 3 to 7: nothing lost, nothing double, p95 <= 60 ms
    --presses 10000  double clicks, held keys and late retries beside real votes: 0 of them count
    --kills 100    SIGKILL of the server while 10 reviewers vote: 0 acknowledged votes lost, the chain whole each time
    --browser 40   by keyboard alone in Chromium: from key to next pair, median <= 100 ms

0 leaves a part out. The round is over 200 prompts, a candidate and two baselines. Reviewers and server share the cores.
A vote's time runs from the click's leaving until the last message of the next pair has arrived, over loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed, InvalidMessage

from benchmarks.voting_client import VOTES, Screen, Served, cookie, screen, serve, serving
from studio import people
from studio.records import Choice, Role, Vote
from studio.review import rounds
from studio.review.rounds import MIN_SECONDS_ON_SCREEN
from studio.store import Store
from studio.store import rounds as round_rows
from studio.store.journal import Blobs, Journal
from tests import round_seed

PROMPTS = 200
P95_MS, KEY_MS = 60.0, 100.0
_READ = MIN_SECONDS_ON_SCREEN + 0.05
_GONE = (ConnectionClosed, InvalidMessage, OSError, TimeoutError)


@dataclass(frozen=True)
class Team:
    """An open round and who votes in it: person -> session."""

    workspace: Path
    project: str
    round: str
    sessions: dict[str, str]


Key = tuple[str, str]
"""A pair and who voted on it."""


@dataclass
class Cast:
    """What reviewers did. `pressed`: the sides pressed on a pair that had been on screen for long enough; `seen`: those
    that were followed by another pair, so acknowledged. `took`: milliseconds of each of these. `server`: seconds of
    processor that the server used."""

    pressed: dict[Key, set[str]] = field(default_factory=dict)
    seen: set[Key] = field(default_factory=set)
    took: list[float] = field(default_factory=list)
    server: float = 0.0

    def press(self, key: Key, side: str) -> None:
        self.pressed.setdefault(key, set()).add(side)


def prepared(workspace: Path, reviewers: int, prompts: int = PROMPTS) -> Team:
    """An open round with two votes a pair, and reviewers who made nothing in it."""
    store = Store.open(workspace)
    seeded = round_seed.ready(store, tests=prompts)
    joined = [
        people.join(store, people.make_invitation(store, people.SYSTEM, f"Reviewer {n}", Role.reviewer), "")
        for n in range(reviewers)
    ]
    plan = replace(seeded.plan, floor=None, theta_min=0.5, second_readers=1.0)
    opened = rounds.open_round(store, round_seed.MAKER, seeded.project, plan)
    store.close()
    return Team(workspace, seeded.project, opened.id, {each.person.id: each.session for each in joined})


# -- what the record holds -------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """`lost`: acknowledged votes that are not kept as they were cast; `double`: more than one vote of a person on
    a pair; `phantom`: votes that nobody cast; `problems`: of the journal's chain and its payloads."""

    votes: int
    lost: int
    double: int
    phantom: int
    problems: int


def kept(team: Team, cast: Cast) -> Kept:
    """The store's rows and the journal, held against what reviewers did. The server must be down."""
    store = Store.open(team.workspace)
    try:
        found = round_rows.votes(store, team.round)
        sides = {pair.id: pair.candidate_left for pair in round_rows.pairs(store, team.round)}
        problems = len(store.audit())
    finally:
        store.close()
    rows = {(vote.pair, vote.reviewer): _side(vote, sides[vote.pair]) for vote in found}
    lost = sum(rows.get(key) not in cast.pressed[key] for key in cast.seen)
    double = sum(n - 1 for n in Counter((v.pair, v.reviewer) for v in found).values())
    phantom = sum(key not in cast.pressed for key in rows)
    return Kept(len(found), lost, double, phantom, problems)


def _side(vote: Vote, candidate_left: bool) -> str:
    if vote.choice in (Choice.a, Choice.b):
        return "left" if (vote.choice is Choice.a) == candidate_left else "right"
    return vote.choice.value


def in_journal(team: Team) -> tuple[set[Key], int]:
    """(pair, person) of each vote that the journal holds, and the problems of its chain; touches nothing."""
    import json

    blobs = Blobs(team.workspace / "blobs")
    journal = Journal(team.workspace / "journal.jsonl", read_only=True)
    cast = (act for act in journal.read() if act.kind == "vote.cast")
    found = {(json.loads(blobs.get(act.payload))["pair"], act.actor) for act in cast}
    return found, len(journal.problems(blobs))


# -- 50 reviewers ----------------------------------------------------------------------------------


async def together(served: Served, team: Team, seconds: float, low: float, high: float) -> Cast:
    """Everybody comes, and then everybody votes until the time is up or nothing is left."""
    cast, came = Cast(), asyncio.Semaphore(0)
    begun: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def reviewer(person: str) -> None:
        draw = random.Random(person)
        async with screen(served, team.project, team.sessions[person]) as page:
            came.release()
            until = await begun + seconds
            await asyncio.sleep(high * draw.random())
            while page.pair and time.monotonic() < until:
                await one_vote(page, person, draw.choices(VOTES, (1, 1, 6, 2))[0], cast)
                await asyncio.sleep(max(_READ, draw.uniform(low, high)))

    voting = [asyncio.create_task(reviewer(person)) for person in team.sessions]
    for _ in voting:
        await came.acquire()
    used = served.seconds()
    begun.set_result(time.monotonic())
    await asyncio.gather(*voting)
    cast.server = served.seconds() - used
    return cast


async def one_vote(page: Screen, person: str, side: str, cast: Cast) -> None:
    """One key on the pair that stands there, noted before it leaves and again once another pair follows."""
    key = page.pair, person
    cast.press(key, side)
    seconds = await page.vote(side)
    if page.pair != key[0]:
        cast.seen.add(key)
        cast.took.append(seconds * 1000)


def load(team: Team, seconds: float, low: float = 3.0, high: float = 7.0) -> tuple[Cast, Kept]:
    with serving(team.workspace) as served:
        cast = asyncio.run(together(served, team, seconds, low, high))
    return cast, kept(team, cast)


# -- double clicks, held keys, retries -------------------------------------------------------------


async def clumsy(served: Served, team: Team, person: str, cast: Cast, most: int) -> int:
    """One real vote after each time of reading, and around it keys that must not count; how many of those."""
    draw, sent, before = random.Random(person), 0, ""
    async with screen(served, team.project, team.sessions[person]) as page:
        while page.pair and sent < most:
            await asyncio.sleep(_READ)
            pair, side = page.pair, draw.choice(VOTES)
            cast.press((pair, person), side)
            await page.press(side)
            for _ in range(draw.randint(1, 3)):  # the second click of a double click, and a third
                await page.press(side, pair)
                sent += 1
            await asyncio.sleep(0.02)
            held = time.monotonic() + draw.uniform(0.3, 1.5)
            while time.monotonic() < held:  # the key is still down when the next pair comes
                if page.pair:
                    await page.press(side)
                    sent += 1
                await asyncio.sleep(0.033)
            if before:  # an answer that was long on its way is sent again
                await page.press(draw.choice(VOTES), before)
                sent += 1
            await page.quiet()
            if page.pair != pair:  # else it was refused: the key that is down started the time of reading again
                before = pair
                cast.seen.add((pair, person))
    return sent


def presses(team: Team, count: int) -> tuple[int, Cast, Kept]:
    """(keys that must not count, what was really voted, what is kept). `lost` counts votes that came out otherwise."""

    async def all_of_them(served: Served) -> int:
        share = -(-count // len(team.sessions))
        return sum(await asyncio.gather(*(clumsy(served, team, who, cast, share) for who in team.sessions)))

    cast = Cast()
    with serving(team.workspace) as served:
        sent = asyncio.run(all_of_them(served))
    return sent, cast, kept(team, cast)


# -- kills -----------------------------------------------------------------------------------------


def kills(team: Team, count: int, seed: int = 0) -> tuple[Cast, int, int, list[float]]:
    """Kills the server so often while the team votes: (cast, acknowledged votes that the journal lacks after a kill,
    problems of its chain, seconds of each restart until it answers)."""
    cast, draw = Cast(), random.Random(seed)
    missing, problems, restarts = 0, 0, []
    served = serve(team.workspace)
    try:
        for _ in range(count):
            asyncio.run(until_killed(served, team, cast, draw.uniform(0.5, 1.5)))
            held, wrong = in_journal(team)
            missing += sum(key not in held for key in cast.seen)
            problems += wrong
            began = time.monotonic()
            served = serve(team.workspace)
            restarts.append(time.monotonic() - began)
    finally:
        served.stop()
    return cast, missing, problems, restarts


async def until_killed(served: Served, team: Team, cast: Cast, seconds: float) -> None:
    """Everybody votes as fast as reading allows; once all have come, the server is killed after so many seconds."""
    came = asyncio.Semaphore(0)

    async def quick(person: str) -> None:
        draw = random.Random(f"{person} {len(cast.seen)}")
        with suppress(*_GONE):
            async with screen(served, team.project, team.sessions[person]) as page:
                came.release()
                while page.pair:
                    await asyncio.sleep(_READ + 0.3 * draw.random())
                    await asyncio.wait_for(one_vote(page, person, "tie", cast), 10.0)

    working = [asyncio.create_task(quick(person)) for person in team.sessions]
    for _ in working:
        await came.acquire()
    await asyncio.sleep(seconds)
    served.kill()
    await asyncio.wait(working, timeout=15.0)
    for task in working:
        task.cancel()


# -- by keyboard in a browser ----------------------------------------------------------------------

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-proxy-server"]  # fmt: skip
# Notes the moment of each key and of the frame in which another pair's keys stand on the page.
WATCH = """() => {
  const now = () => document.querySelector('[class*="st-key-vote-left-"]')?.className.match(/vote-left-\\w+/)?.[0];
  window.yardstick = {took: [], pair: now()};
  let pressed = 0;
  addEventListener("keydown", () => { pressed = performance.now(); }, true);
  new MutationObserver(() => {
    const at = now();
    if (!at || at === window.yardstick.pair) return;
    window.yardstick.pair = at;
    const since = pressed;
    requestAnimationFrame(() => window.yardstick.took.push(performance.now() - since));
  }).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ["class"]});
}"""


def by_keyboard(page: Any, votes: int, pause_ms: int = 700) -> list[float]:
    """Milliseconds from key to next pair of so many votes with real keys, measured in the page itself."""
    page.wait_for_selector('[class*="st-key-vote-left-"]', timeout=120_000)
    page.evaluate(WATCH)
    for n in range(votes):
        page.wait_for_timeout(pause_ms)
        page.keyboard.press("123"[n % 3])
        page.wait_for_function("n => window.yardstick.took.length > n", arg=n, timeout=20_000)
    return [float(ms) for ms in page.evaluate("window.yardstick.took")]


def at_the_round(browser: Any, served: Served, team: Team) -> Any:
    """A page of a browser on which the first reviewer has come to the round."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    name, value = cookie(team.workspace, next(iter(team.sessions.values()))).split("=", 1)
    page.context.add_cookies([{"name": name, "value": value, "url": served.url}])
    page.goto(f"{served.url}/review?project={team.project}")
    return page


def in_browser(team: Team, votes: int) -> list[float]:
    from playwright.sync_api import sync_playwright

    with serving(team.workspace) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        took = by_keyboard(at_the_round(browser, served, team), votes)
        browser.close()
        return took


# -- the table -------------------------------------------------------------------------------------


def spread(took: Iterable[float]) -> str:
    return "p50 {:.0f}, p95 {:.0f}, worst {:.0f} ms".format(*np.percentile(list(took), (50, 95, 100)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", type=float, default=150.0, help="seconds")
    parser.add_argument("--reviewers", type=int, default=50)
    parser.add_argument("--presses", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--browser", type=int, default=40, help="votes")
    asked = parser.parse_args()
    print("| what | of | result |\n|---|---|---|")
    kept_promises = True
    with tempfile.TemporaryDirectory() as place:
        if asked.load:
            cast, found = load(prepared(Path(place) / "load", asked.reviewers), asked.load)
            each = f"{1000 * cast.server / len(cast.took):.0f} ms of the server's processor a vote"
            kept_promises &= _told(f"{asked.reviewers} reviewers: {spread(cast.took)}; {each}", len(cast.took), found)
            kept_promises &= bool(np.percentile(cast.took, 95) <= P95_MS)
        if asked.presses:
            sent, cast, found = presses(prepared(Path(place) / "presses", 8), asked.presses)
            kept_promises &= _told(f"{len(cast.seen):,} votes among keys that must not count", sent, found)
        if asked.kills:
            team = prepared(Path(place) / "kills", 10, prompts=4 * PROMPTS)
            cast, missing, problems, restarts = kills(team, asked.kills)
            kept_promises &= _told("SIGKILLs of the server under load", asked.kills, kept(team, cast))
            told = f"{missing}; {problems}; slowest restart {max(restarts):.1f} s"
            print(f"| acknowledged votes not in the journal after a kill; faults | {len(cast.seen):,} | {told} |")
            kept_promises &= not missing and not problems
        if asked.browser:
            took = in_browser(prepared(Path(place) / "browser", 1), asked.browser)
            print(f"| key to next pair in Chromium | {len(took)} votes | {spread(took)} |")
            kept_promises &= bool(np.percentile(took, 50) <= KEY_MS)
    return int(not kept_promises)


def _told(what: str, of: int, found: Kept) -> bool:
    told = f"{found.votes:,} kept; {found.lost} lost, {found.double} double, {found.phantom} phantom"
    print(f"| {what} | {of:,} | {told}, {found.problems} faults of the chain |", flush=True)
    return not (found.lost or found.double or found.phantom or found.problems)


if __name__ == "__main__":
    sys.exit(main())

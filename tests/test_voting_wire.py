"""Blind rounds through the real WebSocket: nothing tells the arms apart, no key votes by itself, no kill loses a vote.

`python -m benchmarks.voting_load` is the long form, with fifty reviewers and a hundred kills.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks import voting_client, voting_load
from studio import people
from studio.records import ArmKind, Role, canonical, to_json
from studio.review import rounds
from studio.store import Store, arms
from tests import round_seed

NAMED = {ArmKind.base: "ZZBASEZZ", ArmKind.prompted: "ZZPROMPTZZ", ArmKind.tuned: "ZZTUNEDZZ"}
PROMPT = "Answer politely."
# Two votes each: after a third the page tells a voter's own pace, which no two visits share.
SIDES = {"Rita": ("left", "both_bad"), "Saul": ("right", "tie")}
# What differs from one visit to the next, whoever stands where: ids of runs and the address.
CHANGING = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|127\.0\.0\.1:\d+")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[voting_load.Team, tuple[str, ...]]:
    """An open round of arms whose names stand nowhere else, with two reviewers and a PM; and all that would tell an
    arm: names, ids, a prompt, and the hashes of what each wrote."""
    workspace = tmp_path_factory.mktemp("canaries") / "drawn"
    store = Store.open(workspace)
    made = round_seed.ready(store, tests=12)
    for arm in arms.every(store, made.project):
        row = to_json(replace(arm, name=NAMED[arm.kind], version=arm.version + 1))
        store.act("arm.saved", round_seed.MAKER, {"arm": row}, made.project)
    sessions = {
        name: people.join(store, people.make_invitation(store, people.SYSTEM, name, role), "").session
        for name, role in (("Rita", Role.reviewer), ("Saul", Role.reviewer), ("Pia", Role.pm))
    }
    opened = rounds.open_round(store, round_seed.MAKER, made.project, made.plan)
    facts = opened.registration["arms"]
    telling = (*NAMED.values(), PROMPT, *facts, *(told["outputs_sha256"] for told in facts.values()))
    store.close()
    return voting_load.Team(workspace, made.project, opened.id, sessions), telling


def turned(team: voting_load.Team, beside: Path) -> voting_load.Team:
    """The same studio with the arms exchanged on every pair: what stood on the left still does, written by the other
    arm."""
    shutil.copytree(team.workspace, beside)
    store = Store.open(beside)
    act = store.history(team.project, ["round.opened"])[0]
    told = store.payload(act)
    store.undo(act.seq, round_seed.MAKER)
    pairs = json.loads(store.get_blob(told["pairs_blob"]))
    for pair in pairs:
        pair["candidate_left"] = not pair["candidate_left"]
    store.act("round.opened", act.actor, {**told, "pairs_blob": store.put_blob(canonical(pairs))}, team.project)
    store.close()
    return replace(team, workspace=beside)


@dataclass(frozen=True)
class Sent:
    """All that browsers are sent: messages of the reviewers' sockets, pages with their headers, and the messages of a
    PM who reads the prompts on their page."""

    frames: list[bytes]
    pages: list[str]
    prompts: bytes


def visited(team: voting_load.Team) -> Sent:
    async def vote(served: voting_client.Served, who: str) -> list[bytes]:
        async with voting_client.screen(served, team.project, team.sessions[who], keeps=True) as page:
            for side in SIDES[who]:
                await asyncio.sleep(rounds.MIN_SECONDS_ON_SCREEN + 0.1)
                before = page.pair
                await page.vote(side)
                assert page.pair != before
            return page.frames

    async def read_prompts(served: voting_client.Served) -> bytes:
        who = team.sessions["Pia"]
        async with voting_client.screen(served, team.project, who, keeps=True, page="baselines") as page:
            return b"".join(page.frames)

    with voting_client.serving(team.workspace) as served:
        frames = [frame for who in SIDES for frame in asyncio.run(vote(served, who))]
        cookie = {"cookie": voting_client.cookie(team.workspace, team.sessions["Rita"])}
        with httpx.Client(base_url=served.url, headers=cookie, trust_env=False) as browser:
            addresses = (f"/review?project={team.project}", "/_stcore/host-config", "/_stcore/health", "/media/none")
            pages = [browser.get(address) for address in addresses]
        prompts = asyncio.run(read_prompts(served))
    return Sent(frames, [f"{p.status_code} {sorted(p.headers.items())} {p.text}" for p in pages], prompts)


def alike(messages: Sequence[bytes]) -> list[bytes]:
    """Without what changes from visit to visit, and without the messages that say whether the script runs: two of them
    become one when it ends and begins within the same moment."""
    return [CHANGING.sub(b"", message) for message in messages if not _says_whether_it_runs(message)]


def _says_whether_it_runs(message: bytes) -> bool:
    return bool(ForwardMsg.FromString(message).WhichOneof("type") == "session_status_changed")


def test_nothing_that_is_sent_tells_the_arms_apart(
    drawn: tuple[voting_load.Team, tuple[str, ...]], tmp_path: Path
) -> None:
    team, telling = drawn
    other = turned(team, tmp_path / "turned")
    first, second = visited(team), visited(other)
    assert len(first.frames) > 150 and sum(map(len, first.frames)) > 20_000
    sent = b"".join(first.frames) + "".join(first.pages).encode()
    assert [word for word in telling if word.encode() in sent] == []
    # The same messages to the byte, in number, order, size, keys and content, whoever wrote what stands there.
    assert alike(first.frames) == alike(second.frames)
    dated = re.compile(r"\('(date|etag|set-cookie)', '[^']*'\)")
    assert [dated.sub("", page) for page in first.pages] == [dated.sub("", page) for page in second.pages]
    # And what is looked for is found where it may stand.
    assert NAMED[ArmKind.prompted].encode() in first.prompts


def test_double_clicks_held_keys_and_late_retries_do_not_vote(tmp_path: Path) -> None:
    team = voting_load.prepared(tmp_path / "workspace", reviewers=2, prompts=12)
    sent, cast, kept = voting_load.presses(team, 60)
    assert sent >= 60 and cast.seen
    assert (kept.lost, kept.double, kept.phantom, kept.problems) == (0, 0, 0, 0)
    assert len(cast.seen) <= kept.votes <= len(cast.pressed)


def test_a_server_that_is_killed_under_load_loses_no_acknowledged_vote(tmp_path: Path) -> None:
    team = voting_load.prepared(tmp_path / "workspace", reviewers=4, prompts=40)
    cast, missing, problems, _ = voting_load.kills(team, 1)
    kept = voting_load.kept(team, cast)
    assert cast.seen and (missing, problems) == (0, 0)
    assert (kept.lost, kept.double, kept.phantom, kept.problems) == (0, 0, 0, 0)

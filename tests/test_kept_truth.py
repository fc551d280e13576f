"""What is kept in memory is what would be read now: each reading names every table that it reads, no two readings wait
for each other, and after whatever people do nothing that is handed out is older than the last act.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Collection, Hashable, Iterator
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from round_seed import MAKER, person
from voted_round import closed_round

import studio
from studio import beside_votes, datasets, figures, loop, outputs, read_ahead, returns, signing
from studio.brief import next_version
from studio.certificate import verify
from studio.records import Act, ArmKind, Dataset, Role, Split, Status, canonical, to_json
from studio.review import numbered
from studio.store import Store, arms, briefs, examples, guesses, people, rounds, runs
from studio.store import datasets as dataset_rows
from studio.store.kept import LARGE_ONES, Kept
from studio.train import recited

_TABLES = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+)")
_SMALL = {"round", "session", "person", "conflict"}
"""What `Store.kept` keeps, apart from `Store.once`."""
_OF_TALK = {"comments", "decisions", "mentions", "sessions", "shares", "tokens", "views"}
"""The tables to which acts of `TALK` write."""


@pytest.fixture
def store(voted_workspace: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copytree(voted_workspace, tmp_path / "voted")
    opened = Store.open(tmp_path / "voted")
    yield opened
    opened.close()


def everything(store: Store) -> dict[str, Any]:
    """All that pages ask for of what is kept, by its name."""
    found = closed_round(store)
    asked = dataset_rows.get(store, found.registration["dataset"])
    assert asked is not None
    made = figures.material(store, found)
    return {
        "figures": figures.listed(made), "material": made, "rounds": numbered.every(store, found.project),
        "stale": loop.stale(store, found.project), "gates": signing.gates(store, found),
        "returns": [returns.of_round(store, found, each) for each in made.told.assessments],
        "tests": datasets.rows_in(store, asked, Split.test), "answered": arms.answered(store, asked.id),
        **{split: outputs.compare(store, found.project, asked.id, split) for split in (Split.test, Split.validation)},
        **_of_arms(store, asked),
    }  # fmt: skip


def _of_arms(store: Store, asked: Dataset) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for arm in arms.every(store, asked.project):
        told[f"gates of {arm.id}"] = beside_votes.of_arm(store, arm, asked)
        if run := runs.get(store, arm.run) if arm.run else None:
            told[f"recited by {arm.id}"] = recited.recited(store, run, arm, asked.id)
    return told


# -- what a reading reads --------------------------------------------------------------------------


class Traced(Kept):
    """Keeps nothing, and notes of each reading which tables it read and which readings it asked for."""

    def __init__(self) -> None:
        super().__init__(0)
        self.under: list[Hashable] = []
        self.read_by: dict[Hashable, set[str]] = {}
        self.asked_by: dict[str, set[str]] = {}
        self.declared: dict[Hashable, set[str] | None] = {}

    def read(self, key: Hashable, tables: Collection[str], read: Callable[[], Any]) -> Any:
        self.declared[key] = set(tables)
        return super().read(key, tables, lambda: self._noted(key, read))

    def read_besides(self, key: Hashable, kinds: Collection[str], read: Callable[[], Any]) -> Any:
        self.declared[key] = None
        return super().read_besides(key, kinds, lambda: self._noted(key, read))

    def _noted(self, key: Hashable, read: Callable[[], Any]) -> Any:
        self.asked_by.setdefault(_name(key), set())
        if self.under:
            self.asked_by[_name(self.under[-1])].add(_name(key))
        self.read_by.setdefault(key, set())
        self.under.append(key)
        try:
            return read()
        finally:
            self.under.pop()

    def saw(self, sql: str) -> None:
        for key in self.under:
            self.read_by[key].update(_TABLES.findall(sql))


def _name(key: Hashable) -> str:
    return str(key[0]) if isinstance(key, tuple) else str(key)


@pytest.fixture(scope="module")
def traced(kept: Store) -> Traced:
    """What was noted when everything was asked for."""
    found, rows = Traced(), kept.rows

    def seen(sql: str, *params: Any) -> Any:
        found.saw(sql)
        return rows(sql, *params)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kept, "rows", seen)
        patched.setattr(kept, "_once", found)
        patched.setattr(kept, "_kept", found)
        everything(kept)
    return found


def test_each_reading_names_every_table_that_it_reads(traced: Traced) -> None:
    for key, tables in traced.declared.items():
        beyond = traced.read_by[key] - tables if tables is not None else traced.read_by[key] & _OF_TALK
        assert not beyond, f"{_name(key)} also hangs on {', '.join(sorted(beyond))}"
    sources = Path(studio.__file__).parent.rglob("*.py")
    users = sum(path.read_text("utf-8").count("store.once(") for path in sources if path.parent.name != "ui")
    told = {_name(key) for key in traced.declared if isinstance(key, tuple)} - _SMALL
    assert len(told) == users, f"{users} places keep something, and these were asked: {sorted(told)}"


def test_what_hangs_on_votes_and_guesses_reads_them_itself(traced: Traced) -> None:
    """What was read before would be kept as of now, although somebody may have guessed in between."""
    read = {_name(key): tables for key, tables in traced.read_by.items()}
    assert read["weighed"] == {"pairs", "votes", "guesses"}
    assert read["stability"] == read["voters"] == {"pairs", "votes"}


def test_there_is_room_for_the_rounds_that_are_worked_out_ahead(traced: Traced) -> None:
    """With three arms each; else the second would put out what the first one left."""
    large = [key for key in traced.declared if _name(key) not in _SMALL]
    assert read_ahead._ROUNDS * len(large) <= LARGE_ONES


def test_no_two_readings_wait_for_each_other(traced: Traced) -> None:
    assert "weighed" in TopologicalSorter(traced.asked_by).static_order(), "which raises where they go in a circle"


# -- what is handed out after an act ---------------------------------------------------------------


def test_after_whatever_people_do_all_that_is_handed_out_is_of_now(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each part a table is written to once, so that no act brings to light what another left behind."""
    done: list[Act] = []
    before = everything(store)
    for part in (_renamed_priced_trashed_and_guessed, _written_anew_and_meant_otherwise, _taken_back):
        part(store, done)
        now = everything(store)
        with monkeypatch.context() as patched:
            patched.setattr(store, "_once", Kept())
            patched.setattr(store, "_kept", Kept())
            fresh = everything(store)
        stale = [name for name, told in fresh.items() if now.get(name) != told]
        assert not stale, f"after {part.__name__}"
        assert now["material"] != before["material"], f"{part.__name__} changed something"
        before = now


def _renamed_priced_trashed_and_guessed(store: Store, done: list[Act]) -> None:
    found = closed_round(store)
    by_kind = {arm.kind: arm for arm in arms.every(store, found.project)}
    prompt, tuned = by_kind[ArmKind.prompted], by_kind[ArmKind.tuned]
    saved = [to_json(replace(prompt, system_prompt="Be brief.", version=prompt.version + 1)),
             to_json(replace(tuned, name="The house", version=tuned.version + 1))]  # fmt: skip
    for arm in saved:
        del arm["project"]
    price = {"model": prompt.model, "million_in": 1.0, "million_out": 2.0, "currency": "EUR"}
    learned = next(e for e in examples.every(store, found.project) if e.status is Status.approved)
    done += [
        *(store.act("arm.saved", MAKER, {"arm": arm}, found.project) for arm in saved),
        store.act("token_price.set", MAKER, price, found.project),
        store.act("examples.trashed", MAKER, {"ids": [learned.id], "trashed": True}, found.project),
    ]
    names, told = people.names(store), {each.reviewer for each in guesses.of_round(store, found.id)}
    votes = rounds.votes(store, found.id)
    late = next(who for who in names if who not in told and any(vote.reviewer == who for vote in votes))
    pairs = {vote.pair: "left" for vote in votes if vote.reviewer == late}
    store.act("exit.guessed", late, {"round": found.id, "guesses": pairs}, found.project)


def _written_anew_and_meant_otherwise(store: Store, done: list[Act]) -> None:
    found = closed_round(store)
    asked = found.registration["dataset"]
    base = next(arm for arm in arms.every(store, found.project) if arm.kind is ArmKind.base)
    rows = [to_json(each) | {"output": "Call 0171 2345678."} for each in arms.generations(store, asked, base.id)]
    outputs_now = {"dataset": asked, "job": "", "rows_blob": store.put_blob(canonical(rows))}
    meant = briefs.latest(store, found.project)
    assert meant is not None
    done += [
        store.act("generations.stored", MAKER, outputs_now, found.project),
        store.act("dataset.renamed", MAKER, {"id": asked, "name": "Autumn"}, found.project),
        store.act("brief.saved", MAKER, next_version(meant, note="", changes_meaning=True), found.project),
    ]
    person(store, "Rosa", Role.reviewer)


def _taken_back(store: Store, done: list[Act]) -> None:
    while done:
        store.undo(done.pop().seq, MAKER)


def test_a_certificate_rules_by_the_gates_that_stand_in_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although somebody writes an arm's answers anew while it is made."""
    found = closed_round(store)
    asked, gates = found.registration["dataset"], signing.gates
    (base, *_) = arms.every(store, found.project)
    rows = [to_json(each) | {"output": "Anew."} for each in arms.generations(store, asked, base.id)]
    anew = {"dataset": asked, "job": "", "rows_blob": store.put_blob(canonical(rows))}

    def meanwhile(*args: Any) -> Any:
        told = gates(*args)
        monkeypatch.setattr(signing, "gates", gates)
        store.act("generations.stored", MAKER, anew, found.project)
        return told

    monkeypatch.setattr(signing, "gates", meanwhile)
    assert verify(signing.certificate_of(store, found)).ok

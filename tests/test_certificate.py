"""Certificates: the same votes give the same verdict anywhere, and a changed byte is found and named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from round_seed import person, ready, vote_like_the_script

from studio import cli, export_command, signing
from studio.certificate import PARTS, verify
from studio.records import PairKind, Refusal, Role, canonical, sha256
from studio.review import rounds
from studio.review.preference import parse_votes, votes_report
from studio.store import Store
from studio.store import rounds as round_rows


@pytest.fixture(scope="module")
def voted(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, dict[str, Any]]:
    """A closed round's certificate without and with its texts, and what the studio itself says of it."""
    store = Store.open(tmp_path_factory.mktemp("certified"))
    seeded = ready(store, tests=24)
    plan = replace(seeded.plan, cap=12, second_readers=0.2, gold=2, gold_right=1, repeats=2)
    found = rounds.open_round(store, "maker", seeded.project, plan)
    with pytest.raises(Refusal, match="not closed"):
        signing.certificate_of(store, found)
    # By turns: in some draws the one who begins decides the round alone.
    for who in [person(store, name, Role.reviewer) for name in ("Rita", "Ravi")] * 30:
        found = vote_like_the_script(store, found, who, most=1)
    assert found.state == "closed"
    ruled = signing.ruling(store, found)
    told = {"verdict": ruled.verdict.value, "headline": ruled.headline, "votes": round_rows.votes(store, found.id),
            "pairs": round_rows.pairs(store, found.id), "head": store.head,
            "csv": export_command.votes_csv(store, seeded.project), "judged": signing.judged(store, found)}  # fmt: skip
    made = signing.certificate_of(store, found), signing.certificate_of(store, found, texts=True)
    store.close()
    return (*made, told)


def summed(found: dict[str, Any]) -> bytes:
    """With sums that fit, as somebody who knows the format could make them."""
    parts = {name: part for name, part in found.items() if name not in ("sums", "sha256")}
    whole = {**parts, "sums": {name: sha256(canonical(part)) for name, part in parts.items()}}
    return canonical({**whole, "sha256": sha256(canonical(whole))})


def test_a_certificate_gives_the_studios_own_verdict(voted: tuple[bytes, bytes, dict[str, Any]]) -> None:
    plain, texts, told = voted
    for content in (plain, texts):
        found = verify(content)
        assert (found.problems, found.ok) == ((), True)
        assert (found.verdict, found.headline, found.head) == (told["verdict"], told["headline"], told["head"])
        assert {line.split(":")[0] for line in found.attested} >= {"Same outputs as registered", "Nothing is stale"}
        assert content == canonical(json.loads(content))
    assert summed(json.loads(plain)) == plain


def test_the_votes_table_of_the_round_says_the_same(voted: tuple[bytes, bytes, dict[str, Any]]) -> None:
    report, judged = votes_report(parse_votes(voted[2]["csv"].decode())), voted[2]["judged"]
    assessed, checked = judged.subject
    assert report["raters"]["sentence"].rpartition("; ")[0] == judged.raters.sentence.rpartition("; ")[0] != ""
    assert report["assignment"]["left"] == checked.assignment.left
    told = sorted((pair["theta"], pair["length"]["equal"]) for pair in report["pairs"])
    own = sorted((a.theta, c.length.equal) for a, c in zip(assessed.against, checked.against, strict=True))
    assert told == [(pytest.approx(theta), pytest.approx(equal)) for theta, equal in own]


def test_a_certificate_names_no_person_and_shows_no_text(voted: tuple[bytes, bytes, dict[str, Any]]) -> None:
    plain, texts, told = voted
    held = json.loads(plain)
    assert len(held["votes"]) == len(told["votes"]) and len({v["reviewer"] for v in held["votes"]}) == 2
    assert {p["kind"] for p in held["pairs"]} == {PairKind.real, PairKind.gold, PairKind.repeat}
    for vote in told["votes"]:
        assert vote.reviewer.encode() not in plain
    for pair in told["pairs"]:
        assert canonical(pair.left) not in plain and canonical(pair.left) in texts


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_changed_byte_is_found(voted: tuple[bytes, bytes, dict[str, Any]], data: st.DataObject) -> None:
    content = bytearray(voted[1])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    found = verify(bytes(content))
    assert not found.ok and all(problem.endswith(".") for problem in found.problems)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_bytes_cut_off_or_put_in_are_found(voted: tuple[bytes, bytes, dict[str, Any]], data: st.DataObject) -> None:
    content = voted[0]
    place = data.draw(st.integers(0, len(content)))
    more = data.draw(st.binary(max_size=3))
    changed = content[:place] + more + content[place + (not more) :]
    assert changed == content or not verify(changed).ok


@pytest.mark.parametrize("part", list(PARTS))
def test_the_part_that_was_changed_is_named(voted: tuple[bytes, bytes, dict[str, Any]], part: str) -> None:
    found = json.loads(voted[0])
    found[part] = {"other": 1}
    (problem,) = verify(canonical(found)).problems
    assert PARTS[part][4:] in problem


def other_votes(held: dict[str, Any]) -> None:
    for vote in held["votes"]:
        vote["choice"] = "b" if vote["choice"] == "a" else vote["choice"]


def gold_once_more(held: dict[str, Any]) -> None:
    gold = {pair["id"] for pair in held["pairs"] if pair["kind"] == "gold"}
    held["votes"].append(next(dict(vote) for vote in held["votes"] if vote["pair"] in gold))


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "votes": (other_votes, "its votes give"),
    "side": (lambda held: held["pairs"][0].update(candidate_left=not held["pairs"][0]["candidate_left"]),
             "does not deal the sides"),
    "registration": (lambda held: held["registration"].update(theta_min=0.6), "not the one that was hashed"),
    "order": (lambda held: held["round"]["tests"].reverse(), "for gates Assignment audit; its votes give 'failed'"),
    "verdict": (lambda held: held["verdict"].update(verdict="GO"), "for verdict; its votes give"),
    "rule": (lambda held: held["rule"].update(go_evidence=20.0), "another version of the rule"),
    "text": (lambda held: held["pairs"][0]["left"].update(text="!"), "A text of pair"),
    "twice": (gold_once_more, "two votes on one pair"),
    "stranger": (lambda held: held["votes"][0].update(pair="nobody's"), "cannot be run again"),
    "choice": (lambda held: held["votes"][0].update(choice="left"), "cannot be run again"),
    "shape": (lambda held: held["pairs"].insert(0, None), "cannot be run again"),
}  # fmt: skip


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_change_with_fitting_sums_is_found_by_running_it_again(
    voted: tuple[bytes, bytes, dict[str, Any]], change: str
) -> None:
    held = json.loads(voted[1])
    alter, told = CHANGES[change]
    alter(held)
    found = verify(summed(held))
    assert not found.ok and any(told in problem for problem in found.problems), found.problems


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b"null", b'{"sums":', b"[" * 100_000, b"\xff\xfe", b'{"sums":"\\ud800"}']
)
def test_what_is_no_certificate_is_said_so(content: bytes) -> None:
    found = verify(content)
    assert not found.ok and len(found.problems) == 1


def test_the_command_runs_it_without_a_workspace_or_a_model(
    voted: tuple[bytes, bytes, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "certificate.json"
    file.write_bytes(voted[0])
    sum_ = json.loads(voted[0])["sha256"]
    assert cli.main(["verify", str(file), "--sha256", sum_, "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["ok"], told["verdict"], told["problems"]) == (True, voted[2]["verdict"], [])
    assert cli.main(["verify", str(file), "--sha256", "0" * 64]) == 1
    assert cli.main(["verify", str(tmp_path / "none.json")]) == 1
    run = (
        "import sys; from studio import cli; cli.main(sys.argv[1:]); "
        "sys.exit(any(m in sys.modules for m in ('torch', 'duckdb', 'streamlit', 'transformers')))"
    )
    subprocess.run([sys.executable, "-c", run, "verify", str(file)], check=True, cwd=tmp_path, capture_output=True)

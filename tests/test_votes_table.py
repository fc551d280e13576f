"""The votes table: what is read, what is refused with its row and column, and what the report says."""

from __future__ import annotations

import csv
import io
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.records import Refusal
from studio.review.preference import COLUMNS, parse_votes, read_votes, votes_report, write_votes

KEYS = {
    "n_prompts", "n_votes", "theta", "interval", "se_prompt", "e_go", "e_no_go", "verdict", "both_bad_share",
    "agreement", "position", "slices", "ranking",
}  # fmt: skip


def row(prompt: int = 0, choice: str = "a", **more: object) -> dict[str, Any]:
    base = {"prompt": f"p{prompt}", "reviewer": "ann", "arm_a": "tuned", "arm_b": "base", "shown_left": "tuned"}
    return {**base, "choice": choice, **more}


def table(wins: int, ties: int, losses: int, **more: object) -> list[dict[str, Any]]:
    choices = ["a"] * wins + ["tie"] * ties + ["b"] * losses
    return [row(i, c, shown_left="ab"[i % 2], **more) for i, c in enumerate(choices)]


def test_the_report_has_the_promised_keys_and_is_json() -> None:
    report = votes_report(table(60, 10, 30))
    assert set(report) >= KEYS
    assert set(report["agreement"]) >= {"raw", "alpha_nominal", "alpha_ordinal", "ac1"}
    assert set(report["position"]) >= {"left", "decisive", "p"}
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert (report["n_prompts"], report["n_votes"], report["theta"]) == (100, 100, 0.65)
    assert report["e_go"] == pytest.approx(77.6894, abs=5e-5)
    assert report["verdict"] == "KEEP_COLLECTING"
    assert report["projection"]["more"] > 0
    assert [standing["arm"] for standing in report["ranking"]] == ["tuned", "base"]


def test_three_reviewers_a_prompt_t7() -> None:
    prompts = ["www", "wwt", "llt", "wlw", "www", "ttt", "lll", "wwl"]
    words = {"w": "a", "l": "b", "t": "both_bad"}
    votes = [row(i, words[c], reviewer=f"r{k}") for i, told in enumerate(prompts) for k, c in enumerate(told)]
    report = votes_report(votes)
    assert (report["n_prompts"], report["n_votes"]) == (8, 24)
    assert report["theta"] == pytest.approx(0.604167, abs=5e-7)
    assert report["se_prompt"] == pytest.approx(0.129627, abs=5e-7)
    assert report["e_go"] == pytest.approx(1.2786, abs=5e-5)
    assert report["agreement"]["alpha_nominal"] == pytest.approx(0.4860, abs=5e-5)
    assert report["agreement"]["alpha_ordinal"] == pytest.approx(0.4771, abs=5e-5)
    assert report["agreement"]["ac1"] == pytest.approx(0.51637, abs=5e-6)
    assert report["both_bad_share"] == pytest.approx(5 / 24)


@pytest.mark.parametrize(
    ("votes", "cap", "verdict"),
    [
        (table(70, 0, 30), None, "GO"),
        (table(10, 0, 40), None, "NO_GO"),
        (table(120, 0, 80), None, "KEEP_COLLECTING"),
        (table(120, 0, 80), 200, "GO"),
        (table(105, 0, 95), 200, "INCONCLUSIVE"),
        (table(70, 0, 30, shippable_a="no"), None, "NO_GO"),
        (table(70, 0, 30, shippable_a="yes"), None, "GO"),
        (table(70, 0, 30, scripted="yes"), None, "INCONCLUSIVE"),
    ],
)
def test_verdicts(votes: list[dict[str, Any]], cap: int | None, verdict: str) -> None:
    assert votes_report(votes, cap=cap)["verdict"] == verdict


def test_the_report_says_how_far_it_can_be_trusted() -> None:
    votes = [{**r, "length_a": 100 + i % 7 * 10, "length_b": 120, "reviewer": f"r{i % 3}"}
             for i, r in enumerate(random.Random(5).sample(table(70, 10, 20), 100))]  # fmt: skip
    report = votes_report(votes, guesses=(34, 50))
    assert report["assignment"]["pairs"] == 100 and report["assignment"]["e_value"] < 1
    assert report["length"]["survives"] is True and report["length"]["interval"][0] > 0.5
    assert report["two_way"]["by_prompt"] == pytest.approx(report["se_prompt"])
    assert [w["votes"] for w in report["leave_one_out"]["without"]] == [34, 33, 33]
    assert report["exit_guess"]["p"] == pytest.approx(0.0077, abs=5e-5)
    assert (report["verdict"], report["in_words"]) == ("GO", "go")
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    for key in ("assignment", "length", "two_way", "leave_one_out", "exit_guess", "agreement", "position"):
        assert report[key]["sentence"].endswith(".")


def test_a_go_that_rests_on_length_is_called_so_and_stays_a_go() -> None:
    """The candidate's answers are longer; where they are much longer they win, else it is even."""
    votes = []
    for i in range(200):
        much = i % 2 == 0
        choice = "a" if (much and i % 10) or (not much and i % 4 == 1) else "b"
        votes.append(row(i, choice, shown_left="ab"[i // 4 % 2], length_a=300 if much else 104, length_b=100))
    report = votes_report(votes)
    assert (report["verdict"], report["in_words"]) == ("GO", "go, length-dependent")
    assert report["length"]["survives"] is False and report["length"]["longer"] == 1.0


def test_scripted_votes_are_told_apart() -> None:
    report = votes_report(table(70, 0, 30, scripted="yes"))
    assert (report["votes_alone"], report["scripted_votes"]) == ("GO", 100)


def test_the_order_of_the_rows_does_not_matter_without_a_cap() -> None:
    votes = table(60, 20, 40)
    mixed = random.Random(3).sample(votes, len(votes))
    first, second = votes_report(votes), votes_report(mixed)
    for key in ("theta", "interval", "e_go", "e_no_go", "verdict", "se_prompt"):
        assert first[key] == pytest.approx(second[key]) if key != "verdict" else first[key] == second[key]


def test_prompts_beyond_the_cap_do_not_count() -> None:
    report = votes_report(table(120, 0, 80), cap=100)
    assert (report["n_prompts"], report["theta"], report["beyond_cap"]) == (100, 1.0, 100)


def test_position_reads_the_side_by_letter_or_by_name() -> None:
    by_name = [row(0, "a", shown_left="tuned"), row(1, "b", shown_left="tuned"), row(2, "b", shown_left="base")]
    by_letter = [row(0, "a", shown_left="a"), row(1, "b", shown_left="a"), row(2, "b", shown_left="b")]
    for votes in (by_name, by_letter):
        position = votes_report([*votes, row(3, "tie")])["position"]
        assert (position["left"], position["decisive"]) == (2, 3)


def test_slices_are_guardrails() -> None:
    votes = [{**r, "slice": "refunds" if i < 100 else "upset"} for i, r in enumerate(table(100, 0, 25))]
    report = votes_report(votes)
    assert {name: found["state"] for name, found in report["slices"].items()} == {
        "refunds": "cleared",
        "upset": "regressed",
    }
    assert report["verdict"] == "NO_GO"


def test_several_baselines_may_have_their_own_prompts() -> None:
    votes = table(70, 0, 30) + [row(i + 50, "ab"[i % 2], arm_b="prompted") for i in range(60)]
    report = votes_report(votes)
    assert {(p["baseline"], p["n_prompts"]) for p in report["pairs"]} == {("base", 100), ("prompted", 60)}
    assert (report["baseline"], report["verdict"], report["n_prompts"]) == ("prompted", "KEEP_COLLECTING", 110)


def test_a_cheaper_candidate_that_passes_is_the_one_named() -> None:
    prompted = [row(i, "a", arm_a="prompted", shown_left="a") for i in range(40)]
    tuned = [row(i, "a", arm_a="tuned", arm_b="prompted") for i in range(40)]
    assert votes_report(prompted + tuned)["candidate"] == "prompted"
    assert len(votes_report(prompted + tuned)["ranking"]) == 3


def test_skips_and_gold_pairs_judge_no_arm() -> None:
    extra = [row(90, "skip"), row(91, "b", gold="base"), row(92, "a", gold="base", reviewer="bo")]
    plain, report = votes_report(table(6, 2, 4)), votes_report(table(6, 2, 4) + extra)
    assert (report["theta"], report["n_votes"], report["n_prompts"]) == (plain["theta"], 12, 12)
    assert report["skips"] == 1
    assert report["gold"] == {
        "n": 2,
        "right": 1,
        "reviewers": {"ann": {"n": 1, "right": 1}, "bo": {"n": 1, "right": 0}},
    }


def test_reviewers_are_judged_by_gold_repeats_and_sentinels_and_leave_by_gold_alone() -> None:
    extra = [
        *(row(n, "b", gold="base") for n in (90, 91)), row(90, "a", gold="base", reviewer="bo"),
        row(91, "tie", gold="base", reviewer="bo"), row(0, "a", kind="repeat"), row(9, "a", kind="repeat"),
        row(95, "tie", kind="sentinel", arm_b="tuned", shown_left="a"), row(50, "a", reviewer="bo"),
    ]  # fmt: skip
    votes = table(6, 2, 4) + extra
    report = votes_report(votes)
    ann, bo = report["raters"]["raters"]
    assert (ann["gold"], ann["repeats"], ann["sentinels"]) == (
        {"right": 2, "n": 2}, {"right": 1, "n": 2}, {"right": 1, "n": 1}
    )  # fmt: skip
    assert (bo["gold"], report["raters"]["excluded"], report["n_votes"]) == ({"right": 0, "n": 2}, [], 13)
    strict = votes_report(votes, gold_right=1)
    assert (strict["raters"]["excluded"], strict["n_votes"]) == (["bo"], 12)
    assert "1 left the count" in strict["raters"]["sentence"]
    with pytest.raises(Refusal, match="2 gold pairs"):
        votes_report(votes, gold_right=3)


@pytest.mark.parametrize(
    ("wrong", "column"),
    [
        (row(1, "left"), "choice"),
        (row(1, "A"), "choice"),
        (row(1, ""), "choice"),
        (row(1, shown_left="right"), "shown_left"),
        (row(1, reviewer=" "), "reviewer"),
        (row(1, arm_b="tuned"), "arm_b"),
        (row(1, slice="x", note="hm"), "note"),
        (row(1, shippable_a="maybe"), "shippable_a"),
        (row(1, gold="other"), "gold"),
        (row(1, kind="golden"), "kind"),
        (row(1, kind="gold"), "gold"),
        (row(1, kind="repeat", gold="base"), "gold"),
        (row(1, kind="sentinel", arm_b="tuned"), "shown_left"),
        (row(1, length_a="-3"), "length_a"),
        (row(1, seconds="soon"), "seconds"),
        (row(1, length_b="long"), "length_b"),
        (row(1, scripted="1"), "scripted"),
        ({**row(1), "choice": None}, "choice"),
        ({**row(1), None: ["more"]}, "(none)"),
        (row(0, "b"), "reviewer"),
        (row(1, arm_a="base", arm_b="tuned"), "arm_a"),
        (row(0, reviewer="bo", slice="x"), "slice"),
        (row(1, arm_a="b", arm_b="a", shown_left="b"), "shown_left"),
    ],
)
def test_a_wrong_row_is_named_with_its_column(wrong: dict[str, Any], column: str) -> None:
    with pytest.raises(Refusal) as refused:
        votes_report([row(0), row(5), wrong])
    assert f"Row 3 below the header, column {column}:" in str(refused.value)


@pytest.mark.parametrize("column", ["prompt", "reviewer", "arm_a", "arm_b", "shown_left", "choice"])
def test_a_missing_column_is_named(column: str) -> None:
    votes = [{k: v for k, v in r.items() if k != column} for r in table(3, 0, 0)]
    with pytest.raises(Refusal, match=column):
        votes_report(votes)


@pytest.mark.parametrize("votes", [[], [row(0, "skip")], [row(0, "a", gold="tuned")]])
def test_a_table_without_votes_is_refused(votes: list[dict[str, Any]]) -> None:
    with pytest.raises(Refusal):
        votes_report(votes)


def test_text_that_is_no_table_is_refused() -> None:
    assert parse_votes("\ufeffprompt,reviewer\np,r\n") == [{"prompt": "p", "reviewer": "r"}]
    for text in ('prompt,reviewer\n"p,r\n', "prompt,prompt\na,b\n"):
        with pytest.raises(Refusal):
            parse_votes(text)
    for text in ("", "prompt,reviewer,arm_a,arm_b,shown_left,choice\n"):
        with pytest.raises(Refusal, match="empty"):
            read_votes(parse_votes(text))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_no_cell_is_a_formula(start: str) -> None:
    text = write_votes([row(0, reviewer=f"{start}1+1", slice=f"'{start}x")])
    (cells,) = csv.DictReader(io.StringIO(text, newline=""))
    assert cells["reviewer"] == f"'{start}1+1"
    assert all(cell[:1] not in "=+-@\t\r\n＝＋－＠" for cell in cells.values() if cell)


def test_an_unknown_column_is_not_written() -> None:
    with pytest.raises(Refusal, match="secret"):
        write_votes([row(0, secret="x")])


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12).filter(
    lambda text: text.strip() == text
)


@settings(deadline=None)
@given(TEXT, TEXT, st.sampled_from(["a", "b", "tie", "both_bad", "skip"]), st.sampled_from([None, True, False]))
def test_what_is_written_is_read_again(prompt: str, reviewer: str, choice: str, ships: bool | None) -> None:
    told = row(0, choice, reviewer=reviewer, shippable_a=ships, length_a=12, scripted=True, seconds=12.34)
    text = write_votes([{**told, "prompt": prompt}])
    (vote,) = read_votes(parse_votes(text))
    ballot = vote.ballot
    assert (ballot.prompt, ballot.reviewer, ballot.choice.value) == (prompt, reviewer, choice)
    assert (ballot.candidate_left, ballot.shippable_a, ballot.scripted) == (True, ships, True)
    assert text.splitlines()[0] == ",".join(COLUMNS)

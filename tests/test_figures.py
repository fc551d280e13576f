"""Every figure of a decision: each id once, each on as many rows as its n says, and all of them in a file."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from round_seed import MAKER, ready
from scipy import stats
from voted_round import closed_round

from studio import export_command, figures
from studio.cells import csv_table
from studio.decision import Gate, GateState
from studio.evaluate.costs import Estimate, quantile
from studio.figures import Basis, Material, on_price, on_tradeoff
from studio.figures.figure import figure_id
from studio.payback import Served, Spent, returned
from studio.records import Refusal
from studio.review import rounds
from studio.store import Store
from studio.tradeoff import KEPT, PREFERRED, Point, Tradeoff


@pytest.fixture(scope="module")
def made(kept: Store) -> Material:
    return figures.material(kept, closed_round(kept))


def test_every_figure_rests_on_as_many_rows_as_it_says(made: Material) -> None:
    listed = figures.listed(made)
    assert len({each.id for each in listed}) == len(listed) > 200
    for each in listed:
        rows = figures.rows_of(made, each)
        found = figures.answers_of(made, each)
        assert each.behind is None or figures.count(rows, each.counts) + len(found) == each.n, each.id
        assert len({(row.pair.id, row.vote.reviewer) for row in rows}) == len(rows), f"{each.id} has a vote twice"
        assert each.sentence and each.name and each.section, each.id
    seen = {each.behind.basis for each in listed if each.behind and each.n}
    assert seen == set(Basis) - {Basis.priced}, "the round has something of everything; its candidate was not tuned"


def test_kinds_of_input_are_called_as_the_page_calls_them(made: Material) -> None:
    kinds = {pair.slice for pair in made.pairs if "_" in pair.slice}
    listed = figures.listed(made)
    assert kinds and not [each.id for each in listed for kind in kinds if kind in each.name + each.sentence]
    gates = [gate for gate in made.told.ruling.gates if gate.is_slice and gate.title != gate.name]
    titles = {each.id: each.name for each in listed}
    assert gates and all(titles[figure_id("gates", gate.name)] == gate.title for gate in gates), "ids stay as they were"
    odd = Gate("out_of_scope against v_2 against base", GateState.open, "Slice out of scope: no prompts yet.")
    assert odd.title == "out of scope against v_2 against base"
    assert replace(odd, sentence="Not about one.").title == odd.name


def test_evidence_is_told_as_what_a_bettor_has_by_now(made: Material) -> None:
    """Also where it lost: evidence below one is no odds at which a bet was lost."""
    told = {f.id.rpartition("/")[2]: f for f in figures.listed(made) if f.id.startswith("preference/")}
    for key, bound in (("go", "a go at 100"), ("no_go", "a no-go at ")):
        assert f"has {told[key].value:,.1f} now; {bound}" in told[key].sentence


def test_the_rows_are_counted_in_words(made: Material) -> None:
    arm, other = made.found.candidates[0].arm, made.found.candidates[0].baselines[0]
    theta = figures.named(figures.listed(made), f"preference/{arm}/{other}/theta")
    assert theta is not None
    votes = figures.rows_of(made, theta)
    assert figures.summed_up(theta, votes) == f"{len(votes)} votes on {theta.n} prompts" and len(votes) > theta.n
    assert [row.pair.position for row in votes] == sorted(row.pair.position for row in votes)
    assert figures.named(figures.listed(made), "no such figure") is None


def test_ids_hold_whatever_people_called_things() -> None:
    assert figure_id("reasons", "a/b", "c") != figure_id("reasons", "a", "b/c")
    assert figure_id("x", "50%") != figure_id("x", "50%25")


def test_they_leave_as_a_table_with_what_they_are_about(kept: Store, made: Material, tmp_path: Path) -> None:
    listed = figures.of_round(kept, made.found)
    asked = {"what": "figures", "project": made.found.project}
    frames = []
    for form, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        out = tmp_path / f"figures.{form}"
        told = export_command.export(kept, {**asked, "format": form, "out": str(out)})
        assert told["rows"] == len(listed) and told["head"] == kept.head
        frames.append(read(io.BytesIO(out.read_bytes())))
    for frame in frames:
        assert list(frame["id"]) == [each.id for each in listed]
        assert set(frame["head"]) == {kept.head} and set(frame["registration"]) == {made.found.sha256}
        values = [float("nan") if each.value is None else float(each.value) for each in listed]
        assert frame["value"].to_list() == pytest.approx(values, abs=0, rel=1e-15, nan_ok=True)
    assert list(frames[0]["n"]) == list(frames[1]["n"]) == [each.n for each in listed]


def test_the_return_on_tuning_is_the_mean_of_its_rows() -> None:
    tuned = Served("Tuned", (0.001, 0.003), "by the token", ("a", "b"))
    prompt = Served("Prompt", (0.004, 0.005), "by the token", ("a", "b"))
    found = returned(tuned, prompt, (Spent("training", 1.0, 5.0),), (), "EUR")
    told = {each.id: each for each in on_price.listed(found)}
    for name in ("price/tuned", "price/prompt", "price/saving"):
        figure = told[name]
        assert figure.behind is not None
        rows = list(on_price.answers(found, figure.behind))
        assert len(rows) == figure.n == 2 and figure.unit == "EUR"
        assert figure.value == pytest.approx(1000 * sum(row.value or 0 for row in rows) / 2)
    assert told["price/once/0"].value == 5 and told["price/answers/0"].value == pytest.approx(5000 / 2.5)


def test_a_point_of_the_picture_is_the_mean_or_the_median_of_its_rows() -> None:
    took = [0.4, 0.9, 0.2, 0.7, 0.3, 1.6, 0.5, 0.6]
    seconds, kept = {f"timed {n}": each for n, each in enumerate(took)}, {"a": 0.5, "b": 1.0}
    point = Point("Tuned", Estimate(0.75, 0.1, 1.0, 2), None, quantile(took, 0.5), "t", {"quality": kept,
                  "seconds": seconds})  # fmt: skip
    told = Tradeoff((point,), KEPT, "")
    rules, half = on_tradeoff.listed(told)
    assert rules.behind is not None and half.behind is not None
    behind = [list(on_tradeoff.answers_in(told, each)) for each in (rules.behind, half.behind)]
    values = [[row.value or 0 for row in rows] for rows in behind]
    assert rules.value == pytest.approx(np.mean(values[0])) and [row.against for row in behind[0]] == [True, False]
    assert half.value == pytest.approx(np.median(values[1])) and half.n == len(values[1])
    first, second = stats.binom.cdf([0, 1], 8, 0.5)
    assert first <= 0.025 < second, "only the least and the greatest of eight leave at most 2.5 % on either side"
    assert (half.low, half.high) == (sorted(took)[0], sorted(took)[7])
    assert [row.told for row in behind[1]][:2] == ["0.4 s", "0.9 s"]
    others = replace(told, quality=PREFERRED)
    assert list(on_tradeoff.answers_in(others, half.behind)) == [], "the other picture's"


def test_a_file_guards_texts_and_leaves_numbers() -> None:
    assert csv_table([("a", "b"), ("=1+1", -0.5), ("é", None)]).decode("utf-8-sig").split() == [
        "a,b", "'=1+1,-0.5", "é,",
    ]  # fmt: skip


def test_an_open_round_has_none(store: Store) -> None:
    seeded = ready(store, tests=8)
    found = rounds.open_round(store, MAKER, seeded.project, seeded.plan)
    with pytest.raises(Refusal, match="not closed"):
        figures.of_round(store, found)

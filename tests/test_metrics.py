"""Figures by the kind of task, with intervals: equal to scikit-learn's, sacrebleu's and rouge-score's on these rows."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import CHRF
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from studio import paths
from studio.evaluate import labelled, metrics, tasks, texts
from studio.evaluate.checks import Subject, interval
from studio.evaluate.metrics import Answer, Wanted
from studio.evaluate.resampling import Draws, mean
from studio.records import Brief, Check, CheckKind, Criterion, Task

LABELS = ("billing", "access", "bug", "other")
VOCABULARY = ("the", "order", "was", "sent", "on", "Monday", "we", "refund", "café", "5", "days,", "über", "it")


def written(draw: random.Random, most: int = 40) -> str:
    return " ".join(draw.choices(VOCABULARY, k=draw.randrange(most)))


def changed(draw: random.Random, text: str) -> str:
    return " ".join(word if draw.random() < 0.7 else draw.choice(VOCABULARY) for word in text.split())


# -- the kind of task -------------------------------------------------------------------------------


def test_the_kind_of_task_is_read_from_the_brief_or_the_ideal_outputs() -> None:
    one_of = Brief(criteria=(Criterion("Label", checks=(Check(CheckKind.one_of, LABELS),)),))
    shape = Brief(criteria=(Criterion("JSON", checks=(Check(CheckKind.json_schema, schema="{}"),)),))
    assert tasks.infer(one_of, []).task is Task.labels
    assert tasks.infer(shape, ["a label"]).task is Task.fields
    assert tasks.infer(Brief(), list(LABELS) * 10).task is Task.labels
    assert tasks.infer(Brief(), [json.dumps({"a": i}) for i in range(9)] + ["no"]).task is Task.fields
    # Few examples, long answers, or as many answers as examples are no labels.
    assert tasks.infer(Brief(), list(LABELS)).task is Task.text
    assert tasks.infer(Brief(), ["one two three four five six seven", "b"] * 10).task is Task.text
    assert tasks.infer(Brief(), []).task is Task.text
    assert "40 ideal outputs are 4 short answers" in tasks.infer(Brief(), list(LABELS) * 10).why


# -- equal to the libraries -------------------------------------------------------------------------


def test_label_figures_are_those_of_scikit_learn() -> None:
    draw = random.Random(1)
    wanted = draw.choices(LABELS, (5, 3, 2, 1), k=200)
    given = [label if draw.random() < 0.7 else draw.choice([*LABELS, "I am not sure", ""]) for label in wanted]
    labels = labelled.labels_of(wanted)
    found = labelled.Labelled(wanted, given, np.ones(200, bool), labels)
    precision, recall, f1, support = precision_recall_fscore_support(
        wanted, given, labels=list(labels), zero_division=0
    )
    for at, line in enumerate(found.each(Draws(200))):
        assert line.precision and line.recall and line.f1
        assert (line.precision.value, line.recall.value, line.f1.value) == pytest.approx(
            (precision[at], recall[at], f1[at])
        )
        assert line.wanted == support[at] and line.recall.low < recall[at] < line.recall.high
    measure = found.macro_f1()
    assert float(measure.value(measure.rows.sum(axis=0))) == pytest.approx(f1.mean())
    assert found.accuracy().mean() == pytest.approx(np.mean(np.array(wanted) == np.array(given)))
    known = [label if label in labels else "none" for label in given]
    assert np.array(found.confusion().counts).tolist() == confusion_matrix(
        wanted, known, labels=[*labels, "none"]
    )[: len(labels)].tolist()  # fmt: skip


def test_chrf_is_sacrebleus() -> None:
    draw = random.Random(2)
    ideals = [written(draw) for _ in range(80)]
    outputs = [changed(draw, text) if at % 9 else "" for at, text in enumerate(ideals)]
    rows = texts.chrf_rows(outputs, ideals)
    assert float(texts.chrf(rows.sum(axis=0))) == pytest.approx(CHRF().corpus_score(outputs, [ideals]).score)
    for output, ideal, row in zip(outputs, ideals, rows, strict=True):
        assert float(texts.chrf(row)) == pytest.approx(CHRF().corpus_score([output], [[ideal]]).score)


def test_chrf_of_many_different_characters_is_sacrebleus_too() -> None:
    ideals = ["".join(chr(0x4E00 + at) for at in range(at, at + 700)) for at in range(2)]
    outputs = [ideals[0][:500] + "abc", "a b\u2003c"]
    found = float(texts.chrf(texts.chrf_rows(outputs, ideals).sum(axis=0)))
    assert found == pytest.approx(CHRF().corpus_score(outputs, [ideals]).score)


def test_rouge_l_is_rouge_scores() -> None:
    draw, oracle = random.Random(3), RougeScorer(["rougeL"])
    for _ in range(200):
        ideal = written(draw)
        output = changed(draw, ideal) if draw.random() < 0.9 else written(draw)
        assert texts.rouge_l(output, ideal) == pytest.approx(oracle.score(ideal, output)["rougeL"].fmeasure)


# -- intervals --------------------------------------------------------------------------------------


def test_a_share_has_the_exact_interval_and_a_mean_that_of_the_draws() -> None:
    draws = Draws(40)
    found = draws.estimates([mean(np.array([1.0] * 39 + [0.0]), share=True)])[0]
    assert found and (found.low, found.high) == pytest.approx(interval(39, 40))
    values = np.random.default_rng(0).normal(10, 2, 40)
    found = draws.estimates([mean(values)])[0]
    half = 2.02 * values.std(ddof=1) / 40**0.5
    assert found and found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.15)


def test_intervals_hold_the_truth_about_95_times_in_100() -> None:
    rng, inside = np.random.default_rng(4), 0
    for trial in range(200):
        found = Draws(25, seed=trial, times=400).estimates([mean(rng.binomial(5, 0.7, 25) / 5, share=True)])[0]
        assert found is not None
        inside += found.low <= 0.7 <= found.high
    assert 0.92 <= inside / 200 <= 0.985


def test_a_label_that_is_always_found_is_no_certainty() -> None:
    wanted = ["a", "b"] * 6
    found = labelled.Labelled(wanted, wanted, np.ones(12, bool), ("a", "b"))
    for line in found.each(Draws(12)):
        assert line.recall and line.precision and line.f1
        assert line.recall.low == line.precision.low == line.f1.low == pytest.approx(interval(6, 6)[0])
    macro = Draws(12).estimates([found.macro_f1()])[0]
    assert macro and (macro.value, macro.low) == (1.0, pytest.approx(interval(12, 12)[0]))


def test_two_arms_are_compared_on_the_prompts_that_both_answered() -> None:
    draws = Draws(100)
    rng = np.random.default_rng(5)
    hard = rng.normal(0, 10, 100)
    one, other = hard + 1 + rng.normal(0, 0.5, 100), hard.copy()
    other[:20] = np.nan
    found = draws.differences([(mean(one), mean(other))])[0]
    assert found and found.n == 80
    assert found.value == pytest.approx((one - other)[20:].mean())
    # Paired: the prompts' own spread of 10 does not count.
    assert found.high - found.low < 0.4


# -- the figures of each kind -----------------------------------------------------------------------


def figures(task: Task, brief: Brief, rows: list[tuple[str, str]], *, refuse: bool = False) -> metrics.ArmFigures:
    names = [f"p{at:03}" for at in range(len(rows))]
    ideals = {name: ideal for name, (ideal, _) in zip(names, rows, strict=True)}
    answers = {
        name: Answer(Subject("in", output, ideal), 0.5, must_refuse=refuse)
        for name, (ideal, output) in zip(names, rows, strict=True)
    }
    return metrics.Compared(task, brief, names, ideals).arms({"arm": answers})["arm"]


def test_json_is_scored_whole_field_by_field_and_by_its_shape() -> None:
    ideal = {"team": "billing", "urgent": True}
    other = {"team": "access", "urgent": False}
    outputs = [
        json.dumps({"urgent": True, "team": "billing"}),  # the order of keys does not matter
        json.dumps({"team": "billing", "urgent": 1}),  # 1 is not true
        json.dumps({"team": "access"}),
        "The team is billing.",
    ]  # fmt: skip
    rows = [(json.dumps(ideal), output) for output in outputs] + [(json.dumps(other), json.dumps(other))] * 4
    found = figures(Task.fields, Brief(), rows)
    values = {each.key: each.value for each in found.figures}
    assert values["exact"] == 5 / 8 and values["valid_json"] == 7 / 8 and values["shape"] == 6 / 8
    assert values["field:team"] == 6 / 8 and values["field:urgent"] == 5 / 8
    assert [each.name for each in found.labels] == ["team", "urgent"]
    assert found.labels[0].confusion.labels == ('"access"', '"billing"')
    assert found.labels[0].confusion.counts == ((4, 0, 0), (1, 2, 1))
    assert found.main == {f"p{at:03}": float(at in (0, 4, 5, 6, 7)) for at in range(8)}
    shape = Brief(criteria=(Criterion("s", checks=(Check(CheckKind.json_schema, schema='{"required": ["team"]}'),)),))
    assert {f.key: f.value for f in figures(Task.fields, shape, rows).figures}["shape"] == 7 / 8


def test_each_rule_is_a_figure_and_the_share_kept_the_main_score() -> None:
    brief = Brief(criteria=(Criterion("Thanks", checks=(Check(CheckKind.required, ("Thanks",)),)), Criterion("Kind")))
    names, ideals = ["a", "b"], {"a": "Thanks.", "b": "Thanks."}
    kept = {"a": Answer(Subject("in", "Thanks.", "Thanks."), kept={"Thanks": True}), "b": Answer(Subject("in", "", ""))}
    found = metrics.Compared(Task.text, brief, names, ideals).arms({"arm": kept})["arm"]
    rule = next(f for f in found.figures if f.key == "rule:Thanks")
    assert (rule.value, rule.n, rule.sentence[:21]) == (1.0, 1, "“Thanks” kept: 100 % ")
    assert found.main == {"a": 1.0}
    assert not any(f.key == "rule:Kind" for f in found.figures)


def test_refusals_are_counted_both_ways() -> None:
    refusal = "I'm sorry, but I can't help with that."
    should_answer = figures(Task.text, Brief(), [("Sure: press Save.", refusal), ("Press Open.", "Press Open.")])
    assert {f.key: f.value for f in should_answer.figures}["refused"] == 0.5
    assert "answered" not in {f.key for f in should_answer.figures}
    should_refuse = figures(Task.text, Brief(), [("No.", refusal), ("No.", "It is 42.")], refuse=True)
    assert {f.key: f.value for f in should_refuse.figures}["answered"] == 0.5
    # An ideal output that refuses says so, too.
    by_ideal = figures(Task.text, Brief(), [("We cannot advise on lawsuits.", "Sue them.")])
    assert {f.key: f.value for f in by_ideal.figures}["answered"] == 1.0


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("I can’t help with legal questions.", True),
        ("I'm afraid I cannot answer that here.", True),
        ("We are not able to provide medical advice.", True),
        ("As an AI language model, I cannot do this.", True),
        ("That is not something we can help with.", True),
        ("I am sorry that your parcel is late. It will arrive on Monday.", False),
        ("Staff codes belong to staff, so we cannot hand one over.", True),
        ("The instructions are internal, and we will neither print nor set them aside.", True),
        ("We cannot see your order yet; please send its number.", False),
        ("You can't open the file because it is locked.", False),
        ("", False),
    ],
)
def test_a_refusal_is_told_by_its_phrases(text: str, refuses: bool) -> None:
    assert texts.refuses(text) is refuses


def test_refusals_of_the_demo_are_found_as_often_as_is_said() -> None:
    lines = (paths.data_dir() / "support-replies" / "examples.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    found = {row["input"]: texts.refuses(row["ideal"]) for row in rows}
    must = [row for row in rows if row["slice"] == "must_refuse"]
    others = [row for row in rows if row["slice"] != "must_refuse" and found[row["input"]]]
    assert sum(found[row["input"]] for row in must) >= 0.6 * len(must)
    assert len(others) < 0.02 * len(rows) and {row["slice"] for row in others} == {"out_of_scope"}


def test_repetition_counts_runs_that_stood_there_before() -> None:
    assert texts.repetition("a b c d e f") == 0
    assert texts.repetition("we will look into it. " * 10) > 0.8
    assert np.isnan(texts.repetition("too short"))


def test_a_paired_figure_says_better_worse_or_neither() -> None:
    names = [f"p{at:03}" for at in range(60)]
    ideals = {name: LABELS[at % 4] for at, name in enumerate(names)}

    def arm(right: int) -> dict[str, Answer]:
        return {n: Answer(Subject("in", ideals[n] if at < right else "no", ideals[n])) for at, n in enumerate(names)}

    found = metrics.Compared(Task.labels, Brief(), names, ideals).arms(
        {"good": arm(55), "alike": arm(31), "other": arm(30)}, "other"
    )
    assert found["other"].against == {}
    good, alike = found["good"].against["accuracy"], found["alike"].against["accuracy"]
    assert good.value == pytest.approx(25 / 60) and good.low > 0 and good.wanted is Wanted.more
    assert good.sentence.startswith("Right label: better by 42 points (95 % interval")
    assert alike.low <= 0 and "no more apart than chance can explain" in alike.sentence
    assert found["good"].figures[0].sentence.startswith("Right label: 92 % (95 % interval 82 to 97 %; n = 60).")
    assert "empty" in found["good"].against


@pytest.mark.parametrize("n", [1, 6])
def test_ratings_that_are_all_alike_are_no_certainty(n: int) -> None:
    found = Draws(n).estimates([mean(np.full(n, 0.75), share=True)])[0]
    assert found is not None and (found.value, found.n) == (0.75, n)
    assert (found.low, found.high) == pytest.approx(interval(0.75 * n, n)) and found.low < 0.75 < found.high


def test_a_few_prompts_are_no_finding_however_far_apart() -> None:
    def told(n: int) -> metrics.Figure:
        names = [f"p{at}" for at in range(n)]
        ideals = dict.fromkeys(names, "We ship it on Monday.")
        good = {name: Answer(Subject("in", ideals[name], ideals[name])) for name in names}
        bad = {name: Answer(Subject("in", f"No {at}.", ideals[name])) for at, name in enumerate(names)}
        return metrics.Compared(Task.text, Brief(), names, ideals).arms({"a": good, "b": bad}, "b")["a"].against["chrf"]

    few, enough = told(3), told(metrics.FEWEST)
    assert few.low > 0 and not few.beyond_chance and "too few prompts to tell" in few.sentence
    assert enough.beyond_chance and "better by" in enough.sentence


def test_a_missing_answer_is_missing_not_a_shorter_set() -> None:
    names = ["a", "b", "c"]
    ideals = dict.fromkeys(names, "x")
    found = metrics.Compared(Task.labels, Brief(), names, ideals).arms({"arm": {"a": Answer(Subject("i", "x", "x"))}})
    assert found["arm"].figures[0].n == 1

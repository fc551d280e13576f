"""What tuning broke: the shipped items, the report by hand, and the job on a real (tiny) model with its adapter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from studio import baselines, projects, side_effects, supervisor
from studio.evaluate.side_effects import SKILLS, Items, Question, Report, Seen, items, prefers_right, report
from studio.generation.side_work import MEASURED
from studio.jobs import folder as job_folder
from studio.records import Prompt, Refusal
from studio.store import Store, arms
from studio.train.settings import resolve
from tests.tiny_model import WORDS, save_tiny_model


def test_the_shipped_items_are_enough_and_each_is_one_question() -> None:
    asked = items()
    counts = {skill: sum(q.skill == skill for q in asked.skills) for skill in SKILLS}
    assert sum(counts.values()) == len(asked.skills) >= 200 and min(counts.values()) >= 40 and len(counts) >= 5
    assert len({q.id for q in asked.skills}) == len(asked.skills)
    for question in asked.skills:
        ends = [question.right, *question.wrong]
        assert len(set(ends)) == len(ends) == (2 if question.skill == "grammar" else 4), question
    assert len(set(asked.neutral.values())) == 24 and len(set(asked.outside.values())) == 30


def test_the_right_end_is_the_likeliest_a_letter() -> None:
    question = Question("q", "facts", "Ice is", "cold", ("very very hot",))
    assert prefers_right(question, (-4.0, -13.1)) and not prefers_right(question, (-4.0, -12.9))


def _items(n: int) -> Items:
    skills = tuple(
        Question(f"{skill}{i}", skill, "a", "b", ("c", "d", "e")) for skill in ("facts", "sense", "numbers")
        for i in range(n)
    )  # fmt: skip
    return Items(skills, {f"t{i}": "text" for i in range(12)}, {f"o{i}": "ask" for i in range(12)})


def test_a_loss_is_named_only_when_it_is_beyond_chance_and_a_skill_at_chance_is_unmeasurable() -> None:
    asked = _items(40)
    base = Seen(
        {f"t{i}": 3.0 + i / 10 for i in range(12)},
        {q.id: (q.skill != "numbers" or int(q.id[7:]) % 4 == 0) for q in asked.skills},
        {f"o{i}": "a longer answer of some eight words or so" for i in range(12)},
    )
    same = report(asked, base, base)
    assert [skill.word for skill in same.skills] == ["held", "held", "unmeasurable"]
    assert not same.broken and "No damage beside the task was shown" in same.headline and "numbers" in same.headline
    assert "so few items (12 plain texts, 120 questions and 12 answers)." in same.headline
    worse = Seen(
        {name: loss + 0.2 + 0.01 * (i % 2) for i, (name, loss) in enumerate(base.neutral.items())},
        {name: right and not (name.startswith("facts") and int(name[5:]) < 12) for name, right in base.right.items()},
        {name: "I can't help with that." for name in base.answers},
    )
    found = report(asked, base, worse)
    assert [skill.word for skill in found.skills] == ["lost", "held", "unmeasurable"]
    facts = found.skills[0]
    # 12 lost, none gained: twice 1/2^12, for two measurable skills twice that.
    assert facts.p == pytest.approx(2 * 2 * 0.5**12) and facts.tuned.value == pytest.approx(28 / 40)
    assert found.loss.value == pytest.approx(0.205) and "worse than its base" in found.loss_sentence
    refusing = next(drift for drift in found.drifts if drift.name == "Answers that refuse")
    assert (refusing.base, refusing.tuned) == (0.0, 1.0)
    assert found.headline.startswith("Tuning broke something beside the task: plain prose surprises it 23 % more")
    fewer = replace(worse, right={n: r and n != "facts0" for n, r in base.right.items()}, neutral=base.neutral)
    assert [skill.word for skill in report(asked, base, fewer).skills] == ["held", "held", "unmeasurable"]


def test_a_few_more_refusals_than_before_are_no_damage() -> None:
    asked = _items(1)
    names = [f"o{i}" for i in range(30)]
    base = Seen(answers=dict.fromkeys(names, "With pleasure: boil it for ten minutes."))

    def refuses(count: int) -> Report:
        return report(asked, base, replace(base, answers=base.answers | dict.fromkeys(names[:count], "I can't help.")))

    # 5 against none: 2 / 2^5, for three shares three times that, though the t interval lies above 0.
    few = next(drift for drift in refuses(5).drifts if drift.name == "Answers that refuse")
    assert few.p == pytest.approx(3 * 2 / 2**5) and few.difference.low > 0 and not few.harms
    assert not refuses(5).broken
    many = next(drift for drift in refuses(7).drifts if drift.name == "Answers that refuse")
    assert many.p == pytest.approx(3 * 2 / 2**7) and many.harms and "answers that refuse" in refuses(7).headline


def test_without_answers_nothing_is_said_to_be_measured() -> None:
    assert report(_items(1), Seen(), Seen()).loss_sentence == "Not measured yet."


SMALL = Items(
    tuple(Question(f"facts-{n}", "facts", f"my {thing} is", "late", ("lost", "rug", "kettle"))
          for n, thing in enumerate(WORDS[2:5])),
    {"n1": "thanks for asking about the rug", "n2": "is my lamp late"},
    {"o1": "is my rug lost"},
)  # fmt: skip


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A tiny model and an adapter of it that learned something."""
    from studio.train import fit

    folder = tmp_path_factory.mktemp("tuned")
    rows = [fit.Row(f"r{n}", Prompt(f"my {WORDS[2 + n % 3]} is late"), "thanks for asking") for n in range(8)]
    settings = replace(resolve("strict_format", 8), epochs=2, learning_rate=1e-2, sample_tokens=2)
    tiny = save_tiny_model(folder / "tiny")
    fitted = fit.fit(tiny, rows, rows[:2], [], settings, folder / "made", lambda: False, lambda kind, **more: None)
    assert fitted.adapter is not None
    return tiny, fitted.adapter, fitted.adapter_sha256


def test_the_base_and_its_adapter_are_measured_and_a_kill_costs_nothing_that_was_measured(
    tuned: tuple[Path, Path, str], tmp_path: Path
) -> None:
    from studio.generation import side_work
    from studio.generation.local import LocalModel

    tiny, adapter, sha = tuned
    spec = {
        "model": {"sha256": "x"}, "arms": [{"id": "base"}, {"id": "t", "adapter": str(adapter), "adapter_sha256": sha}],
        "decoding": {"max_new_tokens": 4}, "neutral": dict(SMALL.neutral), "outside": dict(SMALL.outside),
        "skills": [{"id": q.id, "skill": q.skill, "start": q.start, "right": q.right, "wrong": list(q.wrong)}
                   for q in SMALL.skills],
    }  # fmt: skip
    told: list[dict[str, object]] = []
    asked = iter([False, False, True])
    stopped = side_work.measure(spec, tiny, tmp_path, lambda: next(asked), lambda kind, **more: told.append(more))
    first = job_folder.read_lines(tmp_path / MEASURED).rows
    assert stopped is None and 0 < len(first) < 12
    made = side_work.measure(spec, tiny, tmp_path, lambda: False, lambda kind, **more: told.append(more))
    assert made is not None and job_folder.read_lines(tmp_path / MEASURED).rows[: len(first)] == first
    seen = made["seen"]
    assert set(seen["base"]["neutral"]) == {"n1", "n2"} and set(seen["t"]["right"]) == {"facts-0", "facts-1", "facts-2"}
    assert seen["base"]["neutral"] != seen["t"]["neutral"] and told[-1]["done"] == told[-1]["total"] == 12
    model = LocalModel(tiny, "x")
    ((nats, tokens),) = model.likelihoods(side_work.ArmSpec("base"), [("", SMALL.neutral["n1"])])
    assert seen["base"]["neutral"]["n1"] == pytest.approx(-nats / tokens, abs=0.02)


def test_only_a_tuned_model_of_this_machine_is_asked(store: Store) -> None:
    project = projects.create(store, "ann", "Mine").id
    base = baselines.base(store, "ann", project)
    with pytest.raises(Refusal, match="Only a tuned model"):
        side_effects.start(store, "ann", base.id)
    assert side_effects.ready(store, project) == {} and arms.every(store, project) == [base]
    assert supervisor.collect(store) == 0

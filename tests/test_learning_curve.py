"""Would more examples help? The parts of the rows, the losses prompt by prompt, and the answer in words."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from studio.records import Example
from studio.train.learning_curve import NOTICEABLE, Part, answer, signed
from studio.train.more_examples import passes
from studio.train.portions import SHARES, groups, portion
from studio.train.settings import Settings

SETTINGS = Settings("test", epochs=2, learning_rate=1e-2, upper_layers=1.0, micro_batch=2, accumulation=1,
                    sample_tokens=4)  # fmt: skip


def rows(seed: int = 1) -> list[Example]:
    """200 rows of two large slices, one of two rows, and groups of one to six."""
    choose, made = random.Random(seed), []
    for number in range(200):
        slice_ = "rare" if number < 2 else choose.choice(["late", "lost"])
        group = f"g{number // choose.randrange(1, 7)}" if number > 80 else ""
        made.append(Example(f"e{number}", f"Question {number}", "An answer", slice_, group=group))
    return made


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_each_part_holds_the_smaller_ones_whole_groups_and_its_share_of_each_slice(seed: int) -> None:
    given = rows(seed)
    parts = [portion(given, share, seed) for share in SHARES]
    ids = [{row.id for row in part} for part in parts]
    assert ids[0] < ids[1] < ids[2] == {row.id for row in given}
    for part, found, share in zip(parts, ids, SHARES, strict=True):
        assert abs(len(part) / len(given) - share) < 0.02
        assert all({row.id for row in unit} <= found or not {row.id for row in unit} & found
                   for unit in groups(given).values())  # fmt: skip
        counted, whole = Counter(row.slice for row in part), Counter(row.slice for row in given)
        assert all(abs(counted[name] / whole[name] - share) < 0.05 for name in ("late", "lost"))
        assert [row.id for row in part] == [row.id for row in given if row.id in found]
    assert portion(list(reversed(given)), 0.5, seed) == list(reversed(parts[1]))
    assert {row.id for row in portion(given, 0.5, seed + 1)} != ids[1]


def test_a_part_takes_about_as_many_steps_as_the_whole() -> None:
    assert [passes(SETTINGS, 84, part) for part in (21, 42, 84)] == [8, 4, 2]
    assert passes(replace(SETTINGS, epochs=1), 84, 83) == 1


def parts(quarter: float, half: float, noise: float = 0.02, n: int = 40) -> list[Part]:
    """Runs whose prompts lie about 1.0 on the whole set, and `quarter` and `half` above that on parts of it."""
    choose = random.Random(3)
    levels = {f"p{i}": choose.uniform(0.5, 1.5) for i in range(n)}
    return [
        Part(share, int(80 * share), 100, {p: at + more + choose.gauss(0, noise) for p, at in levels.items()})
        for share, more in zip(SHARES, (quarter, half, 0.0), strict=True)
    ]


def test_the_answer_is_yes_hardly_worse_or_not_enough_to_tell() -> None:
    yes, hardly, worse = (answer(parts(2 * half, half), {}, {}) for half in (0.2, 0.005, -0.2))
    noisy, few = answer(parts(0.1, 0.05, noise=0.4), {}, {}), answer(parts(0.4, 0.2, n=8), {}, {})
    assert [each.word for each in (yes, hardly, worse, noisy, few)] == ["yes", "hardly", "worse", "unclear", "unclear"]
    assert yes.gain.low < 0.2 < yes.gain.high and yes.gain.n == yes.gain.groups == 40
    assert yes.sentence.startswith("Yes") and "n = 40 prompts" in yes.evidence and "160 examples" in yes.evidence
    assert "hardly help" in hardly.sentence and hardly.gain.high < NOTICEABLE and "less than 3 %" in hardly.evidence
    little, small = answer(parts(-0.01, -0.005, noise=0.001), {}, {}), answer(parts(0.04, 0.025, noise=0.03), {}, {})
    assert little.word == "hardly" and little.gain.high < 0 and "-0.00" not in little.evidence
    assert small.word == "unclear" and 0 < small.gain.low < NOTICEABLE < small.gain.high
    assert (signed(-0.004), signed(0.004), signed(-0.25)) == ("0.00", "0.00", "-0.25")
    assert "made it worse" in worse.sentence and "contradict" in worse.evidence
    assert noisy.sentence == few.sentence == "Not enough to tell." and "may have been worth it" in noisy.evidence
    assert "Only 8 independent prompts" in few.evidence
    assert [point.rows for point in yes.points] == [20, 40, 80]
    assert all(point.low <= point.loss <= point.high for point in yes.points)


def test_prompts_of_one_group_count_as_one_and_only_shared_prompts_count() -> None:
    given = parts(0.4, 0.2, noise=0.1)
    alone, together = answer(given, {}, {}), answer(given, {f"p{i}": f"g{i // 5}" for i in range(40)}, {})
    assert together.word == "unclear" and together.gain.groups == 8 and alone.word == "yes"
    assert together.gain.value == pytest.approx(alone.gain.value)
    given[0] = replace(given[0], losses={p: x for p, x in given[0].losses.items() if p != "p0"})
    assert answer(given, {}, {}).gain.n == 39
    with pytest.raises(ValueError, match="two parts"):
        answer([replace(given[0], losses={}), given[1]], {}, {})


def test_the_same_is_told_slice_by_slice_where_there_are_enough() -> None:
    given = parts(0.4, 0.2)
    slices = {f"p{i}": "late" if i < 20 else "lost" if i < 37 else "rare" for i in range(40)}
    told = dict(answer(given, {}, slices).slices)
    assert set(told) == {"late", "lost"} and told["late"].n == 20
    assert answer(given, {}, {}).slices == ()


def test_the_interval_covers_what_it_says() -> None:
    """Of 150 sets of 12 prompts drawn anew, about 95 % of the intervals hold the true gain."""
    choose, held = random.Random(5), 0
    for _ in range(150):
        gains = [0.1 + choose.gauss(0, 0.1) for _ in range(12)]
        losses = [{str(i): 1.0 + gain for i, gain in enumerate(gains)}, {str(i): 1.0 for i in range(12)}]
        found = answer([Part(0.5, 40, 9, losses[0]), Part(1.0, 80, 9, losses[1])], {}, {})
        held += found.gain.low <= 0.1 <= found.gain.high
    assert 0.9 < held / 150 < 0.99

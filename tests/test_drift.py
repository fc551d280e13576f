"""`studio drift`: an exact p value, quiet where nothing moved, not fooled by repeats, and useful words at an alarm."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio import cli, drift_command
from studio.monitor import drift, inputs
from studio.monitor.counted import LEAST, Input, counted
from studio.records import Refusal

WIDTH = 12


def clouds(draw: np.random.Generator, *places: int) -> np.ndarray:
    """A text for each place: near the direction of that number, length 1."""
    made = 1.5 * np.eye(WIDTH)[list(places)] + draw.normal(0, 0.3, (len(places), WIDTH))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def by_hand(kernel: np.ndarray, one: Iterable[int], other: Iterable[int]) -> float:
    """The unbiased squared MMD as it is written in the paper, pair by pair, of the different texts of both sides."""
    xs, ys = sorted(set(one)), sorted(set(other))
    within = [np.mean([kernel[a, b] for a, b in itertools.permutations(side, 2)]) for side in (xs, ys)]
    return float(sum(within) - 2 * np.mean([kernel[a, b] for a in xs for b in ys]))


# -- the test --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [list(range(8)), [0, 1, 2, 3, 3, 4, 5, 1]], ids=["all different", "with repeats"])
def test_every_deal_of_a_small_case_comes_out_as_by_hand(rows: list[int]) -> None:
    kernel = drift.similarities(clouds(np.random.default_rng(1), 0, 0, 1, 0, 2, 2, 1, 2))[1]
    sides = [set(each) for each in itertools.combinations(range(8), 4)]
    deals = np.array([[i in side for i in range(8)] for side in sides])
    told = drift.distances(kernel, np.array(rows), deals)
    hand = [
        by_hand(kernel, *([rows[i] for i in range(8) if (i in side) is where] for where in (True, False)))
        for side in sides
    ]
    assert len(told) == 70
    assert told == pytest.approx(hand, abs=1e-12)


def test_the_p_value_is_the_share_of_all_deals_that_are_as_far() -> None:
    vectors = clouds(np.random.default_rng(2), 0, 0, 0, 1, 0, 1, 1, 1)
    sides = list(itertools.combinations(range(8), 4))
    by_kernel = [
        [by_hand(kernel, side, set(range(8)) - set(side)) for side in sides] for kernel in drift.similarities(vectors)
    ]
    assert len(by_kernel) == 2
    scores = [max((each[i] - np.mean(each)) / np.std(each) for each in by_kernel) for i in range(len(sides))]
    exact = sum(score >= scores[0] - 1e-9 for score in scores) / len(sides)
    assert 0.02 < exact < 0.5
    assert drift.p_value(np.array(by_kernel).T) == pytest.approx(exact)
    found = drift.shift(vectors, np.arange(4), np.arange(4, 8), permutations=4_000)
    assert found.distance == pytest.approx(by_kernel[0][0])
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 4_000))
    assert (found.p_value * 4_001) == pytest.approx(round(found.p_value * 4_001))


def test_a_deal_without_a_distance_counts_as_far() -> None:
    """One with a single text on a side has none; leaving it out would make p too small."""
    assert drift.p_value(np.array([[3.0, 3.0], [1.0, 2.0], [np.nan, np.nan], [0.0, 1.0]])) == 0.5


def test_where_nothing_moved_every_p_value_is_as_likely() -> None:
    draw = np.random.default_rng(3)
    found = [
        drift.shift(clouds(draw, *draw.integers(0, 4, 60)), np.arange(40), np.arange(40, 60), permutations=99, seed=i)
        for i in range(200)
    ]
    shares = [np.mean([each.p_value <= level for each in found]) for level in (0.1, 0.5, 0.9)]
    assert shares == pytest.approx([0.1, 0.5, 0.9], abs=0.1)


def test_a_longer_file_is_not_taken_for_another_because_it_holds_more_of_the_rare() -> None:
    """Ten texts are most of the traffic and the rare ones mean something else. Whoever drops repeats first and then
    deals texts alarms nearly always."""
    draw, alarms, wrong = np.random.default_rng(4), 0, 0
    for i in range(20):
        rows = np.where(draw.random(460) < 0.6, draw.integers(0, 10, 460), np.arange(10, 470))
        texts, placed = np.unique(rows, return_inverse=True)
        vectors = clouds(draw, *np.where(texts < 10, 0, 1))
        one, other = placed[:400], placed[400:]
        alarms += drift.shift(vectors, one, other, permutations=199, seed=i).p_value <= 0.05
        apart = vectors[np.concatenate([np.unique(one), np.unique(other)])]
        sides = np.split(np.arange(len(apart)), [len(np.unique(one))])
        wrong += drift.shift(apart, *sides, permutations=199, seed=i).p_value <= 0.05
    assert alarms <= 4  # at most 1 in 20 is expected
    assert wrong >= 15


def test_a_shift_is_found_and_the_same_file_twice_is_none() -> None:
    draw = np.random.default_rng(5)
    vectors = clouds(draw, *draw.integers(0, 4, 200), *draw.integers(0, 4, 140), *[5] * 60)
    found = drift.shift(vectors, np.arange(200), np.arange(200, 400))
    assert found.alarm
    assert found.p_value == 1 / (1 + drift.PERMUTATIONS)
    assert found == drift.shift(vectors, np.arange(200), np.arange(200, 400))
    assert drift.shift(vectors, np.arange(200), np.arange(200)).p_value > 0.5


def test_texts_that_all_mean_the_same_raise_no_alarm() -> None:
    vectors = np.repeat(np.eye(1, WIDTH, dtype=np.float32), 20, axis=0)
    assert drift.shift(vectors, np.arange(10), np.arange(10, 20)).p_value == 1
    with pytest.raises(ValueError, match="two different texts"):
        drift.shift(vectors, np.arange(10), np.array([11, 11]))


def test_what_moved_is_named_first_and_the_share_is_no_more_than_the_truth() -> None:
    draw = np.random.default_rng(6)
    vectors = clouds(draw, *draw.integers(0, 4, 340), *[5] * 60)
    told = drift.moved(vectors, np.arange(200), np.arange(200, 400))
    assert set(np.argsort(-told.scores)[:50]) <= set(range(340, 400))
    assert 0.2 < told.share < 0.36  # 30 of 100 are new
    assert told.interval[0] < 0.3 < told.interval[1]
    still = drift.moved(vectors[:340], np.arange(170), np.arange(170, 340))
    assert still.interval[0] == 0


# -- what is compared ------------------------------------------------------------------------------


def sent(*texts: str, group: str = "") -> list[Input]:
    return [Input(row, text, group) for row, text in enumerate(texts, 2)]


def questions(count: int, about: str) -> list[str]:
    return [f"{about} {i}" for i in range(count)]


def test_texts_are_the_same_whatever_their_case_and_signs() -> None:
    seen = counted(sent("Hi there!", "Where is it?"), sent("hi  there", "HI THERE."))
    assert seen.texts == ("Hi there!", "Where is it?")
    assert (seen.reference.different, seen.current.different, seen.n) == (2, 1, 1)
    assert list(seen.current.rows) == [0, 0]


def test_one_of_each_group_is_compared() -> None:
    chat = [Input(i, f"turn {i}", "chat 7") for i in range(50)]
    seen = counted([*chat, Input(60, "alone")], [*chat, Input(60, "alone"), Input(61, "apart")])
    assert (len(seen.reference.rows), len(seen.current.rows)) == (2, 3)


def test_a_long_file_is_drawn_from_as_a_whole_and_always_the_same() -> None:
    many = sent(*questions(5_000, "q"))
    seen = counted(many, many, most=100)
    assert len(seen.reference.rows) == len(seen.current.rows) == 100
    assert sum(int(text.split()[1]) < 2_500 for text in seen.texts) == pytest.approx(len(seen.texts) / 2, abs=40)
    assert counted(many, many, most=100).texts == seen.texts


def test_a_health_check_raises_no_alarm_however_often_it_is_sent() -> None:
    """Seen as 500 texts it would be most of what comes in."""
    draw = np.random.default_rng(7)
    before, now = questions(120, "before"), questions(120, "now")
    places = [*draw.integers(0, 4, 240), 9]
    vectors = dict(zip([*before, *now, "ping"], clouds(draw, *places), strict=True))

    def p_value(pings: int) -> float:
        seen = counted(sent(*before), sent(*now, *["ping"] * pings))
        assert list(seen.current.rows).count(len(seen.texts) - 1) == min(pings, 10)
        stacked = np.stack([vectors[text] for text in seen.texts])
        return drift.shift(stacked, seen.reference.rows, seen.current.rows).p_value

    once, often = p_value(1), p_value(500)
    assert min(once, often) > 10 * drift.LEVEL
    assert often == p_value(5_000)


# -- the command -----------------------------------------------------------------------------------


def table(path: Path, texts: Sequence[str], column: str = "prompt") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column])
        writer.writerows([text] for text in texts)
    return path


def told(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, Any]:
    assert cli.main(["drift", *map(str, words), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_below_100_different_inputs_it_says_so_and_raises_no_alarm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = table(tmp_path / "few.csv", [*questions(LEAST - 1, "q"), "Q 7!", "q 7"])
    many = table(tmp_path / "many.csv", questions(LEAST, "about"), "message")
    with many.open("a", encoding="utf-8") as file:
        file.write("dam\ufffdged\n")
    found = told(capsys, few, many, "--map-current", "prompt=message", "--workspace", tmp_path / "none")
    assert (found["n"], found["p_value"], found["alarm"], found["enough_data"], found["moved"]) == (
        LEAST - 1, None, False, False, [],
    )  # fmt: skip
    assert found["sentence"].startswith("Not enough data: REFERENCE has 99 different inputs, and 100 are needed")
    assert found["compared"]["reference"] == {
        "file": "few.csv",
        "columns": {"prompt": "prompt"},
        "rows": 101,
        "compared": 101,
        "different": 99,
    }
    assert found["notes"][0].startswith("1 row of many.csv could not be read and is left out; the first: row 102: ")
    assert not (tmp_path / "none").exists()


def test_what_is_not_compared_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = table(tmp_path / "many.csv", questions(2_300, "about"))
    chats = tmp_path / "chats.csv"
    chats.write_text("said,chat\n" + "".join(f"turn {i},c{i % 40}\n" for i in range(90)) + "ping,\n" * 60)
    found = told(capsys, many, chats, "--map-current", "prompt=said,group=chat")
    assert found["notes"] == [
        "Of REFERENCE 2,000 rows are compared, drawn from all of it.",
        "Of each of 40 groups in CURRENT one row is compared: rows of a group are alike.",
        'One text is 40 % of CURRENT (60 of 150 inputs), and is compared as one: "ping"',
    ]
    assert found["compared"]["current"] == {
        "file": "chats.csv", "columns": {"prompt": "said", "group": "chat"}, "rows": 150, "compared": 50,
        "different": 41,
    }  # fmt: skip
    assert (found["compared"]["reference"]["rows"], found["compared"]["reference"]["different"]) == (2_300, 2_000)


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        (None, (), "is no file. Nothing was compared."),
        (b"", (), "This file is empty"),
        (b"%PDF-1.7 ...", (), "a PDF"),
        (b"a,b\n1,2\n", (), 'the columns "a", "b". Nothing was compared. Say which with --map prompt=COLUMN.'),
        (b"prompt\nhello\n", ("--map", "prompt=question"), 'no column "question"'),
        (b"prompt,ideal\n,hello\n,you\n", (), "has no row with an input, so nothing was compared. The first"),
        (b"prompt\nhello\n", ("--map", "prompt"), "“prompt” is not ROLE=COLUMN."),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, words: Sequence[str], said: str
) -> None:
    file = tmp_path / "now.csv"
    if content is not None:
        file.write_bytes(content)
    assert cli.main(["drift", str(file), str(file), *words, "--workspace", str(tmp_path / "none")]) == 1
    refusal = capsys.readouterr().err.strip()
    assert said in refusal
    assert "\n" not in refusal
    assert not (tmp_path / "none").exists()


def test_without_the_model_it_is_said_how_to_fetch_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YARDSTICK_MODELS", str(tmp_path / "no models"))
    file = table(tmp_path / "now.csv", questions(LEAST, "q"))
    assert cli.main(["drift", str(file), str(file)]) == 1
    assert "studio models fetch minilm" in capsys.readouterr().err


@pytest.mark.model
@pytest.mark.usefixtures("models_cache")
def test_without_room_for_the_texts_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(Refusal, match=r"The disk said: No such file or directory\. Nothing was compared\."):
        inputs.meanings(["hello"], tmp_path, lambda done, total: None)


def test_a_shift_whose_size_nobody_can_tell_is_said_as_such() -> None:
    some, none = drift.Moved(0.31, (0.2, 0.4), np.zeros(0)), drift.Moved(0.02, (0.0, 0.09), np.zeros(0))
    told = drift_command._how_much(some)
    assert told.startswith("At least about 31 % of the current inputs")
    assert told.endswith("(95 % interval of that least share: 20 to 40 %).")
    assert drift_command._how_much(none).startswith("How much of it is of a new kind cannot be told")
    assert [drift_command._plain(p) for p in (0.001, 0.01, 0.4, 1.0)] == [".001", ".01", ".4", "1"]


ABOUT = {
    "card": "My card {} on {} and I need it for {}",
    "refund": "Please refund the {} that I paid on {} for {}",
    "login": "I cannot sign in: the {} fails since {} when I open {}",
}
WORDS = ("payment", "order", "parcel", "code", "invoice", "lamp")
DAYS = ("Monday", "Tuesday", "Friday", "Sunday", "holiday")
THINGS = ("the office", "my mother", "a trip", "our shop", "the school", "a friend")


def topics(draw: np.random.Generator, count: int, *names: str) -> list[str]:
    every = [ABOUT[n].format(a, b, c) for n in names for a in WORDS for b in DAYS for c in THINGS]
    return [every[i] for i in draw.permutation(len(every))[:count]]


@pytest.mark.model
@pytest.mark.usefixtures("models_cache")
def test_a_new_topic_raises_the_alarm_and_is_named_and_no_text_stays_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (scratch := tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    draw = np.random.default_rng(8)
    usual = topics(draw, 220, "card", "refund")
    new = [f"Which {a} is best to cook with {b} for {c}?" for a in ("soup", "rice") for b in WORDS for c in DAYS[:4]]
    reference = table(tmp_path / "before.csv", usual[:110])
    current = table(tmp_path / "now.csv", [*usual[110:], *new[:40], "", *["ping"] * 300])
    found = told(capsys, reference, current)
    assert found["alarm"]
    assert found["p_value"] == 0.001
    assert (found["n"], found["enough_data"]) == (110, True)
    assert {each["text"] for each in found["moved"]} <= {*new, "ping"}
    assert len(found["moved"]) == 20
    assert found["moved"][0]["row"] > 111
    assert 0.1 < found["interval"][0] <= found["share"] <= found["interval"][1] < 0.5
    assert any("ping" in note and "compared as one" in note for note in found["notes"])
    assert list(scratch.iterdir()) == []


def test_the_answer_without_an_alarm_names_nothing() -> None:
    """The vectors are drawn; the words are those of the command."""
    draw = np.random.default_rng(9)
    before, now = sent(*questions(120, "a")), sent(*questions(120, "b"))
    seen = counted(before, now)
    found = drift_command._compared(seen, now, clouds(draw, *draw.integers(0, 4, 240)))
    assert found["alarm"] is False
    assert "moved" not in found
    assert found["sentence"].startswith("No shift shown (p = .")

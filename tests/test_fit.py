"""A fine-tune that is stopped, killed or damaged on its way ends as if it had not been; the best of it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.records import Prompt
from studio.train import pace
from studio.train.evidence import evidence
from studio.train.settings import Settings
from tests.tiny_model import WORDS, save_tiny_model

pytestmark = pytest.mark.model

# Ten steps a pass, measured every six: within passes and over their ends. Dropout, so that chance counts too.
SETTINGS = Settings("test", epochs=3, learning_rate=1e-2, lora_dropout=0.2, upper_layers=1.0, micro_batch=2,
                    accumulation=1, sample_tokens=4, evaluations=5)  # fmt: skip
EVERY, STEPS = 6, 30


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """So small a model is slower on several."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


def rows(count: int, start: int = 0) -> list[Any]:
    from studio.train.encode import Row

    def words(n: int, many: int) -> str:
        return " ".join(WORDS[(n * 5 + i * (1 + n % 3)) % len(WORDS)] for i in range(many))

    return [Row(f"r{n}", Prompt(f"my {words(n, 2 + n % 7)}"), f"thanks for {words(n + 1, 3 + n % 5)}")
            for n in range(start, start + count)]  # fmt: skip


class Killed(Exception):
    """What a kill is in these tests: the run is left wherever it was."""


class Told:
    """Hears the events of a run; kills it after the step `dies`."""

    def __init__(self, dies: int = 0) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._dies = dies

    def __call__(self, kind: str, **fields: Any) -> None:
        self.events.append((kind, fields))
        if kind == "progress" and self._dies and fields["done"] == self._dies:
            raise Killed

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.events if name == kind]


def run(
    model: Path, folder: Path, told: Told, stopped: Callable[[], bool] = lambda: False, settings: Settings = SETTINGS
) -> Any:
    from studio.train import fit

    check = rows(5, 20)
    return fit.fit(model, rows(20), check, [("r20", check[0].prompt)], settings, folder, stopped, told)


@pytest.fixture(scope="module")
def whole(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The run that nothing happens to."""
    return run(model, tmp_path_factory.mktemp("whole"), Told())


def test_it_is_measured_within_passes_and_the_best_is_taken(whole: Any) -> None:
    held = {row["step"]: row["validation"] for row in whole.losses if row["validation"] is not None}
    assert list(held) == [0, 6, 12, 18, 24, 30] and whole.done == whole.steps == STEPS
    assert whole.taken == min((step for step in held if step), key=lambda step: (held[step], step))
    assert whole.evidence.kept_aside == 5 and whole.evidence.learned_from == 20
    assert whole.evidence.closer.value > 0


@pytest.mark.parametrize("dies", [9, 17, 23])
def test_a_killed_run_loses_one_interval_at_most_and_ends_as_if_it_had_not_been(
    whole: Any, model: Path, tmp_path: Path, dies: int
) -> None:
    with pytest.raises(Killed):
        run(model, tmp_path, Told(dies))
    told = Told()
    found = run(model, tmp_path, told)
    began = told.of("progress")[1]["done"] if told.of("progress")[0]["total"] == 0 else told.of("progress")[0]["done"]
    assert 0 <= dies - began <= EVERY and began % EVERY == 0
    assert found.losses == whole.losses
    assert found.adapter_sha256 == whole.adapter_sha256 and found.taken == whole.taken
    assert found.evidence == whole.evidence


def test_a_stopped_run_leaves_what_can_be_used_and_goes_on_from_that_very_step(
    whole: Any, model: Path, tmp_path: Path
) -> None:
    asked = iter([False] * 13 + [True])
    first = run(model, tmp_path, Told(), lambda: next(asked))
    assert first.stopped and first.done == 14 and first.adapter == tmp_path / "final"
    held = {row["step"]: row["validation"] for row in first.losses if row["validation"] is not None and row["step"]}
    assert first.taken == min(held, key=lambda step: (held[step], step))
    assert sorted(path.name for path in tmp_path.glob("step-*")) == sorted({f"step-{first.taken}", "step-14"})
    assert first.taken != 14
    _differs_as_used(model, first.adapter, tmp_path / "final-14")
    told = Told()
    found = run(model, tmp_path, told)
    assert told.of("progress")[0]["done"] == 14
    assert found.losses == whole.losses and found.adapter_sha256 == whole.adapter_sha256


def _differs_as_used(model: Path, taken: Path, other: Path) -> None:
    """Both are adapters that answers are written with, in the same form, with other weights."""
    from safetensors.torch import load_file

    from studio.generation import ArmSpec
    from studio.generation.local import LocalModel
    from studio.models.files import ADAPTER_FILES, adapter_sha256

    one, two = (load_file(folder / ADAPTER_FILES[1]) for folder in (taken, other))
    assert one.keys() == two.keys() and {v.dtype for v in one.values()} == {v.dtype for v in two.values()}
    assert adapter_sha256(taken) != adapter_sha256(other)
    writer = LocalModel(model, "")
    writer.prepare([ArmSpec("other", adapter=str(other), adapter_sha256=adapter_sha256(other))])


def test_a_damaged_checkpoint_is_passed_over_in_words(whole: Any, model: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(model, tmp_path, Told(16))
    newest = tmp_path / "step-12" / "optimizer.pt"
    newest.write_bytes(newest.read_bytes()[:-7])
    told = Told()
    found = run(model, tmp_path, told)
    assert "checkpoint after step 12 is damaged" in told.of("warning")[0]["text"]
    assert found.losses == whole.losses and found.adapter_sha256 == whole.adapter_sha256


def test_prompts_are_answered_at_each_measurement_and_first_by_the_base(model: Path, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoTokenizer

    from studio.train.adapted import load
    from studio.train.watch import Watch

    told = Told()
    run(model, tmp_path, told)
    samples = told.of("sample")
    assert [row["step"] for row in samples] == [0, 6, 12, 18, 24, 30]
    base = load(model)
    prompt = rows(1, 20)[0].prompt
    alone = Watch(AutoTokenizer.from_pretrained(model), [("r20", prompt)], SETTINGS, tmp_path, lambda: False, Told())
    assert alone.answers(base) == [samples[0]["output"]]
    assert PeftModel.from_pretrained(base, str(tmp_path / "final")) is not None


def test_it_stops_when_it_gets_no_closer_also_when_it_was_killed_just_then(model: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, learning_rate=1e-12, patience=2)
    found = run(model, tmp_path / "a", Told(), settings=settings)
    assert found.early and not found.stopped and found.done == 2 * EVERY and found.steps == STEPS
    # Killed after the decision was saved, before the result was written.
    again = run(model, tmp_path / "a", Told(), settings=settings)
    assert (again.early, again.done, again.losses) == (True, 2 * EVERY, found.losses)
    assert again.adapter_sha256 == found.adapter_sha256


@pytest.mark.parametrize(
    ("held", "patience", "levelled"),
    [
        ([3.0, 2.0, 1.9, 1.8], 2, False),
        ([3.0, 2.0, 2.1, 2.2], 2, True),
        ([3.0, 2.0, 1.999, 1.9985], 2, True),
        ([3.0, 2.0, 2.1, 1.9], 2, False),
        ([3.0, 3.1], 2, False),
        ([3.0, 3.1, 3.2, 3.3], 0, False),
    ],
)
def test_when_it_levels_out(held: list[float], patience: int, levelled: bool) -> None:
    history = [{"step": n, "eval_loss": value} for n, value in enumerate(held)]
    assert pace.levelled_out([*history, {"step": 9, "loss": 1.0}], patience) is levelled


def test_a_long_run_keeps_two_hundred_points_however_it_was_cut() -> None:
    history = [{"step": n, "loss": float(n)} for n in range(1, 1001)]
    found = pace.curve(history, 1000)
    assert len(found) == 200 and found[0] == {"step": 5, "train": 3.0, "validation": None}
    assert pace.curve(history[:502], 1000)[-1] == {"step": 502, "train": 501.5, "validation": None}


@pytest.mark.parametrize(("evaluations", "epochs", "between"), [(0, 3, 10), (5, 3, 6), (2, 3, 10), (99, 1, 1)])
def test_it_is_measured_once_a_pass_at_least(evaluations: int, epochs: int, between: int) -> None:
    settings = replace(SETTINGS, evaluations=evaluations, epochs=epochs)
    assert pace.steps_between(settings, 20) == between


def test_the_gap_has_its_interval_over_examples_or_none() -> None:
    """Welch's interval of (1, 2, 3) against (2, 4, 6): a difference of 2, 2.94 degrees of freedom."""
    found = evidence([3.0, 3.0, 3.0], [2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert found.gap.value == 2.0 and found.gap.low == pytest.approx(2 - 4.155, abs=0.02)
    assert found.closer.value == -1.0
    alone = evidence([2.0], [1.0], [1.0])
    assert alone.closer.value == 1.0 and alone.closer.low is None and alone.gap.high is None

"""Preference tuning on a tiny model: the loss is the literature's, and a run that is cut off ends as if it was not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.train.settings import Settings
from tests.test_fit import Killed, Told, rows
from tests.tiny_model import save_tiny_model

pytestmark = pytest.mark.model

SETTINGS = Settings("test", epochs=3, learning_rate=5e-3, upper_layers=1.0, micro_batch=2, accumulation=1,
                    sample_tokens=4, evaluations=5, beta=0.5, label_smoothing=0.1)  # fmt: skip
EVERY, STEPS = 6, 30


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


def pairs(count: int, start: int = 0) -> list[Any]:
    """People prefer what begins with thanks."""
    given = rows(count, start)
    others = rows(count, start + 2)
    return [
        replace(row, worse=other.ideal.replace("thanks for", "your")) for row, other in zip(given, others, strict=True)
    ]


def fitted(model: Path, folder: Path, told: Told, settings: Settings = SETTINGS, start: Path | None = None) -> Any:
    from studio.train import fit

    check = pairs(6, 20)
    return fit.fit(model, pairs(20), check, [("r20", check[0].prompt)], settings, folder, lambda: False, told,
                   start=start)  # fmt: skip


@pytest.fixture(scope="module")
def whole(model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    folder = tmp_path_factory.mktemp("whole")
    return fitted(model, folder, Told()), folder


def test_it_learns_what_people_preferred_and_says_how_often(whole: tuple[Any, Path]) -> None:
    found, _ = whole
    first, last = found.leanings[0], found.leanings[-1]
    assert (first["step"], first["accuracy"], first["margin"]) == (0, 0.5, 0.0)  # it is its own reference
    assert found.losses[0]["validation"] == pytest.approx(0.6931, abs=1e-4)
    assert last["step"] == STEPS and last["accuracy"] == 1.0 and last["margin"] > 1
    assert found.evidence.closer.low > 0 and found.evidence.kept_aside == 6 and found.rows_used == 20


@pytest.mark.parametrize("dies", [3, 17])
def test_a_killed_run_ends_as_if_it_had_not_been(
    whole: tuple[Any, Path], model: Path, tmp_path: Path, dies: int
) -> None:
    with pytest.raises(Killed):
        fitted(model, tmp_path, Told(dies))
    found = fitted(model, tmp_path, Told())
    assert found.losses == whole[0].losses and found.leanings == whole[0].leanings
    assert found.adapter_sha256 == whole[0].adapter_sha256


def test_it_goes_on_from_a_tuned_model_and_measures_against_it(
    whole: tuple[Any, Path], model: Path, tmp_path: Path
) -> None:
    from peft import load_peft_weights

    found = fitted(model, tmp_path, Told(), replace(SETTINGS, learning_rate=1e-9, epochs=1), whole[0].adapter)
    assert found.losses[0]["validation"] == pytest.approx(0.6931, abs=1e-4) and found.leanings[0]["margin"] == 0.0
    before, after = (load_peft_weights(str(folder)) for folder in (whole[0].adapter, found.adapter))
    # Hardly anything is learned at such a rate, so the adapter taken is the one it began as: whole, over the base.
    assert before.keys() == after.keys()
    assert (
        max(float((before[name] - after[name]).abs().max()) for name in before)
        < 1e-7
        < max(float(part.abs().max()) for part in before.values())
    )


def test_the_reference_of_other_pairs_is_refused(whole: tuple[Any, Path], model: Path, tmp_path: Path) -> None:
    import shutil

    from studio.records import Refusal

    shutil.copy(whole[1] / "reference.json", tmp_path / "reference.json")
    from studio.train import fit

    with pytest.raises(Refusal, match="other pairs"):
        fit.fit(model, pairs(19), pairs(6, 20), [], SETTINGS, tmp_path, lambda: False, Told())


def test_a_pair_without_one_of_its_answers_is_left_out_by_name(model: Path) -> None:
    from transformers import AutoTokenizer

    from studio.train.encode import encode

    tokenizer = AutoTokenizer.from_pretrained(model)
    found = encode(tokenizer, [replace(pairs(1)[0], worse=" "), *pairs(1, 1)], SETTINGS)
    assert found.ids == ["r1"] and [row.id for row in found.dropped] == ["r0"]
    assert "one of its answers is empty" in found.dropped[0].reason
    long = encode(tokenizer, pairs(1), replace(SETTINGS, max_length=8))
    assert not long.rows and "tokens long" in long.dropped[0].reason


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_and_gradient_are_those_of_trl(model: Path, tmp_path: Path, smoothing: float) -> None:
    """In float32, over one batch, against a reference that is not the model. TRL's sigmoid loss knows no smoothing, so
    the smoothed one is put together from its losses of the pair and of the pair turned round, as it is defined."""
    import torch
    from transformers import AutoModelForCausalLM

    from studio.train.adapted import with_adapter

    torch.manual_seed(1)
    settings = replace(SETTINGS, label_smoothing=smoothing)
    policy = with_adapter(AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32), settings)
    with torch.no_grad():
        for name, part in policy.named_parameters():
            if "lora_B" in name:
                part.copy_(torch.randn_like(part) * 0.2)
    batch, reference = _batch_and_reference(model, policy, settings)
    ours, gradient = _ours(policy, batch, reference, settings, tmp_path)
    theirs, wanted = _trl(policy, batch, reference, settings, tmp_path)
    assert ours == pytest.approx(theirs, abs=1e-5)
    assert max(float((gradient[name] - wanted[name]).abs().max()) for name in wanted) < 1e-5
    assert max(float(each.abs().max()) for each in wanted.values()) > 1e-3


def test_pairs_learn_alike_however_they_are_cut_and_laid_out(model: Path, tmp_path: Path) -> None:
    """One padded pair at a time, all at once, and without padding as on a GPU (there by a kernel, here by its plain
    form): the same loss and the same gradients."""
    import torch
    from transformers import AutoModelForCausalLM

    from studio.train.adapted import with_adapter
    from studio.train.packed import PACKED

    policy = with_adapter(AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32), SETTINGS)
    batch, reference = _batch_and_reference(model, policy, SETTINGS)
    wanted, gradient = _ours(policy, batch, reference, replace(SETTINGS, micro_batch=1), tmp_path)
    found = [_ours(policy, batch, reference, replace(SETTINGS, micro_batch=4), tmp_path)]
    policy.get_base_model().set_attn_implementation(PACKED)
    found.append(_ours(policy, batch, reference, SETTINGS, tmp_path))
    for loss, other in found:
        assert loss == pytest.approx(wanted, abs=1e-5)
        assert max(float((other[name] - gradient[name]).abs().max()) for name in gradient) < 1e-5


def _batch_and_reference(model: Path, policy: Any, settings: Settings) -> tuple[list[Any], list[tuple[float, float]]]:
    from transformers import AutoTokenizer

    from studio.train.encode import encode

    encoded = encode(AutoTokenizer.from_pretrained(model), pairs(4), settings)
    return encoded.rows, [(-20.0 - n, -22.0 + n / 2) for n in range(4)]


def _ours(policy: Any, batch: list[Any], reference: list[Any], settings: Settings, folder: Path) -> Any:
    import json

    from studio.train import fit

    trainer = fit.trainer_for(policy, batch, [], settings, folder, Told())
    (folder / "reference.json").write_text(json.dumps(reference), encoding="utf-8")
    trainer.refer(batch, folder)  # type: ignore[attr-defined]
    policy.zero_grad()
    loss = float(trainer.learn(policy, batch))
    return loss, {name: part.grad.clone() for name, part in policy.named_parameters() if part.requires_grad}


def _trl(policy: Any, batch: list[Any], reference: list[Any], settings: Settings, folder: Path) -> Any:
    loss = (1 - settings.label_smoothing) * _trl_loss(policy, batch, reference, settings, folder)
    if settings.label_smoothing:
        turned, told = [_turned(pair) for pair in batch], [pair[::-1] for pair in reference]
        loss = loss + settings.label_smoothing * _trl_loss(policy, turned, told, settings, folder)
    policy.zero_grad()
    loss.backward()
    return float(loss.detach()), {
        name: part.grad.clone() for name, part in policy.named_parameters() if part.requires_grad
    }


def _turned(pair: Any) -> Any:
    from studio.train.pairs import apart, joined

    chosen, rejected = apart([pair])
    return joined(rejected, chosen)


def _trl_loss(policy: Any, batch: list[Any], reference: list[Any], settings: Settings, folder: Path) -> Any:
    """The loss of TRL's own trainer on these token ids, with the reference's log-probabilities given to it."""
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import DPOConfig, DPOTrainer
    from trl.trainer.dpo_trainer import DataCollatorForPreference

    ids = [_ids(pair) for pair in batch]
    tokenizer = AutoTokenizer.from_pretrained(policy.get_base_model().config._name_or_path)
    asked = DPOConfig(
        output_dir=str(folder), beta=settings.beta, loss_type=["sigmoid"], report_to="none", use_cpu=True, bf16=False,
        gradient_checkpointing=False, precompute_ref_log_probs=False, max_length=None,
    )  # fmt: skip
    texts = Dataset.from_list([{"prompt": "my", "chosen": " lamp", "rejected": " rug"}])
    if "ref" in policy.peft_config:  # it makes one of an adapter that it is given; with the references given, unused
        policy.delete_adapter("ref")
    trainer = DPOTrainer(model=policy, args=asked, train_dataset=texts, processing_class=tokenizer)
    trainer.precompute_ref_logps = True
    inputs = DataCollatorForPreference(pad_token_id=tokenizer.pad_token_id)(
        [row | {"ref_chosen_logps": a, "ref_rejected_logps": b} for row, (a, b) in zip(ids, reference, strict=True)]
    )
    trainer.model.train()
    return trainer.compute_loss(trainer.model, inputs)


def _ids(pair: Any) -> dict[str, list[int]]:
    from studio.train.pairs import apart

    told = {}
    for name, row in zip(("chosen_ids", "rejected_ids"), apart([pair]), strict=True):
        begins = next(place for place, label in enumerate(row["labels"]) if label != -100)
        told |= {"prompt_ids": row["input_ids"][:begins], name: row["input_ids"][begins:]}
    return told

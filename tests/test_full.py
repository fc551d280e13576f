"""Full fine-tuning: copies of the layers learn, the base stays beside them, and it goes every way an adapter goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.records import Prompt, Refusal
from studio.train.settings import FULL, LORA, resolve
from tests.tiny_model import WORDS, save_tiny_model

ROWS = 12


def test_all_weights_take_smaller_steps_than_an_adapter() -> None:
    adapter, whole = (resolve("strict_format", 300, method=method) for method in (LORA, FULL))
    assert whole == replace(adapter, method=FULL, learning_rate=whole.learning_rate)
    assert 0 < whole.learning_rate < adapter.learning_rate / 10
    with pytest.raises(Refusal, match="no method called 'half'"):
        resolve("strict_format", 300, method="half")


def _fitted(folder: Path, checkpoints: str) -> Any:
    from studio.train import fit

    things = [WORDS[2 + n % 3] for n in range(ROWS)]
    rows = [
        fit.Row(f"r{n}", Prompt(f"my {thing} is late"), f"thanks for asking about the {thing}")
        for n, thing in enumerate(things)
    ]
    settings = replace(
        resolve("strict_format", ROWS, method=FULL), epochs=4, learning_rate=1e-2, upper_layers=0.5, patience=0,
        sample_tokens=4,
    )  # fmt: skip
    return fit.fit(
        save_tiny_model(folder / "tiny"), rows, rows[:3], [("r0", rows[0].prompt)], settings, folder / checkpoints,
        lambda: False, lambda kind, **fields: None,
    )  # fmt: skip


def test_the_layers_themselves_learn_and_the_base_stays_as_it_was(tmp_path: Path) -> None:
    import torch
    from peft import PeftModel
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    fitted = _fitted(tmp_path, "once")
    held = [row["validation"] for row in fitted.losses if row["validation"] is not None]
    assert held[-1] < held[0] and fitted.adapter is not None
    learned = load_file(fitted.adapter / "adapter_model.safetensors")
    assert len(learned) == 7 and all(".layers.1." in name for name in learned)  # the upper of two layers, whole
    base: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "tiny", dtype=torch.bfloat16)
    asked = torch.tensor([[4, 6, 8, 11]])
    before = base(asked).logits.clone()
    tuned: Any = PeftModel.from_pretrained(base, str(fitted.adapter))
    after = tuned(asked).logits
    assert not torch.equal(after, before)
    with tuned.disable_adapter():
        assert torch.equal(tuned(asked).logits, before)
    assert torch.equal(tuned.merge_and_unload()(asked).logits, after)
    again = _fitted(tmp_path, "again")
    assert again.losses == fitted.losses and again.adapter_sha256 == fitted.adapter_sha256

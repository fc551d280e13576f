"""An adapter beside weights rounded to four bits (QLoRA): it learns, and is worn by the base as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.records import Prompt, Refusal
from studio.train.settings import QLORA, resolve
from tests.tiny_model import WORDS, save_tiny_model

ROWS = 12


def test_an_adapter_learns_beside_four_bits_and_answers_on_the_whole_base(tmp_path: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from studio.train import fit
    from studio.train.adapted import load

    tiny = save_tiny_model(tmp_path / "tiny")
    rounded, whole = load(tiny, QLORA), load(tiny)
    assert rounded.is_loaded_in_4bit and rounded.get_memory_footprint() < whole.get_memory_footprint()
    things = [WORDS[2 + n % 3] for n in range(ROWS)]
    rows = [
        fit.Row(f"r{n}", Prompt(f"my {thing} is late"), f"thanks for asking about the {thing}")
        for n, thing in enumerate(things)
    ]
    settings = replace(
        resolve("strict_format", ROWS, method=QLORA), epochs=4, learning_rate=1e-2, patience=0, sample_tokens=4
    )
    told: list[str] = []
    fitted = fit.fit(
        tiny, rows, rows[:3], [("r0", rows[0].prompt)], settings, tmp_path / "once", lambda: False,
        lambda kind, **fields: told.append(kind),
    )  # fmt: skip
    held = [row["validation"] for row in fitted.losses if row["validation"] is not None]
    assert held[-1] < held[0] and fitted.adapter is not None and "sample" in told
    base: Any = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.bfloat16)
    asked = torch.tensor([[4, 6, 8, 11]])
    before = base(asked).logits.clone()
    tuned: Any = PeftModel.from_pretrained(base, str(fitted.adapter))
    assert not torch.equal(tuned(asked).logits, before)


def test_gradients_flow_through_the_rounded_weights_also_after_a_measurement(tmp_path: Path) -> None:
    import torch
    from bitsandbytes.functional import dequantize_4bit

    from studio.train.adapted import load, precision, with_adapter

    tiny = save_tiny_model(tmp_path / "tiny")
    settings = replace(resolve("strict_format", ROWS), lora_rank=4)
    asked = torch.tensor([[4, 6, 8, 11, 5, 7], [5, 7, 9, 4, 6, 8]])
    found = []
    rounded, plain = load(tiny, QLORA), load(tiny)
    for name, module in rounded.named_modules():
        if hasattr(module, "quant_state") and module.weight.dtype == torch.uint8:
            whole = dequantize_4bit(module.weight.data, module.weight.quant_state)
            plain.get_submodule(name).weight.data = whole.to(torch.bfloat16)
    for base in (rounded, plain):
        adapted = with_adapter(base, settings)
        for part in (p for n, p in adapted.named_parameters() if "lora_B" in n):
            torch.nn.init.constant_(part, 0.02)
        adapted.eval()
        with torch.no_grad(), precision(adapted):
            adapted(asked)
        adapted.train()
        with precision(adapted):
            loss = adapted(input_ids=asked, labels=asked).loss
        loss.backward()
        found.append(torch.cat([p.grad.flatten() for p in adapted.parameters() if p.requires_grad]))
    assert found[1].norm() > 0
    assert float((found[0] - found[1]).norm() / found[1].norm()) < 0.05


def test_without_the_library_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    from studio.train import adapted

    tiny = save_tiny_model(tmp_path / "tiny")
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "bitsandbytes" else found(name))
    with pytest.raises(Refusal, match="bitsandbytes"):
        adapted.load(tiny, QLORA)

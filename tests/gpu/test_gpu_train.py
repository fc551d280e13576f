"""Training on the card: packed attention against plain, memory that runs out, a whole run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.records import Prompt
from studio.train.settings import Settings
from tests.tiny_model import save_tiny_model, tiny_model, tiny_rows

pytestmark = pytest.mark.gpu

SETTINGS = Settings("test", epochs=1, learning_rate=1e-3, upper_layers=1.0, micro_batch=4, accumulation=2, lora_rank=4)
LENGTHS = [50, 9, 33, 170, 8, 64, 2, 90]
WIDE = {"hidden_size": 256, "intermediate_size": 512, "num_attention_heads": 4, "num_key_value_heads": 2}


def _cuda(dtype: Any, **changed: Any) -> Any:
    return tiny_model(dtype, **changed).to("cuda")


def test_the_packed_kernel_answers_as_plain_attention_does() -> None:
    """Forward and gradients in bfloat16 against float64, with grouped heads and rows of very different length."""
    import torch

    from studio.train.packed import packed_attention

    torch.manual_seed(0)
    sizes = torch.tensor([0, 1, 70, 333, 16]).cumsum(0).to(torch.int32)
    total = int(sizes[-1])
    plain = [torch.randn(1, heads, total, 64, dtype=torch.float64, requires_grad=True) for heads in (8, 2, 2)]
    fast = [part.detach().to("cuda", torch.bfloat16).requires_grad_() for part in plain]
    given = torch.randn(1, total, 8, 64, dtype=torch.float64)
    wanted, _ = packed_attention(torch.nn.Module(), *plain, None, row_starts=sizes, longest_row=333, scaling=0.125)
    found, _ = packed_attention(torch.nn.Module(), *fast, None, row_starts=sizes.cuda(), longest_row=333, scaling=0.125)
    assert found.shape == wanted.shape
    wanted.backward(given)
    found.backward(given.to("cuda", torch.bfloat16))
    pairs = [(found, wanted), *((quick.grad, slow.grad) for quick, slow in zip(fast, plain, strict=True))]
    for quick, slow in pairs:
        assert quick is not None and slow is not None
        away = (quick.detach().double().cpu() - slow.detach()).norm() / slow.detach().norm()
        assert away < 1e-2


def _drawn(adapted: Any) -> Any:
    """The same adapter on either machine; a new one changes nothing yet."""
    import torch

    for number, (name, part) in enumerate(sorted(adapted.named_parameters())):
        if "lora_" in name:
            drawn = torch.randn(part.shape, generator=torch.Generator().manual_seed(number)) * 0.02
            part.data.copy_(drawn.to(part.device, part.dtype))
    return adapted


def _on_card(folder: Path) -> tuple[float, dict[str, Any]]:
    import torch

    from studio.train.adapted import with_adapter
    from studio.train.fit import trainer_for

    adapted, rows = _drawn(with_adapter(_cuda(torch.bfloat16, **WIDE), SETTINGS)), tiny_rows(LENGTHS)
    trainer = trainer_for(adapted, rows, [], SETTINGS, folder, lambda kind, **fields: None)
    assert trainer.by.packed
    loss = trainer.learn(adapted, rows)
    return float(loss), {n: p.grad.detach().cpu() for n, p in adapted.named_parameters() if p.grad is not None}


def _by_hand() -> tuple[float, dict[str, Any]]:
    """The same mean written out: one row at a time, all logits, float32, on the CPU."""
    import torch

    from studio.train.adapted import with_adapter
    from studio.train.batches import weight

    adapted, rows = _drawn(with_adapter(tiny_model(torch.float32, **WIDE), SETTINGS)), tiny_rows(LENGTHS)
    total = torch.zeros(())
    for row in rows:
        logits = adapted(input_ids=torch.tensor([row["input_ids"]])).logits[0, :-1].float()
        each = torch.nn.functional.cross_entropy(logits, torch.tensor(row["labels"][1:]), reduction="none")
        total = total + (each * torch.tensor(row["weights"][1:])).sum()
    loss = total / sum(map(weight, rows))
    loss.backward()
    return float(loss), {n: p.grad for n, p in adapted.named_parameters() if p.grad is not None}


def test_a_step_on_the_card_teaches_what_it_would_on_the_cpu(tmp_path: Path) -> None:
    """Loss and gradient, all weights of the adapter together: some have slopes as small as bfloat16's rounding."""
    import torch

    wanted, slopes = _by_hand()
    loss, found = _on_card(tmp_path)
    assert loss == pytest.approx(wanted, rel=0.02)
    assert found.keys() == slopes.keys()
    whole, plain = (torch.cat([part[name].flatten() for name in sorted(slopes)]) for part in (found, slopes))
    assert torch.nn.functional.cosine_similarity(whole.double(), plain.double(), dim=0) > 0.98
    assert float(whole.norm()) == pytest.approx(float(plain.norm()), rel=0.05)


def test_memory_that_runs_out_costs_time_and_nothing_else(tmp_path: Path) -> None:
    """The card is filled after the micro-batch was settled, as another program would."""
    import torch

    from studio.train.fit import prepare

    big = {"hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 6, "num_attention_heads": 8,
           "num_key_value_heads": 8, "vocab_size": 32_000}  # fmt: skip
    told: list[str] = []
    rows = tiny_rows([2048] * 16, 32_000)
    trainer = prepare(
        _cuda(torch.bfloat16, **big), rows, [], SETTINGS, tmp_path,
        lambda kind, **fields: told.append(fields.get("text", "")), compiled=False,
    )  # fmt: skip
    settled = trainer.by
    assert settled.packed and settled.size >= 8 * 2048
    trainer.args.save_strategy = "no"
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    trainer.learn(trainer.adapted, rows[:8])
    needed = torch.cuda.max_memory_allocated() - torch.cuda.memory_allocated()
    trainer.adapted.zero_grad(set_to_none=True)
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    filler = torch.empty(max(0, free - needed // 2), dtype=torch.uint8, device="cuda")
    trainer.train()
    assert filler.numel() > 0
    assert trainer.by.size < settled.size
    assert any("Memory ran short" in text for text in told)
    assert trainer.state.global_step == 2
    assert trainer.tokens_read == 16 * 2048
    del filler
    torch.cuda.empty_cache()


def test_what_settling_expects_of_memory_is_what_a_full_pass_takes(tmp_path: Path) -> None:
    import torch

    from studio.train import room
    from studio.train.batches import Cut
    from studio.train.fit import prepare

    big = {"hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 6, "num_attention_heads": 8,
           "num_key_value_heads": 8, "vocab_size": 32_000}  # fmt: skip
    rows = tiny_rows([512] * 60, 32_000)
    trainer = prepare(_cuda(torch.bfloat16, **big), rows, [], SETTINGS, tmp_path, lambda kind, **fields: None)
    found = room.settle(trainer, rows)
    trainer.by = Cut(True, 512 * 60)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    trainer.learn(trainer.adapted, rows)
    peak = torch.cuda.max_memory_allocated()
    assert found.fixed + found.per_token * 512 * 60 == pytest.approx(peak, rel=0.1)


def test_a_whole_run_learns_writes_samples_and_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    from studio.train import fit
    from studio.train.encode import Row

    folder = save_tiny_model(tmp_path / "model")
    rows = [Row(f"r{n}", Prompt(f"my {thing} is late"), f"thanks for asking about the {thing}")
            for n, thing in enumerate(["kettle", "lamp", "rug"] * 4)]  # fmt: skip
    events: list[tuple[str, dict[str, Any]]] = []
    settings = Settings("test", epochs=3, learning_rate=1e-2, upper_layers=1.0, sample_tokens=8)
    steps = iter([False] * 3 + [True] * 9)

    def run(stopped: Any) -> Any:
        return fit.fit(folder, rows, rows[:3], [("r0", rows[0].prompt)], settings, tmp_path / "checkpoints", stopped,
                       lambda kind, **fields: events.append((kind, fields)))  # fmt: skip

    first = run(lambda: next(steps))
    assert first.stopped and first.adapter is not None
    last = run(lambda: False)
    assert last.adapter == tmp_path / "checkpoints" / "final"
    losses = [row["train"] for row in last.losses if row["train"] is not None]
    assert losses[-1] < losses[0]
    assert [row["validation"] for row in last.losses if row["validation"] is not None]
    assert any(kind == "sample" for kind, _ in events)

"""A model made ready to learn: its adapter, its attention, its precision, and compiled layers. For the worker only."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from peft import LNTuningConfig, LoraConfig, PeftModel, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from studio.records import Refusal
from studio.train import packed
from studio.train.settings import FULL, LORA, QLORA, Settings


def device() -> str:
    """`cpu`, or `cuda` where there is an NVIDIA GPU."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def device_name() -> str:
    """The GPU's name, or the CPU with the number of its threads in use."""
    if device() == "cuda":
        return torch.cuda.get_device_name(0)
    return f"CPU, {torch.get_num_threads()} threads"


def load(model_path: Path, method: str = LORA) -> Any:
    """The base in bfloat16 on the device, its linear layers in four bits for `QLORA`. Only safetensors are read, and no
    code of the model's own. Raises Refusal for four bits where the library for them is not there."""
    # On a CPU plain attention trains a fifth faster than the fused kernel (measured, 135M, rows of 110 tokens).
    attention = "eager" if device() == "cpu" else "sdpa"
    how: dict[str, Any] = {"quantization_config": _four_bits(), "device_map": device()} if method == QLORA else {}
    model: Any = AutoModelForCausalLM.from_pretrained(
        model_path, dtype=torch.bfloat16, attn_implementation=attention, use_safetensors=True, trust_remote_code=False,
        **how,
    )  # fmt: skip
    if not how:
        return model.to(device())
    for module in model.modules():
        # On some CPUs the library packs the weights anew at the first pass without gradients, and from then on none
        # flow back through them: whatever was learned after a measurement would be wrong, without a word.
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    return model


def _four_bits() -> BitsAndBytesConfig:
    """NF4, its constants rounded too, computing in bfloat16: as QLoRA has it. The head stays as it is."""
    if importlib.util.find_spec("bitsandbytes") is None:
        raise Refusal(
            "To round weights to four bits needs the library bitsandbytes, which is not on this machine. Nothing was "
            "started. Install it (pip install bitsandbytes), or choose a smaller model."
        )
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def lora(model: Any, settings: Settings) -> LoraConfig:
    """The adapter of the settings: on all linear layers of the upper share of the model, the head left out."""
    layers = model.config.num_hidden_layers
    first = _first(model, settings)
    linear = {name.rpartition(".")[2] for name in _linear(model)}
    return LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=sorted(linear),
        layers_to_transform=list(range(first, layers)),
        task_type="CAUSAL_LM",
    )


def all_weights(model: Any, settings: Settings) -> LNTuningConfig:
    """A copy of every linear layer of the upper share of the model, to learn in its place; the head left out.

    PEFT's kind of adapter that replaces a layer by a copy of it was made for norms, and holds for any layer. So full
    fine-tuning goes every way an adapter goes: the base stays what it is with it switched off.
    """
    first, stack = _first(model, settings), model.get_decoder().layers
    inside = {id(module) for layer in stack[first:] for module in layer.modules()}
    learned = [name for name, module in _linear(model).items() if id(module) in inside]
    return LNTuningConfig(target_modules=learned, task_type="CAUSAL_LM")


def _first(model: Any, settings: Settings) -> int:
    layers = model.config.num_hidden_layers
    return int(layers - max(1, round(layers * settings.upper_layers)))


def _linear(model: Any) -> dict[str, torch.nn.Module]:
    """Name -> linear layer, the head left out."""
    head = model.get_output_embeddings()
    return {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and m is not head}


def with_adapter(model: Any, settings: Settings) -> PeftModel:
    """The base frozen, with a new adapter; packed attention where it fits."""
    torch.manual_seed(settings.seed)
    # What learns is in float32, so that small steps are not rounded away; an adapter is so small that this costs
    # nothing. Its products are made in bfloat16 (`precision`), so what it reads need not be copied to float32 first.
    config = all_weights(model, settings) if settings.method == FULL else lora(model, settings)
    adapted = get_peft_model(model, config, autocast_adapter_dtype=True)
    for part in adapted.parameters():
        if part.requires_grad:
            part.data = part.data.float()
    for module in adapted.modules():
        if isinstance(module, BaseTunerLayer):
            setattr(module, "cast_input_dtype_enabled", False)  # noqa: B010 (an attribute the types do not know)
    if model.device.type == "cuda" and packed.fits(model.config):
        model.set_attn_implementation(packed.PACKED)
    return adapted


def precision(model: Any) -> contextlib.AbstractContextManager[Any]:
    """Every pass of an adapted bfloat16 model happens in it: its float32 adapter computes in bfloat16 then."""
    return torch.autocast(model.device.type, torch.bfloat16, enabled=model.dtype == torch.bfloat16)


def is_packed(model: Any) -> bool:
    """Whether the model reads packed rows."""
    return bool(model.config._attn_implementation == packed.PACKED)


@contextlib.contextmanager
def padded(model: Any) -> Iterator[None]:
    """Meanwhile the model reads padded rows, as it does when it writes."""
    if not is_packed(model):
        yield
        return
    base = model.get_base_model()
    base.set_attn_implementation("sdpa")
    yield
    base.set_attn_implementation(packed.PACKED)


def compile_layers(model: Any) -> None:
    """Each decoder layer is compiled at its next pass, once for all: on a GPU the many small operations between the
    matrix products become a few."""
    # So that the first layer is the same program as the others.
    model.enable_input_require_grads()
    for layer in model.get_base_model().get_decoder().layers:
        layer.compile(dynamic=True)


def spare_memory(model: Any) -> None:
    """The layers' results are made again on the way back instead of kept: about a third slower, a fraction of the
    memory."""
    model.enable_input_require_grads()
    model.get_base_model().activation_checkpointing_enable({"use_reentrant": False})

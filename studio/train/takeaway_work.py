"""What a tuned model is taken away as: its folder is made, read again and asked, and packed. For the worker only.

The proof is the point: the files are loaded as somebody else would load them, with their own tokenizer and template,
and must answer the same prompts word for word as the model that was reviewed.
"""

from __future__ import annotations

import gc
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from studio.generation import chat
from studio.jobs import folder as job_folder
from studio.models.files import ADAPTER_FILES, file_sha256, sync_tree
from studio.records import Refusal
from studio.train import takeaway_readme

Emit = Callable[..., None]
_BUFFER = 8 * 2**20
_LIBRARIES_BYTES = 10**9


def make(
    spec: Mapping[str, Any], base: Path, job: Path, stopped: Callable[[], bool], emit: Emit
) -> dict[str, Any] | None:
    """The folder and its zip in `job`/taken, and how the check came out; None when it was stopped before its end.

    The result: name, folder, zip (relative to the job), zip_bytes, files (name -> hash), and check: {prompts, words,
    float32, bfloat16}: of so many prompts, how many were answered as by the reviewed model in that precision.
    """
    _raise_without_room(base, job, merged=spec["form"] == "merged")
    home = job / "taken"
    shutil.rmtree(home, ignore_errors=True)
    made = home / spec["name"]
    made.mkdir(parents=True)
    steps = [*_STEPS, "packing"]
    work = _Work(spec, base, made)

    def at(step: int) -> None:
        emit("progress", done=step, total=len(steps), seconds_left=None, what=steps[step])

    for number, do in enumerate((work.ask_reviewed, work.write, work.ask_made, work.ask_in_half)):
        at(number)
        if stopped():
            return None
        do()
    at(len(steps) - 1)
    (made / "passport.json").write_text(json.dumps(spec["passport"], indent=1, ensure_ascii=False), encoding="utf-8")
    facts = {**spec["facts"], "check": work.check(), "files": _hashes(made)}
    (made / "README.md").write_text(takeaway_readme.text(spec["form"], spec["name"], facts), encoding="utf-8")
    sync_tree(made)
    packed = _pack(made)
    emit("progress", done=len(steps), total=len(steps), seconds_left=0.0, what="ready to take away")
    return {
        "name": spec["name"], "form": spec["form"], "folder": str(made.relative_to(job)),
        "zip": str(packed.relative_to(job)), "zip_bytes": packed.stat().st_size, "files": _hashes(made),
        "check": facts["check"],
    }  # fmt: skip


_STEPS = (
    "asking the reviewed model", "writing the files", "reading them again and asking them",
    "asking both in half precision",
)  # fmt: skip


class _Work:
    """One export under way. Only one model is in memory at a time."""

    def __init__(self, spec: Mapping[str, Any], base: Path, made: Path) -> None:
        self._spec, self._base, self._made = spec, base, made
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._tokenizer: Any = AutoTokenizer.from_pretrained(base)
        self._prompts = [job_folder.prompt(row) for row in spec["prompts"]]
        self._answers: dict[str, list[str]] = {}

    def ask_reviewed(self) -> None:
        texts = [chat.render(self._tokenizer, prompt) for prompt in self._prompts]
        self._answers["reviewed"] = self._ask(self._reviewed(torch.float32), self._tokenizer, texts)

    def write(self) -> None:
        """The files, with the template that the model was taught and asked with, whatever its base brings."""
        self._tokenizer.chat_template = chat.template(self._tokenizer)
        if self._spec["form"] == "merged":
            merged: Any = self._reviewed(torch.float32).merge_and_unload()
            # What it was asked with here: its base's own way to write, and the mark at which it was taught to stop.
            ends = merged.generation_config.eos_token_id
            known = ends if isinstance(ends, list) else [ends]
            if self._tokenizer.eos_token_id not in known:
                merged.generation_config.eos_token_id = [self._tokenizer.eos_token_id, *filter(None, known)]
            # In float32: rounded to bfloat16, a merged model of the demo gave only 5 of 8 answers word for word.
            merged.save_pretrained(self._made)
        else:
            for name in ADAPTER_FILES:
                shutil.copyfile(Path(self._spec["adapter"]) / name, self._made / name)
            _name_the_base(self._made / ADAPTER_FILES[0], self._spec["facts"]["base"])
        self._tokenizer.save_pretrained(self._made)
        for licence in (*self._base.glob("LICEN[CS]E*"), *self._base.glob("NOTICE*")):
            shutil.copyfile(licence, self._made / licence.name)

    def ask_made(self) -> None:
        self._answers["float32"] = self._ask_exported(torch.float32)

    def ask_in_half(self) -> None:
        texts = [chat.render(self._tokenizer, prompt) for prompt in self._prompts]
        self._answers["reviewed in half"] = self._ask(self._reviewed(torch.bfloat16), self._tokenizer, texts)
        self._answers["bfloat16"] = self._ask_exported(torch.bfloat16)

    def check(self) -> dict[str, int]:
        """How many prompts, how many words of answers, and how many were answered alike in each precision."""
        told = self._answers
        return {
            "prompts": len(self._prompts), "words": sum(len(text.split()) for text in told["reviewed"]),
            "float32": _alike(told["reviewed"], told["float32"]),
            "bfloat16": _alike(told["reviewed in half"], told["bfloat16"]),
        }  # fmt: skip

    def _reviewed(self, dtype: torch.dtype) -> Any:
        return PeftModel.from_pretrained(_load(self._base, dtype), self._spec["adapter"])

    def _ask_exported(self, dtype: torch.dtype) -> list[str]:
        """As somebody else would: the folder's own weights, tokenizer and template, by plain calls."""
        tokenizer: Any = AutoTokenizer.from_pretrained(self._made)
        if self._spec["form"] == "merged":
            model = _load(self._made, dtype)
        else:
            model = PeftModel.from_pretrained(_load(self._base, dtype), self._made)
        texts = [
            tokenizer.apply_chat_template(chat.messages(prompt), tokenize=False, add_generation_prompt=True)
            for prompt in self._prompts
        ]
        return self._ask(model, tokenizer, texts)

    def _ask(self, model: Any, tokenizer: Any, texts: Sequence[str]) -> list[str]:
        model = model.to(self._device).eval()
        batch = tokenizer(
            list(texts), add_special_tokens=False, padding=True, padding_side="left", return_tensors="pt"
        ).to(self._device)
        with torch.inference_mode():
            written = model.generate(
                **batch, do_sample=False, max_new_tokens=self._spec["decoding"]["max_new_tokens"],
                eos_token_id=tokenizer.eos_token_id, pad_token_id=self._pad(),
            )  # fmt: skip
        answers: list[str] = tokenizer.batch_decode(written[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
        del model
        gc.collect()
        return answers

    def _pad(self) -> int:
        pad = self._tokenizer.pad_token_id
        return int(self._tokenizer.eos_token_id if pad is None else pad)


def _load(folder: Path, dtype: torch.dtype) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, use_safetensors=True, trust_remote_code=False)


def _alike(ones: Sequence[str], others: Sequence[str]) -> int:
    return sum(one == other for one, other in zip(ones, others, strict=True))


def _name_the_base(config: Path, name: str) -> None:
    """PEFT notes the path of the base on this machine; it is of no use elsewhere."""
    told = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**told, "base_model_name_or_path": name}, indent=2), encoding="utf-8")


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: file_sha256(path) for path in sorted(folder.iterdir()) if path.is_file()}


def _pack(made: Path) -> Path:
    """A zip beside the folder, written piece by piece: weights do not shrink, so nothing is compressed."""
    whole, part = made.with_name(f"{made.name}.zip"), made.with_name(f".{made.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path in sorted(made.iterdir()):
            info = zipfile.ZipInfo.from_file(path, f"{made.name}/{path.name}")
            with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, _BUFFER)
    part.rename(whole)
    return whole


def _raise_without_room(base: Path, job: Path, *, merged: bool) -> None:
    """Full precision takes up to twice the base's weights in memory; merged, twice that again on disk, with the zip."""
    weights = 2 * sum(file.stat().st_size for file in base.glob("*.safetensors"))
    free = psutil.virtual_memory().available
    if weights + _LIBRARIES_BYTES > free:
        raise Refusal(
            f"Checking what is taken away needs about {(weights + _LIBRARIES_BYTES) / 1e9:.1f} GB of memory and "
            f"{free / 1e9:.1f} GB are free. Nothing was changed. Close other programs, then start it again."
        )
    disk = shutil.disk_usage(job).free
    if merged and 2 * weights > disk:
        raise Refusal(
            f"The whole model and its zip need about {2 * weights / 1e9:.1f} GB of disk and {disk / 1e9:.1f} GB are "
            "free. Nothing was changed. Free some space, or take the adapter, which is small."
        )

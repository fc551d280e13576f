"""Outputs of a model on this machine: one copy of the weights serves every arm. Only the worker loads this."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from studio.generation import ArmSpec, Written, at_once, chat
from studio.records import Decoding, Prompt, Refusal, canonical, sha256, to_json

_CANARY = Prompt("Where is my order?")


class LocalModel:
    """A `Generator` over a model folder. Arms with an adapter get it attached by PEFT; the others run without."""

    repeats = True

    def __init__(self, path: Path, model_sha256: str, dtype: torch.dtype = torch.bfloat16) -> None:
        """Load the weights once, as `dtype`. Raises what the loader raises when memory is short."""
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._tokenizer: Any = AutoTokenizer.from_pretrained(path)
        model: Any = AutoModelForCausalLM.from_pretrained(
            path, dtype=dtype, use_safetensors=True, trust_remote_code=False
        )
        self._model: Any = model.to(self._device).eval()
        self.batch_size = at_once.LEAST
        if self._device == "cuda":
            card = torch.cuda.get_device_properties(0).total_memory
            self.batch_size = at_once.rows(model.config, model.get_memory_footprint(), card)
        self._sha256 = model_sha256
        self._template = chat.template_sha256(self._tokenizer)
        self._adapters: dict[str, str] = {}

    def prepare(self, arms: Sequence[ArmSpec]) -> None:
        """Attach every arm's adapter (its files were checked) and prove that it changes what the model says."""
        for arm in arms:
            if arm.adapter and arm.adapter not in self._adapters:
                self._attach(arm)
                self._prove_it_differs(arm)

    def lengths(self, prompts: Sequence[Prompt], system_prompt: str) -> list[int]:
        return [len(ids) for ids in self._encode(prompts, system_prompt)["input_ids"]]

    def write(self, arm: ArmSpec, prompts: Sequence[Prompt], decoding: Decoding) -> list[Written]:
        """Write one left-padded batch; each answer stops at the model's own end mark."""
        began = time.monotonic()
        batch = self._tokenizer.pad(
            self._encode(prompts, arm.system_prompt), padding=True, padding_side="left", return_tensors="pt"
        ).to(self._device)
        torch.manual_seed(decoding.seed)
        sampling = (
            {"do_sample": True, "temperature": decoding.temperature} if decoding.temperature else {"do_sample": False}
        )
        with self._wearing(arm), torch.inference_mode():
            written = self._model.generate(
                **batch,
                **sampling,
                max_new_tokens=decoding.max_new_tokens,
                eos_token_id=self._tokenizer.eos_token_id,
                pad_token_id=self._pad(),
            )
        answers = written[:, batch["input_ids"].shape[1] :]
        seconds = (time.monotonic() - began) / len(prompts)
        hashes = self._hashes(arm, decoding)
        return [
            Written(
                text=self._tokenizer.decode(answer, skip_special_tokens=True).strip(),
                tokens_in=int(mask.sum()),
                tokens_out=self._count(answer),
                seconds=round(seconds, 4),
                hashes=hashes,
            )
            for answer, mask in zip(answers, batch["attention_mask"], strict=True)
        ]

    def likelihoods(self, arm: ArmSpec, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, int]]:
        """For each (start, end) of plain text, without a template: the log likelihood of the end in nats, and its
        tokens. An empty start: the whole text, after the mark at which texts begin."""
        starts = [self._ids(start) for start, _ in pairs]
        wholes = [self._ids(f"{start} {end}" if start else end) for start, end in pairs]
        batch = self._tokenizer.pad({"input_ids": [[self._first(), *ids] for ids in wholes]}, return_tensors="pt",
                                    padding_side="right").to(self._device)  # fmt: skip
        with self._wearing(arm), torch.inference_mode():
            logits = self._model(**batch).logits
        found = []
        for row, start, whole in zip(logits, starts, wholes, strict=True):
            ends = torch.arange(len(start), len(whole), device=self._device)
            told = row[ends].float().log_softmax(-1)
            targets = torch.tensor(whole[len(start) :], device=self._device)
            found.append((float(told.gather(1, targets[:, None]).sum()), len(targets)))
        return found

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False).input_ids if text else []
        return ids

    def _first(self) -> int:
        first = self._tokenizer.bos_token_id
        return int(self._tokenizer.eos_token_id if first is None else first)

    def _attach(self, arm: ArmSpec) -> None:
        name = f"adapter{len(self._adapters)}"
        if self._adapters:
            self._model.load_adapter(arm.adapter, adapter_name=name)
        else:
            self._model = PeftModel.from_pretrained(self._model, arm.adapter, adapter_name=name)
        self._model.eval()
        self._adapters[arm.adapter] = name

    def _prove_it_differs(self, arm: ArmSpec) -> None:
        """A known product showed tuned answers as "base" (unsloth#4503): compare the logits of one prompt."""
        batch = self._tokenizer(
            chat.render(self._tokenizer, _CANARY), add_special_tokens=False, return_tensors="pt"
        ).to(self._device)
        base = ArmSpec(id="")
        with torch.inference_mode():
            with self._wearing(base):
                plain = self._model(**batch).logits[0, -1]
            with self._wearing(arm):
                tuned = self._model(**batch).logits[0, -1]
        if torch.equal(plain, tuned):
            raise Refusal(
                "The tuned model answers exactly like its base, so there is nothing to compare. Nothing was stored. "
                "Train it again, with more rows or another preset."
            )

    @contextmanager
    def _wearing(self, arm: ArmSpec) -> Iterator[None]:
        """The arm's adapter on, or none at all."""
        if arm.adapter:
            self._model.set_adapter(self._adapters[arm.adapter])
            yield
        elif self._adapters:
            with self._model.disable_adapter():
                yield
        else:
            yield

    def _encode(self, prompts: Sequence[Prompt], system_prompt: str) -> Any:
        texts = [chat.render(self._tokenizer, prompt, system_prompt) for prompt in prompts]
        return self._tokenizer(texts, add_special_tokens=False)

    def _pad(self) -> int:
        pad = self._tokenizer.pad_token_id
        return int(self._tokenizer.eos_token_id if pad is None else pad)

    def _count(self, answer: Any) -> int:
        """Tokens written, the end mark included, the padding after it not."""
        ends = (answer == self._tokenizer.eos_token_id).nonzero()
        return int(ends[0]) + 1 if len(ends) else len(answer)

    def _hashes(self, arm: ArmSpec, decoding: Decoding) -> dict[str, str]:
        return {
            "base": self._sha256,
            "adapter": arm.adapter_sha256,
            "template": self._template,
            "settings": sha256(canonical(to_json(decoding))),
        }

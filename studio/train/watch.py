"""What is seen of a fine-tune while it runs, and what is kept of it. For the worker only."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model_state_dict
from transformers import TrainerCallback, TrainerControl, TrainerState

from studio.generation import chat
from studio.models.files import ADAPTER_FILES, sync_tree
from studio.records import Prompt, Refusal
from studio.train.adapted import padded, precision
from studio.train.settings import Settings
from studio.train.trainer import uncompiled

Emit = Callable[..., None]


def last_checkpoint(checkpoints: Path) -> Path | None:
    """The newest whole checkpoint, or None. A folder appears under its name only when it is whole."""
    found = sorted(checkpoints.glob("step-*"), key=lambda path: int(path.name.removeprefix("step-")))
    return found[-1] if found else None


class Watch(TrainerCallback):
    """Streams losses, progress and samples; moves whole checkpoints into place; stops when asked."""

    def __init__(
        self,
        tokenizer: Any,
        samples: Sequence[tuple[str, Prompt]],
        settings: Settings,
        checkpoints: Path,
        stopped: Callable[[], bool],
        emit: Emit,
    ) -> None:
        self.stopped = False
        self._tokenizer, self._samples, self._settings = tokenizer, samples, settings
        self._checkpoints, self._asked, self._emit = checkpoints, stopped, emit
        self._began, self._first = 0.0, 0

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        shutil.rmtree(self._checkpoints / ".writing", ignore_errors=True)
        self._began, self._first = time.monotonic(), state.global_step
        self._emit("progress", done=state.global_step, total=state.max_steps, seconds_left=None, what="learning")

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        done = state.global_step
        pace = (time.monotonic() - self._began) / max(1, done - self._first)
        self._emit(
            "progress",
            done=done,
            total=state.max_steps,
            seconds_left=round(pace * (state.max_steps - done), 1),
            what="learning",
        )
        if self._asked():
            self.stopped = control.should_training_stop = control.should_save = True

    def on_log(self, args: Any, state: TrainerState, control: TrainerControl, logs: Any = None, **kwargs: Any) -> None:
        logs = logs or {}
        if "loss" in logs:
            if not math.isfinite(logs["loss"]):
                raise Refusal(
                    "Learning went wrong: the loss is no longer a number. The last checkpoint and all examples are "
                    "safe. Start again with another preset."
                )
            self._emit("loss", step=state.global_step, train=round(logs["loss"], 4), validation=None)
        if "eval_loss" in logs:
            self._emit("loss", step=state.global_step, train=None, validation=round(logs["eval_loss"], 4))

    def on_epoch_end(
        self, args: Any, state: TrainerState, control: TrainerControl, model: Any = None, **kwargs: Any
    ) -> None:
        if self.stopped:
            control.should_evaluate = False
            return
        if not self._samples:
            return
        training = model.training
        model.eval()
        with padded(model), uncompiled(), precision(model):
            written = self._write(model)
        for (example, prompt), text in zip(self._samples, written, strict=True):
            self._emit("sample", step=state.global_step, example=example, input=prompt.asked, output=text)
        model.train(training)

    def _write(self, model: Any) -> list[str]:
        texts = [chat.render(self._tokenizer, prompt) for _, prompt in self._samples]
        batch = self._tokenizer(
            texts, add_special_tokens=False, padding=True, padding_side="left", return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode():
            written = model.generate(
                **batch, max_new_tokens=self._settings.sample_tokens, do_sample=False, use_cache=True
            )
        answers = written[:, batch["input_ids"].shape[1] :]
        return [text.strip() for text in self._tokenizer.batch_decode(answers, skip_special_tokens=True)]

    def on_save(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """The trainer has written a checkpoint beside; it gets its name only now that it is whole."""
        whole = self._checkpoints / f"step-{state.global_step}"
        written = self._checkpoints / ".writing" / f"checkpoint-{state.global_step}"
        if whole.exists():
            shutil.rmtree(written)
            return
        sync_tree(written)
        written.rename(whole)
        for older in self._checkpoints.glob("step-*"):
            if older != whole:
                shutil.rmtree(older)


def save_final(model: Any, checkpoints: Path) -> Path:
    part, final = checkpoints / ".final.part", checkpoints / "final"
    shutil.rmtree(part, ignore_errors=True)
    # As the base is read, so is what was learned: in bfloat16.
    learned = {name: value.to(model.dtype) for name, value in get_peft_model_state_dict(model).items()}
    model.save_pretrained(part, state_dict=learned)
    # A template of a model card; the studio writes its own.
    (part / "README.md").unlink(missing_ok=True)
    _in_order(part / ADAPTER_FILES[0])
    sync_tree(part)
    shutil.rmtree(final, ignore_errors=True)
    part.rename(final)
    return final


def _in_order(config: Path) -> None:
    """PEFT writes the names of the layers as they come out of a set: the same adapter would have another hash each
    time."""
    told = json.loads(config.read_text(encoding="utf-8"))
    told["target_modules"] = sorted(told["target_modules"])
    config.write_text(json.dumps(told, indent=2, sort_keys=True), encoding="utf-8")

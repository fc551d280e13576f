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
from peft import get_peft_model_state_dict, load_peft_weights, set_peft_model_state_dict
from transformers import TrainerCallback, TrainerControl, TrainerState

from studio.generation import chat
from studio.models.files import ADAPTER_FILES, sync_tree
from studio.records import Prompt, Refusal
from studio.train import checkpoints, pace
from studio.train.adapted import padded, precision
from studio.train.settings import Settings
from studio.train.trainer import uncompiled

Emit = Callable[..., None]


class Watch(TrainerCallback):
    """Streams losses, progress and samples; seals checkpoints; stops when asked, or when it gets no closer.

    `stopped`: somebody asked; `early`: it levelled out before its last step.
    """

    def __init__(
        self,
        tokenizer: Any,
        samples: Sequence[tuple[str, Prompt]],
        settings: Settings,
        checkpoints: Path,
        stopped: Callable[[], bool],
        emit: Emit,
    ) -> None:
        self.stopped = self.early = False
        self._tokenizer, self._samples, self.settings = tokenizer, samples, settings
        self._checkpoints, self._asked, self._emit = checkpoints, stopped, emit
        self._began, self._first = 0.0, 0

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        shutil.rmtree(self._checkpoints / checkpoints.WRITING, ignore_errors=True)
        self._began, self._first = time.monotonic(), state.global_step
        self._emit("progress", done=state.global_step, total=state.max_steps, seconds_left=None, what="learning")

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        done = state.global_step
        each = (time.monotonic() - self._began) / max(1, done - self._first)
        self._emit(
            "progress",
            done=done,
            total=state.max_steps,
            seconds_left=round(each * (state.max_steps - done), 1),
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
            if state.global_step % pace.steps_a_point(state.max_steps) == 0:
                point = pace.curve(state.log_history, state.max_steps)[-1]
                self._emit("loss", step=state.global_step, train=point["train"], validation=None)
        if "eval_loss" in logs:
            leaning = {
                name: round(logs[f"eval_{name}"], 4) for name in ("accuracy", "margin") if f"eval_{name}" in logs
            }
            told = {"train": None, "validation": round(logs["eval_loss"], 4), **leaning}
            self._emit("loss", step=state.global_step, **told)

    def on_evaluate(
        self, args: Any, state: TrainerState, control: TrainerControl, model: Any = None, **kwargs: Any
    ) -> None:
        """The pinned prompts are answered: at step 0, before anything was learned, by what is still the base."""
        if self._samples and not self.stopped:
            training = model.training
            model.eval()
            with padded(model), uncompiled(), precision(model):
                written = self.answers(model)
            for (example, prompt), text in zip(self._samples, written, strict=True):
                self._emit("sample", step=state.global_step, example=example, input=prompt.asked, output=text)
            model.train(training)
        if state.global_step < state.max_steps and pace.levelled_out(state.log_history, self.settings.patience):
            self.early = control.should_training_stop = True

    def answers(self, model: Any) -> list[str]:
        """What a model in memory writes now for each pinned prompt, in their order."""
        texts = [chat.render(self._tokenizer, prompt) for _, prompt in self._samples]
        batch = self._tokenizer(
            texts, add_special_tokens=False, padding=True, padding_side="left", return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode():
            written = model.generate(
                **batch, max_new_tokens=self.settings.sample_tokens, do_sample=False, use_cache=True
            )
        answers = written[:, batch["input_ids"].shape[1] :]
        return [text.strip() for text in self._tokenizer.batch_decode(answers, skip_special_tokens=True)]

    def on_save(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """The trainer has written a checkpoint beside; it gets its name only now that it is whole."""
        written = self._checkpoints / checkpoints.WRITING / f"checkpoint-{state.global_step}"
        checkpoints.keep(written, self._checkpoints, state.global_step, state.log_history)


def take(model: Any, checkpoint: Path) -> None:
    """The adapter of a checkpoint becomes the model's."""
    set_peft_model_state_dict(model, load_peft_weights(str(checkpoint), device=str(model.device)))


def save_final(model: Any, beside: Path, name: str = checkpoints.FINAL) -> Path:
    """The model's adapter as it is used, in the folder `name` beside the checkpoints, whole or not at all."""
    part, final = beside / ".final.part", beside / name
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

"""One fine-tune: a LoRA adapter that learns the ideal answers. Only the worker process loads this."""

from __future__ import annotations

import math
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback, TrainerControl, TrainerState
from trl import SFTConfig

from studio.generation import chat
from studio.models.files import adapter_sha256, sync_tree
from studio.records import Prompt, Refusal
from studio.train.loss import AnswerTrainer
from studio.train.settings import Settings

Emit = Callable[..., None]


@dataclass(frozen=True)
class Row:
    """One example to learn from."""

    id: str
    prompt: Prompt
    ideal: str


@dataclass(frozen=True)
class Dropped:
    """A row that was left out before training, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Fitted:
    """What a fine-tune left. `adapter`: a PEFT folder; `losses`: {step, train, validation} with None where not
    measured; `tokens` read since this start (padding not counted) and how many a second; `stopped` when it was
    cancelled, and then `adapter` is the last checkpoint or None."""

    adapter: Path | None
    adapter_sha256: str
    losses: tuple[dict[str, float | int | None], ...]
    tokens: int
    tokens_per_second: float
    dropped: tuple[Dropped, ...]
    rows_used: int
    stopped: bool


@dataclass
class _Encoded:
    rows: list[dict[str, list[int]]] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def device() -> str:
    """`cpu`, or `cuda` where there is an NVIDIA GPU."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def device_name() -> str:
    """The GPU's name, or the CPU with the number of its threads in use."""
    if device() == "cuda":
        return torch.cuda.get_device_name(0)
    return f"CPU, {torch.get_num_threads()} threads"


def fit(
    model_path: Path,
    train: Sequence[Row],
    validation: Sequence[Row],
    samples: Sequence[tuple[str, Prompt]],
    settings: Settings,
    checkpoints: Path,
    stopped: Callable[[], bool],
    emit: Emit,
    phrases: Sequence[str] = (),
) -> Fitted:
    """Train an adapter and leave it in `checkpoints/final`, or go on from the last checkpoint there.

    `samples`: (id, prompt) of examples answered on the way. `phrases` are those that the brief checks word for word;
    their tokens weigh more (see `loss`). `emit(kind, **fields)` takes progress, loss, sample and warning events;
    `stopped()` is asked after every step. Raises Refusal when no row fits or when learning went wrong.
    """
    tokenizer = AutoTokenizer.from_pretrained(model_path)
    learn = _encode(tokenizer, _limited(train, settings.row_limit, settings.seed), settings)
    check = _encode(tokenizer, _limited(validation, settings.row_limit // 4, settings.seed), settings)
    dropped = _tell_dropped(learn, check, emit)
    watch = _Watch(tokenizer, samples, settings, checkpoints, stopped, emit)
    trainer = AnswerTrainer(
        model=_with_adapter(model_path, settings),
        args=_arguments(settings, checkpoints, bool(check.rows), len(learn.rows)),
        train_dataset=Dataset.from_list(learn.rows),
        eval_dataset=Dataset.from_list(check.rows) if check.rows else None,
        processing_class=tokenizer,
        callbacks=[watch],
        phrases=_phrase_tokens(tokenizer, phrases),
    )
    last, began = last_checkpoint(checkpoints), time.monotonic()
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    seconds = time.monotonic() - began
    adapter = last_checkpoint(checkpoints) if watch.stopped else _save_final(trainer.model, checkpoints)
    return Fitted(
        adapter=adapter,
        adapter_sha256=adapter_sha256(adapter) if adapter else "",
        losses=_losses(trainer.state.log_history),
        tokens=trainer.tokens_read,
        tokens_per_second=trainer.tokens_read / seconds,
        dropped=dropped,
        rows_used=len(learn.rows),
        stopped=watch.stopped,
    )


def _tell_dropped(learn: _Encoded, check: _Encoded, emit: Emit) -> tuple[Dropped, ...]:
    dropped = (*learn.dropped, *check.dropped)
    for row in dropped:
        emit("warning", text=f"The row {row.id} is left out: {row.reason}.")
    if not learn.rows:
        raise Refusal(
            "None of the rows can be learned from: each is empty or too long. Nothing was changed. "
            "Shorten the examples, or choose a preset for longer texts."
        )
    return dropped


def _phrase_tokens(tokenizer: Any, phrases: Sequence[str]) -> list[torch.Tensor]:
    """Each phrase as it is read inside a text and at its start."""
    texts = [text for phrase in phrases for text in (f" {phrase}", phrase)]
    return [torch.tensor(tokenizer(text, add_special_tokens=False).input_ids) for text in texts]


def last_checkpoint(checkpoints: Path) -> Path | None:
    """The newest whole checkpoint, or None. A folder appears under its name only when it is whole."""
    found = sorted(checkpoints.glob("step-*"), key=lambda path: int(path.name.removeprefix("step-")))
    return found[-1] if found else None


def _limited(rows: Sequence[Row], limit: int, seed: int) -> Sequence[Row]:
    """At most `limit` rows, chosen by the seed; all of them when `limit` is 0."""
    return random.Random(seed).sample(list(rows), limit) if 0 < limit < len(rows) else rows


def _encode(tokenizer: Any, rows: Sequence[Row], settings: Settings) -> _Encoded:
    """Token ids and labels; the prompt is read but not learned (label -100)."""
    encoded = _Encoded()
    for row in rows:
        if not row.prompt.input.strip() or not row.ideal.strip():
            encoded.dropped.append(Dropped(row.id, "its input or its ideal output is empty"))
            continue
        prompt = tokenizer(chat.render(tokenizer, row.prompt), add_special_tokens=False).input_ids
        answer = tokenizer(chat.answer(tokenizer, row.ideal), add_special_tokens=False).input_ids
        length = len(prompt) + len(answer)
        if length > settings.max_length:
            reason = f"it is {length} tokens long and this preset reads at most {settings.max_length}"
            encoded.dropped.append(Dropped(row.id, reason))
            continue
        labels = [-100] * len(prompt) + answer
        encoded.rows.append({"input_ids": prompt + answer, "labels": labels})
    return encoded


def _with_adapter(model_path: Path, settings: Settings) -> PeftModel:
    # On a CPU plain attention trains a fifth faster than the fused kernel (measured, 135M, rows of 110 tokens).
    attention = "eager" if device() == "cpu" else "sdpa"
    model: Any = AutoModelForCausalLM.from_pretrained(
        model_path, dtype=torch.bfloat16, attn_implementation=attention, use_safetensors=True, trust_remote_code=False
    )
    model.to(device())
    layers = model.config.num_hidden_layers
    first = layers - max(1, round(layers * settings.upper_layers))
    head = model.get_output_embeddings()
    linear = {
        name.rpartition(".")[2]
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not head
    }
    config = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=sorted(linear),
        layers_to_transform=list(range(first, layers)),
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(settings.seed)
    return get_peft_model(model, config, autocast_adapter_dtype=False)


def _arguments(settings: Settings, checkpoints: Path, evaluate: bool, rows: int) -> SFTConfig:
    steps = math.ceil(rows / (settings.micro_batch * settings.accumulation)) * settings.epochs
    return SFTConfig(
        output_dir=str(checkpoints / ".writing"),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.micro_batch,
        per_device_eval_batch_size=settings.micro_batch,
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup,
        weight_decay=0.0,
        max_grad_norm=1.0,
        max_length=settings.max_length,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        train_sampling_strategy="group_by_length",
        # The weights are bfloat16 already; autocast on top only adds copies.
        bf16=False,
        gradient_checkpointing=False,
        use_cpu=device() == "cpu",
        dataloader_pin_memory=device() != "cpu",
        logging_steps=max(1, steps // 200),
        logging_nan_inf_filter=False,
        eval_strategy="epoch" if evaluate else "no",
        prediction_loss_only=True,
        save_strategy="epoch",
        report_to="none",
        disable_tqdm=True,
        seed=settings.seed,
        data_seed=settings.seed,
    )


class _Watch(TrainerCallback):
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
        for (example, prompt), text in zip(self._samples, self._write(model), strict=True):
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


def _save_final(model: Any, checkpoints: Path) -> Path:
    part, final = checkpoints / ".final.part", checkpoints / "final"
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part)
    # A template of a model card; the studio writes its own.
    (part / "README.md").unlink(missing_ok=True)
    sync_tree(part)
    shutil.rmtree(final, ignore_errors=True)
    part.rename(final)
    return final


def _losses(history: Sequence[dict[str, Any]]) -> tuple[dict[str, float | int | None], ...]:
    by_step: dict[int, dict[str, float | int | None]] = {}
    for entry in history:
        row = by_step.setdefault(entry["step"], {"step": entry["step"], "train": None, "validation": None})
        if "loss" in entry:
            row["train"] = round(entry["loss"], 4)
        if "eval_loss" in entry:
            row["validation"] = round(entry["eval_loss"], 4)
    return tuple(row for _, row in sorted(by_step.items()) if row["train"] is not None or row["validation"] is not None)


def as_json(fitted: Fitted, job: Path) -> dict[str, Any]:
    """The part of result.json that a fine-tune adds; the adapter's path is relative to the job folder."""
    return {
        "adapter": str(fitted.adapter.relative_to(job)) if fitted.adapter else "",
        "adapter_sha256": fitted.adapter_sha256,
        "losses": list(fitted.losses),
        "tokens": fitted.tokens,
        "tokens_per_second": round(fitted.tokens_per_second, 1),
        "dropped": [asdict(row) for row in fitted.dropped],
        "rows_used": fitted.rows_used,
    }

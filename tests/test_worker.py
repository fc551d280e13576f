"""The worker on the real weights: a small fine-tune, three arms, kills, cancels and damage."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import pytest

from studio import models
from studio.generation import chat
from studio.jobs import folder as job_folder
from studio.jobs.local import LocalBackend, is_running, worker_environment
from studio.models.files import adapter_sha256, seal
from studio.records import Decoding, JobState, Prompt, Refusal, Speaker, Turn, to_json
from studio.train.kept_aside import look_of
from studio.train.settings import PRESETS, Settings, resolve

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]

TOPICS = ("kettle", "lamp", "rug", "blender", "sofa", "clock", "vase", "heater", "shelf", "plates", "fan", "bowl")
ROWS = [
    {"id": f"r{n}", "input": f"My {t} from LF-{10000 + n * 777} is late", "ideal": f"Thanks for asking about the {t}."}
    for n, t in enumerate(TOPICS)
]
SMALL = replace(
    resolve("quick_trial", len(ROWS)), epochs=2, upper_layers=0.1, lora_rank=4, row_limit=0, sample_tokens=8
)


def until(true: Callable[[], bool], seconds: float = 600.0) -> None:
    """A processor without AVX-512 computes in bfloat16 twenty times more slowly than one that has it built in."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def ended(folder: Path) -> bool:
    return LocalBackend().state(folder).state not in (JobState.queued, JobState.running)


def run_job(folder: Path) -> dict[str, Any]:
    LocalBackend().start(folder)
    until(lambda: ended(folder))
    result = job_folder.read_result(folder)
    assert result is not None, (folder / "log.txt").read_text()
    return result


def train_job(workspace: Path, rows: list[dict[str, str]] = ROWS, settings: Settings = SMALL) -> Path:
    spec = {
        "kind": "train",
        "id": "job",
        "project": "p",
        "model": models.reference("smollm2-135m", workspace),
        "settings": to_json(settings),
        "seed": 0,
        "train": "inputs/train.jsonl",
        "validation": "inputs/validation.jsonl",
        "samples": [{"id": "r0", "input": ROWS[0]["input"]}],
        "dataset_sha256": "",
    }
    inputs = {"train.jsonl": job_folder.jsonl(rows), "validation.jsonl": job_folder.jsonl(ROWS[:2])}
    return job_folder.create(workspace / "jobs" / job_folder.new_id(), spec, inputs)


def generate_job(workspace: Path, arms: list[dict[str, str]], embedder: bool = True) -> Path:
    spec = {
        "kind": "generate",
        "id": "job",
        "project": "p",
        "model": models.reference("smollm2-135m", workspace),
        "arms": arms,
        "prompts": [{"id": f"e{n:03}", "input": f"{n}? {ROWS[n % 12]['input']}", "ideal": ROWS[n % 12]["ideal"]}
                    for n in range(PROMPTS)],
        "decoding": to_json(Decoding(max_new_tokens=6)),
        "embedder": {"name": "minilm", "path": str(models.path("minilm", workspace))} if embedder else None,
    }  # fmt: skip
    return job_folder.create(workspace / "jobs" / job_folder.new_id(), spec)


BASE = {"id": "base", "system_prompt": "", "adapter": "", "adapter_sha256": ""}
ARMS = ("base", "prompted", "tuned")
PROMPTS = 50
PROMPTED = {**BASE, "id": "prompted", "system_prompt": "Answer in capital letters."}


@pytest.fixture(scope="module")
def trained(models_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished small fine-tune with one row that is too long and one that is empty."""
    odd = [
        {"id": "long", "input": "word " * 600, "ideal": "Thanks."},
        {"id": "empty", "input": "Hello?", "ideal": " "},
    ]
    folder = train_job(tmp_path_factory.mktemp("trained"), ROWS + odd)
    result = run_job(folder)
    assert result["state"] == "done", result["reason"]
    return folder


def tuned(trained: Path) -> dict[str, str]:
    result = job_folder.read_result(trained)
    assert result is not None
    adapter = str(trained / result["adapter"])
    return {**BASE, "id": "tuned", "adapter": adapter, "adapter_sha256": result["adapter_sha256"]}


@pytest.fixture(scope="module")
def written(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished generation of the three arms, in three batches each."""
    folder = generate_job(tmp_path_factory.mktemp("written"), [BASE, PROMPTED, tuned(trained)])
    result = run_job(folder)
    assert result["state"] == "done", result["reason"]
    return folder


def lines(folder: Path, arm: str = "") -> list[dict[str, Any]]:
    return [row for row in job_folder.read_lines(folder / "outputs.jsonl").rows if arm in ("", row["arm"])]


def test_a_fine_tune_leaves_an_adapter_and_tells_how_it_went(trained: Path) -> None:
    result = job_folder.read_result(trained)
    assert result is not None
    adapter = trained / result["adapter"]
    assert sorted(p.name for p in adapter.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    assert adapter_sha256(adapter) == result["adapter_sha256"]
    measured = [row["train"] for row in result["losses"] if row["train"] is not None]
    assert len(measured) == 6
    assert measured[-1] < measured[0]
    held = {row["step"]: row["validation"] for row in result["losses"] if row["validation"] is not None}
    assert list(held) == [0, 3, 6] and result["taken"] == (3 if held[3] <= held[6] else 6)
    assert (result["done"], result["steps"], result["early"]) == (6, 6, False)
    assert result["evidence"]["kept_aside"] == 2 and result["evidence"]["closer"]["value"] > 0
    look = look_of(result)
    assert look is not None and [name for name, _, _ in look.rows] == ["r0", "r1"]
    assert look.step == result["taken"] and held[look.step] == pytest.approx(look.loss, abs=1e-4)
    assert {row["id"]: row["reason"] for row in result["dropped"]} == {
        "long": "it is 613 tokens long and this preset reads at most 512",
        "empty": "its input or its ideal output is empty",
    }
    assert result["rows_used"] == 12
    assert result["tokens"] > 300
    assert result["tokens_per_second"] > 0
    assert 500 < result["peak_memory_mb"] < 5000
    assert result["settings"] == to_json(SMALL)
    assert {"python", "torch", "peft"} <= set(result["versions"])
    assert "CPU" in result["device"] or result["device"]


def test_losses_samples_and_progress_are_streamed(trained: Path) -> None:
    events = job_folder.read_events(trained).rows
    kinds = [event["kind"] for event in events]
    assert kinds.count("loss") == 6 + 3
    assert kinds.count("warning") == 2
    samples = [event for event in events if event["kind"] == "sample"]
    assert [(s["example"], s["input"]) for s in samples] == [("r0", ROWS[0]["input"])] * 3
    last = LocalBackend().state(trained).progress
    assert (last.done, last.total, last.seconds_left) == (6, 6, 0.0)


def test_three_arms_come_from_one_copy_of_the_weights(written: Path, trained: Path) -> None:
    result = job_folder.read_result(written)
    assert result is not None
    assert {name: arm["outputs"] for name, arm in result["arms"].items()} == dict.fromkeys(ARMS, PROMPTS)
    texts = {arm: [row["output"] for row in lines(written, arm)] for arm in ARMS}
    again = {name: arm["again"] for name, arm in result["arms"].items()}
    assert all(0 < found["n"] <= PROMPTS and found["otherwise"] == [] for found in again.values()), again
    assert texts["base"] != texts["tuned"]
    assert texts["base"] != texts["prompted"]
    by_arm = {row["arm"]: row for row in lines(written)}
    assert by_arm["base"]["hashes"]["adapter"] == ""
    assert by_arm["tuned"]["hashes"]["adapter"] == adapter_sha256(Path(tuned(trained)["adapter"]))
    assert len({row["hashes"]["template"] for row in lines(written)}) == 1
    assert len({row["hashes"]["prompt"] for row in lines(written)}) == 2
    assert all(-1 <= row["similarity"] <= 1 for row in lines(written) if row["output"])
    assert all(1 <= row["tokens_out"] <= 6 for row in lines(written))


def test_the_base_beside_a_tuned_arm_is_the_base_alone(written: Path, workspace: Path, models_cache: Path) -> None:
    alone = generate_job(workspace, [BASE], embedder=False)
    assert run_job(alone)["state"] == "done"
    assert [row["output"] for row in lines(alone)] == [row["output"] for row in lines(written, "base")]


class Rendering:
    """The bundled model's own chat template, rendered as its tokenizer does."""

    eos_token = "<|im_end|>"

    def __init__(self, folder: Path) -> None:
        self.chat_template = (folder / "chat_template.jinja").read_text()

    def apply_chat_template(self, conversation: Any, *, chat_template: str, **options: Any) -> str:
        return jinja2.Template(chat_template).render(messages=conversation, **options)


def test_without_a_system_prompt_nobody_speaks_before_the_user(models_cache: Path, workspace: Path) -> None:
    tokenizer = Rendering(models.path("smollm2-135m", workspace))
    assert "You are a helpful AI assistant" in tokenizer.chat_template
    assert chat.render(tokenizer, Prompt("Hi")) == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    assert chat.render(tokenizer, Prompt("Hi"), "Be kind.") == (
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )
    said = (Turn(Speaker.user, "Hi"), Turn(Speaker.assistant, "Hello"))
    assert chat.render(tokenizer, Prompt("Bye", said, "Be brief."), "Be kind.") == (
        "<|im_start|>system\nBe kind.\n\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"
    )
    assert chat.answer(tokenizer, "Hello.") == "Hello.<|im_end|>"
    tokenizer.chat_template = ""
    with pytest.raises(Refusal, match="Instruct"):
        chat.render(tokenizer, Prompt("Hi"))


def test_a_killed_generation_goes_on_and_ends_as_if_it_had_not_been(
    written: Path, trained: Path, workspace: Path, models_cache: Path
) -> None:
    killed = generate_job(workspace, [BASE, PROMPTED, tuned(trained)])
    LocalBackend().start(killed)
    until(lambda: bool(lines(killed)))
    noted = job_folder.read_worker(killed)
    assert noted is not None
    os.kill(noted[0], signal.SIGKILL)
    until(lambda: not is_running(*noted))
    assert LocalBackend().state(killed).state is JobState.failed
    assert 0 < len(lines(killed)) < 3 * PROMPTS
    assert run_job(killed)["state"] == "done"

    def told(folder: Path) -> list[tuple[str, str, str]]:
        return [(row["arm"], row["example"], row["output"]) for row in lines(folder)]

    assert told(killed) == told(written)


def test_a_cancelled_fine_tune_keeps_a_checkpoint_and_goes_on_from_it(workspace: Path, models_cache: Path) -> None:
    folder = train_job(workspace, settings=replace(SMALL, epochs=4))
    LocalBackend().start(folder)
    until(lambda: LocalBackend().state(folder).progress.done >= 4)
    LocalBackend().cancel(folder)
    until(lambda: ended(folder))
    result = job_folder.read_result(folder)
    assert result is not None
    assert result["state"] == "cancelled"
    assert 4 <= result["done"] < 12 and 0 < result["taken"] <= result["done"]
    assert (folder / result["adapter"] / "adapter_model.safetensors").is_file()
    finished = run_job(folder)
    assert finished["state"] == "done"
    assert finished["adapter"] == "checkpoints/final"
    steps = [row["step"] for row in finished["losses"] if row["train"] is not None]
    assert steps == list(range(1, 13))
    first = json.loads(next(e for e in (folder / "events.jsonl").read_text().splitlines()[::-1] if '"total":12' in e))
    assert first["done"] == 12


def reason(folder: Path) -> str:
    result = run_job(folder)
    assert result["state"] == "failed"
    assert "Traceback" not in result["reason"]
    return str(result["reason"])


def test_a_missing_or_changed_adapter_is_refused(trained: Path, workspace: Path, models_cache: Path) -> None:
    arm = tuned(trained)
    gone = {**arm, "adapter": str(workspace / "nowhere")}
    assert "adapter is missing" in reason(generate_job(workspace, [gone]))
    shutil.copytree(arm["adapter"], workspace / "changed")
    weights = workspace / "changed" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    changed = {**arm, "adapter": str(workspace / "changed")}
    assert "its files changed" in reason(generate_job(workspace, [changed]))


def test_a_tuned_arm_that_changes_nothing_is_found_out(trained: Path, workspace: Path, models_cache: Path) -> None:
    """The same adapter with all its weights at zero answers like the base."""
    arm = tuned(trained)
    shutil.copytree(arm["adapter"], workspace / "zero")
    file = workspace / "zero" / "adapter_model.safetensors"
    content = file.read_bytes()
    weights = 8 + int.from_bytes(content[:8], "little")  # the file's head says where each weight stands
    file.write_bytes(content[:weights] + bytes(len(content) - weights))
    zero = {**arm, "adapter": str(workspace / "zero"), "adapter_sha256": adapter_sha256(workspace / "zero")}
    assert "exactly like its base" in reason(generate_job(workspace, [zero], embedder=False))


def test_a_damaged_or_exchanged_model_is_told_before_anything_starts(
    workspace: Path, models_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = train_job(workspace)
    spec = job_folder.read_spec(folder)
    copy = workspace / "models" / "smollm2-135m"
    shutil.copytree(spec["model"]["path"], copy)
    monkeypatch.setenv("YARDSTICK_MODELS", str(workspace / "models"))
    damaged, exchanged = train_job(workspace), train_job(workspace)
    config = copy / "config.json"
    whole = config.read_bytes()
    config.write_bytes(whole[:-2] + b" }")
    assert "smollm2-135m is damaged (config.json)" in reason(damaged)
    seal(copy, "smollm2-135m", "", "Apache-2.0")
    assert "not the one this job was made for" in reason(exchanged)


def test_a_model_larger_than_the_free_memory_is_not_even_opened(workspace: Path, models_cache: Path) -> None:
    giant = workspace / "giant"
    giant.mkdir()
    with (giant / "model.safetensors").open("wb") as file:
        file.truncate(10**12)  # sparse: takes no space
    folder = train_job(workspace)
    spec = job_folder.read_spec(folder)
    spec["model"] = {"name": "giant", "path": str(giant), "sha256": ""}
    assert "needs about 1001.0 GB of memory" in reason(job_folder.create(workspace / "jobs" / "giant", spec))


def test_memory_that_runs_out_on_the_way_is_told_in_words(workspace: Path, models_cache: Path) -> None:
    """A real limit on the process; whether it gets to write its own result or just dies, the server can tell."""
    folder = train_job(workspace)
    limit = 1_000_000_000
    done = subprocess.run(
        [sys.executable, "-m", "studio.worker", str(folder)],
        env={**worker_environment(), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.returncode != 0
    status = LocalBackend().state(folder)
    assert status.state is JobState.failed
    assert "memory" in status.reason


def test_rows_none_of_which_can_be_learned_are_refused(workspace: Path, models_cache: Path) -> None:
    folder = train_job(workspace, [{"id": "1", "input": "word " * 700, "ideal": "Thanks."}])
    assert reason(folder).startswith("None of the rows can be learned from")


def test_presets_make_room_for_the_longest_row_and_read_fewer_such_at_a_time() -> None:
    short, long = resolve("match_our_tone", 480, longest=140), resolve("match_our_tone", 480, longest=1500)
    assert (short.max_length, short.micro_batch, short.accumulation) == (512, 4, 2)
    assert (long.max_length, long.micro_batch, long.accumulation) == (1536, 1, 8)
    assert long.epochs == short.epochs
    assert resolve("match_our_tone", 480, longest=9000).max_length == 2048
    assert resolve("match_our_tone", 480, longest=9000, context=1024).max_length == 1024
    card = resolve("match_our_tone", 480, "cuda", longest=6000)
    assert (card.max_length, card.micro_batch) == (6016, 8)


def test_presets_in_words() -> None:
    assert [p.name for p in PRESETS] == ["quick_trial", "match_our_tone", "strict_format", "most_careful"]
    tone, strict, careful = (resolve(name, 480) for name in ("match_our_tone", "strict_format", "most_careful"))
    assert strict.upper_layers == 1.0 and tone.epochs < strict.epochs < careful.epochs
    assert careful.learning_rate < strict.learning_rate < tone.learning_rate and careful.patience
    assert resolve("match_our_tone", 24).epochs > resolve("match_our_tone", 480).epochs
    assert resolve("match_our_tone", 20_000).epochs <= 2
    assert resolve("match_our_tone", 220).row_limit == 0
    with pytest.raises(Refusal, match="no preset"):
        resolve("best_ever", 10)
    with pytest.raises(Refusal, match="no rows"):
        resolve("match_our_tone", 0)

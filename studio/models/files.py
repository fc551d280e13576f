"""Model folders on disk: hashes, the manifest that makes one whole, and what is refused in somebody's own."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.records import Refusal, canonical, sha256

MANIFEST = "manifest.json"
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
_PICKLED = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}


@dataclass(frozen=True)
class Manifest:
    """What a whole model folder holds. `files`: name -> {sha256, bytes}; `sha256` is one hash over all of them."""

    name: str
    sha256: str
    source_sha256: str
    licence: str
    files: dict[str, dict[str, Any]]


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file. Raises FileNotFoundError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_sha256(hashes: Mapping[str, str]) -> str:
    """One hash over files: name -> hash."""
    return sha256(canonical(dict(hashes)))


def adapter_sha256(folder: Path) -> str:
    """One hash over an adapter's two files. Raises FileNotFoundError."""
    return files_sha256({name: file_sha256(folder / name) for name in ADAPTER_FILES})


def sync_tree(folder: Path) -> None:
    """fsync every file below a folder, so that a rename that follows never names half a folder."""
    for path in [*(p for p in folder.rglob("*") if p.is_file()), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def seal(folder: Path, name: str, source_sha256: str, licence: str) -> Manifest:
    """Write the manifest, last, and sync the folder. What is not in it is not part of the model."""
    files: dict[str, dict[str, Any]] = {
        str(path.relative_to(folder)): {"sha256": file_sha256(path), "bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    overall = files_sha256({file: row["sha256"] for file, row in files.items()})
    manifest = Manifest(name, overall, source_sha256, licence, files)
    (folder / MANIFEST).write_text(json.dumps(manifest.__dict__, indent=1, ensure_ascii=False), encoding="utf-8")
    sync_tree(folder)
    return manifest


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder that this studio made, or None without a readable one."""
    try:
        return Manifest(**json.loads((folder / MANIFEST).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def looks_whole(folder: Path) -> bool:
    """Quick: every file of the manifest is there in its size. The hashes are checked by `damaged`."""
    manifest = read_manifest(folder)
    return manifest is not None and all(_size(folder / file) == row["bytes"] for file, row in manifest.files.items())


def damaged(folder: Path) -> list[str]:
    """Files of the manifest that are missing or have other content. Reads everything (about 1 s a GB)."""
    manifest = read_manifest(folder)
    if manifest is None:
        return [MANIFEST]
    return [
        file
        for file, row in manifest.files.items()
        if _size(folder / file) != row["bytes"] or file_sha256(folder / file) != row["sha256"]
    ]


def check_own_folder(folder: Path) -> None:
    """Refuse a folder that is no model, or one that could run somebody's code: pickled weights, remote code."""
    if not folder.is_dir():
        raise Refusal(f"There is no folder {folder}. Nothing was changed. Check the path.")
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    config = _config(folder)
    if pickled := [name for name in names if Path(name).suffix in _PICKLED]:
        raise Refusal(
            f"{folder.name} holds {pickled[0]}, a format that can run hidden code when opened. It was not opened. "
            "Use a copy of the model with .safetensors files only."
        )
    told = [config, *(_read(folder / name) for name in names if name.endswith("_config.json"))]
    if any("auto_map" in each for each in told) or any(name.endswith(".py") for name in names):
        raise Refusal(
            f"{folder.name} wants to run code of its own. It was not run. Choose a model that needs no remote code."
        )
    if not any(name.endswith(".safetensors") for name in names) or "tokenizer.json" not in names:
        raise Refusal(
            f"{folder.name} is not a whole model: it needs config.json, tokenizer.json and .safetensors weights. "
            "Nothing was changed. Check the path, or copy the model again."
        )


def own_folder_sha256(folder: Path) -> str:
    """One hash over every file of somebody's own model folder. Reads everything."""
    return files_sha256({path.name: file_sha256(path) for path in folder.iterdir() if path.is_file()})


def folder_sha256(folder: Path) -> str:
    """The one hash of a model folder as it lies there now: by its manifest's files, or by all files of somebody's own.

    Reads everything. Raises FileNotFoundError when a file of the manifest is gone.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return own_folder_sha256(folder)
    return files_sha256({file: file_sha256(folder / file) for file in manifest.files})


def _config(folder: Path) -> dict[str, Any]:
    if not (folder / "config.json").is_file():
        raise Refusal(f"{folder.name} is not a model: it has no config.json. Nothing was changed. Check the path.")
    config = _read(folder / "config.json")
    if "model_type" not in config:
        raise Refusal(f"{folder.name} is not a model: its config.json names no model type. Check the path.")
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_bytes())
    except ValueError as error:
        raise Refusal(
            f"The {path.name} of {path.parent.name} is damaged. Nothing was changed. Copy the model again."
        ) from error
    return told if isinstance(told, dict) else {}


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1

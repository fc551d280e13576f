"""The nouns of the studio as pure, frozen values.

A record knows nothing of storage, pages or models: the store gives it identity, the steps give it
meaning. Every record converts to and from plain JSON with `to_json` and `from_json`; an unknown enum
value or field raises `ValueError`, it is never read as a default.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.brief_records import SCALE_LEVELS, Brief, Check, CheckKind, Criterion, Slice
from studio.record_documents import Document, Passage, Piece
from studio.record_examples import HARD_KINDS, Consent, Example, Prompt, Speaker, Split, Status, Turn
from studio.record_json import canonical, from_json, sha256, to_json
from studio.record_recipes import (
    MOST_PASSAGES,
    MOST_SHOTS,
    Choosing,
    Given,
    Passages,
    Recipe,
    Shots,
    recipe_sha256,
    set_parts,
)

__all__ = [
    "HARD_KINDS", "MOST_PASSAGES", "MOST_SHOTS", "PROMPTING", "SCALE_LEVELS", "Act", "Arm", "ArmKind", "Brief",
    "Candidate", "Check", "CheckKind", "Choice", "Choosing", "Consent", "Criterion", "Dataset", "Decoding", "Document",
    "Example", "Generation", "Given", "Job", "JobState", "Pair", "PairKind", "Passage", "Passages", "Person", "Piece",
    "Prompt", "Recipe", "Refusal", "Role", "Round", "Run", "Shots", "Slice", "Speaker", "Split", "Status", "Task",
    "Turn", "Verdict", "Vote", "candidates_of", "canonical", "from_json", "recipe_sha256", "set_parts", "sha256",
    "to_json",
]  # fmt: skip


class Refusal(Exception):
    """Something the studio will not do, in one sentence a person can act on.

    Raised for every expected failure (bad input, no permission, a conflict). Pages show the text,
    the command prints it on stderr and exits with 1. Nothing was changed when it is raised.
    """


class Role(enum.StrEnum):
    designer = "designer"
    reviewer = "reviewer"
    pm = "pm"
    admin = "admin"


class Task(enum.StrEnum):
    """The kind of task, by which the figures are chosen. `labels`: one answer out of a few. `fields`: a JSON object.
    `text`: anything written freely."""

    labels = "labels"
    fields = "fields"
    text = "text"


class ArmKind(enum.StrEnum):
    base = "base"
    prompted = "prompted"
    few_shot = "few_shot"
    retrieval = "retrieval"
    tuned = "tuned"


PROMPTING = (ArmKind.prompted, ArmKind.few_shot, ArmKind.retrieval)
"""The kinds of arm that people write: what training has to beat."""


class JobState(enum.StrEnum):
    queued = "queued"
    running = "running"
    done = "done"
    failed = "failed"
    cancelled = "cancelled"


class Choice(enum.StrEnum):
    """A vote seen from the candidate (`a`), as in the votes table; the page asks left or right."""

    a = "a"
    b = "b"
    tie = "tie"
    both_bad = "both_bad"
    skip = "skip"


class PairKind(enum.StrEnum):
    """`real`: two arms; only these count. `gold`: one side was made worse on purpose. `repeat`: a pair that its
    reviewer saw before, sides swapped. `sentinel`: one arm's two samples."""

    real = "real"
    gold = "gold"
    repeat = "repeat"
    sentinel = "sentinel"


class Verdict(enum.StrEnum):
    go = "GO"
    no_go = "NO_GO"
    keep_collecting = "KEEP_COLLECTING"
    inconclusive = "INCONCLUSIVE"


@dataclass(frozen=True)
class Dataset:
    """A frozen set, of examples or of votes. `sha256` hashes the sorted rows with their splits, the brief version and
    the report."""

    id: str
    project: str
    sha256: str
    brief_version: int
    splits: dict[str, int]
    rows_blob: str
    health: dict[str, Any]
    name: str = ""
    discarded: bool = False
    at: str = ""

    @property
    def of_votes(self) -> bool:
        """Whether its rows are pairs of answers that people chose between, rather than examples."""
        return "votes" in self.health


@dataclass(frozen=True)
class Decoding:
    """How an arm writes: greedy when `temperature` is 0. Registered with a round."""

    max_new_tokens: int = 96
    temperature: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Arm:
    """Anything that produces an output for an input. `step` and `adapter_sha256`: of a checkpoint of a run other than
    the one that became its model, after which step it was saved and the hash of its weights."""

    id: str
    project: str
    kind: ArmKind
    name: str
    model: str
    system_prompt: str = ""
    run: str = ""
    version: int = 1
    retired: bool = False
    recipe: Recipe = Recipe()
    step: int = 0
    adapter_sha256: str = ""


@dataclass(frozen=True)
class Generation:
    """One output of one arm, with the hashes that prove where it came from."""

    arm: str
    example: str
    output: str
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    similarity: float | None = None
    hashes: dict[str, str] = field(default_factory=dict)
    given: Given = Given()


@dataclass(frozen=True)
class Job:
    id: str
    project: str
    kind: str
    state: JobState
    folder: str
    actor: str
    at: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One fine-tune: what it was made from and what came out. `adapter_sha256` is empty until done."""

    id: str
    project: str
    dataset: str
    model: str
    preset: str
    job: str
    state: JobState
    settings: dict[str, Any] = field(default_factory=dict)
    adapter: str = ""
    adapter_sha256: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    discarded: bool = False
    at: str = ""
    actor: str = ""


@dataclass(frozen=True)
class Candidate:
    """An arm of a round that might ship, and the arms that it must beat."""

    arm: str
    baselines: tuple[str, ...]


def candidates_of(registration: Mapping[str, Any]) -> tuple[Candidate, ...]:
    """Who competes in a round, the cheapest first. Rounds of the first version registered one candidate only."""
    told = registration.get("candidates") or [
        {"arm": registration["candidate"], "baselines": registration["baselines"]}
    ]
    return tuple(Candidate(each["arm"], tuple(each["baselines"])) for each in told)


@dataclass(frozen=True)
class Round:
    """A registered blind round. `registration` is frozen and hashed before the first vote."""

    id: str
    project: str
    registration: dict[str, Any]
    sha256: str
    state: str  # open, closed, cancelled
    commitment: str
    seed: str = ""
    closed_because: str = ""
    at: str = ""

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return candidates_of(self.registration)


@dataclass(frozen=True)
class Pair:
    """Two outputs of one prompt, in the order a reviewer sees them. Arms stay on the server. `system`: the system text
    that the prompt came with, the same for both. `candidate`: the arm that choice `a` means. `of`: the pair that this
    one repeats or was made from, "" for none."""

    id: str
    round: str
    position: int
    example: str
    slice: str
    input: str
    left: str
    right: str
    baseline: str
    candidate_left: bool
    earlier: tuple[Turn, ...] = ()
    system: str = ""
    candidate: str = ""
    kind: PairKind = PairKind.real
    of: str = ""
    left_written: str = ""
    right_written: str = ""

    @property
    def as_written(self) -> tuple[str, str]:
        """Left and right as their arms wrote them, where the round shows them without Markdown marks."""
        return self.left_written or self.left, self.right_written or self.right


@dataclass(frozen=True)
class Vote:
    """One reviewer's answer to one pair. `at` in ISO 8601 UTC; `scripted` when no person voted.

    `conflict` says why this voter was not independent when they voted; such votes stay outside the gate.
    `seconds`: how long the pair was on screen without a key, None where nobody read or it was not kept. The voter may
    say why, with the vote or later while the round is open: `reasons` are names of the brief's criteria, `note` their
    own words, `better` the answer they would rather have sent. `reason` is of a skip alone.
    """

    pair: str
    reviewer: str
    choice: Choice
    reason: str = ""
    shippable_a: bool | None = None
    shippable_b: bool | None = None
    scripted: bool = False
    conflict: str = ""
    at: str = ""
    reasons: tuple[str, ...] = ()
    note: str = ""
    better: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    role: Role
    scripted: bool = False
    active: bool = True


@dataclass(frozen=True)
class Act:
    """One entry of the journal. `hash` chains to `previous`; the payload sits in a blob."""

    seq: int
    previous: str
    id: str
    at: str
    actor: str
    kind: str
    project: str
    payload: str
    hash: str

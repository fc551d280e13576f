"""What a model library said of examples before they are checked: what their inputs mean, and their lengths in tokens.

The checks stay pure and load no model: who calls them brings this along, as far as it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Tokens:
    """The lengths of an example in tokens, as the model reads it: `prompt` with its template, `ideal` with its end."""

    prompt: int
    ideal: int


@dataclass(frozen=True)
class Close:
    """Two examples, by id, `one` < `other`, and the cosine of their inputs' vectors, -1 to 1."""

    one: str
    other: str
    cosine: float


@dataclass(frozen=True)
class Known:
    """`meaning`: example id -> the vector of its input (`Prompt.asked`), normalised float32, all of one width; an
    example that was not read yet is absent. `close`: the pairs of those that mean about the same (see
    `studio.health.meant`). `tokens`: example id -> its lengths, for the model to be tuned, which
    reads at most `most_tokens` (0: nobody asked)."""

    meaning: Mapping[str, Floats] = field(default_factory=dict)
    close: tuple[Close, ...] = ()
    tokens: Mapping[str, Tokens] = field(default_factory=dict)
    most_tokens: int = 0


NOTHING_KNOWN = Known()

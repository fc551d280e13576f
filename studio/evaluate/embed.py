"""What a text means, as a vector, by sentence-transformers. Only a worker process loads this."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

Floats = NDArray[np.float32]


class Embedder:
    """A sentence-transformers folder (MiniLM), read from disk only."""

    def __init__(self, path: Path) -> None:
        self._model = SentenceTransformer(
            str(path), device="cpu", local_files_only=True, trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )  # fmt: skip

    def vectors(self, texts: Sequence[str]) -> Floats:
        """(len(texts), dimensions) float32, each of length 1, so that a dot product is a cosine."""
        found = self._model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )  # fmt: skip
        return np.asarray(found, dtype=np.float32)

    def similarity(self, outputs: Sequence[str], ideals: Sequence[str]) -> list[float | None]:
        """Cosine of each output and its ideal, -1 to 1; None where either is empty: nothing can be said then."""
        pairs = [i for i, (a, b) in enumerate(zip(outputs, ideals, strict=True)) if a.strip() and b.strip()]
        found: list[float | None] = [None] * len(outputs)
        if not pairs:
            return found
        vectors = self.vectors([outputs[i] for i in pairs] + [ideals[i] for i in pairs])
        for place, cosine in zip(pairs, (vectors[: len(pairs)] * vectors[len(pairs) :]).sum(axis=1), strict=True):
            found[place] = round(float(cosine), 4)
        return found

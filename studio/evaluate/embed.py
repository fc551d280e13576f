"""How close an output is in meaning to the ideal one. Only the worker process loads this."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer


class Embedder:
    """A sentence-transformers folder (MiniLM), read from disk only."""

    def __init__(self, path: Path) -> None:
        self._model = SentenceTransformer(
            str(path), device="cpu", local_files_only=True, trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )  # fmt: skip

    def similarity(self, outputs: Sequence[str], ideals: Sequence[str]) -> list[float | None]:
        """Cosine of each output and its ideal, -1 to 1; None where either is empty: nothing can be said then."""
        pairs = [i for i, (a, b) in enumerate(zip(outputs, ideals, strict=True)) if a.strip() and b.strip()]
        found: list[float | None] = [None] * len(outputs)
        if not pairs:
            return found
        texts = [outputs[i] for i in pairs] + [ideals[i] for i in pairs]
        vectors = self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        for place, cosine in zip(pairs, (vectors[: len(pairs)] * vectors[len(pairs) :]).sum(axis=1), strict=True):
            found[place] = round(float(cosine), 4)
        return found

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One normalised vector a text, shape (texts, 384): a cosine is then a dot product. It reads about 200 words of
        each (256 tokens)."""
        made = self._model.encode(list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(made, np.float32)

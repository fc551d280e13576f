"""What a text means, as a vector: MiniLM (a BERT of six layers) computed with numpy. Only a worker process loads this.

The weights are read as they are; no model library is needed, so a search wakes in about a second with some 140 MB,
where sentence-transformers takes several and a gigabyte (benchmarks/meaning.py). The tests hold it to that library's
vectors. Source of the arithmetic: Devlin et al., BERT (2018); mean pooling: Reimers and Gurevych, Sentence-BERT (2019).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from studio.records import Refusal

Floats = NDArray[np.float32]

_BATCH = 64
_EXPECTED = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
_WORDS, _PLACES, _KIND = (f"embeddings.{name}_embeddings.weight" for name in ("word", "position", "token_type"))


class Embedder:
    """A sentence-transformers folder of the kind of MiniLM, read from disk only."""

    def __init__(self, path: Path) -> None:
        """Raises Refusal for a model that is put together differently."""
        config, pooling, limit = (
            json.loads((path / name).read_bytes())
            for name in ("config.json", "1_Pooling/config.json", "sentence_bert_config.json")
        )
        if (
            any(config.get(name) != value for name, value in _EXPECTED.items())
            or not pooling["pooling_mode_mean_tokens"]
        ):
            raise Refusal(
                f"The model {path.name} does not compare texts in a way the studio knows. Nothing was changed. "
                "Use the one of the catalogue."
            )
        self._layers, self._heads = int(config["num_hidden_layers"]), int(config["num_attention_heads"])
        self._small = np.float32(config["layer_norm_eps"])
        self._weights: dict[str, Floats] = load_file(path / "model.safetensors")
        self._tokenizer: Any = Tokenizer.from_file(str(path / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(int(limit["max_seq_length"]))

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

    def vectors(self, texts: Sequence[str]) -> Floats:
        """One normalised vector a text, shape (texts, 384): a cosine is then a dot product. It reads about 200 words of
        each (256 tokens)."""
        ids = [found.ids for found in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))  # little of a batch is then padding
        made = np.empty((len(ids), self._weights[_PLACES].shape[1]), np.float32)
        for start in range(0, len(order), _BATCH):
            part = order[start : start + _BATCH]
            made[part] = self._batch([ids[i] for i in part])
        return made

    def _batch(self, ids: Sequence[Sequence[int]]) -> Floats:
        count, longest = len(ids), max(map(len, ids))
        tokens, real = np.zeros((count, longest), np.int64), np.zeros((count, longest), np.float32)
        for row, found in enumerate(ids):
            tokens[row, : len(found)], real[row, : len(found)] = found, 1
        weights = self._weights
        state = weights[_WORDS][tokens] + weights[_PLACES][:longest] + weights[_KIND][0]
        state = self._norm(state, "embeddings.LayerNorm")
        unseen = ((1 - real) * np.float32(-1e9))[:, None, None, :]
        for layer in range(self._layers):
            name = f"encoder.layer.{layer}"
            state = self._norm(state + self._attention(state, unseen, name), f"{name}.attention.output.LayerNorm")
            inner = _gelu(self._linear(state, f"{name}.intermediate.dense"))
            state = self._norm(state + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        mean = (state * real[:, :, None]).sum(axis=1) / real.sum(axis=1, keepdims=True)
        return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), np.float32)

    def _attention(self, state: Floats, unseen: Floats, name: str) -> Floats:
        """Each token looks at the others of its text; `unseen` (-1e9 where there is padding) hides what is none."""
        count, longest, width = state.shape
        asks, keys, says = (
            self._linear(state, f"{name}.attention.self.{part}")
            .reshape(count, longest, self._heads, -1)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = asks @ keys.transpose(0, 1, 3, 2)
        scores *= np.float32((width // self._heads) ** -0.5)
        scores += unseen
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        seen = (scores @ says).transpose(0, 2, 1, 3).reshape(count, longest, width)
        return self._linear(np.asarray(seen, np.float32), f"{name}.attention.output.dense")

    def _linear(self, state: Floats, name: str) -> Floats:
        weight = self._weights[f"{name}.weight"]
        made = state.reshape(-1, weight.shape[1]) @ weight.T
        made += self._weights[f"{name}.bias"]
        return np.asarray(made.reshape(*state.shape[:-1], -1), np.float32)

    def _norm(self, state: Floats, name: str) -> Floats:
        """Layer normalisation."""
        state = state - state.mean(axis=-1, keepdims=True)
        state /= np.sqrt((state * state).mean(axis=-1, keepdims=True) + self._small)
        state *= self._weights[f"{name}.weight"]
        state += self._weights[f"{name}.bias"]
        return np.asarray(state, np.float32)


# The error function by Abramowitz and Stegun, 7.1.26: off by at most 1.5e-7, about what float32 can hold.
_P = np.float32(0.3275911)
_A = tuple(np.float32(a) for a in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))


def _gelu(x: Floats) -> Floats:
    """x times the normal distribution's share below x."""
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + _P * z)
    tail = t * _A[0]
    for a in _A[1:]:
        tail += a
        tail *= t
    z *= z
    np.negative(z, z)
    tail *= np.exp(z, z)
    made = np.copysign(1 - tail, x)
    made += 1
    made *= x
    made *= np.float32(0.5)
    return np.asarray(made, np.float32)

"""Generation on a GPU, beside one prompt at a time: `python -m benchmarks.gpu_generation [--tiny]`.

Two tables. The bundled model on the demo's inputs, greedy, each answer as long as the model makes it (`--model FOLDER`
and `--prompts FILE` take the place of the workspace's). And a Llama of 8B shape with random weights, whose answers get
lengths drawn beforehand (log-normal, mean about 110 word pieces, at most 256), the same for every way: the model's own
end mark never comes from random weights.

Ways: one prompt at a time through transformers' `generate`, as most scripts do; batches side by side, of so many, as a
generate job writes them; transformers' continuous batching, where an answer that ends makes room for the next. Tokens
count what was written, without padding. Peak is of the card's memory that torch allocated, weights included. Equal:
answers that are the same text as one at a time.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
)
from transformers.generation.configuration_utils import ContinuousBatchingConfig

from benchmarks.gpu_train import shaped
from studio.generation import chat
from studio.jobs import folder as job_folder
from studio.records import Decoding, Prompt, Split
from studio.train.adapted import device, device_name

ALONE = 16
"""So many prompts are answered one at a time: more would only take longer."""

Ids = Sequence[int]
Way = Callable[["Asked"], list[list[int]]]


@dataclass(frozen=True)
class Asked:
    """What is answered: the model, the ids of each prompt, the longest answer of each, its mark of the end."""

    model: Any
    ids: Sequence[Ids]
    most: Sequence[int]
    end: int
    exact: bool
    """Whether each answer is exactly as long as `most` says, rather than at most."""

    def first(self, count: int) -> Asked:
        return Asked(self.model, self.ids[:count], self.most[:count], self.end, self.exact)


class _EndAt(LogitsProcessor):
    """Lets each row of a batch end when it has its length and not before."""

    def __init__(self, start: int, most: Sequence[int], end: int) -> None:
        self._start, self._most, self._end = start, torch.tensor(most, device=device()), end

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        last = self._most <= input_ids.shape[1] - self._start + 1
        scores[:, self._end] = torch.where(last, torch.inf, -torch.inf)
        return scores


def one_at_a_time(asked: Asked) -> list[list[int]]:
    """`generate` for each prompt."""
    told = []
    for ids, most in zip(asked.ids, asked.most, strict=True):
        out = asked.model.generate(
            torch.tensor([list(ids)], device=device()), do_sample=False, max_new_tokens=most, pad_token_id=asked.end,
            eos_token_id=None if asked.exact else asked.end,
        )  # fmt: skip
        told.append(out[0, len(ids) :].tolist())
    return told


def side_by_side(size: int) -> Way:
    """The longest prompts first, in even batches of at most `size`, padded on the left."""

    def way(asked: Asked) -> list[list[int]]:
        order = sorted(range(len(asked.ids)), key=lambda n: -len(asked.ids[n]))
        count = -(-len(order) // size)
        edges = [round(n * len(order) / count) for n in range(count + 1)]
        told: list[list[int]] = [[] for _ in order]
        for first, last in zip(edges, edges[1:], strict=False):
            for place, answer in zip(order[first:last], _batch(asked, order[first:last]), strict=True):
                told[place] = answer
        return told

    return way


def _batch(asked: Asked, places: Sequence[int]) -> list[list[int]]:
    longest = max(len(asked.ids[n]) for n in places)
    ids = torch.tensor([[asked.end] * (longest - len(asked.ids[n])) + list(asked.ids[n]) for n in places])
    mask = torch.tensor([[0] * (longest - len(asked.ids[n])) + [1] * len(asked.ids[n]) for n in places])
    most = [asked.most[n] for n in places]
    held = LogitsProcessorList([_EndAt(longest, most, asked.end)] if asked.exact else [])
    out = asked.model.generate(
        ids.to(device()), attention_mask=mask.to(device()), do_sample=False, max_new_tokens=max(most),
        eos_token_id=asked.end, pad_token_id=asked.end, logits_processor=held,
    )[:, longest:].tolist()  # fmt: skip
    return [row[: most[n]] if asked.exact else _to_end(row, asked.end) for n, row in enumerate(out)]


def _to_end(row: list[int], end: int) -> list[int]:
    return row[: row.index(end) + 1] if end in row else row


def continuously(most_at_once: int, graphs: bool | None = None) -> Way:
    """transformers' own: all requests are queued before it starts, so that it cuts its batches alike each time."""

    def way(asked: Asked) -> list[list[int]]:
        config = GenerationConfig(do_sample=False, max_new_tokens=max(asked.most), eos_token_id=asked.end,
                                  pad_token_id=asked.end)  # fmt: skip
        longest = max(map(len, asked.ids)) + max(asked.most)
        manager = asked.model.init_continuous_batching(
            generation_config=config,
            continuous_batching_config=ContinuousBatchingConfig(
                allow_block_sharing=False, auto_switch_to_flash=False, use_cuda_graph=graphs,
                max_requests_per_batch=most_at_once, max_batch_tokens=4096 if device() == "cuda" else 256,
                num_blocks=most_at_once * (longest // 256 + 1), seed=0,
            ),
        )  # fmt: skip
        ends = -1 if asked.exact else asked.end
        names = [manager.add_request(list(ids), max_new_tokens=most, eos_token_id=ends)
                 for ids, most in zip(asked.ids, asked.most, strict=True)]  # fmt: skip
        manager.start()
        found: dict[str, list[int]] = {}
        while len(found) < len(names):
            result = manager.get_result(timeout=1)
            if result is None and not manager.is_running():
                raise RuntimeError("continuous batching ended before its requests did")
            if result is not None and result.error is not None:
                raise RuntimeError(result.error)
            if result is not None and result.is_finished():
                found[result.request_id] = result.generated_tokens
        manager.stop(block=True)
        manager.destroy()
        return [found[name] for name in names]

    return way


def _row(name: str, asked: Asked, way: Way, alone: list[list[int]] | None) -> list[list[int]] | None:
    """Prints a line of the table; None when this way could not do it."""
    if torch.cuda.is_available():
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    began = time.monotonic()
    try:
        with torch.inference_mode():
            told = way(asked)
    except (RuntimeError, ValueError) as error:
        print(f"| {name} | {str(error).splitlines()[0][:90]} |", flush=True)
        return None
    seconds, tokens = time.monotonic() - began, sum(map(len, told))
    peak = torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else 0.0
    same = "" if alone is None else f"{_same(alone, told, int(asked.exact))} of {len(alone)}"
    print(
        f"| {name} | {len(told)} | {tokens:,} | {seconds:.1f} | {tokens / seconds:,.0f} | {peak:.1f} | {same} |",
        flush=True,
    )
    return told


def _same(alone: list[list[int]], told: list[list[int]], last: int) -> int:
    """How many are equal but for the `last` pieces, which were forced."""
    return sum(a[: len(a) - last] == b[: len(b) - last] for a, b in zip(alone, told, strict=False))


def _table(title: str, asked: Asked, ways: Sequence[tuple[str, Way]], alone: int, seconds: float) -> None:
    print(f"\n| {title} | prompts | tokens | seconds | tokens/s | peak GB | equal |\n|---|---|---|---|---|---|---|")
    side_by_side(4)(asked.first(4))  # kernels are chosen and loaded
    began = time.monotonic()
    told = _row("one at a time", asked.first(alone), one_at_a_time, None)
    for name, way in ways:
        if time.monotonic() - began > seconds:
            print(f"| {name} | no time was left |")
            continue
        _row(name, asked, way, told)


def _demo(folder: Path) -> tuple[Path, list[Prompt]]:
    # With `--model` this runs on a machine that has no more than a worker needs.
    from studio import datasets, models, projects
    from studio.store import Store

    store = Store.open(folder / "workspace")
    dataset = datasets.freeze(store, "bench", projects.from_demo(store, "bench", "support-replies").id)
    found = [*datasets.rows_in(store, dataset, Split.test), *datasets.rows_in(store, dataset, Split.train)]
    place = models.path("smollm2-135m", store.workspace)
    store.close()
    return place, [e.prompt for e in found]


def _bundled(place: Path, prompts: Sequence[Prompt], dtype: torch.dtype) -> Asked:
    tokenizer: Any = AutoTokenizer.from_pretrained(place)
    model: Any = AutoModelForCausalLM.from_pretrained(place, dtype=dtype).to(device()).eval()
    ids = tokenizer([chat.render(tokenizer, prompt) for prompt in prompts], add_special_tokens=False).input_ids
    return Asked(model, ids, [Decoding().max_new_tokens] * len(ids), int(tokenizer.eos_token_id), exact=False)


def _random(shape: str, count: int) -> Asked:
    draw = random.Random(0)
    model = shaped(shape, torch.bfloat16).eval()
    ids = [[draw.randrange(3, 500) for _ in range(max(8, min(1024, round(draw.lognormvariate(4.9, 0.6)))))]
           for _ in range(count)]  # fmt: skip
    most = [max(4, min(256, round(draw.lognormvariate(4.55, 0.7)))) for _ in ids]
    return Asked(model, ids, most, 2, exact=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tiny", action="store_true", help="check on any machine that all of it runs")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--prompts", type=Path, help="JSON lines, as in a job's folder")
    parser.add_argument("--seconds", type=float, default=600.0, help="a table begins no way after so long")
    parser.add_argument("--only", default="bundled,8B")
    args = parser.parse_args()
    print(device_name())
    if "bundled" in args.only:
        with tempfile.TemporaryDirectory() as name:
            place, prompts = (args.model, [job_folder.prompt(json.loads(r)) for r in args.prompts.open()]) \
                if args.model else _demo(Path(name))  # fmt: skip
            for dtype in (torch.bfloat16, torch.float32):
                asked = _bundled(place, prompts[:8] if args.tiny else prompts, dtype)
                sizes = (4,) if args.tiny else (32, 256) if dtype is torch.bfloat16 else (256,)
                _table(f"bundled model, {dtype}", asked, _ways(sizes), 2 if args.tiny else ALONE, args.seconds)
                del asked
    if "8B" in args.only:
        asked = _random("tiny" if args.tiny else "8B", 8 if args.tiny else 128)
        sizes = (4,) if args.tiny else (32, 128)
        _table("8B, random weights", asked, _ways(sizes), 2 if args.tiny else 6, args.seconds)


def _ways(sizes: Sequence[int]) -> list[tuple[str, Way]]:
    largest = sizes[-1]
    return [
        *((f"side by side, {size}", side_by_side(size)) for size in sizes),
        (f"continuous batching, {largest} at once", continuously(largest)),
        ("continuous batching, 64 at once", continuously(64)),
    ]


if __name__ == "__main__":
    main()

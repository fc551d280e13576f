"""Search by meaning: how long one takes at 100,000 examples, how fast texts are read, and what the process holds.

    python -m benchmarks.meaning [--rows N] [--texts N]

Fills a fresh store with N examples (default 100,000) and the cache with as many random unit vectors, then times
searches as the page makes them, the question's own vector aside: with nothing changed since the last one, and after
each edit by somebody. Beside it, the named peer on the same vectors: `sentence_transformers.util.semantic_search`, all
in memory. Then the resident model reads N texts (default 2,000) of the demo, and says what it holds. Exits with 1 when
a promise is not kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from studio import models, people, projects
from studio.examples import meaning, step
from studio.jobs.resident import Resident
from studio.jobs.vectors import WIDTH, Floats, Vectors, key
from studio.records import Decoding, Example, Prompt, canonical, to_json
from studio.store import Store

PROMISED_MS = 150.0
LOOKS = 60
DEMO = Path(__file__).resolve().parents[1] / "data" / "support-replies" / "examples.jsonl"


def units(count: int, seed: int) -> Floats:
    made = np.random.default_rng(seed).standard_normal((count, WIDTH), dtype=np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


def prompts() -> list[str]:
    return [json.loads(line)["input"] for line in DEMO.read_text(encoding="utf-8").splitlines()]


def filled(store: Store, count: int) -> tuple[str, Floats]:
    """A project of `count` examples of the demo's lengths, every one read; its id, and the vectors in its order."""
    project, known = projects.create(store, people.SYSTEM, "Many").id, prompts()
    inputs = [f"{known[n % len(known)]} ({n})" for n in range(count)]
    found = [Example(f"e{n}", text, "An answer.", batch="b", row=n) for n, text in enumerate(inputs)]
    batch = {"id": "b", "file": "many.csv", "format": "csv", "rows": count, "refused": []}
    payload = {"batch": batch, "rows_blob": store.put_blob(canonical(to_json(found)))}
    store.act("examples.imported", people.SYSTEM, payload, project)
    vectors = units(count, 0)
    Vectors.of(store.workspace, meaning.embedder(store)["sha256"]).append([key(text) for text in inputs], vectors)
    return project, vectors


Took = list[tuple[float, float]]


def timed(do: Callable[[Floats], object], queries: Floats, before: Callable[[], object] = lambda: None) -> Took:
    """Milliseconds on the clock and of the processor, for each query; `before` each, something that is not timed."""
    took = []
    for query in queries:
        before()
        clock, processor = time.perf_counter(), time.process_time()
        do(query)
        took.append((1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - processor)))
    return took


def said(what: str, took: Took) -> float:
    clock, processor = (sorted(column) for column in zip(*took, strict=True))
    p95 = clock[int(0.95 * len(clock))]
    print(f"{what:50}{clock[len(clock) // 2]:10.1f}{p95:10.1f}{processor[len(processor) // 2]:16.1f}", flush=True)
    return p95


def searching(workspace: Path, count: int) -> bool:
    store = Store.open(workspace)
    project, vectors = filled(store, count)
    # Half-way between a text and nothing: like a question that is near to some examples.
    queries = vectors[np.random.default_rng(1).choice(count, LOOKS, replace=False)] + units(LOOKS, 2)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)

    def search(query: Floats) -> None:
        meaning.nearest(store, project, query)

    def edit() -> None:
        step.write(store, people.SYSTEM, project, input="Another one.", ideal="")

    before = psutil.Process().memory_info().rss
    search(queries[0])
    print(f"{f'{count:,} vectors':50}{'median ms':>10}{'p95 ms':>10}{'processor ms':>16}")
    p95 = said("search", timed(search, queries))
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    p95 = max(p95, said("search right after an edit by somebody", timed(search, queries, edit)))
    store.close()

    import torch
    from sentence_transformers.util import semantic_search

    table = torch.from_numpy(vectors)
    said("peer: semantic_search, float32 in memory",
         timed(lambda query: semantic_search(torch.from_numpy(query[None]), table, top_k=50), queries))  # fmt: skip
    print(f"The searching process grew by {grown:.0f} MB; the peer's table holds {vectors.nbytes / 2**20:.0f} MB.")
    return p95 <= PROMISED_MS


def reading(workspace: Path, count: int) -> None:
    known = prompts()
    texts = workspace / "texts.jsonl"
    texts.write_text("".join(json.dumps(f"{known[n % len(known)]} ({n})") + "\n" for n in range(count)))
    model, resident = models.reference(meaning.EMBEDDER, workspace), Resident(workspace)
    try:
        began = time.perf_counter()
        while not resident.state(wake=True).awake:
            time.sleep(0.05)
        print(f"resident process, nothing loaded: {resident.state().memory_mb:.0f} MB")
        while resident.embed(model, ["hello"]) is None:
            time.sleep(0.05)
        print(f"awake for a search after {time.perf_counter() - began:.1f} s; {resident.state().memory_mb:.0f} MB")
        began = time.perf_counter()
        resident.read(model, texts, workspace / "read")
        while resident.state().reading.running:
            time.sleep(0.05)
        print(f"texts read a second: {count / (time.perf_counter() - began):.0f}; {resident.state().memory_mb:.0f} MB")
        answering(resident, workspace)
    finally:
        resident.make_room()


def answering(resident: Resident, workspace: Path) -> None:
    model = models.reference("smollm2-135m", workspace)
    for prompt in prompts()[:2]:
        began = time.perf_counter()
        while (told := resident.answer(model, Prompt(prompt), {"id": "draft"}, to_json(Decoding()))) is None:
            time.sleep(0.05)
        print(f"an answer of {told.tokens} tokens after {time.perf_counter() - began:.1f} s; "
              f"{resident.state().memory_mb:.0f} MB")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description="Search by meaning at many examples, and how fast texts are read.")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--texts", type=int, default=2_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yardstick-meaning-") as folder:
        workspace = Path(folder)
        for bundled in models.bundled():
            models.fetch(bundled.name, workspace)
        reading(workspace, asked.texts)
        kept = searching(workspace, asked.rows)
    print("the promise is kept" if kept else "a promise was not kept")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

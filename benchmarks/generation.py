"""Generation for the arms of one model on a CPU: `python -m benchmarks.generation [--prompts 60] [--tokens 96]`.

The demo's held-out inputs, the bundled model, greedy, at most as many new tokens as a job allows. Beside each other, in
processes of their own: one prompt at a time through transformers' `generate`, as most scripts do; and a generate job's
own code, in the batches that it cuts. Tokens a second count what was written, end marks included, without padding.
Memory is the process's peak: of the base alone, and of three arms of one model (base, a prompt, an adapter), at the
same batch size. Equal: greedy outputs that are the same, text by text, as one at a time: all in float32, the share in
bfloat16, where what stands beside a prompt in its batch can change the last bit.
Promise: 10 times the tokens a second, 1.15 times the base's memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from studio import datasets, models, projects
from studio.generation import ArmSpec
from studio.jobs import folder as job_folder
from studio.jobs.local import worker_environment
from studio.records import Decoding, Prompt, Split, to_json
from studio.store import Store
from studio.train.memory import peak_memory_mb

FASTER, MEMORY = 10.0, 1.15
_PROMPTED = "Answer as a friendly support colleague of Larkfield. Thank the customer first and repeat the order number."


def _one_at_a_time(given: dict[str, Any], prompts: list[Prompt]) -> dict[str, Any]:
    """transformers alone: the text as our template renders it, then `generate`, one prompt after the other."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from studio.generation import chat

    tokenizer: Any = AutoTokenizer.from_pretrained(given["model"])
    model: Any = AutoModelForCausalLM.from_pretrained(given["model"], dtype=getattr(torch, given["dtype"]))
    texts, tokens, began = [], 0, time.monotonic()
    for prompt in prompts:
        ids = tokenizer(chat.render(tokenizer, prompt), add_special_tokens=False, return_tensors="pt")
        out = model.generate(
            **ids, do_sample=False, max_new_tokens=given["tokens"], pad_token_id=tokenizer.pad_token_id
        )[0, ids["input_ids"].shape[1] :]
        tokens += len(out)
        texts.append(tokenizer.decode(out, skip_special_tokens=True).strip())
    return {"texts": texts, "tokens": tokens, "seconds": time.monotonic() - began}


def _as_a_job(given: dict[str, Any], prompts: list[Prompt]) -> dict[str, Any]:
    """The studio's generator in a job's batches; the first arm is the base."""
    import torch

    from studio.generation.local import LocalModel
    from studio.generation.work import in_batches

    arms = [ArmSpec(**arm) for arm in given["arms"]]
    model = LocalModel(Path(given["model"]), "", dtype=getattr(torch, given["dtype"]))
    model.prepare(arms)
    decoding = Decoding(max_new_tokens=given["tokens"])
    texts, tokens, began = [""] * len(prompts), 0, time.monotonic()
    for arm in arms:
        for places in in_batches(model, arm, prompts, [str(n) for n in range(len(prompts))]):
            for place, written in zip(
                places, model.write(arm, [prompts[n] for n in places], decoding), strict=True
            ):  # fmt: skip
                tokens += written.tokens_out
                if arm.id == "base":
                    texts[place] = written.text
    return {"texts": texts, "tokens": tokens, "seconds": time.monotonic() - began}


def _in_its_own_process(folder: Path, what: str, **given: Any) -> dict[str, Any]:
    (folder / "given.json").write_text(json.dumps({"what": what, **given}))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.generation", "--inner", str(folder)], env=worker_environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _inner(folder: Path) -> None:
    given = json.loads((folder / "given.json").read_text())
    prompts = [job_folder.prompt(row) for row in json.loads((folder / "prompts.json").read_text())]
    found = {"one": _one_at_a_time, "job": _as_a_job}[given["what"]](given, prompts)
    print(json.dumps({**found, "peak_mb": peak_memory_mb()}))


def _adapter(model: Path, folder: Path) -> str:
    """A LoRA adapter as a training leaves one, with small random weights: it changes what is said."""
    code = (
        "import sys, torch; from transformers import AutoModelForCausalLM\n"
        "from peft import LoraConfig, get_peft_model\n"
        "torch.manual_seed(1)\n"
        "m = get_peft_model(AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.bfloat16),\n"
        "    LoraConfig(r=16, target_modules='all-linear', init_lora_weights=False))\n"
        "m.save_pretrained(sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", code, str(model), str(folder / "adapter")], check=True, capture_output=True)
    return str(folder / "adapter")


def _same(one: list[str], other: list[str]) -> int:
    return sum(a == b for a, b in zip(one, other, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompts", type=int, default=60)
    parser.add_argument("--tokens", type=int, default=Decoding().max_new_tokens)
    parser.add_argument("--inner", type=Path)
    args = parser.parse_args()
    if args.inner:
        _inner(args.inner)
        return 0
    with tempfile.TemporaryDirectory() as name:
        return _measure(Path(name), args.prompts, args.tokens)


def _measure(folder: Path, count: int, tokens: int) -> int:
    store = Store.open(folder / "workspace")
    dataset = datasets.freeze(store, "bench", projects.from_demo(store, "bench", "support-replies").id)
    model = models.path("smollm2-135m", store.workspace)
    found = datasets.spread(datasets.rows_in(store, dataset, Split.test), count)
    store.close()
    (folder / "prompts.json").write_text(json.dumps([job_folder.prompt_row(e.id, e.prompt) for e in found]))
    base = {key: value for key, value in to_json(ArmSpec("base")).items() if key != "recipe"}
    three = [base, {**base, "id": "prompt", "system_prompt": _PROMPTED},
             {**base, "id": "tuned", "adapter": _adapter(model, folder), "adapter_sha256": "x"}]  # fmt: skip
    common = {"model": str(model), "tokens": tokens}
    one = {d: _in_its_own_process(folder, "one", dtype=d, **common) for d in ("bfloat16", "float32")}
    job = {d: _in_its_own_process(folder, "job", dtype=d, arms=[base], **common) for d in ("bfloat16", "float32")}
    together = _in_its_own_process(folder, "job", dtype="bfloat16", arms=three, **common)
    return _report(len(found), one, job, together)


def _report(count: int, one: dict[str, Any], job: dict[str, Any], together: dict[str, Any]) -> int:
    rows = [(f"one at a time, {d}", one[d]) for d in one] + [(f"as a job, {d}", job[d]) for d in job]
    print(f"{'':32}{'tokens':>8}{'seconds':>9}{'tokens/s':>10}{'peak MB':>9}")
    for name, told in [*rows, ("three arms as a job, bfloat16", together)]:
        pace = told["tokens"] / told["seconds"]
        print(f"{name:32}{told['tokens']:>8,}{told['seconds']:>9.1f}{pace:>10.1f}{told['peak_mb']:>9,.0f}")
    faster = (job["bfloat16"]["tokens"] / job["bfloat16"]["seconds"]) / (
        one["bfloat16"]["tokens"] / one["bfloat16"]["seconds"]
    )
    memory = together["peak_mb"] / job["bfloat16"]["peak_mb"]
    same = {d: _same(one[d]["texts"], job[d]["texts"]) for d in one}
    print(f"tokens a second: {faster:.1f} times one at a time (promise {FASTER:.0f})")
    print(f"peak memory of three arms: {memory:.2f} times the base alone (promise {MEMORY})")
    print(f"equal to one at a time: {same['float32']} of {count} in float32, {same['bfloat16']} of {count} in bfloat16")
    return 0 if faster >= FASTER and memory <= MEMORY and same["float32"] == count else 1


if __name__ == "__main__":
    sys.exit(main())

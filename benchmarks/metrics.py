"""Metrics of many outputs: `python -m benchmarks.metrics [--outputs 10000] [--arms 4]`. Needs no model.

Makes outputs of four arms by changing the ideal replies of the support demo (free text, 10 to 70 words; each prompt's
own words are mixed in, so that no two ideals are alike) and of the triage demo (JSON), and times all that the Compare
page works out: machine checks, figures with their intervals, each paired against another arm, and every slice and hard
kind. Figures are compared with sacrebleu's and rouge-score's on 300 of the rows. Promise: 20 s for 10,000 outputs x 4
arms.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Mapping

from studio import evaluation, outputs, paths
from studio.evaluate import metrics, parts, tasks, texts
from studio.records import Arm, ArmKind, Brief, Example, Generation, from_json

SECONDS = 20.0
_CHECKED = 300
_VOCABULARY = ("please", "thank", "you", "order", "account", "refund", "today", "we", "will", "check", "again", "sorry")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outputs", type=int, default=10_000)
    parser.add_argument("--arms", type=int, default=4)
    args = parser.parse_args()
    print(f"{'task':<10}{'prompts':>9}{'arms':>6}{'checks s':>10}{'figures s':>11}{'parts s':>9}{'all s':>8}")
    slow = False
    for demo in ("support-replies", "ticket-triage"):
        brief, examples = prompts(demo, args.outputs)
        written = {f"arm {at}": wrong(examples, at) for at in range(args.arms)}
        seconds = measured(brief, examples, written)
        slow |= sum(seconds) > SECONDS
        task = tasks.infer(brief, [e.ideal for e in examples.values()]).task
        told = "".join(f"{each:>{width}.1f}" for each, width in zip(seconds, (10, 11, 9), strict=True))
        print(f"{task.value:<10}{len(examples):>9,}{args.arms:>6}{told}{sum(seconds):>8.1f}", flush=True)
        if task.value == "text":
            print(f"largest difference on {_CHECKED} rows: {differences(examples, written['arm 1'])}")
    return int(slow)


def prompts(demo: str, count: int) -> tuple[Brief, dict[str, Example]]:
    """The demo's brief, and its examples again and again, free texts with a word or two of their own."""
    folder = paths.data_dir() / demo
    brief = from_json(Brief, json.loads((folder / "brief.json").read_text("utf-8")))
    rows = [json.loads(line) for line in (folder / "examples.jsonl").read_text("utf-8").splitlines()]
    made = {}
    for at in range(count):
        row, name = rows[at % len(rows)], f"{at:06}"
        ideal = row["ideal"] if row["ideal"].startswith("{") else f"{row['ideal']} {name[::-1]}"
        made[name] = Example(name, row["input"], ideal, row.get("slice", ""), tuple(row.get("kinds", ())))
    return brief, made


def wrong(examples: Mapping[str, Example], arm: int) -> dict[str, Generation]:
    """What an arm writes: the ideal output with some words changed, the more the higher its number, and a few empty."""
    draw, written = random.Random(arm), {}
    vocabulary = _VOCABULARY
    for name, example in examples.items():
        words = [w if draw.random() > 0.1 * (arm + 1) else draw.choice(vocabulary) for w in example.ideal.split(" ")]
        text = "" if draw.random() < 0.01 else " ".join(words)
        written[name] = Generation(f"arm {arm}", name, text, similarity=draw.uniform(0.3, 0.9))
    return written


def measured(
    brief: Brief, examples: dict[str, Example], written: Mapping[str, Mapping[str, Generation]]
) -> tuple[float, float, float]:
    """Seconds for the checks, for the figures of all arms, and for their parts beside the first."""
    began, scored = time.perf_counter(), {}
    for name, own in written.items():
        arm = Arm(name, "", ArmKind.base, name, "")
        scored[name] = outputs.scored(arm, brief, outputs.subjects(examples, dict(own)), dict(own), len(examples))
    checked = time.perf_counter()
    task = tasks.infer(brief, [e.ideal for e in examples.values()]).task
    compared = metrics.Compared(task, brief, list(examples), {name: e.ideal for name, e in examples.items()})
    found = compared.arms(
        {arm: evaluation.answers(examples, own, scored[arm].kept) for arm, own in written.items()}, "arm 0"
    )
    figured = time.perf_counter()
    groups = evaluation.groups_of(brief, list(examples.values()))
    for arm in list(found)[1:]:
        parts.compare(groups, found[arm].main, found["arm 0"].main)
    return checked - began, figured - checked, time.perf_counter() - figured


def differences(examples: Mapping[str, Example], written: Mapping[str, Generation]) -> str:
    """How far chrF and ROUGE-L are from what the libraries say of the same rows."""
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics import CHRF

    names = list(examples)[:_CHECKED]
    pairs = [(written[name].output, examples[name].ideal) for name in names]
    ours = float(texts.chrf(texts.chrf_rows(*zip(*pairs, strict=True)).sum(axis=0)))
    corpus = CHRF().corpus_score([output for output, _ in pairs], [[ideal for _, ideal in pairs]]).score
    oracle = RougeScorer(["rougeL"])
    rouge = [abs(texts.rouge_l(*pair) - oracle.score(pair[1], pair[0])["rougeL"].fmeasure) for pair in pairs]
    return f"chrF {abs(ours - corpus):.1e}, ROUGE-L {max(rouge):.1e}"


if __name__ == "__main__":
    sys.exit(main())

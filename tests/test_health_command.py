"""`studio health` tells what the page tells, by the same gates."""

from __future__ import annotations

from dataclasses import replace

from round_seed import MAKER

from studio import checking, commands, projects, waivers
from studio.examples import step as example_step
from studio.records import Split
from studio.store import Store, examples


def test_gates_findings_and_leaks_are_told_with_their_examples_and_a_waiver_counts(store: Store) -> None:
    project = projects.from_demo(store, MAKER, "ticket-triage")
    told = commands.run(store, "health", {"project": project.name})
    assert told["ready"] and told["leakage"] == {"exact": 0, "near": 0} and all(g["passed"] for g in told["gates"])
    first = examples.every(store, project.id)[0]
    learned = example_step.edit(store, MAKER, project.id, first, split=Split.train)
    twin = example_step.save(store, MAKER, project.id, replace(learned, id="twin", revision=1, split=Split.test))
    told = commands.run(store, "health", {"project": project.name})
    leak = next(f for f in told["findings"] if f["check"] == "exact_leakage")
    assert not told["ready"] and told["leakage"]["exact"] == 1 and leak["count"] == 1
    assert {learned.id, twin.id} <= {name for case in leak["examples"] for name in case}
    for each in checking.now(store, project.id).checkup.report.findings:
        if each.acceptable and each.key in {g["gate"] for g in told["gates"] if not g["passed"]}:
            waivers.accept(store, MAKER, project.id, each, "It is one and the same case on purpose.")
    told = commands.run(store, "health", {"project": project.name})
    assert told["ready"] and any(g["waived"].startswith("It is one") for g in told["gates"])

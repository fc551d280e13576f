"""Can the outputs of an arm be trusted to be what they say? From hashes and counts to passed or failed. Pure.

Each check has an answer of its own: passed, failed, or cannot be told. Nothing here looks at whether an output is good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio.records import Generation


@dataclass(frozen=True)
class Check:
    """`passed` None: it cannot be told, and the sentence says why."""

    name: str
    passed: bool | None
    sentence: str


@dataclass(frozen=True)
class Facts:
    """What is known of one arm's outputs to `expected` prompts. `adapter`: the hash of its trained weights, "" for an
    arm that has none. `base`: what the base wrote to the same prompts, None for an arm that need not differ from it.
    `others`: the outputs of the arms it is compared with. `again` of its outputs were written again, of which
    `otherwise` came out different."""

    written: Mapping[str, Generation]
    expected: int
    adapter: str = ""
    base: Mapping[str, Generation] | None = None
    others: Sequence[Mapping[str, Generation]] = ()
    again: int = 0
    otherwise: int = 0


def checks(facts: Facts) -> tuple[Check, ...]:
    """Every check, in the order they are read. The one beside the base is left out where there is none to compare."""
    found = [_complete(facts), _author(facts), _alike(facts)]
    if facts.base is not None:
        found.append(_differs(facts.written, facts.base))
    return (*found, _again(facts))


def _complete(facts: Facts) -> Check:
    missing = facts.expected - len(facts.written)
    empty = sum(not g.output.strip() for g in facts.written.values())
    said = f"{len(facts.written):,} of {facts.expected:,} prompts answered"
    said += f", {missing:,} missing" if missing else ", none missing"
    return Check("Complete", missing == 0, f"{said}; {empty:,} of the answers say nothing.")


def _author(facts: Facts) -> Check:
    """One model, one template, and the weights of its own training."""
    name = "Written by the weights it names"
    hashes = [g.hashes for g in facts.written.values()]
    foreign = sum(found.get("adapter", "") != facts.adapter for found in hashes)
    if foreign:
        return Check(name, False, f"{foreign:,} answers carry the hash of other weights. Let it answer again.")
    if any(len({found.get(part, "") for found in hashes}) > 1 for part in ("base", "template")):
        return Check(
            name, False, "Its answers come from more than one base model or chat template. Let it answer again."
        )
    if not any(found.get("base") for found in hashes):
        return Check(name, None, "These answers were stored without the hash of a base model.")
    return Check(
        name, True, "Each answer carries the hashes of the base, of the trained weights if any, and of the prompt."
    )


def _alike(facts: Facts) -> Check:
    name = "Asked alike"
    settings = {g.hashes.get("settings") for own in (facts.written, *facts.others) for g in own.values()}
    if len(settings) > 1:
        said = "The arms wrote with different settings (length, temperature or seed). Let all answer again."
        return Check(name, False, said)
    return Check(name, True, "Every arm wrote with the same length, temperature and seed.")


def _differs(written: Mapping[str, Generation], base: Mapping[str, Generation]) -> Check:
    name = "Differs from the base"
    both = [prompt for prompt in written if prompt in base]
    other = sum(written[prompt].output.strip() != base[prompt].output.strip() for prompt in both)
    if not both:
        return Check(name, None, "The base has not answered the same prompts.")
    said = f"{other:,} of {len(both):,} answers differ from the base's"
    if not other:
        return Check(name, False, f"{said}: either it learned nothing, or the base wrote both.")
    return Check(name, True, f"{said}; before it wrote, a canary prompt proved that its weights change what is said.")


def _again(facts: Facts) -> Check:
    name = "Comes out the same when written again"
    if not facts.again:
        return Check(name, None, (
            "No sample was written again: the model does not promise to repeat itself, or these answers are older than "
            "this check. Let it answer again to have it."
        ))  # fmt: skip
    if facts.otherwise:
        return Check(name, False, (
            f"{facts.otherwise:,} of {facts.again:,} answers came out otherwise when they were written again, so what "
            "is stored may not be what it writes. Let it answer again."
        ))  # fmt: skip
    said = f"{facts.again:,} of its answers were written again after all arms had answered, and began the same."
    return Check(name, True, said)

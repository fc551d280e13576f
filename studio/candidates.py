"""From an answer to a new example: a candidate that people look at, refused when it would leak from the held out."""

from __future__ import annotations

from collections.abc import Iterable

from studio.examples import step
from studio.health import near
from studio.records import Example, Prompt, Refusal, Split
from studio.store import Store
from studio.store import datasets as dataset_rows
from studio.store import examples as rows

SOURCE = "Compare"
_HELD_OUT = (Split.test, Split.validation)
_NAMES = {Split.test: "the test set", Split.validation: "the validation set"}
_WRITE_OTHERWISE = "Nothing was saved; what you typed is still here. Ask about something else, in other words."


def send(
    store: Store, actor: str, project: str, like: Example, *, input: str, ideal: str, source: str = SOURCE
) -> Example:  # fmt: skip
    """A draft example with the slice, kinds and turns of `like`, the prompt that somebody was reading; it says that it
    comes from `source`.

    Raises Refusal when its input, in the conversation it ends, is the same or nearly the same as one that is held out
    in any standing set of the project or marked to be, or when there is such an example already. It compares letters:
    the same question in quite other words passes, as it does in the health check without the model.
    """
    if not input.strip() or not ideal.strip():
        raise Refusal(
            "A candidate needs an input and an ideal output. Nothing was saved; what you typed is still here."
        )
    asked = Prompt(input, like.earlier, like.system).asked
    kept = rows.every(store, project)
    for split, held in _held_out(store, project, kept):
        if near.jaccard(asked, held.prompt.asked) >= near.THRESHOLD:
            raise Refusal(
                f"This input is in {_NAMES[split]}, or nearly so (“{_start(held.input)}”). A model that learns it "
                f"would be tested on what it knows. {_WRITE_OTHERWISE}"
            )
    same = near.normalise(asked)
    if any(near.normalise(each.prompt.asked) == same for each in kept):
        raise Refusal(f"There is an example with this input already. {_WRITE_OTHERWISE}")
    return step.write(
        store, actor, project, input=input.strip(), ideal=ideal.strip(), slice=like.slice, kinds=like.kinds,
        source=source, earlier=like.earlier, system=like.system,
    )  # fmt: skip


def _held_out(store: Store, project: str, kept: Iterable[Example]) -> list[tuple[Split, Example]]:
    frozen = [e for dataset in dataset_rows.every(store, project) for e in dataset_rows.rows_of(store, dataset)]
    found = {e.id: (e.split, e) for e in [*kept, *frozen] if e.split in _HELD_OUT}
    return [(split, example) for split, example in found.values() if split is not None]


def _start(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else f"{flat[:79].rstrip()}…"

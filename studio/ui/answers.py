"""What the arms wrote: rule by rule, and side by side for those who no longer vote in the count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from studio import datasets, outputs, wording
from studio.evaluate import checks, citations
from studio.records import PROMPTING, Arm, Brief, Dataset, Example, Generation, Refusal, Split
from studio.review import independence, rounds
from studio.store import Store, arms
from studio.store import datasets as dataset_rows
from studio.ui import blocks, conversation, frame, stopped_parts
from studio.ui.access import Visit

_IN_COMMON = 0.4
_CHANGE_NO_FIGURE = ("answer.rated", "label.given", "outputs.seen", "queue.seen", "vote.cast", "vote.explained")
Written = Mapping[str, Mapping[str, Generation]]


def compared(visit: Visit, dataset: str, split: Split) -> list[outputs.Compared]:
    """Every arm that answered prompts of this split, scored by the brief's exact checks."""
    workspace = str(visit.store.workspace)
    return _compared(visit.store, workspace, figures_as_of(visit), visit.project_id, dataset, split.value)


def figures_as_of(visit: Visit) -> int:
    """The number of the last act that may change a figure of an arm: a key for what takes long to work out. Somebody
    who votes, reads, labels or rates changes none."""
    return visit.store.version_of(visit.project_id, besides=_CHANGE_NO_FIGURE)


@st.cache_data(max_entries=16, show_spinner="Checking the answers against the brief")
def _compared(
    _store: Store, workspace: str, version: int, project: str, dataset: str, split: str
) -> list[outputs.Compared]:
    return outputs.compare(_store, project, dataset, Split(split))


def examples(visit: Visit, dataset: Dataset, split: Split) -> list[Example]:
    """The frozen examples of a split, taking turns over the slices."""
    return _examples(visit.store, str(visit.store.workspace), dataset.id, split.value)


@st.cache_data(max_entries=4, show_spinner=False)
def _examples(_store: Store, workspace: str, dataset: str, split: str) -> list[Example]:
    """What is in a frozen set never changes."""
    found = dataset_rows.get(_store, dataset)
    rows = datasets.rows_in(_store, found, Split(split)) if found else []
    return datasets.spread(rows, len(rows))


def rule_table(shown: Sequence[outputs.Compared], caption: str) -> None:
    """Each rule with each arm's share, its interval and n."""
    rules = [s.criterion for s in shown[0].scores] if shown else []
    by_arm = [{s.criterion: s for s in each.scores} for each in shown]
    rows = []
    for rule in rules:
        cells = []
        for found in by_arm:
            score = found.get(rule)
            told = score is not None and score.n > 0
            cells.append(
                f"{blocks.percent(score.share)} ({blocks.between(score.interval)}), n = {score.n}"
                if told and score else "does not apply"
            )  # fmt: skip
        rows.append([rule, *cells])
    blocks.table(["Rule", *(each.arm.name for each in shown)], rows, caption)


def may_read(visit: Visit, dataset: str, where: str, *, tests: bool = False) -> bool:
    """Whether this person has chosen to see who wrote what. Otherwise the choice, and what it means for their votes.
    `tests`: the answers are those to test prompts, and to read them is counted."""
    if visit.person.id in arms.exposed(visit.store, visit.project_id):
        if tests and visit.person.id not in arms.saw_tests(visit.store, visit.project_id):
            _test_gate(visit, dataset, where)
            return False
        outputs.saw(visit.store, visit.person.id, visit.project_id, dataset)
        blocks.note(
            "You have seen who wrote what, so your votes in blind rounds of this project stay outside the count."
        )
        return True
    gate(visit, dataset, where, "Here each answer stands under the name of its author.", tests=tests)
    return False


def _test_gate(visit: Visit, dataset: str, where: str) -> None:
    """The choice for somebody who has seen answers, but none to test prompts."""
    with st.container(border=True, key=f"{where}-gate"):
        blocks.item(
            "Reading the test answers is counted",
            "You have seen answers to other prompts; these are to the test prompts. A prompt made for them looks "
            "better here than it is, so what you change of a prompt afterwards is counted and shown with it.",
        )
        st.button("Show the test answers", key=f"{where}-show", on_click=_saw, args=(visit, dataset, True))


def after_tests(visit: Visit, known: Sequence[Arm]) -> None:
    """Which of these prompts were changed by somebody who had read test answers, and how often."""
    for arm in known:
        count = arms.changed_after_tests(visit.store, arm) if arm.kind in PROMPTING else 0
        if count:
            times = "once" if count == 1 else f"{count} times"
            frame.warnings([
                f"{arm.name} was changed {times} after its author had read test answers. On these test prompts it may "
                "look better than it is; fresh test examples would tell."
            ])  # fmt: skip


def known_to(visit: Visit) -> bool:
    """Whether this person's votes stay outside the count anyway, so that whose words are whose may be shown."""
    return bool(rounds.conflict(visit.store, visit.project_id, visit.person))


def read(visit: Visit, dataset: str) -> None:
    """Notes that whose words are whose is on the screen of somebody who is known to be no longer blind: what makes them
    so now may end (work undone, another role), what they read does not."""
    outputs.saw(visit.store, visit.person.id, visit.project_id, dataset)


def held_back(visit: Visit) -> bool:
    """Whether figures by arm are kept from this person now: see `independence.kept_blind`."""
    return independence.kept_blind(visit.store, visit.project_id, visit.person)


def unless_held_back(visit: Visit, make: Callable[[], bytes]) -> Callable[[], bytes]:
    """A file that is made when somebody asks for it: not for who votes in a round that was opened since the page was
    shown. What it gives raises Refusal then."""

    def made() -> bytes:
        if held_back(visit):
            raise Refusal("A blind round was opened since, and your votes in it count. Nothing was written.")
        return make()

    return made


PRICE = (
    "The file tells the arms' answers apart, by their length, prompt for prompt: whoever takes it counts as having "
    "read the pairs, and their later votes in this project decide nothing."
)


def telling(visit: Visit, dataset: str, make: Callable[[], bytes]) -> Callable[[], bytes]:
    """The same for a file by which answers can be told apart (say `PRICE` beside it): whoever takes it is noted."""

    def made() -> bytes:
        content = make()
        outputs.saw_tests(visit.store, visit.person.id, visit.project_id, dataset)
        return content

    return unless_held_back(visit, made)


def come_back_later(visit: Visit) -> None:
    """One sentence in place of the figures by arm."""
    blocks.plain(
        "A blind round is open and your votes in it count, so the figures of each arm (one way to produce an answer) "
        "are not shown to you: they would tell what to expect. They come back when the round has closed."
    )
    blocks.way(visit, "review", "Go to the blind round", "held-back-to-review")


def unfinished(visit: Visit, dataset: str) -> None:
    """Why the last writing of answers stopped before its end, and the way to let it go on."""
    job = outputs.unfinished(visit.store, visit.project_id, dataset)
    if job is not None:
        stopped_parts.show(visit, job, "The last writing of answers ended early.", outputs.go_on)


def gate(visit: Visit, dataset: str, where: str, what: str, *, tests: bool = False) -> None:
    """The choice to see who wrote what (`what`: in a sentence), and what it costs."""
    with st.container(border=True, key=f"{where}-gate"):
        blocks.item(
            "Reading the answers has a price",
            f"{what} Somebody who has read them is no longer blind: your votes in this project's rounds are kept, but "
            "they no longer decide anything. If you are to vote, do that first.",
        )
        st.button(
            "Show answers; I will then vote outside the count",
            key=f"{where}-show",
            on_click=_saw,
            args=(visit, dataset, tests),
        )


def _saw(visit: Visit, dataset: str, tests: bool) -> None:
    note = outputs.saw_tests if tests else outputs.saw
    frame.attempt(lambda: note(visit.store, visit.person.id, visit.project_id, dataset), seeing=True)


def broken(each: outputs.Compared, example: str) -> set[str]:
    """The rules that this arm's answer to an example broke."""
    return {s.criterion for s in each.scores if example in s.broken}


def side_by_side(
    brief: Brief, example: Example, shown: Sequence[outputs.Compared], written: Written, key: str, *, beside: str = ""
) -> None:  # fmt: skip
    """One prompt with every arm's answer under its name, and the rules it broke. A missing answer says so. `beside`:
    the arm (its id) from whose answer the words of the others are marked that differ."""
    origin = written.get(beside, {}).get(example.id)
    with st.container(border=True, key=key):
        conversation.shown(example.prompt, f"Asked · {example.slice.replace('_', ' ')}" if example.slice else "Asked")
        for column, each in zip(st.columns(len(shown), gap="medium"), shown, strict=True):
            with column:
                found = written.get(each.arm.id, {}).get(example.id)
                if found is None:
                    blocks.item(
                        each.arm.name, "No answer: it was not asked yet, or its answer went missing.", "missing"
                    )
                    continue
                if origin is not None and each.arm.id != beside:
                    _marked(origin.output, found.output, each.arm.name)
                else:
                    frame.reading(found.output, each.arm.name)
                _cites(found)
                rules(brief, example, found.output)


def _cites(found: Generation) -> None:
    """Which of the passages that it was given an answer cites, and the numbers that it was not given."""
    given = len(found.given.passages)
    if given:
        known = citations.missing(found.output, given)
        blocks.cites([n for n in citations.cited(found.output) if n not in known], known, given)


def _marked(origin: str, output: str, name: str) -> None:
    """The words that differ from another answer; of one with hardly a word in common that would only be noise."""
    same = sum(len(text) for kind, text in wording.compare(origin, output) if kind == "same")
    if same < _IN_COMMON * max(len(origin), len(output)):
        frame.reading(output, f"{name} · other words throughout")
    else:
        blocks.difference(origin, output, name)


def rules(brief: Brief, example: Example, output: str) -> None:
    """Which rules of the brief an answer to an example broke."""
    subject = checks.of_example(example, output)
    told = {c.name: kept for c in brief.criteria if (kept := checks.kept(c, subject)) is not None}
    blocks.rules([name for name, kept in told.items() if not kept], len(told))

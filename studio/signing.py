"""The decision step: gather the gates of a closed round, rule, and keep what was signed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from studio import beside_votes, certificate, datasets, decided, judgement, loop
from studio.decision import Gate, GateState, Ruling
from studio.judgement import Judgement, Weighed, judge, names
from studio.records import Arm, Pair, Person, Refusal, Role, Round, Split, Verdict, Vote, to_json
from studio.review import guesses, numbered, rounds
from studio.review.gates import join_words
from studio.review.stability import Stability
from studio.review.voters import Voters, voters
from studio.store import Store, arms, briefs, runs
from studio.store import datasets as dataset_rows
from studio.store import decisions as rows
from studio.store import rounds as round_rows
from studio.train import release

__all__ = [
    "MAY_SIGN", "certificate_name", "certificate_of", "gates", "judged", "latest_round", "may_override", "names",
    "ruling", "sign", "stability", "stopped_for_good", "void_because", "voted", "withdraw",
]  # fmt: skip

MAY_SIGN = (Role.pm, Role.admin)
_SAME = "Same outputs as registered"


def ruling(store: Store, found: Round) -> Ruling:
    """What the registered rule says about a round. While it is open the ruling holds no evidence."""
    return judged(store, found).ruling


def judged(store: Store, found: Round) -> Judgement:
    """The ruling with what is behind it, made once for all who ask before the next act. For pages only once the round
    is closed."""
    return store.once(("judged", *_key(found)), lambda: _judged(store, found))


def stability(store: Store, found: Round) -> Stability:
    """Whether the verdict of a closed round's votes stands when they are read in other ways."""
    told = judged(store, found)
    key = ("stability", *_key(found), told.ruling.subject)
    return store.once(key, lambda: judgement.stability(found, *_cast(store, found), told), round_rows.TABLES)


def voted(store: Store, found: Round) -> Voters:
    """Who voted in a closed round, one by one."""
    return store.once(("voters", *_key(found)), lambda: voters(found, *_cast(store, found)), round_rows.TABLES)


def _cast(store: Store, found: Round) -> tuple[list[Pair], list[Vote]]:
    return round_rows.pairs(store, found.id), round_rows.votes(store, found.id)


def _key(found: Round) -> tuple[str, ...]:
    return found.id, found.sha256, found.state


def _judged(store: Store, found: Round) -> Judgement:
    return _by(store, found, gates(store, found), _tests(store, found))


def _by(store: Store, found: Round, beside: Sequence[Gate], tests: Sequence[str]) -> Judgement:
    tables = (*round_rows.TABLES, "guesses")
    weighed = store.once(("weighed", *_key(found)), lambda: _weighed(store, found), tables)
    return judge(found, *_cast(store, found), beside, tests=tests, weighed=weighed)


def _weighed(store: Store, found: Round) -> Weighed:
    """Reads for itself: a guess that comes between a reading outside and the keeping would be left out for good."""
    return judgement.weigh(found, *_cast(store, found), guess=guesses.counted(store, found))


def gates(store: Store, found: Round) -> list[Gate]:
    """The gates that need more than the round's own records; the others are added by the rule. Made once for all who
    ask before the next act."""
    return list(store.once(("gates", *_key(found)), lambda: _gates(store, found)))


def _gates(store: Store, found: Round) -> list[Gate]:
    own = [_integrity(store, found), _fresh(store, found), _for_release(store, found)]
    return [*own, *beside_votes.gates(store, found)]


def certificate_of(store: Store, found: Round, texts: bool = False) -> bytes:
    """All that is needed to come to the ruling again, in one file. Raises Refusal unless the round is closed."""
    if found.state != "closed":
        raise Refusal("The round is not closed. Nothing was written. Its certificate can be made once it is.")
    mark = store.mark()
    chain = certificate.Chain(mark.acts, mark.head)
    tests, beside = _tests(store, found), gates(store, found)
    # Not `judged`: what somebody does in between would make it a ruling by other gates than those in the file.
    told = _by(store, found, beside, tests)
    return certificate.written(found, *_cast(store, found), beside, chain, told, tests=tests, texts=texts)


def certificate_name(found: Round, ruled: Ruling) -> str:
    """What the certificate's file is called: labelled where its votes are."""
    marks = [word for word, told in (("scripted", ruled.scripted), ("practice", ruled.practice)) if told]
    return "-".join(["certificate", *marks, found.id]) + ".json"


def _tests(store: Store, found: Round) -> list[str]:
    """The test prompts of the round's set, in the set's own order."""
    dataset = dataset_rows.get(store, found.registration["dataset"])
    return [example.id for example in datasets.rows_in(store, dataset, Split.test)] if dataset else []


def _integrity(store: Store, found: Round) -> Gate:
    name, facts = _SAME, found.registration["arms"]
    changed = []
    for arm_id, fact in facts.items():
        arm = arms.get(store, arm_id)
        if arm is None or _written(store, found, arm) != (True, fact["outputs_sha256"]):
            changed.append(fact["name"])
    if changed:
        text = f"{', '.join(changed)} changed after the round was registered, so these votes are about something older."
        return Gate(name, GateState.failed, text)
    text = f"All {len(facts)} arms are as they were registered, with the hashes of what they wrote."
    return Gate(name, GateState.passed, text)


def _written(store: Store, found: Round, arm: Arm) -> tuple[bool, str]:
    """Whether the arm as it is now wrote all of its answers to the round's prompts, and their hash."""

    def read() -> tuple[bool, str]:
        registered = {p["id"] for p in found.registration["prompts"]}
        every = arms.generations(store, found.registration["dataset"], arm.id)
        written = {g.example: g for g in every if g.example in registered}
        # A rename is a new version, too, but the same system: what counts is the prompt behind the outputs.
        return all(rounds.is_current(arm, each) for each in written.values()), rounds.outputs_sha256(written)

    return store.once(("written", found.id, found.sha256, arm), read, ("generations",))


def _fresh(store: Store, found: Round) -> Gate:
    name, stale = "Nothing is stale", loop.stale_for(store, found)
    if stale:
        return Gate(name, GateState.failed, " ".join(stale), tuple(_chain(store, found)))
    text = "Brief, examples, dataset, run and round belong together: none is older than a change of the brief."
    return Gate(name, GateState.passed, text, tuple(_chain(store, found)))


def _chain(store: Store, found: Round) -> list[str]:
    """The links a round rests on, each with the version of the brief that it was made under."""
    under = found.registration["brief_version"]
    meaning = briefs.meaning_since(store, found.project)
    told = [
        f"the brief's meaning was last changed by version {meaning}",
        f"the round: registered under version {under}",
    ]
    asked = dataset_rows.get(store, found.registration["dataset"])
    told += [f"its set {asked.name}: frozen under version {asked.brief_version}"] if asked else []
    for each in found.candidates:
        facts = found.registration["arms"][each.arm]
        run = runs.get(store, facts["run"]) if facts["run"] else None
        learned = dataset_rows.get(store, run.dataset) if run else None
        told += [f"{facts['name']}: trained on {learned.name}, version {learned.brief_version}"] if learned else []
    return told


def _for_release(store: Store, found: Round) -> Gate:
    name, facts = "Made to be released", [found.registration["arms"][each.arm] for each in found.candidates]
    unfit = [
        f"{arm['name']} was trained {why}, so it is not for release."
        for arm in facts
        if (why := release.why_not(store, runs.get(store, arm["run"])))
    ]
    if unfit:
        return Gate(name, GateState.failed, " ".join(unfit), final=True)
    who = join_words([arm["name"] for arm in facts])
    text = f"{who} {'was' if len(facts) == 1 else 'were'} made without planted secrets and without practice votes."
    return Gate(name, GateState.passed, text, final=True)


def latest_round(store: Store, project: str) -> Round | None:
    """The round a decision would be about."""
    return numbered.newest(store, project)


def sign(
    store: Store, person: Person, found: Round, comment: str, override: str | None = None, *, read: str = ""
) -> rows.Decision:  # fmt: skip
    """Signs the ruling as it stands. `override`: the written reason to ship although the verdict is not GO; `read`: the
    headline that the signer had before them, "" for one who signs whatever stands.

    Raises Refusal for a role that may not sign, while the round is open, once a newer one was opened, with a decision
    standing, when another ruling stands than was read, and for an override without a reason, of a GO, of a round that
    was practice or scripted, or of an arm that is not for release.
    """
    if person.role not in MAY_SIGN:
        raise Refusal("Decisions are signed by a PM or an admin. Nothing was signed.")
    told = judged(store, found)
    if read and read != told.ruling.headline:
        raise Refusal(
            "The verdict has changed since this page showed it. Nothing was signed. Read it again, then sign."
        )
    if override is not None:
        _refuse_override(told.ruling, override)
    body = {**to_json(told.ruling), "override": (override or "").strip(), **decided.record(found, told, person)}
    payload = {"id": uuid.uuid4().hex[:12], "round": found.id, "body": body, "comment": comment.strip(),
               "head": store.head}  # fmt: skip
    store.act("decision.signed", person.id, payload, found.project)
    return next(d for d in rows.every(store, found.project) if d.id == payload["id"])


def may_override(ruled: Ruling) -> bool:
    """Whether a person may ship against the ruling: never a practice or scripted round, nor past a gate that is final;
    and a GO needs none."""
    return ruled.verdict is not Verdict.go and not ruled.scripted and not ruled.practice and not stopped_for_good(ruled)


def stopped_for_good(ruled: Ruling) -> tuple[str, ...]:
    """Why nobody may ship this arm, whatever the votes: what the final gates say that failed."""
    return tuple(gate.sentence for gate in ruled.gates if gate.final and gate.state is GateState.failed)


def _refuse_override(ruled: Ruling, reason: str) -> None:
    if not reason.strip():
        raise Refusal("An override needs a written reason; it is signed and stays visible. Nothing was signed.")
    if why := stopped_for_good(ruled):
        raise Refusal(f"{' '.join(why)} Nobody can ship it, and nothing was signed. Sign the verdict as it is.")
    if not may_override(ruled):
        raise Refusal(
            "This verdict cannot be overridden: it is a GO already, or nobody independent voted. Nothing was signed."
        )


def withdraw(store: Store, person: Person, project: str, name: str, reason: str) -> None:
    """Takes a signature back, with a reason that stays beside it."""
    if person.role not in MAY_SIGN:
        raise Refusal("Decisions are withdrawn by a PM or an admin. Nothing was changed.")
    store.act("decision.withdrawn", person.id, {"id": name, "reason": reason}, project)


def void_because(store: Store, found: rows.Decision) -> str:
    """Why a standing decision says nothing of what stands here now: what it was signed about changed since. "" while it
    holds, for one that was signed about something changed already, and for one that was withdrawn."""
    about = round_rows.get(store, found.round)
    signed = {gate["name"]: gate["state"] for gate in found.body.get("gates", [])}
    if found.withdrawn or about is None or signed.get(_SAME) != GateState.passed:
        return ""
    now = _integrity(store, about)
    return now.sentence if now.state is GateState.failed else ""

"""The Decision page's acting part: sign, override, withdraw; what was signed; every pair with its votes."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import export_command, outputs, signing
from studio.decision import Ruling
from studio.records import Choice, Pair, Prompt, Refusal, Round, Vote
from studio.store import arms, decisions, people
from studio.store import rounds as round_rows
from studio.store.decisions import Decision
from studio.ui import blocks, conversation, frame, notices
from studio.ui.access import Visit

_PAGE = 10
_CHOICES = {
    Choice.a: "{candidate} is better", Choice.b: "{baseline} is better", Choice.tie: "about the same",
    Choice.both_bad: "both bad", Choice.skip: "skipped",
}  # fmt: skip


def sign(visit: Visit, found: Round, ruled: Ruling) -> None:
    """A signature for those who may give it, unless one stands."""
    if any(d.round == found.id and not d.withdrawn for d in decisions.every(visit.store, visit.project_id)):
        return
    blocks.section("Sign the decision", "It is kept as it stands now, with the state of the record, for good.")
    if visit.person.role not in signing.MAY_SIGN:
        blocks.note("A PM or an admin signs. You can read everything here.")
        return
    st.text_area("Comment (optional)", key="decision-comment", max_chars=2000, height=90, persist_state="session")
    ships = False
    if signing.may_override(ruled):
        ships = st.checkbox(
            "Ship it although the verdict is not GO (override)", key="decision-override", persist_state="session"
        )
    if ships:
        st.text_area(
            "Why ship it all the same?", key="decision-reason", max_chars=2000, height=90, persist_state="session",
            help="The reason is signed with your name and stays beside the verdict.",
        )  # fmt: skip
    elif ruled.scripted or ruled.practice:
        blocks.note("A practice or scripted round can be signed for the record; it cannot be overridden.")
    elif why := signing.stopped_for_good(ruled):
        blocks.note(f"{' '.join(why)} The verdict can be signed; it cannot be overridden.")
    label = "Sign the override" if ships else f"Sign: {ruled.verdict.value.replace('_', ' ').lower()}"
    st.button(label, type="primary", key="decision-sign", on_click=_sign, args=(visit, found))
    notices.show("sign")


def _sign(visit: Visit, found: Round) -> None:
    typed = st.session_state
    ships = bool(typed.get("decision-override"))
    override = str(typed.get("decision-reason") or "") if ships else None
    comment = str(typed.get("decision-comment") or "")
    done = frame.attempt(lambda: signing.sign(visit.store, visit.person, found, comment, override), "Signed.")
    if done is not None:
        typed["decision-comment"] = typed["decision-reason"] = ""
        typed["decision-override"] = False
    notices.keep_for("sign")


# -- what was signed -------------------------------------------------------------------------------


def signed(visit: Visit) -> None:
    """Every decision of the project, the withdrawn too, newest first."""
    found = decisions.every(visit.store, visit.project_id)
    if not found:
        return
    names = people.names(visit.store)
    blocks.section("What was signed", "Decisions are never changed. One can be withdrawn; both then stay here.")
    notices.show("withdraw")
    notices.show("sign")
    for each in found:
        with st.container(border=True, key=f"decision-{each.id}"):
            _decision(visit, each, names)


def _decision(visit: Visit, each: Decision, names: dict[str, str]) -> None:
    who = names.get(each.signed_by, each.signed_by)
    mark = "withdrawn" if each.withdrawn else "overridden: ships" if signing.ships(each) else "stands"
    labels = [word for word, told in (("scripted votes", "scripted"), ("practice", "practice")) if each.body.get(told)]
    title = each.verdict.value.replace("_", " ") + (f" ({', '.join(labels)})" if labels else "")
    blocks.item(title, f"Signed by {who}, {blocks.when(each.at)}", mark)
    blocks.plain(str(each.body["headline"]))
    if each.body.get("override"):
        blocks.item("Shipped against the verdict, because", str(each.body["override"]))
    if each.comment:
        blocks.item("Comment", each.comment)
    if each.withdrawn:
        blocks.item("Withdrawn, because", each.withdrawn)
    st.html(f'<p class="yr-hash">Signed on the record {each.head}</p>')
    if not each.withdrawn and visit.person.role in signing.MAY_SIGN:
        with st.popover("Withdraw", type="tertiary", key=f"decision-withdraw-{each.id}"):
            key = f"decision-withdraw-why-{each.id}"
            st.text_input("Why is it withdrawn?", key=key, max_chars=500, persist_state="session")
            st.button(
                "Withdraw it", key=f"decision-withdraw-do-{each.id}", on_click=_withdraw, args=(visit, each.id, key)
            )


def _withdraw(visit: Visit, name: str, key: str) -> None:
    why = str(st.session_state.get(key) or "")
    frame.attempt(
        lambda: signing.withdraw(visit.store, visit.person, visit.project_id, name, why),
        "Withdrawn; it stays in the list.",
    )
    notices.keep_for("withdraw")


# -- every pair ------------------------------------------------------------------------------------


def pairs(visit: Visit, found: Round, ruled: Ruling) -> None:
    """Every pair of a closed round with its votes, and the votes as a table to take away."""
    blocks.section("Every pair with its votes")
    marks = [word for word, told in (("scripted", ruled.scripted), ("practice", ruled.practice)) if told]
    name = "-".join(["votes", *marks, found.id]) + ".csv"
    try:
        content = export_command.votes_csv(visit.store, visit.project_id)
        st.download_button(
            "Download the votes as CSV", content, name, "text/csv", key="decision-csv", icon=":material/download:",
            on_click="ignore", help="The counted votes in the table that `studio votes` reads.",
        )  # fmt: skip
    except Refusal as refusal:
        frame.refused(refusal)
    if visit.person.id not in arms.saw_tests(visit.store, visit.project_id):
        blocks.plain(
            "Here each answer stands under its author's name. Whoever has read them is no longer blind: your votes "
            "in later rounds of this project are then kept, but they decide nothing, and what you change of a prompt "
            "afterwards is counted."
        )
        st.button("Show the pairs", key="decision-show-pairs", on_click=_saw, args=(visit, found))
        return
    _explorer(visit, found)


def _saw(visit: Visit, found: Round) -> None:
    frame.attempt(
        lambda: outputs.saw_tests(visit.store, visit.person.id, visit.project_id, found.registration["dataset"])
    )


def _explorer(visit: Visit, found: Round) -> None:
    names, who = signing.names(found), people.names(visit.store)
    every, cast = round_rows.pairs(visit.store, found.id), round_rows.votes(visit.store, found.id)
    by_pair: dict[str, list[Vote]] = {}
    for vote in cast:
        by_pair.setdefault(vote.pair, []).append(vote)
    chosen = _filtered(every, by_pair, names)
    if not chosen:
        blocks.note("No pair is like that.")
        return
    pages = -(-len(chosen) // _PAGE)
    page = st.pagination(pages, key="decision-page") if pages > 1 else 1
    for pair in chosen[(page - 1) * _PAGE : page * _PAGE]:
        with st.container(border=True, key=f"decision-pair-{pair.id}"):
            _pair(pair, by_pair.get(pair.id, []), names[pair.candidate], names[pair.baseline], who)


def _filtered(every: Sequence[Pair], by_pair: dict[str, list[Vote]], names: dict[str, str]) -> list[Pair]:
    one, two, three = st.columns(3)
    baselines, slices = sorted({p.baseline for p in every}), sorted({p.slice for p in every if p.slice})
    with one:
        against = st.selectbox(
            "Against", ["", *baselines], format_func=lambda b: names[b] if b else "All", key="decision-against"
        )
    with two:
        said = st.selectbox(
            "Votes that say", ["", *Choice], key="decision-said",
            format_func=lambda c: _said(c, "the candidate", "the baseline") if c else "Anything",
        )  # fmt: skip
    with three:
        kind = st.selectbox("Kind of input", ["", *slices], key="decision-slice", format_func=lambda s: s or "All")
    return [
        p for p in every
        if (not against or p.baseline == against) and (not kind or p.slice == kind)
        and (any(v.choice == said for v in by_pair.get(p.id, [])) if said else p.id in by_pair)
    ]  # fmt: skip


def _pair(pair: Pair, cast: Sequence[Vote], candidate: str, baseline: str, who: dict[str, str]) -> None:
    conversation.shown(
        Prompt(pair.input, pair.earlier), f"Asked · {pair.slice.replace('_', ' ')}" if pair.slice else "Asked"
    )
    left, right = (candidate, baseline) if pair.candidate_left else (baseline, candidate)
    for column, text, name, side in zip(
        st.columns(2, gap="medium"), (pair.left, pair.right), (left, right), ("left", "right"), strict=True
    ):
        with column:
            frame.reading(text, f"{name} (shown on the {side})")
    blocks.bullets([_spoken(vote, candidate, baseline, who) for vote in cast])


def _said(choice: str, candidate: str, baseline: str) -> str:
    return _CHOICES[Choice(choice)].format(candidate=candidate, baseline=baseline)


def _spoken(vote: Vote, candidate: str, baseline: str, who: dict[str, str]) -> str:
    told = f"{who.get(vote.reviewer, vote.reviewer)}: {_said(vote.choice, candidate, baseline)}"
    ships = [name for name, yes in ((candidate, vote.shippable_a), (baseline, vote.shippable_b)) if yes]
    told += f"; could be sent: {' and '.join(ships)}" if ships else ""
    told += f"; {vote.reason}" if vote.reason else ""
    return told + ("; outside the count" if vote.conflict and not vote.scripted else "")

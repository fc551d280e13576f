"""The Decision page's acting part: sign, override, withdraw; what was signed."""

from __future__ import annotations

import streamlit as st

from studio import decided, signing
from studio.decision import Ruling
from studio.records import Role, Round
from studio.store import brought, decisions, people
from studio.store.decisions import Decision
from studio.ui import answers, blocks, draft_fields, earlier_parts, frame, notices
from studio.ui.access import Visit
from studio.ui.sign_in import ROLE_WORDS
from studio.wording import in_html


def sign(visit: Visit, found: Round, ruled: Ruling) -> None:
    """A signature for those who may give it, unless one stands."""
    if decisions.on(visit.store, found.id) is not None:
        return
    blocks.section("Sign the decision", "It is kept as it stands now, with the state of the record, for good.")
    if visit.person.role not in signing.MAY_SIGN:
        blocks.note("A PM or an admin signs. You can read everything here.")
        return
    draft_fields.area(visit, "Comment (optional)", _key("comment", found), max_chars=2000, height=90)
    ships = False
    if signing.may_override(ruled):
        ships = draft_fields.flag(visit, "Ship it although the verdict is not GO (override)", _key("override", found))
    if ships:
        draft_fields.area(
            visit, "Why ship it all the same?", _key("reason", found), max_chars=2000, height=90,
            help="The reason is signed with your name and stays beside the verdict.",
        )  # fmt: skip
    elif ruled.scripted or ruled.practice:
        blocks.note("A practice or scripted round can be signed for the record; it cannot be overridden.")
    elif why := signing.stopped_for_good(ruled):
        blocks.note(f"{' '.join(why)} The verdict can be signed; it cannot be overridden.")
    label = "Sign the override" if ships else f"Sign: {ruled.in_words}"
    st.button(label, type="primary", key="decision-sign", on_click=_sign, args=(visit, found, ruled.headline))
    notices.show("sign")


def _key(field: str, found: Round) -> str:
    """What is written on one round is not there when the next one is signed."""
    return f"decision-{field}-{found.id}"


def _sign(visit: Visit, found: Round, read: str) -> None:
    """`read`: the headline over the button."""
    typed = st.session_state
    ships = bool(typed.get(_key("override", found)))
    override = str(typed.get(_key("reason", found)) or "") if ships else None
    comment = str(typed.get(_key("comment", found)) or "")
    done = frame.attempt(
        lambda: signing.sign(visit.store, visit.person, found, comment, override, read=read), "Signed."
    )
    if done is not None:
        for field in ("comment", "reason"):
            draft_fields.forget(visit, _key(field, found))
        draft_fields.forget(visit, _key("override", found), False)
    notices.keep_for("sign")


# -- what was signed -------------------------------------------------------------------------------


def signed(visit: Visit, only: str = "") -> None:
    """Every decision of the project, the withdrawn too, newest first. `only`: those on the round with this id."""
    found = [each for each in decisions.every(visit.store, visit.project_id) if only in ("", each.round)]
    if not found:
        return
    names, links, blind = people.names(visit.store), earlier_parts.links(visit), answers.held_back(visit)
    blocks.section("What was signed", "Decisions are never changed. One can be withdrawn; both then stay here.")
    notices.show("withdraw")
    notices.show("sign")
    for each in found:
        with st.container(border=True, key=f"decision-{each.id}"):
            said = "" if blind else f": {in_html(str(each.body['headline']))}"
            _decision(visit, each, names, f"{links[each.round].html}{said}", blind=blind)


def _decision(visit: Visit, each: Decision, names: dict[str, str], about: str, *, blind: bool) -> None:
    """`about`: HTML of the way to the round that it is about and, for who may read of arms now, what was ruled.
    `blind`: what people wrote with it is kept from this person, as it may tell of arms."""
    who = names.get(each.signed_by, each.signed_by)
    if "role" in each.body:
        who = f"{who} ({ROLE_WORDS[Role(each.body['role'])]})"
    void = signing.void_because(visit.store, each)
    mark = "withdrawn" if each.withdrawn else "void" if void else stands(each)
    labels = [word for told, word in decided.LABELS.items() if each.body.get(told)]
    title = each.verdict.value.replace("_", " ") + (f" ({', '.join(labels)})" if labels else "")
    blocks.item(title, f"Signed by {who}, {blocks.when(each.at)}", mark)
    st.html(f'<p class="ys-plain">{about}</p>')
    came = brought.of(visit.store, each.project)
    if came is not None and each.at < came.at:
        blocks.note(
            f"Signed in another studio. It came with the project’s file, which {names.get(came.actor, 'the command')} "
            f"brought in on {blocks.when(came.at)}; the state of the record below is the other studio’s."
        )
    if void:
        frame.warnings([f"This decision is void. {void} Let people vote on what stands now."])
    _written(each, blind=blind)
    st.html(_tied(each))
    if not each.withdrawn and visit.person.role in signing.MAY_SIGN:
        with st.popover("Withdraw", type="tertiary", key=f"decision-withdraw-{each.id}"):
            key = f"decision-withdraw-why-{each.id}"
            draft_fields.line(visit, "Why is it withdrawn?", key, max_chars=500)
            st.button(
                "Withdraw it", key=f"decision-withdraw-do-{each.id}", on_click=_withdraw, args=(visit, each.id, key)
            )


def _written(each: Decision, *, blind: bool) -> None:
    """The words that people put to a decision."""
    told = {
        "Shipped against the verdict, because": str(each.body.get("override") or ""), "Comment": each.comment,
        "Withdrawn, because": each.withdrawn,
    }  # fmt: skip
    if blind and any(told.values()):
        blocks.note("What was written with it is shown to you when the open round, in which your votes count, closes.")
        return
    for title, text in told.items():
        if text:
            blocks.item(title, text)


def stands(each: Decision) -> str:
    """What follows from a decision that was neither withdrawn nor made void."""
    if each.body.get("override"):
        return decided.OVERRIDDEN
    return "ships" if each.ships else "stands"


def _tied(each: Decision) -> str:
    """What the signature is tied to, folded: the round, the frozen set, the trainings, the state of the record."""
    runs = " and ".join(name for name in each.body.get("runs", {}).values() if name)
    told = {
        "Round": each.round, "Registration": each.body.get("registration", ""),
        "Frozen set": each.body.get("dataset_sha256") or each.body.get("dataset", ""), "Training (run)": runs,
        "State of the record": each.head,
    }  # fmt: skip
    items = "".join(f"<dt>{name}</dt><dd>{in_html(value)}</dd>" for name, value in told.items() if value)
    return f'<details class="yr-tied"><summary>What it is tied to</summary><dl class="yr-facts">{items}</dl></details>'


def _withdraw(visit: Visit, name: str, key: str) -> None:
    why = str(st.session_state.get(key) or "")

    def take_back() -> None:
        signing.withdraw(visit.store, visit.person, visit.project_id, name, why)
        draft_fields.forget(visit, key)

    frame.attempt(take_back, "Withdrawn; it stays in the list.")
    notices.keep_for("withdraw")

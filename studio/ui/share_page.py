"""What a link to a decision shows: the two printed pages of a steering meeting, said to be read only and as of when."""

from __future__ import annotations

from html import escape

from studio.records import Choice
from studio.reports import print_page
from studio.sharing import Answered, Shown
from studio.store import now
from studio.ui.sign_in import bare_page
from studio.wording import several, when


def over() -> str:
    """The answer to every token that opens nothing."""
    return bare_page(
        "This link does not work any more",
        "<p class=lead>Nothing is shown here.</p><p>Links to a decision work for a time and can be withdrawn. Ask who "
        "sent it to you for a new one, and see that you opened the whole of it.</p>",
    )


def not_now() -> str:
    """The answer where the link works and what it leads to cannot be told, since something that it names is gone."""
    return bare_page(
        "This decision cannot be shown",
        "<p class=lead>Something that it rests on was taken away since.</p><p>The link itself is in order. Ask who "
        "sent it to you; they see on the Decision page what is missing.</p>",
    )


def kept() -> str:
    """The answer to somebody who is signed in here and votes in an open round: what their pages keep from them is not
    told by a link."""
    return bare_page(
        "Not while you vote",
        "<p class=lead>A blind round is open and your votes in it count, so this decision, which tells of arms, is not "
        "shown to you.</p><p>The link is in order and works for whoever you send it to. It works for you, too, when "
        "the round has closed.</p>",
    )


def too_many() -> str:
    """The answer to one more token that opens nothing, from an address that came with many."""
    return bare_page(
        "Too many tries",
        "<p class=lead>This link does not work, and many like it were tried from where you are.</p><p>See that you "
        "opened the whole of it.</p>",
    )


def written(shown: Shown) -> str:
    """The page of a link that works, as the record stands now."""
    if shown.about is None:
        said = "Votes are coming in." if shown.waiting else "Nothing has been decided yet."
        note = "<p>What they say is told here once the round has closed.</p>" if shown.waiting else ""
        return bare_page(shown.project, f"<p class=lead>{said}</p>{note}<p class=note>{_read_only(shown)}</p>")
    return print_page.written(shown.about, over=_over(shown), more=_answers(shown))


def _over(shown: Shown) -> str:
    told = [_in_the_margin(f"Read only, as of {when(now())}, on the record {shown.head[:16]}")]
    told.append(f"<p>{_read_only(shown)}</p>")
    if shown.waiting:
        told.append(
            "<p>Votes are coming in on a newer round; what it says is told here once it has closed. Below stands the "
            "decision before it.</p>"
        )
    if shown.share.answers and not shown.answers:
        told.append("<p>The answers that belong to this link are shown again once no votes are coming in.</p>")
    told += [f'<p class="void" role="note"><b>This decision is void.</b> {escape(why)}</p>' for why in shown.void]
    return f'<aside class="shared" aria-label="About this link">{"".join(told)}</aside>'


def _in_the_margin(words: str) -> str:
    """Words of ours on every printed page, above its text and so without taking of its room, in browsers that know how.
    Nothing that a person wrote: it stands in a style."""
    return f'<style>@page {{ @top-left {{ content: "{words}"; font: 7.5pt sans-serif; color: #57524a; }} }}</style>'


def _read_only(shown: Shown) -> str:
    share = shown.share
    return (
        f"<b>Read only</b>, for {escape(share.name)}. As of {escape(when(now()))}, on the record "
        f"<span>{escape(shown.head[:16])}</span>. This link works until {escape(when(share.expires))}."
    )


def _answers(shown: Shown) -> str:
    """One more sheet with the answers that its maker lets be read."""
    if not shown.answers or shown.about is None or shown.about.trial is None:
        return ""
    names = shown.about.trial.names
    told = "".join(_answered(each, names[each.candidate], names[each.baseline]) for each in shown.answers)
    note = (
        f"The first {several(len(shown.answers), 'pair')} in the order that was fixed before anybody voted, whatever "
        "came out. Reviewers did not know whose answers they read; which of the two stood left was drawn."
    )
    return f'<section class="sheet"><h2>A few answers</h2><p class="note">{note}</p>{told}</section>'


def _answered(each: Answered, candidate: str, baseline: str) -> str:
    words = {
        Choice.a: f"for {candidate}", Choice.b: f"for {baseline}", Choice.tie: "for neither: as good",
        Choice.both_bad: "for neither: both bad", Choice.skip: "skipped",
    }  # fmt: skip
    said = ", ".join(f"{several(each.votes[choice], 'vote')} {word}" for choice, word in words.items()
                     if each.votes.get(choice))  # fmt: skip
    texts = "".join(
        f"<div><b>{escape(name)}</b><p>{escape(text)}</p></div>"
        for name, text in ((candidate, each.ours), (baseline, each.theirs))
    )
    return (
        f'<article class="answered"><p class="asked">{escape(each.input)}</p><div class="both">{texts}</div>'
        f'<p class="note">{escape(said or "Nobody voted on it.")}</p></article>'
    )

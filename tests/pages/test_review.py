"""Blind round, as people meet it: set up, vote, take back, skip, cancel; and nothing that tells the arms apart."""

from __future__ import annotations

import datetime
import re
import time
from dataclasses import replace

import pytest
from round_seed import Seeded, ready, vote_like_the_script
from signed_in import opened, person, press, sound, words
from streamlit.testing.v1 import AppTest

from studio import baselines, drafts, people, projects
from studio import brief as step
from studio.records import Choice, Criterion, PairKind, Role, Round
from studio.review import desk, guesses, rounds
from studio.store import Store, arms, briefs
from studio.store import guesses as guess_rows
from studio.store import rounds as rows
from studio.ui import voting_parts


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store, tests=8)


def open_round(store: Store, seeded: Seeded) -> Round:
    return rounds.open_round(store, "maker", seeded.project, seeded.plan)


def button(at: AppTest, start: str) -> str:
    """The full key of the one button whose key starts so: pairs have random ids."""
    found = [b.key for b in at.button if b.key and b.key.startswith(start)]
    assert len(found) == 1, found
    return found[0]


def read_then(at: AppTest, start: str) -> AppTest:
    time.sleep(rounds.MIN_SECONDS_ON_SCREEN)
    return press(at, button(at, start))


def everything_sent(at: AppTest) -> str:
    """Every element as it goes to the browser, keys and all."""
    return "\n".join(str(node.proto) for node in at.main) + "\n".join(str(node.proto) for node in at.sidebar)


def test_reviewers_see_what_each_level_of_a_scale_looks_like(store: Store, seeded: Seeded) -> None:
    brief = briefs.latest(store, seeded.project)
    assert brief is not None
    scaled = Criterion("Warm", scale=("cold", "stiff", "polite", "friendly", "as if <b>somebody</b> cared"))
    after = replace(brief, criteria=(*brief.criteria, scaled))
    step.save(store, "maker", seeded.project, after, note="", changes_meaning=False)
    open_round(store, seeded)
    _, session = person(store, "Rita", Role.reviewer)
    assert "as if &lt;b&gt;somebody&lt;/b&gt; cared" in words(opened(store, session, "review", project=seeded.project))


def test_voters_see_the_system_text_that_a_prompt_came_with(store: Store) -> None:
    seeded = ready(store, tests=8, system="Be <b>brief</b>. " * 30)
    found = open_round(store, seeded)
    _, session = person(store, "Rita", Role.reviewer)
    at = opened(store, session, "review", project=seeded.project)
    told = words(at)
    assert told.count("Told beforehand (system text)") == 1 and "Be &lt;b&gt;brief&lt;/b&gt;." in told
    assert "<details" in told, "a long one is folded"
    assert {pair.system for pair in rows.pairs(store, found.id)} == {""}, "nothing new stands in the record of a round"
    read_then(at, "vote-left-")
    assert len(rows.votes(store, found.id)) == 1


def test_an_empty_project_says_what_goes_here(store: Store) -> None:
    pia, session = person(store, "Pia", Role.pm)
    project = projects.create(store, pia.id, "Replies")
    at = opened(store, session, "review", project=project.id)
    assert "There is nothing to vote on yet" in words(at)
    rita, session = person(store, "Rita", Role.reviewer)
    assert "Nothing waits for you" in words(opened(store, session, "review", project=project.id))


def test_a_pm_sets_up_opens_and_undoes_a_round(store: Store, seeded: Seeded) -> None:
    person(store, "Rita", Role.reviewer)
    pia, session = person(store, "Pia", Role.pm)
    at = opened(store, session, "review", project=seeded.project)
    assert at.multiselect(key=f"review-candidates-{seeded.dataset}").value == [seeded.tuned]
    assert at.number_input(key=f"review-cap-{seeded.dataset}").value == 8
    assert "Rita, Pia can vote and be counted" in words(at)
    assert "8 prompts cannot show even a true 80 % preference" in words(at)
    at.number_input(key=f"review-cap-{seeded.dataset}").set_value(6)
    at.number_input(key=f"review-margin-{seeded.dataset}").set_value(60).run()
    press(at, "review-open")
    found = rows.every(store, seeded.project)[0]
    assert found.state == "open" and found.registration["cap"] == 6 and found.registration["theta_min"] == 0.6
    assert found.sha256 in words(at) and found.commitment in words(at) and found.seed == ""
    assert drafts.kept(store, pia.id, f"{seeded.project}/review-cap-{seeded.dataset}") is None
    undo = next(b.key for b in at.button if b.key and b.key.startswith("ys-undo-"))
    press(at, undo)
    assert rows.every(store, seeded.project) == [] and "Set up a round" in words(at)


def test_the_prompt_competes_beside_the_tuned_model_and_is_tested_first(store: Store, seeded: Seeded) -> None:
    person(store, "Rita", Role.reviewer)
    _, session = person(store, "Pia", Role.pm)
    at = opened(store, session, "review", project=seeded.project)
    at.multiselect(key=f"review-candidates-{seeded.dataset}").set_value([seeded.tuned, seeded.prompted]).run()
    assert "names the cheapest one that passes" in words(at)
    press(at, f"review-earlier-{seeded.tuned}")
    press(at, f"review-earlier-{seeded.prompted}")
    at.number_input(key=f"review-gold-{seeded.dataset}").set_value(2)
    at.number_input(key=f"review-repeats-{seeded.dataset}").set_value(1)
    at.text_area(key=f"review-guidelines-{seeded.dataset}").set_value(" Be kind. ").run()
    press(at, "review-open")
    found = rows.every(store, seeded.project)[0]
    assert [each.arm for each in found.candidates] == [seeded.prompted, seeded.tuned]
    assert found.candidates[1].baselines == (seeded.base, seeded.prompted)
    assert found.registration["guidelines"] == "Be kind." and found.registration["repeats"] == 1
    assert "2 gold pairs, told afterwards; nobody leaves" in words(at)


def test_every_choice_of_the_set_up_outlives_a_reload_until_the_round_is_registered(
    store: Store, seeded: Seeded
) -> None:
    rita, _ = person(store, "Rita", Role.reviewer)
    pia, session = person(store, "Pia", Role.pm)

    def field(name: str) -> str:
        return f"review-{name}-{seeded.dataset}"

    def chosen(at: AppTest) -> list[object]:
        order = [b.key for b in at.button if b.key and b.key.startswith("review-earlier-")]
        return [
            at.multiselect(key=field("candidates")).value, order, at.multiselect(key=field("against")).value,
            at.checkbox(key=field("second")).value, at.selectbox(key=field("slice-refunds")).value,
            at.multiselect(key=field("experts-refunds")).value, at.checkbox(key=field("plain")).value,
            at.date_input(key=field("deadline")).value,
        ]  # fmt: skip

    at = opened(store, session, "review", project=seeded.project)
    second = at.checkbox(key=field("second")).value
    at.multiselect(key=field("candidates")).set_value([seeded.tuned, seeded.prompted]).run()
    press(at, f"review-earlier-{seeded.tuned}")
    at.checkbox(key=field("second")).set_value(not second)
    at.selectbox(key=field("slice-refunds")).set_value("critical")
    at.multiselect(key=field("experts-refunds")).set_value([rita.id, pia.id])
    at.checkbox(key=field("plain")).check()
    deadline = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(30)
    at.date_input(key=field("deadline")).set_value(deadline)
    before = chosen(sound(at.run()))
    assert before == [
        [seeded.tuned, seeded.prompted], [f"review-earlier-{seeded.prompted}"], [seeded.base], not second, "critical",
        [rita.id, pia.id], True, deadline,
    ]  # fmt: skip
    at = opened(store, session, "review", project=seeded.project)
    assert chosen(at) == before
    baselines.retire(store, "maker", seeded.project, seeded.prompted)
    assert chosen(sound(at.run()))[:3] == [[seeded.tuned], [], [seeded.base]], "an arm that is gone is left out"
    press(at, "review-open")
    frozen = rows.every(store, seeded.project)[0].registration
    assert frozen["deadline"] == deadline.isoformat() and not list((store.workspace / "drafts").iterdir())


def test_a_pm_amends_an_open_round_with_a_reason_and_everybody_reads_it(store: Store, seeded: Seeded) -> None:
    found = open_round(store, seeded)
    _, session = person(store, "Pia", Role.pm)
    at = opened(store, session, "review", project=seeded.project)
    keys = {field: f"amend-{field}-{found.id}-{found.sha256[:8]}" for field in ("cap", "why", "guidelines")}
    at.number_input(key=keys["cap"]).set_value(5)
    at.text_area(key=keys["guidelines"]).set_value("Be kind.")
    press(at, "review-amend-do")
    assert "An amendment needs a reason" in words(at) and rows.get(store, found.id) == found
    assert at.number_input(key=keys["cap"]).value == 5
    at.text_input(key=keys["why"]).set_value("Two reviewers fell ill.")
    press(at, "review-amend-do")
    _, other = person(store, "Rita", Role.reviewer)
    told = words(opened(store, other, "review", project=seeded.project))
    changed = ("At most 5 prompts instead of 8", "other guidelines", "Two reviewers fell ill. Signed by Pia")
    for said in (*changed, found.sha256):
        assert said in told, said
    assert ", after 0 votes. The hash before: " in told
    assert "review-amend-do" not in {b.key for b in opened(store, other, "review", project=seeded.project).button}
    assert "At most 5 prompts instead of 8" in words(opened(store, session, "decision", project=seeded.project))


def test_a_model_that_is_not_for_release_is_not_offered_as_what_might_ship(store: Store) -> None:
    seeded = ready(store, tests=8, settings={"canaries": 1})
    at = opened(store, person(store, "Pia", Role.pm)[1], "review", project=seeded.project)
    tuned, candidate = arms.get(store, seeded.tuned), at.multiselect(key=f"review-candidates-{seeded.dataset}")
    assert tuned is not None and tuned.name not in candidate.options
    assert candidate.value == [seeded.prompted] and len(candidate.options) == 2


def test_a_refused_opening_says_why_and_keeps_what_was_typed(store: Store, seeded: Seeded) -> None:
    person(store, "Rita", Role.reviewer)
    pia, session = person(store, "Pia", Role.pm)
    drafts.keep(store, pia.id, f"{seeded.project}/review-cap-{seeded.dataset}", {"text": 99})
    at = opened(store, session, "review", project=seeded.project)
    assert at.number_input(key=f"review-cap-{seeded.dataset}").value == 8, "more prompts were there when it was typed"
    at.number_input(key=f"review-margin-{seeded.dataset}").set_value(62).run()
    arm = arms.get(store, seeded.prompted)
    assert arm is not None
    baselines.change_prompt(store, "maker", arm, text="Changed meanwhile.")
    press(at, "review-open")
    assert "has no output for 8 of 8 test prompts" in words(at) and rows.every(store, seeded.project) == []
    assert at.number_input(key=f"review-margin-{seeded.dataset}").value == 62
    at = opened(store, session, "review", project=seeded.project)
    assert at.number_input(key=f"review-margin-{seeded.dataset}").value == 62, "nor does a reload lose it"


def test_alone_it_will_be_a_practice_round_with_the_way_out(store: Store, seeded: Seeded) -> None:
    ann, session = person(store, "Ann", Role.admin)
    store.act("outputs.seen", ann.id, {"what": seeded.dataset}, seeded.project)
    at = opened(store, session, "review", project=seeded.project)
    assert "This will be a practice round" in words(at)
    press(at, "review-open")
    assert "A practice round" in words(at) and rows.every(store, seeded.project)[0].registration["practice"]


def test_a_reviewer_without_a_project_gets_the_open_round_and_votes(store: Store, seeded: Seeded) -> None:
    rita, session = person(store, "Rita", Role.reviewer)
    found = open_round(store, seeded)
    at = opened(store, session, "review")
    assert at.query_params["project"] in (seeded.project, [seeded.project])
    assert "0 of 16" in words(at)
    first = rounds.next_pair(store, found, rita.id)
    assert first is not None
    press(at, f"vote-left-{first.id}")
    assert "quicker than reading" in words(at) and rows.votes(store, found.id) == []
    read_then(at, "ship-left-yes-")
    press(at, f"ship-right-no-{first.id}")
    read_then(at, "vote-left-")
    vote = rows.votes(store, found.id)[0]
    assert vote.choice is (Choice.a if first.candidate_left else Choice.b)
    assert (vote.shippable_a, vote.shippable_b) == ((True, False) if first.candidate_left else (False, True))
    assert "fewer than 8 of at most 8" in words(at), "in steps: it would stand still after a pair that is no evidence"
    assert [voting_parts.about(n, 40) for n in (9, 10, 29)] == ["fewer than 10", "at least 10", "at least 20"]
    assert voting_parts.about(2, 5) == "fewer than 5"
    assert "1 of 16" in words(at) and first.id not in everything_sent(at)
    read_then(at, "vote-skip-")
    read_then(at, "skip-1-")
    assert rows.votes(store, found.id)[-1].reason == rounds.SKIP_REASONS[1]
    press(at, button(at, "vote-undo-"))
    desk.of(store).pressed_too_soon(found.id, rows.votes(store, found.id)[0].reviewer)
    press(at, button(at, "vote-undo-"))
    assert len(rows.votes(store, found.id)) == 1, "the key was still held"
    read_then(at, "vote-undo-")
    assert rows.votes(store, found.id) == [] and button(at, "vote-left-") == f"vote-left-{first.id}"


def test_a_second_tab_cannot_vote_twice_and_gets_the_next_pair(store: Store, seeded: Seeded) -> None:
    rita, session = person(store, "Rita", Role.reviewer)
    found = open_round(store, seeded)
    one = opened(store, session, "review", project=seeded.project)
    two = opened(store, session, "review", project=seeded.project)
    stale = button(two, "vote-right-")
    read_then(one, "vote-left-")
    press(two, stale)
    assert "voted on that pair already" in words(two) and len(rows.votes(store, found.id)) == 1
    assert button(two, "vote-right-") != stale


def test_nothing_that_is_sent_tells_the_arms_apart(store: Store, seeded: Seeded) -> None:
    rita, session = person(store, "Rita", Role.reviewer)
    found = open_round(store, seeded)
    names = [facts["name"] for facts in found.registration["arms"].values()]
    secrets = [seeded.tuned, seeded.base, seeded.prompted, *names, "candidate", "baseline", "theta"]
    at = opened(store, session, "review", project=seeded.project)
    for key in ("vote-tie-", "why-open", "why-chip-0-", "vote-left-", "why-last", "why-keep-", "vote-undo-"):
        sent = everything_sent(at)
        assert not [secret for secret in (*secrets, "tuned") if secret in sent], key
        read_then(at, key)
    vote_like_the_script(store, found, rita, 12)  # some pairs hold two equal answers, which are not asked about
    press(at, "vote-stop")
    sent = everything_sent(at)
    assert "which answer came from the tuned model" in sent and not [secret for secret in secrets if secret in sent]


def test_gold_and_repeats_are_sent_like_any_other_pair(store: Store) -> None:
    seeded = ready(store, tests=24)
    rita, session = person(store, "Rita", Role.reviewer)
    plan = replace(seeded.plan, baselines=(seeded.base,), gold=2, gold_right=1, repeats=2)
    found = rounds.open_round(store, "maker", seeded.project, plan)
    sent: dict[PairKind, frozenset[str]] = {}
    while (pair := rounds.next_pair(store, found, rita.id)) is not None and len(sent) < 3:
        if pair.kind not in sent and len(rows.votes(store, found.id)) > 1:
            page = everything_sent(opened(store, session, "review", project=seeded.project))
            assert pair.id in page
            sent[pair.kind] = _shape(page)
        rounds.vote(store, found, rita, pair.id, "tie", seconds_on_screen=5.0)
    assert set(sent) == {PairKind.real, PairKind.gold, PairKind.repeat}
    assert len(set(sent.values())) == 1


def _shape(page: str) -> frozenset[str]:
    """What a page consists of without its texts and figures: the kinds of elements, keys without ids, labels."""
    kept = [line for line in page.splitlines() if re.match(r"\s*(type|label|shortcut|help|icon|disabled|id):?", line)]
    return frozenset(re.sub(r"[0-9a-f]{12,}|\d+", "#", line) for line in kept)


def test_who_is_in_conflict_is_told_so(store: Store, seeded: Seeded) -> None:
    person(store, "Rita", Role.reviewer)
    saul, session = person(store, "Saul", Role.pm)
    open_round(store, seeded)
    store.act("outputs.seen", saul.id, {"what": seeded.dataset}, seeded.project)
    at = opened(store, session, "review", project=seeded.project)
    assert "stay outside the count, because you saw which arm wrote what" in words(at)


def test_the_last_vote_closes_the_round_for_everybody(store: Store, seeded: Seeded) -> None:
    rita, session = person(store, "Rita", Role.reviewer)
    _, pm = person(store, "Pia", Role.pm)
    found = open_round(store, seeded)
    vote_like_the_script(store, found, rita, 15)
    at = opened(store, session, "review", project=seeded.project)
    read_then(at, "vote-left-")
    sound(at.run())
    assert "Thank you" in words(at) and not [b for b in at.button if (b.key or "").startswith("vote-")]
    team = opened(store, pm, "review", project=seeded.project)
    assert "The round is closed. The verdict is on the Decision page." in words(team)


def test_cancelling_needs_a_reason_and_keeps_it_typed(store: Store, seeded: Seeded) -> None:
    person(store, "Rita", Role.reviewer)
    _, session = person(store, "Pia", Role.pm)
    before = open_round(store, seeded)
    at = opened(store, session, "review", project=seeded.project)
    at.text_input(key=f"review-cancel-why-{before.id}").input("Half writ").run()
    rounds.cancel(store, "maker", before, "Somebody else was quicker.")
    found = open_round(store, seeded)
    at = opened(store, session, "review", project=seeded.project)
    assert at.text_input(key=f"review-cancel-why-{found.id}").value == "", "no reason for another round"
    press(at, "review-cancel-do")
    assert "needs a reason" in words(at)
    at.text_input(key=f"review-cancel-why-{found.id}").input("Wrong prompt.").run()
    press(at, "review-cancel-do")
    after = rows.get(store, found.id)
    assert after is not None and after.state == "cancelled" and after.closed_because == "Wrong prompt."
    assert "The last round was cancelled: Wrong prompt." in words(at)


def test_whoever_is_shut_out_votes_no_more(store: Store, seeded: Seeded) -> None:
    person(store, "Ann", Role.admin)
    rita, session = person(store, "Rita", Role.reviewer)
    found = open_round(store, seeded)
    at = opened(store, session, "review", project=seeded.project)
    key = button(at, "vote-left-")
    people.set_active(store, people.SYSTEM, rita.id, False)
    time.sleep(rounds.MIN_SECONDS_ON_SCREEN)
    at.button(key=key).click().run()
    assert rows.votes(store, found.id) == []


def test_the_last_seat_on_another_screen_is_waited_for(store: Store, seeded: Seeded) -> None:
    plan = replace(seeded.plan, baselines=(seeded.base,), cap=1)
    rita, session = person(store, "Rita", Role.reviewer)
    otto, other = person(store, "Otto", Role.reviewer)
    found = rounds.open_round(store, "maker", seeded.project, plan)
    opened(store, session, "review", project=seeded.project)
    at = opened(store, other, "review", project=seeded.project)
    assert "1 pair may still come to you" in words(at)
    assert not [b for b in at.button if (b.key or "").startswith("vote-left")]
    pair = rows.pairs(store, found.id)[0]
    rounds.vote(store, found, rita, pair.id, "skip", reason="no idea", seconds_on_screen=5.0)
    assert "Thank you" in words(opened(store, other, "review", project=seeded.project))


def test_one_key_is_a_whole_vote_and_more_can_be_said_beside_it(store: Store, seeded: Seeded) -> None:
    rita, session = person(store, "Rita", Role.reviewer)
    found = open_round(store, seeded)
    at = opened(store, session, "review", project=seeded.project)
    press(at, "why-open")
    press(at, button(at, "why-chip-0-"))
    at.text_area(key=next(a.key for a in at.text_area if a.key and a.key.startswith("why-note-"))).input(
        "Kinder."
    ).run()
    again = opened(store, session, "review", project=seeded.project)
    assert "Kinder." in [a.value for a in again.text_area], "a draft outlives a reload"
    read_then(again, "vote-left-")
    (vote,) = rows.votes(store, found.id)
    assert vote.note == "Kinder." and len(vote.reasons) == 1 and vote.better == "" and (vote.seconds or 0) > 0.3
    assert "Kinder." not in [a.value for a in again.text_area]


def test_the_better_answer_starts_from_the_one_that_was_chosen(store: Store, seeded: Seeded) -> None:
    rita, session = person(store, "Rita", Role.reviewer)
    found = open_round(store, seeded)
    at = opened(store, session, "review", project=seeded.project)
    first = rounds.next_pair(store, found, rita.id)
    assert first is not None
    read_then(at, "vote-right-")
    press(at, "why-last")
    field = at.text_area(key=f"why-better-{first.id}")
    assert field.value == first.right and "Your last vote: the right one is better." in words(at)
    press(at, button(at, "why-keep-"))
    assert rows.votes(store, found.id)[0].better == "", "as it stands it is no better answer"
    press(at, "why-last")
    at.text_area(key=f"why-better-{first.id}").input(first.right + " And thank you.").run()
    press(at, button(at, "why-keep-"))
    assert rows.votes(store, found.id)[0].better == first.right + " And thank you."
    press(at, button(at, "vote-undo-"))
    assert rows.votes(store, found.id) == []
    assert at.text_area(key=f"why-better-{first.id}").value == first.right + " And thank you."


def test_what_was_written_when_the_round_closed_first_stays_with_its_author(store: Store, seeded: Seeded) -> None:
    rita, session = person(store, "Rita", Role.reviewer)
    found = open_round(store, seeded)
    at = opened(store, session, "review", project=seeded.project)
    press(at, "why-open")
    name = next(a.key for a in at.text_area if a.key and a.key.startswith("why-note-"))
    at.text_area(key=name).input("Left is kinder.").run()
    rounds.close(store, "studio", found, "Enough.")
    read_then(at, "vote-left-")
    assert "closed before this vote arrived" in words(at) and rows.votes(store, found.id) == []
    assert "Left is kinder." in words(opened(store, session, "review", project=seeded.project))
    press(at, "why-unsent-done")
    assert "Left is kinder." not in words(at)


def test_who_stops_is_asked_which_answers_were_tuned_and_can_go_on(store: Store, seeded: Seeded) -> None:
    rita, session = person(store, "Rita", Role.reviewer)
    found = open_round(store, seeded)
    vote_like_the_script(store, found, rita, 7)
    at = opened(store, session, "review", project=seeded.project)
    press(at, "vote-stop")
    asked = [g.key for g in at.segmented_control if g.key and g.key.startswith("exit-guess-")]
    assert 0 < len(asked) <= guesses.ASKED and "7 votes of yours are in" in words(at)
    press(at, "exit-send")
    assert "no pair to guess about" in words(at)
    at.segmented_control(key=asked[0]).set_value("left").run()
    press(at, "exit-send")
    assert len(guess_rows.of_round(store, found.id)) == 1 and "your guesses are kept" in words(at)
    press(at, "exit-go-on")
    read_then(at, "vote-left-")
    assert len(rows.votes(store, found.id)) == 8
    press(at, "vote-stop")
    assert not at.segmented_control, "asked once"


def test_the_team_finds_the_link_who_is_behind_and_a_reminder(store: Store, seeded: Seeded) -> None:
    rita, session = person(store, "Rita", Role.reviewer)
    _, team = person(store, "Pia", Role.pm)
    _, admin = person(store, "Ann", Role.admin)
    found = open_round(store, seeded)
    vote_like_the_script(store, found, rita, 3)
    at = opened(store, team, "review", project=seeded.project)
    at.session_state["review-standing"] = True
    said = words(at.run())
    assert "Rita" in said and "3 of about 16" in said and "an admin sets an address" in said
    copied = [code.value for code in at.code]
    assert copied[0].endswith(f"/review?project={seeded.project}") and copied[0] in copied[1]
    assert "Rita: 3 of about 16 pairs" in copied[1]
    at = opened(store, admin, "review", project=seeded.project)
    at.session_state["review-standing"] = True
    at.run().text_input(key="standing-webhook").input("http://chat.example/x").run()
    press(at, "standing-set")
    assert "only go to an address that begins with https://" in words(at)
    assert at.text_input(key="standing-webhook").value == "http://chat.example/x"
    assert not [e for e in opened(store, session, "review", project=seeded.project).expander if "behind" in e.label]


def test_a_kind_of_input_can_be_kept_for_who_knows_the_field(store: Store, seeded: Seeded) -> None:
    rita, _ = person(store, "Rita", Role.reviewer)
    _, session = person(store, "Pia", Role.pm)
    at = opened(store, session, "review", project=seeded.project)
    field = next(m for m in at.multiselect if "review-experts-" in (m.key or ""))
    field.set_value([rita.id]).run()
    press(at, "review-open")
    (found,) = rows.every(store, seeded.project)
    assert list(found.registration["experts"].values()) == [[rita.id]] and "Asked of these alone" in words(at)

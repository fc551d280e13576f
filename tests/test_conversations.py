"""Conversations on their way through: what a model reads, what a job's rows hold, and what counts as the same."""

from dataclasses import replace

from studio import checkup, health
from studio.generation import chat
from studio.jobs import folder as job_folder
from studio.records import Brief, Example, Prompt, Speaker, Split, Status, Turn

SAID = (Turn(Speaker.user, "My kettle leaks."), Turn(Speaker.assistant, "Which model is it?"))


def test_the_arm_speaks_first_then_what_the_prompt_came_with_then_the_turns() -> None:
    told = chat.messages(Prompt("The blue one.", SAID, "You are Larkfield."), "Be brief.")
    assert [(m["role"], m["content"]) for m in told] == [
        ("system", "Be brief.\n\nYou are Larkfield."),
        ("user", "My kettle leaks."),
        ("assistant", "Which model is it?"),
        ("user", "The blue one."),
    ]
    assert chat.messages(Prompt("Hi")) == [{"role": "user", "content": "Hi"}]


def test_a_job_row_holds_the_whole_prompt_and_nothing_empty() -> None:
    for prompt in (Prompt("Hi"), Prompt("The blue one.", SAID, "You are Larkfield.")):
        assert job_folder.prompt(job_folder.prompt_row("e1", prompt)) == prompt
    assert job_folder.prompt_row("e1", Prompt("Hi")) == {"id": "e1", "input": "Hi"}


def test_the_same_last_message_after_other_turns_is_another_prompt() -> None:
    first = Example("a", "Thank you!", "You are welcome.", status=Status.approved, split=Split.train, earlier=SAID)
    other = (Turn(Speaker.user, "Where is parcel 7?"), Turn(Speaker.assistant, "It comes on Monday."))
    second = replace(first, id="b", ideal="Until Monday.", split=Split.test, earlier=other)
    found = {f.check: f for f in health.report([first, second], Brief(), checkup.kept).findings}
    assert found["contradictions"].count == found["exact_leakage"].count == 0
    again = replace(second, earlier=SAID)
    found = {f.check: f for f in health.report([first, again], Brief(), checkup.kept).findings}
    assert found["contradictions"].count == found["exact_leakage"].count == 1

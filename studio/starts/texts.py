"""Ready starts that make a text shorter or plainer: summaries, and rewriting."""

from __future__ import annotations

from studio.records import Brief, Check, CheckKind, Criterion, Slice
from studio.starts.pieces import phrases, words

SUMMARY = Brief(
    task="Sum up a text so that somebody who has one minute can decide whether to read it.",
    audience="Colleagues who did not read the text and will not.",
    inputs="A report, a thread or minutes of one to ten pages, as plain text.",
    must_never="Say what the text does not say, take a side that it does not take, or name people whom it protects.",
    intended_use="The paragraph above the text, with a link to it.",
    not_intended_use="In place of the text where a decision rests on a detail.",
    criteria=(
        Criterion(
            "Only what the text says",
            "A summary is believed by people who cannot check it.",
            "Underline each claim: is there a place in the text for it?",
            "Sales rose in two of the three regions.",
            "Sales rose thanks to the new campaign.",
            scale=(
                "The main claim is not in the text.",
                "A claim that matters is not in the text.",
                "A detail is not in the text, or is bent.",
                "All is in the text; one word is stronger than there.",
                "All is in the text, as strongly as there.",
            ),
        ),
        Criterion(
            "Fits in a minute",
            "Longer than that and people open the text, or nothing.",
            "Between 30 and 120 words.",
            "Sales rose in two of three regions. In the north they fell for the second time, because the shop "
            "there was closed for six weeks. The board decides in May whether to keep it; until then nothing is spent.",
            "A page that tells everything again.",
            (words(120), Check(CheckKind.min_words, limit=30)),
        ),
        Criterion(
            "Plain words",
            "Readers come from other departments.",
            "Reads at school grade 11 or below; no abbreviation that is not explained.",
            "We pay back what customers overpaid.",
            "Remediation of overbilling via CRM-side rebate provisioning.",
            (Check(CheckKind.max_grade, limit=11),),
        ),
        Criterion(
            "Even-handed",
            "Whoever disagrees with the text must still find it summed up fairly.",
            "No word of praise or blame that the text does not use.",
            "The board rejected the plan, citing cost.",
            "The board short-sightedly rejected the plan.",
        ),
        Criterion(
            "Gives no contact details away",
            "A summary travels further than its text.",
            "No e-mail address and no telephone number.",
            "The applicant asks for a second date.",
            "Ask ada@example.org, 555 0134.",
            (phrases(CheckKind.forbidden, "@", "tel:", "phone:"),),
        ),
        Criterion(
            "Says what follows",
            "“So what?” is the question that a summary is read for.",
            "The decision, the open question or the next date is in it, when the text has one.",
            "The board decides on 4 May; until then hiring is stopped.",
            "Various aspects of hiring were discussed.",
        ),
    ),
    slices=(
        Slice("reports", "One author, one line of thought", 0.4),
        Slice("threads", "Several people, some of whom disagree", 0.4),
        Slice("sensitive", "About a person, money or a fault of ours", 0.2, critical=True),
    ),
)

REWRITE = Brief(
    task="Rewrite a text so that it is easier to read and says exactly the same.",
    audience="Readers of the finished text, and its author, who must recognise it.",
    inputs="A paragraph, correct in substance, that is too long, too stiff or too tangled.",
    must_never="Drop a condition, soften a warning, change who does what, or add an opinion.",
    intended_use="A suggestion that the author accepts or changes.",
    not_intended_use="Contracts, laws, quotations, and instructions where somebody can be hurt.",
    criteria=(
        Criterion(
            "Means the same",
            "The author signs it.",
            "Set the two side by side: is every statement still there, and no other?",
            "You may return it within 30 days if it is unused.",
            "You may return it within 30 days.",
            (Check(CheckKind.repeats, pattern=r"\d+(?:[.,]\d+)*"),),
            scale=(
                "Says something else.",
                "A condition or a person got lost.",
                "The same, but for a nuance that matters.",
                "The same, but for a nuance that does not.",
                "The same, and the author would say so.",
            ),
        ),
        Criterion(
            "Easier to read",
            "It is the only reason to rewrite it.",
            "Reads at school grade 8 or below, and in fewer breaths than before.",
            "We check the form and write to you.",
            "Following receipt the form is subjected to verification, upon which notification ensues.",
            (Check(CheckKind.max_grade, limit=8),),
        ),
        Criterion(
            "Keeps the register",
            "A letter of condolence does not become a chat.",
            "As formal as the original, neither more nor less.",
            "We are sorry for your loss.",
            "So sorry to hear that!",
        ),
        Criterion(
            "Warnings stay whole",
            "A softened warning hurts somebody.",
            "Each “never”, “only” and “must” of the original is still there, as strong.",
            "Never open the lid while it runs.",
            "It is best not to open the lid while it runs.",
            slices=("warnings",),
        ),
        Criterion(
            "Only the text",
            "The author pastes it; a preface is work.",
            "No greeting, no explanation, no “here is”.",
            "The rewritten paragraph.",
            "Sure! Here is a clearer version:",
            (phrases(CheckKind.forbidden, "here is the", "here is a", "here's", "rewritten version", "as requested"),),
        ),
    ),
    slices=(
        Slice("letters", "To a reader in person", 0.4),
        Slice("instructions", "How to do something", 0.4),
        Slice("warnings", "Something can go wrong or hurt", 0.2, critical=True, second_approval=True),
    ),
)

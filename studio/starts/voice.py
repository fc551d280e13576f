"""Ready starts that are about how we sound: tone of voice, and support replies."""

from __future__ import annotations

from studio.records import Brief, Check, CheckKind, Criterion, Slice
from studio.starts.pieces import phrases, words

TONE = Brief(
    task="Say what the draft says, in our voice: plain, warm and sure, as one person talks to another.",
    audience="Anybody who reads what we publish, often on a phone and in a hurry.",
    inputs="A draft of one to three paragraphs by somebody who knows the subject and not the house style.",
    must_never="Change a fact, a figure, a name or a promise; add a claim; talk down to the reader.",
    intended_use="A first version that an editor reads and signs off.",
    not_intended_use="Legal texts, quotations, and anything that goes out unread.",
    criteria=(
        Criterion(
            "Keeps every fact",
            "A friendly sentence with a wrong figure is worse than a stiff one with the right one.",
            "Every figure of the draft stands in the text, and no other does.",
            "Orders over €40 ship free until 31 May.",
            "Free shipping on most orders this spring!",
            (Check(CheckKind.repeats, pattern=r"\d+(?:[.,]\d+)*"),),
        ),
        Criterion(
            "Reads at first sight",
            "Our readers skim; a sentence that must be read twice is read by nobody.",
            "Short sentences, ordinary words, one thought each.",
            "You can cancel at any time. We refund the days you have not used.",
            "Cancellation may be effected at any juncture, whereupon a pro rata reimbursement will be initiated.",
            (Check(CheckKind.max_grade, limit=9),),
        ),
        Criterion(
            "Sounds like us",
            "The voice is why people know it is us before they see the logo.",
            "Read it aloud: would one of us say this to a customer at the counter?",
            "We got this wrong, and we are putting it right today.",
            "We sincerely apologise for any inconvenience this may have caused.",
            scale=(
                "Nobody would say this: form letter, slang or advertising.",
                "Correct, and could be anybody's.",
                "Ours in places, with stock phrases between.",
                "Ours throughout; one word could be better.",
                "Ours throughout, and it would be quoted as an example.",
            ),
        ),
        Criterion(
            "No stock phrases",
            "They tell the reader that nobody was there.",
            "None of the phrases on our list.",
            "Thanks for waiting.",
            "Please be advised that your patience is appreciated.",
            (phrases(CheckKind.forbidden, "please be advised", "any inconvenience", "valued customer", "reach out",
                      "at your earliest convenience"),),
        ),
        Criterion(
            "Promises nothing new",
            "A promise that nobody made is ours to keep.",
            "No deadline or claim that the draft does not make, and no word that a lawyer wants to see first.",
            "We answer most messages within a day.",
            "We guarantee an answer within a day, every time.",
            (phrases(CheckKind.forbidden, "guarantee", "risk-free", "100%"),),
        ),
        Criterion(
            "The reader knows what to do",
            "Most of our texts ask for one thing; it should not have to be looked for.",
            "After one reading you could say what, if anything, is expected of you.",
            "Choose a new password by Friday; the link below takes a minute.",
            "Password policies have been updated in line with best practice.",
        ),
    ),
    slices=(
        Slice("announcements", "Something is new or changes", 0.4),
        Slice("instructions", "How to do something", 0.4),
        Slice("bad news", "A fault, a delay, a price rise, a no", 0.2, critical=True),
    ),
)  # fmt: skip

SUPPORT = Brief(
    task="Answer a customer's message so that they know that we read it, what happens next and by when.",
    audience="Customers who write to support, from calm to furious.",
    inputs="One message, from a few words to a page, with typos, several questions at once, and often a reference.",
    must_never="Give out anybody's personal data, ask for a password or a full card number, promise what is not "
    "ours to promise, or help to get round a safety device.",
    intended_use="A reply that a colleague reads before it goes out.",
    not_intended_use="Legal, medical or safety advice; replies that are sent without anybody reading them.",
    criteria=(
        Criterion(
            "Repeats the right reference",
            "It proves in a word that we mean their case and not another.",
            "The reference of the message stands in the reply and no other does.",
            "About your order AB-40731: it left us on Monday.",
            "About your recent order: it is on its way.",
            (Check(CheckKind.repeats, pattern=r"[A-Z]{2}-\d{5}"),),
        ),
        Criterion(
            "Short and plain",
            "A worried person reads three sentences and not ten.",
            "At most 120 words, at the reading level of a newspaper.",
            "We have your return. The refund reaches your account by Friday.",
            "Pursuant to our returns policy, reimbursement is subject to processing intervals.",
            (words(120), Check(CheckKind.max_grade, limit=9)),
        ),
        Criterion(
            "Kind without grovelling",
            "People forgive a mistake sooner than a form letter.",
            "Names what went wrong for them, once, in ordinary words.",
            "Two weeks without a cooker is a long time. I am sorry.",
            "We deeply apologise for any inconvenience caused.",
            (phrases(CheckKind.forbidden, "any inconvenience", "valued customer", "unfortunately we are unable"),),
            scale=(
                "Cold, blaming, or mocking.",
                "Correct and stiff; a form letter.",
                "Polite; could be sent to anybody.",
                "Kind, and clearly to this person.",
                "Kind, to this person, and one would like to deal with us again.",
            ),
        ),
        Criterion(
            "Asks for nothing secret",
            "A reply that asks for a password teaches customers to fall for fraud.",
            "Never asks for a password, a code or a full card number.",
            "Please send us the order number; we need nothing else.",
            "Please confirm your password so we can look into it.",
            (phrases(CheckKind.forbidden, "your password", "security code", "full card number", "CVV"),),
        ),
        Criterion(
            "Says the next step and when",
            "“We will look into it” is what people complain about.",
            "One next step, by us or by them, and a time.",
            "We write to you by Thursday evening.",
            "We will get back to you as soon as possible.",
        ),
    ),
    slices=(
        Slice("delivery", "Where is it, when does it come", 0.35),
        Slice("refunds", "Returns and money back", 0.25),
        Slice("technical", "It does not work", 0.2),
        Slice("upset", "Angry, or not for the first time", 0.15, critical=True),
        Slice("must refuse", "Something that we must not help with", 0.05, critical=True),
    ),
)  # fmt: skip

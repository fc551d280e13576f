"""Personal data: what is found and how surely, what is left alone, and a redaction that stays readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.health.personal import PersonalKind, find_personal, redact


@pytest.mark.parametrize(
    ("text", "kind", "found", "sure"),
    [
        ("write to kim.larsen@posteo.de please", PersonalKind.email, "kim.larsen@posteo.de", True),
        ("write to kim@example.com please", PersonalKind.email, "kim@example.com", False),
        ("refund it to DE89 3704 0044 0532 0130 00.", PersonalKind.account, "DE89 3704 0044 0532 0130 00", True),
        ("charged to 4111 1111 1111 1111 twice", PersonalKind.card, "4111 1111 1111 1111", True),
        ("call +44 20 7946 0958 after six", PersonalKind.phone, "+44 20 7946 0958", True),
        ("Telefon: 030 20179810", PersonalKind.phone, "030 20179810", True),
        ("ask for Marta, 794 117 899", PersonalKind.phone, "794 117 899", True),
        ("my mobile is 2125550123", PersonalKind.phone, "2125550123", True),
        ("here is 111222333 for you", PersonalKind.national_id, "111222333", False),
        ("SSN 536-22-8145", PersonalKind.national_id, "536-22-8145", True),
        ("my national insurance number is AB123456C", PersonalKind.national_id, "AB123456C", True),
        ("it logged in from 93.184.216.34 today", PersonalKind.ip_address, "93.184.216.34", False),
    ],
)
def test_what_has_a_form_is_found(text: str, kind: PersonalKind, found: str, sure: bool) -> None:
    (only,) = find_personal(text)
    assert (only.kind, only.text, only.sure) == (kind, found, sure)
    assert text[only.start : only.end] == found


@pytest.mark.parametrize(
    "text",
    [
        "order LF-40731 of 2026-03-04 has not come",
        "the barcode says 4006381333931 and it cost 1,299.00",
        "tracking 123456789012 stands still since 12:45",
        "firmware 2.14.3.1 on model 8812345",
        "ISBN 978-3-16-148410-0, delivered 04/03/2026",
        "1500-1800 W, 220-240 V",
        "DE89 3704 0044 0532 0130 01 is mistyped",
        "the hotel said 5153812897, then somebody on television 3545390712",
        "section 1665/4097, depot 26552 35/40, books 1-375-59589-X",
        "policy 4154-8346-23 was renewed",
        "CEP 09279-279, kod 94-685 10",
        "we moved 12 500 000 kr and 3 456 789 EUR",
        "open 14.30-16.45 on 12 05 2024",
        "Thanks for writing. We sent it on Monday.",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert find_personal(text) == ()


def test_a_record_is_redacted_alike_throughout() -> None:
    texts = ("I am a@posteo.de, not b@posteo.de", "Thanks, we wrote to a@posteo.de.", "call +44 20 7946 0958")
    assert redact(texts) == (
        "I am [email 1], not [email 2]",
        "Thanks, we wrote to [email 1].",
        "call [phone 1]",
    )


def test_two_spellings_of_one_number_have_one_mark() -> None:
    assert redact(("DE89370400440532013000", "DE89 3704 0044 0532 0130 00")) == ("[account 1]", "[account 1]")


def test_a_possible_find_is_redacted_only_when_asked() -> None:
    assert redact(("here is 111222333",)) == ("here is 111222333",)
    assert redact(("here is 111222333",), possible=True) == ("here is [national id 1]",)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200) | st.from_regex(r"[\d+() ./-]{0,60}"))
def test_any_text_is_read_and_redacting_twice_changes_nothing(text: str) -> None:
    found = find_personal(text)
    assert all(text[f.start : f.end] == f.text for f in found)
    assert all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))
    (once,) = redact((text,))
    if not found:
        assert once == text

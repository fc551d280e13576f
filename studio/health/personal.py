"""Personal data that has a form: e-mail addresses, phone, card and account numbers, national numbers. Pure.

Two tiers. *Sure*: the form and the check digits leave little doubt, so it may be redacted at once. *Possible*: it only
looks like one (a bare number whose check digit happens to fit, a phone number of no known plan), so a person decides.

Does not find names, addresses, dates of birth, or anything said in words: no library here does so reliably. A page that
shows these findings must say so (`NOT_FOUND`). Phone plans: the `phonenumbers` package (Google's libphonenumber);
check digits: `python-stdnum`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

NOT_FOUND = "Names and postal addresses are not found by this check: read for those yourself."

# Plans in which a number without a country code is tried; a number with one needs no guess.
REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "BR", "SE")


class PersonalKind(enum.StrEnum):
    email = "email"
    phone = "phone"
    card = "card"
    account = "account"
    national_id = "national_id"
    ip_address = "ip_address"


@dataclass(frozen=True)
class Personal:
    """One find: characters [`start`, `end`) of the text. `sure` as in the two tiers above."""

    kind: PersonalKind
    start: int
    end: int
    text: str
    sure: bool


def find_personal(text: str, regions: Sequence[str] = REGIONS) -> tuple[Personal, ...]:
    """What of a form stands in `text`, in its order and without overlaps; the more certain kind wins a place."""
    if not _WORTH.search(text):
        return ()
    found: list[Personal] = []
    taken = [False] * len(text)
    for search in _SEARCHES:
        for each in search(text, regions):
            if not any(taken[each.start : each.end]):
                taken[each.start : each.end] = [True] * (each.end - each.start)
                found.append(each)
    return tuple(sorted(found, key=lambda f: f.start))


def redact(texts: Sequence[str], regions: Sequence[str] = REGIONS, *, possible: bool = False) -> tuple[str, ...]:
    """The texts of one record with every sure find replaced by a mark such as [email 1] (`possible`: those too).

    The same value has the same mark throughout the record, so that an answer still refers to what was asked. A phone
    number with and without its country's code counts as two.
    """
    marks: dict[tuple[PersonalKind, str], str] = {}
    return tuple(_redacted(text, find_personal(text, regions), marks, possible) for text in texts)


def _redacted(text: str, found: Iterable[Personal], marks: dict[tuple[PersonalKind, str], str], possible: bool) -> str:
    parts, at = [], 0
    for each in found:
        if not (each.sure or possible):
            continue
        key = (each.kind, _plain(each.text))
        if key not in marks:
            number = 1 + sum(kind is each.kind for kind, _ in marks)
            marks[key] = f"[{each.kind.value.replace('_', ' ')} {number}]"
        parts += [text[at : each.start], marks[key]]
        at = each.end
    return "".join([*parts, text[at:]])


def _plain(text: str) -> str:
    """A value without its separators and in small letters: two spellings of one number are one value."""
    return re.sub(r"[\s().\-/]", "", text).casefold()


# -- one search for each kind ----------------------------------------------------------------------

_WORTH = re.compile(r"@|(?:\d\D{0,9}){5}")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[a-z0-9](?:[\w-]{0,62}\.)+[a-z]{2,24}(?![\w@])", re.IGNORECASE)
# Nobody's address, by RFC 2606.
_RESERVED = re.compile(r"[@.]example\.(?:com|net|org)$|\.(?:test|example|invalid|localhost)$", re.IGNORECASE)
_IP = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_CARD = re.compile(r"(?<![\w.,+-])\d(?:[ -]?\d){11,18}(?![\w]|[.,-]\d)")
_PHONE = re.compile(
    r"(?<![\w.,+/#-])(?:\+|\(\+?)?\d(?:[\s().\-]{0,3}\d|/\d){5,16}(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w]|[.,]\d|[/-]\w)"
)

_CARD_STARTS = re.compile(r"4|5[0-8]|6[0379]|6[45]|2[2-7]|3[0-9]|1800|2131")
# Whole words, with their endings: "hotel" and "cellar" are no telephone.
_PHONE_WORDS = re.compile(
    r"(?<!\w)(?:\w*phon\w*|call(?:s|ed|ing|er|back)?|tel|\w*telefo\w*|mobiles?|mobil\w{0,3}|m[oó]vil|cell|cellular\w*|ring|reach|"
    r"whatsapp|sms|text (?:me|him|her|us)|fax|contact|number is|\w*handy\w*|anruf\w*|ruf\w{0,3}|portable|appel\w*|"
    r"llam\w*|chiam\w*|bel|bellen|dzwo\w*|zadzwo\w*|kom[oó]rk\w*|ligar|ligue|celular)(?!\w)\W*(?:\w+\W+){0,4}$",
    re.IGNORECASE,
)
# A range of two figures, a long number with a part after a slash (an area code has at most five digits, and starts
# with 0), a decimal, a post code (Brazil, Poland).
_NO_PHONE = re.compile(
    r"\d{3,4}\s?-\s?\d{4}|\d{6,}/\d+|[1-9][\d\s-]*/\d+(?:/\d+)?|\d+[\s-][\d\s-]+/\d+|\d+\.\d+|\d{5}-\d{3}|\d{2}-\d{3}(?:\s\d{1,3})?"
)
_AMOUNT_AFTER = re.compile(
    r"\s?(?:[€£$%]|(?:eur|usd|gbp|pln|sek|brl|kr|zł|euros?|dollars?|pounds?|km|kg|mm|cm|ml|kwh|views|people|users|pieces|pcs|"
    r"steps|times|hours?)\b)",
    re.IGNORECASE,
)
_AMOUNT_BEFORE = re.compile(r"(?:[€£$]|(?:eur|usd|gbp|pln|sek|brl))\s?$", re.IGNORECASE)
_UNTOLD = range(9, 14)  # digits of a phone number that neither a country's code nor a word before it tells
_BARE = range(9, 12)  # and of one whose only sign is a leading 0
_EAN = 13
_LONGEST_PHONE = 17  # 15 digits by E.164, and two zeros where people write 00 for +
_NATIONAL_WORDS = re.compile(r"(?:fiscal|tax|social|national|insurance|citizen|identity|passport)", re.IGNORECASE)
_PHONE_AFTER = re.compile(
    r"\W+(?:\w{1,4}\W+){1,2}(?:phone|mobile|cell|telephone|whatsapp|handy|portable)", re.IGNORECASE
)
_OTHER_NUMBER = re.compile(
    r"(?:order|invoice|ticket|tracking|parcel|serial|model|item|article|ref|reference|sku|ean|gtin|upc|isbn|label|batch|lot|bestellung|rechnung|commande|pedido|barcode|version|"
    r"case|booking|voucher|coupon|code|price|total|amount|part)(?:\W+\w{1,7}){0,2}\W*$",
    re.IGNORECASE,
)
_DATE_OR_TIME = re.compile(
    r"\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2}(?:\D.*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?:\D.*)?|\d{1,2} \d{1,2} (?:19|20)\d{2}"
    r"|(?:19|20)\d{2}\s?[-/]\s?(?:19|20)?\d{2}|\d{1,2}[.:]\d{2}\s?-\s?\d{1,2}[.:]\d{2}"
)


def _emails(text: str, _: Sequence[str]) -> Iterator[Personal]:
    for match in _EMAIL.finditer(text):
        yield _made(PersonalKind.email, match, sure=not _RESERVED.search(match.group()))


def _accounts(text: str, _: Sequence[str]) -> Iterator[Personal]:
    """IBANs whose length and check digits fit (ISO 13616)."""
    from stdnum import iban

    for match in _IBAN.finditer(text):
        if iban.is_valid(match.group(), check_country=False):
            yield _made(PersonalKind.account, match, sure=True)


def _cards(text: str, _: Sequence[str]) -> Iterator[Personal]:
    """Card numbers: a Luhn digit and a known first digit. An article's barcode may pass both, so a word before it
    that names another kind of number, or digits without any separator, leave it only possible."""
    from stdnum import luhn

    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if len(digits) in (17, 18) or _barcode(digits):
            continue
        if len(digits) == 12 and not re.search(r"card|visa|amex|karte|carte|tarjeta|kort", text, re.IGNORECASE):
            continue
        if len(digits) < 12 or not luhn.is_valid(digits) or not _CARD_STARTS.match(digits):
            continue
        if _OTHER_NUMBER.search(text[max(0, match.start() - 30) : match.start()]):
            continue
        yield _made(PersonalKind.card, match, sure=len(digits) >= 15)


def _national_ids(text: str, _: Sequence[str]) -> Iterator[Personal]:
    yield from _of_the_form(text, _sure_forms())


def _maybe_national_ids(text: str, _: Sequence[str]) -> Iterator[Personal]:
    yield from _of_the_form(text, _possible_forms())


def _of_the_form(text: str, forms: Iterable[_Form]) -> Iterator[Personal]:
    for pattern, valid, sure in forms:
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 30) : match.start()]
            if _OTHER_NUMBER.search(before) and not _NATIONAL_WORDS.search(before):
                continue
            if valid(match.group()) and not (len(match.group()) == _EAN and _barcode(match.group())):
                yield _made(PersonalKind.national_id, match, sure=sure)


_Form = tuple[re.Pattern[str], Callable[[str], bool], bool]
"""A national number: its form, its check digits, and whether the two together are sure."""


def _sure_forms() -> Iterator[_Form]:
    from stdnum.br import cpf
    from stdnum.es import dni, nie
    from stdnum.fr import nir
    from stdnum.it import codicefiscale
    from stdnum.se import personnummer
    from stdnum.us import ssn

    yield _SSN, ssn.is_valid, True
    yield _NINO, _any, True
    yield _CODICE, codicefiscale.is_valid, True
    yield _DNI, lambda t: dni.is_valid(t) or nie.is_valid(t), True
    yield _CPF, cpf.is_valid, True
    yield _PERSONNUMMER, personnummer.is_valid, True
    yield _NIR, nir.is_valid, True


def _possible_forms() -> Iterator[_Form]:
    from stdnum.br import cpf
    from stdnum.nl import bsn
    from stdnum.pl import pesel

    yield _SSN, _any, False
    yield _NINO_LIKE, _any, False
    yield _CODICE, _any, False
    yield _NIR, _any, False
    yield _ELEVEN, lambda t: pesel.is_valid(t) or cpf.is_valid(t), False
    yield _NINE, bsn.is_valid, False


def _barcode(digits: str) -> bool:
    """Whether it is an article's or a book's number (8 or 13 digits of a GTIN, an ISBN) by its check digit."""
    from stdnum import ean, isbn

    ends_alone = digits.isalnum() or bool(re.search(r"\D\w$", digits))  # as every ISBN with its hyphens does
    if ends_alone and isbn.is_valid(digits):
        return True
    return len(digits) in (8, 13) and digits.isdigit() and bool(ean.is_valid(digits))


def _any(_: str) -> bool:
    return True


_SSN = re.compile(r"(?<![\w.+-])\d{3}-\d{2}-\d{4}(?![\w-])")
_NINO = re.compile(
    r"(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"
)
_NINO_LIKE = re.compile(r"(?<!\w)[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-Z](?!\w)")
_CODICE = re.compile(r"(?<!\w)[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?!\w)", re.IGNORECASE)
_DNI = re.compile(r"(?<![\w-])[XYZ\d]-?\d{7}-?[A-Z](?!\w)", re.IGNORECASE)
_CPF = re.compile(r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)")
_PERSONNUMMER = re.compile(r"(?<![\w-])(?:19|20)?\d{6}[-+]\d{4}(?![\w-])")
_NIR = re.compile(r"(?<!\w)[12]\d{2}(?:0[1-9]|1[0-2])(?:\d{2}|2[AB])\d{6}(?:\d{2})?(?!\w)")
_ELEVEN = re.compile(r"(?<![\w.,+/-])\d{11}(?![\w]|[.,/-]\d)")
_NINE = re.compile(r"(?<![\w.,+/-])\d{9}(?![\w]|[.,/-]\d)")


def _abroad(text: str, _: Sequence[str]) -> Iterator[Personal]:
    """Phone numbers with a country code: sure when that country has numbers of this length."""
    for match in _PHONE.finditer(text):
        if match.group().startswith(("+", "(+")):
            yield _made(PersonalKind.phone, match, sure=_of_a_plan(match.group(), ()))


def _phones(text: str, regions: Sequence[str]) -> Iterator[Personal]:
    """Phone numbers: of a country's plan (sure when written as people write them), or called so (possible)."""
    for match in _PHONE.finditer(text):
        raw = match.group()
        digits = re.sub(r"\D", "", re.split(r"\s?(?:x|ext)", raw)[0])
        before = text[max(0, match.start() - 40) : match.start()]
        called = bool(_PHONE_WORDS.search(before) or _PHONE_AFTER.match(text, match.end()))
        if _another_number(raw, digits, before, text[match.end() : match.end() + 12], called=called):
            continue
        told = called or raw.startswith(("+", "0", "("))
        written = raw.startswith(("+", "00", "(")) or (bool(re.search(r"[\s().\-/]", raw)) and _grouped(raw))
        bare = raw.startswith("0") and (len(digits) in _BARE or not raw.isdigit())
        if raw.startswith("00") and len(digits) >= 10 and not _of_a_plan(raw[1:], regions):
            yield _made(PersonalKind.phone, match, sure=_of_a_plan(raw, ()))
        elif (written or called or bare) and _of_a_plan(raw, regions, as_written=not told):
            yield _made(PersonalKind.phone, match, sure=written or called)
        elif called or (written and _AMERICAN.fullmatch(raw)):
            yield _made(PersonalKind.phone, match, sure=False)


def _another_number(raw: str, digits: str, before: str, after: str, *, called: bool) -> bool:
    """Whether it is a date, an amount, a range, a post code, a barcode, or what the words before it say it is."""
    if not 7 <= len(digits) <= _LONGEST_PHONE or (raw.startswith("(") and ")" not in raw):
        return True
    if _DATE_OR_TIME.fullmatch(raw) or _OTHER_NUMBER.search(before) or _barcode(raw):
        return True
    if called:
        return bool(re.fullmatch(r"\d{3,4}\s?-\s?\d{4}|\d+\.\d+", raw))
    told = raw.startswith(("+", "00", "("))
    amount = _AMOUNT_AFTER.match(after) or _AMOUNT_BEFORE.search(before)
    return bool(amount or _NO_PHONE.fullmatch(raw)) or (not told and len(digits) not in _UNTOLD)


_AMERICAN = re.compile(r"(?:1[-.\s])?(?:\(\d{3}\)\s?|\d{3}[-.])\d{3}[-.]\d{4}(?:\s?(?:x|ext\.?)\s?\d{1,6})?")


def _grouped(raw: str) -> bool:
    """Whether the digits stand as in a phone number: groups of two or more, at least three of them or a leading 0."""
    groups = re.findall(r"\d+", raw)
    return all(len(group) >= 2 for group in groups[1:]) and (len(groups) > 2 or raw.startswith("0"))


def _of_a_plan(raw: str, regions: Sequence[str], *, as_written: bool = False) -> bool:
    """Whether some region has this number (without regions: the country it names has numbers of this length);
    `as_written`: and puts its digits into these groups, as no policy or parcel number does but by chance."""
    import phonenumbers

    number = re.sub(r"^\(?00", "+", raw) if raw.startswith(("00", "(00")) else raw
    number = re.sub(r"\(0\)", "", number)
    for region in regions or (None,):
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        valid = phonenumbers.is_valid_number(parsed) if region else phonenumbers.is_possible_number(parsed)
        if valid and (not as_written or _groups(raw) == _groups(_national(parsed))):
            return True
    return False


def _national(parsed: PhoneNumber) -> str:
    import phonenumbers

    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL))


def _groups(written: str) -> list[int]:
    """How many digits stand together, without an extension."""
    return [len(digits) for digits in re.findall(r"\d+", re.split(r"\s?(?:x|ext)", written)[0])]


def _addresses(text: str, _: Sequence[str]) -> Iterator[Personal]:
    for match in _IP.finditer(text):
        if all(int(part) < 256 for part in match.group().split(".")):
            version = re.search(r"(?:version|v|firmware|release)\W*$", text[: match.start()], re.IGNORECASE)
            if not version:
                yield _made(PersonalKind.ip_address, match, sure=False)


def _made(kind: PersonalKind, match: re.Match[str], *, sure: bool) -> Personal:
    return Personal(kind, match.start(), match.end(), match.group(), sure)


# In this order: a form with check digits claims its place before one without.
_SEARCHES: tuple[Callable[[str, Sequence[str]], Iterator[Personal]], ...] = (
    _emails, _accounts, _addresses, _national_ids, _abroad, _cards, _maybe_national_ids, _phones,
)  # fmt: skip

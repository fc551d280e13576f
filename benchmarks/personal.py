"""Personal data, measured: `python -m benchmarks.personal [--rows 10000] [--seed 8]`.

Sentences in ten locales, half of them with one item made by Faker, half with numbers that are no personal data (order
numbers, dates, prices, barcodes, post codes, versions). Prints, by type, the share found and the share of finds that are
wrong, and the seconds for all rows. Promise: found >= .85, wrong <= 3 % by type, 10,000 rows in 15 s.

Seeds 1 to 4, 6 and 8 have sentences and harmless numbers that we wrote; any other seed puts the same items among words
of Faker's making, without any that tells what a number is. The rules were mended while looking at 1 to 7, whose phones were
59, 42, 37, 18 (2 to 5) and 41 % (6) wrong on first sight. 8 and 9 were written or drawn after the last change and looked
at once: RESULTS.md has those figures. Names and addresses are not looked for.
"""

# ruff: noqa: E501 - sentences of the test set stand on one line each

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

from faker import Faker

from studio.health.personal import PersonalKind, find_personal

LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "pt_BR", "sv_SE")
FOUND, WRONG, SECONDS = 0.85, 0.03, 15.0
_KINDS = (
    PersonalKind.email, PersonalKind.phone, PersonalKind.card, PersonalKind.account, PersonalKind.national_id,
)  # fmt: skip
_SAID = {
    PersonalKind.email: ("write to {} please", "{} is my address", "I never got it ({})", "mail: {}."),
    PersonalKind.phone: ("call me on {}", "my number is {}, after six", "{} is my mobile", "Tel. {}"),
    PersonalKind.card: ("I paid with card {}", "{} was charged twice", "the card ending, well, all of it: {}"),
    PersonalKind.account: ("refund it to {}", "IBAN {} please", "my account is {}."),
    PersonalKind.national_id: ("my national number is {}", "{} is on my passport form", "ID {}, thanks"),
}

_OTHER_SAID = {
    PersonalKind.email: ("Kontakt: {}", "my wife's address, {}, gets the mails instead", "<{}>", "cc {} and me"),
    PersonalKind.phone: (
        "Bitte rufen Sie mich unter {} an", "Please ring {} before noon", "mon portable: {}", "{} - whatsapp only",
        "the neighbour takes parcels, reach her at {}.",
    ),
    PersonalKind.card: ("Visa or Mastercard, here it is: {}", "Karte {}", "why do you still hold {} on file?"),
    PersonalKind.account: ("Konto {} bitte", "send the 20 euros to {}, not to the card", "({})"),
    PersonalKind.national_id: ("numéro {}", "for customs they asked my tax number, which is {}", "id={}"),
}  # fmt: skip

_HELD_OUT = {
    PersonalKind.email: ("please answer to {}, not here", "{} (that is my office)", "E-Mail {} - thanks", "login was {}"),
    PersonalKind.phone: (
        "you can text {}", "Telefon: {}", "the courier should phone {} from the gate", "téléphone {} svp",
        "my old phone was {}, the new one you have",
    ),
    PersonalKind.card: ("number {} expires soon", "I typed {} by mistake", "carte {} refusée"),
    PersonalKind.account: ("bank: {}", "pay it back into {} please", "mein Konto {}, danke"),
    PersonalKind.national_id: ("my social number {}", "they wanted {} at the post office", "DNI/ID {}"),
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=8)
    args = parser.parse_args()
    rows = made(args.rows, args.seed)
    began = time.perf_counter()
    found = [find_personal(text) for text, _, _ in rows]
    seconds = time.perf_counter() - began
    there, hit, wrong, finds, sure = (Counter[PersonalKind]() for _ in range(5))
    for (_, kind, value), each in zip(rows, found, strict=True):
        if kind:
            there[kind] += 1
            hit[kind] += any(f.kind is kind and _same(f.text, value) for f in each)
            sure[kind] += any(f.kind is kind and _same(f.text, value) and f.sure for f in each)
        for f in each:
            finds[f.kind] += 1
            wrong[f.kind] += not (f.kind is kind and _same(f.text, value))
    print(f"{'type':<14}{'there':>7}{'found':>8}{'sure':>8}{'finds':>8}{'wrong':>8}")
    failed = False
    for kind in _KINDS:
        share, off = hit[kind] / there[kind], wrong[kind] / max(1, finds[kind])
        failed |= share < FOUND or off > WRONG
        print(
            f"{kind.value:<14}{there[kind]:>7}{share:>8.1%}{sure[kind] / there[kind]:>8.1%}{finds[kind]:>8}{off:>8.1%}"
        )
    print(f"{args.rows:,} rows in {seconds:.1f} s (promise {SECONDS:.0f})")
    return int(failed or seconds > SECONDS)


def made(count: int, seed: int) -> list[tuple[str, PersonalKind | None, str]]:
    """(sentence, what personal data is in it, its text) for `count` rows."""
    draw = random.Random(seed)
    said, harmless = _SENTENCES.get(seed, (None, _made_by_faker))
    fakes = [Faker(locale) for locale in LOCALES]
    Faker.seed(seed)
    rows: list[tuple[str, PersonalKind | None, str]] = []
    for number in range(count):
        fake = fakes[number % len(fakes)]
        if draw.random() < 0.5:
            rows.append((harmless(fake, draw), None, ""))
            continue
        kind = draw.choice(_KINDS)
        value = _item(fake, kind)
        text = draw.choice(said[kind]).format(value) if said else _among_words(fake, draw, value)
        rows.append((text, kind, value))
    return rows


def _item(fake: Faker, kind: PersonalKind) -> str:
    makers: dict[PersonalKind, Callable[[], str]] = {
        PersonalKind.email: fake.email, PersonalKind.phone: fake.phone_number,
        PersonalKind.card: fake.credit_card_number, PersonalKind.account: fake.iban,
        PersonalKind.national_id: fake.ssn,
    }  # fmt: skip
    return str(makers[kind]())


def _harmless(fake: Faker, draw: random.Random) -> str:
    return draw.choice((
        lambda: f"order LF-{draw.randrange(10000, 99999)} of {fake.date()} has not come",
        lambda: f"the barcode says {fake.ean13()} and it cost {draw.randrange(10, 2000)}.{draw.randrange(10, 99)} EUR",
        lambda: f"tracking {draw.randrange(10**11, 10**12)} stands still since {fake.time()}",
        lambda: f"firmware 2.{draw.randrange(20)}.{draw.randrange(99)}.{draw.randrange(9)} on model {draw.randrange(10**6, 10**7)}",
        lambda: f"isbn {fake.isbn13()}, delivered {fake.date(pattern='%d/%m/%Y')} at {fake.time()[:5]}",
        lambda: f"between {draw.randrange(2000, 2020)} and {draw.randrange(2020, 2026)} we bought {draw.randrange(3, 400)} lamps, {draw.randrange(10, 99)} x {draw.randrange(10, 99)} cm",
        lambda: f"invoice {draw.randrange(10**8, 10**9)} for 1,{draw.randrange(100, 999)}.00",
        lambda: "The kettle does not switch off by itself, and the lamp flickers.",
    ))()  # fmt: skip


def _other_harmless(fake: Faker, draw: random.Random) -> str:
    return draw.choice((
        lambda: f"Bestellung LF{draw.randrange(10**7, 10**8)} vom {fake.date(pattern='%d.%m.%Y')} fehlt",
        lambda: f"GTIN {fake.ean13()}, {draw.randrange(1, 9)} of {draw.randrange(10, 60)} pieces broken",
        lambda: f"parcel {draw.randrange(10**13, 10**14)} was scanned at {fake.time()} in depot {draw.randrange(100, 999)}",
        lambda: f"the label reads {draw.randrange(10**9, 10**10)}/{draw.randrange(10, 99)}",
        lambda: f"it draws {draw.randrange(10, 99)}.{draw.randrange(100, 999)} kWh a year, 220-240 V, 50/60 Hz, 1500-1800 W",
        lambda: f"season {draw.randrange(2015, 2024)}-{draw.randrange(2024, 2027)}, batch {draw.randrange(10**5, 10**6)}, {fake.date()}T{fake.time()}",
        lambda: f"dims {draw.randrange(100, 999)} x {draw.randrange(100, 999)} x {draw.randrange(100, 999)} mm, {draw.randrange(1, 9)},{draw.randrange(100, 999)} g",
        lambda: "Could somebody tell me whether the rug sheds? We have a toddler and a vacuum cleaner from 1998.",
    ))()  # fmt: skip


def _held_out_harmless(fake: Faker, draw: random.Random) -> str:
    return draw.choice((
        lambda: f"article {draw.randrange(100, 999)}.{draw.randrange(100, 999)}.{draw.randrange(10, 99)} is out of stock since {fake.date(pattern='%d.%m.')}",
        lambda: f"I counted {draw.randrange(1000, 9999)} steps, {draw.randrange(1000, 9999)} more on {fake.date(pattern='%d %B %Y')}",
        lambda: f"consignment {draw.randrange(10**9, 10**12)} was due {fake.date(pattern='%Y/%m/%d')} between {fake.time()[:5]} and 18:00",
        lambda: f"screws M{draw.randrange(3, 9)} x {draw.randrange(10, 99)}, {draw.randrange(100, 200)} pcs, {draw.randrange(1, 99)}.{draw.randrange(10, 99)} each",
        lambda: f"the code on the box: {draw.randrange(10**5, 10**6)}-{draw.randrange(10**3, 10**4)}-{draw.choice('ABCX')}",
        lambda: f"{draw.randrange(2, 9)},{draw.randrange(100, 999)},{draw.randrange(100, 999)} people saw the ad, {draw.randrange(10, 99)}.{draw.randrange(1, 9)} % clicked",
        lambda: f"barcode {fake.ean13()} scans as {fake.ean8()}",
        lambda: "The second drawer sticks and the third has no handle at all.",
    ))()  # fmt: skip


_LAST = {
    PersonalKind.email: ("send the label to {}", "{} bounced", "ask for me at {}!", "Mail an {} bitte"),
    PersonalKind.phone: (
        "ring me: {}", "Meine Handynummer ist {}", "on the parcel it says phone {}", "reach us at {} or not at all",
        "mój telefon {}",
    ),
    PersonalKind.card: ("the card is {}", "charged to {} on Monday", "my mastercard ({})"),
    PersonalKind.account: ("refund to account {}", "{} is where the money goes", "Bankverbindung: {}"),
    PersonalKind.national_id: ("passport office gave me {}", "here is my id: {}", "fiscal code {} for the invoice"),
}  # fmt: skip


def _last_harmless(fake: Faker, draw: random.Random) -> str:
    return draw.choice((
        lambda: f"waybill {draw.randrange(10**10, 10**11)} / depot {draw.randrange(10, 99)} / {fake.date(pattern='%d-%m-%y')}",
        lambda: f"it arrived {draw.randrange(2, 30)} days late, {draw.randrange(1, 12)}:{draw.randrange(10, 59)} pm, after {draw.randrange(1000, 9999)} km",
        lambda: f"coordinates {draw.randrange(10, 60)}.{draw.randrange(10000, 99999)}, {draw.randrange(1, 30)}.{draw.randrange(10000, 99999)}",
        lambda: f"LF-{draw.randrange(10000, 99999)} and LF-{draw.randrange(10000, 99999)}, both from {fake.date(pattern='%Y.%m.%d')}",
        lambda: f"resolution {draw.randrange(1000, 4000)} x {draw.randrange(1000, 3000)}, {draw.randrange(100, 999)} cd, {draw.randrange(100, 240)} V",
        lambda: f"charged {draw.randrange(1, 9)}.{draw.randrange(100, 999)},{draw.randrange(10, 99)} and {draw.randrange(100, 999)},{draw.randrange(10, 99)} EUR",
        lambda: f"S/N {draw.randrange(10**7, 10**8)}-{draw.randrange(10, 99)}, made {draw.randrange(1, 53)}/{draw.randrange(2015, 2026)}",
        lambda: "Is the blue one dishwasher safe, and does the lid come with it?",
    ))()  # fmt: skip


# Written after the rules were last changed, and looked at once.
_UNSEEN = {
    PersonalKind.email: (
        "I changed my mail from {} last spring", "kopia do {} proszę", "Enviar para {}, obrigado", "signed up twice, once as {}",
        "svara till {} tack",
    ),
    PersonalKind.phone: (
        "my husband can be reached under {} during the day", "Rückruf erbeten: {}", "numero di telefono {}", "{} (evenings only)",
        "mitt nummer är {}", "We moved, the landline is now {}", "si no contesto, pruebe el {}", "Terugbellen op {} graag",
    ),
    PersonalKind.card: (
        "the machine swallowed my card, {}", "Kreditkarte: {}", "blocked after three tries: {}", "tarjeta {} caducada", "Amex {}",
    ),
    PersonalKind.account: (
        "salary should go to {}", "virement sur {}", "direct debit from {} was returned", "numer konta {}",
    ),
    PersonalKind.national_id: (
        "HR needs it again, so: {}", "mijn burgerservicenummer is {}", "identity no. {}", "the form wants {} in box 4",
        "codice fiscale {}",
    ),
}  # fmt: skip


def _unseen_harmless(fake: Faker, draw: random.Random) -> str:
    def number(digits: int) -> int:
        return draw.randrange(10 ** (digits - 1), 10**digits)

    return draw.choice((
        lambda: f"Flight KL{number(4)} on {fake.date(pattern='%d %b %Y')} left at {fake.time()[:5]} from gate {number(2)}",
        lambda: f"policy {number(4)}-{number(4)}-{number(2)} was renewed, claim no. {number(7)} is still open",
        lambda: f"Kundennummer {number(8)}, Vertrag vom {fake.date(pattern='%d.%m.%Y')}",
        lambda: f"meter reading {number(6)}, last year {number(6)}, that is {number(4)} kWh",
        lambda: f"the pump gives {number(2)} l/min at {number(4)} rpm and weighs {number(2)},{number(3)} kg",
        lambda: f"we had {number(1)} {number(3)} {number(3)} visitors and {number(2)} {number(3)} orders in {draw.randrange(2015, 2026)}",
        lambda: f"member since {fake.date(pattern='%m/%Y')}, points: {number(5)}",
        lambda: f"PIN letter {number(3)}/{number(4)}/{number(2)} never came to {fake.postcode()} {fake.building_number()}",
        lambda: f"error 0x{number(8)} at line {number(4)}, build {number(5)}.{number(4)}",
        lambda: f"the score was {number(2)}-{number(2)}, {number(2)}-{number(2)}, {number(2)}-{number(2)} after {number(3)} minutes",
        lambda: f"SKU {fake.ean13()} / size {number(2)}-{number(2)}-{number(2)}",
        lambda: f"transaction {number(10)} of {number(3)}.{number(2)} on {fake.date()} at {fake.time()}",
        lambda: f"from {fake.time()[:5]} to {fake.time()[:5]}, every {number(2)} minutes, since {draw.randrange(1960, 2020)}",
        lambda: f"room {number(3)}, floor {number(1)}, booking {fake.bothify('??####').upper()}, {number(1)} nights",
        lambda: f"RAL {number(4)} paint, {number(1)} x {number(3)} ml, batch {number(7)}",
        lambda: "Does the insurance start on the day I sign, or on the first of the month?",
    ))()  # fmt: skip


_FRESH = {
    PersonalKind.email: ("My new address is {}", "bitte an {} weiterleiten", "copie à {}", "still logged in as {} on the old laptop"),
    PersonalKind.phone: (
        "I left a voicemail from {}", "Sie erreichen mich unter {}", "mon numéro : {}", "el teléfono del portal es {}",
        "nr tel. {}", "Whatsapp: {}", "chame no {} por favor", "bel me op {}", "nobody picks up at {}", "{} - ask for Marta",
    ),
    PersonalKind.card: ("Kartennummer {}", "is {} the card you have?", "my debit card {} was declined", "carta di credito {}"),
    PersonalKind.account: ("Gutschrift auf {}", "wire it: {}", "rekening {}", "the new account, {}, starts in May"),
    PersonalKind.national_id: ("NI/SSN/BSN: {}", "personnummer {}", "my ID document says {}", "CPF {}", "PESEL {}"),
}  # fmt: skip


def _fresh_harmless(fake: Faker, draw: random.Random) -> str:
    def number(digits: int) -> int:
        return draw.randrange(10 ** (digits - 1), 10**digits)

    return draw.choice((
        lambda: f"Rechnung {number(4)}-{number(5)} über {number(3)},{number(2)} EUR vom {fake.date(pattern='%d.%m.%y')}",
        lambda: f"my subscription {number(10)} renews on {fake.date(pattern='%B %d, %Y')} for ${number(2)}.{number(2)}",
        lambda: f"pozycja {number(5)}/{draw.randrange(2018, 2026)}, sztuk {number(2)}, {number(3)},{number(2)} zł",
        lambda: f"the lamp has {number(4)} lm, {number(4)} K and an Ra of {number(2)}, IP{number(2)}",
        lambda: f"table {number(3)}x{number(2)}x{number(2)} cm, {number(2)}.{number(1)} kg, up to {number(3)} kg",
        lambda: f"bus {number(3)} at {fake.time()[:5]}, {fake.time()[:5]} and {fake.time()[:5]}, not on {fake.date(pattern='%d/%m')}",
        lambda: f"account balance {number(2)} {number(3)},{number(2)} kr, before that {number(1)} {number(3)} {number(3)} kr",
        lambda: f"case {number(8)} (opened {fake.date()}), then {number(8)}, then {number(8)}",
        lambda: f"We live at {fake.street_address()}".replace(chr(10), ", "),
        lambda: f"deliver to {fake.address()}".replace(chr(10), ", "),
        lambda: f"chapter {number(1)}.{number(1)}.{number(2)}, pages {number(3)}-{number(3)}, ISBN {fake.isbn10()}",
        lambda: f"{number(3)} of {number(4)} voted, {number(2)}.{number(1)} %, turnout was {number(2)}.{number(2)} in {draw.randrange(1990, 2026)}",
        lambda: f"key {fake.bothify('?####-??###-#####').upper()} gives error {number(5)}",
        lambda: f"frequency {number(3)}.{number(3)} MHz, channel {number(2)}, {number(4)} m above sea",
        lambda: f"ticket {number(6)}, seat {number(2)}, row {number(2)}, on {fake.date(pattern='%Y%m%d')}",
        lambda: "Why does the statement show two fees when I only changed money once?",
    ))()  # fmt: skip


def _among_words(fake: Faker, draw: random.Random, value: str) -> str:
    words = fake.sentence(nb_words=9).rstrip(".").split()
    words.insert(draw.randrange(1, len(words)), value)
    return f"{' '.join(words)}."


def _made_by_faker(fake: Faker, draw: random.Random) -> str:
    makers = (
        fake.ean13, fake.ean8, fake.isbn13, fake.isbn10, fake.date, fake.time, fake.iso8601, fake.postcode,
        fake.building_number, fake.mac_address, fake.uuid4, fake.vin, fake.license_plate, fake.color_hsl,
        lambda: str(fake.random_number(digits=8)), lambda: str(fake.random_number(digits=10)),
        lambda: fake.bothify("??-#####"), lambda: fake.bothify("###-####-??"), lambda: fake.numerify("##.###,##"),
        lambda: fake.numerify("%###/%###"), lambda: str(fake.pyfloat(positive=True, right_digits=3)),
    )  # fmt: skip
    return _among_words(fake, draw, str(draw.choice(makers)()))


_SENTENCES = {
    1: (_SAID, _harmless), 2: (_OTHER_SAID, _other_harmless), 3: (_HELD_OUT, _held_out_harmless),
    4: (_LAST, _last_harmless), 6: (_UNSEEN, _unseen_harmless),
    8: (_FRESH, _fresh_harmless),
}  # fmt: skip


def _same(found: str, value: str) -> bool:
    plain = [("".join(c for c in text if c.isalnum())) for text in (found, value)]
    return plain[0] == plain[1] or (len(plain[0]) >= 7 and plain[0] in plain[1])


if __name__ == "__main__":
    sys.exit(main())

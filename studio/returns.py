"""What tuning cost and what it saves beside the best prompt of a round: its figures and prices, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from studio import costs, models, outputs, payback
from studio.evaluate import costs as figures
from studio.examples.pace import LONGEST_LOOK
from studio.payback import Return, Served, Spent
from studio.records import PROMPTING, Arm, ArmKind, JobState, Round, Run
from studio.review.assessment import Assessment
from studio.review.pace import LONGEST_PAUSE
from studio.store import Store, arms, labels, prices, rounds, runs
from studio.wording import duration, several

NOT_COUNTED = (
    "writing prompts, examples and the brief, and talking about them",
    "what it takes to host, watch and update a model",
    "what better or worse answers are worth",
)
"""What no figure here holds, whatever prices are set."""


@dataclass(frozen=True)
class Lack:
    """A price that keeps the card from its figures. `kind`: "tokens" or "hour" (then `about` names what it is set for),
    "" where nothing can be set; `title`: what to call it."""

    what: str
    kind: str = ""
    about: str = ""
    title: str = ""


@dataclass(frozen=True)
class Account:
    """The card of one candidate: `found` once every price is there, else what is `lacking`. `tuned` False: nothing was
    trained. `against`: the arm beside it and why that one. `left_out`: what the record knows and the sum does not
    hold."""

    candidate: str
    against: str
    tuned: bool = True
    found: Return | None = None
    lacking: tuple[Lack, ...] = ()
    left_out: tuple[str, ...] = ()
    offered: tuple[Lack, ...] = ()


@dataclass
class Priced:
    """What was asked for a price so far: in which currencies it has one, what has none, which prices may be set."""

    currencies: set[str] = field(default_factory=set)
    lacking: list[Lack] = field(default_factory=list)
    offered: list[Lack] = field(default_factory=list)


def of_round(store: Store, found: Round, assessed: Assessment) -> Account | None:
    """The card of the candidate that `assessed` speaks of, beside the best prompt among its baselines: the one it was
    preferred to least. None where an arm is gone."""
    key = ("return", found.id, assessed.candidate)
    return store.once(key, lambda: _of_round(store, found, assessed))


def _of_round(store: Store, found: Round, assessed: Assessment) -> Account | None:
    candidate = arms.get(store, assessed.candidate)
    beside = [arm for each in assessed.against if (arm := arms.get(store, each.baseline)) is not None]
    if candidate is None or not beside:
        return None
    theta = {each.baseline: each.theta if each.theta is not None else 1.0 for each in assessed.against}
    written = [arm for arm in beside if arm.kind in PROMPTING]
    best = min(written or beside, key=lambda arm: theta[arm.id])
    said = f"{best.name}, {'the best prompt' if written else 'the hardest baseline; no prompt was one'} of this round"
    if candidate.kind is not ArmKind.tuned:
        return Account(candidate.name, said, tuned=False)
    return _account(store, found, candidate, best, said)


def _account(store: Store, found: Round, candidate: Arm, best: Arm, said: str) -> Account:
    priced, prompts = Priced(), [each["id"] for each in found.registration["prompts"]]
    timed = {each.arm.id: each for each in costs.measured(store, found.project)}
    sides = [served(store, found, arm, prompts, timed.get(arm.id), priced) for arm in (candidate, best)]
    run = runs.get(store, candidate.run)
    spent, left_out = _once(store, found, run, priced)
    others = _other_runs(store, found.project, run, priced, left_out)
    if len(priced.currencies) > 1:
        names = " and ".join(sorted(priced.currencies))
        priced.lacking.append(Lack(f"one currency for all prices: they are in {names}, which cannot be added up"))
    told = None
    if not priced.lacking and spent and sides[0] and sides[1]:
        month, (currency,) = prices.expected(store, found.project).answers_a_month, priced.currencies
        told = payback.returned(sides[0], sides[1], tuple(spent), tuple(others), currency, month)
    return Account(
        candidate.name, said, True, told, tuple(priced.lacking), tuple(left_out), tuple(dict.fromkeys(priced.offered))
    )


# -- serving ---------------------------------------------------------------------------------------


def served(
    store: Store, found: Round, arm: Arm, prompts: Sequence[str], timed: costs.Measured | None, priced: Priced
) -> Served | None:
    """The price of an arm's answers: by word pieces where they have one, else by the hour of the machine on which the
    arm was timed; None, and noted in `priced`, where there is neither."""
    key = prices.tuned(arm.model) if arm.kind is ArmKind.tuned else arm.model
    title = models.entry(arm.model).title + (", tuned" if arm.kind is ArmKind.tuned else "")
    tokens = Lack(f"the price of a million word pieces (tokens) of {title}", "tokens", key, title)
    priced.offered.append(tokens)
    price = prices.of_tokens(store, key)
    if price is not None:
        return _by_tokens(store, found, arm, prompts, price, priced)
    if timed is not None and timed.device:
        hour = Lack(f"the price of an hour of {timed.device}", "hour", timed.device, timed.device)
        priced.offered.append(hour)
        if timed.each is not None:
            priced.currencies.add(timed.currency)
            how = f"by the hour of {timed.device}, one request at a time, on {len(timed.each)} validation prompts"
            return Served(arm.name, timed.each, how, tuple(map(request, range(len(timed.each)))))
    priced.lacking.append(tokens)
    return None


def request(place: int) -> str:
    """What stands for the prompt of a timed request, which no round registered."""
    return f"timed {place}"


def _by_tokens(
    store: Store, found: Round, arm: Arm, prompts: Sequence[str], price: prices.TokenPrice, priced: Priced
) -> Served | None:
    counted = pieces(store, found, arm)
    told = [name for name in prompts if name in counted]
    if not told:
        priced.lacking.append(Lack(f"how many word pieces (tokens) {arm.name} took: that is not on the record"))
        return None
    read, wrote = zip(*(counted[name] for name in told), strict=True)
    timed = figures.Timed((), read, wrote)
    each = figures.by_the_token(timed, price.million_in, price.million_out)
    priced.currencies.add(price.currency)
    how = (
        f"by the token: {price.million_in:g} {price.currency} a million read, {price.million_out:g} "
        f"{price.currency} a million written"
    )
    return Served(arm.name, tuple(each), how, tuple(told), figures.mean(read), figures.mean(wrote))


def pieces(store: Store, found: Round, arm: Arm) -> Mapping[str, tuple[int, int]]:
    """Registered prompt -> word pieces that the arm as it is now read and wrote for it; without those not told."""

    def read() -> Mapping[str, tuple[int, int]]:
        prompts = [each["id"] for each in found.registration["prompts"]]
        written = outputs.current(store, found.registration["dataset"], arm, prompts)
        return {name: (each.tokens_in, each.tokens_out) for name, each in written.items() if each.tokens_in}

    return store.once(("pieces", found.id, found.sha256, arm), read, ("generations",))


# -- tuning ----------------------------------------------------------------------------------------


def _once(store: Store, found: Round, run: Run | None, priced: Priced) -> tuple[list[Spent], list[str]]:
    """The training itself, then the hours of people where they have a price; and what is known but has none."""
    spent, left_out = list[Spent](), list[str]()
    trained = _trained(store, run, priced)
    if trained is not None:
        spent.append(Spent("the training itself, by the machine’s hours", *trained))
    rate = prices.expected(store, found.project)
    if rate.person_hour is not None and rate.currency:
        priced.currencies.add(rate.currency)
    for what, seconds, n, timed in _of_people(store, found):
        took = f"{what} ({duration(seconds)}, {timed:,} of {n:,} timed)"
        if not timed:
            left_out.append(f"{what}: none of the {n:,} has a time on the record")
        elif rate.person_hour is None:
            left_out.append(f"{took}, because no price of an hour of people is set")
        elif spent:
            spent.append(Spent(took, seconds / 3600, seconds / 3600 * rate.person_hour))
    return spent, left_out


def _trained(store: Store, run: Run | None, priced: Priced) -> tuple[float, float] | None:
    """Hours and price of a training; None, and noted as lacking, where one is not known."""
    seconds, device = (run.result.get("seconds"), str(run.result.get("device", ""))) if run else (None, "")
    if not seconds or not device:
        priced.lacking.append(Lack("how long the training took, and on what: that is not on the record"))
        return None
    lack = Lack(f"the price of an hour of {device}, where the training ran", "hour", device, device)
    priced.offered.append(lack)
    price = prices.of(store, device)
    if price is None:
        priced.lacking.append(lack)
        return None
    priced.currencies.add(price.currency)
    return seconds / 3600, price.an_hour * seconds / 3600


def _of_people(store: Store, found: Round) -> list[tuple[str, float, int, int]]:
    """What people read for this, by its name: seconds on screen, how many in all, and how many with a time. Times of
    somebody who was away are left out, as everywhere."""
    looked, answers = labels.given_in(store, found.project)
    votes = rounds.votes(store, found.id)
    kept = [s for s in looked if s <= LONGEST_LOOK]
    cast = [vote.seconds for vote in votes if vote.seconds is not None and vote.seconds <= LONGEST_PAUSE]
    told = [
        ("labelling examples", sum(kept), len(answers), len(kept)),
        ("voting in this round", sum(cast), len(votes), len(cast)),
    ]
    return [each for each in told if each[2]]


def _other_runs(store: Store, project: str, run: Run | None, priced: Priced, left_out: list[str]) -> list[Spent]:
    """The other trainings of this project, as far as they have a time and a price in the same currency."""
    hours, cost, unknown = 0.0, 0.0, 0
    ended = [r for r in runs.every(store, project, discarded=True) if r.state is JobState.done]
    others = [r for r in ended if run is None or r.id != run.id]
    for each in others:
        seconds, price = each.result.get("seconds"), prices.of(store, str(each.result.get("device", "")))
        if seconds and price and {price.currency} == priced.currencies:
            hours, cost = hours + seconds / 3600, cost + price.an_hour * seconds / 3600
        else:
            unknown += 1
    if unknown:
        left_out.append(f"{several(unknown, 'other training')} whose hours or price are not known")
    told = len(others) - unknown
    return [Spent(f"{several(told, 'other training')} on the way here", hours, cost)] if told else []

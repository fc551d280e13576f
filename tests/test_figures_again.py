"""Every figure of a decision, computed a second time from what a user can download: the exported votes (CSV) and, for
the registration and the votes that do not count, the certificate. With pandas, scipy and statsmodels; e-processes,
Krippendorff's alpha and AC1 by their formulas. Nothing of `studio` computes here. A figure nobody recomputes fails.

Tolerance: 1e-9, as both sides work in double precision; 1e-6 for the regression on length, whose optimum is searched;
1e-4 for Davidson's shares, which the studio fits with a small ridge. An end of a bootstrap interval is drawn again with
another generator: of a normal figure the 2.5 % quantiles of 200 and of 400 draws lie apart with a standard error of
0.23 of the figure's own, a sixteenth of the interval's width. An end of a price is a quantile of 1,000 draws there and
of 20,000 here: 0.09 of the figure's own error apart, a forty-fourth of the width. Over 14 prompts an end moves in jumps
instead, and 0.15 and 0.08 of the width were passed in one run of eight; 0.3 and 0.15 are allowed.
"""

from __future__ import annotations

import functools
import io
import json
import math
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, special, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups
from voted_round import closed_round

from studio import export_command, figures, signing
from studio.beside_votes import Answer
from studio.figures import Basis, Behind, on_price
from studio.figures.figure import figure_id
from studio.payback import Served, Spent, returned
from studio.store import Store, people, rounds

WORTH = {"a": 1.0, "b": 0.0, "tie": 0.5, "both_bad": 0.5}
LAMBDAS = np.arange(1, 50) * 0.02
WEIGHTS = np.exp(-(((LAMBDAS - 0.2) / 0.15) ** 2) / 2)
WEIGHTS /= WEIGHTS.sum()
BESIDE_THE_VOTES = {
    "Sides sealed", "Same outputs as registered", "Nothing is stale", "Made to be released", "Side effects",
    "Memorisation", "Personal data", "Health waivers",
}  # fmt: skip
"""Gates that rest on no vote; their own tests compute them. Here the state is held against the certificate."""

BY_DRAWS, BY_MORE_DRAWS = 0.3, 0.15
"""How far the ends of two bootstrap intervals may lie apart, in widths of the interval."""

Told = tuple[float | str | None, float | None, float | None, int]
"""Value or word, the ends of the interval, n."""


# -- formulas of STATISTICS.md ---------------------------------------------------------------------


def above(x: Sequence[float], t: float) -> float:
    """Evidence against theta <= t."""
    return float(WEIGHTS @ np.prod([1 + LAMBDAS * (v - t) / t for v in x], axis=0)) if len(x) else 1.0


def below(x: Sequence[float], t: float) -> float:
    """Evidence against theta >= t."""
    return float(WEIGHTS @ np.prod([1 - LAMBDAS * (v - t) / (1 - t) for v in x], axis=0)) if len(x) else 1.0


def sequence(x: Sequence[float], bound: float) -> tuple[float, float]:
    """All t with E_up(t) < bound and E_down(t) < bound."""

    def edge(evidence: Callable[[Sequence[float], float], float], end: float) -> float:
        def gap(t: float) -> float:
            return math.log(evidence(x, t)) - math.log(bound)

        near, far = abs(end - 1e-9), abs(1 - end - 1e-9)
        return float(optimize.brentq(gap, near, far, xtol=1e-14, rtol=1e-14)) if gap(near) > 0 > gap(far) else end

    return (edge(above, 0.0), edge(below, 1.0)) if len(x) else (0.0, 1.0)


def wilson(successes: float, n: int) -> tuple[float, float]:
    low, high = proportion_confint(successes, n, method="wilson") if n else (0.0, 1.0)
    return float(low), float(high)


def by_chance(counts: Sequence[int]) -> float:
    """A flat Dirichlet mixture over all shares against equal ones: the ratio of the two probabilities of the counts."""
    n, k = sum(counts), len(counts)
    mixed = stats.dirichlet_multinomial(np.ones(k), n).pmf(counts) if n else 1.0
    return float(mixed / stats.multinomial(n, np.ones(k) / k).pmf(counts))


def alpha(units: Sequence[Sequence[float]], ordinal: bool) -> float | None:
    """Krippendorff (2004): one less observed over expected disagreement."""
    total = Counter(v for unit in units for v in unit)
    values, n = sorted(total), sum(total.values())
    if len(values) < 2:
        return None

    def apart(a: float, b: float) -> float:
        low, high = sorted((a, b))
        between = sum(total[v] for v in values if low <= v <= high) - (total[a] + total[b]) / 2
        return between**2 if ordinal else float(a != b)

    seen = sum(apart(a, b) / (len(u) - 1) for u in units for i, a in enumerate(u) for j, b in enumerate(u) if i != j)
    chance = sum(total[a] * total[b] * apart(a, b) for a in values for b in values) / (n - 1)
    return 1 - seen / chance


def alike(units: Sequence[Sequence[float]]) -> float:
    """The mean over units of the share of their pairs of votes that agree."""
    return float(np.mean([
        np.mean([a == b for i, a in enumerate(u) for j, b in enumerate(u) if i != j]) for u in units
    ]))  # fmt: skip


def ac1(units: Sequence[Sequence[float]]) -> float:
    """Gwet (2008)."""
    values = sorted({v for unit in units for v in unit})
    shares = np.mean([[list(u).count(v) / len(u) for v in values] for u in units], axis=0)
    luck = float((shares * (1 - shares)).sum()) / max(len(values) - 1, 1)
    return (alike(units) - luck) / (1 - luck)


# -- what was exported -----------------------------------------------------------------------------


class Exported:
    """The votes' table and the certificate, as anybody downloads them; `looked`: figure -> the answers behind it, and
    `beyond`: the votes outside the count behind their figures, as those rows are downloaded."""

    looked: dict[str, tuple[Answer, ...]]
    beyond: tuple[figures.Row, ...]

    def __init__(self, votes: bytes, certificate: bytes, ids: dict[str, str], voters: Sequence[str]) -> None:
        """`ids`: a reviewer's name -> their id, by which reviewers are numbered; `voters`: whose each vote is, in the
        certificate's order, which no file says."""
        self.certificate = json.loads(certificate)
        self.plan = self.certificate["registration"]
        for vote, who in zip(self.certificate["votes"], voters, strict=True):
            vote["reviewer"] = who
        arms = {facts["name"]: arm for arm, facts in self.plan["arms"].items()}
        self.table = pd.read_csv(io.BytesIO(votes), keep_default_na=False)
        self.table["candidate"] = self.table["arm_a"].map(lambda name: arms.get(name, name))
        self.table["baseline"] = self.table["arm_b"].map(lambda name: arms.get(name, name))
        self.table["who"] = self.table["reviewer"].map(ids)
        self.table["worth"] = self.table["choice"].map(WORTH)
        self.table["why"] = self.table["reasons"].map(lambda t: json.loads(t) if t[:1] == "[" else t.split("|"))
        self.real = self.table[self.table["kind"] == "real"]
        self.candidates = {each["arm"]: list(each["baselines"]) for each in self.plan["candidates"]}
        self.registered = len(self.plan["guardrails"])
        self.slices = {each["id"]: each["slice"] for each in self.plan["prompts"]}

    def cast(self, arm: str, other: str = "") -> pd.DataFrame:
        own = self.real[self.real["candidate"] == arm]
        return own[own["baseline"] == other] if other else own

    @functools.cache  # noqa: B019 - one for the whole test
    def walk(self, arm: str, other: str) -> tuple[pd.DataFrame, list[str]]:
        """The votes that the rule reads, and the prompts that left the round: in the registered order up to the first
        prompt that is not through."""
        by_prompt = {prompt: list(votes.itertuples()) for prompt, votes in self.cast(arm, other).groupby("prompt")}
        read: list[int] = []
        gone: list[str] = []
        for planned in self.plan["prompts"][: self.plan["cap"]]:
            seated, skips, wanted = [], 0, planned["votes"]
            for vote in by_prompt.get(planned["id"], []):
                if wanted in (len(seated), skips):
                    break
                skips += vote.choice == "skip"
                seated += [vote.Index] if vote.choice != "skip" else []
            if len(seated) == wanted:
                read += seated
            elif skips == wanted:
                gone.append(planned["id"])
            else:
                break
        return self.real.loc[read], gone

    @functools.cache  # noqa: B019
    def scores(self, arm: str, other: str, part: str = "") -> list[float]:
        """Of the prompts that the rule reads, in no order: no figure hangs on it."""
        votes, _ = self.walk(arm, other)
        votes = votes[votes["prompt"].map(self.slices) == part] if part else votes
        return [float(v) for v in votes.groupby("prompt")["worth"].mean()]

    def at_cap(self, arm: str) -> bool:
        """Whether no more prompts can come, against any baseline."""
        last = min(self.plan["cap"], len(self.plan["prompts"]))
        return all(
            self.walk(arm, other)[0]["prompt"].nunique() + len(self.walk(arm, other)[1]) >= last
            for other in self.candidates[arm]
        )

    def late(self, arm: str, other: str) -> pd.DataFrame:
        """All votes but skips on the completed prompts."""
        done, votes = set(self.walk(arm, other)[0]["prompt"]), self.cast(arm, other)
        return votes[votes["prompt"].isin(done) & (votes["choice"] != "skip")]


@pytest.fixture(scope="module")
def exported(kept: Store) -> Exported:
    found = closed_round(kept)
    ids = {name: who for who, name in people.names(kept).items()}
    votes = export_command.votes_csv(kept, found.project)
    voters = [vote.reviewer for vote in rounds.votes(kept, found.id)]
    return Exported(votes, signing.certificate_of(kept, found), ids, voters)


def by_draws(start: str, rest: list[str]) -> float:
    """How far the ends of a figure that is drawn again may lie apart, in widths; 0 for every other figure."""
    if start != "tradeoff":
        return 0.0
    return BY_MORE_DRAWS if rest[-1] == "cost" else BY_DRAWS if rest[0] == "people" else 0.0


def test_every_figure_is_the_same_when_others_compute_it(kept: Store, exported: Exported) -> None:
    listed = figures.of_round(kept, closed_round(kept))
    made = figures.material(kept, closed_round(kept))
    exported.looked = {each.id: figures.answers_of(made, each) for each in listed}
    exported.beyond = tuple(
        row for each in listed if each.id in ("votes/outside", "votes/left") for row in figures.rows_of(made, each)
    )
    for figure in listed:
        start, *rest = [unquote(part) for part in figure.id.split("/")]
        assert start in AGAIN, f"nobody recomputes {figure.id}"
        value, low, high, n = AGAIN[start](exported, rest)
        drawn = by_draws(start, rest)
        near = 1e-4 if drawn == BY_DRAWS else 1e-6 if "length" in (start, *rest) else 1e-9
        close = {"abs": near, "rel": near}
        assert figure.n == n, figure.id
        told = figure.word if isinstance(value, str) else figure.value
        assert told == (value if isinstance(value, str) or value is None else pytest.approx(value, **close)), figure.id
        for end, again in ((figure.low, low), (figure.high, high)):
            wide = {"abs": drawn * (high - low)} if drawn and low is not None and high is not None else close
            assert end == (None if again is None else pytest.approx(again, **wide)), figure.id
    assert {figure.id.split("/")[0] for figure in listed} == set(AGAIN), "the round has something of everything"


# -- preference, slices, what could ship -----------------------------------------------------------


def preference(made: Exported, parts: list[str]) -> Told:
    arm, other, key = parts
    votes, x = made.walk(arm, other)[0], made.scores(arm, other)
    n = len(x)
    if key == "theta":
        return float(np.mean(x)), *sequence(x, 40), n
    if key == "votes":
        return len(votes), None, None, len(votes)
    if key in ("won", "tied", "lost", "both_bad"):
        counted = {"won": ["a"], "lost": ["b"], "tied": ["tie", "both_bad"], "both_bad": ["both_bad"]}[key]
        return float(votes["choice"].isin(counted).groupby(votes["prompt"]).mean().mean()), None, None, n
    value = {
        "net": lambda: 2 * float(np.mean(x)) - 1, "error": lambda: float(stats.sem(x)), "go": lambda: above(x, 0.5),
        "no_go": lambda: below(x, made.plan["theta_min"]),
        "cap": lambda: float(stats.ttest_1samp(x, 0.5, alternative="greater").pvalue),
    }[key]()  # fmt: skip
    return value, None, None, n


def one_slice(made: Exported, parts: list[str]) -> Told:
    arm, other, name, *key = parts
    x = made.scores(arm, other, name)
    delta = next(g["delta"] for g in made.plan["guardrails"] if g["name"] == name)
    evidence = {"cleared": above(x, 0.5 - delta), "regressed": below(x, 0.5),
                "shrunken": shrunken(made, arm, other, name)}  # fmt: skip
    return (evidence[key[0]], None, None, len(x)) if key else (
        float(np.mean(x)) if x else None, *sequence(x, 40), len(x),
    )  # fmt: skip


def shrunken(made: Exported, arm: str, other: str, name: str) -> float:
    """Empirical Bayes: what is left of the variance of the means when that within the kinds is taken out of it."""
    kinds = [g["name"] for g in made.plan["guardrails"]]
    told = pd.DataFrame([(kind, x) for kind in kinds for x in made.scores(arm, other, kind)], columns=["kind", "x"])
    within = sm.OLS(told["x"], pd.get_dummies(told["kind"]).astype(float)).fit().mse_resid
    means, n = told.groupby("kind")["x"].mean(), told.groupby("kind")["x"].size()
    between = max(0.0, means.var() - (within / n).mean())
    centre = told["x"].mean()
    return float(centre if name not in n or not between else
                 centre + between / (between + within / n[name]) * (means[name] - centre))  # fmt: skip


@functools.cache
def shares(made: Exported, arm: str) -> list[float]:
    """For each prompt completed against every baseline, the share of its votes that would send the candidate's answer;
    both bad without an answer means no."""
    walks = [made.walk(arm, other)[0] for other in made.candidates[arm]]
    done = set.intersection(*(set(votes["prompt"]) for votes in walks))
    votes = pd.concat(walks)
    votes = votes[votes["prompt"].isin(done)]
    says = votes["shippable_a"].where((votes["shippable_a"] != "") | (votes["choice"] != "both_bad"), "no")
    told = votes.assign(yes=says.map({"yes": 1.0, "no": 0.0}), against=votes["baseline"]).dropna(subset=["yes"])
    return [float(v) for v in told.groupby(["prompt", "against"])["yes"].mean().groupby("prompt").mean()]


def ships(made: Exported, parts: list[str]) -> Told:
    x = shares(made, parts[0])
    return float(np.mean(x)), *sequence(x, 20), len(x)


def excluded(made: Exported, parts: list[str]) -> Told:
    gone = len(made.walk(*parts)[1])
    return gone, None, None, gone


# -- how far it can be trusted ---------------------------------------------------------------------


def agreement(made: Exported, parts: list[str]) -> Told:
    arm, key = parts
    votes = pd.concat([made.walk(arm, other)[0] for other in made.candidates[arm]])
    units = [list(u) for _, u in votes.groupby(["prompt", "baseline"])["worth"] if len(u) > 1]
    if key == "raw":
        return alike(units), *wilson(alike(units) * len(units), len(units)), len(units)
    value = {"alpha": lambda: alpha(units, False), "ordinal": lambda: alpha(units, True), "ac1": lambda: ac1(units)}
    return value[key](), None, None, len(units)


def position(made: Exported, parts: list[str]) -> Told:
    votes = made.cast(parts[0])
    votes = votes[votes["choice"].isin(["a", "b"])]
    left, n = int((votes["choice"] == votes["shown_left"]).sum()), len(votes)
    if parts[1] == "p":
        return float(stats.binomtest(left, n).pvalue), None, None, n
    return left / n, *wilson(left, n), n


def dealt(made: Exported, parts: list[str]) -> Told:
    votes = made.cast(parts[0])
    pairs = votes.drop_duplicates(["prompt", "baseline"])
    left, n = int((pairs["shown_left"] == "a").sum()), len(pairs)
    if parts[1] == "left":
        return left / n, *wilson(left, n), n
    own = [by_chance([int((v == "a").sum()), int((v == "b").sum())]) for _, v in votes.groupby("who")["shown_left"]]
    parts_of = [by_chance([left, n - left]), float(np.mean(own))]
    met = [int((pairs["baseline"] == other).sum()) for other in made.candidates[parts[0]]]
    return float(np.mean([*parts_of, *([by_chance(met)] if len(met) > 1 else [])])), None, None, n


def regressed(votes: pd.DataFrame, columns: list[Any]) -> Any:
    """The worth of votes, each prompt weighing the same; None where the columns tell every win from every loss."""
    weights = 1 / votes.groupby("prompt")["worth"].transform("count")
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that it knows no clusters of weighted votes
        model = sm.GLM(votes["worth"], np.column_stack(columns), sm.families.Binomial(), var_weights=weights)
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": votes["prompt"].astype("category").cat.codes})
    return fit if fit.converged and np.abs(fit.model.exog @ fit.params).max() <= 15 else None


def length(made: Exported, parts: list[str]) -> Told:
    arm, other, key = parts
    votes = made.late(arm, other)
    relative = (votes["length_a"] - votes["length_b"]) / (votes["length_a"] + votes["length_b"])
    n = votes["prompt"].nunique()
    if key == "longer":
        return float((relative > 0).mean()), None, None, len(votes)
    columns = [np.ones(len(votes)), relative / relative.std(ddof=0), np.where(votes["shown_left"] == "a", 0.5, -0.5)]
    fit = regressed(votes, columns)
    if fit is None:
        return None, None, None, n  # length, or the side, tells every win from every loss

    def logit(beta: np.ndarray) -> float:
        theta = float(np.mean([1 / (1 + np.exp(-(beta[0] + side * beta[2]))) for side in (0.5, -0.5)]))
        return math.log(theta / (1 - theta))

    slope = optimize.approx_fprime(fit.params.to_numpy(), logit, 1e-7)
    middle, error = logit(fit.params.to_numpy()), math.sqrt(slope @ fit.cov_params().to_numpy() @ slope)
    theta, low, high = (
        1 / (1 + math.exp(-(middle + z * error))) for z in (0, stats.norm.ppf(0.025), stats.norm.ppf(0.975))
    )
    return theta, low, high, n


def errors(made: Exported, parts: list[str]) -> Told:
    arm, other, key = parts
    votes = made.late(arm, other)
    n, weights = votes["prompt"].nunique(), 1 / votes.groupby("prompt")["worth"].transform("count")
    prompts, who = (votes[name].astype("category").cat.codes.to_numpy() for name in ("prompt", "who"))
    fit = sm.WLS(votes["worth"].to_numpy(), np.ones(len(votes)), weights=weights.to_numpy()).fit(
        cov_type="cluster", cov_kwds={"groups": prompts})  # fmt: skip
    both = float(cov_cluster_2groups(fit, prompts, who)[0][0, 0])
    found = {"by_prompt": float(fit.bse[0]), "two_way": math.sqrt(max(both, 0.0))}
    if key in found:
        return found[key], None, None, n
    theta, half = float(fit.params[0]), stats.norm.ppf(0.975) * max(found.values())
    return theta, max(0.0, theta - half), min(1.0, theta + half), n


def without(made: Exported, parts: list[str]) -> Told:
    votes = made.late(*parts[:2])
    order = sorted(votes["who"].value_counts().items(), key=lambda each: (-each[1], each[0]))
    rest = votes[votes["who"] != order[int(parts[2]) - 1][0]].groupby("prompt")["worth"].mean()
    return float(rest.mean()), None, None, len(rest)


class Reread(Exported):
    """The same exports with other votes on the completed prompts, of one candidate. `out`: the slice left out."""

    def __init__(self, made: Exported, votes: dict[str, pd.DataFrame], out: str = "") -> None:
        self.__dict__.update(made.__dict__)
        self.made, self.read = made, votes
        self.plan = {**made.plan, "guardrails": [g for g in made.plan["guardrails"] if g["name"] != out]}

    def walk(self, arm: str, other: str) -> tuple[pd.DataFrame, list[str]]:
        return self.read[other], self.made.walk(arm, other)[1]

    def at_cap(self, arm: str) -> bool:
        return self.made.at_cap(arm)


def reread(made: Exported, arm: str, way: str, about: str) -> Reread:
    votes = {other: made.walk(arm, other)[0] for other in made.candidates[arm]}
    if way == "reviewer":
        return Reread(made, {other: v[v["who"] != about] for other, v in votes.items()})
    if way == "slice":
        return Reread(made, {other: v[v["prompt"].map(made.slices) != about] for other, v in votes.items()}, about)
    return Reread(made, {other: pd.concat([v, outside_on(made, arm, other, v)]) for other, v in votes.items()})


def outside_on(made: Exported, arm: str, other: str, votes: pd.DataFrame) -> pd.DataFrame:
    """The votes outside the count on prompts that the rule reads, from the certificate."""
    pairs = {
        pair["id"]: pair["prompt"] for pair in made.certificate["pairs"]
        if (pair["candidate"], pair["baseline"], pair["kind"]) == (arm, other, "real")
    }  # fmt: skip
    inside = set(zip(made.cast(arm, other)["prompt"], made.cast(arm, other)["who"], strict=True))
    more = [vote for vote in made.certificate["votes"] if vote["pair"] in pairs and vote["choice"] != "skip"
            and pairs[vote["pair"]] in set(votes["prompt"])
            and (pairs[vote["pair"]], vote["reviewer"]) not in inside]  # fmt: skip
    told = {None: "", True: "yes", False: "no"}
    return pd.DataFrame({
        "prompt": [pairs[v["pair"]] for v in more], "worth": [WORTH[v["choice"]] for v in more],
        "choice": [v["choice"] for v in more], "who": [v["reviewer"] for v in more], "baseline": other,
        "shippable_a": [told[v["shippable_a"]] for v in more],
    })  # fmt: skip


def ways(made: Exported, arm: str) -> list[tuple[str, str]]:
    """The other readings of this round that give a verdict: nobody who counts is in conflict here."""
    cast = pd.concat([made.walk(arm, other)[0] for other in made.candidates[arm]])
    who, kinds = sorted(set(cast["who"])), sorted({part for part in made.slices.values() if part})
    told = [("reviewer", each) for each in who if len(who) > 1] + [("slice", each) for each in kinds if len(kinds) > 1]
    return [*told, ("outside", "")]


def at_equal(made: Exported, arm: str) -> Told:
    """The reading at equal length that says least for the candidate."""
    told = []
    for other in made.candidates[arm]:
        votes, found = made.late(arm, other), length(made, [arm, other, "equal"])
        side = np.where(votes["shown_left"] == "a", 0.5, -0.5)
        if found[0] is None and regressed(votes, [np.ones(len(votes)), side]) is not None:
            found = (None, 0.0, 1.0, found[3])  # length alone tells them apart: nothing is left
        told += [found] if found[1] is not None else []
    return min(told, key=lambda found: found[1] or 0.0) if told else (None, None, None, 0)


def holds(made: Exported, parts: list[str]) -> Told:
    """The verdict's candidate read in other ways, against the baseline that has the least evidence then."""
    arm, *rest = parts
    if not rest:
        alone = by_votes(made, arm)
        same = [by_votes(reread(made, arm, *way), arm) == alone for way in ways(made, arm)]
        if alone == "GO" and (low := at_equal(made, arm)[1]) is not None:
            same.append(low > 0.5)
        return sum(same), None, None, len(same)
    if rest[0] == "length":
        return at_equal(made, arm)
    again = reread(made, arm, rest[0], rest[1] if len(rest) > 1 else "")
    x = min((again.scores(arm, other) for other in made.candidates[arm]), key=lambda found: above(found, 0.5))
    return float(np.mean(x)) if x else None, *sequence(x, 40), len(x)


def voters(made: Exported, parts: list[str]) -> Told:
    who, key = parts
    real = {pair["id"]: pair for pair in made.certificate["pairs"] if pair["kind"] == "real"}
    mine = [vote for vote in made.certificate["votes"] if vote["pair"] in real and vote["reviewer"] == who]
    if key in ("votes", "skips"):
        n = len(mine) if key == "votes" else sum(vote["choice"] == "skip" for vote in mine)
        return n, None, None, n
    if key == "seconds":
        own = made.real[made.real["who"] == who]
        times = {(v.prompt, v.candidate, v.baseline): float(v.seconds) for v in own.itertuples() if v.seconds != ""}
        for row in made.beyond:
            if row.vote.reviewer == who and row.vote.pair in real and row.vote.seconds is not None:
                times[row.pair.example, row.pair.candidate, row.pair.baseline] = row.vote.seconds
        assert len(set(times.values())) > 2, "a median of equal times would be no test"
        return float(np.median(list(times.values()))), None, None, len(times)
    if key == "left":
        won = [(v["choice"] == "a") == real[v["pair"]]["candidate_left"] for v in mine if v["choice"] in ("a", "b")]
        return (sum(won) / len(won) if won else None), *wilson(sum(won), len(won)), len(won)
    others = made.real[(made.real["who"] != who) & (made.real["choice"] != "skip")]
    said = {key: list(v) for key, v in others.groupby(["prompt", "candidate", "baseline"])["worth"]}
    shares = []
    for vote in mine:
        pair = real[vote["pair"]]
        told = said.get((pair["prompt"], pair["candidate"], pair["baseline"]))
        if told and vote["choice"] != "skip":
            shares.append(float(np.mean([each == WORTH[vote["choice"]] for each in told])))
    return (float(np.mean(shares)) if shares else None), *wilson(sum(shares), len(shares)), len(shares)


# -- why, and who ----------------------------------------------------------------------------------


def explained(made: Exported, arm: str, other: str, part: str = "") -> pd.DataFrame:
    votes = made.cast(arm, other)
    votes = votes[votes["choice"] != "skip"]
    return votes[votes["prompt"].map(made.slices) == part] if part else votes


SIDES = {"candidate": ["a"], "baseline": ["b"], "neither": ["tie", "both_bad"]}


def said(made: Exported, parts: list[str]) -> Told:
    votes = explained(made, *parts[:2])
    votes = votes[votes["choice"].isin(SIDES[parts[-1]])]
    n = int((votes["reasons"] != "").sum()) if parts[2] == "explained" else len(votes)
    return n, None, None, n


def went(votes: pd.DataFrame, reason: str) -> tuple[int, int]:
    """Prompts that went to the candidate and to the baseline, on balance of the votes that named the reason."""
    named = votes[votes["why"].map(lambda why: reason in why)]
    balance = named["choice"].map({"a": 1, "b": -1}).fillna(0).groupby(named["prompt"]).sum()
    return int((balance > 0).sum()), int((balance < 0).sum())


def reasons(made: Exported, parts: list[str]) -> Told:
    arm, other, reason, *part, key = parts
    votes = explained(made, arm, other, *part)
    named = votes[votes["why"].map(lambda why: reason in why)]
    if key in SIDES:
        n = int(named["choice"].isin(SIDES[key]).sum())
        return n, None, None, n
    won, lost = went(votes, reason)
    if key == "went":
        return won / (won + lost) if won + lost else None, *wilson(won, won + lost), won + lost
    every = {each: went(votes, each) for each in sorted({w for why in votes["why"] for w in why if w})}
    tested = {each: stats.binomtest(w, w + lo).pvalue for each, (w, lo) in every.items() if w + lo}
    adjusted = dict(zip(tested, multipletests(list(tested.values()), method="fdr_bh")[1], strict=True))
    return (float(adjusted[reason]) if reason in adjusted else None), None, None, won + lost


@functools.cache
def checks(made: Exported) -> dict[str, dict[str, list[bool]]]:
    """Kind -> reviewer -> for each of their votes whether it was as it should be."""
    pairs = {pair["id"]: pair for pair in made.certificate["pairs"]}
    votes = made.certificate["votes"]
    chose = {(v["pair"], v["reviewer"]): v["choice"] for v in votes}
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for vote in votes:
        pair, choice = pairs[vote["pair"]], vote["choice"]
        before = chose.get((pair["of"], vote["reviewer"]))
        if pair["kind"] == "real" or choice == "skip" or (pair["kind"] == "repeat" and before in (None, "skip")):
            continue
        right = {"gold": choice == "a", "sentinel": choice in ("tie", "both_bad"), "repeat": choice == before}
        found[pair["kind"]][vote["reviewer"]].append(right[pair["kind"]])
    return found


def raters(made: Exported, parts: list[str]) -> Told:
    kind = {"gold": "gold", "repeats": "repeat", "sentinels": "sentinel"}[parts[-1]]
    found = checks(made)
    met = sorted({who for by_reviewer in found.values() for who in by_reviewer})
    whose = met if len(parts) == 1 else [met[int(parts[0]) - 1]]
    told = [right for who in whose for right in found[kind].get(who, [])]
    return sum(told) / len(told), *wilson(sum(told), len(told)), len(told)


def guesses(made: Exported, parts: list[str]) -> Told:
    tuned = {arm for arm, facts in made.plan["arms"].items() if facts["kind"] == "tuned"}
    ours, theirs = made.table["candidate"].isin(tuned), made.table["baseline"].isin(tuned)
    told = made.table[(ours != theirs) & made.table["guess"].isin(["left", "right"])
                      & made.table["kind"].isin(["real", "repeat"])]  # fmt: skip
    side = np.where((told["shown_left"] == "a") == told["candidate"].isin(tuned), "left", "right")
    right, n = int((told["guess"] == side).sum()), len(told)
    if parts[0] == "p":
        return float(stats.binomtest(right, n, alternative="greater").pvalue), None, None, n
    return right / n, *wilson(right, n), n


def outside(made: Exported, parts: list[str]) -> Told:
    gold = made.plan["gold"]
    wrong = {who: told.count(False) for who, told in checks(made)["gold"].items()}
    gone = {who for who, count in wrong.items() if count > len(gold["pairs"]) - gold["right"]}
    n = sum({
        "skips": vote["choice"] == "skip", "outside": not vote["independent"], "left": vote["reviewer"] in gone,
    }[parts[0]] for vote in made.certificate["votes"])  # fmt: skip
    return n, None, None, n


def kept_by(made: Exported, parts: list[str]) -> dict[str, float]:
    """Prompt -> the share of the rule, or of all rules, that an answer keeps, from the rows that can be downloaded.
    Whether an answer keeps a rule is for the tests of the checks."""
    return {row.prompt: float(row.value or 0) for row in made.looked[figure_id("checks", *parts)]}


def by_t(x: Sequence[float]) -> tuple[float, float]:
    """Of a mean of shares, over prompts; where all are equal the exact interval of a share stands in for t."""
    if np.ptp(x) < 1e-9:
        low, high = proportion_confint(sum(x), len(x), method="beta")
        return float(low), float(high)
    low, high = stats.t.interval(0.95, len(x) - 1, loc=np.mean(x), scale=stats.sem(x))
    return max(0.0, low), min(1.0, high)


def drawn_again(x: Sequence[float]) -> tuple[float, float, float]:
    """A mean with the ends of its bootstrap interval, its percentiles widened as t of n is against the normal."""
    values, n = np.asarray(x), len(x)
    tail = float(stats.norm.cdf(math.sqrt(n / (n - 1)) * stats.t.ppf(0.025, n - 1)))
    draw = np.random.Generator(np.random.MT19937(5))
    low, high = np.quantile(values[draw.integers(n, size=(20_000, n))].mean(axis=1), (tail, 1 - tail))
    return float(values.mean()), float(low), float(high)


def checks_of(made: Exported, parts: list[str]) -> Told:
    arm, rule, key = parts
    ours, other = (kept_by(made, [arm, rule, side]) for side in ("candidate", "other"))
    if key == "difference":
        x = [ours[name] - other[name] for name in ours if name in other]
    else:
        x = list({"candidate": ours, "other": other}[key].values())
    n, mean = len(x), float(np.mean(x))
    if rule != "All rules, on average" and key != "difference":
        low, high = proportion_confint(sum(x), n, method="beta")
        return mean, float(low), float(high), n
    if key != "difference":
        return mean, *by_t(x), n
    if np.ptp(x) < 1e-9:  # the exact interval of a share stands in for t
        half = (1 + abs(mean)) * (1 - float(proportion_confint(n, n, method="beta")[0]))
        return mean, mean - half, mean + half, n
    low, high = stats.t.interval(0.95, n - 1, loc=mean, scale=stats.sem(x))
    return mean, low, high, n


# -- quality against cost and latency --------------------------------------------------------------


def davidson(counts: np.ndarray, pairs: Sequence[tuple[int, int]], arms: int) -> np.ndarray:
    """The share of each arm against an average one, by maximum likelihood. `counts`: (pairs, [won, lost, tied])."""
    design = np.zeros((len(pairs), 3, arms + 1))
    for row, (i, j) in zip(design, pairs, strict=True):
        row[0, i] = row[1, j] = row[2, arms] = 1
        row[2, [i, j]] = 0.5
    free = design[:, :, 1:]  # the first arm's strength is 1

    def unlikely(beta: np.ndarray) -> tuple[float, np.ndarray]:
        logits = free @ beta
        logs = logits - special.logsumexp(logits, axis=1, keepdims=True)
        left = counts - counts.sum(axis=1, keepdims=True) * np.exp(logs)
        return -float((counts * logs).sum()), -np.einsum("po,pod->d", left, free)

    found = optimize.minimize(unlikely, np.zeros(arms), jac=True, method="BFGS", options={"gtol": 1e-7}).x
    logs = np.array([0.0, *found[:-1]])
    return special.expit(logs - logs.mean())


@functools.cache
def ranked(made: Exported) -> dict[str, Told]:
    """Every arm's share with the ends of its bootstrap interval over prompts."""
    pairs = [(arm, other) for arm, others in made.candidates.items() for other in others]
    arms = list(dict.fromkeys(arm for pair in pairs for arm in pair))
    read = pd.concat([made.walk(*pair)[0] for pair in pairs])
    prompts = sorted(set(read["prompt"]))
    shares = np.zeros((len(prompts), len(pairs), 3))
    for (prompt, arm, other), worth in read.groupby(["prompt", "candidate", "baseline"])["worth"]:
        shares[prompts.index(prompt), pairs.index((arm, other))] = [float((worth == w).mean()) for w in (1, 0, 0.5)]
    places = [(arms.index(arm), arms.index(other)) for arm, other in pairs]
    point = davidson(shares.sum(axis=0), places, len(arms))
    draw = np.random.Generator(np.random.MT19937(11))
    again = [
        davidson(shares[draw.integers(len(prompts), size=len(prompts))].sum(axis=0), places, len(arms))
        for _ in range(400)
    ]
    low, high = np.quantile(again, (0.025, 0.975), axis=0)
    n = [int(read.loc[(read["candidate"] == arm) | (read["baseline"] == arm), "prompt"].nunique()) for arm in arms]
    return {arm: (float(point[k]), float(low[k]), float(high[k]), n[k]) for k, arm in enumerate(arms)}


def tradeoff(made: Exported, parts: list[str]) -> Told:
    """By choice from the votes; the rules kept and the word pieces of answers from the rows behind them."""
    way, arm, key = parts
    if (way, key) == ("people", "quality"):
        return ranked(made)[arm]
    x = [float(row.value or 0) for row in made.looked[figure_id("tradeoff", *parts)]]
    if key == "quality":
        return float(np.mean(x)), *by_t(x), len(x)
    assert key == "cost" and np.ptp(x) > 0, "of answers that took as many word pieces each there is nothing to draw"
    return *drawn_again(x), len(x)


# -- return on it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("prompts", [60, 45])
def test_the_return_on_tuning_is_the_same_when_others_compute_it(prompts: int) -> None:
    """From the price of each answer, as the rows behind it are downloaded. 45: not the same prompts on both sides, so
    the two intervals are put together (Zou and Donner 2008)."""
    draw, ids = np.random.Generator(np.random.MT19937(3)), [f"p{n}" for n in range(60)]
    tuned = Served("Tuned", tuple(draw.gamma(4, 0.0004, 60)), "by the token", tuple(ids))
    prompt = Served("Prompt", tuple(draw.gamma(5, 0.0005, prompts)), "by the token", tuple(ids[:prompts]))
    found = returned(tuned, prompt, (Spent("training", 1.0, 5.0), Spent("votes", 2.0, 40.0)), (), "EUR")
    told = {each.id: each for each in on_price.listed(found)}
    rows = {arm: [1000 * (row.value or 0) for row in on_price.answers(found, Behind(Basis.priced, arm=arm))]
            for arm in ("tuned", "prompt", "saving")}  # fmt: skip
    again = {arm: drawn_again(rows[arm]) for arm in ("tuned", "prompt")}
    (ours, less, more), (theirs, low, high) = again["tuned"], again["prompt"]
    gap = theirs - ours
    again["saving"] = drawn_again(rows["saving"]) if prompts == 60 else (
        gap, gap - math.hypot(theirs - low, more - ours), gap + math.hypot(high - theirs, ours - less)
    )  # fmt: skip

    def near(value: float | None, arm: str, place: int) -> None:
        _, start, end = again[arm]
        assert value == pytest.approx(again[arm][place], abs=BY_MORE_DRAWS * (end - start)), arm

    for arm in again:
        figure = told.pop(f"price/{arm}")
        assert figure.value == pytest.approx(again[arm][0], rel=1e-9) and figure.n == len(rows[arm])
        near(figure.low, arm, 1)
        near(figure.high, arm, 2)
    for place, once in enumerate((5.0, 45.0)):
        assert told.pop(f"price/once/{place}").value == once
        even = told.pop(f"price/answers/{place}")
        assert even.low is not None and even.high is not None, "it saves, beyond chance"
        assert even.value == pytest.approx(1000 * once / again["saving"][0], rel=1e-9)
        near(1000 * once / even.low, "saving", 2)
        near(1000 * once / even.high, "saving", 1)
    assert not told, "nobody recomputes these"


# -- gates and the verdict -------------------------------------------------------------------------


@functools.cache
def subject(made: Exported) -> str:
    """The cheapest candidate that passes or, where none does, is undecided; else the last."""
    alone = {arm: by_votes(made, arm) for arm in made.candidates}
    for wanted in ("GO", "INCONCLUSIVE"):
        if found := [arm for arm, verdict in alone.items() if verdict == wanted]:
            return found[0]
    return list(alone)[-1]


def names(made: Exported, arm: str) -> str:
    return str(made.plan["arms"][arm]["name"])


@functools.cache
def states(made: Exported, arm: str) -> dict[str, tuple[str, int]]:
    """Gate of the votes -> its state and its n."""
    found, floor, x = {}, made.plan["floor"], shares(made, arm)
    evidence = {other: below(made.scores(arm, other), made.plan["theta_min"]) for other in made.candidates[arm]}
    ranked = sorted(evidence, key=lambda other: -evidence[other])
    reached = [evidence[other] >= 20 * (len(ranked) - place) for place, other in enumerate(ranked)]
    fallen = {other for place, other in enumerate(ranked) if all(reached[: place + 1])}
    for other in made.candidates[arm]:
        scores = made.scores(arm, other)
        once = made.at_cap(arm) and np.ptp(scores) > 0  # all equal: the e-process alone decides
        go = above(scores, 0.5) >= 100 or (
            once and stats.ttest_1samp(scores, 0.5, alternative="greater").pvalue <= 0.015
        )
        state = "passed" if go and np.mean(scores) >= made.plan["theta_min"] else "open"
        found[f"Preferred to {names(made, other)}"] = ("failed" if other in fallen else state, len(scores))
        for guard in made.plan["guardrails"]:
            own = made.scores(arm, other, guard["name"])
            worse = below(own, 0.5) >= 20 * made.registered
            state = "failed" if worse else "passed" if above(own, 0.5 - guard["delta"]) >= 20 else "open"
            found[f"{guard['name']} against {names(made, other)}"] = (state, len(own))
    complete = set.intersection(*(set(made.walk(arm, other)[0]["prompt"]) for other in made.candidates[arm]))
    settled = "passed" if above(x, floor) >= 20 else "failed" if below(x, floor) >= 20 else "open"
    found["Could ship"] = (settled if len(x) >= 0.8 * len(complete) else "open", len(x))
    return found


def by_votes(made: Exported, arm: str) -> str:
    critical = {guard["name"] for guard in made.plan["guardrails"] if guard["critical"]}
    told = {gate: state for gate, (state, _) in states(made, arm).items()}
    if "failed" in told.values():
        return "NO_GO"
    needed = [
        state for gate, state in told.items() if " against " not in gate or gate.split(" against ")[0] in critical
    ]
    return "GO" if all(state == "passed" for state in needed) else "INCONCLUSIVE"


def gates(made: Exported, parts: list[str]) -> Told:
    told, arm = made.certificate["verdict"]["gates"], subject(made)
    if not parts:
        single = [state for gate, state in told.items() if " against " not in gate]
        return sum(state == "passed" for state in single), None, None, len(single)
    if parts[0] in BESIDE_THE_VOTES:
        tuned = made.plan["arms"][arm]["kind"] == "tuned"
        looked = parts[0] == "Personal data" or (parts[0] == "Memorisation" and tuned)
        return told[parts[0]], None, None, len(made.plan["prompts"]) if looked else 0
    if parts[0] == "Assignment audit":
        every = [float(dealt(made, [each, "evidence"])[0] or 0) for each in made.candidates]
        return "failed" if np.mean(every) >= 1000 else "passed", None, None, dealt(made, [arm, "evidence"])[3]
    state, n = states(made, arm)[parts[0]]
    return state, None, None, n


def verdict(made: Exported, parts: list[str]) -> Told:
    arm, told = subject(made), made.certificate["verdict"]["gates"]
    alone = by_votes(made, arm)
    independent = not made.plan["practice"] and any(vote["independent"] for vote in made.certificate["votes"])
    stopped = any(state != "passed" for gate, state in told.items() if gate in BESIDE_THE_VOTES)
    ruled = "INCONCLUSIVE" if not independent or (alone == "GO" and stopped) else alone
    return ruled, None, None, min(len(made.scores(arm, other)) for other in made.candidates[arm])


AGAIN: dict[str, Callable[[Exported, list[str]], Told]] = {
    "verdict": verdict, "gates": gates, "preference": preference, "slices": one_slice, "ships": ships,
    "excluded": excluded, "agreement": agreement, "position": position, "dealt": dealt, "length": length,
    "errors": errors, "without": without, "said": said, "reasons": reasons, "raters": raters, "guesses": guesses,
    "votes": outside, "holds": holds, "voters": voters, "checks": checks_of,
    "tradeoff": tradeoff,
}  # fmt: skip

"""Is this set fit to train on? Checks, the report with its gates, and splits. Pure: records in, results out."""

from studio.health.findings import Finding, Gate, HealthReport, Leakage, Severity
from studio.health.known import NOTHING_KNOWN, Close, Floats, Known, Tokens
from studio.health.labels import Labels, labels
from studio.health.near import compare, near_duplicate_share, near_pairs, normalise
from studio.health.report import report, with_waivers
from studio.health.settled import own_key, pair_key, unsettled
from studio.health.splits import assign

__all__ = [
    "NOTHING_KNOWN",
    "Close",
    "Finding",
    "Floats",
    "Gate",
    "HealthReport",
    "Known",
    "Labels",
    "Leakage",
    "Severity",
    "Tokens",
    "assign",
    "compare",
    "labels",
    "near_duplicate_share",
    "near_pairs",
    "normalise",
    "own_key",
    "pair_key",
    "report",
    "unsettled",
    "with_waivers",
]

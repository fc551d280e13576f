"""Is this set fit to train on? Checks, the report with its gates, and splits. Pure: records in, results out."""

from studio.health.findings import Finding, Gate, HealthReport, Leakage, Severity
from studio.health.known import Known, Tokens
from studio.health.labels import Labels, labels
from studio.health.near import compare, near_duplicate_share, near_pairs, normalise
from studio.health.report import report
from studio.health.splits import assign

__all__ = [
    "Finding",
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
    "report",
]

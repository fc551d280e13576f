"""Models: the catalogue, what this machine can carry, and fetching one whole. No model library is loaded here."""

from studio.models.catalogue import Entry, Fit, bundled, catalogue, entry
from studio.models.fetch import fetch
from studio.models.machine import Machine, machine
from studio.models.presence import described, listing, models_dir, path, present, reference, sha256, verify

__all__ = [
    "Entry",
    "Fit",
    "Machine",
    "bundled",
    "catalogue",
    "described",
    "entry",
    "fetch",
    "listing",
    "machine",
    "models_dir",
    "path",
    "present",
    "reference",
    "sha256",
    "verify",
]

"""A whole project as one file: written here, read in a process of its own, brought into another workspace."""

from studio.project_file.bringing import Brought, bring
from studio.project_file.form import KINDS, STAY
from studio.project_file.writing import Content, Summary, contents, summary, write

__all__ = ["KINDS", "STAY", "Brought", "Content", "Summary", "bring", "contents", "summary", "write"]

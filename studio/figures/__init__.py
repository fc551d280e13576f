"""Every figure of a decision under one name: what a closed round says, as a list, and the rows each one rests on.

`of_round` lists what the Decision page shows, from the same results; `rows_of` gives the votes or guesses behind one.
"""

from studio.figures.behind import OF_ANSWERS, Row, answers_of, count, rows_of, summed_up
from studio.figures.figure import Basis, Behind, Figure, Material
from studio.figures.listing import judged_by, listed, material, named, of_round

__all__ = [
    "OF_ANSWERS", "Basis", "Behind", "Figure", "Material", "Row", "answers_of", "count", "judged_by", "listed",
    "material", "named", "of_round", "rows_of", "summed_up",
]  # fmt: skip

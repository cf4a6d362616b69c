"""Look inside any trained nets: lesions, responses, paths of the gradient, ranks."""

from .findings import figures, report, results, rows, sentences, tables
from .measuring import NAME, is_residual, measured, run
from .page import draw

__all__ = [
    "NAME",
    "draw",
    "figures",
    "is_residual",
    "measured",
    "report",
    "results",
    "rows",
    "run",
    "sentences",
    "tables",
]

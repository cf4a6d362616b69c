"""How the error of plain-56 changes when a suspected cause of the degradation is removed."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from ...errors import DataError
from ...types import PathLike
from ..claims import CLAIMS
from ..claims.frame.error_comparison import of
from ..records import read_table

DEEP, SHALLOW = ("plain-56", "usual"), ("plain-20", "usual")


class Cure(NamedTuple):
    """A changed training of a net of 56 layers, compared with the usual training of plain-56."""

    name: str
    does: str  # what the change does by construction
    claim: str  # the claim whose table holds the errors
    net: str
    variant: str
    changes: Sequence[float] = ()  # of the training error, in points, by seed; negative if it helps
    closed: float = 0.0  # share of the gap to plain-20 that it closes, from means over the seeds
    folder: Path | None = None  # of the run that it was read from

    @property
    def helps(self) -> bool:
        """Whether the error falls by more than two points with every seed."""
        return max(self.changes) < -2


#: What was done against each suspect, and the claim that tried it.
CURES = (
    Cure("gradients clipped to norm 1", "no step is long", "aftermath", "plain-56", "clipped"),
    Cure("warm-up", "the first steps are short", "aftermath", "plain-56", "warm-up"),
    Cure("warm-up, with other seeds", "the same", "bad-endings", "plain-56", "warm-up"),
    Cure(
        "weights set back to their first length",
        "weights cannot lengthen",
        "aftermath",
        "plain-56",
        "kept norms",
    ),
    Cure(
        "a tenth of the rate throughout",
        "all steps are short",
        "aftermath",
        "plain-56",
        "small rate",
    ),
    Cure("three times as many steps", "more time", "longer", "plain-56", "three times longer"),
    Cure(
        "start from a trained plain-20 with identity layers between",
        "another start, the same net",
        "copy",
        "copy, trained on",
        "usual",
    ),
    Cure(
        "Dirac weights: a multiple of the identity plus a filter of length 1, times a factor",
        "a shortcut in the weights; an ordinary plain-56 is left",
        "dirac",
        "diracnet-56",
        "usual",
    ),
    Cure(
        "branches beside each layer, which fold away",
        "another net while training; an ordinary plain-56 is left",
        "rep-vgg",
        "repvgg-56",
        "usual",
    ),
    Cure("Muon instead of SGD", "steps of one size in every layer", "muon", "plain-56", "Muon"),
    Cure(
        "a linear start (CReLU, mirrored weights), no batch norm",
        "gradients do not shatter at the start",
        "looks-linear",
        "looks-linear-56",
        "clipped",
    ),
    Cure("shortcuts", "another net: resnet-56", "degradation", "resnet-56", "usual"),
    Cure(
        "shortcuts, no batch norm (SkipInit)",
        "another net, which starts as the identity",
        "without-batch-norm",
        "skipinit-56",
        "usual",
    ),
)


def cures(*folders: PathLike) -> list[Cure]:
    """The `CURES` with their effects as recorded.

    Parameters
    ----------
    *folders : str or path
        Folders of runs of claims. A cure is read from the first one that holds its claim and the
        nets that it is compared with: usually deciding seeds first, then exploratory ones.

    Raises
    ------
    DataError
        If no folder holds a cure, or a table is damaged.
    """
    return [_measured(one, folders) for one in CURES]


def _measured(one, folders):
    for folder in folders:
        rows, base = (_rows(folder, name) for name in (one.claim, "degradation"))
        # Take both nets from the same table if it has them, because not all claims measure errors
        # in the same way.
        deep, shallow = (of(rows, *net) or of(base, *net) for net in (DEEP, SHALLOW))
        cured = of(rows, one.net, one.variant)
        if cured and deep and shallow:
            changes = [after - before for after, before in zip(cured, deep, strict=True)]
            gap = mean(deep) - mean(shallow)
            closed = -mean(changes) / gap
            return one._replace(changes=changes, closed=closed, folder=Path(folder))
    raise DataError(
        ", ".join(map(str, folders)) or "cures",
        f"no {one.net} ({one.variant}) with plain-20 and plain-56 beside it",
        f"{one.claim}.csv and degradation.csv in one folder",
        todo=f"minires claims {one.claim} degradation --out DIR",
    )


def _rows(folder, name):
    path = Path(folder) / f"{name}.csv"
    return read_table(path, CLAIMS[name].columns, CLAIMS[name].text) if path.exists() else []

"""Find the recorded results that the notebooks read."""

from pathlib import Path

from ..errors import DataError

CHECKOUT = Path(__file__).parents[2]  # where minires was installed from a checkout


def recorded(name: str) -> Path:
    """The path of recorded results of minires: beside the notebook's folder, or in the checkout
    that minires was installed from.

    Parameters
    ----------
    name : str
        A file or folder of the checkout, such as "results/degradation-quick-cifar10".

    Raises
    ------
    DataError
        If it is in neither place.
    """
    for folder in (Path(".."), CHECKOUT):
        if (folder / name).exists():
            return folder / name
    raise DataError(
        name,
        "recorded results not found",
        "them above the notebook's folder, or in the checkout that minires was installed from",
        f"neither: the notebook is in {Path.cwd()}, minires in {CHECKOUT}",
        "put the notebook into the folder notebooks of a checkout of minires, and open it there",
    )

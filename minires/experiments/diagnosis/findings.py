"""The findings of a diagnosis of trained nets, from its records alone: numbers, sentences and
figures.
"""

from collections.abc import Mapping
from math import isnan, sqrt
from statistics import mean, median
from typing import Any

from ... import plot as plots
from ...names import expanded
from ...types import Figure, PathLike, Row
from ..records import of_one_run, read_config, read_table
from .measuring import COLUMNS, NAME, TEXT

Tables = Mapping[str, list[Row]]


def tables(folder: PathLike) -> dict[str, list[Row]]:
    """Name -> rows of each table in `folder`. Raises DataError if one is missing or damaged."""
    return {
        name: read_table(expanded(folder) / f"{name}.csv", columns, TEXT)
        for name, columns in COLUMNS.items()
    }


def results(folder: PathLike) -> dict[str, Any]:
    """The numbers of the diagnosis in `folder`, as ``minires diagnose --json`` prints them.

    The `summary` of each net is under "nets". Raises DataError if records are missing or damaged.
    """
    folder = expanded(folder)
    config = read_config(folder, NAME)
    with of_one_run(folder):
        found = tables(folder)
        return {
            "dataset_name": config["dataset_name"],
            "images": config["images"],
            "nets": {
                name: {
                    **{key: known[key] for key in ("model", "net", "weights", "parameters")},
                    **summary(found, name),
                }
                for name, known in config["nets"].items()
            },
        }


def summary(found: Tables, net: str) -> dict[str, Any]:
    """The numbers of one net. A number is None if its measurement does not apply to the net.

    Parameters
    ----------
    found : dict
        Name -> rows of each table, from `tables`.
    net : str

    Returns
    -------
    dict
        Errors are in percent. ``dropped_error`` and ``swapped_error`` are medians over all single
        blocks and all pairs; ``worst_block`` is the block without which the error is largest.
        ``path_length`` is the mean number of residual branches on a path, weighted by the gradient
        that all paths of a length carry together. It would be ``blocks`` / 2 if all paths carried
        the same. Its standard error comes from the sample of paths that were measured.
        ``response`` is the standard deviation of a layer's response, averaged over all layers but
        the last. ``gradient_ratio`` is the largest gradient norm of a layer over the smallest.
    """
    of_net = {name: [row for row in rows if row["net"] == net] for name, rows in found.items()}
    (whole,) = of_net["nets"]
    lesions = {
        kind: [row for row in of_net["lesions"] if row["lesion"] == kind]
        for kind in ("dropped", "swapped", "random")
    }
    worst = max(lesions["dropped"], key=lambda row: row["error"], default=None)
    length, length_error = _path_length(of_net["paths"])
    norms = [row["gradient_norm"] for row in of_net["gradients"]]
    ranks = [row["rank"] for row in of_net["ranks"]]
    return {
        "images": whole["images"],
        "error": whole["error"],
        "blocks": len(lesions["dropped"]) or None,
        "dropped_error": _median(lesions["dropped"]),
        "worst_block": worst and worst["blocks"],
        "worst_error": worst and worst["error"],
        "swapped_error": _median(lesions["swapped"]),
        "path_length": length,
        "path_length_standard_error": length_error,
        "response": mean(row["std"] for row in of_net["responses"][:-1]),
        "gradient_ratio": max(norms) / min(norms) if min(norms) > 0 else None,
        "first_rank": ranks[0],
        "last_rank": ranks[-1],
    }


def _path_length(rows):
    """The mean length of paths, weighted by the gradient that they carry, and its standard error.

    The standard error follows from that of the mean norm of the sampled paths of each length. It is
    None if of some length only one of several paths was sampled. Without paths, both are None.
    """
    total = sum(row["total"] for row in rows)
    if not total:
        return None, None
    length = sum(row["length"] * row["total"] for row in rows) / total
    errors = [
        (row["length"] - length) / total * row["paths"] * row["standard_error"] for row in rows
    ]
    return length, None if any(map(isnan, errors)) else sqrt(sum(error**2 for error in errors))


def _median(rows):
    return median(row["error"] for row in rows) if rows else None


HEAD = (
    "net",
    "error",
    "one block out",
    "the worst one",
    "two swapped",
    "path length",
    "response",
    "gradients",
    "rank, first and last block",
)


def _with_error(one):
    """The mean path length in words, with its standard error if there is one."""
    error = one["path_length_standard_error"]
    return f"{one['path_length']:.1f}" + ("" if error is None else f" ± {error:.1f}")


def _times(ratio):
    """A ratio in words: "7 times", or "3e+08 times"."""
    if ratio is None:
        return "-"
    return f"{ratio:.0f} times" if ratio < 1e4 else f"{ratio:.0e} times"


def rows(found: Mapping[str, Any]) -> list[list[str]]:
    """The `results` as text: a row for each net, with the columns of `HEAD`."""

    def cell(value, form, ending=""):
        return "-" if value is None else f"{value:{form}}{ending}"

    return [
        [
            name,
            cell(one["error"], ".1f", " %"),
            cell(one["dropped_error"], ".1f", " %"),
            cell(one["worst_error"], ".1f", " %"),
            cell(one["swapped_error"], ".1f", " %"),
            "-" if one["path_length"] is None else f"{_with_error(one)} of {one['blocks']} blocks",
            cell(one["response"], ".3f"),
            _times(one["gradient_ratio"]),
            f"{one['first_rank']:.0f}, {one['last_rank']:.0f}",
        ]
        for name, one in found["nets"].items()
    ]


BELOW = (
    "Error: of the whole net. One block out: median over the blocks, each left out alone. Two "
    "swapped: median over neighbours of one shape. Path length: residual branches on the paths "
    "that the gradient takes to the images, weighted by what they carry, with the standard error "
    "from the sample of paths; it would be half the blocks if all paths carried the same. "
    "Response: standard deviation of a layer's output after batch norm, mean of the layers. "
    "Gradients: largest gradient norm of a layer over the smallest. Rank: number of directions in "
    "which the images' features differ."
)


def sentences(found: Mapping[str, Any]) -> list[str]:
    """The most important numbers in a sentence or two for each net; `found` is from `results`."""
    lines = []
    for name, one in found["nets"].items():
        line = f"{name} ({one['model']}): {one['error']:.1f} % error on {one['images']:,} images"
        if one["dropped_error"] is not None:
            line += (
                f"; without one of its {one['blocks']} blocks {one['dropped_error']:.1f} % "
                f"(median), at worst {one['worst_error']:.1f} % ({one['worst_block']})"
            )
        if one["path_length"] is not None:
            line += (
                f". The gradient takes paths through {_with_error(one)} of "
                f"{one['blocks']} residual branches on average; if all paths carried the same, it "
                f"would be {one['blocks'] / 2:g}"
            )
        lines.append(f"{line}.")
    return lines


def report(folder: PathLike) -> str:
    """The results of the diagnosis in `folder` as lines of text. Raises DataError as `results`."""
    found = results(folder)
    # One column for each net: that way two nets fit into 80 characters.
    table = list(zip(HEAD, *rows(found)))
    widths = [max(map(len, column)) for column in zip(*table)]
    lines = [
        f"{found['dataset_name']}: {found['images']:,} test images",
        "",
        *(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            for row in table
        ),
        "",
        *sentences(found),
    ]
    return "\n".join(lines)


def caption(config: Mapping[str, Any]) -> str:
    """The data of the figures, in one line."""
    return f"{config['dataset_name']}, {config['images']:,} test images"


def figures(folder: PathLike) -> dict[str, Figure]:
    """The figures of the diagnosis in `folder`, by name. Raises DataError as `results`.

    Figures of lesions and paths are left out if no net has blocks or shortcuts.
    """
    folder = expanded(folder)
    config = read_config(folder, NAME)
    with of_one_run(folder):
        found, words = tables(folder), caption(config)
        models = {name: known["model"] for name, known in config["nets"].items()}
        drawn = {}
        if found["lesions"]:
            drawn["lesions"] = plots.lesions(found["lesions"], found["nets"], models, words)
        drawn["responses"] = plots.responses(found["responses"], models, words)
        if found["paths"]:
            paths = f"{config['paths']} random path{'s' * (config['paths'] > 1)}"
            few = f"{config['path_images']} images, {paths} of each length"
            drawn["paths"] = plots.paths(found["paths"], models, f"{config['dataset_name']}, {few}")
        drawn["gradients"] = plots.gradients_and_ranks(
            found["gradients"],
            found["ranks"],
            models,
            f"{config['dataset_name']}; gradients of {config['gradient_images']} test images, "
            f"ranks of {config['rank_images']}",
        )
        return drawn

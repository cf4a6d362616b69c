"""Putting claims to the test, seed by seed, and writing down what comes out."""

from collections.abc import Sequence
from pathlib import Path

from ....checks import integer
from ....errors import DataError
from ....names import expanded
from ....plot import save
from ....training.kinds import WORD
from ....types import Device, PathLike, Row
from ...records import RunFolder, of_one_run, read_config, read_table
from . import report
from .claim import Claim
from .laboratory import Laboratory

NEEDED = dict.fromkeys(("caption", "dataset", "dataset_name", "preset"), WORD)


def run(
    claims: Sequence[Claim],
    out: PathLike,
    dataset: str = "synthetic",
    preset: str = "quick",
    seeds: int = 1,
    data_folder: PathLike | None = None,
    device: Device = "cpu",
    progress: bool = True,
) -> list[report.Finding]:
    """Measure claims and write a table and a figure of each, and a report of all, to the folder
    `out`.

    What is there already, measured or trained, is used again, so a run that was interrupted goes
    on, and one can be extended by more claims or seeds.

    Parameters
    ----------
    claims : list of Claim
    out : str or Path
    dataset, preset : str
    seeds : int
        Seeds 0 to `seeds` - 1.
    data_folder : str or Path, optional
        Where the files of the data set are; see `data.cifar10`.
    device : {"cpu", "gpu"}
    progress : bool

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, DivergenceError
        For settings that cannot be met, another run in the folder, unusable files, and training
        that blows up.
    KeyboardInterrupt
        On Ctrl-C, after everything has been saved.
    """
    seeds = integer("claims", "seeds", seeds)
    laboratory = Laboratory(expanded(out), dataset, preset, data_folder, device, progress)
    settings = {
        "experiment": "claims",
        "dataset": dataset,
        "dataset_name": laboratory.train_set.name,
        "preset": preset,
        "caption": laboratory.caption,
    }
    with RunFolder(out, settings, resume=True, device=device) as folder:
        for seed in range(seeds):
            for claim in claims:
                table = folder.table(claim.name, claim.columns, claim.text)
                before = table.rows()
                if seed not in _seeds(before):
                    if progress:
                        print(f"{claim.name}, seed {seed}", flush=True)
                    rows = [{"seed": seed, **row} for row in claim.measure(laboratory, seed)]
                    # All at once: a seed with a part of its rows in the table would pass for
                    # measured.
                    table.replace([*before, *rows])
                elif progress:
                    print(
                        f"{claim.name}, seed {seed}: measured before (to measure again, delete "
                        f"{table.path})",
                        flush=True,
                    )
        return write_report(claims, out)


def write_report(claims: Sequence[Claim], out: PathLike) -> list[report.Finding]:
    """Draw the figures and write ``report.md`` and ``report.html`` from the tables in `out` alone;
    the claims' `report.Finding`.

    Raises
    ------
    DataError
        If nothing was measured yet, or a table is damaged.
    CheckpointError
        If they cannot be written.
    """
    out = expanded(out)
    config = read_config(out, needed=NEEDED)
    if config.get("experiment") != "claims":
        raise DataError(
            f"{out}/config.json",
            "not the settings of a claims run",
            'a file with "experiment": "claims"',
            "other content",
        )
    findings = []
    for claim in claims:
        rows = _rows(out, claim)
        if rows:
            with of_one_run(out / f"{claim.name}.csv"):
                save(claim.draw(rows, config["caption"]), out / f"{claim.name}.png")
                if claim.animate is not None:
                    claim.animate(rows, config["caption"], out / f"{claim.name}.gif")
                findings.append(report.Finding(claim, claim.judge(rows), len(_seeds(rows))))
    if not findings:
        raise DataError(
            str(out),
            "nothing to report yet",
            "at least one measured claim",
            "none",
            "let the run go on",
        )
    with of_one_run(out):
        report.write(findings, out, config)
    return findings


def _rows(folder: Path, claim: Claim) -> list[Row]:
    path = folder / f"{claim.name}.csv"
    return read_table(path, claim.columns, claim.text) if path.exists() else []


def _seeds(rows: Sequence[Row]) -> set[int]:
    return {row["seed"] for row in rows}

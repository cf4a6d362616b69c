"""Testing claims, seed by seed, and writing down the results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....errors import DataError
from ....names import expanded
from ....plot import save, verdicts
from ....training.callbacks import Callback
from ....training.kinds import SEEDS, WORD
from ....types import Device, Figure, PathLike, Row
from ... import scheduler
from ...records import RunFolder, check_new, of_one_run, read_config, read_table
from ...seeds import check_seeds
from . import registration, report
from .claim import Claim
from .criterion import seeds_of
from .laboratory import Laboratory

NEEDED = dict.fromkeys(("caption", "dataset", "dataset_name", "preset"), WORD)


def run(
    claims: Sequence[Claim],
    out: PathLike,
    dataset: str = "synthetic",
    preset: str = "quick",
    seeds: int | Sequence[int] | None = 1,
    data_folder: PathLike | None = None,
    device: Device = "cpu",
    progress: bool = True,
    workers: int | None = 1,
    cluster: scheduler.Cluster | None = None,
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
    seeds : int, sequence of int, or None
        Seeds 0 to `seeds` - 1, or those in the sequence. None: for each claim the seeds that it
        names to decide it.
    data_folder : str or Path, optional
        Where the files of the data set are; see `data.cifar10`.
    device : {"cpu", "gpu"}
    progress : bool
    workers : int or None
        Processes that train and measure at the same time; None for as many as the machine has cores
        and memory for, and one on a GPU. The bits are the same with any number.
    cluster : scheduler.Cluster, optional
        Train and measure there, a job for each net and claim, and wait for them; then `workers`
        does not count.

    Returns
    -------
    list of report.Finding
        None where a cluster only prints a script.

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, DivergenceError
        For settings that cannot be met, another run in the folder, unusable files, and training
        that blows up.
    ProcessError
        If a worker or job is killed twice with the same net.
    KeyboardInterrupt
        On Ctrl-C, after everything has been saved. Jobs of a cluster go on.
    """
    given = None if seeds is None else check_seeds("claims", seeds)
    ordered = sorted(
        (
            (claim, seed)
            for claim in claims
            for seed in (registration.deciding_seeds(claim) if given is None else given)
        ),
        key=lambda pair: pair[1],
    )
    if cluster is not None:
        cluster.check()
    check_new(expanded(out), resume=True)
    laboratory = Laboratory(expanded(out), dataset, preset, data_folder, device, progress)
    settings = {
        "experiment": "claims",
        "dataset": dataset,
        "dataset_name": laboratory.train_set.name,
        "preset": preset,
        "caption": laboratory.caption,
        "seeds": sorted({*(seed for _, seed in ordered), *_seeds_before(expanded(out))}),
    }
    with RunFolder(out, settings, ("seeds",), resume=True, device=device) as folder:
        tables = {one.name: folder.table(one.name, one.columns, one.text) for one in claims}
        missing = [
            (claim, seed)
            for claim, seed in ordered
            if seed not in seeds_of(tables[claim.name].rows())
        ]
        if missing:
            registration.register(folder, missing)
        if progress:
            _say_what_is_done(ordered, missing, tables)
        tasks = _tasks(laboratory, missing)
        if device == "gpu" and workers is None:
            workers = 1
        workers = 1 if cluster is not None else scheduler.fitting_workers(tasks, workers)

        def write(task: scheduler.Task, rows: list[Row]) -> None:
            if isinstance(task.work, _Measurement):
                table = tables[task.work.claim.name]
                # All at once, and in the order of the seeds: a seed with a part of its rows in the
                # table would pass for measured.
                table.replace(sorted([*table.rows(), *rows], key=lambda row: row["seed"]))

        is_script = cluster is not None and cluster.kind == "script"
        if is_script:  # what measurements return would be lost
            tasks = [task for task in tasks if isinstance(task.work, _Training)]
        scheduler.run(
            tasks,
            laboratory,
            workers=workers,
            cluster=cluster,
            folder=folder.path,
            progress=progress,
            on_end=write,
        )
        if is_script:
            return []
        return write_report(claims, out)


def _seeds_before(out):
    """The seeds that the run in this folder, if there is one, was asked for before."""
    before = read_config(out) if (out / "config.json").exists() else {}
    return SEEDS.check(f"{out}/config.json", "seeds", before["seeds"]) if "seeds" in before else []


@dataclass(frozen=True)
class _Training:
    """A net to be trained: a task for a worker."""

    net: str
    variant: str
    seed: int

    @property
    def name(self) -> str:
        variant = "" if self.variant == "usual" else f", {self.variant}"
        return f"{self.net}{variant}, seed {self.seed}"

    def __call__(self, laboratory: Laboratory, callbacks: Sequence[Callback]) -> None:
        laboratory.train(self.net, self.seed, self.variant, callbacks)


@dataclass(frozen=True)
class _Measurement:
    """A claim to be measured with one seed: a task for a worker."""

    claim: Claim
    seed: int

    @property
    def name(self) -> str:
        return f"claim {self.claim.name}, seed {self.seed}"

    def __call__(self, laboratory: Laboratory, callbacks: Sequence[Callback]) -> list[Row]:
        return [{"seed": self.seed, **row} for row in self.claim.measure(laboratory, self.seed)]


def _tasks(laboratory, missing):
    """What claims and seeds ask for: trainings, each once, before the measurements that use it."""
    needs = {pair: laboratory.needs(*pair) for claim, _ in missing for pair in claim.trainings}
    usual, memory = laboratory.needs("plain-56") if missing else (0, 0)
    tasks = {}
    for claim, seed in missing:
        trainings = [_Training(net, variant, seed) for net, variant in claim.trainings]
        for one in trainings:
            task = scheduler.Task(one.name, one, *needs[one.net, one.variant])
            tasks.setdefault(one.name, task)
        one, after = _Measurement(claim, seed), tuple(one.name for one in trainings)
        tasks[one.name] = scheduler.Task(one.name, one, claim.cost * usual, memory, after)
    return list(tasks.values())


def _say_what_is_done(ordered, missing, tables):
    for claim, seed in ordered:
        if (claim, seed) not in missing:
            print(
                f"{claim.name}, seed {seed}: measured before (to measure again, delete "
                f"{tables[claim.name].path})",
                flush=True,
            )


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
    findings = _findings(claims, out)
    for claim in (one.claim for one in findings):
        rows = registration.deciding(_rows(out, claim))
        with of_one_run(out / f"{claim.name}.csv"):
            save(claim.draw(rows, config["caption"]), out / f"{claim.name}.png")
            if claim.animate is not None:
                claim.animate(rows, config["caption"], out / f"{claim.name}.gif")
    if not findings:
        raise _nothing_yet(out)
    with of_one_run(out):
        save(_overview(findings, config), out / report.OVERVIEW)
        report.write(findings, out, config)
    return findings


def draw_figures(claims: Sequence[Claim], out: PathLike) -> list[Path]:
    """Draw the figures of the measured claims alone, from the tables in `out`, and return their
    paths. `write_report` draws them too; this is for figures of another size.

    Raises as `write_report`.
    """
    out = expanded(out)
    config = read_config(out, needed=NEEDED)
    drawn = []
    for claim in claims:
        rows = registration.deciding(_rows(out, claim))
        if rows:
            with of_one_run(out / f"{claim.name}.csv"):
                drawn.append(save(claim.draw(rows, config["caption"]), out / f"{claim.name}.png"))
    if not drawn:
        raise _nothing_yet(out)
    return [*drawn, save(_overview(_findings(claims, out), config), out / report.OVERVIEW)]


def _findings(claims: Sequence[Claim], out: Path) -> list[report.Finding]:
    """What was found of the measured claims, from the tables in `out`."""
    findings, registered = [], registration.read(out)
    for claim in claims:
        rows = registration.deciding(_rows(out, claim))
        if rows:
            with of_one_run(out / f"{claim.name}.csv"):
                seeds = seeds_of(rows)
                standing = registration.standing(claim, seeds, registered)
                findings.append(report.Finding(claim, claim.judge(rows), seeds, standing))
    return findings


def _overview(findings: Sequence[report.Finding], config: Mapping[str, Any]) -> Figure:
    """The verdicts at a glance."""
    first = registration.FIRST_DECIDING
    return verdicts(
        [
            (
                one.claim.name,
                one.verdict.outcome,
                "exploratory" if min(one.seeds) < first else "deciding",
            )
            for one in findings
        ],
        config["caption"],
    )


def _nothing_yet(out: Path) -> DataError:
    return DataError(
        str(out),
        "nothing to report yet",
        "at least one measured claim",
        "none",
        "let the run go on",
    )


def _rows(folder: Path, claim: Claim) -> list[Row]:
    path = folder / f"{claim.name}.csv"
    return read_table(path, claim.columns, claim.text) if path.exists() else []

"""A run of claims: train the nets, measure each claim with each seed, write tables and a report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....errors import ConfigError, DataError
from ....names import expanded, shown
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
    seeds: int | Sequence[int] | Callable[[Claim], Sequence[int]] = 1,
    data_folder: PathLike | None = None,
    device: Device = "cpu",
    progress: bool = True,
    workers: int | None = 1,
    cluster: scheduler.Cluster | None = None,
) -> list[report.Finding]:
    """Measure claims, and write to the folder `out` a table and a figure for each, and a report on
    all of them.

    Results and trained nets that are already in the folder are used again. So an interrupted run
    goes on where it stopped, and a finished one can be extended by more claims or seeds.

    Parameters
    ----------
    claims : list of Claim
    out : str or Path
    dataset, preset : str
    seeds : int, sequence of int, or callable
        A number n means seeds 0 to n - 1; a sequence lists the seeds. ``seeds(claim)`` returns the
        seeds of each claim; `registration.deciding_seeds` is such a function.
    data_folder : str or Path, optional
        The folder with the files of the data set; see `data.cifar10`.
    device : {"cpu", "gpu"}
    progress : bool
    workers : int or None
        Number of processes that train and measure at the same time. None means as many as the
        machine has cores and memory for, and one on a GPU. The results are the same to the bit with
        any number.
    cluster : scheduler.Cluster, optional
        Run each training and each measurement as a job of this cluster, and wait for the jobs.
        `workers` is then ignored.

    Returns
    -------
    list of report.Finding
        Empty if `cluster` only prints a script of jobs.

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, DivergenceError
        If settings are impossible, the folder belongs to another run, a file cannot be used, or a
        training diverges.
    ProcessError
        If a worker or job is killed twice with the same net.
    KeyboardInterrupt
        On Ctrl-C, after everything has been saved. Jobs of a cluster continue.
    """
    _check_claims(claims)
    given = [] if callable(seeds) else check_seeds("claims", seeds)
    workers = scheduler.check_workers(workers, "claims")
    ordered = sorted(
        (
            (claim, seed)
            for claim in claims
            for seed in (seeds(claim) if callable(seeds) else given)
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
                # All rows of a seed are written at once: a seed with only some of its rows in the
                # table would look measured after an interruption.
                table.replace(sorted([*table.rows(), *rows], key=lambda row: row["seed"]))

        is_script = cluster is not None and cluster.kind == "script"
        if is_script:  # no process is left to receive the rows that measurements return
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


def _check_claims(claims):
    """Raise ConfigError unless these are claims: their names look much like them."""
    for one in [claims] if isinstance(claims, (str, Claim)) else claims:
        if isinstance(claims, Claim) or not isinstance(one, Claim):
            raise ConfigError(
                "claims.run",
                "not a list of claims",
                "a list of Claim",
                shown(one if isinstance(one, str) else claims),
                "the claims by name are in claims.CLAIMS: [CLAIMS['copy']], or CLAIMS.values()",
            )


def _seeds_before(out):
    """The seeds of an earlier run in this folder; none if there was no run."""
    before = read_config(out) if (out / "config.json").exists() else {}
    return SEEDS.check(f"{out}/config.json", "seeds", before["seeds"]) if "seeds" in before else []


@dataclass(frozen=True)
class _Training:
    """The task of training one net."""

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
    """The task of measuring one claim with one seed."""

    claim: Claim
    seed: int

    @property
    def name(self) -> str:
        return f"claim {self.claim.name}, seed {self.seed}"

    def __call__(self, laboratory: Laboratory, callbacks: Sequence[Callback]) -> list[Row]:
        return [{"seed": self.seed, **row} for row in self.claim.measure(laboratory, self.seed)]


def _tasks(laboratory, missing):
    """The tasks for these (claim, seed): each training once, and measurements after the trainings
    that they need.
    """
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
    """Draw the figures and write ``report.md`` and ``report.html``, from the tables in `out` alone.

    Returns
    -------
    list of report.Finding
        One for each claim that has been measured.

    Raises
    ------
    DataError
        If `out` is not the folder of a claims run, nothing has been measured yet, or a table is
        damaged.
    CheckpointError
        If a figure or the report cannot be written.
    """
    out = expanded(out)
    config = read_config(out, "claims", NEEDED)
    findings = _findings(claims, out)
    for claim in (one.claim for one in findings):
        rows = registration.deciding(claim, _rows(out, claim))
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
    """Draw the figures of the measured claims from the tables in `out`, without a report, and
    return their paths.

    `write_report` draws the same figures. Call this one to draw them in another size. Raises the
    same errors.
    """
    out = expanded(out)
    config = read_config(out, "claims", NEEDED)
    drawn = []
    for claim in claims:
        rows = registration.deciding(claim, _rows(out, claim))
        if rows:
            with of_one_run(out / f"{claim.name}.csv"):
                drawn.append(save(claim.draw(rows, config["caption"]), out / f"{claim.name}.png"))
    if not drawn:
        raise _nothing_yet(out)
    return [*drawn, save(_overview(_findings(claims, out), config), out / report.OVERVIEW)]


def _findings(claims: Sequence[Claim], out: Path) -> list[report.Finding]:
    """The findings of all claims that have been measured, from the tables in `out`."""
    findings, registered = [], registration.read(out)
    for claim in claims:
        rows = registration.deciding(claim, _rows(out, claim))
        if rows:
            with of_one_run(out / f"{claim.name}.csv"):
                seeds = seeds_of(rows)
                standing = registration.standing(claim, seeds, registered)
                findings.append(report.Finding(claim, claim.judge(rows), seeds, standing))
    return findings


def _overview(findings: Sequence[report.Finding], config: Mapping[str, Any]) -> Figure:
    """The figure that shows all verdicts at a glance."""
    return verdicts(
        [
            (
                one.claim.name,
                one.verdict.outcome,
                "exploratory" if min(one.seeds) < one.claim.first_deciding_seed else "deciding",
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
        "let the run continue until it has measured a claim",
    )


def _rows(folder: Path, claim: Claim) -> list[Row]:
    path = folder / f"{claim.name}.csv"
    return read_table(path, claim.columns, claim.text) if path.exists() else []

"""A plain script for ``sbatch`` that trains all nets, for people who want to read it before they
submit it.
"""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import joblib

from ....names import printable
from ..task import Data, Task
from .files import JOBS, folder_in, logs_in, name_in_queue, write_data
from .job import Job
from .settings import Cluster


def print_script(cluster: Cluster, tasks: Sequence[Task], data: Data, run: Path) -> None:
    """Print a script, and write the files that it needs into the folder of the run.

    Nothing is submitted. The results that jobs return are lost, so tasks must be trainings, which
    leave their results in folders. The command that printed the script, repeated without
    ``--cluster``, finds the nets trained and does the rest.

    Parameters
    ----------
    cluster : Cluster
    tasks : list of Task
    data : object
        Given to every task.
    run : Path
        The folder of the run.
    """
    folder = folder_in(run)
    logs_in(folder).mkdir(parents=True, exist_ok=True)
    write_data(folder, data)
    jobs = [Job(task, folder, cluster) for task in tasks]
    joblib.dump(jobs, folder / JOBS)
    print("\n".join(_lines(cluster, tasks, folder)))


def _lines(cluster, tasks, folder):
    at_a_time = "" if cluster.parallelism is None else f"%{cluster.parallelism}"
    log = printable(str(logs_in(folder) / "%A_%a.log"))
    options = {
        "job-name": name_in_queue(folder),
        "partition": cluster.partition,
        "time": max(1, round(cluster.limit)),
        "array": f"0-{len(tasks) - 1}{at_a_time}",
        "cpus-per-task": cluster.threads,
        "gpus-per-node": 1 if cluster.gpu else None,
        "signal": f"USR2@{cluster.warning}",
        "output": log,
        "open-mode": "append",
    }
    yield "#!/bin/bash"
    for name, value in options.items():
        if value is not None:
            yield f"#SBATCH --{name}={shlex.quote(str(value))}"
    yield ""
    yield "# Before its time is over, a training saves, and its job goes back into the queue."
    yield "# The nets by their number in the array:"
    for number, task in enumerate(tasks):
        yield f"# {number}: {printable(task.name)}"
    yield ""
    yield f"cd {shlex.quote(os.getcwd())}"
    python, where = shlex.quote(sys.executable), shlex.quote(str(folder))
    yield f'srun {python} -m {__package__} {where} "$SLURM_ARRAY_TASK_ID"'

"""Many trainings on a cluster: one job for each task, on any machine that is free.

A run on a cluster needs a folder that all machines see. The folder of each net holds the state of
its training. Through the run's folder ``cluster``, the process that started the run and its jobs
exchange information:

    jobs.json       the job of each task that is not done yet
    data            the data sets, which each job reads once
    tasks/NAME/     the progress of a task, and which process may write for it
    logs/           the output of the jobs, and their results (written by submitit)

The data sets are written to a file, and not loaded from their source by each job, because compute
nodes often have neither internet nor home folders. It also makes sure that all jobs train on the
same images.

One process waits and watches (`jobs.py`). It submits jobs to a queue (`queue.py`), which is that of
SLURM (`slurm.py`) or consists of processes on this machine (`local.py`). On the other machine, a
`Job` does the task (`job.py`).
"""

from .jobs import Jobs as Jobs
from .jobs import check_no_jobs as check_no_jobs
from .script import print_script as print_script
from .settings import KINDS as KINDS
from .settings import Cluster as Cluster

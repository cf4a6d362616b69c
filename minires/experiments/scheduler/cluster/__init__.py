"""Many trainings on a cluster: a job for each task, on whichever machine has room.

What a run needs there is a folder that all machines see. The folder of each net is the state of
its training; beside them, the run's folder ``cluster`` holds what this process and the jobs tell
each other:

    jobs.json       which job does which task, as long as the task is not done
    data            the data sets: each job reads them once
    tasks/NAME/     how far a task has come, and which process may write for it
    logs/           what the jobs print, and what they return (written by submitit)

The data are handed over in a file, and not read anew by each job: the machines that compute often
have no internet and no home folder, and so all jobs train on the same images for sure.

One process waits and watches (`jobs.py`). It speaks to a queue (`queue.py`): SLURM's (`slurm.py`),
or processes of this machine (`local.py`). On the other machine a `Job` does the task (`job.py`).
"""

from .jobs import Jobs as Jobs
from .jobs import check_no_jobs as check_no_jobs
from .script import print_script as print_script
from .settings import KINDS as KINDS
from .settings import Cluster as Cluster

"""Many trainings on all cores of a machine, or on many machines.

A net of 20 layers on small images gains little from a second thread, because its matrices are small
and threads wait for each other. Two processes with one thread each train two nets in three fifths
of the time that one process with two threads takes. So the nets and seeds of an experiment are
handed out as tasks (`task.py`, `agenda.py`), the longest first, to worker processes (`pool.py`,
through joblib's loky) or to a cluster (`cluster/`, through submitit). `ways.py` chooses between
them.

Every training has a folder of its own, with its checkpoint and tables, and does not depend on other
trainings. Its result is the same to the bit in any process and with any number of workers.
"""

from .cluster import Cluster as Cluster
from .resources import check_workers as check_workers
from .resources import fitting_workers as fitting_workers
from .resources import needs as needs
from .task import Task as Task
from .ways import run as run

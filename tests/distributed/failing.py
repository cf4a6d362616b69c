"""The command minires with a rank that fails after four steps.

python failing.py HOW RANK ARGUMENTS: HOW is error, bug or kill; RANK -1 means all ranks.
"""

import os
import signal
import sys

from minires.cli import main
from minires.errors import DataError
from minires.training.trainer import Trainer

how, who, arguments = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
before = Trainer._add_to_epoch


def fail(self, *sums):
    if self.iteration == 4 and who in (-1, self.world.rank):
        if how == "error":
            raise DataError("photo.png", "cannot be read")
        if how == "bug":
            raise IndexError("list index out of range")
        os.kill(os.getpid(), signal.SIGKILL)
    before(self, *sums)


Trainer._add_to_epoch = fail
sys.exit(main(arguments))

"""One run of three seeds, and the same in three parts."""

import pytest

from . import runs


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """Seeds 0, 1 and 2 at once."""
    return runs.train(tmp_path_factory.mktemp("pooling") / "whole", 3)


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    """A run for each seed, each on its own machine."""
    folder, found = tmp_path_factory.mktemp("pooling"), []
    for seed, machine in enumerate(("Babbage", "Zuse", "Eniac")):
        with pytest.MonkeyPatch.context() as patch, runs.on_machine(patch, machine):
            found.append(runs.train(folder / machine, [seed]))
    return found

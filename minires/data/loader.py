"""The order in which a data set is gone through in training: random, endless, and repeatable to the bit."""

import numpy as np

from ..errors import CheckpointError, ConfigError


class Stream:
    """An endless stream of batches that can be stopped and resumed to the bit. A subclass makes the batches (`next`).

    Every epoch is a fresh permutation of the set. What is left at the end of an epoch, too little for a whole batch,
    is dropped: batch norm would take its statistics from those few images, and they would be noisy.

    Parameters
    ----------
    dataset : anything with a length
    batch_size : int
    shuffle, augment : numpy.random.Generator
        Two random streams, so that the order of the images stays the same whether or not they are augmented.

    Raises
    ------
    ConfigError
        If there are fewer images than one batch takes, or `batch_size` makes no sense.
    """

    def __init__(self, dataset, batch_size, shuffle, augment):
        if batch_size < 1:
            raise ConfigError("batches", "empty batches", "batch_size of 1 or more", batch_size)
        if batch_size > len(dataset):
            raise ConfigError("batches", "one batch is larger than the set", f"batch_size up to {len(dataset)}",
                              batch_size, "take a smaller batch or more images")
        self.dataset, self.batch_size = dataset, batch_size
        self.shuffle, self.augment = shuffle, augment
        self._start_epoch()

    @property
    def batches_per_epoch(self):
        """Whole batches in one pass through the set."""
        return len(self.dataset) // self.batch_size

    def _start_epoch(self):
        self.permutation = self.shuffle.permutation(len(self.dataset))
        self.position = 0

    def _choose(self):
        """The places in the set of the next batch's images."""
        if self.position + self.batch_size > len(self.permutation):
            self._start_epoch()
        chosen = self.permutation[self.position:self.position + self.batch_size]
        self.position += self.batch_size
        return chosen

    def next(self):
        """The next batch; ``next(batches)`` and ``for images, labels in batches`` do the same."""
        raise NotImplementedError

    def evaluating(self, dataset, batch_size):
        """Batches of another set, or this one, for evaluation: each image once, in order, unaltered but for the same normalisation."""
        raise NotImplementedError

    def __next__(self):
        return self.next()

    def __iter__(self):
        return self

    def state_dict(self):
        """Everything that decides the batches to come: an array, a number and two dicts that JSON can hold."""
        return {
            "permutation": self.permutation.copy(),
            "position": self.position,
            "shuffle": self.shuffle.bit_generator.state,
            "augment": self.augment.bit_generator.state,
        }

    def load_state_dict(self, state):
        """Go on where the stream that gave `state` stood.

        Raises
        ------
        CheckpointError
            If `state` belongs to a set of another size, or is damaged.
        """
        n, where = len(self.dataset), f"{type(self).__name__}.load_state_dict"
        try:
            permutation, position = np.array(state["permutation"], np.int64), int(state["position"])
            fits = np.array_equal(np.sort(permutation), np.arange(n))
            if fits and 0 <= position <= n:
                self.shuffle.bit_generator.state = state["shuffle"]
                self.augment.bit_generator.state = state["augment"]
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(where, "the saved state is damaged", "what state_dict() returns",
                                  f"{type(error).__name__}: {error}", "resume from another checkpoint") from error
        if not fits:
            raise CheckpointError(where, "the saved order of images does not fit this data set",
                                  f"a permutation of {n} images", f"{permutation.size} numbers",
                                  "resume with the data set of the checkpoint")
        if not 0 <= position <= n:
            raise CheckpointError(where, "the saved position is outside the data set",
                                  f"0 to {n}", position, "resume from another checkpoint")
        self.permutation, self.position = permutation, position

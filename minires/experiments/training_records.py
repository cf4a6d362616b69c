"""Training nets and writing down how it went: what all experiments that train share."""

from ..serialization.weights import save
from ..diagnostics import gradient_norms
from ..errors import CheckpointError
from ..training.trainer import Trainer

METRICS = ("net", "seed", "iteration", "epoch", "lr", "train_loss", "train_error", "test_error", "seconds", "images_per_second")
GRADIENTS = ("net", "seed", "iteration", "layer", "depth", "gradient_norm", "weight_norm", "ratio")
TEXT = ("net", "layer")        # columns that hold words; all others hold numbers
FIRST_STEPS = 10               # gradients are recorded at each of these, then
REGULAR_RECORDS = 20           # this many times in the rest of the run


class TrainingRecords:
    """The nets trained into the folder of a run: ``metrics.csv`` (a row an epoch), ``gradients.csv``, and their checkpoints.

    Parameters
    ----------
    folder : RunFolder
    device : {"cpu", "gpu"}
        Where to train.
    progress : bool
    """

    def __init__(self, folder, device="cpu", progress=True):
        self.folder, self.device, self.progress = folder, device, progress
        self.metrics, self.gradients = folder.table("metrics", METRICS, TEXT), folder.table("gradients", GRADIENTS, TEXT)

    def train(self, net, model, train_set, test_set, recipe, seed, worth_recording=None, weights=None, **callbacks):
        """Train a net, or go on where an interrupted run left it; one that is finished is only loaded.

        Parameters
        ----------
        net : str
            What it is called in the tables.
        model : nn.Module
            With its initial weights.
        train_set, test_set : ImageDataset
        recipe : Recipe
        seed : int
        worth_recording : callable, optional
            ``worth_recording(iteration, iterations)``: whether gradients are recorded there. Left out, they are in each of the
            first steps and twenty times after.
        weights : Path, optional
            A folder: the net's weights are kept there as they were after each epoch, in files named by the iteration (`weights_after`).
        **callbacks
            ``after_step`` and others of `Trainer`.

        Returns
        -------
        Trainer
            With the trained model.
        """
        trainer = Trainer(model, train_set, test_set, recipe, seed, self.folder.checkpoint(net, seed), name=f"{net}, seed {seed}",
                          progress=self.progress, device=self.device,
                          after_backward=_gradient_recorder(self.gradients, net, seed, worth_recording or regularly),
                          after_epoch=self._epoch_recorder(net, seed, weights), **callbacks)
        self._go_on(trainer, net, seed)
        if not trainer.finished:
            trainer.run()
        return trainer

    def _epoch_recorder(self, net, seed, weights):
        def record(trainer, row):
            self.metrics.append([{"net": net, "seed": seed, **row}])
            if weights is not None:
                weights.mkdir(exist_ok=True)
                save(trainer.model, weights_after(weights, trainer.iteration))

        return record

    def _go_on(self, trainer, net, seed):
        """Load the net's checkpoint, if there is one, and drop what the tables say of this net beyond it."""
        if trainer.path.exists():
            try:
                trainer.load(trainer.path)
            except CheckpointError as error:
                raise CheckpointError(f"resuming {net}, seed {seed}", str(error)) from None
        done = trainer.iteration

        def other(row):
            return (row["net"], row["seed"]) != (net, seed)

        self.metrics.keep(lambda row: other(row) or row["iteration"] <= done and done > 0)
        self.gradients.keep(lambda row: other(row) or row["iteration"] < done)   # those at `done` come with the next step


def weights_after(folder, iteration):
    """The file in a folder of weights that holds those after `iteration` steps."""
    return folder / f"{iteration}.safetensors"


def regularly(iteration, iterations):
    """In each of the first steps, then twenty times."""
    return iteration <= FIRST_STEPS or iteration % max(1, iterations // REGULAR_RECORDS) == 0


def _gradient_recorder(table, net, seed, worth_recording):
    """A function for `Trainer` that writes the gradient norms of all layers at the iterations worth recording."""

    def record(trainer):
        if worth_recording(trainer.iteration, trainer.recipe.iterations):
            table.append({"net": net, "seed": seed, "iteration": trainer.iteration, **layer._asdict()}
                         for layer in gradient_norms(trainer.model))

    return record

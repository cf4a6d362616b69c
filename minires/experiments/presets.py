"""How large an experiment is: what a laptop does over a coffee, over a night, and what the paper did."""

from dataclasses import dataclass

from ..training.trainer import Recipe


@dataclass(frozen=True)
class Preset:
    """The size of an experiment. Any field can be overridden from the command line."""

    image_size: int                          # pixels a side; smaller than the data set's are averaged down
    width: int                               # channels of the first stage
    train_size: int                          # images
    test_size: int                           # images, the first of the test set
    epochs: int | None                       # either epochs ...
    iterations: int | None                   # ... or iterations
    drops: tuple                             # lr is divided by 10 at these fractions of the iterations
    crop_padding: int                        # pixels; 0: no random crop
    batch_size: int = 128
    lr: float = 0.1
    warmup_from_110: int = 0                 # iterations of warm-up for nets of 110 layers or more

    def recipe(self, depth):
        """The `Recipe` for a net of that depth."""
        iterations = self.total_iterations()
        return Recipe(iterations=iterations, batch_size=self.batch_size, lr=self.lr,
                      milestones=tuple(sorted({round(iterations * drop) for drop in self.drops})),
                      warmup=self.warmup_from_110 if depth >= 110 else 0, crop_padding=self.crop_padding)

    def total_iterations(self):
        """Steps of training: whole batches only, so the last few images of an epoch may be left out."""
        if self.iterations is not None:
            return self.iterations
        return self.epochs * (self.train_size // self.batch_size)


PRESETS = {
    "quick": Preset(image_size=16, width=8, train_size=10_000, test_size=2_000, epochs=7, iterations=None,
                    drops=(0.6, 0.85), crop_padding=0),
    "standard": Preset(image_size=32, width=16, train_size=50_000, test_size=10_000, epochs=20, iterations=None,
                       drops=(0.6, 0.85), crop_padding=4),
    "paper": Preset(image_size=32, width=16, train_size=50_000, test_size=10_000, epochs=None, iterations=64_000,
                    drops=(0.5, 0.75), crop_padding=4, warmup_from_110=400),
}

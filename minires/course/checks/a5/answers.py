"""Records drawn at random, and the words for a value in a message."""

from typing import Any

from ....names import shown
from ...trial import Trial


def short(value: Any) -> str:
    """A value as text for a message, at most 80 characters long."""
    return shown(value, 80)


def drawn_table(trial: Trial, epochs: int = 11) -> list[dict[str, Any]]:
    """Rows of four nets and three seeds in random order, with errors that fall and jump.

    The last epoch is better than the one before, and an earlier epoch, which is not the same for
    all nets, is better than both, so that wrong choices of an epoch show.
    """
    rows = []
    for net in ("plain-14", "plain-44", "resnet-14", "resnet-44"):
        level = trial.rng.uniform(30, 60)
        best = epochs - (4 if net.startswith("plain") else 6)
        for seed in (0, 1, 2):
            for epoch in range(1, epochs + 1):
                train = level + 30 / epoch + 4 * (-1) ** epoch + trial.rng.uniform(0, 3)
                if epoch == best:
                    train -= 8
                rows.append(
                    {
                        "net": net,
                        "seed": seed,
                        "epoch": float(epoch),
                        "train_error": round(float(train), 4),
                        "test_error": round(float(train + trial.rng.uniform(2, 9)), 2),
                    }
                )
    return [rows[i] for i in trial.rng.permutation(len(rows))]

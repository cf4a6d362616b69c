"""The largest difference between the logits of two nets."""

import numpy as np

from minires import Tensor, models, nn
from minires.experiments.claims import copy
from minires.experiments.claims.frame import folded, same_logits


def linear(weight):
    layer = nn.Linear(2, 1, bias=False)
    layer.weight.data[...] = np.float32(weight).reshape(2, 1)
    return layer


def test_the_largest_difference_is_that_of_any_image_and_of_either_sign():
    images = Tensor(np.float32([[1, 0], [0, 1], [1, 1]]))
    found = [
        same_logits.largest_difference(first, second, images)
        for first, second in (
            (linear([1, 1]), linear([1.5, 4])),
            (linear([1.5, 4]), linear([1, 1])),
        )
    ]
    assert found == [3.5, 3.5]
    assert same_logits.largest_difference(linear([1, 2]), linear([1, 2]), images) == 0


def test_it_is_computed_without_a_tape():
    net, seen = models.plain(8, width=2).eval(), []
    with net.register_forward_hook(lambda module, inputs, y: seen.append(y.requires_grad)):
        same_logits.largest_difference(net, net, Tensor(np.zeros((1, 8, 8, 3), np.float32)))
    assert seen == [False, False]


def test_each_seed_counts_by_its_largest_difference_in_every_claim():
    rows = [
        {"seed": 3, "difference": 0.25},
        {"seed": 1, "difference": 0.5},
        {"seed": 3, "difference": 2.0},
    ]
    assert same_logits.differences(rows) == [0.5, 2.0]
    for criterion in (copy.CRITERIA[0], folded.exact("repvgg-56")):
        assert criterion.values(rows) == [0.5, 2.0] and criterion.threshold == 1e-3

"""The share of resnet-56's lead that another net has."""

import math

import pytest

from minires.experiments.claims.frame.lead import most_of_the_lead, shares
from minires.experiments.claims.frame.verdict import UNDECIDED

OTHER = ("other-56", "usual")


def rows(*errors):
    """Training errors of plain-56, resnet-56 and the other net, for each seed."""
    return [
        {"seed": seed, "net": net, "variant": "usual", "train_error": error}
        for seed, of_a_seed in enumerate(errors)
        for net, error in zip(("plain-56", "resnet-56", "other-56"), of_a_seed, strict=True)
    ]


def test_shares_by_hand():
    found = shares(rows((80, 60, 70), (80, 60, 60), (80, 60, 85)), OTHER)
    assert found == pytest.approx([0.5, 1, -0.25])


@pytest.mark.parametrize("lead", [0, -4, 2])
def test_nobody_has_a_share_of_a_lead_that_is_not_there(lead):
    found = rows((80, 80 - lead, 90), (80, 50, 40))
    first, second = shares(found, OTHER)
    assert math.isnan(first) and second == pytest.approx(4 / 3)
    assert most_of_the_lead("it", OTHER).judge(found).outcome == UNDECIDED

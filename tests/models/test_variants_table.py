"""Every row of the table of variants in docs/nets.md is counted again, equal to what is published,
and in the table to the letter."""

from pathlib import Path

import pytest

from minires import models

from ..slow import slow_but
from . import variants

PAGE = (Path(__file__).parents[2] / "docs" / "nets.md").read_text()


# Large nets take a second each to build; the only test of their published sizes.
@pytest.mark.parametrize("name", slow_but(["resnet-20", "plain-56", "resnet18"], variants.NAMES))
def test_a_row(name):
    layers, parameters, multiply_adds = variants.counted(name)
    assert (layers, parameters) == variants.known(name)[:2]
    published = variants.known(name)[2]
    assert (
        round(multiply_adds / 1e6) == published
        if name in variants.MILLION
        else round(multiply_adds / 1e7) * 10 == published
        if published > 1000
        else round(multiply_adds / 1e6, 2) == published
    )
    assert variants.row(name) in PAGE.splitlines()


@pytest.mark.slow  # builds every net of the table
def test_the_table_has_no_other_rows():
    lines = PAGE.splitlines()
    head = lines.index("| " + " | ".join(variants.HEAD) + " |")
    rows = lines[head + 2 : lines.index("", head)]
    assert rows == [variants.row(name) for name in variants.NAMES]


ALTERNATIVES = {
    "`repvgg-56`": ("repvgg-56", {}),
    "`diracnet-56`": ("diracnet-56", {}),
    "`fading_resnet-56`": ("fading_resnet-56", {}),
    "`highway-56`": ("highway-56", {}),
    "`densenet-40`": ("densenet-40", {}),
    "`densenet-100`, bottleneck=True, compression=0.5": (
        "densenet-100",
        {"bottleneck": True, "compression": 0.5},
    ),
}


@pytest.mark.parametrize("title", slow_but(["`diracnet-56`"], ALTERNATIVES))
def test_a_row_of_the_table_of_alternatives(title):
    name, settings = ALTERNATIVES[title]
    net = models.build(name, **settings)
    multiply_adds = net.summary((1, 32, 32, 3)).multiply_adds
    row = f"| {title} | {net.num_parameters():,} | {multiply_adds / 1e6:.2f} M | "
    assert sum(line.startswith(row) for line in PAGE.splitlines()) == 1

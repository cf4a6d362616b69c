"""docs/texts.md: every number of our own is computed from the records or from the nets."""

import re
from pathlib import Path
from statistics import mean

import pytest

from docs.generate.recorded_claims import recorded
from minires import models
from minires.experiments.claims.frame.error_comparison import differences, of

from .models import variants
from .models.test_vgg import published
from .test_claims_doc import (
    CLAIMS,
    ROWS,
    error,
    first_over_last,
    lesion,
    lost,
    span,
)

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "texts.md").read_text(encoding="utf-8")
TEXT = " ".join(PAGE.split())
NETS = (ROOT / "docs" / "nets.md").read_text(encoding="utf-8")
SIZES = {  # the tests of the nets compare these with torchvision's
    name: (int(layers), int(parameters.replace(",", "")), size)
    for name, layers, parameters, size in re.findall(
        r"\n\| `([\w-]+)` \| ([\d,]+) \| ([\d,]+) \| ([\d.]+ [GM]) \|",
        NETS.replace("1,202", "1202"),
    )
}


def gap(net, variant="usual"):
    """Test error minus training error: mean over the seeds."""
    rows = [row for row in ROWS["degradation"] if (row["net"], row["variant"]) == (net, variant)]
    return mean(row["test_error"] - row["train_error"] for row in rows)


def error_on_test_images(net, variant):
    return mean(
        row["test_error"]
        for row in ROWS["degradation"]
        if (row["net"], row["variant"]) == (net, variant)
    )


def value(claim, part=0):
    """A criterion's quantity, mean over the seeds."""
    return mean(CLAIMS[claim].criteria[part].values(ROWS[claim]))


def below_plain(net, variant):
    return -mean(differences(ROWS["without-batch-norm"], (net, variant), ("plain-56", "usual")))


def linear_start():
    """How far the net that starts linear ends below plain-56, and above resnet-56."""
    plain, linear, residual = (
        mean(row["train_error"] for row in ROWS["looks-linear"] if row["net"] == net)
        for net in ("plain-56", "looks-linear-56", "resnet-56")
    )
    return (
        f"ends at {linear:.1f} %, {plain - linear:.1f} points below plain-56 with batch norm and "
        f"{linear - residual:.1f} above resnet-56"
    )


DENSE_AND_ADDED = ("densenet-58", "resnet-56")


def sentences():
    few = "1,024 images"
    yield linear_start()
    tanh, usual = (
        mean(of(ROWS["delta-orthogonal"], *net))
        for net in (("tanh-delta-56", "small rate"), ("plain-56", "usual"))
    )
    dense, added = (mean(of(ROWS["dense"], n, column="test_error")) for n in DENSE_AND_ADDED)
    yield f"it is wrong on {dense:.1f} % of the test images, resnet-56 on {added:.1f} % ([dense]"
    yield f"ends at {tanh:.1f} %, where plain-56 with batch norm ends at {usual:.1f} %"
    yield f"gradient of the first layer of plain-56 is {first_over_last('plain-56'):,.0f} times"
    yield f"In resnet-56 the factor is {first_over_last('resnet-56'):.0f}."
    after = 10 ** value("vanishing-in-training")
    yield f"After 300 steps the first layer's gradient is {after:.1f} times"
    yield f"(10 to the power of {value('vanishing-without-batch-norm'):.1f})"
    yield f"(10 to the power of {value('vanishing-without-batch-norm', 1):.1f})"
    assert 0.35 < 10 ** value("vanishing-without-batch-norm", 1) < 0.45  # "about four tenths"
    yield f"resnet-56 is {span('resnet-56', 'after training'):.1f} times the smallest"
    yield f"in plain-56 {span('plain-56', 'after training'):.0f} times"
    residual = [error("degradation", net) for net in ("resnet-20", "resnet-56")]
    yield "resnet-20 has a training error of {} and resnet-56 of {}".format(*residual)
    yield f"the same logits to {value('copy'):.1e}"
    plain = [error("degradation", net) for net in ("plain-56", "plain-20")]
    yield "it ends at {} training error, plain-20 at {}".format(*plain)
    yield f"as here: {plain[0].removesuffix(' %')} against {plain[1]}"
    yield f"plain-20 ends at {error('degradation', 'plain-20', few)} training error"
    yield f"resnet-56 at {error('degradation', 'resnet-56', few)};"
    yield f"ends at {error('degradation', 'plain-56', few)}"
    yield f"larger in resnet-56, {gap('resnet-56'):.1f} points"
    yield f"than in plain-56, {gap('plain-56'):.1f} points"
    yield f"is wrong on {error_on_test_images('resnet-56', few):.1f} % of the test images"
    yield f"by paths through {value('path-lengths'):.1f} of them"
    yield f"loses {lost('resnet-56'):.0f} % of its lead over chance"
    yield f"plain-56 {lost('plain-56'):.0f} % ("
    yield f"{value('responses'):.2f} times as much as one of plain-56"
    yield f"{value('responses', 1):.2f} times as much as one of resnet-20"
    fixup, skipinit = (
        below_plain("fixup-56", "small rate for scalars"),
        below_plain("skipinit-56", "usual"),
    )
    yield f"ends {fixup:.1f} and {skipinit:.1f} points below plain-56"
    wide, deep, usual = (
        mean(row["test_error"] for row in ROWS["wider"] if row["net"] == net)
        for net in ("wide-resnet-20", "resnet-56", "resnet-20")
    )
    yield f"the usual resnet-20, with a third of the parameters, has {usual:.1f} %"
    sizes = [models.build(f"resnet-{depth}", width=8).num_parameters() for depth in (20, 56)]
    assert 0.3 < sizes[0] / sizes[1] < 0.36
    yield f"the first block of resnet-56 costs {lesion('layer1.0'):.0f} % of its lead"
    yield f"has a test error of {wide:.1f} %, resnet-56 of {deep:.1f} ("
    longer = error("longer", "plain-56", "three times longer")
    usual = [error("degradation", net, beside="longer") for net in ("plain-56", "plain-20")]
    yield f"ends at {longer} training error, after {usual[0]} with the usual number"
    yield f"for {usual[1]} ("
    yield f"trains worse here, {value('shortcuts'):.0f} points"


@pytest.mark.parametrize("sentence", list(sentences()))
def test_numbers_of_the_recorded_nets(sentence):
    assert sentence in TEXT


def test_how_many_seeds_the_means_are_over():
    """The page used to say three, all exploratory, long after fresh seeds had been run."""
    assert "means over [three or five fresh seeds]" in TEXT
    assert {(len(one.seeds), one.is_decided) for one in recorded()} == {
        (3, True),
        (5, True),
    }


def test_numbers_of_other_people_s_nets_are_those_of_the_page_of_claims():
    """Other tests compare that page with results/public-weights."""
    claims = " ".join((ROOT / "docs" / "paper_size.md").read_text(encoding="utf-8").split())
    for here, there in (
        ("goes from 19.9 to 46.2 % error", "resnet-20 from 19.9 to 46.2 %"),
        ("8.0 ± 0.4", "8.0 ± 0.4 of its 27 residual branches"),
        (
            "without 14 of its 27 blocks",
            "without 14 of its 27 blocks, drawn at random, it has 84 %",
        ),
        ("with 84 % error", "it has 84 % error"),
        ("0.426 in resnet-56, 0.685 in resnet-20", "0.426 against 0.685"),
    ):
        assert here in TEXT and there in claims, here


@pytest.mark.parametrize("name", ["vgg16", "vgg19", "resnet34", "resnet50", "resnet152"])
def test_the_table_of_large_nets(name):
    layers, parameters, multiply_adds = SIZES[name]
    row = f"| `{name}` | {layers} | {multiply_adds} | {parameters / 1e6:.1f} M |"
    assert row in PAGE.splitlines()


def test_eight_times_deeper_and_fewer_operations():
    vgg, residual = published(19, False), SIZES["resnet152"]
    ratio = float(residual[2].removesuffix(" G")) * 1e9 / vgg[1]
    assert f"152 layers are {152 / 19:.1f} times 19, with {ratio:.2f} of the multiply-adds" in TEXT
    assert f"and {residual[1] / vgg[0]:.2f} of the parameters" in TEXT
    linear = (512 * 49 + 1) * 4096 + (4096 + 1) * 4096
    assert f"hold {linear / 1e6:.1f} of VGG-19's {vgg[0] / 1e6:.1f} million" in TEXT
    assert f"with the linear layers they are {published(16, False)[1] / 1e9:.2f}" in TEXT


def test_what_shortcuts_cost():
    assert SIZES["resnet-56"][1] == SIZES["plain-56"][1]
    assert f"have the same {SIZES['resnet-56'][1]:,} parameters" in TEXT
    more, twin = SIZES["resnet18"][1] - SIZES["plain18"][1], SIZES["plain18"][1]
    assert f"{more:,} parameters more than its plain twin, {100 * more / twin:.1f} %" in TEXT


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110, 1202])
def test_the_table_of_small_nets(depth):
    name = f"resnet-{depth}"
    layers, parameters, multiply_adds = SIZES[name]
    assert variants.KNOWN[name][:2] == (layers, parameters)
    assert f"| {layers:,} | {parameters:,} | {multiply_adds} | " in PAGE


def test_every_sentence_has_its_verdict_and_every_section_is_listed():
    listed = dict(re.findall(r"\n\| \[.*?\]\(#([\w-]+)\) \| (.+?) \|", PAGE))
    sections = re.findall(r"\n## (.+)\n\n\*\*(.+?)[.,:;]?\*\*", PAGE)
    anchors = [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title, _ in sections]
    assert list(listed) == anchors and len(sections) == PAGE.count("\n## ")
    for anchor, (_, verdict) in zip(anchors, sections):
        first = re.split(r"[;,:.]", verdict)[0].lower()
        assert listed[anchor].lower().startswith(first[:4]), (anchor, verdict)

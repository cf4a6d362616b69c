"""docs/claims.md, on the differences between plain-56 and plain-20: tables and sentences match the
records."""

import math
from itertools import pairwise
from statistics import NormalDist, mean

import pytest

from docs.generate import endings, suspects_figure, verdicts
from docs.generate import suspects as made
from docs.generate import suspects_numbers as numbers
from docs.generate.places import ROOT
from docs.generate.recorded_claims import DECIDED, RECORDED, best_rows
from minires import plot
from minires.experiments import suspects
from minires.experiments.claims import CLAIMS
from minires.experiments.claims.frame import registration

PAGE = (ROOT / made.PAGE).read_text(encoding="utf-8")
TEXT = " ".join(PAGE.split())


def test_the_tables_are_what_the_records_say():
    assert made.page() == PAGE, "make them again: python -m docs.generate.suspects"


def test_the_page_begins_with_the_question():
    assert PAGE.startswith("# Why does depth hurt?\n") and "?**" in PAGE[:700]
    assert PAGE.index("went against our predictions") < PAGE.index("What the records show")


def sentences():
    run, (largest, chance, count) = numbers.run(), numbers.largest_correlation()
    before, longer = numbers.ranked(numbers.RATIO, 0), numbers.ranked(numbers.LONGER, 10)
    yield f"is {before.rho:.2f} (95 % confidence interval {before.low:.2f} to {before.high:+.2f}, n"
    yield f"lengthening {longer.rho:.2f} ({longer.low:.2f} to {longer.high:+.2f})"
    cures = suspects.cures(ROOT / DECIDED, ROOT / RECORDED)
    held = {one.variant: 100 * one.closed for one in cures if one.claim == "aftermath"}
    assert max(held.values()) < 25 and abs(held["kept norms"]) < 5  # "neither closes a quarter"
    yield (
        f"Clipping closes {held['clipped']:.0f} % of it, a warm-up {held['warm-up']:.0f} %, and "
        f"weights kept at their length {held['kept norms']:.0f} %"
    )
    yield from all_endings()
    ranks = [mean(numbers.effective_rank(net)) for net in numbers.NETS]
    yield "keeps {:.1f} directions of 256 images, where plain-20 has {:.1f}".format(*ranks)
    yield f"resnet-56 has {ranks[2]:.1f}, and trains"
    end = run.at(numbers.LONGER, numbers.DEEP, run.steps[-1])
    yield f"early weights {min(end):.1f} to {max(end):.1f} times as long as at the start"
    yield f"The largest of the {count} rank correlations is {largest:.2f} (slowest layer, step 2)"
    yield f"one as large turns up {100 * chance:.0f} times in 100"
    better, worse = kinds()
    yield f"five end between {better[0]:.1f} and {better[-1]:.1f} % training error"
    yield f"four between {worse[0]:.1f} and {worse[-1]:.1f} %"
    yield "They ended at {:.1f}, {:.1f} and {:.1f} % training error, and then at".format(
        *endings.before()
    )
    yield "and then at {:.1f}, {:.1f} and {:.1f} %.".format(*run.error(numbers.DEEP)[:3])
    fresh = sorted(row["train_error"] for row in best_rows("dirac") if row["net"] == numbers.DEEP)
    assert any(better[-1] < error < worse[0] for error in fresh)  # they fill the gap
    yield "end at {:.1f}, {:.1f}, {:.1f}, {:.1f} and {:.1f} %".format(*fresh)
    for claim, words in (("rep-vgg", "31 % of the gap"), ("looks-linear", "closes 41 %")):
        (one,) = (one for one in cures if one.claim == claim)
        assert f"{100 * one.closed:.0f} %" in words
        yield words
    below = suspects.when_apart(run, numbers.SLOWEST, numbers.DEEP, numbers.SHALLOW).below
    yield f"step {min(below)} until the end"


def all_endings():
    """How plain-56 ends as usual, with a warm-up and with clipping."""
    usual, warmed, clipped = endings.usual(), endings.cured("warm-up"), endings.cured("clipped")
    assert [len(some) for some in (usual, warmed, clipped)] == [18, 6, 6]
    yield f"with a warm-up ended between {min(warmed):.1f} and {max(warmed):.1f} % training error,"
    yield f"18 usual ones between {min(usual):.1f} and {max(usual):.1f} %."
    assert max(warmed) - min(warmed) < 2 and round(max(usual) - min(usual)) == 12
    ways = math.comb(18, 6)
    as_close = [round(ways * endings.chance_as_close(some)) for some in (warmed, clipped)]
    yield f"{as_close[0]} in {ways:,} lie as close together."
    yield f"({min(clipped):.1f} to {max(clipped):.1f} %; {as_close[1]} ways in {ways:,} are"
    fresh, beside = endings.later(numbers.DEEP, "warm-up"), endings.later(numbers.DEEP)
    yield "they ended at {:.1f}, {:.1f}, {:.1f}, {:.1f} and {:.1f} %, as far apart".format(*fresh)
    yield f"no lower: {mean(fresh):.1f} % on average, without it {mean(beside):.1f} %"
    yield f"five later ones spread from {min(fresh):.1f} to {max(fresh):.1f} %."


def kinds():
    """The final errors of the better five and the worse four seeds of plain-56."""
    errors = sorted(numbers.run().error(numbers.DEEP))
    return errors[:5], errors[6:]


@pytest.mark.parametrize("sentence", list(sentences()))
def test_the_numbers_in_the_text(sentence):
    assert sentence in TEXT


def test_the_better_and_the_worse_seeds_overlap_in_two_epochs_and_then_no_more():
    run = numbers.run()
    final = run.error(numbers.DEEP)
    better, worse = ([final.index(error) for error in kind] for kind in kinds())
    assert min(worse) != max(better) and "and one at 79.3 %" in TEXT
    assert f"{sorted(final)[5]:.1f}" == "79.3"
    apart = []
    for epoch in range(1, 8):
        errors = run.error(numbers.DEEP, epoch)
        apart.append(min(errors[i] for i in worse) > max(errors[i] for i in better))
    assert apart == [False, False, True, True, True, True, True]
    assert f"between steps {run.steps_an_epoch} and {3 * run.steps_an_epoch}" in TEXT


def test_the_explosion_is_over_within_some_ten_steps():
    run = numbers.run()
    above = suspects.when_apart(run, numbers.RATIO, numbers.DEEP, numbers.SHALLOW).above
    assert max(above) < 10
    assert max(suspects.when_apart(run, numbers.WHOLE, numbers.DEEP, numbers.SHALLOW).above) == 10


def test_before_the_first_step_the_nets_differ_in_what_the_text_names():
    for values in (numbers.sharpness, numbers.gradient_likeness, numbers.effective_rank):
        assert suspects.apart.side(values(numbers.DEEP), values(numbers.SHALLOW)) != 0
    assert (
        0 in suspects.when_apart(numbers.run(), numbers.WHOLE, numbers.DEEP, numbers.SHALLOW).above
    )


def test_which_rank_correlation_ten_seeds_show():
    """The rho whose lower end is above 0 with a probability of 80 %, together with the error of
    `ranked`."""
    normal = NormalDist()
    z = normal.inv_cdf(0.975) + normal.inv_cdf(0.8)
    rho = 0.5
    for _ in range(50):
        rho = math.tanh(z * math.sqrt((1 + rho**2 / 2) / 7))
    assert f"ten seeds show a rank correlation of {rho:.2f}." in TEXT


def test_how_large_an_effect_of_a_cure_three_seeds_show():
    def smallest(cure):
        return registration.smallest_effect(cure.changes, 2, 3)

    cures = suspects.cures(ROOT / DECIDED, ROOT / RECORDED)
    found = {
        claim: [smallest(one) for one in cures if one.claim == claim and len(one.changes) == 3]
        for claim in ("aftermath", "muon")
    }
    assert f"{min(found['aftermath']):.0f} to {max(found['aftermath']):.0f}" == "6 to 8"
    assert "an effect of 6 to 8 points where seeds scatter as in [aftermath](power.md), and" in TEXT
    assert f"of {found['muon'][0]:.0f} points where they scatter as in muon" in TEXT


def test_chance_exceeds_the_shaded_part_one_time_in_twenty():
    errors = list(range(10))
    just_above, just_below = [1, 2, 0, 5, 6, 3, 9, 4, 8, 7], [4, 0, 6, 1, 7, 2, 3, 5, 9, 8]
    for order, is_above in ((just_above, True), (just_below, False)):
        rho, share = suspects.chance_of_largest([order], errors, draws=4000)
        assert (rho > suspects_figure.CRITICAL) == is_above, rho
        assert abs(rho - suspects_figure.CRITICAL) > 0.05 and (share < 0.05) == is_above


def test_the_figures_are_drawn_from_the_records(tmp_path):
    figure = suspects_figure.draw()
    assert len(figure.axes) == 4 and "n = 10" in figure.texts[-1].get_text()
    with plot.use_width("one-column"):
        narrow = suspects_figure.draw()
    tops = [ax.get_position().y1 for ax in narrow.axes]
    assert all(one > other for one, other in pairwise(tops))


def test_the_figure_of_endings_shows_every_training():
    (ax,) = endings.draw().axes
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[0].startswith("plain-56 (") and labels[-1].startswith("plain-20 (")
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(dots) == sum(int(label.split("(")[1].rstrip(")")) for label in labels)


def test_the_strip_of_verdicts_shows_every_claim_and_counts_as_its_alt_text():
    strip = verdicts.strip()
    named = [text.get_text().rstrip("*") for text in strip.axes[0].texts]
    assert named == list(CLAIMS)
    alt = PAGE.split('alt="All 36 claims')[1].split('"')[0]
    labels = [text.get_text() for text in strip.legends[0].get_texts()]
    assert all(label in alt for label in labels)

"""docs/claims.md, docs/verdicts.md and docs/laboratory.md match the recorded runs: verdicts and
numbers are computed again from the tables."""

import re
from math import exp, log
from pathlib import Path
from statistics import mean, median

import pytest

from docs.generate import recorded_claims, verdicts
from minires.experiments import confidence
from minires.experiments.claims import CLAIMS, forgetting, group_norm
from minires.experiments.claims.frame import error_comparison, registration
from minires.experiments.records import read_config

ROOT = Path(__file__).parent.parent
OVERVIEW, DOCUMENT, LABORATORY = (
    (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("claims", "verdicts", "laboratory")
)
TEXT = " ".join(f"{OVERVIEW} {DOCUMENT} {LABORATORY}".split())
INDEX = (ROOT / "docs/site/index.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"\n### ([a-z-]+)\n(.*?)(?=\n##|\Z)", DOCUMENT, flags=re.DOTALL))
ROWS = {name: rows for name in CLAIMS if (rows := recorded_claims.best_rows(name))}
RECORDED = ROOT / recorded_claims.RECORDED
DECIDED = ROOT / recorded_claims.DECIDED  # with seeds that had not been used before


def seeds_of(claim):
    return sorted({row["seed"] for row in ROWS[claim]})


def test_the_verdicts_are_what_the_records_say():
    """After a claim was recorded: minires claims NAME --dataset cifar10 --decide, its table copied
    to results/claims-decided."""
    for path, text in verdicts.pages().items():
        is_same = (ROOT / path).read_text(encoding="utf-8") == text
        assert is_same, f"make {path} again: python -m docs.generate.verdicts"


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_has_its_sentence_and_a_verdict_or_a_prediction(name):
    claim, section = CLAIMS[name], SECTIONS[name]
    assert f"**{claim.statement}** ({claim.source})" in section
    if name not in ROWS:
        assert f"> **predicted**: {registration.prediction(claim)}." in section
        seeds = claim.deciding_seeds
        assert f"`minires claims {name} --dataset cifar10 --decide {seeds}`" in section
        return
    verdict = claim.judge(ROWS[name])
    assert f"> **{verdict.outcome}**: {verdict.brief}.\n" in section
    assert all(f"\n- {part}\n" in section for part in verdict.numbers)
    assert f"| [{name}](verdicts.md#{name}): {claim.statement} | {verdict.outcome} |" in OVERVIEW


@pytest.mark.parametrize("name", [name for name in CLAIMS if (DECIDED / f"{name}.csv").exists()])
def test_a_decided_claim_was_predicted_before_all_its_seeds(name):
    claim, seeds = CLAIMS[name], seeds_of(name)
    assert seeds == registration.deciding_seeds(claim)
    standing = registration.standing(claim, seeds, registration.read(DECIDED))
    assert standing.startswith("predicted ") and "still to decide" not in standing
    assert f"\nP{standing[1:]}." in SECTIONS[name]
    assert f"](../results/claims-decided/{name}.png)" in SECTIONS[name]


def test_how_far_nets_start_above_the_edge_of_stability():
    def times(net, length=1e-3):
        rows = [row for row in ROWS["sharpness-at-start"] if row["length"] == length]
        return exp(mean(log(row["sharpness"] / row["limit"]) for row in rows if row["net"] == net))

    for length, digits in ((1e-4, (0, 1, 1)), (1e-3, (0, 1, 1)), (1e-2, (0, 2, 2))):
        deep, *others = (times(net, length) for net in ("plain-56", "plain-20", "resnet-56"))
        assert deep > 100 * max(others)  # "hundreds of times sharper"
        numbers = [f"{value:,.{n}f}" for value, n in zip([deep, *others], digits, strict=True)]
        assert (
            length == 1e-3
            or "{}, {} and {} times the".format(*numbers) in TEXT
            or ("it is {}, {} and {} times".format(*numbers) in TEXT)
        )
    assert (
        f"plain-56 is {times('plain-56'):,.0f} times the limit, that of plain-20 "
        f"{times('plain-20'):.1f} times, of resnet-56 {times('resnet-56'):.1f} times and of "
        f"resnet-20 {times('resnet-20'):.2f} times" in TEXT
    )


def test_in_the_order_of_the_report():
    assert list(SECTIONS) == list(CLAIMS)


def test_the_readme_counts_them():
    outcomes = [CLAIMS[name].judge(rows).outcome for name, rows in ROWS.items()]
    counts = (f"{outcomes.count(one)} {one}" for one in ("supported", "contradicted", "undecided"))
    assert len(outcomes) == len(CLAIMS)  # else the three pages say how many have one
    row = f"| {len(CLAIMS)} claims, all with a verdict | {', '.join(counts)} |"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert row in readme
    assert f"| {len(CLAIMS)} claims about depth," in readme
    assert "; all have a verdict" in readme
    assert f"{len(CLAIMS)} claims about depth, each with a verdict." in INDEX


def test_the_setting_is_that_of_the_run():
    config = read_config(RECORDED)
    environment = config["environment"]
    assert config["caption"] in TEXT and config["preset"] == "quick"
    for word in (
        environment["processor"],
        f"Python {environment['python']}",
        f"NumPy {environment['numpy']}",
        f"{environment['cores']} cores",
    ):
        assert word in TEXT, word


def test_what_is_recorded_is_small_and_without_weights():
    files = [
        path for path in RECORDED.rglob("*") if path.is_file() and path.name != "report.html"
    ]  # git ignores these
    assert sum(path.stat().st_size for path in files) < 10e6
    assert {path.suffix for path in files} <= {".csv", ".png", ".gif", ".json", ".md"}


def error(claim, net, variant="usual", beside=None):
    """The mean training error over the seeds, as the document writes it; with `beside`, another
    claim, over seeds of the same kind as that has: fresh or exploratory ones."""
    rows = recorded_claims.rows_beside(claim, beside) if beside else ROWS[claim]
    rows = [row for row in rows if (row["net"], row["variant"]) == (net, variant)]
    return f"{mean(row['train_error'] for row in rows):.1f} %"


def first_over_last(net):
    """Weight gradient of the first layer over that of the last convolution at initialisation:
    geometric mean over the seeds."""

    def norm(seed, end):
        found = {
            row["depth"]: row["gradient_norm"]
            for row in ROWS["vanishing-at-initialisation"]
            if (row["net"], row["seed"]) == (net, seed)
        }
        return found[end(found)]

    seeds = seeds_of("vanishing-at-initialisation")
    return exp(mean(log(norm(seed, min) / norm(seed, max)) for seed in seeds))


def lost(net):
    """What dropping a block costs of the lead over chance, in percent: mean over the seeds of the
    median of the blocks."""
    return 100 * mean(
        median(
            row["lost"]
            for row in ROWS["lesions"]
            if (row["net"], row["lesion"], row["seed"]) == (net, "dropped", seed)
        )
        for seed in seeds_of("lesions")
    )


def share(what):
    return 100 * mean(row["value"] for row in ROWS["trajectory"] if row["what"] == what)


def in_training(iteration):
    """Weight gradient of plain-56's first layer over that of the last convolution after that many
    steps: geometric mean over the seeds."""

    def norm(seed, end):
        found = {
            row["depth"]: row["gradient_norm"]
            for row in ROWS["vanishing-in-training"]
            if (row["net"], row["seed"], row["iteration"]) == ("plain-56", seed, iteration)
        }
        return found[end(found)]

    seeds = seeds_of("vanishing-in-training")
    return exp(mean(log(norm(seed, min) / norm(seed, max)) for seed in seeds))


def growths():
    """The factor by which the weights of plain-56's first ten layers have grown in 300 steps, by
    seed."""
    rows = [
        row
        for row in ROWS["flung-out"]
        if (row["net"], row["iteration"]) == ("plain-56", 300) and row["depth"] <= 10
    ]
    return [
        f"{exp(mean(log(row['growth']) for row in rows if row['seed'] == seed)):.1f}"
        for seed in seeds_of("flung-out")
    ]


def falls(first, last):
    """Weight gradient of plain-56's first layer over the last convolution's, by seed: the median of
    the recorded steps from `first` to `last`."""
    found = []
    for seed in seeds_of("vanishing-in-training"):
        norms = {}
        for row in ROWS["vanishing-in-training"]:
            if (row["net"], row["seed"]) == ("plain-56", seed) and first <= row[
                "iteration"
            ] <= last:
                norms.setdefault(row["iteration"], {})[row["depth"]] = row["gradient_norm"]
        ratio = median(layers[1] / layers[max(layers)] for layers in norms.values())
        found.append(f"{ratio:.2g}" if first == last else f"{ratio:.2f}")
    return found


def in_words(numbers):
    return f"{', '.join(numbers[:-1])} and {numbers[-1]}"


def span(net, moment):
    """The largest gradient at a block over the smallest: geometric mean over the seeds."""
    norms = [
        [
            row["gradient_norm"]
            for row in ROWS["gradient-flow"]
            if (row["net"], row["moment"], row["seed"]) == (net, moment, seed)
        ]
        for seed in seeds_of("gradient-flow")
    ]
    return exp(mean(log(max(values) / min(values)) for values in norms))


def lesion(block):
    return 100 * mean(
        row["lost"]
        for row in ROWS["lesions"]
        if (row["net"], row["lesion"], row["blocks"]) == ("resnet-56", "dropped", block)
    )


def alike(net):
    return mean(
        row["autocorrelation"] for row in ROWS["shattering"] if (row["net"], row["lag"]) == (net, 1)
    )


def cures():
    """What clipping, a warm-up, a small rate and weights of one length change in plain-56."""

    def changes(variant, folder=recorded_claims.DECIDED):
        rows = recorded_claims.rows("aftermath", folder)
        return error_comparison.differences(rows, ("plain-56", variant), ("plain-56", "usual"))

    deep, shallow = (mean(error_comparison.of(ROWS["aftermath"], f"plain-{n}")) for n in (56, 20))
    gap = deep - shallow
    clipped, warmed = changes("clipped"), changes("warm-up")
    before = changes("clipped", recorded_claims.RECORDED)
    assert [one < 0 for one in before] == [True, True, False]  # "helped twice and hurt once"
    assert min(changes("kept norms")) < 0 < max(changes("kept norms"))
    small = changes("small rate") + changes("small rate", recorded_claims.RECORDED)
    bad = error_comparison.of(ROWS["aftermath"], "plain-56")[clipped.index(min(clipped))]
    return [
        "lowers the training error by {:.1f}, {:.1f} and {:.1f} points".format(*map(abs, clipped)),
        f"the {-min(clipped):.1f} points are owed to a usual training that ended at {bad:.1f} %",
        f"wins back {-100 * mean(clipped) / gap:.0f} % of the gap to plain-20, a warm-up "
        f"{-100 * mean(warmed) / gap:.0f} %",
        f"with all six seeds, by {min(small):.1f} to {max(small):.1f} points",
    ]


def after_a_warm_up():
    """Training errors of the seeds that were to show whether a warm-up spares bad endings."""
    warmed, usual = (
        error_comparison.of(ROWS["bad-endings"], "plain-56", variant)
        for variant in ("warm-up", "usual")
    )
    return [
        "at {:.1f}, {:.1f}, {:.1f}, {:.1f} and {:.1f} %, five without it".format(*warmed),
        f"five without it between {min(usual):.1f} and {max(usual):.1f} %",
    ]


def concatenated():
    """Errors of the DenseNet and of the residual net of its depth and number of parameters."""
    (new, old), (learned, slower) = (
        [
            error_comparison.of(ROWS["dense"], net, column=column)
            for net in ("densenet-58", "resnet-56")
        ]
        for column in ("test_error", "train_error")
    )
    ahead = [o - n for n, o in zip(new, old, strict=True)]
    return [
        f"The DenseNet is wrong on {mean(new):.1f} % of the test images, resnet-56 on "
        f"{mean(old):.1f} %, and",
        f"with every seed, by {min(ahead):.0f} to {max(ahead):.0f} points",
        f"({mean(learned):.1f} % against {mean(slower):.1f} %)",
    ]


def norms_kept():
    """Training errors of the nets without batch norm, whose weights preserve norms or do not."""

    def errors(net, variant="small rate"):
        return error_comparison.of(ROWS["delta-orthogonal"], net, variant)

    tanh, usual = errors("tanh-delta-56"), errors("plain-56", "usual")
    guessing = errors("tanh-normal-56") + errors("relu-delta-56")
    assert sum(a < b for a, b in zip(tanh, usual, strict=True)) == 2  # "two seeds of three"
    better = [a - b for a, b in zip(tanh, errors("resnet-56", "usual"), strict=True)]
    return [
        "it ends at {:.1f}, {:.1f} and {:.1f} %.".format(*tanh),
        f"stays at guessing, between {min(guessing):.1f} and {max(guessing):.1f} %",
        "plain-56 with batch norm, which ended at {:.1f}, {:.1f} and {:.1f} %".format(*usual),
        f"resnet-56 ends {min(better):.0f} to {max(better):.0f} points lower",
    ]


def responses():
    def average(net, seed):
        return mean(
            row["std"] for row in ROWS["responses"] if (row["net"], row["seed"]) == (net, seed)
        )

    less = [
        100 * (1 - average("resnet-56", seed) / average("plain-56", seed))
        for seed in seeds_of("responses")
    ]
    return [f"responds between {max(less):.0f} % less and {-min(less):.0f} % more than plain-56"]


def forgotten():
    """By how many points a linear probe errs more after a net's last block than after the best."""

    def mean_of(net, moment):
        return mean(forgetting.lost(ROWS["forgetting"], net, moment))

    plain, shallow, residual = ("plain-56", "plain-20", "resnet-56")
    before, after = forgetting.MOMENTS
    return [
        f"errs {mean_of(plain, before):.1f} points more than after the best one in plain-56, "
        f"{mean_of(shallow, before):.1f} points more in plain-20 and "
        f"{mean_of(residual, before):.1f} in resnet-56",
        f"lose {mean_of(plain, after):.1f} points in plain-56, {mean_of(shallow, after):.1f} in "
        f"plain-20 and {mean_of(residual, after):.1f} in resnet-56",
    ]


def at_step_300():
    (criterion,) = CLAIMS["vanishing-in-training"].criteria
    ratios = [10**value for value in criterion.values(ROWS["vanishing-in-training"])]
    assert 1 / 8.5 < min(ratios) < 1 / 7.5
    return [
        f"after 300 steps {exp(mean(map(log, ratios))):.1f}.",
        f"the ratio is between an eighth and {max(ratios):.1f}",
    ]


def above_random_walks():
    def gains(net):
        found = {
            (row["seed"], row["what"]): 100 * row["value"]
            for row in ROWS["trajectory"]
            if row["net"] == net
        }
        return [
            found[seed, "explained"] - found[seed, "explained, random walk"]
            for seed in seeds_of("trajectory")
        ]

    residual, plain = gains("resnet-56"), gains("plain-56")
    return [
        f"above its random walk by {min(residual):.0f} to {max(residual):.0f} points, plain-56 not "
        f"at all ({min(plain):+.2f} to {max(plain):+.2f} points)"
    ]


def copies():
    """Of how many seeds the copy ended above plain-20, and that it ended below plain-56."""
    errors = {(row["variant"], row["net"], row["seed"]): row["train_error"] for row in ROWS["copy"]}
    seeds = seeds_of("copy")
    trained_on = [errors["usual", "copy, trained on", seed] for seed in seeds]
    worse = sum(
        after > errors["usual", "copy", seed] for after, seed in zip(trained_on, seeds, strict=True)
    )
    assert (worse, len(seeds)) == (4, 5)
    lost = mean(trained_on) - mean(errors["usual", "copy", seed] for seed in seeds)
    assert all(
        after < errors["usual", "plain-56", seed] - 9
        for after, seed in zip(trained_on, seeds, strict=True)
    )
    return [
        "It gets worse with four seeds of five, and stays far below plain-56 as usual with all",
        f"and loses {lost:.1f} points of it in training",
    ]


def normalisations():
    """Factors of the gradient and training errors of plain-56 with three kinds of normalisation."""
    rows = ROWS["group-norm"]
    factors = [mean(group_norm.factors(rows, net)) for net in group_norm.NETS]
    by_seed = [
        {row["seed"]: row["value"] for row in group_norm.of(rows, net, group_norm.TRAIN)}
        for net in group_norm.NETS
    ]
    usual = by_seed[0]
    errors = [mean(one.values()) for one in by_seed]
    worse = [error - errors[0] for error in errors[1:]]
    seeds_worse = [sum(one[seed] > usual[seed] for seed in usual) for one in by_seed[1:]]
    assert seeds_worse == [5, 4] and len(usual) == 5
    return [
        "{:.2f} a layer with batch norm, {:.2f} with group norm, {:.2f} with layer".format(
            *factors
        ),
        f"it ends at {errors[1]:.1f} % training error with group norm, worse with every seed, and "
        f"at {errors[2]:.1f} % with layer norm, worse with four of five. With batch norm it ends "
        f"at {errors[0]:.1f} %",
        "by {:.1f} points with group norm, with every seed, and by {:.1f} with layer norm".format(
            *worse
        ),
    ]


def folded_nets():
    """Training errors of the nets that fold into a plain-56, and their leads by seed."""
    errors = {
        net: [row["train_error"] for row in ROWS[claim] if row["net"] == net]
        for claim in ("rep-vgg", "dirac")
        for net in ("plain-56", "resnet-56", "repvgg-56", "diracnet-56")
        if any(row["net"] == net for row in ROWS[claim])
    }
    plain, residual, branches, weights = (
        errors[net] for net in ("plain-56", "resnet-56", "repvgg-56", "diracnet-56")
    )
    seeds = [row["seed"] for row in ROWS["dirac"] if row["net"] == "plain-56"]
    gains = [p - w for p, w in zip(plain, weights, strict=True)]
    shares = {s: g / (p - r) for s, g, p, r in zip(seeds, gains, plain, residual, strict=True)}
    low = {seed: share for seed, share in shares.items() if share < 0.6}
    assert list(low) == [102, 104]
    few = [p - b for p, b in zip(plain, branches, strict=True)]
    return [
        f"{mean(branches):.1f} % training error on average, where plain-56 has {mean(plain):.1f} % "
        f"and resnet-56 {mean(residual):.1f} %",
        f"With seed {seeds[few.index(min(few))]} the branches gain only {min(few):.1f} points",
        f"All five trainings end between {min(branches):.1f} and {max(branches):.1f} %",
        f"ends {min(gains):.1f} to {max(gains):.1f} points below plain-56, "
        f"at {mean(weights):.1f} %",
        "seeds 102 and 104 have {:.2f} and {:.2f}".format(*low.values()),
        f"plain-56 ends at {mean(weights):.1f} % training error instead of {mean(plain):.1f} %",
    ]


def other_shortcuts():
    """Training errors of the nets whose shortcuts fade, or have gates."""

    def by_seed(claim, net, epoch=None):
        return {
            row["seed"]: row["train_error"]
            for row in ROWS[claim]
            if row["net"] == net and row.get("epoch") == epoch
        }

    nets = ("fading-56", "plain-56", "resnet-56")
    last = {net: by_seed("annealed-shortcuts", net, 7) for net in nets}
    fourth = {net: by_seed("annealed-shortcuts", net, 4) for net in nets}
    first = {net: by_seed("annealed-shortcuts", net, 1) for net in nets}
    fall = {net: mean(fourth[net].values()) - mean(last[net].values()) for net in nets}
    fading, plain, residual = (last[net] for net in nets)
    shares = [(plain[s] - fading[s]) / (plain[s] - residual[s]) for s in fading]
    assert mean(first["fading-56"].values()) < min(mean(first[net].values()) for net in nets[1:])
    assert fading[101] == max(fading.values()) > plain[101] and max(shares) < 0.5
    gates, without = by_seed("highway", "highway-56"), by_seed("highway", "plain-56")
    behind = {seed: gates[seed] - without[seed] for seed in gates}
    assert abs(fading[104] - plain[104]) < 0.2  # "level with it"
    assert [seed for seed, points in behind.items() if points > 0] == [100]
    assert min(gates[seed] - residual[seed] for seed in gates) > 2
    assert without == plain and by_seed("highway", "resnet-56") == residual
    return [
        f"ends at {mean(fading.values()):.1f} % training error on average, where plain-56 has "
        f"{mean(plain.values()):.1f} % and resnet-56 {mean(residual.values()):.1f} %",
        f"the best one, {max(shares):.2f},",
        f"its error falls by {fall['fading-56']:.1f} points, plain-56's by "
        f"{fall['plain-56']:.1f} and resnet-56's by {fall['resnet-56']:.1f}.",
        f"ends at {fading[101]:.1f} %, above plain-56",
        f"{mean(gates.values()):.1f} % training error on average against "
        f"{mean(residual.values()):.1f} % for plain addition",
        f"plain-56 ends at {mean(without.values()):.1f} %, and with seed 100 at "
        f"{behind[100]:.1f} points *less*",
    ]


def other_steps():
    """Training errors with Muon, by net, and of the net that starts linear."""

    def errors(claim, net, variant):
        wanted = (net, variant)
        rows = [row for row in ROWS[claim] if (row["net"], row["variant"]) == wanted]
        return [row["train_error"] for row in sorted(rows, key=lambda row: row["seed"])]

    def by(optimizer):
        return [errors("muon", net, optimizer) for net in ("plain-20", "plain-56", "resnet-56")]

    (short, deep, residual), (short_m, deep_m, residual_m) = by("usual"), by("Muon")
    changes = [m - s for m, s in zip(deep_m, deep, strict=True)]
    lead = [s - r for s, r in zip(short_m, residual_m, strict=True)]
    assert sum(change < 0 for change in changes) == 2 and sum(one > 0 for one in lead) == 2
    linear, plain, usual = (
        errors("looks-linear", net, variant)
        for net, variant in (
            ("looks-linear-56", "clipped"),
            ("plain-56", "usual"),
            ("resnet-56", "usual"),
        )
    )
    below = [p - n for p, n in zip(plain, linear, strict=True)]
    assert min(below) > 0
    return [
        f"Plain-56 ends at {mean(deep_m):.1f} % training error on average",
        f"its gap to plain-20 grows from {mean(deep) - mean(short):.1f} to "
        f"{mean(deep_m) - mean(short_m):.1f} points",
        f"does not shrink: {mean(deep) - mean(short):.1f} points with SGD, "
        f"{mean(deep_m) - mean(short_m):.1f} with Muon, n = {len(deep)}",
        "{:+.1f} points, with a 95 % interval from {:+.1f} to {:+.1f}.".format(
            mean(changes), *confidence.interval(changes)
        ),
        f"resnet-56 falls from {mean(residual):.1f} to {mean(residual_m):.1f} %. With SGD it is "
        f"level with plain-20 after these seven epochs ({mean(short):.1f} %); with Muon it is "
        f"{mean(lead):.1f} points below it",
        f"({mean(deep_m):.1f} % instead of {mean(deep):.1f}, with three seeds that disagree), "
        f"while resnet-56 gains {mean(residual) - mean(residual_m):.1f} points",
        f"it ends at {mean(linear):.1f} % training error on average, "
        f"{mean(linear) - mean(usual):.1f} points above",
        f"below plain-56 with every seed, by {min(below):.1f} to {max(below):.1f} points",
        f"from {min(linear):.1f} to {max(linear):.1f} %, where those of plain-56 lie between "
        f"{min(plain):.1f} and {max(plain):.1f}",
    ]


def multilayer_perceptrons(rows, net, variant):
    wanted = (net, variant)
    return {
        row["seed"]: row["train_error"] for row in rows if (row["net"], row["variant"]) == wanted
    }


def before_the_convolution():
    new, usual = (
        [row["train_error"] for row in ROWS["pre-activation"] if row["net"] == net]
        for net in ("pre-activation-56", "resnet-56")
    )
    return [
        f"at {mean(new):.1f} % training error ({min(new):.1f} to {max(new):.1f} %), where "
        f"resnet-56 has {mean(usual):.1f} ({min(usual):.1f} to {max(usual):.1f} %)"
    ]


def width_and_depth():
    """Test errors of nets of 20 and 56 layers, and of those of 20 as large as those of 56."""

    def test_error(net):
        return mean(row["test_error"] for row in ROWS["wider"] if row["net"] == net)

    return [
        f"the wide resnet-20 is wrong on {test_error('wide-resnet-20'):.1f} % of the test images, "
        f"resnet-56 on {test_error('resnet-56'):.1f} %",
        f"resnet-20 of the usual width ends at {test_error('resnet-20'):.1f} %",
        f"it is {test_error('wide-plain-20'):.1f} for the wide plain-20, "
        f"{test_error('plain-56'):.1f} for plain-56, and {test_error('plain-20'):.1f} for plain-20",
    ]


def without_convolutions():
    """Training errors of the nets of fully connected layers."""
    deep, shallow = (
        multilayer_perceptrons(ROWS["multilayer-perceptron"], f"residual-mlp-{depth}", "warm-up")
        for depth in (56, 20)
    )
    residual, plain = (
        multilayer_perceptrons(ROWS["multilayer-perceptron"], f"{family}-mlp-56", "usual").values()
        for family in ("residual", "plain")
    )
    explored = recorded_claims.rows("multilayer-perceptron", recorded_claims.RECORDED)
    guessing = multilayer_perceptrons(explored, "residual-mlp-56", "usual").values()
    assert len(guessing) == 3 and sum(error > 89 for error in guessing) == 2
    gap = mean(deep[seed] - shallow[seed] for seed in deep)
    return [
        f"residual-mlp-56 ends {gap:.1f} points *above* residual-mlp-20",
        f"residual-mlp-56 ends at {min(residual):.1f} to {max(residual):.1f} %, about where "
        f"plain-mlp-56 does ({min(plain):.1f} to {max(plain):.1f} %)",
    ]


def sentences():
    few, usual = "1,024 images", "usual"
    return [
        f"plain-56 ends at {error('degradation', 'plain-56')} training error, plain-20 at "
        f"{error('degradation', 'plain-20')}",
        f"{error('degradation', 'plain-56', few)} against {error('degradation', 'plain-20', few)}",
        f"learns all but {error('degradation', 'resnet-56', few)} of them",
        f"({error('degradation', 'resnet-56', usual)} against "
        f"{error('degradation', 'resnet-20', usual)})",
        f"the copy drifts from {error('copy', 'copy')} to "
        f"{error('copy', 'copy, trained on')} training error",
        f"bring plain-56 from {error('degradation', 'plain-56', beside='longer')} down to "
        f"{error('longer', 'plain-56', 'three times longer')}",
        f"in plain-56 is {first_over_last('plain-56'):,.0f} times the last convolution's",
        f"In resnet-56 the factor is {first_over_last('resnet-56'):.0f}.",
        f"by {first_over_last('plain-56') ** (1 / 54):.2f} a layer",
        f"is {in_training(0):.0f} times the last's (on the batches of training), after 10 "
        f"steps {in_training(10):.1f} times",
        f"after 50 steps {in_training(50):.2f}",
        f"at step 50 the ratio is {in_words(falls(50, 50))} by seed",
        f"over the steps from 20 to 300 is {in_words(falls(20, 300))}",
        f"The weights became {in_words(growths())} times as long",
        f"{span('resnet-56', 'at initialisation'):.0f} times the smallest at initialisation "
        f"and {span('resnet-56', 'after training'):.1f} times",
        f"in plain-56 {span('plain-56', 'at initialisation'):,.0f} times and "
        f"{span('plain-56', 'after training'):.0f} times",
        f"is the first, with {lesion('layer1.0'):.0f} %",
        f"they cost {lesion('layer2.0'):.0f} % and {lesion('layer3.0'):.0f} %",
        f"(autocorrelation {alike('plain-56'):.2f}), in resnet-56 they do "
        f"({alike('resnet-56'):.2f})",
        f"in resnet-20 it is {alike('resnet-20'):.2f}",
        f"nearly as shattered ({alike('plain-20'):.2f})",
        f"ends lower on average ({error('degradation', 'resnet-56', beside='without-batch-norm')})",
        *cures(),
        *after_a_warm_up(),
        *concatenated(),
        *norms_kept(),
        *responses(),
        *forgotten(),
        *normalisations(),
        *at_step_300(),
        *above_random_walks(),
        *copies(),
        *without_convolutions(),
        *width_and_depth(),
        *before_the_convolution(),
        *folded_nets(),
        *other_shortcuts(),
        *other_steps(),
        f"it loses {lost('resnet-56'):.0f} % of its lead over chance",
        f"plain-56 loses {lost('plain-56'):.0f} %",
        f"Here they hold {share('explained'):.0f} %",
        f"would put {share('explained, random walk'):.0f} % into two directions",
    ]


@pytest.mark.parametrize("sentence", sentences())
def test_the_numbers_in_the_text(sentence):
    assert sentence in TEXT

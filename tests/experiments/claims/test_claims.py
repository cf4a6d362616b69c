"""Every claim is measured on nets small enough for a test, judged on numbers that decide it either
way, drawn and reported."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from minires import nn
from minires.autograd import Tensor
from minires.diagnostics import trajectory
from minires.errors import ConfigError, DataError
from minires.experiments import claims
from minires.experiments.claims import CLAIMS
from minires.experiments.claims.frame import laboratory
from minires.experiments.claims.frame.verdict import CONTRADICTED, SUPPORTED, UNDECIDED
from minires.experiments.presets import PRESETS
from minires.experiments.records import read_table

from ..tiny import tiny_preset

TINY = tiny_preset(train_size=1100, test_size=40, batch_size=550, iterations=4)


@pytest.fixture(scope="module")
def small_nets():
    """The nets of the claims under their names, but with 8 layers, or as few as their kind
    allows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "tiny", TINY)
        for table in (laboratory.NETS, laboratory.LINEAR_NETS):
            for name, build in table.items():
                patch.setitem(table, name, partial(build.func, 8, **build.keywords))
        group_norm = partial(laboratory.NETS["group-norm-56"], norm_groups=2)  # of two channels
        patch.setitem(laboratory.NETS, "group-norm-56", group_norm)
        patch.setattr(claims.copy, "STEPS", 2)
        patch.setattr(claims.edge_of_stability, "IMAGES", 32)
        patch.setattr(claims.edge_of_stability, "STEPS", 4)
        patch.setattr(claims.edge_of_stability, "EVERY", 2)
        patch.setattr(claims.forgetting, "IMAGES", 40)
        patch.setattr(claims.landscape, "GRID", 3)
        patch.setattr(claims.landscape, "IMAGES", 8)
        patch.setattr(claims.orthogonal_weights, "DEPTH", 6)
        patch.setattr(claims.orthogonal_weights, "FIRST", 2)
        patch.setattr(claims.orthogonal_weights, "WIDTH", 8)
        patch.setattr(claims.path_lengths, "SAMPLES", 1)
        patch.setattr(claims.sharpness_at_start, "BATCH", 8)
        patch.setattr(claims.trajectory, "GRID", 3)
        patch.setattr(claims.trajectory, "IMAGES", 8)
        patch.setattr(claims.vanishing_without_batch_norm, "DEPTH", 8)
        patch.setattr(claims.vanishing_without_batch_norm, "DRAWS", 1)
        yield


@pytest.fixture(scope="module")
def finished(small_nets, tmp_path_factory):
    out = tmp_path_factory.mktemp("claims")
    return out, claims.run(list(CLAIMS.values()), out, preset="tiny", progress=False)


def test_every_claim_is_measured_judged_and_drawn(finished):
    out, findings = finished
    assert [finding.claim.name for finding in findings] == list(CLAIMS)
    for claim, verdict, seeds, _ in findings:
        rows = read_table(out / f"{claim.name}.csv", claim.columns, claim.text)
        assert rows and {row["seed"] for row in rows} == {0} and seeds == [0]
        assert (
            verdict.outcome in (SUPPORTED, CONTRADICTED, UNDECIDED) and "1 seed" in verdict.reason
        )
        assert (out / f"{claim.name}.png").stat().st_size > 5000


def test_every_claim_says_which_trainings_it_looks_at(finished, small_nets, monkeypatch):
    """Otherwise its nets are trained one after the other."""
    out, _ = finished
    asked, train = set(), laboratory.Laboratory.train

    def note(self, net, seed, variant="usual", callbacks=()):
        asked.add((net, variant))
        return train(self, net, seed, variant, callbacks)

    monkeypatch.setattr(laboratory.Laboratory, "train", note)
    place = laboratory.Laboratory(out, preset="tiny", progress=False)
    for claim in CLAIMS.values():
        asked.clear()
        list(claim.measure(place, 0))
        assert asked == set(claim.trainings), claim.name


def test_the_report_holds_them_all(finished):
    out, findings = finished
    markdown, page = (out / "report.md").read_text(), (out / "report.html").read_text()
    assert "](verdicts.png)" in markdown and (out / "verdicts.png").exists()
    for claim, verdict, *_ in findings:
        assert (
            claim.statement in markdown
            and f"**{verdict.outcome}**: {verdict.brief}." in markdown
            and all(f"\n- {part}\n" in markdown for part in verdict.numbers)
            and f"({claim.name}.png)" in markdown
        )
        assert f'id="{claim.name}"' in page and f"minires claims {claim.name} --preset tiny" in page
    assert (
        page.count("data:image/png;base64,") == len(findings) + 1  # and all verdicts at a glance
        and page.count("data:image/gif;base64,") == 1
        and "<img" in page
        and 'src="/' not in page
    )


def test_the_animation_has_a_frame_for_each_recorded_step(finished):
    image = pytest.importorskip(
        "PIL.Image", reason="Pillow, which comes with Matplotlib, is not installed"
    )
    out, _ = finished
    iterations = {
        row["iteration"]
        for row in read_table(
            out / "vanishing-in-training.csv", CLAIMS["vanishing-in-training"].columns, ("net",)
        )
    }
    with image.open(out / "vanishing-in-training.gif") as animation:
        first = animation.convert("RGB").tobytes()
        animation.seek(len(iterations) - 1)
        assert animation.convert("RGB").tobytes() != first


def test_finished_seeds_are_used_again_and_more_can_be_added(finished, small_nets, monkeypatch):
    out, _ = finished
    claim = CLAIMS["pre-activation"]
    before = (out / f"{claim.name}.csv").read_text()
    trained = []
    train = laboratory.Laboratory._train
    monkeypatch.setattr(
        laboratory.Laboratory,
        "_train",
        lambda self, *what: trained.append(what) or train(self, *what),
    )
    claims.run([claim], out, preset="tiny", progress=False)
    assert trained == [] and (out / f"{claim.name}.csv").read_text() == before
    (finding,) = claims.run([claim], out, preset="tiny", seeds=2, progress=False)
    assert {what[1] for what in trained} == {1} and finding.seeds == [0, 1]
    assert (out / f"{claim.name}.csv").read_text().startswith(
        before
    ) and "n = 2 seeds" in finding.verdict.reason
    for report in ("report.md", "report.html"):
        assert f"minires claims {claim.name} --preset tiny --seeds 2" in (out / report).read_text()


def test_nets_are_shared_and_left_as_they_are(finished, small_nets):
    """Another laboratory in the same place loads the nets that the claims have trained, which the
    diagnostics have not changed."""
    out, _ = finished
    place = laboratory.Laboratory(out, preset="tiny", progress=False)
    model = place.trained("plain-56", 0)
    loaded = {name: array.copy() for name, array in model.state_dict().items()}
    for name in ("responses", "lesions", "landscape"):
        CLAIMS[name].measure(place, 0)
    assert place.trained("plain-56", 0) is model
    assert all(np.array_equal(array, loaded[name]) for name, array in model.state_dict().items())
    assert place.metrics("plain-56", 0)[-1]["iteration"] == TINY.iterations


def test_an_interrupted_seed_is_measured_again(small_nets, tmp_path):
    def measure(laboratory, seed):
        yield {"net": "plain-20", "variant": "usual", "train_error": 1.0, "test_error": 2.0}
        if not again:
            raise KeyboardInterrupt
        yield {"net": "plain-56", "variant": "usual", "train_error": 9.0, "test_error": 9.0}

    figure = claims.frame.error_comparison.draw(
        ("", [("20", "plain-20", "usual", "black"), ("56", "plain-56", "usual", "grey")])
    )
    claim, again = (
        replace(
            CLAIMS["pre-activation"],
            name="mine",
            measure=measure,
            criteria=CLAIMS["stochastic-depth"].criteria,
            draw=figure,
        ),
        False,
    )
    with pytest.raises(KeyboardInterrupt):
        claims.run([claim], tmp_path, preset="tiny", progress=False)
    assert read_table(tmp_path / "mine.csv", claim.columns, claim.text) == []
    again = True
    claims.run([claim], tmp_path, preset="tiny", progress=False)
    assert len(read_table(tmp_path / "mine.csv", claim.columns, claim.text)) == 2


def test_other_settings_in_the_same_folder(finished):
    out, _ = finished
    with pytest.raises(ConfigError, match="preset tiny -> quick"):
        claims.run([CLAIMS["degradation"]], out, preset="quick", progress=False)


def test_a_report_without_claims(tmp_path):
    with pytest.raises(DataError):
        claims.write_report(list(CLAIMS.values()), tmp_path)


def test_names_that_do_not_exist(small_nets, tmp_path):
    place = laboratory.Laboratory(tmp_path, preset="tiny")
    with pytest.raises(ConfigError, match="did you mean 'plain-56'"):
        place.fresh("plain-57", 0)
    with pytest.raises(ConfigError, match="did you mean 'clipped'"):
        place.trained("plain-56", 0, "clip")


# Judges, on numbers that must come out supported, contradicted and undecided, whichever way they
# are measured.


def final_errors(table):
    """Rows of three seeds: (net, variant) -> training error in percent; test errors are 5 points
    above."""
    return [
        {
            "seed": seed,
            "net": net,
            "variant": variant,
            "train_error": error + 0.1 * seed,
            "test_error": error + 5 + 0.1 * seed,
            "difference": 1e-6,
            "epoch": 7,
        }
        for seed in range(3)
        for (net, variant), error in table.items()
    ]


def usual(**table):
    return {(name.replace("_", "-"), "usual"): error for name, error in table.items()}


# claim -> errors that support it, and changes that contradict it and leave it undecided
JUDGED_BY_ERRORS = {
    "degradation": (
        {("plain-20", v): 40 for v in ("usual", "1,024 images")}
        | {("plain-56", v): 60 for v in ("usual", "1,024 images")},
        ("plain-56", "1,024 images"),
        20,
        41,
    ),
    "copy": (usual(copy=40, plain_56=60), ("plain-56", "usual"), 20, 41),
    "longer": (
        usual(plain_20=40) | {("plain-56", "three times longer"): 50},
        ("plain-56", "three times longer"),
        20,
        41,
    ),
    "aftermath": (
        {
            ("plain-56", "usual"): 60,
            ("plain-56", "warm-up"): 60,
            ("plain-56", "clipped"): 50,
            ("plain-56", "small rate"): 70,
            ("plain-56", "kept norms"): 70,
        },
        ("plain-56", "clipped"),
        None,
        60,
    ),
    "bad-endings": (
        usual(plain_20=40, plain_56=60) | {("plain-56", "warm-up"): 55},
        ("plain-56", "warm-up"),
        61,
        59.8,
    ),
    "shortcuts": (
        usual(resnet_56=40, projections_56=50, halved_56=50),
        ("halved-56", "usual"),
        30,
        41,
    ),
    "pre-activation": (
        usual(resnet_56=40, pre_activation_56=30),
        ("pre-activation-56", "usual"),
        50,
        41,
    ),
    "without-batch-norm": (
        usual(plain_56=60, skipinit_56=40) | {("fixup-56", "small rate for scalars"): 40},
        ("fixup-56", "small rate for scalars"),
        80,
        61,
    ),
    "stochastic-depth": (
        usual(resnet_56=40, stochastic_56=30),
        ("stochastic-56", "usual"),
        50,
        40.2,
    ),
    "rep-vgg": (
        usual(plain_56=60, repvgg_56=40),
        ("repvgg-56", "usual"),
        80,
        59,
    ),
    "dirac": (
        usual(plain_56=60, diracnet_56=42, resnet_56=40),
        ("diracnet-56", "usual"),
        58,
        50,
    ),
    "annealed-shortcuts": (
        usual(plain_56=60, resnet_56=40) | {("fading-56", "shortcuts fade"): 44},
        ("fading-56", "shortcuts fade"),
        56,
        49,
    ),
    "highway": (
        usual(plain_56=60, highway_56=50, resnet_56=40),
        ("highway-56", "usual"),
        36,
        41,
    ),
    "dense": (
        usual(plain_56=60, resnet_56=40, densenet_58=36),
        ("densenet-58", "usual"),
        44,
        39.5,
    ),
    "multilayer-perceptron": (
        {
            (net, "warm-up"): error
            for net, error in (("plain-mlp-20", 40), ("plain-mlp-56", 60), ("residual-mlp-56", 40))
        },
        ("plain-mlp-56", "warm-up"),
        20,
        41,
    ),
    "wider": (
        usual(wide_plain_20=40, plain_56=60, wide_resnet_20=30, resnet_56=40),
        ("wide-resnet-20", "usual"),
        50,
        39,
    ),
    "muon": (
        usual(plain_20=40, plain_56=60) | {("plain-20", "Muon"): 30, ("plain-56", "Muon"): 35},
        ("plain-56", "Muon"),
        70,
        39,
    ),
    "delta-orthogonal": (
        usual(plain_56=60)
        | {("tanh-delta-56", "small rate"): 40, ("relu-delta-56", "small rate"): 80},
        ("relu-delta-56", "small rate"),
        30,
        41,
    ),
    "looks-linear": (
        usual(resnet_56=40) | {("looks-linear-56", "clipped"): 42},
        ("looks-linear-56", "clipped"),
        60,
        45.5,
    ),
}


@pytest.mark.parametrize("name", JUDGED_BY_ERRORS)
def test_judged_by_errors(name):
    table, changed, contradicting, unclear = JUDGED_BY_ERRORS[name]
    judge = CLAIMS[name].judge
    assert judge(final_errors(table)).outcome == SUPPORTED
    if contradicting is not None:
        assert judge(final_errors(table | {changed: contradicting})).outcome == CONTRADICTED
    assert judge(final_errors(table | {changed: unclear})).outcome == UNDECIDED


def test_the_aftermath_is_contradicted_only_if_every_cure_hurts():
    table = {("plain-56", "usual"): 60} | {
        ("plain-56", cure): 70 for cure in claims.aftermath.CURES
    }
    assert CLAIMS["aftermath"].judge(final_errors(table)).outcome == CONTRADICTED


def test_muon_must_help_the_deep_net_more_than_the_shallow_one():
    table = usual(plain_20=40, plain_56=60) | {("plain-20", "Muon"): 20, ("plain-56", "Muon"): 38}
    assert CLAIMS["muon"].judge(final_errors(table)).outcome == CONTRADICTED


def test_tanh_must_do_without_batch_norm_better_than_with_it():
    table = usual(plain_56=60) | {
        ("tanh-delta-56", "small rate"): 70,
        ("relu-delta-56", "small rate"): 90,
    }
    assert CLAIMS["delta-orthogonal"].judge(final_errors(table)).outcome == CONTRADICTED


def test_wider_must_win_without_shortcuts_too():
    table = usual(wide_plain_20=70, plain_56=60, wide_resnet_20=30, resnet_56=40)
    assert CLAIMS["wider"].judge(final_errors(table)).outcome == CONTRADICTED


def test_a_copy_that_computes_something_else():
    rows = [row | {"difference": 0.5} for row in final_errors(usual(copy=40, plain_56=60))]
    assert CLAIMS["copy"].judge(rows).outcome == CONTRADICTED


@pytest.mark.parametrize("name", ["rep-vgg", "dirac", "annealed-shortcuts"])
def test_a_fold_that_changes_the_logits(name):
    table = JUDGED_BY_ERRORS[name][0]
    rows = [row | {"difference": 0.5} for row in final_errors(table)]
    assert CLAIMS[name].judge(rows).outcome == CONTRADICTED


def test_shortcuts_that_fade_are_judged_by_the_last_epoch():
    """While it has shortcuts the net is a residual net."""
    end = final_errors(usual(plain_56=60, resnet_56=40) | {("fading-56", "shortcuts fade"): 58})
    before = [row | {"epoch": 3, "train_error": 40.0} for row in end]
    assert CLAIMS["annealed-shortcuts"].judge([*before, *end]).outcome == CONTRADICTED


def slopes(net_factors, key="net"):
    """Gradient norms that change by a constant factor from layer to layer, over 20 layers towards
    the logits."""
    return [
        {"seed": seed, key: name, "iteration": 300, "depth": depth, "gradient_norm": factor**depth}
        for seed in range(3)
        for name, factor in net_factors.items()
        for depth in range(1, 21)
    ]


@pytest.mark.parametrize("name", ["vanishing-at-initialisation", "vanishing-in-training"])
@pytest.mark.parametrize(
    "factor, outcome",
    [(1.5, SUPPORTED), (1.0, CONTRADICTED), (0.7, CONTRADICTED), (1.13, UNDECIDED)],
)
def test_vanishing(name, factor, outcome):
    assert CLAIMS[name].judge(slopes({"plain-56": factor, "resnet-56": 1.0})).outcome == outcome


@pytest.mark.parametrize(
    "factors, outcome",
    [((1.5, 1.5, 1.5), SUPPORTED), ((1.5, 1.0, 0.7), CONTRADICTED), ((1.5, 1.13, 1.5), UNDECIDED)],
)
def test_vanishing_without_batch_norm(factors, outcome):
    gains = claims.vanishing_without_batch_norm.GAINS
    assert (
        CLAIMS["vanishing-without-batch-norm"]
        .judge(slopes(dict(zip(gains, factors)), "gain"))
        .outcome
        == outcome
    )


@pytest.mark.parametrize(
    "growth, outcome", [(6.0, SUPPORTED), (1.1, CONTRADICTED), (2.02, UNDECIDED)]
)
def test_flung_out(growth, outcome):
    rows = [
        {
            "seed": seed,
            "net": net,
            "iteration": 300,
            "depth": depth,
            "growth": value if depth <= 10 else 1.0,
        }
        for seed in range(3)
        for net, value in (("plain-56", growth), ("resnet-56", 1.0))
        for depth in range(1, 21)
    ]
    assert CLAIMS["flung-out"].judge(rows).outcome == outcome


@pytest.mark.parametrize(
    "stds, outcome",
    [((1, 0.5, 0.3), SUPPORTED), ((0.3, 0.4, 0.5), CONTRADICTED), ((1, 0.3, 0.3), UNDECIDED)],
)
def test_responses(stds, outcome):
    nets = dict(zip(("plain-56", "resnet-20", "resnet-56"), stds))
    rows = [
        {"seed": seed, "net": net, "depth": depth, "std": std}
        for seed in range(3)
        for net, std in nets.items()
        for depth in (1, 2)
    ]
    assert CLAIMS["responses"].judge(rows).outcome == outcome


@pytest.mark.parametrize("centre, outcome", [(6, SUPPORTED), (20, CONTRADICTED), (13, UNDECIDED)])
def test_path_lengths(centre, outcome):
    rows = [
        {"seed": seed, "length": length, "total": float(abs(length - centre) <= 1)}
        for seed in range(3)
        for length in range(28)
    ]
    assert CLAIMS["path-lengths"].judge(rows).outcome == outcome


@pytest.mark.parametrize(
    "plain, residual, outcome",
    [
        (0.9, 0.02, SUPPORTED),
        (0.1, 0.02, CONTRADICTED),
        (0.9, 0.6, CONTRADICTED),
        (0.51, 0.02, UNDECIDED),
    ],
)
def test_lesions(plain, residual, outcome):
    rows = [
        {"seed": seed, "net": net, "lesion": lesion, "lost": lost if lesion == "dropped" else 7}
        for seed in range(3)
        for net, lost in (("plain-56", plain), ("resnet-56", residual))
        for lesion in ("dropped", "swapped")
    ]
    assert CLAIMS["lesions"].judge(rows).outcome == outcome


@pytest.mark.parametrize(
    "plain, residual, outcome",
    [(0.0, 0.6, SUPPORTED), (0.6, 0.0, CONTRADICTED), (0.3, 0.35, UNDECIDED)],
)
def test_shattering(plain, residual, outcome):
    lag = claims.shattering.LAG
    rows = [
        {"seed": seed, "net": net, "lag": at, "autocorrelation": value if at == lag else 1}
        for seed in range(3)
        for net, value in (("plain-56", plain), ("resnet-56", residual))
        for at in (0, lag)
    ]
    assert CLAIMS["shattering"].judge(rows).outcome == outcome


@pytest.mark.parametrize(
    "bumpy, smooth, outcome",
    [("plain-56", "resnet-56", SUPPORTED), ("resnet-56", "plain-56", CONTRADICTED)],
)
def test_landscape(bumpy, smooth, outcome):
    places = np.linspace(-1, 1, 9)
    rows = [
        {
            "seed": seed,
            "net": net,
            "x": x,
            "y": y,
            "loss": float(np.exp(x * x + y * y + (net == bumpy) * np.cos(9 * x) * np.cos(9 * y))),
        }
        for seed in range(3)
        for net in (bumpy, smooth)
        for x in places
        for y in places
    ]
    assert CLAIMS["landscape"].judge(rows).outcome == outcome


@pytest.mark.parametrize(
    "plain, residual, outcome",
    [(3.0, 1.2, SUPPORTED), (1.2, 3.0, CONTRADICTED), (2.0, 1.9, UNDECIDED)],
)
def test_gradient_flow(plain, residual, outcome):
    rows = [
        {
            "seed": seed,
            "net": net,
            "moment": moment,
            "block": block,
            "gradient_norm": 10 ** (reach * block / 9),
        }
        for seed in range(3)
        for net, reach in (("plain-56", plain), ("resnet-56", residual))
        for moment in claims.gradient_flow.MOMENTS
        for block in range(10)
    ]
    assert CLAIMS["gradient-flow"].judge(rows).outcome == outcome


@pytest.mark.parametrize(
    "share, walk, outcome",
    [
        (0.95, 0.7, SUPPORTED),
        (0.6, 0.7, CONTRADICTED),
        (0.2, 0.1, CONTRADICTED),
        (0.72, 0.7, UNDECIDED),
    ],
)
def test_trajectory(share, walk, outcome):
    rows = [
        {"seed": seed, "net": net, "what": what, "x": value, "y": 0.0, "value": value}
        for seed in range(3)
        for net in claims.trajectory.NETS
        for what, value in (
            ("explained", share),
            ("explained, random walk", walk),
            ("iteration", 7),
        )
    ]
    assert CLAIMS["trajectory"].judge(rows).outcome == outcome


@pytest.mark.parametrize(
    "bare, with_batch_norm, outcome",
    [
        (1.1, 40, SUPPORTED),
        (9, 40, CONTRADICTED),
        (1.1, 8, CONTRADICTED),
        (1.9, 40, UNDECIDED),
        (1.1, 17, UNDECIDED),
    ],
)
def test_rank_collapse(bare, with_batch_norm, outcome):
    """For 256 outputs the root is 16. The first block does not count."""
    for one, other in (("", "mlp-"), ("mlp-", "")):  # either kind of layers can decide
        nets = {f"bare-{one}56": bare, f"plain-{one}56": with_batch_norm}
        nets |= {f"bare-{other}56": 1.1, f"plain-{other}56": 40}
        rows = [
            {"seed": seed, "net": net, "depth": depth, "outputs": 256, "rank": rank}
            for seed in range(3)
            for net, last in nets.items()
            for depth, rank in ((2, 12), (55, last))
        ]
        assert CLAIMS["rank-collapse"].judge(rows).outcome == outcome


@pytest.mark.parametrize(
    "plain, residual, outcome",
    [
        (4000, 30, SUPPORTED),
        (100, 30, CONTRADICTED),
        (4000, 2000, CONTRADICTED),
        (4000, 1, CONTRADICTED),  # far below the limit is not near it
        (400, 30, UNDECIDED),
    ],
)
def test_sharpness_at_start(plain, residual, outcome):
    rows = [
        {
            "seed": seed,
            "net": net,
            "length": length,
            "sharpness": value * (1 + 0.01 * seed) * (1e-3 / length),
            "limit": 38.0,
        }
        for seed in range(3)
        for net, value in (("plain-56", plain), ("resnet-56", residual))
        for length in claims.sharpness_at_start.LENGTHS
    ]
    assert CLAIMS["sharpness-at-start"].judge(rows).outcome == outcome


@pytest.mark.parametrize(
    "orthogonal, gaussian, with_relu, outcome",
    [
        (1.0, 1.05, 1.21, SUPPORTED),
        (1.1, 1.2, 1.21, CONTRADICTED),
        (0.9, 1.05, 1.21, CONTRADICTED),  # vanishing gradients are not kept gradients
        (1.01, 1.0, 1.21, CONTRADICTED),  # then the orthogonal weights are not the reason
        (1.0, 1.05, 1.05, CONTRADICTED),
        (1.0, 1.02, 1.21, UNDECIDED),
        (1.02, 1.05, 1.21, UNDECIDED),
    ],
)
def test_orthogonal_weights(orthogonal, gaussian, with_relu, outcome, monkeypatch):
    """The first layers do not count."""
    monkeypatch.setattr(claims.orthogonal_weights, "FIRST", 10)  # small nets may have set it to 2
    factors = dict(zip(("linear, orthogonal", "linear, Gaussian"), (orthogonal, gaussian)))
    rows = [
        {
            "seed": seed,
            "kind": kind,
            "depth": depth,
            "gradient_norm": 3 * factor ** (50 - depth) * (7 if depth < 10 else 1),
        }
        for seed in range(3)
        for kind, factor in {**factors, "ReLU, Gaussian": with_relu}.items()
        for depth in range(1, 50)
    ]
    assert CLAIMS["orthogonal-weights"].judge(rows).outcome == outcome


@pytest.mark.parametrize("decided", claims.forgetting.MOMENTS)  # either of the two can decide
@pytest.mark.parametrize(
    "deep, shallow, residual, lost, outcome",
    [
        (0.1, 2.0, 1.0, 20, SUPPORTED),
        (0.9, 2.0, 1.0, 20, CONTRADICTED),
        (0.1, 0.1, 1.0, 20, CONTRADICTED),
        (0.1, 2.0, 0.1, 20, CONTRADICTED),
        (0.1, 2.0, 1.0, 5, CONTRADICTED),
        (0.45, 2.0, 1.0, 20, UNDECIDED),
        (0.1, 2.0, 1.0, 12, UNDECIDED),
    ],
)
def test_forgetting(decided, deep, shallow, residual, lost, outcome):
    """The cosines count as the last over the first, the probes as the last over the best."""
    rows = []
    for net, *this in (
        ("plain-56", deep, lost),
        ("plain-20", shallow, 0),
        ("resnet-56", residual, 0),
    ):
        for moment in claims.forgetting.MOMENTS:
            others = (0.1, 20) if net == "plain-56" else (2.0, 0)
            kept, points = this if moment == decided else others
            rows += [
                {"seed": seed, "net": net, "moment": moment, "depth": depth} | numbers
                for seed in range(3)
                for depth, numbers in (
                    (3, {"gap": 0.2, "probe_error": 62}),
                    (9, {"gap": 0.9, "probe_error": 60}),
                    (55, {"gap": 0.2 * kept, "probe_error": 60 + points}),
                )
            ]
    assert CLAIMS["forgetting"].judge(rows).outcome == outcome


@pytest.mark.parametrize(
    "factors, errors, outcome",
    [
        ((1.15, 1.0, 0.99), (77, 60, 60), SUPPORTED),
        ((1.02, 1.0, 1.0), (77, 60, 60), CONTRADICTED),
        ((1.15, 1.15, 1.0), (77, 60, 60), CONTRADICTED),
        ((1.15, 1.0, 1.15), (77, 60, 60), CONTRADICTED),
        ((1.15, 1.0, 1.0), (77, 60, 85), CONTRADICTED),
        ((1.15, 1.0, 1.0), (77, 76, 60), UNDECIDED),
        ((1.15, 1.04, 1.0), (77, 60, 60), UNDECIDED),
    ],
)
def test_group_norm(factors, errors, outcome):
    rows = []
    for net, factor, error in zip(claims.group_norm.NETS, factors, errors):
        for seed in range(3):
            rows += [
                {"seed": seed, "net": net, "what": what, "depth": depth, "value": value}
                for what, depth, value in (
                    ("training error", 0, error + 0.1 * seed),
                    ("test error", 0, error + 1),
                    *(("gradient norm", depth, 2 * factor**-depth) for depth in range(1, 56)),
                )
            ]
    assert CLAIMS["group-norm"].judge(rows).outcome == outcome


@pytest.mark.parametrize(
    "ratios, outcome",
    [
        ((1.05, 1.0), SUPPORTED),
        ((1.05, 0.5), CONTRADICTED),
        ((2.0, 1.0), CONTRADICTED),
        ((1.05, 0.91), UNDECIDED),
    ],
)
def test_edge_of_stability(ratios, outcome):
    """The first half of the training does not count."""
    rows = [
        {
            "seed": seed,
            "lr": lr,
            "step": step,
            "sharpness": 2 / lr * (ratio if step >= 500 else 0.2),
            "limit": 2 / lr,
            "loss": 1.0,
        }
        for seed in range(3)
        for lr, ratio in zip(claims.edge_of_stability.RATES, ratios)
        for step in range(0, 1001, 100)
    ]
    assert CLAIMS["edge-of-stability"].judge(rows).outcome == outcome


def test_the_squared_loss_of_the_edge_of_stability_by_hand():
    outputs = Tensor(np.array([[1.0, 0.0], [0.0, 2.0]]))
    loss = claims.edge_of_stability.squared_loss(outputs, np.array([0, 0]))
    assert loss.item() == pytest.approx((0 + (1 + 4) / 2) / 2)


def test_orthogonal_weights_are_put_where_a_batch_norm_follows():
    net = claims.orthogonal_weights.chain(12, 10, relu=True, weights="orthogonal", seed=0)
    layers = [one for one in net.modules() if isinstance(one, nn.Linear)]
    assert len(layers) == claims.orthogonal_weights.DEPTH
    w = layers[3].weight.data
    np.testing.assert_allclose(w.T @ w, np.eye(len(w)), atol=1e-5)
    assert layers[-1].weight.data.std() == pytest.approx(0.01, rel=0.2)
    usual = claims.orthogonal_weights.chain(12, 10, relu=False, weights="Gaussian", seed=0)
    assert not any(isinstance(one, nn.ReLU) for one in usual.modules())
    assert usual[2].weight.data.std() == pytest.approx((2 / len(w)) ** 0.5, rel=0.1)


def test_a_random_walk_in_many_dimensions():
    """Where all steps have one length, two components hold 1 + 1/4 of the sum of 1 / k^2, which is
    pi^2 / 6 (Antognini and Sohl-Dickstein 2018)."""
    rng = np.random.default_rng(0)
    steps = rng.standard_normal((200, 1, 20000)) / np.sqrt(20000)
    states = [{"w": w, "b": np.zeros(3)} for w in np.cumsum(steps, axis=0)]
    of_this, of_its_lengths = (
        trajectory(way).explained for way in (states, claims.trajectory.random_walk(states))
    )
    assert of_its_lengths.sum() == pytest.approx(1.25 * 6 / np.pi**2, rel=0.01)
    assert of_this == pytest.approx(of_its_lengths, rel=0.05)


def test_the_trajectory_of_a_net_begins_with_its_initial_weights_and_ends_with_the_last(
    finished, small_nets
):
    place = laboratory.Laboratory(finished[0], preset="tiny", progress=False)
    iterations, states = place.weights_by_epoch("plain-56", 0)
    assert iterations == [0, *(row["iteration"] for row in place.metrics("plain-56", 0))] and len(
        states
    ) == len(iterations)
    for state, net in (
        (states[0], place.fresh("plain-56", 0)),
        (states[-1], place.trained("plain-56", 0)),
    ):
        assert all(np.array_equal(array, state[name]) for name, array in net.state_dict().items())
    with pytest.raises(ConfigError, match="plain-20"):
        place.weights_by_epoch("plain-20", 0)


def test_a_bowl_is_nowhere_concave_and_noise_is_on_half_of_the_plane():
    x, y = np.meshgrid(np.linspace(-1, 1, 40), np.linspace(-1, 1, 40))
    assert claims.landscape.concave(np.exp(x * x + y * y)) == 0
    assert claims.landscape.concave(
        np.exp(np.random.default_rng(0).standard_normal(x.shape))
    ) == pytest.approx(0.5, abs=0.05)

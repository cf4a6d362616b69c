"""The numbers in the page are those of the records."""

import math

import pytest

from minires.experiments import explorer
from minires.experiments.explorer import colours, numbers
from minires.plot.themes import DARK, LIGHT, OTHERS

from . import made_up


@pytest.fixture
def run(tmp_path):
    return explorer.read(made_up.degradation(tmp_path / "run"))


def test_every_error_and_norm_is_there(run):
    data = numbers.data([run])
    assert [net["name"] for net in data["nets"]] == ["plain-8", "plain-14", "resnet-8", "resnet-14"]
    assert len(data["runs"][0]["trainings"]) == 8
    for one in data["runs"][0]["trainings"]:
        net, seed = one["net"], one["seed"]
        for which in ("train", "test"):
            expected = [made_up.error(net, seed, epoch, which) for epoch in one["epoch"]]
            assert one[which] == pytest.approx(expected) and one["epoch"] == [1, 2, 3]
        assert one["steps"] == [0, 1, 5, 10]
        assert one["depths"] == list(range(1, int(net.split("-")[1])))  # without the last layer
        for i, step in enumerate(one["steps"]):
            for k, depth in enumerate(one["depths"]):
                gradient = made_up.norm(net, seed, step, depth)
                assert 10 ** (one["gradient"][i][k] / 1000) == pytest.approx(gradient, rel=0.0012)
                assert 10 ** (one["weight"][i][k] / 1000) == pytest.approx(10 * depth, rel=0.0012)
                moved = made_up.ratio(net, seed, step, depth)
                assert 10 ** (one["update"][i][k] / 1000) == pytest.approx(moved, rel=0.0012)
    layers = data["runs"][0]["layers"]["plain-8"]
    assert layers == [[depth, f"layer{depth}"] for depth in range(1, 8)]


def test_norms_of_0_and_nan_are_gaps():
    assert [numbers._power(norm) for norm in (0.0, math.inf, math.nan, None, 0.01)] == [
        None, None, None, None, -2000,
    ]  # fmt: skip


def test_a_missing_row_of_norms_is_a_gap(tmp_path):
    out = made_up.single(tmp_path / "run")
    lines = (out / "gradients.csv").read_text().splitlines()
    lines = [line for line in lines if not line.startswith("resnet-8,0,1,layer3,")]
    (out / "gradients.csv").write_text("\n".join(lines) + "\n")
    (one,) = numbers.data([explorer.read(out)])["runs"][0]["trainings"]
    assert [None in row for row in one["gradient"]] == [False, True, False]


def test_a_run_of_an_early_version_has_no_updates(tmp_path):
    out = made_up.single(tmp_path / "run")
    (out / "updates.csv").unlink()
    (one,) = numbers.data([explorer.read(out)])["runs"][0]["trainings"]
    assert one["update"] == [] and len(one["gradient"]) == 3


def test_steps_before_a_later_version_went_on_are_gaps(tmp_path):
    out = made_up.single(tmp_path / "run")
    lines = (out / "updates.csv").read_text().splitlines()
    lines = [line for line in lines if not line.startswith(("resnet-8,0,0,", "resnet-8,0,1,"))]
    (out / "updates.csv").write_text("\n".join(lines) + "\n")
    (one,) = numbers.data([explorer.read(out)])["runs"][0]["trainings"]
    assert [None in row for row in one["update"]] == [True, True, False]


def test_a_head_that_was_trained_alone_keeps_its_layer(tmp_path):
    out = tmp_path / "run"
    config = made_up.single(out)
    lines = (config / "gradients.csv").read_text().splitlines()
    alone = [line for line in lines if line.startswith("net,") or ",layer1," in line]
    (out / "gradients.csv").write_text("\n".join(alone) + "\n")
    (one,) = numbers.data([explorer.read(out)])["runs"][0]["trainings"]
    assert one["depths"] == [1]


@pytest.mark.parametrize("most", [2, 3, 10, 99, 100, 101])
def test_thinned_values_keep_the_first_and_the_last(most):
    kept = numbers.thinned(range(100), most)
    assert len(kept) == min(most, 100) == len({*kept}) and kept == sorted(kept)
    assert kept[0] == 0 and kept[-1] == 99


def test_a_long_run_is_thinned_and_the_page_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(numbers, "MOST_EPOCHS", 50)
    monkeypatch.setattr(numbers, "MOST_NORMS", 450)
    run = explorer.read(
        made_up.degradation(tmp_path / "run", (8,), (0,), epochs=70, steps=range(40))
    )
    (page,) = numbers.data([run])["runs"]
    assert {len(one["epoch"]) for one in page["trainings"]} == {50}
    assert page["trainings"][0]["train"][-1] == run.trainings[0].metrics[-1]["train_error"]
    assert {len(one["steps"]) for one in page["trainings"]} == {9}  # 450 of 3 * 2 * 40 * 8
    assert page["notes"] == [
        "Of 40 recorded steps 9 are in this page, evenly spread.",
        "Of 70 epochs 50 are in this page, evenly spread.",
    ]


def test_runs_of_one_name_are_told_apart(tmp_path):
    runs = [explorer.read(made_up.single(tmp_path / who / "run")) for who in ("anna", "ben")]
    assert numbers.run_names(runs) == ["anna/run", "ben/run"]
    assert numbers.run_names(runs[:1]) == ["run"]


# ------------------------------------------------------------------------------- colours

NETS = ["lr 0.2", "resnet-56", "plain-56", "plain-20", "plain-x", "lr 0.1"]


def test_nets_stand_in_the_order_of_the_figures():
    assert colours.in_order([*NETS, "plain-20"]) == [
        "plain-20", "plain-56", "resnet-56", "lr 0.2", "plain-x", "lr 0.1",
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 4, 6])
def test_lines_and_words_stand_out_from_both_pages(count):
    nets = [f"{family}-{6 * n + 2}" for family in ("plain", "resnet") for n in range(1, count + 1)]
    nets += [f"lr 0.{i}" for i in range(9)]
    found = [colours.of(net, nets) for net in nets]
    for one in found:
        for name, page in (("light", "#ffffff"), ("dark", DARK.page)):
            assert colours.contrast_of(one["line"][name], page) >= 3
            assert colours.contrast_of(one["word"][name], page) >= 4.5
    others = [(one["line"]["light"], one["dash"]) for one in found[-9:]]
    assert len({*others}) == 9


def test_colours_are_those_of_the_figures_where_they_stand_out():
    nets = ["plain-20", "plain-56", "resnet-20", "resnet-56"]
    for net in ("plain-56", "resnet-56"):
        line = colours.of(net, nets)["line"]
        assert line == {"light": LIGHT.colour(net, nets), "dark": DARK.colour(net, nets)}
    assert colours.of("lr 1", ["lr 1"])["line"]["light"] == OTHERS[0]


def test_contrast_is_computed_as_in_the_guidelines():
    assert colours.contrast_of("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast_of("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert colours.contrast_of("#ffffff", "#777777") == pytest.approx(4.48, abs=0.005)

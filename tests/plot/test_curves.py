"""Figures draw the numbers of the records."""

import numpy as np
import pytest

from minires import plot


def metrics(nets=("plain-20", "plain-56", "resnet-20"), seeds=2, epochs=4):
    return [
        {
            "net": net,
            "seed": seed,
            "epoch": epoch,
            "train_error": 80 - 5 * epoch + 10 * seed + i,
            "test_error": 85 - epoch,
        }
        for i, net in enumerate(nets)
        for seed in range(seeds)
        for epoch in range(1, epochs + 1)
    ]


def gradients(nets=("plain-8", "resnet-8"), seeds=2, iterations=(0, 1, 10, 50)):
    return [
        {
            "net": net,
            "seed": seed,
            "iteration": iteration,
            "depth": depth,
            "gradient_norm": 10.0 ** (seed - depth),
        }
        for net in nets
        for seed in range(seeds)
        for iteration in iterations
        for depth in range(1, 9)
    ]


def training_lines(ax):
    return [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 1]


def test_error_curves_are_means_over_seeds():
    left, right = plot.error_curves(metrics()).axes
    lines = training_lines(left)
    assert len(lines) == 2 and len(training_lines(right)) == 1
    assert list(lines[0].get_xdata()) == [1, 2, 3, 4]
    assert list(lines[0].get_ydata()) == [
        80,
        75,
        70,
        65,
    ]  # the mean of seed 0's 75 70 65 60 and seed 1's 85 80 75 70


def test_bands_reach_from_the_lowest_to_the_highest_seed():
    left, _ = plot.error_curves(metrics(("plain-20",))).axes
    band = left.collections[0].get_paths()[0].vertices
    at_last_epoch = band[band[:, 0] == 4, 1]
    assert (at_last_epoch.min(), at_last_epoch.max()) == (60, 70)


def test_each_net_is_named_at_its_curve():
    left, right = plot.error_curves(metrics()).axes
    assert {t.get_text() for t in left.texts} == {"plain-20", "plain-56"} and {
        t.get_text() for t in right.texts
    } == {"resnet-20"}
    heights = sorted(t.xy[1] for t in left.texts)
    low, high = left.get_ylim()
    assert heights[1] - heights[0] > 0.05 * (
        high - low
    )  # the curves end 1 point apart, and their names do not overlap,
    # but are spread evenly around the ends of the curves
    assert np.mean(heights) == pytest.approx(65.5)


def test_gradient_norms_before_and_after_training_on_a_logarithmic_axis():
    axes = plot.gradient_norms(gradients()).axes
    assert [ax.get_title(loc="left") for ax in axes] == ["before training", "after 50 steps"]
    assert all(ax.get_yscale() == "log" for ax in axes)
    # Geometric means over the seeds, of all layers but the last.
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), 10.0 ** (0.5 - np.arange(1, 8)))
    assert {text.get_text() for text in axes[1].texts} == {"plain-8", "resnet-8"}


def test_layers_are_whole_numbers():
    figure = plot.gradient_norms(gradients())
    for ax in figure.axes:
        assert all(tick == int(tick) for tick in ax.get_xticks())


def test_plain_nets_are_orange_and_residual_nets_blue_and_deeper_is_darker():
    from matplotlib.colors import to_rgb

    left, right = plot.error_curves(
        metrics(("plain-20", "plain-56", "resnet-20", "resnet-56"))
    ).axes
    for ax, strongest in ((left, 0), (right, 2)):
        colours = [to_rgb(line.get_color()) for line in training_lines(ax)]
        assert all(np.argmax(colour) == strongest for colour in colours)
        assert sum(colours[1]) < sum(colours[0])


def test_on_a_dark_page_deeper_nets_are_lighter_and_no_colour_is_dark():
    from matplotlib.colors import to_rgb

    with plot.use_theme(plot.DARK):
        figure = plot.error_curves(metrics(("plain-20", "plain-56")))
        image = plot.picture(figure)
    assert to_rgb(figure.get_facecolor()) == to_rgb(plot.DARK.page)
    shallow, deep = (to_rgb(line.get_color()) for line in training_lines(figure.axes[0]))
    assert sum(deep) > sum(shallow) > 0.9
    assert to_rgb(figure.axes[0].title.get_color()) == to_rgb(plot.DARK.text)
    assert to_rgb(figure.texts[-1].get_color()) == to_rgb(plot.DARK.quiet)
    assert image.startswith(b"\x89PNG")
    assert plot.theme() is plot.LIGHT  # outside


@pytest.mark.parametrize("depths", [(8,), (8, 14, 20, 26, 32)])
def test_any_number_of_depths(depths):
    left, _ = plot.error_curves(metrics(tuple(f"plain-{d}" for d in depths))).axes
    assert len(training_lines(left)) == len(depths)


def test_matplotlibs_settings_are_not_changed():
    import matplotlib

    before = dict(matplotlib.rcParams)
    plot.error_curves(metrics())
    assert dict(matplotlib.rcParams) == before


def test_a_single_epoch_is_visible():
    left, _ = plot.error_curves(metrics(epochs=1)).axes
    assert all(line.get_marker() == "o" for line in left.lines if len(line.get_xdata()) == 1)


def test_both_panels_have_the_same_epochs():
    left, right = plot.error_curves(metrics(("plain-20",))).axes
    assert left.get_xlim() == right.get_xlim()


def test_a_run_still_going_on_can_be_drawn(tmp_path):
    figure = plot.gradient_norms(gradients(("plain-8",), iterations=(0,)))
    assert plot.save(figure, tmp_path / "figure.png").stat().st_size > 1000


def test_a_programs_own_figures_can_have_this_style():
    import matplotlib

    with matplotlib.rc_context():
        plot.use_style()
        assert (
            matplotlib.rcParams["axes.spines.top"] is False
            and matplotlib.rcParams["axes.titleweight"] == "bold"
        )


def test_notebooks_can_show_a_figure_without_pyplot():
    assert plot.error_curves(metrics())._repr_png_().startswith(b"\x89PNG")

"""Drawings of convolution: the numbers in them are right."""

import numpy as np
import pytest

from minires import Tensor, models, nn, plot
from minires.errors import ConfigError
from minires.kernels.naive import conv2d


def numbers(ax):
    return [int(text.get_text()) for text in ax.texts]


def test_im2col_shows_each_window_as_a_row():
    image, matrix, weights, outputs = plot.im2col(3, 4, 2).axes
    assert numbers(image) == list(range(1, 13))
    assert (
        numbers(matrix)[:4] == [1, 2, 5, 6]
        and numbers(matrix)[-4:] == [7, 8, 11, 12]
        and len(numbers(matrix)) == 6 * 4
    )
    assert len(weights.texts) == 4 and len(outputs.texts) == 6


@pytest.mark.parametrize("stride, padding", [(1, 0), (2, 1), (1, 1), (3, 0)])
def test_the_rows_times_a_filter_are_the_convolution(stride, padding):
    _, matrix, _, outputs = plot.im2col(5, 4, 3, stride, padding).axes
    w = np.random.default_rng(0).standard_normal(9)
    columns = np.array(numbers(matrix)).reshape(-1, 9)
    y, _ = conv2d.forward(
        np.arange(1.0, 21).reshape(1, 5, 4, 1),
        w.reshape(3, 3, 1, 1),
        stride=stride,
        padding=padding,
    )
    np.testing.assert_allclose(columns @ w, y.ravel())
    assert len(outputs.texts) == y.size


def test_the_framed_window_is_where_its_row_is():
    image, matrix, _, outputs = plot.im2col(4, 4, 3, padding=1, window=6).axes
    assert [ax.patches[0].get_xy() for ax in (image, matrix, outputs)] == [(2, 1), (0, 6), (0, 6)]


def test_a_small_figure_has_room_for_its_titles():
    figure = plot.im2col(size=(6.4, 3.7))
    assert tuple(figure.get_size_inches()) == (6.4, 3.7)
    figure.draw_without_rendering()
    boxes = [ax.get_tightbbox() for ax in figure.axes]  # with their titles
    starts = [box.x0 for box in boxes[1:]] + [figure.bbox.x1]
    assert all(box.x1 <= start for box, start in zip(boxes, starts))


@pytest.mark.parametrize(
    "settings, words",
    [
        (dict(window=4), "window: expected a whole number, 0 to 3, got 4"),
        (dict(window=-1), "window: expected a whole number, 0 to 3, got -1"),
        (dict(window=0.5), "window: expected a whole number, 0 to 3, got 0.5"),
        (dict(kernel_size=5), "kernel_size: expected a whole number, 1 to 4, got 5"),
        (dict(kernel_size=0), "kernel_size: expected a whole number of at least 1, got 0"),
        (dict(stride=0), "stride: expected a whole number of at least 1, got 0"),
        (dict(height=0), "height: expected a whole number of at least 1, got 0"),
        (dict(padding=-1), "padding: expected a whole number of at least 0, got -1"),
        (dict(height=9, width=9), "the image is too large .*: expected at most 8 pixels a side"),
    ],
)
def test_what_cannot_be_drawn(settings, words):
    with pytest.raises(ConfigError, match=f"plot.im2col: {words}"):
        plot.im2col(**settings)


def test_no_layers():
    with pytest.raises(ConfigError, match="plot.receptive_field: layers: expected at least one"):
        plot.receptive_field([])


@pytest.mark.parametrize(
    "layers", [[(3, 1)], [(3, 1), (3, 1)], [(3, 2), (3, 1)], [(2, 2), (5, 1), (3, 2), (3, 1)]]
)
def test_receptive_fields_are_the_pixels_that_the_gradient_reaches(layers):
    """The pixels that an output in the middle depends on, counted in its gradient."""
    size = 41
    x = Tensor(np.ones((1, size, size, 1)), requires_grad=True)
    y = x
    for kernel_size, stride in layers:
        conv = nn.Conv2d(1, 1, kernel_size, stride, bias=False)
        conv.weight.data = np.ones((kernel_size, kernel_size, 1, 1))
        y = conv(y)
    middle = y.shape[1] // 2
    y[:, middle, middle].sum().backward()
    reached = np.flatnonzero(x.grad[0, :, :, 0].any(axis=1))
    assert plot.receptive_fields(layers)[-1] == reached[-1] - reached[0] + 1 == len(reached)


def test_the_figure_of_a_net():
    convolutions = [m for m in models.resnet(20).modules() if isinstance(m, nn.Conv2d)]
    layers = [(conv.kernel_size[0], conv.stride[0]) for conv in convolutions]
    left, right = plot.receptive_field(layers).axes
    assert (
        len(left.patches) == len(layers) + 1
        and right.lines[0].get_ydata()[-1] == plot.receptive_fields(layers)[-1]
    )

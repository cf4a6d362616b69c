"""The tape as a picture: each operation and each Tensor it started from is drawn once."""

from xml.etree import ElementTree

import numpy as np
import pytest

from minires import Tensor, graph, models, no_grad
from minires import functional as F
from minires.errors import ConfigError, GraphError, ShapeError

from ..drawing.test_svg import parts


def values():
    return Tensor([2.0], requires_grad=True), Tensor([3.0], requires_grad=True)


def test_operations_leaves_and_numbers():
    a, b = values()
    c = a * b
    boxes, paths, texts = parts(graph((c + a).relu().sum(), a=a, b=b, c=c))
    assert set(boxes) == {"a", "b", "c", "add", "relu", "sum"} and len(paths) == 6
    assert (
        texts.count("[2.]") == 1
        and texts.count("[6.]") == 1
        and texts.count("multiply") == 1
        and "8." in texts
    )


def test_a_tensor_used_twice_is_one_box():
    a, _ = values()
    boxes, paths, _ = parts(graph(a * a, a=a))
    assert set(boxes) == {"a", "multiply"} and len(paths) == 1


def test_its_words_name_the_steps():
    a, b = values()
    words = graph(a * b + a, a=a, b=b).title
    assert words.startswith("The computation of add: ") and len(words.split(", ")) == 4
    assert {"a", "b", "multiply"} < set(words.replace(":", ",").split(", "))
    for _ in range(20):
        a = a + b
    assert graph(a).title.endswith(" and 10 more")  # 20 sums and two Tensors, less 12


def test_large_ones_show_their_shape():
    x = Tensor(np.zeros((4, 5), np.float32), requires_grad=True)
    assert parts(graph(F.relu(x), x=x))[2].count("(4, 5)") == 2


def test_notebooks_show_small_graphs_that_were_recorded():
    a, b = values()
    assert a._repr_svg_() is None  # a leaf: its numbers say more than one box
    product = a * b
    assert product._repr_svg_() == graph(product).svg
    with no_grad():
        assert (a * b)._repr_svg_() is None
    product.backward()
    assert product._repr_svg_() is None
    net = models.resnet(20, width=2)
    assert net(Tensor(np.zeros((1, 8, 8, 3), np.float32)))._repr_svg_() is None


def test_nothing_to_draw():
    a, b = values()
    with pytest.raises(GraphError, match="nothing was recorded behind this Tensor"):
        graph(a)
    product = a * b
    product.backward()
    with pytest.raises(GraphError, match="used up by an earlier backward"):
        graph(product)


def test_drawing_does_not_change_the_tape():
    a, b = values()
    product = a * b
    graph(product)
    product.backward()
    assert a.grad == 3 and b.grad == 2


def test_a_notebook_shows_no_picture_of_a_tape_that_is_partly_used_up():
    a = Tensor(np.ones(2, np.float32), requires_grad=True)
    h = a * 2
    first, second = h.sum(), (h * 3).sum()
    first.backward()
    assert second._repr_svg_() is None
    with pytest.raises(GraphError, match="^graph: "):
        graph(second)


def boxes_of(picture):
    """(title, gradient or "", border) of each box, in the order of the picture."""
    found = []
    for part in ElementTree.fromstring(picture.svg)[3:]:
        if part.tag.endswith("rect"):
            border = "pale" if part.get("stroke-dasharray") else part.get("stroke-width", "")
            found.append(["", "", border])
        elif part.tag.endswith("text"):
            if part.get("font-weight"):
                found[-1][0] = part.text
            elif part.text.startswith("grad "):
                found[-1][1] = part.text.removeprefix("grad ")
    return [tuple(box) for box in found]


def test_backward_step_by_step_as_by_hand():
    """L = (3 w + b - 5)^2 + w^2 at w = 2, b = 1: dL/dw = 2 (2) 3 + 2 w = 16."""
    w, b = Tensor(2.0, requires_grad=True), Tensor(1.0, requires_grad=True)
    loss = (w * 3.0 + b - 5.0) ** 2 + w**2
    pictures = [graph(loss, w=w, b=b, backward=step) for step in range(9)]
    assert {border for _, _, border in boxes_of(pictures[0])} == {"pale"}
    order = []
    for before, after in zip(pictures, pictures[1:]):
        shown = boxes_of(after)
        (now,) = [i for i, (_, _, border) in enumerate(shown) if border not in ("", "pale")]
        order.append(shown[now][:2])
        assert boxes_of(before)[now][1:] == (
            "",
            "pale",
        )  # each step fills in one box, and the others stay
        finished = [i for i, (_, _, border) in enumerate(shown) if border != "pale"]
        assert len(finished) == len(order) and all(shown[i][1] for i in finished)
    chain = [("add", "1."), ("power", "1."), ("subtract", "4."), ("add", "4."), ("multiply", "4.")]
    assert [box for box in order if box != ("b", "4.")] == [*chain, ("power", "1."), ("w", "16.")]
    assert len({picture.svg.split("viewBox")[1][:30] for picture in pictures}) == 1  # no jumps
    assert pictures[2].title.endswith(". After 2 of 8 steps of backward; add: 1.; power: 1.")


def test_drawing_steps_of_backward_changes_nothing():
    a, b = values()
    called, product = [], a * b
    product.register_hook(called.append)
    loss = product.sum()
    for _ in range(2):
        shown = boxes_of(graph(loss, a=a, b=b, backward=4))
        assert sorted(box[:2] for box in shown)[:2] == [("a", "[3.]"), ("b", "[2.]")]
    assert a.grad is None and b.grad is None and not called
    loss.backward()
    assert a.grad == 3 and b.grad == 2 and len(called) == 1


@pytest.mark.parametrize("step", [-1, 4, 0.5, True])
def test_a_step_number_out_of_range(step):
    a, _ = values()
    with pytest.raises(ConfigError, match="graph: backward: expected a whole number, 0 to 3, got"):
        graph((a * a).sum(), backward=step)


def test_steps_of_backward_need_a_single_number_to_start_from():
    a = Tensor(np.ones(2, np.float32), requires_grad=True)
    with pytest.raises(ShapeError, match="graph: backward starts at .* one element"):
        graph(a * a, backward=0)

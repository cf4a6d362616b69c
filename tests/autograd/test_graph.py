"""The tape as a picture: each operation and each Tensor it began with, once."""

import numpy as np
import pytest

from minires import Tensor, graph, models, no_grad
from minires import functional as F
from minires.errors import GraphError

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


def test_notebooks_show_what_can_be_read():
    a, b = values()
    assert a._repr_svg_() is None  # nothing was computed: its numbers say more
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


def test_drawing_leaves_the_tape_as_it_is():
    a, b = values()
    product = a * b
    graph(product)
    product.backward()
    assert a.grad == 3 and b.grad == 2


def test_a_notebook_shows_nothing_of_a_tape_that_is_used_up_in_part():
    a = Tensor(np.ones(2, np.float32), requires_grad=True)
    h = a * 2
    first, second = h.sum(), (h * 3).sum()
    first.backward()
    assert second._repr_svg_() is None
    with pytest.raises(GraphError, match="^graph: "):
        graph(second)

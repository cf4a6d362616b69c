"""Pictures of graphs: complete, without overlap, every arrow pointing down and clear of the
boxes."""

import re
from itertools import combinations, permutations
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minires.drawing import svg
from minires.drawing.svg import Box
from minires.errors import ConfigError

NAME = "{http://www.w3.org/2000/svg}"


def parts(picture):
    """(boxes by title as (left, top, right, bottom), paths as lists of (x, y), texts) of a
    picture."""
    root = ElementTree.fromstring(picture.svg)
    texts = root.findall(f"{NAME}text")
    titles = [text.text for text in texts if text.get("font-weight") == "bold"]
    rects = [
        tuple(float(rect.get(key)) for key in ("x", "y", "width", "height"))
        for rect in root.findall(f"{NAME}rect")
    ][1:]
    boxes = {
        title: (x, y, x + width, y + height)
        for title, (x, y, width, height) in zip(titles, rects, strict=True)
    }
    paths = []
    for path in root.findall(f"{NAME}path"):
        points = []
        for command, numbers in re.findall(r"([MCV])([^MCV]*)", path.get("d")):
            values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
            points.append((points[-1][0], values[0]) if command == "V" else tuple(values[-2:]))
        paths.append(points)
    return boxes, paths, [text.text for text in texts]


def graphs():
    """(boxes, arrows) without cycles: arrows go from lower numbers to higher ones only."""
    return st.integers(1, 9).flatmap(
        lambda n: st.tuples(
            st.just({i: Box(f"box{i}", ("text",) * (i % 3)) for i in range(n)}),
            st.lists(
                st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).map(
                    lambda pair: (min(pair), max(pair))
                ),
                max_size=14,
            ),
        )
    )


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_any_graph_is_drawn_without_overlap(graph):
    boxes, arrows = graph
    drawn, paths, _ = parts(svg.draw(boxes, arrows))
    assert set(drawn) == {box.title for box in boxes.values()}
    for (l0, t0, r0, b0), (l1, t1, r1, b1) in combinations(drawn.values(), 2):
        assert r0 <= l1 + 0.2 or r1 <= l0 + 0.2 or b0 <= t1 + 0.2 or b1 <= t0 + 0.2
    wanted = {(start, end) for start, end in arrows if start != end}
    assert len(paths) == len(wanted)
    for points in paths:
        assert all(y0 <= y1 + 0.2 for (_, y0), (_, y1) in zip(points, points[1:]))
        for (x0, y0), (x1, y1) in zip(points, points[1:]):
            for (
                left,
                top,
                right,
                bottom,
            ) in drawn.values():  # straight down beside the boxes of a row, not through them
                assert not (x0 == x1 and left < x0 < right and y0 < bottom - 0.2 and y1 > top + 0.2)


def test_arrows_join_their_boxes():
    drawn, paths, _ = parts(
        svg.draw(
            {"a": Box("A"), "b": Box("B"), "c": Box("C")}, [("a", "b"), ("b", "c"), ("a", "c")]
        )
    )
    ends = set()
    for points in paths:
        lower, upper = (
            {
                title: ((left + right) / 2, edge)
                for title, (left, top, right, bottom) in drawn.items()
                for edge in [pick(top, bottom)]
            }
            for pick in (max, min)
        )
        (start,), (end,) = (
            [title for title, place in places.items() if np.allclose(place, point, atol=0.2)]
            for places, point in ((lower, points[0]), (upper, points[-1]))
        )
        ends.add((start, end))
    assert ends == {("A", "B"), ("B", "C"), ("A", "C")}


@pytest.mark.parametrize("ends", list(permutations("efgh")))
def test_arrows_do_not_cross_without_need(ends):
    layers, chains = [list("abcd"), list("efgh")], list(zip("abcd", ends))
    svg._order(layers, svg._neighbours(chains))
    above, below = layers
    for (start, end), (other_start, other_end) in combinations(chains, 2):
        assert (above.index(start) < above.index(other_start)) == (
            below.index(end) < below.index(other_end)
        )


def test_a_value_stands_right_above_the_operation_that_uses_it():
    drawn, *_ = parts(
        svg.draw(
            {"x": Box("x"), "f": Box("f"), "g": Box("g"), "w": Box("w")},
            [("x", "f"), ("f", "g"), ("w", "g")],
        )
    )
    assert drawn["w"][1] == drawn["f"][1] > drawn["x"][1]


def test_text_cannot_break_the_picture():
    _, _, texts = parts(svg.draw({0: Box('a < b & "c"', ("<script>",))}, []))
    assert texts == ['a < b & "c"', "<script>"]


def test_the_saved_file_is_the_picture_shown(tmp_path):
    picture = svg.draw({0: Box("über")}, [])
    assert picture.save(tmp_path / "a.svg").read_text(encoding="utf-8") == picture._repr_svg_()


@pytest.mark.parametrize("kind", svg.FILLS)
def test_every_kind_has_its_colours(kind):
    assert svg.FILLS[kind][0] in svg.draw({0: Box("a", (), kind)}, []).svg


@pytest.mark.parametrize(
    "keys, arrows, said",
    [
        ("", [], "boxes: expected one or more, got none"),
        ("ab", ["ab", "ba"], "got 'b' -> 'a' -> 'b'; leave one of these arrows out"),
        # A box above the cycle and one below it are not part of it.
        ("abcde", ["ab", "bc", "cd", "db", "de"], "got 'c' -> 'd' -> 'b' -> 'c'; leave"),
        ("a", ["ax"], "arrow from 'a' to 'x': expected both among the keys of boxes, got no box"),
        ("a", ["xa"], "got no box 'x'; add the box"),
    ],
)
def test_what_cannot_be_drawn(keys, arrows, said):
    with pytest.raises(ConfigError) as error:
        svg.draw({key: Box(key) for key in keys}, [tuple(arrow) for arrow in arrows])
    assert str(error.value).startswith("svg.draw: ") and said in str(error.value)


def test_an_arrow_from_a_box_to_itself_is_left_out():
    assert svg.draw({"a": Box("a")}, [("a", "a")]).svg == svg.draw({"a": Box("a")}, []).svg

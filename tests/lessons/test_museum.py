"""The museum: every mistake is really made, breaks what its exhibit says, and is named by the
check."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import import_module

import numpy as np
import pytest

from minires.cli import main
from minires.errors import ConfigError
from minires.lessons import museum
from minires.lessons.museum import drawing, in_a_notebook, page, probes, training, variants
from minires.lessons.museum.exhibit import Findings

from ..slow import slow_but

KEYS = [one.key for one in museum.EXHIBITS]
#: Near a limit of `outcome`: with sums in another order, a training may end on its other side.
NEARLY = {
    "constants": (training.NOT_AT_ALL,),
    "relu-before-addition": (training.AS_WELL,),
    "rows-of-the-output": (training.WORSE,),
    "std-missing": (training.WORSE,),
    "weight-times-bias": (training.WORSE,),
}
QUICK = ("relu-of-dy", "uphill")
#: All together take two minutes: in the quarter of an hour that CI has, it runs one in three.
LONG = [key for i, key in enumerate(KEYS) if i % 3 and key not in QUICK]


def findings(exhibit, message="Wrong."):
    """The findings of an exhibit, with made-up losses, since its training takes seconds."""
    falling = [2.0 - 0.1 * i for i in range(20)]
    return Findings(*exhibit.maps(), falling, [2.0] * 20, message)


@pytest.mark.parametrize("key", KEYS)
def test_the_mistake_is_in_the_code_and_in_the_numbers(key):
    exhibit = museum.find(key)
    assert {mark for mark, _ in exhibit.code()} > {" "}
    assert exhibit.answer in exhibit.choices and len(set(exhibit.choices)) >= 3
    right, wrong = exhibit.maps()
    if key == "norm-used-twice":  # the point of the exhibit: a new block does not show the mistake
        assert drawing.share_wrong(right, wrong) == 0
    elif key == "broadcast-not-undone":
        assert right.shape != wrong.shape
    else:
        assert drawing.share_wrong(right, wrong) > 0.25


@pytest.mark.parametrize("probe", probes.NAIVE, ids=lambda probe: probe.__name__)
def test_right_code_computes_what_the_naive_kernel_does(probe):
    assignment = "a2" if probe.__name__.startswith("conv") else "a3"
    space = variants.run(variants.source_of(assignment))
    np.testing.assert_allclose(probe(space), probes.NAIVE[probe](), atol=1e-12)


@pytest.mark.parametrize("key", slow_but(QUICK, KEYS, long=LONG))
def test_training_and_the_check_say_what_the_exhibit_says(key):
    """Takes seconds, since it trains. Only this test would show that the sentence on training is
    false."""
    exhibit = museum.find(key)
    found = museum.look(exhibit)
    assert found.outcome == exhibit.trains or found.outcome in NEARLY.get(key, ())
    assert exhibit.says in found.message


def test_they_are_among_the_planted_mistakes():
    planted = {
        (task, message)
        for number in range(1, 5)
        for task, _, _, message in import_module(f"tests.course.mistakes.a{number}").MISTAKES
    }
    for one in museum.EXHIBITS:
        assert (one.task, one.says) in planted, one.key


def test_the_exhibits_of_a_room_stand_together():
    assert len(set(KEYS)) == len(KEYS) >= 20
    rooms = [one.room for one in museum.EXHIBITS]
    assert len(set(rooms)) == 1 + sum(a != b for a, b in zip(rooms, rooms[1:])) >= 5
    assert {one.trains for one in museum.EXHIBITS} == set(museum.OUTCOMES)


def test_the_numbers_of_the_mean_and_the_sums():
    """The sentences of two exhibits, in numbers."""
    right, wrong = museum.find("way-through-the-mean").maps()
    off = (wrong - right).reshape(6, 4, 12)
    assert np.allclose(off, off[:1, :, :1])  # a constant in each channel
    right, wrong = museum.find("mean-over-the-batch").maps()
    assert np.allclose(wrong, right / 2)  # two images
    right, wrong = museum.find("uphill").maps()
    assert np.allclose(wrong, -right)
    right, wrong = museum.find("rows-of-the-output").maps()
    assert np.allclose(wrong, right.T)
    assert (museum.find("zeroed-too-late").maps()[1] == 0).all()
    right, wrong = museum.find("factor-2-missing").maps()
    assert 10 ** (right[0, -1] - wrong[0, -1]) == pytest.approx(2**15, rel=0.05)


def test_two_ways_back():
    """Of the two gradients of a matrix that is used twice only one is left."""
    space = museum.find("overwritten-gradient").space()
    got = probes.tape_twice(space)
    right = probes.tape_twice(variants.run(variants.source_of("a1")))
    shortcut = probes._gradient((6, 6))
    assert np.allclose(got, shortcut) or np.allclose(got, right - shortcut)


@pytest.mark.parametrize(
    "losses, said",
    [
        ([2.0, 1.0, 0.5], training.AS_WELL),
        ([2.0, 1.0, 0.1], training.AS_WELL),
        ([2.0, 1.5, 1.2], training.WORSE),
        ([2.0, 2.1, 1.95], training.NOT_AT_ALL),
        ([2.0, 2.5, 2.7], training.BLOWS_UP),
        ([2.0, 3.0, float("nan")], training.BLOWS_UP),
    ],
)
def test_how_a_training_is_judged(losses, said):
    assert training.outcome([2.0, 1.0, 0.5], losses) == said


class Pieces(HTMLParser):
    """What a page holds."""

    def __init__(self):
        super().__init__()
        self.tags, self.addresses, self.alt = [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs.items() if name in ("src", "href")]
        if tag == "img":
            self.alt.append(attrs.get("alt"))


def test_the_page(tmp_path):
    chosen = [
        museum.find(key) for key in ("relu-of-dy", "broadcast-not-undone", "factor-2-missing")
    ]
    museum.write([(one, findings(one, "It is <wrong>.")) for one in chosen], tmp_path / "m.html")
    text = (tmp_path / "m.html").read_text(encoding="utf-8")
    page = Pieces()
    page.feed(text)
    assert page.tags.count("article") == 3 and page.tags.count("details") == 9
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert len(page.alt) == 6 and all(page.alt) and "shape (1, 12) when right" in text
    assert "It is &lt;wrong&gt;." in text and text.count('class="question"') == 6
    for one in chosen:
        answers = re.search(rf'id="{one.key}-breaks" data-answer="(\d)"', text)
        assert one.choices[int(answers[1])] == one.answer
        assert text.count(f'href="#{one.key}"') == text.count(f'<article id="{one.key}"') == 1


def test_the_command_lists(capsys):
    assert main(["museum"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {key} " in out for key in KEYS)


def test_the_command_writes(tmp_path, capsys):
    target = tmp_path / "one.html"
    assert main(["museum", "uphill", "relu-of-dy", "--out", str(target)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("1 of 2: relu-of-dy\n2 of 2: uphill\nwritten: ")
    text = target.read_text(encoding="utf-8")
    assert "where dy is positive" in text and text.count("<article") == 2


@pytest.mark.parametrize(
    "words, said",
    [
        (
            ["uphil"],
            "unknown exhibit: expected one of 36 names, got 'uphil'; did you mean 'uphill'?",
        ),
        (["--out", "museum.png"], "expected a name that ends in .html"),
        (["uphill", "--out", "nowhere/else/m.html"], "in a folder that is there, got nowhere/else"),
    ],
)
def test_wrong_words(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["museum", *words]) == 1
    out, error = capsys.readouterr()
    assert said in error and error.startswith("minires: error: ") and error.count("\n") == 1
    assert out == ""  # before anything was trained


def test_a_folder_cannot_be_overwritten_by_the_page(tmp_path, capsys):
    assert main(["museum", "uphill", "--out", str(tmp_path)]) == 1
    assert "this is a folder" in capsys.readouterr().err


def test_wrong_names():
    with pytest.raises(ConfigError, match="did you mean 'uphill'"):
        museum.find("uphil")
    with pytest.raises(ConfigError, match="once, got 0 times"):
        variants.planted("a1", [("no such code", "")])


@pytest.mark.parametrize("key", ["relu-of-dy", "factor-2-missing"])
def test_an_exhibit_names_the_picture_of_its_numbers(key, monkeypatch):
    """A page and a notebook draw it, whatever it is."""
    one = museum.find(key)
    shown = []
    picture = drawing.Picture(
        lambda exhibit, findings: drawing.curves(findings),
        lambda exhibit, findings: f"made up for {exhibit.key}",
    )
    one, found = replace(one, picture=picture), findings(one)
    assert f"made up for {key}" in page.html([(one, found)])
    monkeypatch.setattr(in_a_notebook, "show", lambda words, figure: shown.append(words))
    museum.maps(one, found)
    assert shown == [f"made up for {key}"]


def test_words_on_signals():
    one = museum.find("factor-2-missing")
    words = one.picture.words(one, findings(one))
    assert one.picture is drawing.SIGNALS and "in the last layer when right" in words
    assert len(one.picture.draw(one, findings(one)).axes) == 1


def test_words_on_pictures():
    one = museum.find("relu-of-dy")
    found = findings(one)
    assert "56% differ" in drawing.words_on_maps(one, found)
    assert "from 2.00 to 0.10 when right, from 2.00 to 2 with" in drawing.words_on_curves(found)


@pytest.mark.slow
def test_a_page_fits_a_phone_and_axe_finds_nothing(browser, tmp_path):
    reason = "axe-playwright-python, which holds axe-core, is not installed"
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=reason)
    path = tmp_path / "museum.html"
    exhibit = museum.find("overlapping-windows")
    museum.write([(exhibit, museum.look(exhibit))], path)
    phone = browser.new_page(viewport={"width": 390, "height": 800})
    phone.goto(path.as_uri())
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    found = axe.Axe().run(phone)
    assert found.violations_count == 0, found.generate_report()
    phone.close()

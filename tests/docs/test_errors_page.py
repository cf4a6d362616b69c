"""Every message of minires has an entry on the page of errors, and every entry has messages."""

import json
import re

import pytest

import minires as mr
from docs.generate import error_pages, messages

ENTRIES = error_pages.entries()
FOUND, REST = error_pages.by_entry(ENTRIES, messages.every_message())


def test_every_message_has_an_entry():
    assert not [f"{one.file}:{one.line} {one.text}" for one in REST]
    assert sum(map(len, FOUND.values())) > 400


def test_every_entry_has_a_message():
    empty = [one["id"] for one in ENTRIES if not FOUND[one["id"]] and "texts" not in one]
    assert not empty


def test_ids_differ():
    ids = [one["id"] for one in ENTRIES]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda one: one["id"])
def test_an_entry_says_why_and_what_to_do_and_its_example_is_a_message(entry):
    assert len(entry["cause"]) > 40 and len(entry["cure"]) > 20
    if FOUND[entry["id"]]:
        assert error_pages.is_one_of(entry["example"], FOUND[entry["id"]])
    else:
        assert error_pages.is_written_down(entry["example"], entry)


def test_a_text_of_another_error_is_not_an_example():
    assert not error_pages.is_one_of("conv2d: it is Tuesday", FOUND["conv-channels"])
    assert not error_pages.is_written_down("it is Tuesday", {"texts": ["left out: {files}"]})


def test_messages_are_read_from_a_source():
    source = (
        "def f(n, path):\n"
        "    raise ShapeError('conv2d', f'{n} axes', 'four' if n else None, str(n), todo='try 4')\n"
        "    raise unknown_name(where, 'net', n, NETS)\n"
        "    raise ValueError('not one of ours')\n"
    )
    shape, unknown = messages.of_source(source, "minires/x.py")
    assert shape.text == "conv2d: {n} axes: expected four, got {n}; try 4" and shape.line == 2
    assert unknown.text.startswith("{where}: unknown net: expected one of")
    assert error_pages.shown(shape.text) == "conv2d: ‹n› axes: expected four, got ‹n›; try 4"


def test_a_real_message_is_found_by_its_text():
    """The text that a program prints, not the text of the source."""
    with pytest.raises(mr.errors.ConfigError if hasattr(mr, "errors") else ValueError) as raised:
        mr.kernels.find("conv")
    fitting = [
        one["id"] for one in ENTRIES if error_pages.is_one_of(str(raised.value), FOUND[one["id"]])
    ]
    assert "unknown-name" in fitting


def test_messages_of_other_libraries_can_be_looked_up():
    """A reader who pastes PyTorch's message finds minires' own for the same mistake."""
    elsewhere = {one["id"]: one["elsewhere"] for one in ENTRIES if "elsewhere" in one}
    assert any("expected 4 dimensions" in text for text in elsewhere["images"])
    data = re.search(r'id="messages"[^>]*>(.*?)</script>', error_pages.page(), re.DOTALL)[1]
    texts = {one["id"]: one["texts"] for one in json.loads(data.replace("<\\/", "</"))}
    assert all(set(said) <= set(texts[name]) for name, said in elsewhere.items())
    assert len(elsewhere) > 10


def test_the_page_holds_each_message_and_each_entry_once():
    page = error_pages.page()
    for entry in ENTRIES:
        assert page.count(f"({entry['id']})=") == 1
    listed = re.findall(r"<li><code>(.*?)</code>", page)
    by_hand = sum(len(one.get(kind, ())) for one in ENTRIES for kind in ("texts", "elsewhere"))
    assert len(listed) == sum(map(len, FOUND.values())) + by_hand

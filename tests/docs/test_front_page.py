"""The picture of verdicts on the front page."""

import re

import pytest

from docs.generate import front_page
from docs.generate.places import ROOT
from minires.experiments.claims import CLAIMS
from minires.experiments.explorer.colours import contrast_of


def test_the_picture_shows_the_verdicts_of_the_records():
    drawn = (ROOT / front_page.PICTURE).read_text(encoding="utf-8")
    assert drawn == front_page.first_verdicts(), "draw it: python -m docs.generate.front_page"
    assert front_page.PICTURE in (ROOT / "README.md").read_text(encoding="utf-8")


def test_each_claim_stands_beside_its_verdict():
    drawn = front_page.first_verdicts()
    texts = re.findall(r'<text [^>]*y="(\d+)"[^>]*>([^<]*)</text>', drawn)
    first = {text: height for height, text in texts}
    for name, outcome in re.findall(r"([a-z-]+): ([a-z]+)", re.search("<title>(.*)<", drawn)[1]):
        start = next(text for text in first if name.startswith(text))
        statement = next(text for text in first if CLAIMS[name].statement.startswith(text))
        beside = [text for height, text in texts if height == first[start]]
        assert {statement, outcome} <= set(beside)


@pytest.mark.parametrize("outcome", front_page.BADGES)
def test_white_letters_can_be_read_on_a_badge(outcome):
    assert contrast_of(front_page.BADGES[outcome], "#ffffff") >= 4.5

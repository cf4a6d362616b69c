"""The page needs no other file, and text from records cannot become part of its HTML."""

import hashlib
import json
import re
from base64 import b64encode
from html.parser import HTMLParser

import pytest

from minires.experiments import explorer
from minires.experiments.explorer import page as explorer_page

from . import made_up

EVIL = '</script><img src=x onerror="alert(1)">'


class Tags(HTMLParser):
    """The tags of a page, and what its scripts hold."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.addresses, self.in_script = [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        given = dict(attributes)
        self.addresses += [given[key] for key in ("src", "href", "srcset") if key in given]
        self.in_script = tag == "script"
        if self.in_script:
            self.scripts.append([given, ""])

    def handle_endtag(self, tag):
        self.in_script = False

    def handle_data(self, text):
        if self.in_script:
            self.scripts[-1][1] += text


def page_on(*folders, out):
    explorer.write(folders, out)
    return out.read_text(encoding="utf-8")


@pytest.fixture
def text(tmp_path):
    return page_on(made_up.degradation(tmp_path / "run"), out=tmp_path / "x.html")


def numbers_in(text):
    return json.loads(Tags(text).scripts[0][1])


def test_it_needs_no_other_file_and_no_network(text):
    found = Tags(text)
    assert found.addresses == [] and "link" not in found.tags
    assert not re.search(r"@import|url\(|\bfetch\(|XMLHttpRequest|WebSocket|\bimport\(", text)


def test_the_only_script_that_may_run_is_the_pages_own(text):
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', text)[1]
    (kind, _), (given, script) = Tags(text).scripts
    assert kind == {"type": "application/json", "id": "numbers"} and given == {}
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#x27;sha256-{digest}&#x27;" in policy
    assert policy.startswith("default-src &#x27;none&#x27;")
    assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<body>")


def test_every_script_of_the_folder_is_in_the_page(text):
    folder = explorer_page.files(explorer.__name__) / "web"
    names = {one.name for one in folder.iterdir()}
    assert names == {*explorer_page.SCRIPTS, "explorer.css", "explorer.html"}
    for name in explorer_page.SCRIPTS:
        assert (folder / name).read_text(encoding="utf-8") in text


def test_names_in_records_stay_text(tmp_path):
    """Names of the folder, the net, a layer, a setting and the data set."""
    out = tmp_path / "<b>run"
    made_up.single(out, net=EVIL, dataset_name=EVIL)
    table = out / "gradients.csv"
    table.write_text(table.read_text().replace("layer3", EVIL.replace('"', "'")))
    text = page_on(out, out=tmp_path / "x.html")
    usual = page_on(made_up.single(tmp_path / "usual"), out=tmp_path / "y.html")
    assert Tags(text).tags == Tags(usual).tags and "<img" not in text and "<b>run" not in text
    (run,) = numbers_in(text)["runs"]
    assert run["trainings"][0]["net"] == EVIL and EVIL in run["caption"]
    assert run["name"] == "<b>run"


def test_names_of_any_length_and_letters(tmp_path):
    out = made_up.single(tmp_path / "run", net="n\x1b[2J" + "x" * 5000)
    (run,) = numbers_in(page_on(out, out=tmp_path / "x.html"))["runs"]
    assert (
        run["trainings"][0]["net"].startswith("n\\x1b[2J") and len(run["trainings"][0]["net"]) < 70
    )


def test_two_runs_of_different_kinds(tmp_path):
    folders = made_up.degradation(tmp_path / "a"), made_up.single(tmp_path / "b", "resnet-8")
    found = numbers_in(page_on(*folders, out=tmp_path / "x.html"))
    assert [run["kind"] for run in found["runs"]] == ["degradation", "single net"]
    assert [net["name"] for net in found["nets"]].count("resnet-8") == 1


def test_ids_in_the_scripts_are_in_the_page(text):
    """One misspelled id would stop the whole page."""
    found = set(re.findall(r'id="([\w-]+)"', text.split("<script")[0]))
    used = set(re.findall(r'(?:byId|fillBoxes|rooms|charts)\("([\w-]+)"', text))
    assert len(used) > 12 and used <= found

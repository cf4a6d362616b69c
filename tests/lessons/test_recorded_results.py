"""Recorded results are found from where notebooks lie, and are missed in one line."""

from pathlib import Path

import pytest

from minires.errors import DataError
from minires.lessons import recorded, recorded_results

NAME = "results/degradation-quick-cifar10"


def test_beside_the_folder_of_the_notebook(tmp_path, monkeypatch):
    (tmp_path / NAME).mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert recorded(NAME) == Path("..") / NAME


def test_a_copied_notebook_finds_them_in_the_checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (recorded(NAME) / "metrics.csv").is_file()
    assert recorded("benchmarks/results/cpu.json").is_file()


def test_where_there_are_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recorded_results, "CHECKOUT", tmp_path / "site-packages")
    with pytest.raises(DataError) as error:
        recorded(NAME)
    message = str(error.value)
    assert message.startswith(f"{NAME}: recorded results not found: expected them above")
    assert f"the notebook is in {tmp_path}" in message and "\n" not in message
    assert message.endswith("open it there")

"""The folder of a run: settings and tables as plain files."""

import json

import pytest

from minires.errors import ConfigError, DataError
from minires.experiments.records import RunFolder, read_config, read_table

COLUMNS, TEXT = ("net", "iteration", "loss"), ("net",)


def row(net, iteration, loss):
    return {"net": net, "iteration": iteration, "loss": loss}


def test_rows_are_on_disk_as_soon_as_they_are_appended(tmp_path):
    table = RunFolder(tmp_path, {}).table("metrics", COLUMNS, TEXT)
    table.append([row("plain-20", 1, 0.123456789)])
    assert (tmp_path / "metrics.csv").read_text() == "net,iteration,loss\nplain-20,1,0.123457\n"
    table.append([row("plain-20", 2, 1e-12)])
    assert read_table(tmp_path / "metrics.csv", COLUMNS, TEXT) == [
        row("plain-20", 1, 0.123457),
        row("plain-20", 2, 1e-12),
    ]


def test_rows_can_be_dropped(tmp_path):
    table = RunFolder(tmp_path, {}).table("metrics", COLUMNS, TEXT)
    table.append(row("a", i, 0.5 * i) for i in range(4))
    table.keep(lambda row: row["iteration"] < 2)
    assert read_table(tmp_path / "metrics.csv", COLUMNS, TEXT) == [
        row("a", 0, 0.0),
        row("a", 1, 0.5),
    ]


def test_words_with_a_comma(tmp_path):
    table = RunFolder(tmp_path, {}).table("metrics", COLUMNS, TEXT)
    table.append([row('plain-56, "clipped"', 1, 0.5), row("b", 1, 0.5)])
    table.keep(lambda row: row["net"] != "b")
    assert read_table(tmp_path / "metrics.csv", COLUMNS, TEXT) == [
        row('plain-56, "clipped"', 1, 0.5)
    ]


@pytest.mark.parametrize("rest", ["a", "a,2", "a,2,", "a,2,10", "a,2,1023.4"])
def test_a_line_cut_off_at_the_end_is_left_out(tmp_path, rest):
    """Even if it has all columns: the 10 may have been 1023.4."""
    path = tmp_path / "metrics.csv"
    path.write_text(f"net,iteration,loss\na,1,0.5\n{rest}")
    assert read_table(path, COLUMNS, TEXT) == [row("a", 1, 0.5)]


def test_a_table_from_a_spreadsheet_is_whole(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_bytes(b"net,iteration,loss\r\na,1,0.5\r\n")
    assert read_table(path, COLUMNS, TEXT) == [row("a", 1, 0.5)]


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", "columns missing"),
        ("net,iteration\na,1\n", "no loss"),
        ("net,iteration,loss\na,1\na,2,3\n", "line 2"),
        ("net,iteration,loss\na,1,2,3\na,2,3\n", "line 2"),
        ("net,iteration,loss\na,1,low\n", "line 2: loss: expected a number, got 'low'"),
    ],
)
def test_damaged_tables(tmp_path, text, complaint):
    (tmp_path / "metrics.csv").write_text(text)
    with pytest.raises(DataError, match=complaint):
        read_table(tmp_path / "metrics.csv", COLUMNS, TEXT)


def test_binary_content(tmp_path):
    (tmp_path / "metrics.csv").write_bytes(b"\xff\xfe\x00" * 10)
    with pytest.raises(DataError):
        read_table(tmp_path / "metrics.csv", COLUMNS, TEXT)


def test_missing_files(tmp_path):
    with pytest.raises(DataError, match="no such file.*--out folder"):
        read_table(tmp_path / "metrics.csv", COLUMNS, TEXT)
    with pytest.raises(DataError, match="config.json"):
        read_config(tmp_path)


def test_settings_and_environment_are_kept(tmp_path):
    RunFolder(tmp_path / "new" / "folder", {"lr": 0.1, "depths": (20, 56)})
    config = json.loads((tmp_path / "new" / "folder" / "config.json").read_text())
    assert config["lr"] == 0.1 and config["depths"] == [20, 56]
    assert {"minires", "numpy", "blas", "python", "processor", "threads", "command", "date"} <= set(
        config["environment"]
    )


def test_a_used_folder_needs_resume(tmp_path):
    RunFolder(tmp_path, {"lr": 0.1})
    with pytest.raises(ConfigError, match="not empty.*--resume"):
        RunFolder(tmp_path, {"lr": 0.1})
    RunFolder(tmp_path, {"lr": 0.1}, resume=True)


def test_resume_with_other_settings_names_all_differences(tmp_path):
    RunFolder(tmp_path, {"lr": 0.1, "seeds": [0], "width": 8})
    with pytest.raises(ConfigError, match=r"lr 0.1 -> 0.2, width 8 -> 16"):
        RunFolder(tmp_path, {"lr": 0.2, "seeds": [0], "width": 16}, resume=True)
    assert read_config(tmp_path)["lr"] == 0.1


def test_what_may_grow_may_not_shrink(tmp_path):
    growing = ("seeds", "depths")
    RunFolder(tmp_path, {"seeds": [0, 1], "depths": (20,)}, growing)
    RunFolder(tmp_path, {"seeds": [0, 1, 7], "depths": (20, 56)}, growing, resume=True)
    with pytest.raises(ConfigError, match=r"seeds \[0, 1, 7\] -> \[0, 1, 8\]"):
        RunFolder(tmp_path, {"seeds": [0, 1, 8], "depths": (20, 56)}, growing, resume=True)


def test_a_run_of_an_early_version_that_had_a_number_of_seeds(tmp_path):
    (tmp_path / "config.json").write_text('{"seeds": 3, "lr": 0.1}')
    assert read_config(tmp_path)["seeds"] == [0, 1, 2]
    with pytest.raises(ConfigError, match=r"seeds \[0, 1, 2\] -> \[0, 1\]"):
        RunFolder(tmp_path, {"seeds": [0, 1], "lr": 0.1}, ("seeds",), resume=True)
    RunFolder(tmp_path, {"seeds": [0, 1, 2, 3], "lr": 0.1}, ("seeds",), resume=True)


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot write here"):
        RunFolder(tmp_path / "file" / "folder", {})


def test_a_folder_with_other_files_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="the folder is not empty"):
        RunFolder(tmp_path, {}, resume=True)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]

"""Names of files: shown on one line whatever they contain, and opened as a shell would open
them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minires as mr
from minires.errors import ConfigError, DataError
from minires.names import as_text, expanded, printable, shortened, shown


@pytest.mark.parametrize(
    "text, printed",
    [
        ("café 犬 $x", "café 犬 $x"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("title\x1b]0;x\x07", "title\\x1b]0;x\\x07"),
        ("two\nlines\tand\r", "two\\nlines\\tand\\r"),
        ("\x7f\x9b\u2028", "\\x7f\\x9b\\u2028"),
        ("caf\udce9", "caf\\xe9"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_unprintable_characters_are_escaped(text, printed):
    assert printable(text) == printed and printable(printed) == printed
    printed.encode("utf-8")


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on Unix only")
def test_names_are_utf_8_and_other_bytes_are_escaped():
    assert as_text(os.fsdecode("café".encode())) == "café"
    assert as_text(os.fsdecode(b"caf\xe9")) == "caf\\xe9"
    assert as_text(Path("a\x1bb")) == "a\\x1bb"


def test_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("USERPROFILE", "/home/ada")
    assert expanded("~/runs") == Path("/home/ada/runs") and expanded("~") == Path("/home/ada")
    assert expanded("./~") == Path("~") and expanded("a/~") == Path("a/~")
    assert expanded("~nobody-of-that-name/x") == Path("~nobody-of-that-name/x")


@pytest.mark.skipif(os.name != "posix", reason="elsewhere all names are Unicode")
def test_a_name_from_a_settings_file_under_the_c_locale(tmp_path):
    """The file is read as UTF-8, but the locale has no letters for opening the name."""
    (tmp_path / "café").mkdir()
    code = (
        "import os; from minires.names import expanded; os.chdir(os.sys.argv[1])\n"
        "print(expanded('caf\\xe9').is_dir(), expanded('caf\\udcc3\\udca9').is_dir(),"
        " ascii(str(expanded('\\ud800'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "True True '\\ud800'\n", done.stderr


def test_lengths():
    assert shortened("abc", 3) == "abc" and shortened("abcdefg", 5) == "ab…fg"
    assert shown("x" * 1000) == "'" + "x" * 98 + "…" + "x" * 98 + "'"
    assert shown(10**5000) == "a number of more than 4,300 digits"


def test_errors_hold_no_control_characters():
    error = DataError("a\x1b[31m\udce9", "no such\nfile", got="\x07")
    assert str(error) == "a\\x1b[31m\\xe9: no such file: got \\x07"


def test_numbers_of_5000_digits_are_refused():
    for call in (
        lambda: mr.models.resnet(8, width=10**5000),
        lambda: mr.optim.SGD([mr.nn.Parameter(np.ones(1, np.float32))], lr=10**5000),
        lambda: mr.training.RunConfig(seed=10**5000),
        lambda: mr.training.RunConfig(dataset="x" * 5000),
    ):
        with pytest.raises(ConfigError) as refused:
            call()
        assert len(str(refused.value)) < 1000


def test_paths_in_python_expand_home(tmp_path, monkeypatch):
    """``mr.save(net, "~/net.safetensors")`` used to make a folder called ~, or failed without
    one."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    net = mr.models.resnet(8, width=2)
    mr.save(net, "~/net.safetensors")
    mr.load(net, "~/net.safetensors")
    train, test = (some.resize(8) for some in mr.data.synthetic(32, 16))
    config = mr.training.RunConfig(iterations=1, batch_size=16)
    mr.training.Trainer(net, train, test, config, path="~/run.safetensors", progress=False).run()
    mr.plot.save(mr.plot.training_curves([_ROW]), "~/curves.png")
    written = {path.name for path in (tmp_path / "home").iterdir()}
    assert {"net.safetensors", "run.safetensors", "curves.png"} <= written
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


_ROW = {"epoch": 1, "train_loss": 1.0, "train_error": 50.0, "test_error": 60.0}

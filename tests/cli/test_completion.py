"""``minires completion``, tried in a real shell with a real Tab key."""

import shutil
import subprocess
import sys
from contextlib import redirect_stdout

import pytest

from minires.cli import main
from minires.models import registry

from .keys import Terminal

pytest.importorskip("shtab")


def script(shell, folder):
    """The script for a shell, in a file."""
    path = folder / f"minires.{shell}"
    with open(path, "w", encoding="utf-8") as file, redirect_stdout(file):
        assert main(["completion", shell]) == 0
    return path


@pytest.mark.parametrize(
    "shell, check", [("bash", ["-n"]), ("zsh", ["-n"]), ("fish", ["--no-execute"])]
)
def test_shells_can_read_their_scripts(shell, check, tmp_path):
    path = script(shell, tmp_path)
    words = ("degradation", "--class-weights", "vanishing-in-training")
    for word in (*words, *registry.names()):
        assert word in path.read_text(encoding="utf-8"), word
    if shutil.which(shell):
        subprocess.run([shell, *check, path], check=True)


@pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("bash"), reason="there is no bash here"
)
def test_the_tab_key_in_bash(tmp_path):
    (tmp_path / "weights.safetensors").touch()
    (tmp_path / "photos").mkdir()
    bash = Terminal(
        ["bash", "--norc", "--noprofile", "-i"], tmp_path, PS1="$ ", INPUTRC="/dev/null"
    )
    bash.wait_for(r"\$ ")
    # What Tab completes goes to this function instead of minires.
    bash.press(f"minires() {{ echo \"<$*>\"; }}; source '{script('bash', tmp_path)}'\n")
    for keys, words in (
        ("degrad\t --pres\t q\t", "degradation --preset quick"),
        ("train --model plain-5\t", "train --model plain-56"),
        ("claims flung\t", "claims flung-out"),
        ("course gr\t --iso\t", "course grade --isolation"),
        ("predict ph\t --weights wei\t", "predict photos/ --weights weights.safetensors"),
        ("museum no-sh\t", "museum no-shortcut"),
    ):
        bash.press(f"minires {keys}\n")
        bash.wait_for(f"<{words}>", seconds=20)
    bash.press("exit\n")
    assert bash.end() == 0


def test_without_shtab_an_error_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 1
    assert 'pip install "minires[completion]"' in capsys.readouterr().err

"""The command line as a user meets it, with right and wrong arguments."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

from minires.cli import main
from minires.cli.arguments import literal, own_setting
from minires.experiments.claims import CLAIMS
from minires.experiments.records import read_table
from minires.experiments.training_tables import GRADIENTS, METRICS, TEXT
from minires.models import registry

from ..slow import but_long

TINY = [
    "--depths",
    "8",
    "14",
    "--iterations",
    "8",
    "--train-size",
    "64",
    "--batch-size",
    "16",
    "--width",
    "2",
    "--image-size",
    "8",
]


def run(*words, **more):
    """``python -m minires`` with these words, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "minires", *words],
        capture_output=True,
        text=True,
        timeout=120,
        **more,
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["degradation", "--help"],
        ["plot", "--help"],
        ["merge", "--help"],
        ["data", "--help"],
    ],
)
def test_every_help_has_an_example(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 0
    assert "example" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["train", "--help"],
        ["finetune", "--help"],
        ["predict", "--help"],
        ["doctor", "--help"],
        ["notebooks", "--help"],
        ["museum", "--help"],
        ["merge", "--help"],
    ],
)
def test_help_fits_a_terminal_of_80_columns(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(words)
    printed = capsys.readouterr().out
    assert (
        max(map(len, printed.splitlines())) <= 80 and printed.split("\n\n")[0].count("\n") == 0
    )  # usage: one line


@pytest.mark.parametrize("command", ["train", "finetune"])
def test_the_help_names_every_net(command, capsys):
    """The list was written by hand, and half of the nets that exist at any depth were not in it."""
    with pytest.raises(SystemExit):
        main([command, "--help"])
    listed = capsys.readouterr().out.partition("nets:")[2].partition("examples:")[0]
    words = set(re.split(r"[\s,]+", listed))
    for family in registry.OF_ANY_DEPTH:
        assert registry.examples(family)[0] in words and registry.depth_rule(family) in listed
    assert {*registry.OF_ONE_DEPTH} <= words


def test_the_first_help_shows_how_to_train_finetune_and_predict(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert all(
        f"\n  minires {name} " in printed
        for name in ("degradation", "train", "finetune", "predict")
    )


@pytest.mark.parametrize(
    "text, value",
    [
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("+2", 2),
        ("-3", -3),
        ("-.5", -0.5),
        ("5", 5),
        ("0.25", 0.25),
        ("1_000", 1000),
        ("true", True),
        ("false", False),
        ("B", "B"),
        ("True", "True"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("-Infinity", "-Infinity"),
        ("1e999", "1e999"),
        ("", ""),
    ],
)
def test_which_values_are_numbers_and_which_are_text(text, value):
    assert literal(text) == value and type(literal(text)) is type(value)


def test_numbers_without_a_digit_before_the_point():
    assert own_setting("survival_prob=.5") == ("survival_prob", 0.5)


def test_the_whole_experiment(tmp_path):
    out = tmp_path / "run"
    done = run("degradation", *TINY, "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        ".lock",
        "config.json",
        "degradation.png",
        "gradients.csv",
        "gradients.png",
        "metrics.csv",
        "nets",
        "report.html",
        "updates.csv",
    ]
    assert (
        "plain-14" in done.stdout and "Degradation:" in done.stdout and "Shortcuts:" in done.stdout
    )

    picture = (out / "gradients.png").read_bytes()
    (out / "gradients.png").unlink()
    assert run("plot", str(out)).returncode == 0
    assert (out / "gradients.png").read_bytes() == picture

    again = run("degradation", *TINY, "--out", str(out))
    assert again.returncode == 1 and "not empty" in again.stderr and "--resume" in again.stderr
    other = run("degradation", *TINY, "--lr", "0.5", "--out", str(out), "--resume")
    assert other.returncode == 1 and "lr 0.1 -> 0.5" in other.stderr


def test_default_folder_is_named_after_the_run(tmp_path):
    assert run("degradation", *TINY, cwd=tmp_path).returncode == 0
    assert (tmp_path / "runs" / "degradation-synthetic-quick" / "degradation.png").exists()


# Seconds of training for each; `test_train` has a quick one of its own.
@pytest.mark.slow
@pytest.mark.parametrize("sent", but_long((signal.SIGTERM,), (signal.SIGINT, signal.SIGTERM)))
def test_ctrl_c_saves_and_exits_130_and_resume_goes_on(tmp_path, sent):
    out = tmp_path / "run"
    words = ["degradation", *TINY, "--iterations", "400", "--out", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-m", "minires", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    table = out / "metrics.csv"
    deadline = time.monotonic() + 180  # on a busy machine
    while (
        not (table.exists() and table.read_text().count("\n") > 3) and time.monotonic() < deadline
    ):
        time.sleep(0.01)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "--resume" in errors and "Traceback" not in errors

    resumed = run(*words, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    metrics = read_table(table, METRICS, TEXT)
    assert [row["iteration"] for row in metrics if row["net"] == "resnet-14"] == list(
        range(4, 401, 4)
    )
    rows = [
        (row["net"], row["iteration"], row["layer"])
        for row in read_table(out / "gradients.csv", GRADIENTS, TEXT)
    ]
    assert len(rows) == len(set(rows))


def test_without_arguments_it_lists_the_commands(capsys):
    assert main([]) == 0
    assert "\n    degradation  train plain and residual nets" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["degradatoin"], "did you mean 'degradation'?"),
        (["degradation", "--depth", "8"], "did you mean --depths?"),
        (["degradation", "--dataset", "CIFAR10"], "did you mean 'cifar10'?"),
        (["degradation", "--preset", "quik"], "did you mean 'quick'?"),
        (["degradation", "--dataset", "cifar"], "did you mean 'cifar10'?"),
        (["degradation", "--sed", "3"], "did you mean --seeds?"),
        (["degradation", "--learning-rate", "1"], "did you mean --lr?"),
        (["train", "--lerning-rate", "1"], "did you mean --lr?"),
        (["train", "--num-epochs", "1"], "did you mean --epochs?"),
        (["degradation", "--seeds", "0"], "at least 1, or seeds such as 30-59, got '0'"),
        (["degradation", "--depths", "deep"], "a whole number of at least 1, got 'deep'"),
        (["degradation", "--lr", "-1"], "a finite number above 0, got '-1'"),
        (["degradation", "--lr", "nan"], "a finite number above 0"),
        (["degradation", "--epochs", "2", "--iterations", "9"], "not allowed with"),
        (["data", "cifar100"], "did you mean 'cifar10'?"),
    ],
)
def test_wrong_arguments_exit_2_and_say_what_was_expected(words, complaint, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["--depths", "21"], "the nearest is 20"),
        (["--data", "/somewhere"], "--data together with --dataset cifar10"),
        (["--width", "1000000000000"], "not enough memory"),
        (["--device", "cuda"], "got 'cuda'; for an NVIDIA GPU say 'gpu'"),
        (["--tf32"], "only a GPU computes in TF32"),
        (["--batch-size", "20000"], "a batch larger than the training set"),
        (["--image-size", "5"], "got 5"),
        (["--dataset", "cifar10", "--data", "/nonexistent"], "/nonexistent"),
        (["--out", "/dev/null/here"], "cannot write here"),
    ],
)
def test_an_error_exits_1_with_one_line(words, complaint, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["degradation", *TINY, *words]) == 1
    errors = capsys.readouterr().err
    assert complaint in errors and errors.startswith("minires: error: ") and errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_one_iteration(tmp_path):
    assert (
        main(
            [
                "degradation",
                *TINY,
                "--depths",
                "8",
                "--iterations",
                "1",
                "--out",
                str(tmp_path / "run"),
            ]
        )
        == 0
    )


def test_resume_without_a_run_says_so(tmp_path, capsys):
    assert (
        main(["degradation", *TINY, "--depths", "8", "--resume", "--out", str(tmp_path / "run")])
        == 0
    )
    assert "nothing to resume" in capsys.readouterr().out


@pytest.mark.parametrize(
    "ctrl_c", [signal.default_int_handler, signal.SIG_IGN], ids=["ctrl-c", "in the background"]
)
def test_sigterm_is_ctrl_c_once(ctrl_c, capsys, monkeypatch):
    """A second SIGTERM, which `timeout` sends, changes nothing, and the old handlers are put back.
    SIGTERM works where a shell's background job ignores Ctrl-C."""

    def stopped(args):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except KeyboardInterrupt:
            os.kill(os.getpid(), signal.SIGTERM)
            raise

    monkeypatch.setattr("minires.cli.plot.run", stopped)
    before = signal.signal(signal.SIGINT, ctrl_c)
    try:
        assert main(["plot", "somewhere"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert (
        capsys.readouterr().err == "\nminires: interrupted\n"
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )


def test_outside_of_the_main_thread_signal_handlers_are_not_touched():
    from threading import Thread

    status = []
    thread = Thread(target=lambda: status.append(main(["plot", "/nowhere"])))
    thread.start()
    thread.join()
    assert status == [1]


# runs for as long as its timeout says; the only test in which a signal comes twice
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("timeout") is None, reason="no program timeout")
def test_timeout(tmp_path):
    """The program `timeout` sends its signal twice, and the work is saved all the same."""
    words = ["degradation", *TINY, "--iterations", "100000", "--out", str(tmp_path / "run")]
    done = subprocess.run(
        ["timeout", "12", sys.executable, "-m", "minires", *words],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (
        done.returncode == 124 and "--resume" in done.stderr and "Traceback" not in done.stderr
    ), done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_names_that_the_terminal_cannot_write(encoding, tmp_path):
    done = run(
        "plot",
        str(tmp_path / "犬"),
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )
    assert done.returncode == 1 and "\\u72ac" in done.stderr and "Traceback" not in done.stderr
    code = (
        "import sys; from minires.cli import main, plot; plot.run = lambda args: print('犬'); "
        "sys.exit(main(['plot', 'x']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    assert done.returncode == 0 and done.stdout == "\\u72ac\n", done.stderr


def test_ctrl_c_before_there_is_anything_to_save(tmp_path, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("minires.experiments.degradation.training.load_sets", interrupted)
    assert main(["degradation", "--out", str(tmp_path / "run")]) == 130
    assert "there was nothing to save yet" in capsys.readouterr().err


def test_plot_of_something_that_is_not_a_folder(capsys, tmp_path):
    assert main(["plot", str(tmp_path / "nothing")]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_the_installed_command_is_this_one():
    from importlib.metadata import entry_points

    (command,) = entry_points(group="console_scripts", name="minires")
    assert command.load() is main


def test_a_run_uses_no_more_threads_than_it_was_given(tmp_path):
    from minires import backend

    before = backend.num_threads()
    try:
        assert (
            main(
                [
                    "degradation",
                    *TINY,
                    "--depths",
                    "8",
                    "--threads",
                    "1",
                    "--out",
                    str(tmp_path / "run"),
                ]
            )
            == 0
        )
        assert '"threads": 1' in (tmp_path / "run" / "config.json").read_text()
    finally:
        backend.set_num_threads(before)


def test_the_list_of_claims(capsys):
    assert main(["claims", "--list"]) == 0
    printed = capsys.readouterr().out
    assert (
        "degradation\n    Deeper plain nets train worse" in printed
        and "arXiv:1512.03385" in printed
    )
    assert printed.count("decided by ") == len(CLAIMS) and "decided by 3 seeds" in printed


@pytest.mark.parametrize(
    "words, expected",
    [
        (["longer"], [1]),
        (["longer", "--seeds", "3"], [3]),
        (["longer", "--decide"], [[100, 101, 102]]),
        (["longer", "--decide", "2"], [[100, 101]]),
        (["longer", "bad-endings", "--decide", "2"], [[100, 101], [105, 106]]),
    ],
)
def test_which_seeds_a_claim_is_measured_with(words, expected, monkeypatch, tmp_path):
    """``--decide`` alone takes as many as each claim states, and from its own first one on."""
    asked = []

    def run(chosen, out, dataset, preset, seeds, *rest, **more):
        asked.extend(map(seeds, chosen) if callable(seeds) else [seeds])
        return []

    monkeypatch.setattr("minires.experiments.claims.run", run)
    assert main(["claims", *words, "--out", str(tmp_path / "out")]) == 0
    assert asked == expected


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["degredation"], "did you mean 'degradation'?"),
        (["degradation", "--data", "/somewhere"], "--data together with --dataset cifar10"),
        (["degradation", "--dataset", "cifar10", "--data", "/nonexistent"], "/nonexistent"),
        (["degradation", "--out", "/dev/null/here"], "cannot write here"),
    ],
)
def test_claims_that_cannot_be_measured(words, complaint, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["claims", *words]) == 1
    errors = capsys.readouterr().err
    assert complaint in errors and errors.startswith("minires: error: ") and errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_name_after_decide(capsys):
    with pytest.raises(SystemExit):
        main(["claims", "--decide", "longer"])
    assert "got 'longer'; names of claims go before it" in capsys.readouterr().err


def test_a_claim_from_the_command_line(capsys, tmp_path, monkeypatch):
    """One that trains no net."""
    monkeypatch.setattr("minires.experiments.claims.vanishing_without_batch_norm.DRAWS", 1)
    assert main(["claims", "vanishing-without-batch-norm", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert (
        "vanishing-without-batch-norm: contradicted" in printed
        and (tmp_path / "out" / "report.html").exists()
    )
    (tmp_path / "out" / "report.md").unlink()
    assert main(["plot", str(tmp_path / "out")]) == 0
    assert "contradicted" in capsys.readouterr().out and (tmp_path / "out" / "report.md").exists()


@pytest.mark.skipif(os.name != "posix", reason="no pipes of this kind")
@pytest.mark.parametrize("words", [["claims", "--list"], ["doctor"], ["plot", "--help"]])
def test_a_reader_that_is_gone_is_no_error(words):
    """For example ``minires doctor | head -1``. Here the reader is gone before anything is
    written."""
    read, write = os.pipe()
    os.close(read)
    code = f"import sys; from minires.cli import main; sys.exit(main({words}))"
    done = subprocess.run([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert done.returncode in (0, 141) and b"Traceback" not in done.stderr, done.stderr.decode()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_one_line():
    with open("/dev/full", "w") as full:
        code = "import sys; from minires.cli import main; sys.exit(main(['claims', '--list']))"
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == b"minires: error: output: No space left on device\n"


def test_any_error_of_the_system_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main(["course", "build", str(tmp_path / "file")]) == 1
    assert re.fullmatch(r"minires: error: .*file.*: [\w ]+\n", capsys.readouterr().err)


@pytest.mark.parametrize("name", ["resnet-99999999998", "resnet-８"])
def test_impossible_nets(name, capsys):
    assert main(["train", "--model", name, "--out", "nowhere"]) == 1
    assert re.search("too deep to build|unknown net", capsys.readouterr().err)

"""Commands in odd surroundings: closed outputs, full disks, missing packages, awkward names."""

import os
import re
import signal
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

from minires.cli import main
from minires.experiments.evaluation_records import read_confusion
from minires.experiments.records import read_config

TRAIN = (
    "train --model resnet-8 --net width=2 --image-size 8 --train-size 64 --test-size 20 "
    "--batch-size 16 --epochs 3"
).split()
POSIX = pytest.mark.skipif(os.name != "posix", reason="started by sh")


def shell(line, place, **environment):
    """Run a line in which $M is the command."""
    done = subprocess.run(
        ["bash", "-c", line.replace("$M", f'"{sys.executable}" -m minires')],
        cwd=place,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr, done.stderr
    return done


@pytest.mark.slow
@POSIX
@pytest.mark.parametrize(
    "redirected, status",
    [
        ("| head -1 >/dev/null; exit ${PIPESTATUS[0]}", 141),
        ("2>&1 | true; exit ${PIPESTATUS[0]}", 141),
        (">/dev/full", 1),
        (">&-", 0),
        (">&- 2>&-", 0),
    ],
)
def test_training_goes_on_without_its_reader(redirected, status, tmp_path):
    if "full" in redirected and not os.path.exists("/dev/full"):
        pytest.skip("no device that is always full")
    done = shell(f"$M {' '.join(TRAIN)} --out run {redirected}", tmp_path)
    assert done.returncode == status
    assert (tmp_path / "run" / "confusion.png").exists()
    assert done.stderr in ("", "minires: error: output: No space left on device\n")


@POSIX
@pytest.mark.parametrize("words", ["claims --list", "doctor --json", "degradation --help"])
def test_without_any_output(words, tmp_path):
    for redirected in (">&-", "2>&-", "<&- >&- 2>&-"):
        assert shell(f"$M {words} {redirected}", tmp_path).returncode == 0


@POSIX
@pytest.mark.parametrize("delay", [0.02, 0.06, 0.1])
def test_ctrl_c_while_modules_are_imported(delay):
    """One line and exit status 130. Ctrl-C in the interpreter's own first 10 ms is beyond our
    control."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SLOW_IMPORT, str(delay)], stderr=subprocess.PIPE, text=True
    )
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "\nminires: interrupted\n")


_SLOW_IMPORT = """if True:
    import os, signal, sys, threading
    delay, sys.argv = float(sys.argv[1]), ["/usr/bin/minires", "doctor"]
    import builtins
    real = builtins.__import__
    def slow(name, *rest, **more):
        if name == "numpy":  # the first of the large ones
            threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT)).start()
            threading.Event().wait(5)
        return real(name, *rest, **more)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    builtins.__import__ = slow
    from minires.cli import main
"""


@POSIX
@pytest.mark.parametrize(
    "moment",
    [
        # while Python ends: it used to end as a signal, without a message
        "atexit.register(interrupt)",
        "plot.run = lambda args: dropped()",  # here it used to be lost
    ],
)
def test_ctrl_c_at_a_bad_moment(moment):
    code = f"""if True:
        import atexit, os, signal, sys, weakref
        sys.argv = ["/usr/bin/minires", "plot", "nowhere"]
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from minires.cli import main, plot
        def interrupt(*_):
            os.kill(os.getpid(), signal.SIGINT)
            signal.pause()
        class Thing: pass
        def dropped():
            thing = Thing()
            reference = weakref.ref(thing, interrupt)
            del thing
        {moment}
        sys.exit(main())
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130 and done.stderr.endswith("\nminires: interrupted\n")
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


@POSIX
def test_in_other_programs_ctrl_c_is_left_alone():
    code = (
        "import signal, minires; "
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler"
    )
    done = subprocess.run([sys.executable, "-c", code], preexec_fn=_usual, timeout=60)
    assert done.returncode == 0


def _usual():
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize(
    "package, extra", [("nbformat", "[instructor]"), ("jupytext", "[instructor]"), ("tqdm", "")]
)
def test_a_package_that_is_missing(package, extra, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.chdir(tmp_path)
    words = TRAIN if package == "tqdm" else ["course", "build", "out"]
    assert main(words) == 1
    errors = capsys.readouterr().err
    assert f"the package {package} is not installed" in errors and errors.count("\n") == 1
    assert errors.endswith(f'pip install "minires{extra}"\n')


@POSIX
def test_an_unknown_backend_of_matplotlib(tmp_path):
    done = shell(f"$M {' '.join(TRAIN)} --out run", tmp_path, MPLBACKEND="nonsense")
    assert done.returncode == 0 and (tmp_path / "run" / "training.png").exists()


@POSIX
@pytest.mark.skipif(
    tuple(map(int, metadata.version("threadpoolctl").split(".")[:2])) < (3, 8),
    reason="earlier versions of threadpoolctl print a traceback of their own in such a folder",
)
def test_a_folder_that_was_deleted_under_the_command(tmp_path):
    gone = "mkdir gone; cd gone; rmdir ../gone; "
    done = shell(gone + "$M doctor", tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "minires: error: the current folder has been deleted; change into another one\n"
    )
    assert shell(f"{gone} $M {' '.join(TRAIN)} --out {tmp_path}/run", tmp_path).returncode == 0


def test_numpys_warnings_do_not_come_before_the_error(tmp_path, capsys):
    assert main([*TRAIN, "--lr", "1e300", "--out", str(tmp_path / "run")]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("minires: error: ") and errors.count("\n") == 1 and "nan" in errors


@pytest.mark.parametrize(
    "words, usage",
    [
        (["plot", "run", "extra"], "usage: minires plot "),
        ([*TRAIN, "--flip", "yes"], "usage: minires train "),
        (["doctor", "--nonsense"], "usage: minires doctor "),
        (["course", "grade", "a", "--out", "b", "--nonsense"], "usage: minires course grade "),
        (["course", "grade", "a", "--ou", "b"], "usage: minires course grade "),
        (["plot", ""], "usage: minires plot "),
        (["degradation", "--lr", "9" * 5000], "usage: minires degradation "),
        (["plot", "a", "b\x1b[31m"], "usage: minires plot "),
    ],
)
def test_wrong_arguments_get_the_usage_of_the_command(words, usage, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    errors = capsys.readouterr().err
    assert stop.value.code == 2 and errors.startswith(usage)
    assert len(errors.splitlines()[-1]) < 1100 and "\x1b" not in errors


@pytest.mark.slow
@POSIX
def test_home_is_found_where_the_shell_leaves_it(tmp_path):
    """``--out=~/x`` used to make a folder called ~ in the current folder."""
    home = tmp_path / "home"
    (home / "place").mkdir(parents=True)
    (tmp_path / "settings.toml").write_text('out = "~/y"\n')
    words = " ".join(TRAIN)
    for more in ("--out=~/x", "--config=../../settings.toml"):
        done = shell(f"cd home/place; $M {words} {more}", tmp_path, HOME=str(home))
        assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in home.iterdir() if path.name[0] != ".") == [
        "place",
        "x",
        "y",
    ]
    assert list((home / "place").iterdir()) == []


@pytest.mark.slow
@POSIX
@pytest.mark.parametrize("encoding", ["UTF-8", "C"])
def test_names_of_all_kinds_from_the_folder_to_the_figures(encoding, tmp_path):
    """These runs used to train to the end and then fail: a class called café under the C locale,
    bytes that are not text, dollars that Matplotlib takes for a formula, escapes that colour a
    terminal."""
    Image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for name in (b"caf\xe9", "café 犬".encode(), b"red\x1b[31m"):
        folder = os.fsencode(tmp_path) + "/$rün_^$1/".encode() + name
        os.makedirs(folder)
        for i in range(3):
            pixels = rng.integers(0, 256, (10, 10, 3), np.uint8)
            with open(folder + b"/%d\xff.png" % i, "wb") as file:
                Image.fromarray(pixels).save(file, "PNG")
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    (tmp_path / "again.toml").write_text(
        'model = "resnet-8"\ndataset = "folder"\ndata = "$rün_^$1"\nimage-size = 8\nepochs = 1\n'
        'batch-size = 2\nworkers = 0\ncache = "ü"\nnet.width = 2\n',
        encoding="utf-8",
    )
    done = shell(
        "$M train --model resnet-8 --net width=2 --dataset folder --data '$rün_^$1' --out run "
        "--image-size 8 --epochs 1 --batch-size 2 --workers 0 --cache cache && $M plot run && "
        "$M train --config again.toml --out run --resume",
        tmp_path,
        **(environment if encoding == "C" else {}),
    )
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout and (tmp_path / "run" / "confusion.png").exists()
    names = {
        row["right"] for row in read_confusion(tmp_path / "run", read_config(tmp_path / "run"))
    }
    assert names == {"caf\\xe9", "café 犬", "red\\x1b[31m"}
    assert "\\xff.png" in (tmp_path / "run" / "predictions.csv").read_text(encoding="utf-8")


def test_a_setting_that_is_given_twice_or_has_no_effect_gets_a_line(tmp_path, capsys):
    words = [*TRAIN, "--net", "width=3", "--workers", "2", "--out", str(tmp_path / "run")]
    assert main(words) == 0
    lines = capsys.readouterr().err.splitlines()
    # An old Matplotlib beside a new pyparsing has notes of its own.
    assert [line for line in lines if line.startswith("minires")] == [
        "minires: note: --net: width=3 instead of width=2",
        "minires: note: workers changes nothing: only photographs (dataset 'folder') are decoded "
        "in processes",
    ]


def test_contradicting_settings_leave_no_folder(tmp_path, capsys):
    words = [*TRAIN, "--momentum", "0", "--nesterov", "--out", str(tmp_path / "run")]
    assert main(words) == 1 and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["train", "--model", "ResNet-8"], "did you mean 'resnet-8'?"),
        (["train", "--model", "ResNet50"], "did you mean 'resnet50'?"),
        (["train", "--model", "resnet-" + "9" * 5000], "too deep to build"),
        ([*TRAIN, "--net", "width=" + "9" * 30], "not enough memory"),
        ([*TRAIN, "--train-size", "9" * 30], "not enough memory"),
        ([*TRAIN, "--out", "x/" * 2000], "more folders within each other than can be made"),
        ([*TRAIN, "--out", "a" * 300], "File name too long"),
        (["predict", "x", "--weights", "a" * 300], "File name too long"),
    ],
)
def test_impossible_settings_are_one_line(words, complaint, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    errors = capsys.readouterr().err.splitlines()
    assert re.search(complaint, errors[-1]) and errors[-1].startswith("minires: error: ")


def test_reports_are_not_written_into_the_folder_of_submissions(tmp_path, capsys):
    (tmp_path / "eve").mkdir()
    for out in (tmp_path, tmp_path / "graded"):
        assert main(["course", "grade", str(tmp_path), "--out", str(out)]) == 1
        assert "the folder of the submissions" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["eve"]


@pytest.mark.slow
@POSIX
@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_workers_train_where_streams_were_closed(tmp_path, closed):
    """A new process needs all three streams. Without them no net was trained."""
    words = "--depths 8 --iterations 2 --train-size 32 --batch-size 16 --width 1 --image-size 8"
    done = shell(f"$M degradation {words} --workers 2 --out run {closed}", tmp_path)
    assert done.returncode == 0 and (tmp_path / "run" / "degradation.png").exists()

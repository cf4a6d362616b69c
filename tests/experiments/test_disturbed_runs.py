"""Runs that are disturbed: disks fail, processes die or meet in one folder, records are changed.
There is no traceback, nothing is lost without a message, and --resume leads to the same numbers."""

import csv
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from minires.cli import main
from minires.cli.printing import interrupted
from minires.errors import CheckpointError, ConfigError, DataError, MiniresError
from minires.experiments import degradation, evaluation_records, records, single_net
from minires.experiments.claims import CLAIMS
from minires.experiments.claims.frame.run import write_report
from minires.experiments.records import RunFolder, read_config, read_table
from minires.experiments.training_sets import load_sets
from minires.experiments.training_tables import METRICS, TEXT
from minires.serialization.files import append_bytes
from minires.training import RunConfig
from minires.training.interrupt import StoppedAtOnce

from ..faults import Disk, Killed, cases, on, random_disk
from ..times import rows_without_times

ROOT = Path(__file__).parents[2]
TINY = RunConfig.for_data(
    model="residual_mlp-4",
    net={"width": 4},
    image_size=4,
    train_size=32,
    test_size=8,
    batch_size=8,
    iterations=6,
)
TINY_DEGRADATION = replace(TINY, model=None, net={"width": 1}, iterations=2)
COMMAND = (  # the same settings as TINY
    "train --model residual_mlp-4 --net width=4 --image-size 4 --train-size 32 --test-size 8 "
    "--batch-size 8"
).split()
FORK = "fork" in multiprocessing.get_all_start_methods()


@pytest.fixture(scope="module", autouse=True)
def sets():
    """The images, drawn once for all runs of this file."""
    drawn = load_sets(TINY, None, False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(single_net.preparing, "load_sets", lambda *_: drawn)
        patch.setattr(degradation, "load_sets", lambda *_: drawn)
        yield drawn


def run(out, resume=False, config=TINY):
    single_net.run(config, out, resume=resume, progress=False)
    return out


def run_degradation(out, resume=False):
    degradation.run(TINY_DEGRADATION, out, (8,), resume=resume, progress=False)
    return out


@pytest.fixture(scope="module")
def finished(tmp_path_factory, sets):
    return run(tmp_path_factory.mktemp("runs") / "finished")


@pytest.fixture(scope="module")
def finished_degradation(tmp_path_factory, sets):
    return run_degradation(tmp_path_factory.mktemp("runs") / "degradation")


@pytest.fixture
def copy(finished, tmp_path):
    return Path(shutil.copytree(finished, tmp_path / "run"))


def content(out):
    """The results of a run without their times, with weights as bytes."""
    metrics = rows_without_times(read_table(out / "metrics.csv", METRICS, TEXT))
    names = ("gradients.csv", "confusion.csv", "predictions.csv", "evaluation.json")
    names += ("weights.safetensors",)
    return metrics, [(name, (out / name).read_bytes()) for name in names if (out / name).exists()]


def is_clean(out):
    return not list(out.rglob("*.part"))


# One process at a time


def test_a_second_process_is_refused(copy):
    before = content(copy)
    code = (
        "import sys, pathlib, time; from minires.serialization.files import Lock\n"
        "lock = Lock(pathlib.Path(sys.argv[1]) / '.lock'); assert lock.acquire()\n"
        "print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, copy], stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ConfigError, match="another process writes into this folder"):
            run(copy, resume=True)
        assert content(copy) == before
    finally:
        holder.kill()  # a dead process holds nothing
        holder.communicate()
    run(copy, resume=True)
    assert content(copy) == before


def test_a_folder_is_free_again_after_a_run_that_failed(copy):
    with pytest.raises(ConfigError, match="lr 0.1 -> 0.2"):
        run(copy, resume=True, config=replace(TINY, lr=0.2))
    run(copy, resume=True)


def test_the_folder_of_an_interrupted_start_is_not_a_run(tmp_path, finished):
    out = tmp_path / "run"
    out.mkdir()
    (out / ".lock").touch()
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    (out / f".config.json.{process.pid}-1.part").write_text("{")
    run(out)
    assert content(out) == content(finished) and is_clean(out)


# Tables and disks


def test_a_table_that_cannot_be_written_is_one_line(tmp_path):
    table = RunFolder(tmp_path, {}).table("metrics", ("a", "b"))
    table.append([{"a": 1, "b": 2}])
    for what in (dict(torn=True), {}):
        with on(Disk(tmp_path, at=1, **what)), pytest.raises(CheckpointError, match="No space"):
            table.append([{"a": 3, "b": 4}])
        assert (tmp_path / "metrics.csv").read_text() == "a,b\n1,2\n"


def test_a_figure_that_cannot_be_written_leaves_the_one_before(copy):
    (copy / "training.png").write_bytes(b"before")
    for at in range(3):
        temporary = copy / ".training.png"
        with (
            on(Disk(temporary, at=at)),
            pytest.raises(CheckpointError, match="training.png: cannot"),
        ):
            single_net.plot(copy)
        assert (copy / "training.png").read_bytes() == b"before" and is_clean(copy)


def test_a_table_deleted_during_a_run_is_written_again_with_its_header(tmp_path):
    table = RunFolder(tmp_path, {}).table("metrics", ("a", "b"))
    table.path.unlink()
    table.append([{"a": 3, "b": 4}])
    assert table.rows() == [{"a": 3, "b": 4}]


def test_an_interrupted_append_writes_all_or_nothing(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"a\n")

    def interrupt(self, content):
        self._file.write(content[:2])
        raise KeyboardInterrupt

    with on(Disk(tmp_path)), pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.faults.File.write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            append_bytes(path, b"12345\n")
    assert path.read_bytes() == b"a\n"


@pytest.mark.parametrize("lost", [slice(1, 2), slice(2, 3), slice(1, 9)])
def test_lost_rows_of_metrics_are_restored_with_a_message(copy, finished, lost, capsys):
    lines = (copy / "metrics.csv").read_text().splitlines(True)
    del lines[lost]
    (copy / "metrics.csv").write_text("".join(lines))
    run(copy, resume=True)
    assert content(copy) == content(finished)
    assert re.search(
        "note: .*rows of residual_mlp-4, seed 0, were missing", capsys.readouterr().err
    )


def test_changed_rows_of_metrics_are_restored_with_a_message(copy, finished, capsys):
    text = (copy / "metrics.csv").read_text()
    (copy / "metrics.csv").write_text(text.replace("residual_mlp-4,0,4", "residual_mlp-4,0,5"))
    run(copy, resume=True)
    assert content(copy) == content(finished) and "note: " in capsys.readouterr().err


def test_an_unchanged_run_is_resumed_without_a_message(copy, capsys):
    run(copy, resume=True)
    assert capsys.readouterr().err == ""


def test_lost_gradients_are_reported(copy, capsys):
    lines = (copy / "gradients.csv").read_text().splitlines(True)
    (copy / "gradients.csv").write_text("".join(lines[:-3]))
    run(copy, resume=True)
    assert (
        "the gradients of 1 of 6 recorded steps of residual_mlp-4, seed 0, are missing"
        in capsys.readouterr().err
    )


def test_a_table_saved_by_excel(copy, finished):
    for name in ("metrics.csv", "gradients.csv", "confusion.csv", "config.json"):
        text = (copy / name).read_text()
        (copy / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert single_net.report(copy) == single_net.report(finished)
    run(copy, resume=True)
    assert content(copy) == content(finished)


# Records that someone has changed


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda config: config.pop("model"), "model: expected a word, got none"),
        (
            lambda config: config.update(lr="high"),
            "lr: expected a finite number above 0, got 'high'",
        ),
        (lambda config: config.update(classes=3), "classes: expected a list of words, got 3"),
        (lambda config: config.update(iterations=0), "iterations: expected a whole number"),
    ],
)
def test_settings_that_were_changed_are_named(copy, change, words):
    config = json.loads((copy / "config.json").read_text())
    change(config)
    (copy / "config.json").write_text(json.dumps(config))
    for command in (single_net.report, single_net.figures):
        with pytest.raises(DataError, match=words):
            command(copy)


def test_settings_nested_too_deeply(copy):
    (copy / "config.json").write_text("[" * 100_000)
    with pytest.raises(DataError, match="the settings cannot be read"):
        single_net.report(copy)


@pytest.mark.parametrize("number", ["0", "-1", "nan", "inf", "1e999"])
def test_numbers_in_tables_that_no_run_writes(copy, number):
    lines = (copy / "metrics.csv").read_text().splitlines(True)
    cells = lines[1].split(",")
    cells[3] = number
    (copy / "metrics.csv").write_text("".join([lines[0], ",".join(cells), *lines[2:]]))
    with pytest.raises(DataError, match="epoch: expected a finite number above 0"):
        single_net.report(copy)


def test_a_cut_table_of_confused_classes(copy):
    lines = (copy / "confusion.csv").read_text().splitlines(True)
    for kept in (lines[:-1], lines[:50], lines[:1], [lines[0], *lines[2:], lines[1]]):
        (copy / "confusion.csv").write_text("".join(kept))
        for command in (single_net.report, single_net.figures):
            with pytest.raises(DataError, match="confusion.csv: rows are missing or were changed"):
                command(copy)
    # The last digit of the last number is cut off: it may be another number now.
    (copy / "confusion.csv").write_text("".join(lines[:-1]) + lines[-1].rsplit(",")[0] + ",")
    with pytest.raises(DataError):
        single_net.report(copy)


def test_an_evaluation_that_was_changed(copy):
    for text in ("{}", "[]", '{"top_1_error_percent": "low"}', "{", "[" * 100_000):
        (copy / "evaluation.json").write_text(text)
        with pytest.raises(DataError, match="evaluation.json: cannot be read"):
            evaluation_records.read_errors(copy)


def test_rows_of_nets_that_are_not_in_the_settings(finished_degradation, tmp_path):
    out = Path(shutil.copytree(finished_degradation, tmp_path / "run"))
    text = (out / "metrics.csv").read_text()
    for name in ("plain", "plain-x", "plain-110", ""):
        (out / "metrics.csv").write_text(text.replace("plain-8", name))
        for command in (degradation.report, degradation.figures):
            with pytest.raises(DataError, match="metrics.csv: a row of another net"):
                command(out)


# Being stopped


def test_it_says_everything_is_saved_only_where_it_is(copy, tmp_path, capsys):
    assert interrupted(copy, KeyboardInterrupt()) == 130
    assert "everything so far is saved" in capsys.readouterr().err
    interrupted(copy, StoppedAtOnce())
    assert "up to the last checkpoint is saved, but not what came after" in capsys.readouterr().err
    interrupted(tmp_path / "nothing", KeyboardInterrupt())
    assert "there was nothing to save yet" in capsys.readouterr().err


def test_a_second_ctrl_c_is_told_from_the_first(tmp_path, monkeypatch, capsys):
    def twice(self):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("minires.training.trainer.Trainer._step", twice)
    assert main([*COMMAND, "--iterations", "6", "--out", str(tmp_path / "run")]) == 130
    assert "but not what came after" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="a signal of POSIX")
def test_a_closed_terminal_ends_a_run_as_sigterm_does(tmp_path):
    """With its bar on a terminal that is gone, to which nothing can be written."""
    import pty

    out = tmp_path / "run"
    words = [*COMMAND, "--iterations", "2000", "--out", str(out)]
    child, terminal = pty.fork()
    if child == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a program under nohup would ignore it
        os.execv(sys.executable, [sys.executable, "-m", "minires", *words])
    table, deadline = out / "metrics.csv", time.monotonic() + 180  # on a busy machine
    while not (table.exists() and table.read_text().count("\n") > 3):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.close(terminal)  # the system sends SIGHUP
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 130


# Many disturbed runs, made at random. MINIRES_CASES=10 tries ten times as many.


@pytest.mark.slow  # faults wherever a run writes, also where no other test plants one
@pytest.mark.parametrize("start", [run, run_degradation], ids=["single net", "degradation"])
def test_disks_that_fail(start, finished, finished_degradation, tmp_path):
    """A disk fails, or the process dies, at some operation: one line, and --resume goes on. There
    it may fail again."""
    expected = content(finished if start is run else finished_degradation)
    with on(Disk(tmp_path / "counted")) as counted:
        start(tmp_path / "counted")
    generator, wrong = random.Random(0), []
    for case in range(cases(50)):
        out, faults = tmp_path / f"{case}", []
        while not faults or len(faults) < 3 and generator.random() < 0.5:
            faults.append(random_disk(out, counted.count, generator))
            try:
                with on(faults[-1]):
                    start(out, resume=len(faults) > 1)
            except MiniresError as error:
                if "\n" in str(error):
                    wrong.append(f"{faults}: {error!r}")
            except Killed:
                pass
            except BaseException as error:
                wrong.append(f"{faults}: {error!r}")
        try:
            start(out, resume=True)
            if content(out) != expected or not is_clean(out):
                wrong.append(f"{faults}: resumed to something else")
        except BaseException as error:
            wrong.append(f"{faults}: cannot be resumed: {error!r}")
        shutil.rmtree(out, ignore_errors=True)
    assert not wrong, f"{len(wrong)} in {cases(50)} runs: " + "\n".join(wrong[:20])


def _in_a_process(out, delay):
    time.sleep(delay)
    try:
        run(out, resume=True)
    except ConfigError as error:
        sys.exit(0 if "another process writes" in str(error) else f"{error}")
    except MiniresError as error:
        sys.exit(f"{error}")


@pytest.mark.slow  # processes that meet, and die, at any moment of a run
@pytest.mark.skipif(not FORK, reason="started fast, by a fork")
def test_processes_that_meet_in_one_folder(finished, tmp_path):
    processes = multiprocessing.get_context("fork")
    generator, wrong, expected = random.Random(1), [], content(finished)
    for case in range(cases(20)):
        out = tmp_path / f"{case}"
        started = [
            processes.Process(target=_in_a_process, args=(out, generator.random() * 0.06))
            for _ in range(3)
        ]
        for process in started:
            process.start()
        if generator.random() < 0.4:
            time.sleep(generator.random() * 0.1)
            started[-1].kill()
            started.pop().join()
        for process in started:
            process.join(60)
            if process.exitcode != 0:
                wrong.append(f"{case}: exit status {process.exitcode}")
                process.kill()
        try:
            run(out, resume=True)
            if content(out) != expected or not is_clean(out):
                wrong.append(f"{case}: resumed to something else: {sorted(out.rglob('*'))}")
        except Exception as error:
            wrong.append(f"{case}: cannot be resumed: {error!r}")
    assert not wrong, f"{len(wrong)} of {cases(20)} rounds: " + "\n".join(wrong[:20])


ODD = (
    "",
    "0",
    "-1",
    "nan",
    "inf",
    "1e308",
    "x",
    "1,2",
    '"',
    "\x00",
    "犬",
    "9" * 5000,
    "None",
    "[]",
)


def _changed(text, generator):
    """A table or JSON file, changed in ways in which people and disks change them."""
    lines = text.split("\n")
    at = generator.randrange(len(lines))
    kind = generator.randrange(8)
    if kind == 0:
        return text[: generator.randrange(len(text))].encode()  # cut
    if kind == 1:
        del lines[at : at + generator.choice((1, 1, 3, 50))]
    elif kind == 2:
        lines.insert(at, generator.choice(lines))
    elif kind == 3:  # another value in one place
        cells = re.split(r"(,|: )", lines[at])
        cells[generator.randrange(len(cells))] = generator.choice(ODD)
        lines[at] = "".join(cells)
    elif kind == 4:
        content = bytearray(text.encode())
        content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
        return bytes(content)
    elif kind == 5:
        return b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    elif kind == 6:
        generator.shuffle(lines)
    else:
        return generator.choice((b"", b"\n", b"[]", b"{}", b"\xff\xfe", text.encode("utf-16")))
    return "\n".join(lines).encode()


@pytest.mark.slow  # tries changes that no other test names
@pytest.mark.parametrize("kind", ["single net", "degradation"])
def test_records_that_were_changed(kind, finished, finished_degradation, tmp_path, capsys):
    """They are drawn, reported and resumed, or get one line. Metrics are restored."""
    module, start, source = {
        "single net": (single_net, run, finished),
        "degradation": (degradation, run_degradation, finished_degradation),
    }[kind]
    names = [path.name for path in source.iterdir() if path.suffix in (".csv", ".json")]
    generator, wrong, expected = random.Random(2), [], content(source)
    out = tmp_path / "run"
    for case in range(cases(60)):
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(source, out)
        name = generator.choice(sorted(names))
        (out / name).write_bytes(_changed((out / name).read_text(), generator))
        commands = [module.report, module.figures, lambda out: start(out, resume=True)]
        if case % 20 == 0:
            commands.insert(2, module.plot)
        for command in commands:
            try:
                command(out)
            except MiniresError as error:
                if "\n" in str(error):
                    wrong.append(f"{name}, case {case}: {error!r}")
            except BaseException as error:
                wrong.append(f"{name}, case {case}: {error!r}")
            else:
                if command is commands[-1]:
                    found = [row for row in content(out)[0] if row in expected[0]]
                    if sorted(found, key=str) != sorted(expected[0], key=str):
                        wrong.append(f"{name}, case {case}: resumed to other metrics")
    assert not wrong, f"{len(wrong)} of {cases(60)}: " + "\n".join(wrong[:20])


@pytest.mark.slow  # each claim judges and draws in its own way
def test_tables_of_claims_that_were_changed(tmp_path):
    source = ROOT / "results" / "claims"
    generator, wrong = random.Random(3), []
    (tmp_path / "config.json").write_bytes((source / "config.json").read_bytes())
    recorded = [name for name in CLAIMS if (source / f"{name}.csv").exists()]
    names = sorted(name for name in recorded if (source / f"{name}.csv").stat().st_size < 20_000)
    for case in range(cases(30)):
        claim = replace(CLAIMS[generator.choice(names)], animate=None)
        path = tmp_path / f"{claim.name}.csv"
        path.write_bytes(_changed((source / path.name).read_text(), generator))
        try:
            rows = read_table(path, claim.columns, claim.text)
            with records.of_one_run(path):
                if rows:
                    claim.judge(rows)
                    claim.draw(rows, "")
            if case % 10 == 0:
                write_report([claim], tmp_path)
        except MiniresError as error:
            if "\n" in str(error):
                wrong.append(f"{claim.name}, case {case}: {error!r}")
        except BaseException as error:
            wrong.append(f"{claim.name}, case {case}: {error!r}")
    assert not wrong, f"{len(wrong)} of {cases(30)}: " + "\n".join(wrong[:20])


def test_the_settings_of_the_recorded_runs_are_read():
    for path in ROOT.glob("results/*/config.json"):
        assert read_config(path.parent)["experiment"]
    assert csv.field_size_limit() >= 5000

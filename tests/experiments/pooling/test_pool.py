"""Runs of the degradation experiment become one."""

import json
import os

import pytest

from minires.errors import ConfigError, DataError
from minires.experiments import degradation, pooling
from minires.experiments.pooling import copying
from minires.experiments.records import read_config
from minires.serialization.files import Lock
from minires.training.trainer import Trainer

from ...times import lines_without_times
from .runs import DEPTHS, TINY, change, content, copy, on_machine, train

NETS = [f"{family}-{depth}" for depth in DEPTHS for family in ("plain", "resnet")]


@pytest.fixture(scope="module")
def pooled(parts, tmp_path_factory):
    out = tmp_path_factory.mktemp("pooled") / "run"
    return pooling.merge([parts[2], parts[0], parts[1]], out), out


def test_the_pooled_run_is_that_of_all_seeds_to_the_byte(whole, pooled, tmp_path):
    _, out = pooled
    for run in (whole, out):
        degradation.plot(run)
    for name in ("gradients.csv", "updates.csv", "degradation.png", "gradients.png"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    assert lines_without_times(out / "metrics.csv") == lines_without_times(whole / "metrics.csv")
    reports = [
        [line[:70] if line[:5] in ("plain", "resne") else line for line in text.splitlines()]
        for text in (degradation.report(whole), degradation.report(out))
    ]
    assert reports[0] == reports[1] and "n = 3 seeds" in "\n".join(reports[1])
    a, b = (read_config(run) for run in (whole, out))
    assert b["seeds"] == [0, 1, 2] and a["settings_hash"] == b["settings_hash"]
    assert set(b) - set(a) == {"sources"}
    assert all(a[name] == b[name] for name in a if name != "environment")


def test_who_computed_what(parts, pooled):
    found, out = pooled
    computed = json.loads((out / "config.json").read_text())["sources"]
    assert [(one["seeds"], one["environment"]["processor"]) for one in computed] == [
        ([2], "Eniac"),
        ([0], "Babbage"),
        ([1], "Zuse"),
    ]
    assert computed[0]["folder"] == str(parts[2])
    assert (
        "not the same processor everywhere: Eniac (seed 2), Babbage (seed 0), "
        "Zuse (seed 1)" in found.notes
    )
    assert any(note.startswith("not the same numpy everywhere: 2.5 (seed") for note in found.notes)
    own = json.loads((out / "nets/plain-8/seed1/config.json").read_text())
    assert own["environment"]["processor"] == "Zuse"


def test_the_runs_are_not_changed(parts, tmp_path):
    before = [content(run) for run in parts]
    pooling.merge(parts, tmp_path / "out")
    assert [content(run) for run in parts] == before


def test_locks_and_temporary_files_are_not_part_of_a_run(parts, tmp_path):
    other = copy(parts[1], tmp_path / "other")
    (other / "nets/plain-8/seed1/.metrics.csv.123-456.part").write_text("half")
    pooling.merge([parts[0], other], tmp_path / "out")
    its = tmp_path / "out/nets/plain-8/seed1"
    assert sorted(path.name for path in its.iterdir()) == [
        "checkpoints",
        "config.json",
        "gradients.csv",
        "metrics.csv",
        "updates.csv",
    ]


def test_it_is_resumed_without_training_again(pooled, tmp_path, monkeypatch):
    out = copy(pooled[1], tmp_path / "out")
    before = (out / "metrics.csv").read_bytes()
    sources = read_config(out)["sources"]
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run", lambda self: pytest.fail("it was trained again"))
        train(out, 3, resume=True)
    assert (out / "metrics.csv").read_bytes() == before
    assert read_config(out)["sources"] == sources


def test_it_grows_and_is_pooled_again(whole, parts, tmp_path, monkeypatch):
    """Seeds 0 and 2 are pooled, seed 1 is trained in the result on a fourth machine, and then seed
    7 is pooled with it."""
    pooling.merge([parts[0], parts[2]], tmp_path / "two")
    with on_machine(monkeypatch, "Colossus"):
        train(tmp_path / "two", [0, 1, 2], resume=True)
    assert lines_without_times(tmp_path / "two/metrics.csv") == lines_without_times(
        whole / "metrics.csv"
    )
    seventh = train(tmp_path / "seventh", [7])
    found = pooling.merge([seventh, tmp_path / "two"], tmp_path / "all")
    assert found.seeds == [0, 1, 2, 7]
    sources = read_config(tmp_path / "all")["sources"]
    assert [(one["seeds"], one["environment"]["processor"]) for one in sources[1:]] == [
        ([0], "Babbage"),
        ([2], "Eniac"),
        ([1], "Colossus"),
    ]


def test_settings_that_differ_are_named(parts, tmp_path):
    other = tmp_path / "other"
    config = TINY.__class__(**{**vars(TINY), "lr": 0.2, "net": {"width": 2}})
    train(other, [5], config)
    with pytest.raises(ConfigError) as error:
        pooling.merge([parts[0], other], tmp_path / "out")
    assert str(error.value) == (
        f"{other}: the run has other settings: expected those of {parts[0]}, got lr 0.2 (not 0.1), "
        "net.width 2 (not 1); only runs that differ in nothing but their seeds can be pooled"
    )
    assert not (tmp_path / "out").exists()


def test_settings_that_someone_changed_after_the_run(parts, tmp_path):
    other = copy(parts[1], tmp_path / "other")
    text = (other / "config.json").read_text()
    (other / "config.json").write_text(text.replace('"momentum": 0.9', '"momentum": 0.8'))
    with pytest.raises(ConfigError, match="the settings were changed after the run"):
        pooling.merge([parts[0], other], tmp_path / "out")


def test_the_same_net_and_seed_twice_with_the_same_numbers(whole, parts, tmp_path):
    """Times may differ."""
    found = pooling.merge([parts[1], whole], tmp_path / "out")
    names = ", ".join(f"{net} seed 1" for net in NETS)
    assert found.notes[0] == (
        f"{parts[1]} and {whole} share {names}, with the same numbers: taken once"
    )
    assert lines_without_times(tmp_path / "out/metrics.csv") == lines_without_times(
        whole / "metrics.csv"
    )
    sources = read_config(tmp_path / "out")["sources"]
    assert [one["seeds"] for one in sources] == [[1], [0, 2]]


@pytest.mark.parametrize(
    "table, column, words",
    [
        ("metrics", "train_loss", "train_loss .* .metrics.csv, iteration 4.*got train_loss 9.5"),
        ("gradients", "weight_norm", "weight_norm .* .gradients.csv, iteration 0, layer .*9.5"),
        ("updates", "update_norm", "update_norm .* .updates.csv, iteration 0, layer .*9.5"),
    ],
)
def test_the_same_net_and_seed_twice_with_other_numbers(parts, tmp_path, table, column, words):
    other = copy(parts[1], tmp_path / "other")
    change(other / f"nets/resnet-14/seed1/{table}.csv", 1, column, "9.5")
    with pytest.raises(DataError, match=f"^{other}: resnet-14 seed 1 has other numbers.*{words}"):
        pooling.merge([parts[1], other], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("rows_left", [None, 3])
def test_a_run_with_updates_is_preferred_to_one_of_an_early_version(
    parts, whole, tmp_path, rows_left
):
    """The early version has no such table. If a later version went on with its run, the table has
    the last rows only."""
    other = copy(parts[1], tmp_path / "other")
    for table in [other / "updates.csv", *other.glob("nets/*/seed1/updates.csv")]:
        header, *lines = table.read_text().splitlines(keepends=True)
        table.unlink()
        if rows_left:
            table.write_text(header + "".join(lines[-rows_left:]))
    pooling.merge([other, whole], tmp_path / "out")
    assert (tmp_path / "out/updates.csv").read_bytes() == (whole / "updates.csv").read_bytes()


def test_a_finished_net_with_fewer_rows_is_another(parts, tmp_path):
    other = copy(parts[1], tmp_path / "other")
    table = other / "nets/plain-8/seed1/gradients.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(DataError, match="plain-8 seed 1 .* rows in gradients.csv, got"):
        pooling.merge([parts[1], other], tmp_path / "out")


def stopped(run, monkeypatch):
    """A run that was stopped in its second net, after the first epoch."""
    steps, one_step = [0], Trainer._step

    def step_then_interrupt(trainer):
        one_step(trainer)
        steps[0] += 1
        if steps[0] == 6 + 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_step", step_then_interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(run, [1])
    return run


def test_a_run_that_was_stopped_is_pooled_and_goes_on(whole, parts, tmp_path, monkeypatch):
    part = stopped(tmp_path / "part", monkeypatch)
    found = pooling.merge([parts[0], part, parts[2]], tmp_path / "out")
    assert found.notes[-1] == (
        "not finished: resnet-8 seed 1, plain-14 seed 1, resnet-14 seed 1; "
        "to train them, repeat the runs' command with --seeds 3 --resume"
    )
    report = degradation.report(tmp_path / "out")
    assert "not finished, and left out here: resnet-8 seed 1" in report
    assert "95 % confidence interval" in report and "n = 2 seeds; seeds 0, 2:" in report
    degradation.plot(tmp_path / "out")
    train(tmp_path / "out", 3, resume=True)
    assert lines_without_times(tmp_path / "out/metrics.csv") == lines_without_times(
        whole / "metrics.csv"
    )
    assert (tmp_path / "out/gradients.csv").read_bytes() == (whole / "gradients.csv").read_bytes()


@pytest.mark.parametrize("first", [0, 1])
def test_a_finished_net_is_preferred_to_an_unfinished_one(
    whole, parts, tmp_path, monkeypatch, first
):
    both = [stopped(tmp_path / "part", monkeypatch), parts[1]]
    pooling.merge([parts[0], parts[2], both[first], both[1 - first]], tmp_path / "out")
    assert lines_without_times(tmp_path / "out/metrics.csv") == lines_without_times(
        whole / "metrics.csv"
    )
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run", lambda self: pytest.fail("it was trained again"))
        train(tmp_path / "out", 3, resume=True)


def test_tables_alone_are_enough_for_figures(whole, parts, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("config.json", "metrics.csv", "gradients.csv"):
        (bare / name).write_bytes((parts[1] / name).read_bytes())
    found = pooling.merge([parts[0], bare, parts[2]], tmp_path / "out")
    assert found.notes[-1].startswith("without a checkpoint: plain-8 seed 1, resnet-8 seed 1")
    assert lines_without_times(tmp_path / "out/metrics.csv") == lines_without_times(
        whole / "metrics.csv"
    )


def test_a_run_that_is_still_going_on(parts, tmp_path):
    other = copy(parts[1], tmp_path / "other")
    for lock in (other / ".lock", other / "nets/plain-14/seed1/.lock"):
        with Lock(lock) as held:
            assert held.acquire()
            with pytest.raises(ConfigError, match=f"^{lock.parent}: the run is still going on"):
                pooling.merge([parts[0], other], tmp_path / "out")
    pooling.merge([parts[0], other], tmp_path / "out")


def test_a_run_cannot_be_resumed_while_it_is_copied(parts, tmp_path, monkeypatch):
    other = copy(parts[1], tmp_path / "other")

    def copy_files(files, folder):
        assert not Lock(other / ".lock").acquire()
        copying.copy_files(files, folder)

    monkeypatch.setattr(pooling.pool, "copy_files", copy_files)
    pooling.merge([parts[0], other], tmp_path / "out")


def test_impossible_folders(parts, tmp_path):
    one, two = parts[:2]
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "thesis.txt").write_text("years of work")
    inner = copy(one, tmp_path / "outer" / "inner")
    for runs, out, words in (
        (str(one), tmp_path / "out", "merge: runs: expected a list of paths, got .* is one"),
        (one, tmp_path / "out", "merge: runs: expected a list of paths, got .* is one"),
        ([one], tmp_path / "out", "runs to pool: expected two or more, got 1"),
        ([one, two, one], tmp_path / "out", "the same run twice"),
        ([one, one / "nets" / ".."], tmp_path / "out", "the same run twice"),
        ([one, two], two / "out", "--out: .* neither lies in one of"),
        ([one, two], two, "--out: .* neither lies in one of"),
        ([inner, two], tmp_path / "outer", "--out: .* neither lies in one of"),
        ([one, two], tmp_path / "used", "the folder is not empty"),
        ([one, two], tmp_path / "used" / "thesis.txt", "cannot write here"),
    ):
        with pytest.raises(ConfigError, match=words):
            pooling.merge(runs, out)
    for other in (tmp_path / "used", tmp_path / "nowhere", one / "nets"):
        with pytest.raises(DataError, match=f"^{other}: not a run"):
            pooling.merge([one, other], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_symbolic_link_to_the_same_run(parts, tmp_path):
    (tmp_path / "link").symlink_to(parts[0])
    with pytest.raises(ConfigError, match="the same run twice"):
        pooling.merge([parts[0], tmp_path / "link"], tmp_path / "out")


@pytest.mark.parametrize("name", ["metrics.csv", "nets/plain-8/seed1/gradients.csv", "config.json"])
def test_damaged_files(parts, tmp_path, name):
    other = copy(parts[1], tmp_path / "other")
    (other / name).write_bytes(b"\xff\xfe\x00" * 10)
    with pytest.raises(DataError, match=str(other / name)):
        pooling.merge([parts[0], other], tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other"]


def test_a_row_that_is_there_twice(parts, tmp_path):
    other = copy(parts[1], tmp_path / "other")
    table = other / "nets/plain-8/seed1/metrics.csv"
    table.write_text(table.read_text() + table.read_text().splitlines()[-1] + "\n")
    with pytest.raises(
        DataError, match=f"^{table}, plain-8, iteration 6: two rows for the same step"
    ):
        pooling.merge([parts[0], other], tmp_path / "out")


@pytest.mark.parametrize("problem", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interrupted_merge_leaves_nothing(parts, tmp_path, monkeypatch, problem):
    copies, one_copy = [0], copying.shutil.copyfile

    def copy_or_stop(source, target):
        copies[0] += 1
        if copies[0] == 5:
            raise problem
        one_copy(source, target)

    monkeypatch.setattr(copying.shutil, "copyfile", copy_or_stop)
    with pytest.raises((KeyboardInterrupt, DataError)):
        pooling.merge(parts, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_merge_are_removed(parts, tmp_path):
    (tmp_path / ".out.999999999.merging").mkdir()
    (tmp_path / ".other.999999999.merging").mkdir()
    pooling.merge(parts, tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == [".other.999999999.merging", "out"]


def test_an_empty_folder_may_become_the_run(parts, tmp_path):
    (tmp_path / "out").mkdir()
    pooling.merge(parts, tmp_path / "out")
    assert read_config(tmp_path / "out")["seeds"] == [0, 1, 2]

"""Pooling claims, sweeps and runs of early versions; and runs that cannot be pooled."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from minires.errors import ConfigError, DataError
from minires.experiments import claims, degradation, pooling, single_net, sweep
from minires.experiments.claims import CLAIMS
from minires.experiments.presets import PRESETS
from minires.experiments.records import read_config
from minires.training.trainer import Trainer

from ...times import lines_without_times
from ..tiny import tiny_preset, tiny_run
from .runs import change, copy, on_machine

ROOT = Path(__file__).parents[3]
OLD = ROOT / "tests" / "fixtures" / "old"
TINY = tiny_preset(net={"width": 1}, test_size=40, batch_size=32, iterations=2)
CHOSEN = [CLAIMS["pre-activation"], CLAIMS["responses"]]
NET = tiny_run()
VALUES = {"lr": [0.05, 0.1]}


@pytest.fixture(scope="module")
def claims_of(tmp_path_factory):
    """``claims_of(seeds)``: the folder of a run of claims with these seeds, measured once."""
    folder = tmp_path_factory.mktemp("claims")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "tiny", TINY)

        def measure(seeds, chosen=CHOSEN):
            out = folder / f"{'-'.join(map(str, seeds))} {len(chosen)}"
            claims.run(chosen, out, preset="tiny", seeds=seeds, progress=False)
            return out

        yield measure


def sweep_of(out, seeds, base=NET):
    sweep.run(sweep.configs(base, VALUES, seeds), out, progress=False)
    return out


@pytest.mark.slow
def test_pooled_claims_are_those_of_a_single_run_to_the_byte(claims_of, tmp_path, monkeypatch):
    whole = claims_of([0, 1, 2])
    found = pooling.merge([claims_of([0, 2]), claims_of([1])], tmp_path / "out")
    assert found.seeds == [0, 1, 2] and found.notes == []
    claims.write_report(CHOSEN, tmp_path / "out")
    names = {path.name for path in whole.iterdir() if path.is_file()}
    assert {"report.html", "responses.csv", "responses.png"} <= names
    for name in names - {"config.json"}:
        assert (tmp_path / "out" / name).read_bytes() == (whole / name).read_bytes(), name
    files, expected = (
        {path.relative_to(run) for path in run.glob("nets/*/seed*/*") if path.name != ".lock"}
        for run in (tmp_path / "out", whole)
    )
    assert files == expected and Path("nets/resnet-56/seed1/weights") in files
    monkeypatch.setattr(Trainer, "run", lambda self: pytest.fail("it was trained again"))
    claims.run(CHOSEN, tmp_path / "out", preset="tiny", seeds=3, progress=False)


def test_the_report_on_claims_says_who_computed_what(claims_of, tmp_path, monkeypatch):
    one = claims_of([0, 2])
    with on_machine(monkeypatch, "Zuse"):
        other = copy(claims_of([1]), tmp_path / "other")
        claims.run(CHOSEN, other, preset="tiny", seeds=[1], progress=False)
    pooling.merge([one, other], tmp_path / "out")
    claims.write_report(CHOSEN, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text()
    assert "Seeds 0,2: minires " in text and "Seed 1: minires " in text and "Zuse" in text
    assert "| 3 |" in text and "--seeds 3`" in text and "n = 3 seeds" in text


def test_claims_that_one_run_lacks_are_named_and_can_be_measured(claims_of, tmp_path):
    few = claims_of([5], CHOSEN[:1])
    found = pooling.merge([claims_of([0, 2]), few], tmp_path / "out")
    assert found.notes == [
        "not measured: responses seed 5; minires claims --seeds 0,2,5 measures them"
    ]
    claims.run(CHOSEN, tmp_path / "out", preset="tiny", seeds=found.seeds, progress=False)
    rows = (tmp_path / "out/responses.csv").read_text().splitlines()[1:]
    assert {row.split(",")[0] for row in rows} == {"0", "2", "5"}


def test_nets_under_previous_names_get_todays_names(claims_of, tmp_path):
    other = copy(claims_of([1]), tmp_path / "other")
    (other / "nets/resnet-56").rename(other / "nets/residual-56")
    pooling.merge([claims_of([0, 2]), other], tmp_path / "out")
    names = [path.name for path in sorted((tmp_path / "out/nets/resnet-56").iterdir())]
    assert names == ["seed0", "seed1", "seed2"]
    assert not (tmp_path / "out/nets/residual-56").exists()


def test_the_same_claim_and_seed_with_other_numbers(claims_of, tmp_path):
    other = copy(claims_of([1]), tmp_path / "other")
    change(other / "pre-activation.csv", 2, "train_error", "12.5")
    with pytest.raises(DataError, match="claim pre-activation seed 1 has other.*train_error 12.5"):
        pooling.merge([claims_of([1]), other], tmp_path / "out")
    shutil.copy(claims_of([1]) / "pre-activation.csv", other)
    change(other / "nets/plain-56/seed1/metrics.csv", 1, "test_error", "12.5")
    with pytest.raises(DataError, match="plain-56 seed 1 has other.*test_error 12.5"):
        pooling.merge([claims_of([1]), other], tmp_path / "out")


def test_all_seeds_that_were_requested_are_recorded(claims_of, tmp_path):
    assert read_config(claims_of([0, 2]))["seeds"] == [0, 2]
    assert "--seeds 0,2`" in (claims_of([0, 2]) / "report.md").read_text()
    out = copy(claims_of([0, 2]), tmp_path / "out")
    claims.run(CHOSEN, out, preset="tiny", seeds=[2], progress=False)
    assert read_config(out)["seeds"] == [0, 2]
    claims.run(CHOSEN[:1], out, preset="tiny", seeds=[1], progress=False)
    assert read_config(out)["seeds"] == [0, 1, 2]


def test_recorded_claims_of_an_early_version(tmp_path):
    """They have tables alone, and no seeds in their settings."""
    recorded, other = ROOT / "results" / "claims", tmp_path / "other"
    other.mkdir()
    shutil.copy(recorded / "config.json", other)
    text = (recorded / "degradation.csv").read_text().splitlines()
    rows = [line.replace("2,", "7,", 1) for line in text if line.startswith("2,")]
    (other / "degradation.csv").write_text("\n".join([text[0], *rows]) + "\n")
    found = pooling.merge([other, recorded], tmp_path / "out")
    assert found.seeds == [0, 1, 2, 7]
    (finding,) = claims.write_report([CLAIMS["degradation"]], tmp_path / "out")
    assert "n = 4 seeds" in finding.verdict.reason


def test_pooled_sweeps_are_one_sweep(tmp_path):
    whole = sweep_of(tmp_path / "whole", 3)
    parts = [sweep_of(tmp_path / "b", [2]), sweep_of(tmp_path / "a", [0, 1])]
    found = pooling.merge(parts, tmp_path / "out")
    assert found.seeds == [0, 1, 2] and found.notes == []
    assert lines_without_times(tmp_path / "out/sweep.csv") == lines_without_times(
        whole / "sweep.csv"
    )
    for run in (whole, tmp_path / "out"):
        sweep.plot(run)
    assert (whole / "sweep.png").read_bytes() == (tmp_path / "out/sweep.png").read_bytes()
    sweep.run(sweep.configs(NET, VALUES, 3), tmp_path / "out", resume=True, progress=False)
    sweep.run(sweep.configs(NET, {"lr": [0.05]}, [7]), tmp_path / "few", progress=False)
    with pytest.raises(ConfigError, match="other settings.*got lr=0.1 in one of them only"):
        pooling.merge([tmp_path / "a", tmp_path / "few"], tmp_path / "no")
    slower = sweep_of(tmp_path / "slower", [7], replace(NET, momentum=0.5))
    with pytest.raises(ConfigError, match=r"other settings.*got momentum 0.5 \(not 0.9\); only"):
        pooling.merge([tmp_path / "a", slower], tmp_path / "no")
    other = copy(tmp_path / "b", tmp_path / "other")
    config = other / "lr=0.1,seed=2/config.json"
    config.write_text(config.read_text().replace('"test_images": 20', '"test_images": 19'))
    with pytest.raises(ConfigError, match=r"other settings.*got test_images 19 \(not 20\); only"):
        pooling.merge([tmp_path / "a", other], tmp_path / "no")
    (tmp_path / "b/lr=0.1,seed=2/evaluation.json").unlink()
    found = pooling.merge(parts, tmp_path / "unfinished")
    assert found.notes == [
        "not finished: lr=0.1,seed=2; to train them, repeat the sweeps' command with --seeds 3 "
        "--resume"
    ]


def test_a_sweep_without_seeds_and_a_run_of_one_net(tmp_path):
    for name in ("a", "b"):
        sweep.run(sweep.configs(NET, {"lr": [0.05]}), tmp_path / name, progress=False)
    with pytest.raises(ConfigError, match="a sweep of one seed.*got lr=0.05; train with --seeds"):
        pooling.merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    for name in ("c", "d"):
        single_net.run(NET, tmp_path / name, progress=False)
    with pytest.raises(ConfigError, match="cannot be pooled.*a run of one net; train with --seeds"):
        pooling.merge([tmp_path / "c", tmp_path / "d"], tmp_path / "out")
    with pytest.raises(ConfigError, match=r"got experiment single net \(not sweep\);"):
        pooling.merge([tmp_path / "a", tmp_path / "d"], tmp_path / "out")


def test_a_run_outside_of_the_sweep_is_not_copied(tmp_path):
    """Folders come from other people, and can name anything."""
    one, other = (sweep_of(tmp_path / name, [seed]) for seed, name in enumerate("ab"))
    text = (other / "config.json").read_text()
    (other / "config.json").write_text(text.replace("lr=0.1,", "lr=0.1/../../a/lr=0.1,"))
    with pytest.raises(DataError, match="b/config.json: runs: expected names of folders"):
        pooling.merge([one, other], tmp_path / "out")


def test_a_run_of_an_early_version_goes_on_after_it_was_pooled(tmp_path):
    """Its checkpoints are in one folder, under the nets' previous names."""
    config = tiny_preset(
        epochs=4, drops=(0.5, 0.75), crop_padding=1, warmup=3, warmup_from_depth=110
    )
    degradation.run(config, tmp_path / "new", (8, 14), [1], progress=False)
    found = pooling.merge([OLD / "degradation", tmp_path / "new"], tmp_path / "out")
    assert found.seeds == [0, 1]
    assert found.notes[-1].startswith("not finished: plain-14 seed 0, resnet-14 seed 0;")
    before = lines_without_times(tmp_path / "out/metrics.csv")
    assert before[1].startswith("plain-8,0,") and "residual" not in "".join(before)
    degradation.run(config, tmp_path / "out", (8, 14), 2, resume=True, progress=False)
    after = lines_without_times(tmp_path / "out/metrics.csv")
    assert set(before) <= set(after) and len(after) == 1 + 2 * 4 * 4


def of_a_newer_version(folder, seed, columns="seed,net,score", row="plain-20,0.50"):
    """Two claims; this version does not know one of them, which has its prediction with it."""
    recorded = ROOT / "results" / "claims-decided"
    folder.mkdir()
    config = read_config(recorded)
    (folder / "config.json").write_text(json.dumps({**config, "seeds": [seed]}))
    known = (recorded / "sharpness-at-start.csv").read_text().splitlines()
    its = [known[0], *(line for line in known if line.startswith(f"{seed},"))]
    (folder / "sharpness-at-start.csv").write_text("\n".join(its) + "\n")
    (folder / "of-tomorrow.csv").write_text(f"{columns}\n{seed},{row}\n")
    (folder / "registered.csv").write_text(
        f'claim,seed,fingerprint,prediction\nof-tomorrow,{seed},0123456789ab,"it is above 0"\n'
    )
    (folder / "notes.csv").write_text("day,what\nMonday,began\n")  # no table of a claim
    return folder


def test_claims_that_this_version_does_not_know_are_carried_over_and_named(tmp_path):
    runs = [of_a_newer_version(tmp_path / f"{seed}", seed) for seed in (101, 100)]
    out = tmp_path / "out"
    found = pooling.merge(runs, out)
    assert "carried over as they are, of claims that this version does not know: of-tomorrow" in (
        " ".join(found.notes)
    )
    assert (out / "of-tomorrow.csv").read_text() == (
        "seed,net,score\n100,plain-20,0.50\n101,plain-20,0.50\n"
    )
    said = (out / "registered.csv").read_text()
    assert said.count("of-tomorrow") == 2 and "0123456789ab" in said
    assert not (out / "notes.csv").exists()
    assert not any("of-tomorrow seed" in line for line in found.notes)  # "not measured: ..."
    again = pooling.merge([out, of_a_newer_version(tmp_path / "102", 102)], tmp_path / "all")
    assert again.seeds == [100, 101, 102]


def test_unknown_claims_with_other_columns_or_numbers_are_refused(tmp_path):
    one = of_a_newer_version(tmp_path / "one", 100)
    other = of_a_newer_version(tmp_path / "other", 101, "seed,net,rank")
    with pytest.raises(DataError, match="of-tomorrow.csv.*expected seed, net, score"):
        pooling.merge([one, other], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    other = of_a_newer_version(tmp_path / "more", 100, row="plain-20,0.75")
    with pytest.raises(DataError, match="claim of-tomorrow seed 100 has other numbers"):
        pooling.merge([one, other], tmp_path / "out")

"""Claims, measured by several processes."""

from dataclasses import replace

import pytest

from minires.errors import ConfigError
from minires.experiments import claims
from minires.experiments.claims import CLAIMS, copy
from minires.experiments.presets import PRESETS
from minires.experiments.scheduler import Cluster

from ...tiny import tiny_preset

TINY = tiny_preset(test_size=40, batch_size=32, iterations=4)
LONGER = tiny_preset(train_size=512, test_size=40, batch_size=128, iterations=4)


@pytest.mark.slow
def test_the_same_tables_with_two_workers(tmp_path, monkeypatch):
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    chosen = [CLAIMS["pre-activation"], CLAIMS["lesions"]]
    for workers in (1, 2):
        out = tmp_path / str(workers)
        claims.run(chosen, out, preset="tiny", progress=False, seeds=2, workers=workers)
    check_same(tmp_path, chosen)


@pytest.mark.slow
def test_the_same_tables_by_jobs(tmp_path, monkeypatch):
    pytest.importorskip("submitit", reason="submitit is not installed")
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    chosen = [CLAIMS["pre-activation"], CLAIMS["lesions"]]
    for out, cluster in (("1", None), ("2", Cluster("debug"))):
        claims.run(chosen, tmp_path / out, preset="tiny", progress=False, cluster=cluster)
    assert (tmp_path / "2/cluster/jobs.json").exists()
    check_same(tmp_path, chosen)


def test_a_script_trains_and_does_not_measure(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    out, chosen = (
        tmp_path / "out",
        [CLAIMS["pre-activation"], CLAIMS["vanishing-at-initialisation"]],
    )
    more = {"preset": "tiny", "progress": False, "cluster": Cluster("script")}
    assert claims.run(chosen, out, **more) == []
    script = capsys.readouterr().out
    assert "pre-activation-56, seed 0" in script and "claim" not in script.lower()


@pytest.mark.parametrize("given", ["copy", ["copy"], CLAIMS, CLAIMS["copy"]])
def test_names_are_no_claims_and_the_error_says_where_claims_are(tmp_path, given):
    with pytest.raises(ConfigError, match=r"not a list of claims.*CLAIMS\['copy'\]"):
        claims.run(given, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_preset_that_does_not_exist(tmp_path):
    with pytest.raises(ConfigError, match=r"unknown preset.*did you mean 'quick'\?"):
        claims.run([CLAIMS["copy"]], tmp_path / "out", preset="quik")


def test_the_copy_is_trained_on_without_a_warm_up(tmp_path, monkeypatch):
    monkeypatch.setattr(copy, "STEPS", 3)
    monkeypatch.setitem(PRESETS, "tiny", replace(LONGER, warmup=4, schedule="cosine"))
    claims.run([CLAIMS["copy"]], tmp_path, preset="tiny", progress=False)
    assert (tmp_path / "copy.csv").exists()


def check_same(tmp_path, chosen):
    for claim in chosen:
        one, two = ((tmp_path / n / f"{claim.name}.csv").read_text() for n in "12")
        assert one == two and len(one.splitlines()) > 2

"""Claims, measured by several processes."""

from dataclasses import replace

from minires.experiments import claims
from minires.experiments.claims import CLAIMS
from minires.experiments.presets import PRESETS

TINY = replace(
    PRESETS["quick"],
    image_size=8,
    net={"width": 2},
    train_size=64,
    test_size=40,
    batch_size=32,
    epochs=None,
    iterations=4,
)


def test_the_same_tables_with_two_workers(tmp_path, monkeypatch):
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    chosen = [CLAIMS["pre-activation"], CLAIMS["lesions"]]
    for workers in (1, 2):
        out = tmp_path / str(workers)
        claims.run(chosen, out, preset="tiny", progress=False, seeds=2, workers=workers)
    for claim in chosen:
        one, two = ((tmp_path / n / f"{claim.name}.csv").read_text() for n in "12")
        assert one == two and len(one.splitlines()) > 4

"""The benchmark of several processes: what it counts, its model on paper, and a whole run at the
smallest size."""

import json

import numpy as np
import pytest

from benchmarks import ranks, ranks_report
from benchmarks.ranks_step import CountingWorld
from minires import nn
from minires.distributed import DataParallel
from tests.distributed.worlds import needs_mpi, on_ranks


def test_messages_and_bytes_of_a_step():
    """A linear net sends the sums of its gradients in two messages, the sum of the loss in one, and
    nothing else. Half of the gradients go to the other rank, then half of the sums come back."""

    def work(world):
        counted = CountingWorld(world)
        net = nn.Linear(4, 3, rng=np.random.default_rng(0))
        parallel = DataParallel(net, counted, 6, 2)
        parallel.gradients(np.ones((3, 4), np.float32), np.zeros(3, int))
        return counted.messages, counted.bytes_sent

    numbers = 4 * 3 + 3 + 2  # and for each parameter the number of shards with a gradient
    loss = 4 * 8  # the loss, the errors, a flag, and the weight of the images
    for messages, sent in on_ranks(2, work):
        assert messages == 3
        assert sent == pytest.approx(loss + numbers * 4, abs=4)


def test_the_model_by_hand():
    traffic = {"messages": 100, "bytes": 1e6}
    network = 1e9, 1e-5
    assert ranks_report.step_time(0.3, traffic, 1, network) == 0.3
    assert ranks_report.step_time(0.3, traffic, 2, network) == pytest.approx(0.3 + 1e-3 + 1e-3)
    found = ranks_report.step_time(0.3, traffic, 8, network)
    assert found == pytest.approx(0.3 + 3 * 1e-3 + 1.75e-3)


def test_a_side_that_hangs_is_named(monkeypatch):
    monkeypatch.setattr(ranks, "TIMEOUT", 0.0)
    monkeypatch.setattr(ranks, "SECONDS", 0.1)
    with pytest.raises(
        SystemExit, match="a side hangs: expected an end within 0 s; .* benchmarks.ranks_step 2 8"
    ):
        ranks._in_processes(1, 1, 1, (2, 8))


@needs_mpi
@pytest.mark.slow  # starts many processes
def test_the_program(tmp_path, monkeypatch):
    for name, value in (("NETS", {"tiny": (2, 8)}), ("BATCH", 8), ("SECONDS", 0.0)):
        monkeypatch.setattr(ranks, name, value)
    ranks.main(["--rounds", "1", "--out", str(tmp_path)])
    found = json.loads((tmp_path / "ranks.json").read_text())["tiny"]
    assert found.keys() == ranks.sides().keys()
    sent = {name: one["traffic"] for name, one in found.items()}
    assert all(one["seconds"][0] > 0 for one in found.values())
    assert sent["1 process, 2 threads"] == {"messages": 0, "bytes": 0}
    two, eight = (sent[f"2 ranks of 1 thread, shards: {shards}"] for shards in (2, 8))
    assert two["messages"] == eight["messages"] == 2 * 19 + 3  # 19 batch norms, the loss, gradients
    assert eight["bytes"] > two["bytes"]
    text = (tmp_path / "ranks.md").read_text()
    assert "### On paper" in text and "| tiny | 64 |" in text

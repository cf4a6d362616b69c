"""What the docs say about several processes matches the recorded benchmarks."""

import json
from pathlib import Path
from statistics import median

from benchmarks import experiments_report, ranks_report

ROOT = Path(__file__).parents[2]
DOC = " ".join((ROOT / "docs/many_machines.md").read_text(encoding="utf-8").split())
README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
PAGE = " ".join((ROOT / "docs/experiment.md").read_text(encoding="utf-8").split())
RESULTS = ROOT / "benchmarks/results"
RANKS = json.loads((RESULTS / "ranks.json").read_text())
EXPERIMENTS = json.loads((RESULTS / "experiments.json").read_text())
NETS = [net for net in RANKS if net not in ranks_report.ABOUT_THE_RUN]
ROWS = {
    "one process of two threads": "1 process, 2 threads",
    "two ranks of one thread": ranks_report.TWO_RANKS,
    "PyTorch, one process of two threads": "PyTorch, 1 process, 2 threads",
    "PyTorch, two ranks of one thread": "PyTorch, 2 ranks of 1 thread",
}


def seconds(net, side):
    return median(RANKS[net][side]["seconds"])


def test_the_steps_of_ranks():
    for words, side in ROWS.items():
        ms = " | ".join(f"{1e3 * seconds(net, side):.0f} ms" for net in NETS)
        assert f"| {words} | {ms} |" in DOC
    large, small = (
        seconds(net, "1 process, 1 thread, shards: 8") / seconds(net, ranks_report.ONE_THREAD)
        for net in NETS
    )
    assert f"take {large:.1f} times as long as one in ResNet-20, and {small:.1f} times" in DOC


def test_messages_and_the_model_on_paper():
    alone, sent = (
        seconds(NETS[0], ranks_report.ONE_THREAD),
        RANKS[NETS[0]][ranks_report.TWO_RANKS]["traffic"],
    )
    assert f"{sent['messages']:.0f} messages and {sent['bytes'] / 1e6:.1f} MB" in DOC
    network = ranks_report.NETWORKS["10 Gb/s"]
    gain = 64 * alone / ranks_report.step_time(alone, sent, 64, network)
    assert f"64 ranks would do the work of {gain:.0f} over 10 Gb/s" in DOC


def test_the_tables_are_those_of_the_records():
    assert (RESULTS / "ranks.md").read_text() == ranks_report.markdown(RANKS)


def test_the_four_nets_of_the_quick_preset():
    workers, threads, pytorch = map(median, EXPERIMENTS["degradation"]["seconds"].values())
    assert f"take {workers:.0f} s with two workers on two cores" in PAGE
    assert f"and {threads:.0f} s in one process of two threads" in PAGE
    assert f"PyTorch took {pytorch:.0f} s" in PAGE
    in_words = f"{workers:.0f} s in two processes, {threads:.0f} s in one; PyTorch in one: "
    assert f"| {in_words}{pytorch:.0f} s |" in README


def test_all_claims():
    several, one = map(median, EXPERIMENTS["claims"]["seconds"].values())
    assert f"All claims with one seed take {several / one:.2f} of the time" in PAGE


def test_the_tables_of_experiments_are_those_of_the_records():
    assert (RESULTS / "experiments.md").read_text() == experiments_report.markdown(EXPERIMENTS)

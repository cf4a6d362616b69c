"""The tables of `benchmarks.ranks`, and the model on paper of many machines."""

from math import ceil, log2

import numpy as np

from .report import machine, table

#: Network -> (bandwidth in bytes a second, latency in seconds a message).
NETWORKS = {"10 Gb/s": (10e9 / 8, 25e-6), "100 Gb/s": (100e9 / 8, 3e-6)}
RANKS = (8, 16, 32, 64)  # of the model
ONE_THREAD = "1 process, 1 thread, shards: 1"
TWO_RANKS = "2 ranks of 1 thread, shards: 2"
ABOUT_THE_RUN = ("environment", "rounds", "batch")  # all other keys of the results are nets
MODEL = """\
One shard and {batch} images for each rank, on a machine of its own with one thread, so the step
computes as long as that of one process. To this the messages are added, counted on two ranks: a sum
over N ranks takes log2(N) turns of one latency, and each rank sends (N - 1) / N of its gradients
twice; each batch norm sends its few numbers to all others. Latency and bandwidth are those of good
networks: {networks}. Nothing is hidden behind computing, because minires does not do that."""


def step_time(seconds, traffic, ranks, network):
    """The seconds of a step on so many ranks, by the model of `MODEL`.

    Parameters
    ----------
    seconds : float
        Of a step of one rank alone, with its own images.
    traffic : dict
        ``messages`` and ``bytes`` of a step, counted with two ranks and a shard each. There each
        rank sends half of its gradients twice, and its numbers of batch norm once.
    ranks : int
    network : (float, float)
        Bandwidth in bytes a second, and latency in seconds a message.

    Returns
    -------
    float
    """
    bandwidth, latency = network
    turns = ceil(log2(ranks)) if ranks > 1 else 0
    # A rank sends (N - 1) / N of its gradients twice, on two ranks half of them. The few bytes of
    # batch norm are taken to grow in the same way.
    growth = 2 * (ranks - 1) / ranks
    return seconds + traffic["messages"] * turns * latency + growth * traffic["bytes"] / bandwidth


def markdown(results):
    """All tables of a run as Markdown, below a line with the machine and the versions.

    Parameters
    ----------
    results : dict
        ``environment``, ``rounds`` and ``batch``, and for each net a dict: side -> its ``seconds``
        a step, one for each round, and its ``traffic``, which is None for PyTorch.
    """
    environment = results["environment"]
    nets = {name: sides for name, sides in results.items() if name not in ABOUT_THE_RUN}
    parts = [
        f"`{environment['command']}` on {environment['date']}: {machine(environment)}. "
        f"A training step of {results['batch']} images; medians "
        f"(rounds: {results['rounds']}, taken by turns), in brackets the lowest and the highest."
    ]
    for net, sides in nets.items():
        parts += [f"### {net}", _measured(sides)]
    networks = ", ".join(
        f"{name} with {1e6 * latency:.0f} µs" for name, (_, latency) in NETWORKS.items()
    )
    parts += [
        "### On paper: 8 to 64 ranks",
        MODEL.format(batch=results["batch"], networks=networks),
        _on_paper(nets),
    ]
    return "\n\n".join(parts) + "\n"


def _measured(sides):
    """The table of one net, with a row for each side."""
    base = np.median(sides[ONE_THREAD]["seconds"])
    body = []
    for name, found in sides.items():
        seconds, sent = found["seconds"], found["traffic"]
        middle, low, high = 1e3 * np.array([np.median(seconds), min(seconds), max(seconds)])
        counted = ["", ""]  # nobody counts PyTorch's messages
        if sent is not None:
            counted = [f"{sent['messages']:.0f}", f"{sent['bytes'] / 1e3:.0f}"]
        times = [f"{middle:.1f} ({low:.1f}-{high:.1f})", f"{middle / base / 1e3:.2f}"]
        body.append([name, *times, *counted])
    return table(
        ["", "ms a step", "beside one thread", "messages a step", "kB sent by a rank"], body
    )


def _on_paper(nets):
    """The table of the model: how many times faster than one rank so many ranks are."""
    body = []
    for net, sides in nets.items():
        base, sent = np.median(sides[ONE_THREAD]["seconds"]), sides[TWO_RANKS]["traffic"]
        for ranks in RANKS:
            times = [step_time(base, sent, ranks, network) for network in NETWORKS.values()]
            body.append([net, str(ranks), *(f"{ranks * base / one:.1f}" for one in times)])
    return table(["net", "ranks", *(f"{name}, speed-up" for name in NETWORKS)], body)

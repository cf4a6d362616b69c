"""The tables of `benchmarks.ranks`, and the model on paper of many machines."""

from math import ceil, log2

import numpy as np

NETWORKS = {"10 Gb/s": (10e9 / 8, 25e-6), "100 Gb/s": (100e9 / 8, 3e-6)}  # bytes/s; s a message
RANKS = (8, 16, 32, 64)
ALONE = "1 process, 1 thread, shards: 1"
KNOWN = ("environment", "rounds", "batch")  # what a run says beside its nets
TWO = "2 ranks of 1 thread, shards: 2"
MODEL = """\
One shard and {batch} images for each rank, on a machine of its own with one thread, so the step
computes as long as that of one process. To this the messages are added, counted on two ranks: a sum
over N ranks takes log2(N) turns of one latency, and each rank sends (N - 1) / N of its gradients
twice; each batch norm sends its few numbers to all others. Latency and bandwidth are those of good
networks: {networks}. Nothing is hidden behind computing, because minires does not do that."""


def step_time(seconds, traffic, ranks, network):
    """Seconds of a step on so many ranks, by the model.

    Parameters
    ----------
    seconds : float
        Of a step of one rank alone, with its own images.
    traffic : dict
        Messages and bytes of a step, counted with two ranks and a shard each: there each rank sends
        half of its gradients twice, and its numbers of batch norm to one other.
    ranks : int
    network : (bytes a second, seconds a message)
    """
    bandwidth, latency = network
    turns = ceil(log2(ranks)) if ranks > 1 else 0
    growth = 2 * (ranks - 1) / ranks  # of the bytes of gradients, which are nearly all
    return seconds + traffic["messages"] * turns * latency + growth * traffic["bytes"] / bandwidth


def markdown(results):
    """All tables of a run: the results of each net stand under its name."""
    machine, parts = results["environment"], []
    nets = {name: sides for name, sides in results.items() if name not in KNOWN}
    pytorch = f", PyTorch {machine['torch']}" if "torch" in machine else ""
    parts.append(
        f"`{machine['command']}` on {machine['date']}: {machine['processor']}, "
        f"{machine['cores']} cores, Python {machine['python']}, NumPy {machine['numpy']} "
        f"({machine['blas']}){pytorch}. A training step of {results['batch']} images; medians "
        f"(rounds: {results['rounds']}, taken by turns), in brackets the lowest and the highest."
    )
    for net, sides in nets.items():
        lines = ["|  | ms a step | beside one thread | messages a step | kB sent by a rank |"]
        lines.append("| --- | ---: | ---: | ---: | ---: |")
        base = np.median(sides[ALONE]["seconds"])
        for name, found in sides.items():
            seconds, sent = found["seconds"], found["traffic"]
            counted = ("", "")  # of PyTorch's messages nothing is known
            if sent is not None:
                counted = f"{sent['messages']:.0f}", f"{sent['bytes'] / 1e3:.0f}"
            ms = 1e3 * np.array([np.median(seconds), min(seconds), max(seconds)])
            lines.append(
                f"| {name} | {ms[0]:.1f} ({ms[1]:.1f}-{ms[2]:.1f}) | {ms[0] / base / 1e3:.2f} | "
                f"{' | '.join(counted)} |"
            )
        parts += [f"### {net}", "\n".join(lines)]
    networks = ", ".join(f"{name} with {1e6 * pair[1]:.0f} µs" for name, pair in NETWORKS.items())
    parts += ["### On paper: 8 to 64 ranks"]
    parts += [MODEL.format(batch=results["batch"], networks=networks)]
    lines = [f"| net | ranks | {' | '.join(f'{name}, speed-up' for name in NETWORKS)} |"]
    lines.append("| --- | ---: |" + " ---: |" * len(NETWORKS))
    for net, sides in nets.items():
        base, sent = float(np.median(sides[ALONE]["seconds"])), sides[TWO]["traffic"]
        for ranks in RANKS:
            times = [step_time(base, sent, ranks, network) for network in NETWORKS.values()]
            gains = " | ".join(f"{ranks * base / one:.1f}" for one in times)
            lines.append(f"| {net} | {ranks} | {gains} |")
    parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"

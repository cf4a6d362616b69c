# %% [markdown]
# # 15 · Making it fast
#
# A convolution takes minutes if you write it as a sum in loops, and milliseconds as one matrix
# product. In this notebook you measure where the time of a training step goes, work out
# how fast it could be at all, and see what minires does to get there.
#
# **After this one you can** time code so that you believe the result, say whether a computation
# waits for arithmetic or for memory, and decide what is worth making faster. About 50 minutes, and
# 20 more for the exercises. You need notebooks 04 and 11.
#
# All times below are from the machine that made this page, which was busy with other things, too.
# Yours will differ: read the shapes of the curves, not the milliseconds.

# %%
import functools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

import minires as mr
from minires import backend, functional as F, plot
from minires.kernels import cpu, naive
from minires.lessons import check, exercise, predict, recorded, reveal, score, show

plot.use_style()
GREEN, MAGENTA = plot.OTHERS[0], plot.OTHERS[3]
CORES = backend.num_threads()  # what minires computes with
rng = np.random.default_rng(0)

# %%
BATCH, SIZE, WIDTH = 128, 32, 16  # images, pixels a side, channels of the first stage
RUNS, ROUNDS, PRODUCT, MEGABYTES, STEPS = 300, 15, 1024, 64, 8

# %% tags=["fast"]
BATCH, SIZE, WIDTH = 8, 16, 8
RUNS, ROUNDS, PRODUCT, MEGABYTES, STEPS = 40, 3, 256, 8, 2

# %% [markdown]
# ## Measuring honestly
#
# Take one function, and time it over and over.


# %%
def noise(*shape):
    return rng.standard_normal(shape, np.float32)


def seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


x, w = noise(16, 32, 32, 16), noise(3, 3, 16, 16)


def convolution():
    return cpu.conv2d.forward(x, w, padding=1)


# %%
slowest = predict(
    "How many times as long as the fastest run will the slowest one take?",
    ["at most 1.01", "at most 1.1", "more than 1.1"],
)

# %%
runs = 1000 * np.array([seconds(convolution) for _ in range(RUNS)])
figure, ax = plt.subplots(figsize=(8, 3.2))
ax.plot(runs / np.median(runs), ".", color=GREEN, markersize=4)
ax.axhline(1, color=MAGENTA, label="median")
ax.set_yscale("log")
ax.set_yticks([1, 2, 5, 10], ["1", "2", "5", "10"])
ax.minorticks_off()
ax.set_xlabel("run")
ax.set_ylabel("time, in medians")
ax.legend()
show("Times of one function, run after run, as dots: most near the median, some several times it.")
print(f"fastest {runs.min():.2f} ms, median {np.median(runs):.2f}, slowest {runs.max():.2f}")
slowest.reveal(
    slowest.choices[int(runs.max() > 1.01 * runs.min()) + int(runs.max() > 1.1 * runs.min())],
    "Often it is several times as long.",
)

# %% tags=["guard"]
assert runs.max() > 1.1 * runs.min()

# %% [markdown] tags=["answer"]
# The first run pays for things that are done only once: it gets memory from the system, and wakes
# up threads. Later runs are disturbed as well. Other programs take a core, the clock speed changes,
# and none of this happens evenly. So a single time says little.

# %% [markdown]
# Four rules help when you measure:
#
# 1. **Warm up**: throw the first runs away.
# 2. **Repeat**, and report the **median**. One disturbed run moves a mean, and the minimum is a
#    stroke of luck. The **quartiles** (a quarter of the runs lie below the first, a quarter above
#    the third) tell how sure you can be.
# 3. To compare A with B, **alternate** them, A B A B ..., so that a slow minute hits both.
# 4. **Say what you measured**: machine, versions, sizes, number of threads.


# %%
def take_turns(*works, rounds=None):
    """The times of each work in milliseconds, one row for each."""
    for work in works:
        work()  # warm up
    turns = range(rounds or ROUNDS)
    return 1000 * np.array([[seconds(work) for work in works] for _ in turns]).T


def spread(times):
    low, middle, high = np.quantile(times, (0.25, 0.5, 0.75))
    return f"{middle:7.2f} ms ({low:.2f} to {high:.2f})"


one, other = take_turns(convolution, convolution, rounds=RUNS)
print("the same function twice:", spread(one), "and", spread(other))
print(f"single pairs give ratios from {(other / one).min():.2f} to {(other / one).max():.2f}")
print(f"the medians give {median(other) / median(one):.2f}")

# %% [markdown]
# A and B were the same function, so the true ratio is 1. If you time each once, you can publish any
# number in that range. Try your own code against itself before you believe a difference.
#
# ## Why loops are slow and matrix products fast
#
# Notebook 04 timed the loops against one matrix product (**im2col**: every window becomes a row,
# and the rows are multiplied by the filters), and found a factor of thousands. Here are both again,
# and the library's, in a unit that can be compared with what the machine could do.
#
# For that, count a multiplication and an addition for each term (2 **flop**, floating-point
# operations), and divide by the time. A GFLOP/s is a thousand million of these per second.


# %%
def windows(x, size=3):
    """Every window of the padded images, as a view: (N, H, W, KH, KW, C)."""
    half = size // 2
    padded = np.pad(x, ((0, 0), (half, half), (half, half), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
    return view.transpose(0, 1, 2, 4, 5, 3)


def im2col_convolution(x, w):
    columns = windows(x).reshape(-1, w[..., 0].size)  # here the pixels are copied
    return (columns @ w.reshape(-1, w.shape[3])).reshape(*x.shape[:3], w.shape[3])


# %%
small = noise(1, 8, 8, 16)
ways = {
    "loops": (lambda x: naive.conv2d.forward(x, w, padding=1)[0], small),
    "im2col by hand": (lambda x: im2col_convolution(x, w), x),
    "minires": (lambda x: cpu.conv2d.forward(x, w, padding=1)[0], x),
}
speed = {}
for name, (way, images) in ways.items():
    assert np.allclose(way(small), ways["loops"][0](small), atol=1e-3)
    milliseconds = median(take_turns(lambda: way(images), rounds=5)[0])
    speed[name] = 2 * images[..., 0].size * w.size / milliseconds / 1e6
    print(f"{name:15} {speed[name]:10.4f} GFLOP/s")
gflop = 2 * 128 * 32 * 32 * w.size / 1e9
print(f"128 images of 32 x 32 would take the loops {gflop / speed['loops'] / 60:.1f} minutes,")
print(f"minires {1000 * gflop / speed['minires']:.0f} ms")

# %% tags=["guard"]
assert gflop / speed["loops"] > 30
assert min(speed["im2col by hand"], speed["minires"]) > 100 * speed["loops"]

# %% [markdown]
# Besides Python's overhead (notebook 04) there are two reasons:
#
# - **Vector instructions.** If numbers lie side by side, the processor multiplies and adds 8 or 16
#   of them at a time.
# - **Reuse.** A product of two $n \times n$ matrices takes $2 n^3$ flop on $3 n^2$ numbers, so each
#   number that was fetched is used many times. The library behind NumPy (a **BLAS**; the routine is
#   called **GEMM**) works in blocks that stay in the processor's fastest memory.
#
# ## How fast could it be? The roofline
#
# Two things limit a computation: how fast the cores calculate, and how fast numbers come from
# memory. Which one it is depends on its **arithmetic intensity**, the flop it does for each byte
# that it has to read or write:
#
# $$\text{attainable GFLOP/s} = \min\left(\text{peak},\; \text{bandwidth} \times \text{intensity}\right).$$
#
# Drawn over the intensity, that is a rising line and a ceiling, called a **roofline** (Williams,
# Waterman and Patterson 2009). For the **peak**, we time a large matrix product. For the
# **bandwidth**, we time a copy of a large array, which reads and writes each byte once. Both run on
# all cores. A roof says what *can* be reached, so here the fastest run counts, not the median.

# %%
pool = ThreadPoolExecutor(CORES)
factors = [(noise(PRODUCT, PRODUCT), noise(PRODUCT, PRODUCT)) for _ in range(CORES)]
results = [np.empty((PRODUCT, PRODUCT), np.float32) for _ in range(CORES)]
source = np.split(np.ones(CORES * MEGABYTES * 2**18, np.float32), CORES)
target = [np.zeros_like(part) for part in source]  # 2 ** 18 numbers are 1 MiB


def product(core):
    np.matmul(*factors[core], out=results[core])


def copy(core):
    np.copyto(target[core], source[core])


with threadpool_limits(limits=1, user_api="blas"):  # each of our threads is a core of its own
    multiplying = take_turns(lambda: list(pool.map(product, range(CORES))))[0]
copying = take_turns(lambda: list(pool.map(copy, range(CORES))))[0]
PEAK = CORES * 2 * PRODUCT**3 / multiplying.min() / 1e6  # GFLOP/s
BANDWIDTH = 2 * sum(part.nbytes for part in source) / copying.min() / 1e6  # GB/s
print(f"peak {PEAK:.0f} GFLOP/s, bandwidth {BANDWIDTH:.0f} GB/s:")
print(f"they balance at {PEAK / BANDWIDTH:.0f} flop a byte")

# %% [markdown]
# ReLU does one comparison for each number, and moves 8 bytes for it, 4 in and 4 out. A 3x3
# convolution of 64 channels does 1,152 flop for each number of its output.

# %%
limits = ["arithmetic, under the ceiling", "memory, under the slope"]
relu_waits = predict("What does ReLU wait for?", limits, cells=2)
conv_waits = predict("And the convolution of 64 channels?", limits, cells=2)

# %%
points = []  # (what, flop, bytes, milliseconds)
for size, C in ((SIZE, WIDTH), (SIZE // 2, 2 * WIDTH), (SIZE // 4, 4 * WIDTH)):
    images, filters = noise(BATCH, size, size, C), noise(3, 3, C, C)
    t = median(take_turns(lambda: cpu.conv2d.forward(images, filters, padding=1))[0])
    flop = 2 * images[..., 0].size * filters.size
    points.append((f"conv of {C} channels", flop, 2 * images.nbytes + filters.nbytes, t))

x1, x2 = noise(2, BATCH, SIZE, SIZE, WIDTH)
one = np.ones(WIDTH, np.float32)
for what, work, flop, arrays in (  # flop for each number, arrays read or written
    ("batch norm + ReLU", lambda: cpu.batch_norm_relu.forward(x1, one, one), 7, 3),
    ("ReLU", lambda: cpu.relu.forward(x1), 1, 2),
    ("addition", lambda: cpu.add.forward(x1, x2), 1, 3),
):
    points.append((what, flop * x1.size, arrays * x1.nbytes, median(take_turns(work)[0])))

for number, (what, flop, nbytes, t) in enumerate(points, 1):
    print(f"{number}  {what:20} {flop / nbytes:6.1f} flop a byte, {flop / t / 1e6:7.1f} GFLOP/s")
waits = {what: limits[int(flop / nbytes < PEAK / BANDWIDTH)] for what, flop, nbytes, _ in points}
relu_waits.reveal(waits["ReLU"], "It does next to nothing with each byte.")
conv_waits.reveal(waits[points[2][0]], "Each number that was fetched is used hundreds of times.")

# %%
intensity = np.geomspace(0.05, 300, 100)
figure, ax = plt.subplots(figsize=(8, 4.2))
ax.plot(intensity, np.minimum(PEAK, BANDWIDTH * intensity), color=plot.GREY, linewidth=2.5)
ax.text(0.9, 1.2 * BANDWIDTH, f"{BANDWIDTH:.0f} GB/s", color=plot.GREY, ha="right")
ax.text(PEAK / BANDWIDTH, 1.1 * PEAK, f"{PEAK:.0f} GFLOP/s", color=plot.GREY, ha="right")
for number, (what, flop, nbytes, t) in enumerate(points, 1):
    place = flop / nbytes, flop / t / 1e6
    ax.plot(*place, "o", markersize=13, color=GREEN if what.startswith("conv") else MAGENTA)
    ax.annotate(number, place, ha="center", va="center", fontsize=9, color="white")
ax.set_xscale("log")
ax.set_yscale("log")
ax.set_ylim(top=2 * PEAK)
ax.set_xlabel("arithmetic intensity, flop a byte")
ax.set_ylabel("GFLOP/s")
show(
    "A rising line that turns into a ceiling. ReLU, addition and batch norm lie under the rising "
    "part on the left, the three convolutions on the right, near the ceiling."
)

# %% tags=["guard"]
assert 2 * 3 * 3 * 64 == 1152
by_name = {what: flop / nbytes for what, flop, nbytes, _ in points}
assert max(by_name["ReLU"], by_name["addition"]) < 1 < 10 < max(by_name.values())

# %% [markdown] tags=["answer"]
# No cleverer arithmetic would help ReLU and addition. (They may even lie *above* the slope. The
# slope is the speed of main memory, but numbers that were just computed may still be in the cache.)
# Batch norm lies below, because NumPy goes through the numbers once for every single operation. The
# convolutions do not wait for memory. With 16 channels (point 1) the matrices are narrow, and
# im2col has to copy before it can multiply: such a convolution stays below the ceiling. From 32
# channels on a point may even lie above it. We count the flop of the formula, and minires does with
# fewer multiplications there, as you will see below.

# %% [markdown]
# So there are two ways to be faster: *better products* for the convolutions, and *fewer passes over
# memory* for the rest.
#
# ## im2col in chunks that stay in the cache
#
# im2col copies each pixel nine times. If it writes the columns of the whole batch to memory, and
# the product reads them again, that ruins the convolution's intensity. But you need not take the
# whole batch at once. Make the columns of a few images, multiply, and use the same memory for the
# next few. Between the cores and memory are **caches**, which are small and fast. If the columns
# fit there, they never travel to memory.


# %%
x, w = noise(BATCH, SIZE, SIZE, WIDTH), noise(3, 3, WIDTH, WIDTH)
view, matrix = windows(x), w.reshape(-1, WIDTH)  # of all images; nothing is copied yet
y = np.empty((BATCH, SIZE * SIZE, WIDTH), np.float32)


def in_chunks(images, buffer):
    """Convolution, a few images at a time; their columns go to the buffer."""
    for first in range(0, BATCH, images):
        columns = buffer[:images]
        columns[...] = view[first : first + images]  # im2col
        np.matmul(columns.reshape(images, -1, len(matrix)), matrix, out=y[first : first + images])
    return y.reshape(x.shape)


best_chunk = predict(
    "How many images at a time will be best?", ["1 to 8", "16 to 64", "all 128 at once"]
)

# %%
images_at_once = [n for n in (1, 2, 4, 8, 16, 32, 64, 128) if n <= BATCH]
buffer = np.empty((BATCH, *view.shape[1:]), np.float32)
assert np.allclose(in_chunks(4, buffer), cpu.conv2d.forward(x, w, padding=1)[0], atol=1e-3)

with threadpool_limits(limits=1, user_api="blas"):  # one core, to see the cache alone
    times = take_turns(*[lambda n=n: in_chunks(n, buffer) for n in images_at_once])
low, middle, high = np.quantile(times, (0.25, 0.5, 0.75), axis=1)
megabytes = 9 * x[0].nbytes * np.array(images_at_once) / 2**20

figure, ax = plt.subplots(figsize=(7.5, 3.6))
ax.fill_between(megabytes, low, high, color=GREEN, alpha=0.2)
ax.plot(megabytes, middle, "o-", color=GREEN)
ax.set_xscale("log", base=2)
ax.set_xticks(megabytes, [f"{n}\n{m:.2g}" for n, m in zip(images_at_once, megabytes)])
ax.set_ylim(bottom=0)
ax.set_xlabel("images at once (above), megabytes of columns (below)")
ax.set_ylabel("ms, one core")
show("Time against the number of images at once: low for a few images, higher for many.")
best = images_at_once[middle.argmin()]
best_chunk.reveal(
    best_chunk.choices[int(best > 8) + int(best > 64)],
    "Their columns should fit in a core's cache, of a megabyte or a few.",
)

# %% [markdown]
# [`kernels/cpu/im2col.py`](../minires/kernels/cpu/im2col.py) does this, with more tricks. If there
# are few channels, it computes blocks of neighbouring pixels at once, so that matrices are less
# narrow ([`blocking.py`](../minires/kernels/cpu/blocking.py)), and it keeps its memory from call to
# call ([`workspace.py`](../minires/kernels/cpu/workspace.py)).
#
# ## Fewer multiplications
#
# Four neighbouring outputs of a filter of three numbers are four sums of three products each. A
# convolution is a product of polynomials, and polynomials can be multiplied in another way:
# evaluate both at a few points, multiply the values at each point, and find the polynomial that
# goes through the products.

# %%
fewer = predict(
    "How many multiplications do four outputs need that way, if multiplications by fixed constants "
    "do not count?",
    ["12, as before", "9", "6"],
)

# %%
from minires.kernels.cpu import winograd

inputs, weights = noise(6), noise(3)
products = (winograd.G @ weights) * (winograd.B_T @ inputs)  # the values at the points
sliding = np.correlate(inputs, weights, "valid")
print("Winograd:", winograd.A_T @ products)
print("sliding: ", sliding)
assert np.allclose(winograd.A_T @ products, sliding, atol=1e-4)
fewer.reveal(
    {6: "6", 9: "9"}.get(products.size, "12, as before"),
    "There is one for each point. G, B and A are fixed.",
)

# %% [markdown]
# <details><summary>For the curious: when it pays, and what it costs</summary>
#
# The formula is Winograd's ([1980](https://epubs.siam.org/doi/book/10.1137/1.9781611970364)), for
# neural networks [Lavin and Gray 2015](https://arxiv.org/abs/1509.09308). With channels, each of
# the six multiplications becomes a matrix product over all tiles of four outputs; in two dimensions
# a tile of 4 x 4 outputs takes 36 products instead of 144. The transforms cost additions and
# copies, so it pays only with many channels: minires takes it for 3x3 convolutions that move by one
# pixel, from 32 channels on. And the numbers at the points are larger than their sums, so a few
# more digits are lost to rounding, which training does not notice.
# `mr.kernels.use(conv2d=mr.kernels.cpu.conv.im2col_conv2d)` turns it off.
# </details>
#
# ## Threads
#
# A processor has several cores, and each runs a **thread** of work. Python lets only one of its
# threads run at a time. But NumPy lets other threads run while it is in a loop or a product of its
# own, so Python threads can do useful work at the same time.
#
# There is a trap, because the BLAS has threads too. If we split the batch, and each of our threads
# calls a BLAS that splits its work again, they get in each other's way. So
# [`chunks.py`](../minires/kernels/cpu/chunks.py) splits the batch, and BLAS uses one thread.


# %%
pictures, labels = noise(BATCH, SIZE, SIZE, 3), rng.integers(0, 10, BATCH)
net = mr.models.resnet(20, width=WIDTH)
optimizer = mr.optim.SGD(net.parameters(), lr=0.0, momentum=0.9)  # lr 0: the same work


def training_step():
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mr.Tensor(pictures)), labels)
    loss.backward()
    optimizer.step()


def step_with(threads):
    backend.set_num_threads(threads)
    training_step()
    return [parameter.grad.copy() for parameter in net.parameters()]


# %%
same_bits = predict(
    "A sum of floating-point numbers depends on their order. Are the gradients with one thread and "
    "with several the same?",
    ["equal to the bit", "equal but for the last digits"],
)

# %%
counts = [1, max(2, CORES)]
times = take_turns(*[lambda n=n: step_with(n) for n in counts], rounds=7)
gradients = [step_with(n) for n in counts]
backend.set_num_threads(CORES)
for n, row in zip(counts, times):
    print(f"a training step of ResNet-20, threads {n}: {spread(row)}")
equal = all(np.array_equal(a, b) for a, b in zip(gradients[0], gradients[-1]))
same_bits.reveal(
    same_bits.choices[int(not equal)],
    "minires cuts the work into the same chunks with any number of threads, and adds up their "
    "results in a fixed order.",
)

# %% tags=["guard"]
assert equal

# %% [markdown]
# Two threads are hardly ever twice as fast. They share the memory, they cannot divide all of the
# work, and the one that finishes first has to wait. If another program takes a core, more threads
# may even be slower. You choose the number with `minires ... --threads 4`, the variable
# `MINIRES_THREADS`, or `backend.set_num_threads`.
#
# ## Fewer passes over memory
#
# At the end of a residual block come batch norm, an addition and ReLU. All three wait for memory,
# so count how often they go through it. Reading or writing an array once is one pass:
#
# | forward | one after the other | as one kernel |
# |---|---|---|
# | mean and variance | read x | read x |
# | normalise | read x, write y | read x |
# | add the shortcut | read y, read shortcut, write z | read shortcut |
# | ReLU | read z, write | write |
# | **passes** | **8** | **4** |
#
# Doing the work of several kernels while the numbers are at hand is called **fusion**. Backward
# needs 7 passes instead of 8, so together 11 instead of 16: 1.45 times fewer. In minires
# `batch_norm_relu` is the fused kernel, and `mr.kernels.use(fused=False)` takes the parts.

# %%
gain = predict(
    "How many times as fast is a *whole training step* with the fused kernel?",
    ["1.3 times or more", "between 1.1 and 1.3", "less than 1.1"],
)


# %%
def step_in_parts():
    with mr.kernels.use(fused=False):
        training_step()


together, apart = take_turns(training_step, step_in_parts)
print("fused", spread(together), "in parts", spread(apart))
ratio = median(apart) / median(together)
gain.reveal(
    gain.choices[int(ratio < 1.3) + int(ratio < 1.1)],
    f"{ratio:.2f} here: the caches have caught part of the traffic already, and most of a step is "
    "convolution.",
)

# %% tags=["guard"]
assert round((8 + 8) / (4 + 7), 2) == 1.45
y1, y2 = (cpu.batch_norm_relu.forward(x1, one, one, x2)[0], cpu.batch_norm.forward(x1, one, one)[0])
assert np.array_equal(y1, cpu.relu.forward(cpu.add.forward(y2, x2)[0])[0])  # to the bit

# %% [markdown]
# A prediction is worth making because it can fail. [benchmarks/NOTES.md](../benchmarks/NOTES.md)
# lists the ideas that were tried in minires, each with the expected gain and the measured one. Many
# of them changed nothing, or failed.
#
# ## Where the time goes
#
# Before you make a part faster, find out how much of the time it takes. Put a stopwatch around
# every kernel. A kernel is a pair of functions, and `mr.kernels.use(relu=(forward, backward))`
# swaps in another pair. So we write a function that wraps another one: the wrapped function does
# the same as before, and notes how long it took.


# %%
times = {}  # (kernel, direction) -> all its times


def with_stopwatch(key, function):
    @functools.wraps(function)  # with its name and arguments, which the library looks at
    def timed(*arrays, **settings):
        started = time.perf_counter()
        result = function(*arrays, **settings)
        times.setdefault(key, []).append(time.perf_counter() - started)
        return result

    return timed


def watched(name):
    kernel = getattr(cpu, name)
    pair = (("forward", kernel.forward), ("backward", kernel.backward))
    return tuple(with_stopwatch((name, direction), function) for direction, function in pair)


largest = predict(
    "What takes the largest part of a training step of ResNet-20?",
    ["convolution", "batch norm with what is fused to it", "everything else"],
)

# %%
training_step()  # warm up
times.clear()
with mr.kernels.use(**{name: watched(name) for name in mr.kernels.names()}):
    total = sum(seconds(training_step) for _ in range(STEPS))

share_of = {}  # name -> part of the time
for (name, direction), its_times in times.items():
    share_of[name] = share_of.get(name, 0) + sum(its_times) / total
share_of["the rest"] = 1 - sum(share_of.values())
names = sorted(share_of, key=share_of.get)[-8:]

figure, ax = plt.subplots(figsize=(8, 3.2))
ax.barh(names, [100 * share_of[name] for name in names], color=GREEN)
ax.set_xlabel("% of a training step of ResNet-20")
show("Bars: convolution takes the largest part of a step, batch norm the second, the rest little.")
groups = [share_of["conv2d"], share_of["batch_norm_relu"]]
groups.append(1 - sum(groups))
largest.reveal(largest.choices[int(np.argmax(groups))], f"It takes {100 * max(groups):.0f} % here.")

# %% tags=["guard-full"]
assert share_of["conv2d"] + share_of["batch_norm_relu"] > 0.5

# %% [markdown]
# *The rest* is the tape, adding up gradients, the optimiser, and Python itself. (`getitem` and
# `pad` are the shortcut where the shape changes.) Suppose that a part takes the share $p$ of the
# time, and you make it $s$ times as fast. Then the whole becomes
#
# $$\frac{1}{(1 - p) + p / s}$$
#
# times as fast. This is **Amdahl's law**.

# %%
amdahl = predict(
    "A part takes 20 % of the time, and you make it infinitely fast. How many times as fast is the "
    "whole?",
    within=0.02,
)

# %%
amdahl.reveal(1 / (1 - 0.20), "At most 1 / (1 - p), however clever you are.")
for name in ("conv2d", "batch_norm_relu", "cross_entropy"):
    p = share_of[name]
    print(f"{name:16} twice as fast: the step {1 / (1 - p + p / 2):.2f} times as fast")

# %% [markdown]
# ## How far that got
#
# The next cell reads the recorded benchmark of this library. Beside it is PyTorch, the library that
# many use for their research, on the same cores. The two took turns, each in a process of its own,
# and the numbers are medians. You find all of them in
# [benchmarks/results](../benchmarks/results/cpu.md). (Inference is the forward pass alone.)

# %%
benchmark = json.loads(recorded("benchmarks/results/cpu.json").read_text())
machine = benchmark["environment"]
print(f"{machine['processor']}, {machine['cores']} cores, {machine['date']}")
for row in benchmark["nets"]:
    if row["threads"] == machine["threads"] and "width 16" in row["name"]:
        ms = {side: 1000 * median(times) for side, times in row["seconds"].items()}
        listed = ", ".join(f"{side} {time:.0f} ms" for side, time in ms.items())
        print(f"{row['name'].split(',')[0]:24} {listed}")
        print(f"{'':24} minires takes {ms['minires'] / ms['PyTorch']:.1f} times as long")
one_thread, two = (median(row["seconds"]["minires"]) for row in benchmark["scaling"]["threads"])
print(f"training ResNet-20, two threads: {one_thread / two:.1f} times as fast as one")

# %% tags=["guard"]
for row in benchmark["nets"]:
    if row["threads"] == machine["threads"] and "width 16" in row["name"]:
        ms = {side: 1000 * median(times) for side, times in row["seconds"].items()}
        assert 1.3 < ms["minires"] / ms["PyTorch"] < 1.7
        assert ms["PyTorch, channels_last"] < ms["PyTorch"]
assert 1.6 < one_thread / two < 2.1

# %% [markdown]
# With **channels last**, the layout (N, H, W, C) that minires has too, PyTorch is further ahead:
# its convolutions need no copy for im2col. On another machine, with faster memory, the two were
# nearly level in training. To measure your machine, with or without PyTorch, run `python -m
# benchmarks.cpu`.
#
# ## On a GPU
#
# A GPU has thousands of small cores and fast memory: 3,350 GB/s in an H100 SXM, by NVIDIA's data
# sheet. Compare that with the slope of your roofline. For a GPU, minires has kernels of the same
# names, written in CUDA, in [`kernels/gpu/`](../minires/kernels/gpu/__init__.py). To use them,
# write `minires degradation --device gpu`, or `mr.models.resnet(20).to("gpu")`.
#
# **A warning.** None of minires' GPU code has run on a GPU, at the time of writing. It has been
# compiled for four generations of devices, and the tests run its source, thread by thread, on a
# simulated GPU. That is a reason to believe its numbers, but it says nothing about speed. Look in
# [docs/gpu.md](../docs/gpu.md) for the latest news. You have seen above how far a prediction of
# speed can be off.
#
# <details><summary>For the curious: what we expect there</summary>
#
# *Launches.* Python tells the GPU, kernel by kernel, what to do next, and each such launch takes
# Python some microseconds, whatever the size of the arrays. If the GPU is done sooner than the next
# order comes, it waits. So large batches pay, and fusion counts twice: fewer launches, and fewer
# passes over memory. *TF32.* Newer GPUs can round the factors of a matrix product to 11 binary
# digits and then multiply much faster. minires leaves this off unless you say `--tf32`. The
# rounding can be imitated without a GPU (`np.frexp`, `np.ldexp`), and gives gradients of ResNet-20
# that are off by a per cent or so, far less than two batches differ.
# [benchmarks/NOTES.md](../benchmarks/NOTES.md) has a careful count.
# </details>
#
# ## Exercises

# %%
exercise("15.amdahl")


# %%
def times_as_fast(shares, factors):
    # your code, instead of the three dots
    ...


check("15.amdahl", times_as_fast)

# %%
exercise("15.fair")


# %%
def fair_ratio(time_a, time_b, rounds):
    # your code
    ...


check("15.fair", fair_ratio)

# %%
exercise("15.traffic")


# %%
def intensities(N, H, W, C, C_out):
    # your code: return with copy, without
    ...


check("15.traffic", intensities)

# %% [markdown]
# The last task has no check. Profile a small net on small images: `mr.models.resnet(20, width=4)`,
# with batches of 8 images of 8 x 8 pixels. How large is *the rest* now, and why?

# %%
exercise("15.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - Warm up, repeat, take medians, alternate, and name the machine. Time a thing against itself
#   first.
# - A computation waits either for arithmetic or for memory. Its intensity tells which, and what
#   could help.
# - Most of the speed comes from matrix products, from chunks that stay in the cache, from memory
#   that is used again, and from threads with a BLAS of one thread each.
# - Profile before you optimise. By Amdahl's law, a part that takes 5 % of the time can give you no
#   more than that.
#
# **In the library:** [`kernels/cpu/`](../minires/kernels/cpu/__init__.py): `im2col.py`,
# `blocking.py`, `winograd.py`, `chunks.py`, `memory.py`, `workspace.py`, `channels.py`;
# [`kernels/gpu/`](../minires/kernels/gpu/__init__.py);
# [`benchmarks/NOTES.md`](../benchmarks/NOTES.md), and the tables in
# [`benchmarks/results`](../benchmarks/results/cpu.md).
#
# **Next:** [16 · A museum of mistakes](16_a_museum_of_mistakes.ipynb)

# %% [markdown]
# # 12 · Making it fast
#
# The same convolution, written as the sum it is or as one matrix product, takes minutes or
# milliseconds. Nothing about the mathematics differs; what differs is what the computer has to do
# for each number. This notebook measures where the time of a training step goes, asks how fast it
# could be at all, and looks at what minires does to get there.
#
# **After this one you can** time code so that you believe the result, say whether a computation
# waits for arithmetic or for memory, and decide what is worth making faster. It takes about 40
# minutes.
#
# All times below are from the machine that made this page. Yours will differ: read the shapes of
# the curves, not the milliseconds.

# %%
import functools
import json
import os
import platform
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

import minires as mr
from minires import backend, plot
from minires import functional as F
from minires.kernels import cpu, naive

plot.use_style()
FAST = bool(os.environ.get("MINIRES_FAST"))
BLUE, ORANGE = plot.COLOURS["resnet"], plot.COLOURS["plain"]
CORES = backend.num_threads()  # what minires computes with
rng = np.random.default_rng(0)


def noise(*shape):
    return rng.standard_normal(shape, np.float32)


blas = [f"{b['internal_api']} {b['version']}" for b in threadpool_info() if b["user_api"] == "blas"]
print(
    f"{platform.machine()}, {CORES} cores, Python {platform.python_version()}, "
    f"NumPy {np.__version__}, {', '.join(blas)}"
)

# %% [markdown]
# ## Measuring honestly
#
# **Predict:** we time one function, over and over. How far will the slowest run be from the
# fastest: 1 %, 10 %, 100 %?


# %%
def seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


x, w = noise(16, 32, 32, 16), noise(3, 3, 16, 16)


def convolution():
    return cpu.conv2d.forward(x, w, padding=1)


runs = 1000 * np.array([seconds(convolution) for _ in range(40 if FAST else 300)])

figure, ax = plt.subplots(figsize=(8, 3.2))
ax.plot(runs / np.median(runs), ".", color=BLUE, markersize=4)
ax.axhline(1, color=ORANGE, label="median")
ax.set_yscale("log")
ax.set_yticks([1, 2, 5, 10], ["1", "2", "5", "10"])
ax.minorticks_off()
ax.set_xlabel("run")
ax.set_ylabel("time, in medians")
ax.legend()
plt.show()
print(
    f"first {runs[0]:.2f} ms, fastest {runs.min():.2f}, median {np.median(runs):.2f}, "
    f"slowest {runs.max():.2f}"
)
assert runs.max() > 1.1 * runs.min()

# %% [markdown]
# More than 10 %, and often several times as long. The first run pays for what is done once (memory
# from the system, threads that wake up). After that the computer does other things besides: other
# programs take a core, the clock speed changes, and it never happens evenly. A single time says
# little. Four rules follow:
#
# 1. **Warm up**: throw the first runs away.
# 2. **Repeat**, and report the **median**; one disturbed run moves a mean, and the minimum is a
#    stroke of luck. The **quartiles** (a quarter of the runs lie below the first, a quarter above
#    the third) tell how sure you can be.
# 3. To compare A with B, **alternate** them: A B A B ..., so that a slow minute hits both.
# 4. **Say what you measured**: machine, versions, sizes, number of threads.


# %%
def take_turns(*works, rounds=5 if FAST else 15):
    """The times of each work in milliseconds, one row for each."""
    for work in works:
        work()  # warm up
    return 1000 * np.array([[seconds(work) for work in works] for _ in range(rounds)]).T


def spread(times):
    low, middle, high = np.quantile(times, (0.25, 0.5, 0.75))
    return f"{middle:7.2f} ms ({low:.2f} to {high:.2f})"


one, other = take_turns(convolution, convolution, rounds=40 if FAST else 200)
single = other / one
print("the same function twice:", spread(one), "and", spread(other))
print(
    f"single pairs claim that one takes {single.min():.2f} to {single.max():.2f} times "
    f"as long as the other; the medians say {median(other) / median(one):.2f}"
)

# %% [markdown]
# A and B were the same function, so the true ratio is 1. Whoever times each once can publish any
# number in that range. Try your own code against itself before you believe a difference.
#
# ## Why loops are slow and matrix products fast
#
# A convolution is a sum of products:
#
# $$y_{n,i,j,o} = \sum_{a,b,c} x_{n,\,i+a,\,j+b,\,c}\; w_{a,b,c,o}.$$
#
# The loops of `naive` compute it term by term. In notebook 03 we wrote it as one matrix product
# (**im2col**): every window becomes a row, and the rows are multiplied by the filters. Here are
# both again, and the library's.
#
# A yardstick: count a multiplication and an addition for each term (2 **flop**, floating-point
# operations), and divide by the time. A GFLOP/s is a thousand million of these per second.
#
# **Predict:** all three do the same multiplications. How many times faster than the loops is the
# matrix product: 3, 30, 300 or more?


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


small = noise(1, 6, 6, 16) if FAST else noise(1, 12, 12, 16)
ways = {
    "loops": lambda x: naive.conv2d.forward(x, w, padding=1)[0],
    "im2col by hand": lambda x: im2col_convolution(x, w),
    "minires": lambda x: cpu.conv2d.forward(x, w, padding=1)[0],
}


def gflops(images, milliseconds):
    return 2 * images[..., 0].size * w.size / milliseconds / 1e6


speed = {}
for name, way in ways.items():
    assert np.allclose(way(small), ways["loops"](small), atol=1e-3)
    speed[name] = gflops(small, median(take_turns(lambda: way(small), rounds=3)[0]))
    print(f"{name:15} {speed[name]:10.4f} GFLOP/s, one small image")
for name in list(ways)[1:]:
    speed[name] = gflops(x, median(take_turns(lambda: ways[name](x))[0]))
    print(f"{name:15} {speed[name]:10.2f} GFLOP/s, 16 images of 32 x 32")
print(f"im2col over loops: {speed['im2col by hand'] / speed['loops']:,.0f} times as fast")
gflop = 2 * 128 * 32 * 32 * w.size / 1e9
print(
    f"a batch of 128 would take the loops {gflop / speed['loops'] / 60:.1f} minutes, "
    f"minires {1000 * gflop / speed['minires']:.0f} ms"
)
assert gflop / speed["loops"] > 30
assert min(speed["im2col by hand"], speed["minires"]) > 100 * speed["loops"]

# %% [markdown]
# A factor of hundreds, or of thousands. Where does that come from?
#
# - **Python** takes the time of hundreds of multiplications and more to find out what `y[out] +=
#   x[pixel] * w[weight]` means, and does so for every term. In a matrix product it is asked once.
# - **Vector instructions** multiply and add 8 or 16 numbers at a time, if they lie side by side.
# - **Reuse.** A product of two $n \times n$ matrices takes $2 n^3$ flop on $3 n^2$ numbers: each
#   number that has been fetched can be used many times. The library behind NumPy (a **BLAS**; the
#   routine is called **GEMM**) works in blocks that stay in the processor's fastest memory.
#
# The last point grows with the size of the matrices:

# %%
sizes = (8, 32, 128, 256) if FAST else (8, 16, 32, 64, 128, 256, 512, 1024)
rates = []
for n in sizes:
    a, b, out = noise(n, n), noise(n, n), noise(n, n)
    repeats = max(1, 10**7 // n**3)

    def products():
        for _ in range(repeats):
            np.matmul(a, b, out=out)

    with threadpool_limits(limits=1, user_api="blas"):  # on one core; threads come below
        rates.append(2 * n**3 * repeats / take_turns(products)[0].min() / 1e6)

figure, ax = plt.subplots(figsize=(7, 3.4))
ax.plot(sizes, rates, "o-", color=BLUE)
ax.set_xscale("log", base=2)
ax.set_xticks(sizes, map(str, sizes))
ax.set_ylim(bottom=0)
ax.set_xlabel("n, for a product of two n x n matrices")
ax.set_ylabel("GFLOP/s, one core")
plt.show()
assert rates[0] < 0.5 * max(rates)

# %% [markdown]
# In small products a number is used only a few times, and the call itself takes as long as the
# work; large ones come near to what the core can do.
#
# ## How fast could it be? The roofline
#
# Two things limit a computation: how fast the cores calculate, and how fast numbers come from
# memory. Which one it is depends on its **arithmetic intensity**, the flop it does for each byte
# that it has to fetch or put back:
#
# $$\text{attainable GFLOP/s} = \min\left(\text{peak},\; \text{bandwidth} \times \text{intensity}\right).$$
#
# Drawn over the intensity that is a rising line and a ceiling: a **roofline** (Williams, Waterman
# and Patterson 2009). The **peak** is what a large matrix product achieves, the **bandwidth** what
# a copy of a large array does (its bytes are read once and written once), each on all cores. A roof
# is what *can* be reached, so here, as in the last picture, the fastest run counts and not the
# median.
#
# **Predict:** ReLU does one comparison a number and moves 8 bytes for it, 4 in and 4 out. A 3x3
# convolution of 64 channels does 1,152 flop for each output number. Which of the layers of
# ResNet-20 lie under the slope, which under the ceiling?

# %%
pool = ThreadPoolExecutor(CORES)


def on_all_cores(work):
    """Have work(0), work(1), ... done at once, and wait for all."""
    list(pool.map(work, range(CORES)))


n = sizes[-1]
factors = [(noise(n, n), noise(n, n), noise(n, n)) for _ in range(CORES)]
source = np.split(np.ones(CORES * (8 if FAST else 64) * 2**18, np.float32), CORES)
target = [np.zeros_like(part) for part in source]  # 2 ** 18 numbers are 1 MiB


def product(core):
    a, b, out = factors[core]
    np.matmul(a, b, out=out)


def copy(core):
    np.copyto(target[core], source[core])


with threadpool_limits(limits=1, user_api="blas"):
    multiplying = take_turns(lambda: on_all_cores(product))[0]
copying = take_turns(lambda: on_all_cores(copy))[0]
PEAK = CORES * 2 * n**3 / multiplying.min() / 1e6  # GFLOP/s
BANDWIDTH = 2 * sum(part.nbytes for part in source) / copying.min() / 1e6  # GB/s
print(
    f"peak {PEAK:.0f} GFLOP/s, bandwidth {BANDWIDTH:.0f} GB/s: they balance at "
    f"{PEAK / BANDWIDTH:.0f} flop a byte"
)
del source, target, factors

# %%
BATCH, SIZE, WIDTH = (8, 16, 8) if FAST else (128, 32, 16)


def conv_layers(net):
    """{(shape of x, shape of w): stride} of the convolutions of a net, each kind once."""
    found = {}

    def note(layer, inputs, y):
        found[inputs[0].shape, layer.weight.shape] = layer.stride[0]

    handles = [
        layer.register_forward_hook(note)
        for layer in net.modules()
        if isinstance(layer, mr.nn.Conv2d)
    ]
    with mr.no_grad():
        net(mr.Tensor(noise(BATCH, SIZE, SIZE, 3)))
    for handle in handles:
        handle.remove()
    return found


net = mr.models.resnet(20, width=WIDTH)
points = []  # (what, flop, bytes, milliseconds)
for (x_shape, w_shape), stride in conv_layers(net).items():
    x, w = noise(*x_shape), noise(*w_shape)
    y = cpu.conv2d.forward(x, w, stride=stride, padding=1)[0]
    times = take_turns(lambda: cpu.conv2d.forward(x, w, stride=stride, padding=1))[0]
    flop, nbytes = 2 * y.size * w.size // w_shape[3], x.nbytes + w.nbytes + y.nbytes
    what = f"conv {w_shape[2]} to {w_shape[3]}" + ", stride 2" * (stride == 2)
    points.append((what, flop, nbytes, median(times)))

x, z, one = *noise(2, BATCH, SIZE, SIZE, WIDTH), np.ones(WIDTH, np.float32)
for what, work, flop, arrays in (
    # flop for each number (of batch norm: 4 for mean and variance, 3 to apply them),
    # and how many arrays of this size are read or written
    ("batch norm + ReLU", lambda: cpu.batch_norm_relu.forward(x, one, one), 7, 3),
    ("ReLU", lambda: cpu.relu.forward(x), 1, 2),
    ("addition", lambda: cpu.add.forward(x, z), 1, 3),
):
    points.append((what, flop * x.size, arrays * x.nbytes, median(take_turns(work)[0])))

intensity = np.geomspace(0.05, 300, 100)
figure, ax = plt.subplots(figsize=(8, 4.4))
ax.plot(intensity, np.minimum(PEAK, BANDWIDTH * intensity), color=plot.GREY, linewidth=2.5)
ax.text(0.9, 1.2 * BANDWIDTH, f"{BANDWIDTH:.0f} GB/s", color=plot.GREY, ha="right")
ax.text(PEAK / BANDWIDTH, 1.1 * PEAK, f"{PEAK:.0f} GFLOP/s", color=plot.GREY, ha="right")
for number, (what, flop, nbytes, milliseconds) in enumerate(points, 1):
    place = flop / nbytes, flop / milliseconds / 1e6
    ax.plot(*place, "o", markersize=13, color=BLUE if what.startswith("conv") else ORANGE)
    ax.annotate(number, place, ha="center", va="center", fontsize=9, color="white")
ax.set_xscale("log")
ax.set_yscale("log")
ax.set_ylim(top=2 * PEAK)
ax.set_xlabel("arithmetic intensity, flop a byte")
ax.set_ylabel("GFLOP/s")
plt.show()
for number, (what, flop, nbytes, milliseconds) in enumerate(points, 1):
    rate, roof = flop / milliseconds / 1e6, min(PEAK, BANDWIDTH * flop / nbytes)
    print(
        f"{number}  {what:23} {flop / nbytes:6.1f} flop a byte, {rate:7.1f} GFLOP/s, "
        f"{100 * rate / roof:4.0f} % of the roof"
    )
assert 2 * 3 * 3 * 64 == 1152
by_name = {what: flop / nbytes for what, flop, nbytes, _ in points}
assert max(by_name["ReLU"], by_name["addition"]) < 1 < 10 < max(by_name.values())

# %% [markdown]
# ReLU and addition lie at the slope: they wait for memory, and no cleverer arithmetic would help
# them. (They may even lie *above* it: the slope is the speed of main memory, and what was just
# computed may still be in the cache.) Batch norm lies below, for NumPy goes through the numbers
# once for every single operation. The convolutions lie to the right, where memory is no excuse (but
# for the first one, with its three channels). Yet most of them stay below the ceiling: with 16 or
# 32 channels the matrices are narrow, and im2col has to copy before it can multiply.
#
# So there are two ways to be faster: *better products* for the convolutions, in the next two
# sections, and *fewer passes over memory* for the rest, in the section after those.
#
# ## im2col in chunks that stay in the cache
#
# im2col copies each pixel nine times. Written to memory for the whole batch, and read again by the
# product, that ruins the convolution's intensity. But it need not be the whole batch: make the
# columns of a few images, multiply, and use the same memory for the next few. Between the cores and
# memory are **caches**, small and fast; what fits there never travels to memory.
#
# **Predict:** chunks of 1, 2, 4, ... images, up to all at once. What will be best, and what goes
# wrong at either end?

# %%
x, w = noise(BATCH, SIZE, SIZE, WIDTH), noise(3, 3, WIDTH, WIDTH)
matrix = w.reshape(-1, WIDTH)
view = windows(x)  # of all images; nothing is copied yet
y = np.empty((BATCH, SIZE * SIZE, WIDTH), np.float32)


def in_chunks(images, buffer=None):
    """Convolution, so many images at a time. Columns go to this buffer, or to new memory."""
    for first in range(0, BATCH, images):
        last, columns = first + images, buffer
        if columns is None:
            columns = np.empty((images, *view.shape[1:]), np.float32)
        columns[...] = view[first:last]  # im2col
        np.matmul(columns.reshape(images, SIZE * SIZE, -1), matrix, out=y[first:last])
    return y.reshape(x.shape)


images_at_once = [n for n in (1, 2, 4, 8, 16, 32, 64, 128) if n <= BATCH]
column_bytes = 9 * x[0].nbytes
buffer = np.empty((BATCH, *view.shape[1:]), np.float32)
works = [lambda n=n: in_chunks(n, buffer[:n]) for n in images_at_once]
right = cpu.conv2d.forward(x, w, padding=1)[0]
assert np.allclose(in_chunks(4, buffer[:4]), right, atol=1e-3)

with threadpool_limits(limits=1, user_api="blas"):  # one core, to see the cache alone
    *reused, fresh = take_turns(*works, lambda: in_chunks(BATCH))
    backend.set_num_threads(1)
    library = take_turns(lambda: cpu.conv2d.forward(x, w, padding=1))[0]
    backend.set_num_threads(CORES)

megabytes = column_bytes * np.array(images_at_once) / 2**20
middles = np.median(reused, axis=1)
figure, ax = plt.subplots(figsize=(7.5, 3.8))
low, high = np.quantile(reused, (0.25, 0.75), axis=1)
ax.fill_between(megabytes, low, high, color=BLUE, alpha=0.2)
ax.plot(megabytes, middles, "o-", color=BLUE, label="memory of the columns used again")
ax.plot(megabytes[-1], median(fresh), "s", color=ORANGE, label="new memory, all at once")
ax.axhline(median(library), color=plot.GREY, linestyle="--", label="minires, one thread")
ax.set_xscale("log", base=2)
ax.set_xticks(megabytes, [f"{n}\n{m:.2g}" for n, m in zip(images_at_once, megabytes)])
ax.set_ylim(bottom=0)
ax.set_xlabel("images at once (above), megabytes of columns (below)")
ax.set_ylabel("ms, one core")
ax.legend()
plt.show()
print(
    f"best: chunks of {images_at_once[middles.argmin()]}; the whole batch at once takes "
    f"{middles[-1] / middles.min():.1f} times as long, in new memory "
    f"{median(fresh) / middles.min():.1f} times"
)
assert FAST or median(fresh) > middles.min()

# %% [markdown]
# Few images at a time are best, as long as their columns fit in a core's cache (a megabyte or a
# few). Much larger chunks go through memory twice. Very small ones would pay too often for
# starting: Python, and a matrix product of few rows. (A single image of 32 x 32 pixels already
# makes 1,024 rows, so at this end you may see little of it.) And memory that is *new* costs extra:
# the system hands it out page by page, filled with zeros.
#
# [`kernels/cpu/im2col.py`](../minires/kernels/cpu/im2col.py) does this, with some more tricks:
# where channels are few it computes blocks of two or four neighbouring pixels at once, so that
# matrices are less narrow ([`blocking.py`](../minires/kernels/cpu/blocking.py)), and it keeps its
# memory from call to call ([`memory.py`](../minires/kernels/cpu/memory.py),
# [`workspace.py`](../minires/kernels/cpu/workspace.py)).
#
# ## Fewer multiplications
#
# All convolutions so far multiply the same numbers, and differ in what they move. But a convolution
# needs fewer multiplications than it seems. It is a product of polynomials: the coefficients of
# $(x_0 + x_1 t + \dots)(w_0 + w_1 t + w_2 t^2)$ are sums like those of a filter that slides. And
# polynomials can be multiplied in another way. Evaluate both at six points, multiply the values at
# each point, and find the polynomial that goes through the products. So four neighbouring outputs
# of a filter of three numbers take 6 multiplications, and not $4 \cdot 3 = 12$
# ([Winograd 1980](https://epubs.siam.org/doi/book/10.1137/1.9781611970364); for neural networks
# [Lavin and Gray 2015](https://arxiv.org/abs/1509.09308)):
#
# $$y = A^T \left[ (G w) \odot (B^T x) \right]$$
#
# Here $x$ holds six inputs, $w$ three weights, $y$ four outputs. The matrices hold small constants,
# and $\odot$ is the multiplication at the points. Here it is, in three lines.

# %%
from minires.kernels.cpu import winograd
from minires.kernels.cpu.conv import im2col_conv2d, winograd_conv2d

inputs, weights = noise(6), noise(3)
at_points = (winograd.G @ weights) * (winograd.B_T @ inputs)  # six multiplications
sliding = np.correlate(inputs, weights, "valid")
print("Winograd:", winograd.A_T @ at_points)
print("sliding: ", sliding)
assert np.allclose(winograd.A_T @ at_points, sliding, atol=1e-4)

# %% [markdown]
# With channels, each of the six multiplications becomes a matrix product, over all tiles of four
# outputs. The transforms cost additions and copies, the more so the fewer channels there are to
# share them. In two dimensions a tile of $4 \times 4$ outputs takes 36 products instead of 144.
#
# **Predict:** with how many channels does it begin to pay?

# %%
tries = [(16, 32), (32, 16), (64, 8)]  # channels and size, as in ResNet-20
if not FAST:
    tries.append((128, 28))
backend.set_num_threads(1)
for channels, size in tries:
    number = BATCH if channels < 100 else BATCH // 16
    pictures, weights = noise(number, size, size, channels), noise(3, 3, channels, channels)

    def there_and_back(kernel, pictures=pictures, weights=weights):
        y, cache = kernel.forward(pictures, weights, padding=1)
        return kernel.backward(y, cache)

    slow, fast = take_turns(
        lambda: there_and_back(im2col_conv2d), lambda: there_and_back(winograd_conv2d)
    )
    y, other = (
        kernel.forward(pictures, weights, padding=1)[0]
        for kernel in (im2col_conv2d, winograd_conv2d)
    )
    error = abs(other - y).max() / abs(y).max()
    print(
        f"{channels:3} channels, {size:2} x {size:2}: im2col {median(slow):6.1f} ms, Winograd "
        f"{median(fast):6.1f} ms, {median(fast) / median(slow):.2f} times as long; "
        f"they differ by {error:.0e}"
    )
    assert error < 1e-4
backend.set_num_threads(CORES)

# %% [markdown]
# The price is in the last column: the numbers at the points are larger than their sums, so a few
# more digits are lost to rounding. For training that is nothing. minires takes the formula where it
# has measured a gain: for 3x3 convolutions that move by one pixel, from 32 channels on, and there
# in two dimensions ([`winograd.py`](../minires/kernels/cpu/winograd.py)).
# `kernels.use(conv2d=im2col_conv2d)` turns it off. PyTorch does not use it on such a processor.
#
# ## Threads
#
# A processor has several cores, and each runs a **thread** of work. Python lets only one of its
# threads run at a time, but NumPy steps aside while it is in a loop or a product of its own; so
# plain Python threads do work at once.
#
# There is a trap. The BLAS behind NumPy has threads, too: it splits every product over all cores.
# If we split the batch over our threads, and each of them calls a BLAS that splits again, then more
# threads than cores get in each other's way. With threads of our own the copying is shared as well,
# not only the products. So [`chunks.py`](../minires/kernels/cpu/chunks.py) splits the batch, and
# BLAS keeps to one thread.
#
# You choose the number of threads with `minires ... --threads 4`, the variable `MINIRES_THREADS`,
# or `backend.set_num_threads`.
#
# **Predict:** with two threads, how many times as fast is a training step? Will the gradients be
# the same, to the last digit?

# %%
images, labels = noise(BATCH, SIZE, SIZE, 3), rng.integers(0, 10, BATCH)
net = mr.models.resnet(20, width=WIDTH)
optimizer = mr.optim.SGD(net.parameters(), lr=0.0, momentum=0.9)  # lr 0: the same work


def training_step():
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mr.Tensor(images)), labels)
    loss.backward()
    optimizer.step()


def step_with(threads):
    backend.set_num_threads(threads)
    training_step()
    return [parameter.grad.copy() for parameter in net.parameters()]


counts = [1] + [n for n in (2, 4, 8, 16, 32) if n < CORES] + [CORES] * (CORES > 1)
times = take_turns(*[lambda n=n: step_with(n) for n in counts], rounds=3 if FAST else 7)
gradients = [step_with(n) for n in counts]
backend.set_num_threads(CORES)
for n, row in zip(counts, times):
    print(
        f"training step of ResNet-20, {n} thread{'s' * (n > 1)}: {spread(row)}, "
        f"{median(times[0]) / median(row):.2f} times as fast as with one"
    )
for other in gradients[1:]:
    assert all(np.array_equal(a, b) for a, b in zip(gradients[0], other))

# %% [markdown]
# Two threads are hardly ever twice as fast, nor eight eight times: memory is shared, some work is
# not divided, and whoever is done first waits. (Where another program takes a core, more threads
# may even be slower. In the recorded benchmark further down, two threads gain more.)
# But look at the last assert: the gradients agree *to the bit*. Sums of floating-point numbers
# depend on their order, so minires cuts the work into the same chunks with any number of threads,
# and adds up their results in a fixed order.
#
# ## Fewer passes over memory
#
# At the end of a residual block come batch norm, an addition and ReLU. Each of them waits for
# memory, so count what they move. One pass is an array read or written once:
#
# | forward | one after the other | as one kernel |
# |---|---|---|
# | mean and variance | read x | read x |
# | normalise | read x, write y | read x |
# | add the shortcut | read y, read shortcut, write z | read shortcut |
# | ReLU | read z, write | write |
# | **passes** | **8** | **4** |
#
# Doing the work of several kernels while the numbers are at hand is called **fusion**. Backward, in
# the same way, needs 7 passes instead of 8. In minires `batch_norm_relu` is the fused kernel;
# `mr.kernels.use(fused=False)` takes the parts.
#
# **Predict:** 11 passes instead of 16. Will the kernel be 1.45 times as fast? And the whole
# training step?

# %%
x, shortcut, dy = noise(3, BATCH, SIZE, SIZE, WIDTH)
one = np.ones(WIDTH, np.float32)


def fused(backward=True):
    y, cache = cpu.batch_norm_relu.forward(x, one, one, shortcut)
    return cpu.batch_norm_relu.backward(dy, cache) if backward else y


def parts(backward=True):
    y, norm_cache = cpu.batch_norm.forward(x, one, one)
    z, _ = cpu.add.forward(y, shortcut)
    y, relu_cache = cpu.relu.forward(z)
    if not backward:
        return y
    dz = cpu.relu.backward(dy, relu_cache)
    return *cpu.batch_norm.backward(dz, norm_cache), dz


def step_in_parts():
    with mr.kernels.use(fused=False):
        training_step()


assert round((8 + 8) / (4 + 7), 2) == 1.45
assert np.array_equal(fused(backward=False), parts(backward=False))  # to the bit
assert all(np.array_equal(a, b) for a, b in zip(fused(), parts()))
for what, one_way, other_way, rounds in (
    ("forward", lambda: fused(False), lambda: parts(False), 31),
    ("forward and backward", fused, parts, 31),
    ("whole training step", training_step, step_in_parts, 11),
):
    together, apart = take_turns(one_way, other_way, rounds=3 if FAST else rounds)
    print(
        f"{what}: fused {spread(together)}, in parts {spread(apart)}, "
        f"ratio {median(apart) / median(together):.2f}"
    )

# %% [markdown]
# Less than the count of passes promises. On a CPU the caches have already caught part of the
# traffic (an array of a few megabytes may still be there when the next kernel asks for it), and
# NumPy makes one pass for each operation anyway, over chunks in the cache. What fusion saves in a
# whole step is some per cent, and easily lost in the noise of a busy machine. It is kept because it
# gives the same bits, and because on a GPU it should count for more, as we shall see.
#
# That is a lesson of its own: a prediction is worth making because it can fail.
# [benchmarks/NOTES.md](../benchmarks/NOTES.md) lists what was tried in minires, with what was
# expected and what was measured; a good part of it changed nothing, or failed.
#
# ## Where the time goes
#
# Before making anything faster: how much of the time is it? We put a stopwatch around every kernel.
# A kernel is a pair of functions, and `mr.kernels.use(relu=(forward, backward))` puts another pair
# in its place. So we need a function that takes a function, and returns one which does the same and
# looks at the clock. (`functools.wraps` lets it show the name and the arguments of the one inside;
# the library looks at these.)

# %%
times = {}  # (kernel, direction) -> all its times


def with_stopwatch(key, function):
    @functools.wraps(function)
    def timed(*arrays, **settings):
        started = time.perf_counter()
        result = function(*arrays, **settings)
        times.setdefault(key, []).append(time.perf_counter() - started)
        return result

    return timed


def profile(step, steps):
    """The seconds of all steps; `times` holds what the kernels took of it."""
    times.clear()
    pairs = {}
    for name in mr.kernels.names():
        kernel = getattr(cpu, name)
        pairs[name] = (
            with_stopwatch((name, "forward"), kernel.forward),
            with_stopwatch((name, "backward"), kernel.backward),
        )
    with mr.kernels.use(**pairs):
        return sum(seconds(step) for _ in range(steps))


STEPS = 2 if FAST else 8
training_step()  # warm up
total = profile(training_step, STEPS)
in_kernels = sum(map(sum, times.values()))
assert in_kernels < total

share_of = {}  # name -> part of the time
for (name, direction), its_times in times.items():
    share_of[name] = share_of.get(name, 0) + sum(its_times) / total
names = sorted(share_of, key=share_of.get)

figure, ax = plt.subplots(figsize=(8, 3.6))
forward, backward = (
    np.array([100 * sum(times.get((name, direction), ())) / total for name in names])
    for direction in ("forward", "backward")
)
ax.barh(names, forward, color=BLUE, label="forward")
ax.barh(names, backward, left=forward, color=plot.SHADES["resnet"][0], label="backward")
ax.barh("everything else", 100 * (total - in_kernels) / total, color=plot.GREY)
ax.set_xlabel("% of a training step of ResNet-20")
ax.legend(loc="lower right")
plt.show()
print(
    f"{1000 * total / STEPS:.0f} ms a step: "
    f"conv2d {100 * share_of['conv2d']:.0f} %, "
    f"batch_norm_relu {100 * share_of['batch_norm_relu']:.0f} %"
)
assert FAST or share_of["conv2d"] + share_of["batch_norm_relu"] > 0.5

# %% [markdown]
# *Everything else* is the tape, adding up gradients, the optimiser, and Python itself. Convolution
# takes the largest part, batch norm with what is fused to it the second; the rest is hardly worth a
# look. (`getitem` and `pad` are the shortcut where the shape changes: every second pixel, and
# channels of zeros.)
#
# If a part that takes the share $p$ of the time is made $s$ times as fast, the whole becomes
#
# $$\frac{1}{(1 - p) + p / s}$$
#
# times as fast (**Amdahl's law**), and no more than $1 / (1 - p)$, however clever you are.

# %%
for name in ("conv2d", "batch_norm_relu", "cross_entropy"):
    p = share_of[name]
    print(
        f"{name:16} twice as fast: the step {1 / (1 - p + p / 2):.2f} times as fast; "
        f"free of charge: {1 / (1 - p):.2f} times"
    )

# %% [markdown]
# ## How far that got
#
# The recorded benchmark of this library, beside PyTorch, a library that many use for their
# research, on the same cores (medians, taken by turns, each side in a process of its own; all of it
# in [benchmarks/results](../benchmarks/results/cpu.md)). Inference is use (notebook 06): the
# forward pass alone.

# %%
recorded = json.loads(Path("../benchmarks/results/cpu.json").read_text())
machine = recorded["environment"]
print(
    f"{machine['processor']}, {machine['cores']} cores, NumPy {machine['numpy']}, "
    f"PyTorch {machine['torch']}, {machine['date']}, {recorded['rounds']} rounds"
)
for row in recorded["nets"]:
    if row["threads"] == machine["threads"] and "width 16" in row["name"]:
        ms = {side: 1000 * median(times) for side, times in row["seconds"].items()}
        print(
            f"{row['name'].split(',')[0]:24} "
            + ", ".join(f"{side} {time:.0f} ms" for side, time in ms.items())
            + f": {ms['minires'] / ms['PyTorch']:.1f} times"
        )
        assert 1.3 < ms["minires"] / ms["PyTorch"] < 1.7
        assert ms["PyTorch, channels_last"] < ms["PyTorch"]
one, two = (median(row["seconds"]["minires"]) for row in recorded["scaling"]["threads"])
print(f"training ResNet-20, two threads: {one / two:.1f} times as fast as one")
assert 1.6 < one / two < 2.1

# %% [markdown]
# At the end of each line stands how many times as long minires takes as PyTorch in its default
# layout, (N, C, H, W). With **channels last**, the layout (N, H, W, C) that minires has too,
# PyTorch is further ahead. Its convolutions need no copy for im2col, and the memory of this machine
# is slow: on another one, with faster memory, the two were nearly level in training. On
# photographs, in larger nets, minires is ahead of the default layout. Measure yours, with or
# without PyTorch, by `python -m benchmarks.cpu`.
#
# ## On a GPU
#
# A GPU has thousands of small cores and fast memory: 3,350 GB/s in an H100 SXM, by NVIDIA's data
# sheet; compare it with the slope of your roofline. The kernels of minires for it are in CUDA, in
# [`kernels/gpu/`](../minires/kernels/gpu/__init__.py), with the same names. Using it takes one
# word:
#
#     minires degradation --device gpu --preset standard
#
#     net = mr.models.resnet(20).to("gpu")              # before the optimiser is made
#     loss = F.cross_entropy(net(images.to("gpu")), labels)
#
# If there is no GPU, you are told what is missing:

# %%
try:
    backend.check_device("gpu")
    gpu_net = mr.models.resnet(20, width=WIDTH).to("gpu")
    F.cross_entropy(gpu_net(mr.Tensor(images).to("gpu")), labels).backward()
    print("computed on", backend.describe("gpu")["gpu"])
except mr.errors.DeviceError as error:
    print(textwrap.fill(str(error), 90))

# %% [markdown]
# **A warning.** At the time of writing none of minires' GPU code has run on a GPU. It has been
# compiled by NVIDIA's compiler for four generations of devices, and its source runs, thread by
# thread, on a simulated GPU in the tests, against the same loops as everything else. That is a
# reason to believe that it computes the right numbers; it says nothing about speed. (docs/gpu.md
# says how it stands now.) So what follows are predictions, and you have learned above what these
# are worth before they are measured.
#
# **Launches.** A GPU does not run Python. Python tells it, kernel by kernel, what to do next, and
# each such **launch** takes Python some time, whatever the size of the arrays: we guess 10
# microseconds. Meanwhile the GPU works on what it was told before; if it is done sooner than the
# next order comes, it waits. Our profile knows the number of calls:

# %%
calls = sum(map(len, times.values())) / STEPS
print(
    f"{calls:.0f} kernel calls a step: at least {calls * 10e-6 * 1000:.1f} ms of launches, "
    "for 8 images as for 800"
)

# %% [markdown]
# (That is too low: one kernel is sometimes several launches. A more careful count, of launches and
# of memory, is in [benchmarks/NOTES.md](../benchmarks/NOTES.md): it expects that small batches wait
# for launches, and large ones for memory.) If that is about right, three things follow for GPUs:
#
# - **Large batches** pay: the launches are the same.
# - **Fusion** counts twice: fewer launches, and fewer passes over memory. (`fused=False` is there
#   to measure it.)
# - A **CUDA graph** records all launches of a step and replays them at once. minires does not do
#   that yet.
#
# **TF32.** A floating-point number is $m \cdot 2^e$: a factor $m$ with 24 binary digits, and an
# exponent $e$. Newer GPUs can round the factors of a matrix product to 11 binary digits first (and
# add up in full precision), and then multiply much faster: on the H100 SXM some 495 instead of 67
# TFLOP/s, by its data sheet. minires leaves this off unless you say `--tf32` or
# `backend.allow_tf32()`. What does it do to gradients? Rounding we can imitate without a GPU:
# `np.frexp` takes a number apart into $m$, between 0.5 and 1, and $e$; `np.ldexp` puts them
# together.
#
# **Predict:** 11 binary digits are about three decimal ones. Will the gradient be off by 0.1 %, by
# 1 %, or be useless? And how far apart are the gradients of two different batches?


# %%
def tf32(array):
    """Rounded to 11 binary digits."""
    m, e = np.frexp(array)
    return np.ldexp(np.round(m * 2**11) / 2**11, e)


print("pi with 11 binary digits:", tf32(np.float32(np.pi)))
assert abs(tf32(np.float32(np.pi)) / np.pi - 1) < 2**-11 and 10**3 < 2**11 < 10**4


def forward(x, w, **settings):
    return cpu.conv2d.forward(tf32(x), tf32(w), **settings)


def backward(dy, cache):  # the cache has the rounded x and w
    return cpu.conv2d.backward(tf32(dy), cache)


def gradient(images, labels):
    net.zero_grad()
    F.cross_entropy(net(mr.Tensor(images)), labels).backward()
    return np.concatenate([p.grad.ravel() for p in net.parameters()])


pictures, _ = mr.data.synthetic(2 * BATCH, 10)
pictures = pictures.resize(SIZE)
scaled = (pictures.images / 255 - 0.5).astype(np.float32)
first, second = slice(0, BATCH), slice(BATCH, 2 * BATCH)

exact = gradient(scaled[first], pictures.labels[first])
another_batch = gradient(scaled[second], pictures.labels[second])
with mr.kernels.use(conv2d=(forward, backward)):
    rounded = gradient(scaled[first], pictures.labels[first])
off = {"with TF32": rounded, "of another batch": another_batch}
off = {what: np.linalg.norm(g - exact) / np.linalg.norm(exact) for what, g in off.items()}
for what, value in off.items():
    print(f"gradient {what}: differs by {100 * value:.1f} %")
assert off["with TF32"] < 0.05 and off["with TF32"] < 0.2 * off["of another batch"]

# %% [markdown]
# A per cent or so, for the rounding errors of 20 layers add up. But that is far below the noise
# that training has anyway, from drawing its batches at random. Whether a net trained with it ends
# as well is, again, a thing to measure.
#
# ## Exercises
#
# **1.** `np.maximum(x, 0)`, `np.maximum(x, zeros)` with a row of zeros as long as the last axis,
# and `np.clip(x, 0, np.inf)` all compute ReLU. Compare them with `take_turns`, for an array of
# (128, 8192). Which is fastest on your machine, and by more than the quartiles?
#
# <details><summary>Hint</summary>
# Give all three the same out= array, or you also measure new memory. The notes in
# benchmarks/NOTES.md say what was found for minires: look after you have measured.
# </details>
#
# **2.** Profile a small net on small images: `mr.models.resnet(20, width=4)`, images of 8 x 8,
# batch 8. How large is *everything else* now, and why? What would help?
#
# <details><summary>Hint</summary>
# Make a new training_step for it, run it once, and call profile again. The number of calls is the
# same as for large images, and each costs Python some time, whatever the size. Compare the time a
# call of linear or cross_entropy takes.
# </details>
#
# **3.** Where would the last layer (a matrix product (N, 64) by (64, 10)) lie on the roofline, for
# N = 1 and N = 128? And a convolution of 512 channels on maps of 7 x 7, as in the ImageNet nets?
# Work it out on paper first.
#
# <details><summary>Hint</summary>
# flop: 2 N 64 10. bytes: 4 (N 64 + 64 10 + N 10). Divide. For N = 1 nearly all bytes are weights,
# each used once; for a large batch they are shared by all images.
# </details>

# %% [markdown]
# ## Recap
#
# - Warm up, repeat, take medians, alternate, and name the machine. Time a thing against itself
#   first.
# - A computation waits either for arithmetic or for memory; its intensity tells which, and what
#   could help.
# - Matrix products, chunks that stay in the cache, memory used again, threads with a BLAS of one
#   thread each: that is most of it.
# - Profile before you optimise: by Amdahl's law, what takes 5 % of the time can give you no more
#   than that.
#
# **In the library:** [`kernels/cpu/`](../minires/kernels/cpu/__init__.py): `im2col.py`,
# `blocking.py`, `winograd.py`, `chunks.py`, `memory.py`, `workspace.py`, `channels.py`;
# [`kernels/gpu/`](../minires/kernels/gpu/__init__.py);
# [`benchmarks/NOTES.md`](../benchmarks/NOTES.md), and the tables in
# [`benchmarks/results`](../benchmarks/results/cpu.md).
#
# **Next:** [13 · A museum of mistakes](13_a_museum_of_mistakes.ipynb)

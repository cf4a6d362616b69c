# %% [markdown]
# # 04 · Convolution: loops, then one matrix product
#
# A layer for images should look at neighbouring pixels together, and look for the same things
# everywhere. A **convolution** does both: it slides a small filter over the image. Nearly all the
# work of a residual network is convolution, so here you build it twice. First you write the sum as
# loops, and then you turn all of it into one matrix product.
#
# **After this one you can** compute a convolution by hand, with channels, padding and stride; say
# how large its output is and what it costs; turn it into a matrix product (im2col); and say how
# much of the image a deep layer sees. About 50 minutes, and 25 more for the exercises.

# %%
import time
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import minires as mr
from minires import functional as F
from minires import plot
from minires.kernels import cpu, naive
from minires.lessons import check, exercise, predict, reveal, score, show, slider

plot.use_style()
rng = np.random.default_rng(0)
BATCH = 64  # images in the timings: fewer are quicker

# %% tags=["fast"]
BATCH = 8

# %% [markdown]
# ## One filter on one image
#
# Let $x$ be an image of $H \times W$ pixels with one number each, the brightness, and $w$ a
# **filter** of $K_H \times K_W$ numbers. Lay the filter on the image, multiply each of its numbers
# by the pixel below it, and add up. That gives one number of the output. Then move the filter on by
# one pixel, and do it again:
#
# $$y_{ij} = \sum_{a=0}^{K_H-1} \sum_{b=0}^{K_W-1} x_{i+a,\;j+b}\; w_{ab}.$$


# %%
def slide(x, w):
    (H, W), (KH, KW) = x.shape, w.shape
    y = np.zeros((H - KH + 1, W - KW + 1))
    for i in range(H - KH + 1):
        for j in range(W - KW + 1):
            for a in range(KH):
                for b in range(KW):
                    y[i, j] += x[i + a, j + b] * w[a, b]
    return y


left_right = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]]) / 3
top_bottom = left_right.T
mean = np.ones((3, 3)) / 9

# %% [markdown]
# `left_right` computes the mean of the three pixels on the left minus the mean of the three on the
# right. Now imagine a bright ring on a dark ground.

# %%
even = predict("What does `left_right` give where all pixels are equally bright?", within=0.01)
ring_left = predict(
    "And at the outer left edge of the ring, where dark lies left of bright?",
    ["a number above 0", "0", "a number below 0"],
)
ring_top = predict(
    "And at the top of the ring?", ["a number above 0", "about 0", "a number below 0"]
)

# %%
drawn, _ = mr.data.synthetic(60, 10)
x = drawn.images[55].mean(axis=2) / 255  # a ring; the mean of red, green, blue
filters = {"left minus right": left_right, "top minus bottom": top_bottom}
across = slide(x, left_right)[15]  # a row through the middle of the ring
edge = across[np.flatnonzero(abs(across) > 0.3)[0]]  # the first clear answer from the left

figure, axes = plt.subplots(1, 4, figsize=(10, 2.9))
axes[0].imshow(x, cmap="gray")
axes[0].set_title("image x")
for ax, (name, w) in zip(axes[1:], filters.items()):
    ax.imshow(slide(x, w), cmap="RdBu_r", vmin=-0.7, vmax=0.7)
    ax.set_title(name)
    ax.set_xlabel("red: above 0, blue: below")
axes[3].imshow(slide(x, mean), cmap="gray")
axes[3].set_title("mean of nine")
for ax in axes:
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
show(
    "A bright ring on a dark ground, and three filters' answers: left minus right is blue at the "
    "ring's outer left and red at its outer right, top minus bottom the same from top to bottom; "
    "the mean of nine pixels is a blurred ring."
)
even.reveal(slide(np.full((5, 5), 0.8), left_right).round(6).max(), "Left and right are alike.")
ring_left.reveal(ring_left.choices[2 if edge < 0 else 0], "It computes dark minus bright.")
ring_top.reveal("about 0", "At the top, left and right are alike; up and down are not.")

# %% tags=["guard"]
assert drawn.classes[drawn.labels[55]] == "ring"
assert np.allclose(slide(np.full((5, 5), 0.8), left_right), 0)
assert x.shape == (32, 32) and slide(x, mean).shape == (30, 30)
clear = across[np.flatnonzero(abs(across) > 0.3)]  # where it answers clearly
assert clear[0] < 0 < clear[-1]  # outer left, outer right

# %% [markdown] tags=["answer"]
# On an even area the sum is 0. The filter sees only *edges*, and only edges between left and right.
# At the outer left of the ring, dark lies left of bright, and the answer is negative (blue). At its
# outer right it is the other way round. At the top of the ring, left and right are alike, so
# `left_right` gives nothing there, but `top_bottom` does.

# %% [markdown]
# The third filter blurs. The few numbers of a filter decide what it looks for. Nobody designs them:
# training finds them.
#
# **A word on the name.** In mathematics a *convolution* flips the filter before it slides it.
# Without the flip the operation is called **cross-correlation**. Deep learning does not flip, and
# says convolution all the same, and so does minires. For learned filters it makes no difference,
# because training would simply find them flipped. NumPy has both, in one dimension:

# %%
line, taps = rng.standard_normal(8), rng.standard_normal(3)  # taps: a filter's numbers
sliding = np.array([(line[i : i + 3] * taps).sum() for i in range(6)])
assert np.allclose(sliding, np.correlate(line, taps, mode="valid"))
assert np.allclose(sliding, np.convolve(line, taps[::-1], mode="valid"))

# %% [markdown]
# ## The border and the step: padding and stride
#
# The output above is smaller than the image, 30 x 30 pixels instead of 32 x 32, because a 3 x 3
# filter fits into only so many places. After ten such layers 20 pixels would be lost. So we first
# put $p$ rows and columns of zeros around the image, the **padding**. We may also move the filter
# by $s$ pixels at a time instead of one. That is the **stride**, and with $s = 2$ the output has
# about half the height and width.
#
# How many places are there? The padded image has $H + 2p$ rows. The filter's first row can be at
# $0, s, 2s, \dots$, as long as its last row, $K_H - 1$ further down, is still inside. With
# $\lfloor\ \rfloor$ for rounding down (in Python `//`):
#
# $$H' = \left\lfloor \frac{H + 2p - K_H}{s} \right\rfloor + 1, \qquad\text{likewise } W'.$$
#
# Work out two cases by hand, for an image of 32 x 32 pixels.

# %%
halved = predict(
    "Take a 3 x 3 filter with padding 1 and stride 2. How many rows does the output have?"
)
kept = predict("Which padding keeps the size under a 5 x 5 filter with stride 1?")


# %%
def output_size(size, kernel, stride=1, padding=0):
    return (size + 2 * padding - kernel) // stride + 1


print("p = 1, s = 1:", output_size(32, 3, 1, 1))
print("p = 1, s = 2:", output_size(32, 3, 2, 1))
for p in range(4):
    print(f"5 x 5, p = {p}:", output_size(32, 5, 1, p))
halved.reveal(
    output_size(32, 3, 2, 1), "It is (32 + 2 - 3) // 2 + 1, and the floor takes off half a step."
)
kept.reveal(
    next(p for p in range(5) if output_size(32, 5, 1, p) == 32),
    "For an odd K it is (K - 1) / 2, as far as the filter reaches on each side.",
)

# %% [markdown]
# Does the library's convolution agree? Try all combinations of a few sizes, filters, strides and
# paddings:

# %%
for size, kernel, stride, padding in product((7, 8, 32), (1, 3, 5), (1, 2, 3), (0, 1, 2)):
    x, w = np.ones((1, size, size, 1)), np.ones((kernel, kernel, 1, 1))
    y = F.conv2d(mr.Tensor(x), mr.Tensor(w), None, stride, padding)  # None: no bias
    assert y.shape[1:3] == (output_size(size, kernel, stride, padding),) * 2
print("81 cases agree")

# %% tags=["guard"]
size = 32
for _ in range(10):
    size = output_size(size, 3)
assert 32 - size == 20  # ten layers without padding

# %% [markdown]
# ## All of it: channels, filters, a batch
#
# Images have $C$ **channels**. At first these are the three colours, and later the channels that
# the layer before has made. A filter then has a number for each of its places *and* each channel,
# and the sum runs over all of them. A layer has $C_{out}$ filters, and each of them makes one
# channel of the output. With $N$ images at once:
#
# $$y_{n\,i\,j\,o} = \sum_{a,\,b,\,c} x_{n,\;i s + a - p,\;j s + b - p,\;c}\; w_{a\,b\,c\,o}.$$
#
# $x$ is `(N, H, W, C)`, $w$ is `(KH, KW, C_in, C_out)`, where $C_{in}$ is the $C$ of the images,
# and $y$ is `(N, H', W', C_out)`. Pixels outside the image count as 0. That makes seven loops, one
# for each index:


# %%
def conv_loops(x, w, stride=1, padding=0):
    N, H, W, C = x.shape
    KH, KW, C, C_out = w.shape
    H_out, W_out = output_size(H, KH, stride, padding), output_size(W, KW, stride, padding)
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    y = np.zeros((N, H_out, W_out, C_out), x.dtype)
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                for o in range(C_out):
                    for a in range(KH):
                        for b in range(KW):
                            for c in range(C):
                                y[n, i, j, o] += (
                                    x[n, i * stride + a, j * stride + b, c] * w[a, b, c, o]
                                )
    return y


# %% [markdown]
# The library has three versions: loops that read like the formula (`kernels/naive`), a fast one
# (`kernels/cpu`), and a function of Tensors, which the tape records (`functional`, in code `F`; the
# $F(x)$ of a block is something else). All must agree with ours. `forward` returns two things: the
# result, and the cache that backward will need (notebook 05).

# %%
x, w = rng.standard_normal((2, 6, 5, 3)), rng.standard_normal((3, 3, 3, 4))
for stride in (1, 2):
    for padding in (0, 1):
        y = conv_loops(x, w, stride, padding)
        slow, _ = naive.conv2d.forward(x, w, stride, padding)
        fast, _ = cpu.conv2d.forward(x, w, stride, padding)
        tensor = F.conv2d(mr.Tensor(x), mr.Tensor(w), None, stride, padding)
        for other in (slow, fast, tensor.data):
            assert other.shape == y.shape and np.allclose(other, y)
        print(f"stride {stride}, padding {padding}: {x.shape} to {y.shape}, all agree")

# %% [markdown]
# ## What it saves
#
# The layer of notebook 02, a matrix product, is called **fully connected**, because a weight
# connects each output with each input. A convolution is a fully connected layer too, with two
# restrictions. Most weights are 0, because an output sees only its **window**, the pixels under the
# filter. And the other weights are *shared*, because every place uses the same filter. We can look
# at that matrix. Column $k$ is the output for an image that is 1 in pixel $k$ and 0 elsewhere.

# %%
rows = predict(
    "Take an image of 8 x 8 pixels, a 3 x 3 filter and no padding. How many rows does the matrix "
    "have?"
)
different = predict("How many *different* numbers other than 0 are in it?")

# %%
w = np.arange(1, 10).reshape(3, 3) / 9  # to tell them apart
pixels = np.eye(64).reshape(64, 8, 8)  # 64 images, one pixel lit in each
matrix = np.stack([slide(pixel, w).ravel() for pixel in pixels], axis=1)

x = rng.standard_normal((8, 8))
assert np.allclose(matrix @ x.ravel(), slide(x, w).ravel())

figure, ax = plt.subplots(figsize=(7, 3.9))
shown = ax.imshow(np.where(matrix == 0, np.nan, matrix), cmap="cividis")
ax.set_xlabel("input: pixel of x")
ax.set_ylabel("output: pixel of y")
figure.colorbar(shown, shrink=0.75, label="weight (white: 0)")
ax.grid(False)
show(
    "A matrix of 36 rows and 64 columns, nearly all white. Three bands of coloured cells run from "
    "top left to bottom right: the same nine weights in each row, one place further on."
)
rows.reveal(
    matrix.shape[0], "There is one for each of the 6 x 6 places. The 64 columns are the pixels."
)
different.reveal(len(np.unique(matrix[matrix != 0])), "They are the nine weights, in each row.")

# %% tags=["guard"]
assert matrix.shape == (36, 64) and len(np.unique(matrix[matrix != 0])) == 9

# %% [markdown] tags=["answer"]
# The matrix has 36 rows and 64 columns. Each row holds the same nine numbers, further to the right.

# %% [markdown]
# How much does that save in a real layer? Take the first one of plain-20, a net of 20 layers that
# notebook 10 builds. It turns 32 x 32 pixels with 3 channels into 32 x 32 pixels with 16. We count
# its parameters and its **multiply-adds**, each a multiplication and the addition that goes with
# it.


# %%
def convolution_cost(H, W, K, C, C_out):
    """Parameters, and multiply-adds for one image, if the output has the image's size."""
    return K * K * C * C_out, H * W * C_out * K * K * C


def fully_connected_cost(H, W, C, C_out):
    weights = (H * W * C) * (H * W * C_out)
    return weights, weights  # each weight is used once


conv, full = convolution_cost(32, 32, 3, 3, 16), fully_connected_cost(32, 32, 3, 16)
print(f"{'':16}{'parameters':>12}{'multiply-adds':>15}")
print(f"{'convolution':16}{conv[0]:12,}{conv[1]:15,}")
print(f"{'fully connected':16}{full[0]:12,}{full[1]:15,}")

summary = mr.models.plain(20).summary((1, 32, 32, 3))
print(
    f"all of plain-20: {summary.parameters:,} parameters, {summary.multiply_adds:,} multiply-adds"
)

# %% tags=["guard"]
first = summary.layers[0]
assert (first.parameters, first.multiply_adds) == conv == (432, 442_368)
assert full[0] == 50_331_648 and full[0] > 100_000 * conv[0] and full[1] > 100 * conv[1]
work = sum(layer.multiply_adds for layer in summary.layers if layer.kind == "Conv2d")
assert work > 0.99 * summary.multiply_adds  # nearly all of it is convolution

# %% [markdown]
# A fully connected layer would need over a hundred thousand times the parameters, and over a
# hundred times the work.
#
# Sharing has a second effect, which is more important than the saving. A filter that has learned
# something in one place can do it everywhere: shift the image, and the output shifts with it,
# except at the border. A fully connected layer would have to learn a ring in every place anew.

# %%
x, w = rng.standard_normal((1, 12, 12, 2)), rng.standard_normal((3, 3, 2, 3))
shifted = np.roll(x, 4, axis=2)  # four pixels to the right
y, y_shifted = conv_loops(x, w), conv_loops(shifted, w)
assert np.allclose(y_shifted[:, :, 4:], y[:, :, :-4])  # where no window wraps round

# %% [markdown]
# ## One matrix product: im2col
#
# Seven loops in Python are slow, as you will see below. But NumPy is very fast at one thing, the
# matrix product. (BLAS, the library behind it, calls it **GEMM**.) Can we write a convolution as a
# matrix product?
#
# Each output is a *window* of the image, read as a row of $K_H K_W C$ numbers, times a filter, read
# as a column. So write all windows into one matrix, a row for each, and all filters into another
# one, a column for each. Then multiply:
#
# $$\underbrace{\text{columns}}_{N H' W' \,\times\, K_H K_W C} \;\cdot\; \underbrace{w}_{K_H K_W C \,\times\, C_{out}}
# \;=\; \underbrace{y}_{N H' W' \,\times\, C_{out}}$$
#
# Making the first matrix is called **im2col**, "image to columns". (In the programs that the name
# comes from, the windows were columns.) Here is one image of 4 x 4 pixels with one filter of 3 x 3.
# Move the window over the image, and watch which row of the matrix it becomes, and which output
# that row gives. (Windows are counted from 0.)


# %%
def window_and_row(window):
    return plot.im2col(4, 4, kernel_size=3, window=window, size=(6.4, 3.7))


slider(
    "window",
    [0, 1, 2, 3],
    picture=window_and_row,
    frames=[1, 2],
    alt="Left, an image of 4 x 4 numbered pixels, with window 1, at its top right, framed in "
    "orange. Middle, the matrix of windows: four rows of nine numbers, row 1 framed. Right, the "
    "filter as a column of nine weights, and the four outputs. Window 2 is at the bottom left.",
)

# %% [markdown]
# NumPy can give you all windows *without copying* anything. An array is a piece of memory with a
# rule, which says for each axis how many bytes it is to the next element. NumPy calls these numbers
# **strides**. (Here a number takes 8 bytes.) The same memory under another rule is called a
# **view**. `sliding_window_view` makes a view of all windows at once:

# %%
image = np.arange(1.0, 17.0).reshape(4, 4)  # as in the picture
windows = sliding_window_view(image, (3, 3))
print("image  ", image.shape, "strides", image.strides)
print("windows", windows.shape, "strides", windows.strides)
print(windows[0, 1])  # window 1 of the picture
assert np.shares_memory(image, windows)

# %% tags=["guard"]
assert windows.strides == image.strides + image.strides

# %% [markdown]
# It takes as many bytes to reach the next window as to reach the next pixel inside of one, because
# the windows overlap. So a convolution is a view, one copy (`reshape` must write the windows out),
# and one product:


# %%
def windows_of(x, KH, KW, stride, padding):
    """A view of every window: (N, H', W', KH, KW, C)."""
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    every = sliding_window_view(x, (KH, KW), axis=(1, 2))  # (N, ., ., C, KH, KW)
    return every[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)


def conv_im2col(x, w, stride=1, padding=0):
    KH, KW, C, C_out = w.shape
    windows = windows_of(x, KH, KW, stride, padding)
    N, H_out, W_out = windows.shape[:3]
    columns = windows.reshape(N * H_out * W_out, KH * KW * C)  # im2col: this copies
    return (columns @ w.reshape(KH * KW * C, C_out)).reshape(N, H_out, W_out, C_out)


x, w = rng.standard_normal((2, 6, 5, 3)), rng.standard_normal((3, 3, 3, 4))
for stride in (1, 2, 3):
    for padding in (0, 1, 2):
        y = conv_loops(x, w, stride, padding)
        assert np.allclose(conv_im2col(x, w, stride, padding), y)
print("im2col agrees with the loops in 9 cases")

# %%
memory = predict(
    "With 3 x 3 filters, stride 1 and padding 1 there are as many windows as pixels. How many "
    "times the memory of the images does the matrix of windows take?"
)

# %%
x = rng.standard_normal((2, 32, 32, 16))
columns = windows_of(x, 3, 3, 1, 1).size
print(f"{columns:,} numbers in the matrix, {x.size:,} in the images")
memory.reveal(columns / x.size, "Every pixel is copied into the nine windows that it lies in.")

# %% tags=["guard"]
assert columns == 9 * x.size

# %% [markdown] tags=["answer"]
# A pixel at the border lies in fewer windows than nine, but there zeros of the padding are copied
# in addition.

# %% [markdown]
# ## How much faster?
#
# All versions do the same multiplications, and im2col copies everything nine times besides. Which
# is faster, and by how much? A computer does other things too, so times vary, and we take the
# median of several. To compare layers of different sizes we divide by the number of multiply-adds.


# %%
def median_time(f, repeats=5):
    f()  # to warm up
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        f()
        times.append(time.perf_counter() - started)
    return np.median(times)


def nanoseconds_each(conv, x, w):
    """For a multiplication with its addition, under padding 1."""
    return 1e9 * median_time(lambda: conv(x, w, 1, 1)) / (x[..., 0].size * w.size)


def random_layer(images, size, C):
    """A batch, and as many filters as channels; float32 (4 bytes a number), as in nets."""
    return (
        rng.standard_normal((images, size, size, C), np.float32),
        rng.standard_normal((3, 3, C, C), np.float32),
    )


# %%
faster = predict(
    "By which factor is im2col faster than the loops?",
    ["about 2", "about 10", "more than 50"],
    cells=2,
)

# %%
small, large = random_layer(1, 16, 8), random_layer(BATCH, 32, 16)
each = {
    "loops\n(1 small image)": nanoseconds_each(conv_loops, *small),
    "im2col\n(batch)": nanoseconds_each(conv_im2col, *large),
    "library\n(batch)": nanoseconds_each(cpu.conv2d.forward, *large),
}
loops, im2col, library = each.values()
print(f"im2col is {loops / im2col:,.0f} times as fast as the loops,")
print(f"the library {im2col / library:.1f} times as fast as im2col")
faster.reveal(
    "more than 50" if loops > 50 * im2col else "about 10",
    "It is one call for a million multiplications. The loops need Python for each.",
)

# %%
colours = plot.GREY, plot.OTHERS[0], plot.OTHERS[1]
figure, ax = plt.subplots(figsize=(7, 2.4))
for row, (value, colour) in enumerate(zip(each.values(), colours)):
    ax.plot(value, row, "o", color=colour, markersize=9)
    text = f"{value:,.0f}" if value > 10 else f"{value:.2f}"
    ax.annotate(text, (value, row), (10, -4), textcoords="offset points")
ax.set_yticks(range(3), list(each))
ax.set_ylim(2.5, -0.5)
ax.set_xscale("log")
ax.set_xlim(right=5 * max(each.values()))
ax.set_xlabel("nanoseconds for a multiply-add (logarithmic)")
show(
    "Nanoseconds for a multiply-add on a logarithmic axis: the loops need hundreds or more, im2col "
    "and the library about one or less."
)

# %% tags=["guard"]
assert loops > 50 * im2col

# %% [markdown] tags=["answer"]
# The factor is different on every machine. The lines above are from the one that made this page.
# Python works out anew for each number what to do with it, and that takes many times as long as a
# multiplication. The matrix product is a single call, and inside of it the processor multiplies
# many numbers at once.

# %% [markdown]
# The library does the same as our ten lines, with one difference. The columns of a whole batch are
# far larger than a processor's **cache**, the small memory that it reaches quickly. So the library
# makes the columns of a few images, multiplies, and overwrites them with those of the next few, on
# all cores. Notebook 15 is about that. (The cache of a processor has nothing to do with the cache
# of a layer.)
#
# ## How far a layer sees
#
# A 3 x 3 filter sees little. But in the second layer each of its inputs has already seen 3 x 3
# pixels, so two layers together see 5 x 5. The part of the image that one output depends on is
# called its **receptive field**. Let $r$ be its size, and let *jump* be the distance, in pixels of
# the image, from one output to the next. A layer with filter size $K$ and stride $s$ changes them
# by
#
# $$r \leftarrow r + (K - 1) \cdot \text{jump}, \qquad \text{jump} \leftarrow \text{jump} \cdot s,
# \qquad\text{beginning with } r = \text{jump} = 1.$$
#
# Plain-20 has 19 convolutions of 3 x 3, and two of them have stride 2, the 8th and the 14th.

# %%
sees_all = predict("Does the last one see the whole image of 32 x 32?", ["yes", "no"])
without_strides = predict("How many pixels wide would its receptive field be with stride 1 only?")

# %%
layers = [
    (part.kernel_size[0], part.stride[0])
    for part in mr.models.plain(20).modules()
    if isinstance(part, mr.nn.Conv2d)
]
r = jump = 1
sizes = []
for K, s in layers:
    r, jump = r + (K - 1) * jump, jump * s
    sizes.append(r)
sees_all.reveal("yes" if sizes[-1] >= 32 else "no", f"It sees {sizes[-1]} pixels.")
without_strides.reveal(
    plot.receptive_fields([(3, 1)] * 19)[-1], "Each of the 19 layers adds two pixels to the first."
)
show(
    "The size of the receptive field against the layer, from 3 pixels to 81. It grows faster after "
    "each of the two layers of stride 2, and passes the image's 32 pixels in stage 2.",
    plot.receptive_field(layers, image_size=32),
)

# %% tags=["guard"]
assert len(layers) == 19 and {K for K, _ in layers} == {3}
assert [i + 1 for i, (_, stride) in enumerate(layers) if stride == 2] == [8, 14]
assert sizes == plot.receptive_fields(layers)
assert sizes[-1] == 81 and plot.receptive_fields([(3, 1)] * 19)[-1] == 39

# %% [markdown] tags=["answer"]
# The last layer sees 81 pixels, more than twice the width of the image, so it sees all of it. With
# stride 1 only, it would see 39. So strides do not just save computation, they also widen the view.

# %% [markdown]
# Is the formula right? The tape can check it, because an output depends on exactly the pixels where
# its gradient is not 0. We put 19 layers with these strides in a row, with all weights equal so
# that nothing cancels. Then we send back the gradient of one output in the middle of a larger
# image.

# %%
x = mr.Tensor(np.ones((1, 128, 128, 1)), requires_grad=True)
y = x
for K, s in layers:
    y = F.conv2d(y, mr.Tensor(np.full((K, K, 1, 1), 1 / K**2)), None, s, K // 2)
middle = np.zeros(y.shape)
middle[0, y.shape[1] // 2, y.shape[2] // 2, 0] = 1
y.backward(middle)  # dL/dy: only that output counts
dx = x.grad[0, :, :, 0]

seen = np.flatnonzero(dx.any(axis=0))
print(f"columns that matter: {seen.min()} to {seen.max()}, {len(seen)} of them")
assert len(seen) == sizes[-1]

# %%
row = dx[dx.shape[0] // 2]
centre = row[len(row) // 2 - 20 : len(row) // 2 + 21]  # half of the 81
print(f"{100 * centre.sum() / row.sum():.0f} % of the gradient lies in the middle half")
plt.figure(figsize=(6.4, 3))
plt.plot(row / row.max(), color=plot.OTHERS[0], linewidth=2)
for edge in (seen.min(), seen.max()):
    plt.axvline(edge, color=plot.GREY, linestyle=(0, (4, 2)))
plt.text(seen.min() + 1, 0.9, "receptive field", color=plot.GREY)
plt.xlabel("pixel in the middle row of the image")
plt.ylabel("gradient, relative to its peak")
show(
    "The gradient of one output along the middle row of the image: a bell, high in the middle and "
    "nearly 0 at both dashed lines, the edges of the receptive field of 81 pixels."
)

# %% tags=["guard"]
assert centre.sum() > 0.9 * row.sum() and seen.max() - seen.min() + 1 == len(seen) == 81

# %% [markdown]
# The count agrees. The picture says more: over nine tenths of the gradient lie in the middle half,
# because many paths lead there and only a few lead to the edge. So the *effective* receptive field
# is much smaller (Luo et al. 2016, arXiv:1701.04128).
#
# ## Exercises

# %%
exercise("04.one_by_one")


# %%
def conv_1x1(x, w):
    # your code, instead of the three dots
    ...


check("04.one_by_one", conv_1x1)

# %%
exercise("04.dilation")


# %%
def conv_dilated(x, w, stride, padding, dilation):
    # your code
    ...


check("04.dilation", conv_dilated)

# %%
exercise("04.merge")


# %%
def merged(first, second):
    # your code
    ...


check("04.merge", merged)

# %%
exercise("04.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - A filter slides over the image. In each place it is multiplied with its window, and the products
#   are added up. It is not flipped, so strictly this is a cross-correlation.
# - The output has $\lfloor (H + 2p - K)/s \rfloor + 1$ rows. The layer has $K^2 C C_{out}$
#   parameters, whatever the size of the image.
# - im2col writes every window as a row. Then the whole layer is one matrix product, at the price of
#   memory.
# - Receptive fields grow by $(K - 1)$ times the product of the strides so far.
#
# **In the library:** [`kernels/naive/conv.py`](../minires/kernels/naive/conv.py) is the sum,
# [`kernels/cpu/conv.py`](../minires/kernels/cpu/conv.py) and
# [`im2col.py`](../minires/kernels/cpu/im2col.py) the fast one,
# [`kernels/shapes.py`](../minires/kernels/shapes.py) the rules for sizes,
# [`plot/convolution.py`](../minires/plot/convolution.py) the drawings.
#
# **Next:** [05 · The backward pass of convolution](05_convolution_backward.ipynb)

# %% [markdown]
# # 05 · The backward pass of convolution, and is a gradient right?
#
# To train its filters a network needs two gradients of each convolution: with respect to the
# filters, and with respect to its input, for the layer before. This notebook derives both, in loops
# and as matrix products. Then comes the question how you can *know* that a gradient is right. That
# is harder than it looks, and the loss curve will not tell you.
#
# **After this one you can** derive the two gradients of a convolution, compute them with the
# columns of im2col, check any gradient against small steps without falling into the usual traps,
# and train a small network with a convolution of your own. About 50 minutes, and 30 more for the
# exercises.

# %%
import textwrap

import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import minires as mr
from minires import functional as F
from minires import plot
from minires.kernels import cpu, naive
from minires.lessons import check, exercise, predict, reveal, score, show

plot.use_style()
rng = np.random.default_rng(0)
DIRECTIONS, STEPS = 25, 200  # smaller is quicker

# %% tags=["fast"]
DIRECTIONS, STEPS = 5, 20

# %% [markdown]
# ## Two gradients, term by term
#
# Start with a line of five pixels and a filter of three weights. Written out, the convolution is
#
# $$\begin{aligned}
# y_0 &= x_0 w_0 + x_1 w_1 + x_2 w_2 \\
# y_1 &= x_1 w_0 + x_2 w_1 + x_3 w_2 \\
# y_2 &= x_2 w_0 + x_3 w_1 + x_4 w_2
# \end{aligned}$$
#
# Backward starts from `dy`, three numbers. Every term $x w$ in the line of $y_i$ passes two numbers
# back: $\mathtt{dy}_i\, w$ to its pixel, and $\mathtt{dy}_i\, x$ to its weight. If several numbers
# arrive at the same place, they are added, as always.

# %%
at_weight = predict(
    "What arrives at `w0`? Look down the first column of the three lines.",
    ["`(dy0 + dy1 + dy2) * x0`", "`dy0*x0 + dy1*x1 + dy2*x2`", "`dy0*x0` alone"],
)
at_pixel = predict(
    "What arrives at `x2`? Look along the diagonal.",
    ["`dy0*w0 + dy1*w1 + dy2*w2`", "`dy1*w1` alone", "`dy0*w2 + dy1*w1 + dy2*w0`"],
)

# %%
x, w, dy = rng.standard_normal(5), rng.standard_normal(3), rng.standard_normal(3)

dw, dx = np.zeros(3), np.zeros(5)
for i in range(3):  # y[i] is the sum of w[k] * x[i + k]
    for k in range(3):
        dw[k] += dy[i] * x[i + k]
        dx[i + k] += dy[i] * w[k]

show(
    "Five pixels above, three dy below, a line for each term. Left: the three lines with weight "
    "w0 are parallel, from x0 to dy0, x1 to dy1, x2 to dy2. Right: three lines fan out from x2, to "
    "dy0 with w2, to dy1 with w1, to dy2 with w0.",
    plot.conv_backward_line(weight=0, pixel=2),
)
at_weight.reveal("`dy0*x0 + dy1*x1 + dy2*x2`", "w0 multiplies the first pixel of each window.")
at_pixel.reveal(
    "`dy0*w2 + dy1*w1 + dy2*w0`", "x2 is last in the first window, and first in the last."
)

# %% [markdown] tags=["answer"]
# For the gradient of the weights, `dy` slides over `x`. For the gradient of the pixels, the weights
# come in reverse order: the **flipped** filter slides over `dy`. This is the flip that notebook 04
# left out.

# %%
assert np.allclose(dw, np.correlate(x, dy, mode="valid"))  # dy slides over x
assert np.allclose(dx, np.convolve(dy, w, mode="full"))  # w, flipped, slides over dy

# %% [markdown]
# In two dimensions it looks like this:

# %%
show(
    "Left: an image of 5 x 5 pixels; dy, 3 x 3, lies on it one pixel to the right of the corner, "
    "each dy on the pixel that it is multiplied by for dw01. Right: the nine dy, each with the "
    "weight that leads to pixel x22: w22 in the first corner, w00 in the last.",
    plot.conv_backward(weight=(0, 1), pixel=(2, 2)),
)

# %% [markdown]
# With stride $s$, padding $p$ and channels, output $(i, j)$ takes pixel
# $(i s + a - p,\ j s + b - p)$ through weight $(a, b)$, so
#
# $$\mathtt{dw}_{a\,b\,c\,o} = \sum_{n,\,i,\,j} x_{n,\;is+a-p,\;js+b-p,\;c}\;\mathtt{dy}_{n\,i\,j\,o}$$
#
# and `dx` adds $\mathtt{dy}_{n\,i\,j\,o}\, w_{a\,b\,c\,o}$ to that same pixel. To write that as
# loops, go through the terms of the forward pass once more, and add the share of each term to both
# gradients.


# %%
def output_size(size, kernel, stride=1, padding=0):
    return (size + 2 * padding - kernel) // stride + 1


def backward_loops(dy, x, w, stride=1, padding=0):
    KH, KW, C, C_out = w.shape
    p = padding
    x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for n, i, j, o in np.ndindex(dy.shape):  # four loops in one
        for a, b, c in np.ndindex(KH, KW, C):
            pixel = (n, i * stride + a, j * stride + b, c)
            dx[pixel] += dy[n, i, j, o] * w[a, b, c, o]
            dw[a, b, c, o] += dy[n, i, j, o] * x[pixel]
    H, W = x.shape[1:3]
    return dx[:, p : H - p, p : W - p], dw  # what arrived at the padding is dropped


# %%
def random_case(stride, padding, images=2, H=6, W=5, C=3, C_out=4, K=3):
    """x, w, and a dy of the shape of y."""
    size = output_size(H, K, stride, padding), output_size(W, K, stride, padding)
    return (
        rng.standard_normal((images, H, W, C)),
        rng.standard_normal((K, K, C, C_out)),
        rng.standard_normal((images, *size, C_out)),
    )


for stride, padding in ((1, 0), (1, 1), (2, 0), (2, 1)):
    x, w, dy = random_case(stride, padding)
    ours = backward_loops(dy, x, w, stride, padding)
    for kernel in (naive.conv2d, cpu.conv2d):
        y, cache = kernel.forward(x, w, stride, padding)
        theirs = kernel.backward(dy, cache)
        assert np.allclose(ours[0], theirs[0]) and np.allclose(ours[1], theirs[1])
print("dx and dw agree with the library's, slow and fast")

# %% tags=["guard"]
# A second opinion: in notebook 04 a convolution was a matrix, y = M x. Then dx = M^T dy.
w, dy = rng.standard_normal((3, 3, 1, 1)), rng.standard_normal((1, 6, 6, 1))
pixels = np.eye(64).reshape(64, 8, 8, 1)  # each row of M^T: the y of one lit pixel
transposed = naive.conv2d.forward(pixels, w)[0].reshape(64, 36)
dx, _ = backward_loops(dy, np.zeros((1, 8, 8, 1)), w)
assert np.allclose(dx.ravel(), transposed @ dy.ravel())

# %% [markdown]
# ## How many windows contain a pixel?
#
# Set all weights and all of `dy` to 1. Then every window passes 1 back to each of its pixels, and
# `dx` *counts* the windows that contain a pixel.


# %%
def count_windows(stride, padding):
    """For each of 8 x 8 pixels, the number of 3 x 3 windows that it lies in."""
    size = output_size(8, 3, stride, padding)
    dy, x, w = np.ones((1, size, size, 1)), np.zeros((1, 8, 8, 1)), np.ones((3, 3, 1, 1))
    return backward_loops(dy, x, w, stride, padding)[0][0, :, :, 0]


# %%
inside = predict("With stride 1, how many 3 x 3 windows contain a pixel in the middle?")
corner = predict("With stride 1 and padding 1, how many contain a pixel in the corner?")
uneven = predict(
    "With stride 2, do all pixels away from the border lie in equally many windows?", ["yes", "no"]
)

# %%
figure, axes = plt.subplots(1, 4, figsize=(10, 3))
for ax, (stride, padding) in zip(axes, ((1, 0), (1, 1), (2, 1), (3, 1))):
    counts = count_windows(stride, padding)
    ax.imshow(counts, cmap="cividis", vmin=0, vmax=9)
    for (i, j), number in np.ndenumerate(counts):
        colour = "white" if number < 5 else "black"
        ax.text(j, i, f"{number:.0f}", ha="center", va="center", fontsize=8, color=colour)
    ax.set_title(f"stride {stride}, padding {padding}")
    ax.axis("off")
show(
    "Four tables of 8 x 8 counts. Stride 1: 9 in the middle, falling to 1 in the corner without "
    "padding and to 4 with it. Stride 2: a regular pattern of 1, 2 and 4. Stride 3: 1 everywhere."
)
inside.reveal(count_windows(1, 0).max(), "The pixel can have nine places under the filter.")
corner.reveal(count_windows(1, 1)[0, 0], "Four of the nine places are possible.")
uneven.reveal(
    "yes" if np.ptp(count_windows(2, 1)[2:6, 2:6]) == 0 else "no", "They lie in 1, 2 or 4 windows."
)

# %% tags=["guard"]
assert count_windows(1, 0)[0, 0] == 1 and count_windows(1, 1)[0, 0] == 4
assert set(count_windows(2, 1).ravel()) == {1, 2, 4}
assert set(count_windows(3, 1).ravel()) == {1}

# %% [markdown] tags=["answer"]
# With stride 2 the counts form a regular pattern. Some pixels lie in four windows and others in
# one, so four times as many terms come back to them. With stride 3 no windows overlap.

# %% [markdown]
# ## By im2col: one product for each gradient
#
# Notebook 04 made the forward pass one matrix product, `y = columns @ w`. You know its gradients
# from notebook 02:
#
# $$\mathtt{dw} = \text{columns}^T\,\mathtt{dy}, \qquad \mathtt{dcolumns} = \mathtt{dy}\; w^T.$$
#
# The first one is finished. The second is the gradient of the *columns*, with a row for each
# window. But a pixel was copied into several windows, and the gradients of its copies add up. So
# each number goes back to the pixel it was copied from, and is added there. This step is called
# **col2im**, the reverse of im2col. NumPy lets us write into the view of all windows. Is that
# enough?

# %%
in_place = predict(
    "`windows` is a view of the four 3 x 3 windows of a 4 x 4 image of zeros. The pixel "
    "`image[1, 1]` lies in all four. Which number does it hold after `windows += 1`?"
)

# %%
image = np.zeros((4, 4))
windows = sliding_window_view(image, (3, 3), writeable=True)  # four windows
windows += 1
print(image)
in_place.reveal(image[1, 1], "It should be 4.")

# %% tags=["guard"]
assert image[1, 1] != 4 and image[0, 0] == 1

# %% [markdown] tags=["answer"]
# NumPy adds 1 to a copy of all windows, and then writes the windows back, one over the other. Where
# two windows overlap, the later one overwrites what the earlier one added. There is no error
# message, and the result is right in the corners and wrong elsewhere. (`np.add.at` adds one at a
# time and is right, but slow.)

# %% [markdown]
# Here is another way. The first pixels of all windows form one slice of the image, the second
# pixels form another slice, and so on. So nine additions of slices are enough.


# %%
def windows_of(x, KH, KW, stride, padding):
    """A view of every window: (N, H', W', KH, KW, C). As in notebook 04."""
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    every = sliding_window_view(x, (KH, KW), axis=(1, 2))
    return every[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)


def col2im(dcolumns, shape, stride, padding):
    """Add up all windows (N, H', W', KH, KW, C) in images of the given shape."""
    N, H, W, C = shape
    H_out, W_out, KH, KW = dcolumns.shape[1:5]
    dx = np.zeros((N, H + 2 * padding, W + 2 * padding, C), dcolumns.dtype)
    for a in range(KH):
        for b in range(KW):
            bottom, right = a + stride * H_out, b + stride * W_out
            dx[:, a:bottom:stride, b:right:stride] += dcolumns[:, :, :, a, b]
    return dx[:, padding : padding + H, padding : padding + W]


# %% [markdown]
# Now we have all parts of a **kernel**. In minires that is a pair of functions on arrays. `forward`
# returns the result and the cache, which holds everything that backward needs. `backward` takes
# `dy` and the cache, and returns a gradient for each array that `forward` took. They have no
# `self`, because the class only gives the pair a name. Ours takes the same arguments as the
# library's, but it stops at two of them: dilation (exercise 2 of notebook 04) and groups, with
# which each filter sees only some of the channels.


# %%
class my_conv2d(mr.kernels.Kernel):
    def forward(x, w, stride=1, padding=0, dilation=1, groups=1):
        assert dilation == groups == 1, "only the plain convolution"
        KH, KW, C, C_out = w.shape
        windows = windows_of(x, KH, KW, stride, padding)
        columns = windows.reshape(-1, KH * KW * C)
        y = columns @ w.reshape(-1, C_out)
        return y.reshape(*windows.shape[:3], C_out), (columns, w, x.shape, stride, padding)

    def backward(dy, cache):
        columns, w, shape, stride, padding = cache
        KH, KW, C, C_out = w.shape
        rows = dy.reshape(-1, C_out)
        dw = columns.T @ rows
        dcolumns = (rows @ w.reshape(-1, C_out).T).reshape(*dy.shape[:3], KH, KW, C)
        return col2im(dcolumns, shape, stride, padding), dw.reshape(w.shape)


# %%
for stride in (1, 2, 3):
    for padding in (0, 1, 2):
        x, w, dy = random_case(stride, padding)
        y, cache = my_conv2d.forward(x, w, stride, padding)
        dx, dw = my_conv2d.backward(dy, cache)
        dx_loops, dw_loops = backward_loops(dy, x, w, stride, padding)
        assert np.allclose(dx, dx_loops) and np.allclose(dw, dw_loops)
print("agrees with the loops in 9 cases")

# %% [markdown]
# <details><summary>Going further: the other way to dx</summary>
#
# In the picture above `dx` was the flipped filter on `dy`. With stride 1 this gives a second
# recipe: pad `dy` by $K - 1 - p$, flip the filters in both directions, exchange their input and
# output channels, and run the *forward* pass. No windows have to be added up, and one fast kernel
# serves both directions. The library does it like this, and with strides too
# ([`kernels/cpu/blocking.py`](../minires/kernels/cpu/blocking.py)). The third exercise builds it.
#
# </details>
#
# ## Is it right? The choice of the small step
#
# So far our gradients agree with the library's. But who has checked the library? In the end a
# gradient must agree with its meaning, a ratio of small changes. A check by small changes is called
# **finite differences**.
#
# As a test case take $L(x) = \sum r \cdot e^{\,\mathrm{conv}(x, w)}$ with random $r$. (The
# exponential makes $L$ curved. On a straight line any step would do.) We move all of $x$ at once
# along a random direction $u$ of length 1, to $x + h u$. Then $L$ should change at the rate
# $\sum_i \mathtt{dx}_i u_i$. We measure the rate in two ways, on both sides or on one:
#
# $$\frac{L(x + h u) - L(x - h u)}{2 h} \qquad\text{or}\qquad \frac{L(x + h u) - L(x)}{h}.$$


# %%
def L(x, w, r):
    y, _ = my_conv2d.forward(x, w, padding=1)
    return (r * np.exp(y)).sum()


x, w, r = random_case(stride=1, padding=1, images=1)
w /= 5
y, cache = my_conv2d.forward(x, w, padding=1)
dx, _ = my_conv2d.backward(r * np.exp(y), cache)  # dy = dL/dy

steps = 10.0 ** np.arange(-13, 0.1, 0.25)
directions = rng.standard_normal((DIRECTIONS, *x.shape))
directions /= np.sqrt((directions**2).sum(axis=(1, 2, 3, 4), keepdims=True))


# %%
def relative_error(u, h, dtype, both_sides):
    """Of the measured rate along u, computed in numbers of this dtype."""
    x_, w_, r_, u_ = (array.astype(dtype) for array in (x, w, r, u))
    h = dtype(h)
    if both_sides:
        measured = (L(x_ + h * u_, w_, r_) - L(x_ - h * u_, w_, r_)) / (2 * h)
    else:
        measured = (L(x_ + h * u_, w_, r_) - L(x_, w_, r_)) / h
    rate = (dx * u).sum()
    return abs(measured - rate) / abs(rate)


def errors(dtype, both_sides):
    """For each step the median of many directions."""
    return np.array(
        [np.median([relative_error(u, h, dtype, both_sides) for u in directions]) for h in steps]
    )


# %%
best_step = predict(
    "For which step h is the error smallest, in float64 (8 bytes a number) and on both sides?",
    ["the smallest, 1e-13", "somewhere between 1e-7 and 1e-3", "the largest, 1"],
)
in_float32 = predict(
    "And in float32 (4 bytes a number), in which networks compute: how much larger is the smallest "
    "error there?",
    ["about the same", "about ten times", "more than a thousand times"],
)

# %%
curves = {
    "float32, both sides": (errors(np.float32, True), plot.OTHERS[3]),
    "float64, one side": (errors(np.float64, False), plot.OTHERS[1]),
    "float64, both sides": (errors(np.float64, True), plot.OTHERS[0]),
}
plt.figure(figsize=(7, 4.2))
for label, (error, colour) in curves.items():
    plt.loglog(steps, error, "o-", color=colour, markersize=3, label=label)
plt.xlabel("step h")
plt.ylabel("relative error of the measured rate")
plt.ylim(1e-12, 30)
plt.legend(loc="lower left")
show(
    "Relative error against the step, both on logarithmic axes: three valleys. In float64 on both "
    "sides the floor is deepest, near a step of 1e-4; on one side it is higher and further left; "
    "in float32 it is highest, near a step of 0.1, and flat at 1 for tiny steps."
)
error32, error_one_side, error64 = (error for error, _ in curves.values())
best = steps[error64.argmin()]
best_step.reveal(best_step.choices[int(1e-7 < best < 1e-3)], f"Here it is smallest at {best:.0e}.")
times = error32.min() / error64.min()
in_float32.reveal(
    in_float32.choices[2 if times > 1000 else 1], f"Here it is {times:,.0f} times as large."
)

# %% tags=["guard"]
for error, _ in curves.values():
    assert error.min() < error[-1] / 10 and error.min() < error[0] / 100  # a valley
assert np.allclose(error32[steps < 1e-10], 1, atol=0.01)
assert error64[(steps > 9e-7) & (steps < 2e-4)].max() < 1e-7
assert abs(np.finfo(np.float64).eps ** (1 / 3) - 6e-6) < 0.5e-6
for dtype, digits in ((np.float64, 16), (np.float32, 7)):
    assert round(-np.log10(np.finfo(dtype).eps)) == digits
right = (steps > 3e-3) & (steps < 0.5)  # the slopes of the lines on the right
for error, expected in ((error64, 2), (error_one_side, 1)):
    steepness = np.polyfit(np.log(steps[right]), np.log(error[right]), 1)[0]
    assert abs(steepness - expected) < 0.3

# %% [markdown] tags=["answer"]
# Each curve is a valley, and its two slopes have different reasons. The right slope is the
# **curvature** of $L$. Measured on one side, the error grows in proportion to $h$. Measured on both
# sides, most of it cancels, and the rest grows with $h^2$, so the line is twice as steep.
#
# The left slope is **rounding**. float64 holds about 16 digits of each value of $L$, and float32
# about 7. The difference of two nearly equal numbers has lost most of them, and dividing by a tiny
# $h$ leaves only noise. (The curve of float32 is flat where `x + h * u` is rounded to `x` itself.
# There the measured rate is 0, and the error 100 %.)
#
# So check in float64 and on both sides, with $h$ between $10^{-6}$ and $10^{-4}$. The library's
# check, `mr.gradcheck`, takes $10^{-6}$. Training is fine in float32.

# %% [markdown]
# ## Four traps
#
# **1. Kinks.** ReLU has a corner at 0.

# %%
over_the_kink = predict(
    "x = 2e-7, so the gradient of ReLU is 1. Which slope is measured with h = 1e-6 on both sides?",
    within=0.05,
)

# %%
h = 1e-6
for value in (1e-3, 1e-6, 2e-7, 0.0, -2e-7, -1e-3):
    slope = (max(value + h, 0) - max(value - h, 0)) / (2 * h)
    print(f"x = {value:6.0e}   measured {slope:.2f}   gradient {float(value > 0):.0f}")
    if value == 2e-7:
        over_the_kink.reveal(slope, "The step reaches over the corner, so it is a mixture.")

report = mr.gradcheck(lambda x: x.relu(), [-1.0, 0.0, 2.0, 0.0])
print(report)

# %% tags=["guard"]
assert report.kinks == 2

# %% [markdown] tags=["answer"]
# The gradient is *right* and the measurement is not. `mr.gradcheck` looks at the slopes to the left
# and to the right as well. Where they differ and the gradient lies between them, it counts a kink
# and leaves the place out.

# %% [markdown]
# **2. Looking at the sum.** The most natural test is `y.sum().backward()`, where `dy` is 1
# everywhere. With im2col one mistake is easy to make: you write the windows row by row, and read
# `dy` column by column.


# %%
class mixed_up(my_conv2d):
    def backward(dy, cache):
        dx, _ = my_conv2d.backward(dy, cache)
        columns, w = cache[:2]
        rows = dy.transpose(0, 2, 1, 3).reshape(-1, w.shape[3])  # (N, W', H'): wrong
        return dx, (columns.T @ rows).reshape(w.shape)


# %%
shows = predict(
    "We compare its `dw` with the right one, for a `dy` of all ones and for a random `dy`. Where "
    "does the mistake show?",
    ["with both", "only with all ones", "only with the random dy", "with neither"],
)

# %%
x, w, dy = random_case(stride=1, padding=1, H=5, W=5)
_, cache = my_conv2d.forward(x, w, 1, 1)
off = {}
for name, upstream in (("all ones", np.ones_like(dy)), ("random", dy)):
    _, right = my_conv2d.backward(upstream, cache)
    _, wrong = mixed_up.backward(upstream, cache)
    off[name] = abs(right - wrong).max()
    print(f"dy {name:9} largest error of dw: {off[name]:.1e}")
only_random = off["all ones"] < 1e-10 < off["random"]
shows.reveal(shows.choices[2 if only_random else 0], "Ones can be exchanged without a trace.")

# %% [markdown] tags=["answer"]
# So test with $L = \sum r \cdot y$ and a *random* $r$, as we have done since notebook 02.
# `gradcheck` does the same.

# %% [markdown]
# Here we swap the wrong kernel into the library, and `gradcheck` says what is wrong and where:


# %%
def layer(x, w):
    return F.conv2d(x, w, padding=1)


with mr.kernels.use(conv2d=my_conv2d):
    print("mine:    ", mr.gradcheck(layer, x, w))
with mr.kernels.use(conv2d=mixed_up):
    try:
        mr.gradcheck(layer, x, w)
    except mr.errors.GradcheckError as error:
        print(textwrap.fill(f"mixed up: {error}", 90))

# %% [markdown]
# **3. Precision.** In float32 the noise is larger than many mistakes, as the picture above showed.
# `gradcheck` converts its inputs to float64.
#
# **4. Cost.** A check of every element needs two forward passes for each of them. For a layer with
# a million weights that takes far too long. But you can check a *direction*: move all elements at
# once along a random $u$, and compare with $\sum_i \mathtt{dx}_i u_i$. A mistake in any element
# shows there, unless several mistakes happen to cancel. They will not cancel in one random
# direction after another.

# %%
passes = predict(
    "x is (2, 8, 8, 4), w is (3, 3, 4, 4). How many forward passes does the check of every element "
    "take?",
    within=100,
)

# %%
x, w, _ = random_case(stride=1, padding=1, images=2, H=8, W=8, C=4, C_out=4)
with mr.kernels.use(conv2d=my_conv2d):
    every = mr.gradcheck(layer, x, w)
    few = mr.gradcheck(layer, x, w, projections=5)
print(f"5 directions each for x and w take {2 * few.checked} forward passes")
with mr.kernels.use(conv2d=mixed_up):
    try:
        mr.gradcheck(layer, x, w, projections=5)
    except mr.errors.GradcheckError:
        print("and they find the mistake as well")
passes.reveal(2 * every.checked, "It takes two for each of the 512 + 144 elements.")

# %% tags=["guard"]
assert every.checked == x.size + w.size == 512 + 144 and few.checked == 2 * 5
with mr.kernels.use(conv2d=mixed_up):
    try:
        mr.gradcheck(layer, x, w, projections=5)
    except mr.errors.GradcheckError:
        pass
    else:
        raise AssertionError("the mistake was not found")

# %% [markdown]
# ## Train with your kernel, and with a wrong one
#
# Now train a net with your kernel. It has two convolutions with a ReLU between them, and learns to
# draw the upright edges of an image. The target is the absolute value of what the filter
# `left_right` from notebook 04 returns. The loss is the mean squared difference, and the loop is
# the one from notebook 03. We train three times: with the library's kernel, with yours, and with
# the mixed-up one.

# %%
drawn, _ = mr.data.synthetic(500, 10)
drawn = drawn.resize(16)
images = (drawn.images / 255 - 0.5).astype(np.float32)
left_right = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]], np.float32).reshape(3, 3, 1, 1) / 3
grey = images.mean(axis=3, keepdims=True)
edges = abs(my_conv2d.forward(grey, left_right, padding=1)[0])


def network(x, w1, w2):
    return F.conv2d(F.relu(F.conv2d(x, w1, padding=1)), w2, padding=1)


# %%
def train(kernel, lr=0.03):
    order, start = np.random.default_rng(0), np.random.default_rng(1)  # the same for all
    weights = [  # small random numbers: notebook 06 says how small
        mr.Tensor(scale * start.standard_normal(shape, np.float32), requires_grad=True)
        for shape, scale in (((3, 3, 3, 8), 0.27), ((3, 3, 8, 1), 0.17))
    ]
    losses = []
    with mr.kernels.use(conv2d=kernel):  # None: the library's own
        for _ in range(STEPS):
            batch = order.integers(0, len(images), 32)
            difference = network(mr.Tensor(images[batch]), *weights) - mr.Tensor(edges[batch])
            loss = (difference * difference).mean()
            loss.backward()
            for w in weights:
                w.data -= lr * w.grad
                w.grad = None
            losses.append(loss.item())
    return losses


# %%
wrong_learns = predict(
    "What will the loss of the net with the wrong `dw` do?",
    ["rise from the start", "stay where it is", "fall, but less far", "fall as far as the others"],
)

# %%
runs = {"library": train(None), "mine": train(my_conv2d), "mixed up": train(mixed_up)}
plt.figure(figsize=(6.4, 3.4))
for (name, losses), colour, width in zip(runs.items(), plot.OTHERS, (6, 1.8, 1.8)):
    smooth = np.convolve(losses, np.ones(10) / 10, mode="valid")
    plt.plot(smooth, color=colour, linewidth=width, label=name)
plt.ylim(bottom=0)
plt.xlabel("step")
plt.ylabel("training loss (mean of ten steps)")
plt.legend()
show(
    "Training loss against steps. The library's kernel and mine fall together; the curve of the "
    "mixed-up one falls as well, but levels off clearly above them."
)
last = {name: np.mean(losses[-20:]) for name, losses in runs.items()}
for name, losses in runs.items():
    print(f"{name:9} loss at first {losses[0]:.3f}, mean of the last twenty {last[name]:.4f}")
falls = last["mixed up"] < 0.8 * runs["mixed up"][0]
wrong_learns.reveal(wrong_learns.choices[2 if falls else 1], "It looks healthy, on its own.")

# %% tags=["guard"]
assert np.allclose(runs["library"], runs["mine"], rtol=0.05)

# %% tags=["guard-full"]
assert 1.3 * last["mine"] < last["mixed up"] < 0.6 * runs["mixed up"][0]

# %% [markdown] tags=["answer"]
# The net with the wrong gradient learns as well, only worse. Its `dx` is right. Its `dw` is partly
# right, because part of `dy` stays the same when rows and columns are exchanged. Without the other
# curve beside it you would believe that it works, and look for a better learning rate. **A falling
# loss proves nothing about a gradient.** Check it.

# %% [markdown]
# ## Exercises

# %%
exercise("05.bias")


# %%
def bias_gradient(dy):
    # your code, instead of the three dots
    ...


check("05.bias", bias_gradient)

# %%
exercise("05.direction")


# %%
def measured_error(L, x, dx, u, h):
    # your code
    ...


check("05.direction", measured_error)

# %%
exercise("05.spread")


# %%
def dx_by_forward(dy, w, H, W):
    # your code
    ...


check("05.spread", dx_by_forward)

# %%
exercise("05.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - Every term $xw$ passes `dy` back to both of its factors. `dw` is `columns.T @ dy`. For `dx`, add
#   each window where it was copied from (col2im), or slide the flipped filters over `dy`.
# - Check a gradient against small steps, in float64, on both sides, with $h$ about $10^{-6}$ and a
#   random `dy`, and away from kinks.
# - Random directions make the check cheap.
# - A net can learn with a wrong gradient. A falling loss is no proof.
#
# **In the library:** [`kernels/naive/conv.py`](../minires/kernels/naive/conv.py) and
# [`kernels/cpu/conv.py`](../minires/kernels/cpu/conv.py),
# [`gradcheck.py`](../minires/autograd/gradcheck.py),
# [`kernels/registry.py`](../minires/kernels/registry.py) (`use`).
#
# **Next:** [06 · ReLU, initial weights, and what depth does to a
# signal](06_signals_and_initial_weights.ipynb)

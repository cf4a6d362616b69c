# %% [markdown]
# # 04 · The backward pass of convolution, and is a gradient right?
#
# To train its filters a network needs two gradients of each convolution: with respect to the
# filters, and with respect to what came in, for the layer before. This notebook derives both, in
# loops and as matrix products. Then it asks how one can *know* that a gradient is right, which is
# harder than it looks: a wrong one often learns too, only worse.
#
# **After this one you can** derive the two gradients of a convolution, compute them with the
# columns of im2col, check any gradient against small steps without falling into the usual traps,
# and train a residual network with a convolution of your own. About 40 minutes.

# %%
import os
import textwrap

import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import minires as mr
from minires import functional as F
from minires import plot
from minires.kernels import cpu, naive

plot.use_style()
FAST = bool(os.environ.get("MINIRES_FAST"))
rng = np.random.default_rng(0)

# %% [markdown]
# ## Who passes what to whom
#
# First a line of five pixels and a filter of three weights. Written out, the convolution is
#
# $$\begin{aligned}
# y_0 &= x_0 w_0 + x_1 w_1 + x_2 w_2 \\
# y_1 &= x_1 w_0 + x_2 w_1 + x_3 w_2 \\
# y_2 &= x_2 w_0 + x_3 w_1 + x_4 w_2
# \end{aligned}$$
#
# Backward is handed `dy`, three numbers. Every term $x w$ in the line of $y_i$ passes
# $\mathtt{dy}_i$ on to its two factors: times $w$ to the pixel, times $x$ to the weight. What
# arrives from several lines adds up, as always.
#
# **Predict:** what arrives at $w_0$ (look down the first column), and what at $x_2$ (look along the
# diagonal)? In which order do the weights appear there?

# %%
x, w, dy = rng.standard_normal(5), rng.standard_normal(3), rng.standard_normal(3)

dw0 = dy[0] * x[0] + dy[1] * x[1] + dy[2] * x[2]
dx2 = dy[0] * w[2] + dy[1] * w[1] + dy[2] * w[0]

assert np.isclose(dw0, np.correlate(x, dy, mode="valid")[0])  # dy slides over x
assert np.isclose(dx2, np.convolve(dy, w, mode="full")[2])  # w, flipped, slides over dy

# %% [markdown]
# At $w_0$ arrives the first pixel of each window, times that window's `dy`: the gradient of the
# weights is `dy` sliding over `x`. At $x_2$ the weights come *backwards*, $w_2, w_1, w_0$, for the
# pixel lies at the end of the first window and at the beginning of the last. So the gradient of the
# pixels is `dy` under the **flipped** filter: the very flip that notebook 03 left out returns here.
#
# In full: by the formula of notebook 03 output $(i, j)$ takes pixel $(i s + a - p,\ j s + b - p)$
# through weight $(a, b)$. So
#
# $$\mathtt{dw}_{a\,b\,c\,o} = \sum_{n,\,i,\,j} x_{n,\;is+a-p,\;js+b-p,\;c}\;\mathtt{dy}_{n\,i\,j\,o}$$
#
# $$\mathtt{dx}_{n\,k\,l\,c} = \sum_{\substack{i,\,a:\; is+a-p\,=\,k \\ j,\,b:\; js+b-p\,=\,l}}\; \sum_o
# \mathtt{dy}_{n\,i\,j\,o}\; w_{a\,b\,c\,o}.$$
#
# The second looks worse than it is. In loops one need not search for all $i$ and $a$ that lead to
# pixel $k$: run through the terms of the forward pass once more, and let each pass on what it has.


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
    return dx[:, p : H - p, p : W - p], dw  # what fell on the padding is lost


def random_case(stride, padding, images=2, H=6, W=5, C=3, C_out=4, K=3):
    """x, w, and a dy of the shape of y."""
    size = output_size(H, K, stride, padding), output_size(W, K, stride, padding)
    return (
        rng.standard_normal((images, H, W, C)),
        rng.standard_normal((K, K, C, C_out)),
        rng.standard_normal((images, *size, C_out)),
    )


for stride in (1, 2):
    for padding in (0, 1):
        x, w, dy = random_case(stride, padding)
        dx, dw = backward_loops(dy, x, w, stride, padding)
        for kernel in (naive.conv2d, cpu.conv2d):
            y, cache = kernel.forward(x, w, stride, padding)
            for ours, theirs in zip((dx, dw), kernel.backward(dy, cache)):
                assert np.allclose(ours, theirs)
print("dx", dx.shape, "and dw", dw.shape, "agree with the library's, slow and fast")

# A second opinion: in notebook 03 a convolution was a matrix, y = M x. Then dx = M^T dy.
w, dy = rng.standard_normal((3, 3, 1, 1)), rng.standard_normal((1, 6, 6, 1))
pixels = np.eye(64).reshape(64, 8, 8, 1)  # each row of M^T: one lit pixel's y
transposed = naive.conv2d.forward(pixels, w)[0].reshape(64, 36)
dx, _ = backward_loops(dy, np.zeros((1, 8, 8, 1)), w)
assert np.allclose(dx.ravel(), transposed @ dy.ravel())

# %% [markdown]
# ## In how many windows is a pixel?
#
# With all weights and all of `dy` equal to 1, every window passes 1 to each of its pixels: then
# `dx` *counts* the windows in which a pixel lies.
#
# **Predict:** for a 3 x 3 filter, which pixels have the largest count, and how large is it? Do all
# pixels count alike under stride 2?

# %%
figure, axes = plt.subplots(1, 4, figsize=(10, 3))
counts = {}
for ax, (stride, padding) in zip(axes, ((1, 0), (1, 1), (2, 1), (3, 1))):
    size = output_size(8, 3, stride, padding)
    dx, _ = backward_loops(
        np.ones((1, size, size, 1)), np.zeros((1, 8, 8, 1)), np.ones((3, 3, 1, 1)), stride, padding
    )
    counts[stride, padding] = count = dx[0, :, :, 0]
    ax.imshow(count, cmap="cividis", vmin=0, vmax=9)
    for (i, j), number in np.ndenumerate(count):
        ax.text(
            j,
            i,
            f"{number:.0f}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if number < 5 else "black",
        )
    ax.set_title(f"stride {stride}, padding {padding}")
    ax.axis("off")
plt.show()

assert counts[1, 0].max() == counts[1, 1].max() == 9
assert counts[1, 0][0, 0] == 1 and counts[1, 1][0, 0] == 4
assert set(counts[2, 1].ravel()) == {1, 2, 4} and set(counts[3, 1].ravel()) == {1}

# %% [markdown]
# Inside, nine windows, one for each place that the pixel can have under the filter. A corner pixel
# without padding is in a single one; with padding 1, in four. Under stride 2 the pixels are *not*
# alike: they lie in 1, 2 or 4 windows, in a regular pattern. Some are seen by four times as many
# outputs as others, so four times as many terms come back to them. Under stride 3 no windows
# overlap.
#
# ## By im2col: one product for each gradient
#
# Notebook 03 made the forward pass one matrix product, `y = columns @ w`. Notebook 02 has the
# gradients of that:
#
# $$\mathtt{dw} = \text{columns}^T\,\mathtt{dy}, \qquad \mathtt{dcolumns} = \mathtt{dy}\; w^T.$$
#
# The first is finished. The second is the gradient of the *columns*, with a row for each window;
# but a pixel was copied into several windows, and what is copied adds up. Each number must go back
# to where it was taken from, and be added there. That is **col2im**, im2col backwards. It needs no
# loop over windows: all windows' first pixels form a slice of the image, all second pixels another
# one, and so on: nine additions of slices.


# %%
def windows_of(x, KH, KW, stride, padding):
    """A view of every window: (N, H', W', KH, KW, C). As in notebook 03."""
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
# **Predict:** one can also write into `sliding_window_view`. Why not just `windows += dcolumns`,
# without any loop?

# %%
image = np.zeros((4, 4))
windows = sliding_window_view(image, (3, 3), writeable=True)  # four windows
windows += 1
print(image)
assert image[1, 1] != 4  # wrong: it lies in four windows
assert image[0, 0] == 1  # right: it lies in one

# %% [markdown]
# All four windows hold the four pixels in the middle, so these should be 4. They are not: NumPy
# adds to a copy of all windows, then writes the windows back one over the other, and each undoes
# what the one before it has added. A mistake without an error message, right in the corners and
# wrong elsewhere. (`np.add.at` adds one at a time and is right, but slow.)
#
# The loops over nine slices have no such problem. Now everything is there for a **kernel**, which
# in minires is a pair of functions on arrays. `forward` returns the result and the cache, all that
# backward needs; `backward` takes `dy` and the cache, and returns a gradient for each array that
# forward took. They have no `self`: the class is only a name for the pair. The settings are those
# of [`kernels/naive/conv.py`](../minires/kernels/naive/conv.py); of these we leave out dilation
# (exercise 1 of notebook 03) and groups (filters that see only some of the channels).


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


for stride in (1, 2, 3):
    for padding in (0, 1, 2):
        x, w, dy = random_case(stride, padding)
        y, cache = my_conv2d.forward(x, w, stride, padding)
        dx, dw = my_conv2d.backward(dy, cache)
        y_loops, cache = naive.conv2d.forward(x, w, stride, padding)
        dx_loops, dw_loops = naive.conv2d.backward(dy, cache)
        assert np.allclose(y, y_loops)
        assert np.allclose(dx, dx_loops) and np.allclose(dw, dw_loops)
print("forward and backward agree with the loops in 9 cases")

# %% [markdown]
# ### The other way to dx
#
# In one dimension `dx` was `dy` under the flipped filter. So it is in two: with stride 1, pad `dy`
# by $K - 1 - p$, flip the filters in both directions, exchange their input and output channels, and
# run the *forward* pass. No overlapping windows have to be added up; and one fast kernel does both
# directions. The library goes this way, and with strides too
# ([`kernels/cpu/blocking.py`](../minires/kernels/cpu/blocking.py)).

# %%
x, w, dy = random_case(stride=1, padding=1)
_, cache = my_conv2d.forward(x, w, 1, 1)
dx, dw = my_conv2d.backward(dy, cache)

flipped = w[::-1, ::-1].transpose(0, 1, 3, 2)  # (KH, KW, C_out, C)
dx_again, _ = my_conv2d.forward(dy, flipped, 1, 3 - 1 - 1)
assert np.allclose(dx, dx_again)

# %% [markdown]
# ## Is it right? The choice of the small step
#
# So far our gradients agree with the library's. But who checked those? In the end a gradient must
# agree with what it *means*, a ratio of small changes (of **finite differences**, as the method is
# called). How small?
#
# As a test case take $L(x) = \sum r \cdot e^{\,\mathrm{conv}(x, w)}$ with random $r$. (The
# exponential makes it curved: on a straight line any step would do.) We move all of $x$ at once
# along a random direction $u$ of length 1, to $x + h u$. Element $x_i$ moves by $h u_i$ and changes
# $L$ by about $\mathtt{dx}_i\, h u_i$; the slope to be found is $\sum_i \mathtt{dx}_i u_i$.
# Measured both ways, and one way:
#
# $$\frac{L(x + h u) - L(x - h u)}{2 h} \qquad\text{or}\qquad \frac{L(x + h u) - L(x)}{h}.$$
#
# **Predict:** the error over $h$, from $10^{-13}$ to 1: is a smaller $h$ always better? What
# changes in float32 (4 bytes a number, where NumPy's usual float64 has 8), in which networks
# compute?

# %%
x, w, r = random_case(stride=1, padding=1, images=1)
w /= 5


def L(x, w, r):
    y, _ = my_conv2d.forward(x, w, padding=1)
    return (r * np.exp(y)).sum()


y, cache = my_conv2d.forward(x, w, padding=1)
dx, _ = my_conv2d.backward(r * np.exp(y), cache)  # dy = dL/dy

steps = 10.0 ** np.arange(-13, 0.1, 0.25)
directions = rng.standard_normal((5 if FAST else 25, *x.shape))


def errors(dtype, both_ways=True):
    """The relative error for each step: the median of many directions."""
    found = []
    for u in directions:
        u = u / np.linalg.norm(u)
        slope = (dx * u).sum()
        x_, w_, r_, u_ = (array.astype(dtype) for array in (x, w, r, u))
        for h in steps.astype(dtype):
            if both_ways:
                measured = (L(x_ + h * u_, w_, r_) - L(x_ - h * u_, w_, r_)) / (2 * h)
            else:
                measured = (L(x_ + h * u_, w_, r_) - L(x_, w_, r_)) / h
            found.append(abs(measured - slope) / abs(slope))
    return np.median(np.reshape(found, (len(directions), -1)), axis=0)


curves = {
    "float32, both ways": (errors(np.float32), plot.OTHERS[0]),
    "float64, one way": (errors(np.float64, both_ways=False), plot.OTHERS[1]),
    "float64, both ways": (errors(np.float64), plot.COLOURS["resnet"]),
}

plt.figure(figsize=(7, 4.2))
for label, (error, colour) in curves.items():
    plt.loglog(steps, error, "o-", color=colour, markersize=3, label=label)
plt.xlabel("step h")
plt.ylabel("relative error of the measured slope")
plt.ylim(1e-12, 30)
plt.legend(loc="lower left")
plt.show()

for label, (error, _) in curves.items():
    best = error.argmin()
    print(f"{label}: best step {steps[best]:.0e}, error {error[best]:.0e}")
    assert error[best] < error[-1] / 10 and error[best] < error[0] / 100  # a valley
error32, error_one_way, error64 = (error for error, _ in curves.values())
assert 1e-7 < steps[error64.argmin()] < 1e-3
assert error32.min() > 1000 * error64.min()
assert np.allclose(error32[steps < 1e-10], 1, atol=0.01)
assert error64[(steps > 9e-7) & (steps < 2e-4)].max() < 1e-7
assert abs(np.finfo(np.float64).eps ** (1 / 3) - 6e-6) < 0.5e-6
for dtype, digits in ((np.float64, 16), (np.float32, 7)):
    assert round(-np.log10(np.finfo(dtype).eps)) == digits

right = (steps > 3e-3) & (steps < 0.5)  # the slopes of the lines on the right
for error, expected in ((error64, 2), (error_one_way, 1)):
    steepness = np.polyfit(np.log(steps[right]), np.log(error[right]), 1)[0]
    assert abs(steepness - expected) < 0.3

# %% [markdown]
# A valley, with a different reason on either side. On the right it is the **curvature** of $L$: one
# way, the error grows in proportion to $h$; both ways, the errors of the two sides cancel but for a
# part that grows with $h^2$ (the line is twice as steep). On the left it is **rounding**: float64
# holds about 16 digits of each value of $L$, float32 about 7, and the difference of two nearly
# equal numbers has lost most of them. Divided by a tiny $h$, what is left is noise. (Where the
# curve of float32 is flat, `x + h * u` is rounded to `x` itself: the measured slope is 0, the error
# 100 %.)
#
# So: float64, both ways, and $h$ between $10^{-6}$ and $10^{-4}$ (theory says, about the cube root
# of the rounding error, $6 \cdot 10^{-6}$; the valley is wide). The library's check,
# `mr.gradcheck`, takes $10^{-6}$. In float32 even the best step leaves more than a thousand times
# the error: too coarse to tell a small mistake from noise. Check in float64, train in float32.
#
# ## Four traps
#
# **1. Kinks.** ReLU has a corner at 0 (notebook 01, exercise 2). If a step straddles it, the
# measured slope is a mixture, and the gradient is *right* though it does not agree:

# %%
h = 1e-6
for value in (1e-3, 1e-6, 2e-7, 0.0, -2e-7, -1e-3):
    slope = (max(value + h, 0) - max(value - h, 0)) / (2 * h)
    print(f"x = {value:6.0e}   measured {slope:.2f}   gradient {float(value > 0):.0f}")
    assert (abs(slope - float(value > 0)) > 0.1) == (abs(value) < h / 2)

report = mr.gradcheck(lambda x: x.relu(), [-1.0, 0.0, 2.0, 0.0])
print(report)
assert report.kinks == 2

# %% [markdown]
# `mr.gradcheck` looks at the slopes to the left and to the right as well. Where they differ and the
# gradient lies between them, it counts a kink and leaves the place out. (`checked` is the number of
# places it has looked at, `worst` the largest error at all others.)
#
# **2. Looking at the sum.** The most natural test is `y.sum().backward()`: then `dy` is 1
# everywhere. And then no mistake shows that mixes up *places* in `dy`. Here is one that is easily
# made with im2col: the windows are written row by row, `dy` is read column by column.


# %%
class mixed_up(my_conv2d):
    def backward(dy, cache):
        dx, _ = my_conv2d.backward(dy, cache)
        columns, w = cache[:2]
        rows = dy.transpose(0, 2, 1, 3).reshape(-1, w.shape[3])  # (N, W', H'): wrong
        return dx, (columns.T @ rows).reshape(w.shape)


x, w, dy = random_case(stride=1, padding=1, H=5, W=5)
y, cache = my_conv2d.forward(x, w, 1, 1)
off = {}
for name, upstream in (("all ones", np.ones_like(dy)), ("random", dy)):
    _, right = my_conv2d.backward(upstream, cache)
    _, wrong = mixed_up.backward(upstream, cache)
    off[name] = abs(right - wrong).max()
    print(f"dy {name:9} largest error of dw: {off[name]:.1e}")
assert off["all ones"] < 1e-10 and off["random"] > 0.1

# %% [markdown]
# Under all ones it is perfect. Therefore $L = \sum r \cdot y$ with *random* $r$, as we have done
# since notebook 02, and as `gradcheck` does. Below it runs on the wrong kernel, swapped into the
# library, and says what is wrong, and where:


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
    else:
        raise AssertionError("the mistake was not found")

# %% [markdown]
# **3. Precision.** In float32 the noise is larger than many mistakes; the picture above says by how
# much. `gradcheck` converts its inputs to float64, and our kernel computes in whatever it is given.
#
# **4. Cost.** Element by element, a check takes two forward passes for each. For a layer with a
# million weights that is out of the question, and so one is tempted not to check at all. But a
# *direction* is enough, as in the picture above: move all elements at once along a random $u$, and
# compare with $\sum_i \mathtt{dx}_i u_i$. A mistake in any element shows in it, unless several
# happen to cancel, which they will not do in one random direction after another.

# %%
x, w, dy = random_case(stride=1, padding=1, images=2, H=8, W=8, C=4, C_out=4)
with mr.kernels.use(conv2d=my_conv2d):
    every = mr.gradcheck(layer, x, w)
    few = mr.gradcheck(layer, x, w, projections=5)
print(
    f"{every.checked} elements, {2 * every.checked} forward passes; 5 directions each "
    f"for x and w, {2 * few.checked} forward passes"
)
assert every.checked == x.size + w.size and few.checked == 2 * 5

with mr.kernels.use(conv2d=mixed_up):
    try:
        mr.gradcheck(layer, x, w, projections=5)
    except mr.errors.GradcheckError:
        print("and the five directions find the mistake as well")
    else:
        raise AssertionError("the mistake was not found")

# %% [markdown]
# ## Your kernel in a real network
#
# `mr.kernels.use(conv2d=...)` puts your pair in the place of the library's, in every layer of every
# network. First one forward and backward pass through ResNet-8, and the gradients of all its
# parameters, under both kernels. We compare in float64: in float32 a rounding error can push a
# number across the kink of a ReLU, and then a gradient jumps.

# %%
train_set, _ = mr.data.synthetic(200 if FAST else 1000, 10)
train_set = train_set.resize(16)


def batch(indices, dtype=np.float32):
    images = (train_set.images[indices] / 255 - 0.5).astype(dtype)
    return mr.Tensor(images), train_set.labels[indices]


def gradients(kernel):
    net = mr.models.resnet(8, width=8, seed=0)  # buffers: see notebook 06
    for _, tensor in [*net.named_parameters(), *net.named_buffers()]:
        tensor.data = tensor.data.astype(np.float64)
    images, labels = batch(slice(0, 32), np.float64)
    with mr.kernels.use(conv2d=kernel):  # None: the library's own
        F.cross_entropy(net(images), labels).backward()
    return {name: parameter.grad for name, parameter in net.named_parameters()}


mine, theirs = gradients(my_conv2d), gradients(None)
for name in mine:
    difference = np.linalg.norm(mine[name] - theirs[name]) / np.linalg.norm(theirs[name])
    assert difference < 1e-8, name
print(f"{len(mine)} arrays of parameters: all gradients agree")

# %% [markdown]
# Then some training: the library's kernel, yours, and the mixed-up one with the wrong `dw`. (The
# loss is cross-entropy, measured in nats, and the steps are made by an optimiser with momentum: all
# this is the topic of notebook 07. For now it is enough that less is better, and that a network
# that knows nothing has the loss $\ln 10 \approx 2.30$, the dashed line.)
#
# **Predict:** three curves. Which agree? Does the network with the wrong gradient learn nothing?


# %%
def train(kernel, steps):
    net, losses = mr.models.resnet(8, width=8, seed=0), []
    optimizer = mr.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    order = np.random.default_rng(0)  # the same batches for all
    with mr.kernels.use(conv2d=kernel):
        for _ in range(steps):
            images, labels = batch(order.integers(0, len(train_set), 64))
            optimizer.zero_grad()
            loss = F.cross_entropy(net(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


steps, losses = 6 if FAST else 150, {}
for name, kernel in (("library", None), ("mine", my_conv2d), ("mixed up", mixed_up)):
    losses[name] = train(kernel, steps)
    print(
        f"{name:9} loss at first {losses[name][0]:.2f}, "
        f"mean of the last twenty steps {np.mean(losses[name][-20:]):.2f}"
    )


def smooth(values, width=10):
    return np.convolve(values, np.ones(width) / width, mode="valid")


plt.figure(figsize=(7, 4))
for name, colour, width in (
    ("library", plot.SHADES["resnet"][0], 6),
    ("mine", plot.SHADES["resnet"][2], 1.5),
    ("mixed up", plot.OTHERS[3], 2),
):
    values = smooth(losses[name], 2 if FAST else 10)
    plt.plot(values, color=colour, label=name, linewidth=width)
plt.axhline(np.log(10), color=plot.GREY, linewidth=1, linestyle=(0, (4, 2)))
plt.xlabel("step")
plt.ylabel("training loss, nats (mean of ten steps)")
plt.legend()
plt.show()

assert np.allclose(losses["library"][:5], losses["mine"][:5], atol=0.01)
last = {name: np.mean(values[-20:]) for name, values in losses.items()}
assert FAST or last["mine"] + 0.15 < last["mixed up"] < np.log(10) - 0.1
assert abs(np.log(10) - 2.30) < 0.005

# %% [markdown]
# Yours and the library's start alike. Later they drift apart a little, by rounding: sums in another
# order differ in the last digit, and training multiplies such differences. Which of the two ends a
# little lower is chance.
#
# The network with the wrong gradient learns as well, only worse. Its `dx` is right; what is not a
# convolution learns properly; and even `dw` is right in part, namely for what in `dy` stays the
# same when rows and columns are exchanged. Without the other curves beside it you would say that it
# works, and go looking for a better learning rate. **A falling loss proves nothing about a
# gradient.** Check it.
#
# ## Exercises
#
# **1.** A convolution with a bias computes `y + b`, with `b` of shape `(C_out,)`. What is `db`?
# Check your answer with `mr.gradcheck(lambda x, w, b: F.conv2d(x, w, b, padding=1), ...)`, and your
# formula against the `b.grad` of the tape.
#
# <details><summary>Hint</summary>
# b was broadcast over images, rows and columns: what was repeated is summed (notebook 02). Give
# backward a random dy and compare b.grad.
# </details>
#
# **2.** Another test that cannot fail. `log_softmax` takes each row $x$ to $y_i = x_i - \ln \sum_j
# e^{x_j}$ (notebook 07 says what for). Write a kernel for it whose backward returns zeros, swap it
# in, and show that `F.log_softmax(x).exp().sum()` has the right gradient under it. Why? Does
# `gradcheck` find it?
#
# <details><summary>Hint</summary>
# The forward is in minires/kernels/naive/loss.py. Take exp of the formula for a row: what is the
# sum over i, whatever x is? For gradcheck give it F.log_softmax itself: it takes a random dy.
# </details>
#
# **3.** `dx` with stride 2 as a forward convolution: put a row and a column of zeros between the
# rows and columns of `dy`, then go on as with stride 1. Try it with 7 x 7 pixels, a 3 x 3 filter
# and padding 1; then with 8 x 8. What is missing?
#
# <details><summary>Hint</summary>
# spread[:, ::2, ::2] = dy, in an array of zeros of (2 H' - 1) x (2 W' - 1). Pad it yourself with
# np.pad and call forward with padding 0. For 8 x 8 the last row of the padded image lies in no
# window, so dx comes out one row and column too small: spread needs one more of zeros at its end.
# </details>

# %% [markdown]
# ## Recap
#
# - Every term $xw$ passes `dy` to both factors. `dw = columns.T @ dy`; `dx` adds up each window
#   where it came from (col2im), or slides the flipped filters over `dy`.
# - A gradient is checked against small steps: float64, both ways, $h$ about $10^{-6}$, a random
#   `dy`, away from kinks.
# - Random directions make the check cheap enough to be done.
# - A wrong gradient can train. A falling loss is no proof.
#
# **In the library:** [`kernels/naive/conv.py`](../minires/kernels/naive/conv.py) and
# [`kernels/cpu/conv.py`](../minires/kernels/cpu/conv.py),
# [`gradcheck.py`](../minires/autograd/gradcheck.py),
# [`kernels/registry.py`](../minires/kernels/registry.py) (`use`).
#
# **Next:** [05 · ReLU, initial weights, and what depth does to a
# signal](05_signals_and_initial_weights.ipynb)

# %% [markdown]
# # 06 · Batch norm by hand
#
# Notebook 05 left two worries: the size of a signal is right only at the start, and only if the
# weights are drawn with care; and deep down all inputs look alike. **Batch norm** (Ioffe and
# Szegedy 2015, arXiv:1502.03167) cures both, by force: every layer measures its own outputs over
# the batch, and sets their mean to 0 and their variance to 1. Every network of the coming notebooks
# has it. It has side effects.
#
# **After this one you can** write batch norm forward and backward, say what it does in training and
# what in use, why the length of the weights before it does not matter, and why gradients *grow* in
# deep nets with it. About 40 minutes.

# %%
import math
import os
from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import diagnostics, nn, plot
from minires import functional as F
from minires.training import RunConfig, Trainer

plot.use_style()
FAST = bool(os.environ.get("MINIRES_FAST"))
rng = np.random.default_rng(0)
PLAIN, BLUE = plot.COLOURS["plain"], plot.COLOURS["resnet"]

# %% [markdown]
# ## The formula
#
# Each **channel** is normalised by itself. A batch of images `(N, H, W, C)` holds $M = N H W$
# numbers of each channel, a batch `(N, C)` of a linear layer's outputs $M = N$. For the numbers
# $x_1, \dots, x_M$ of one channel:
#
# $$\text{mean} = \frac1M \sum_i x_i, \qquad \text{var} = \frac1M \sum_i (x_i - \text{mean})^2,$$
#
# $$\hat x_i = \frac{x_i - \text{mean}}{\sqrt{\text{var} + \varepsilon}}, \qquad y_i = w\, \hat x_i + b.$$
#
# $w$ and $b$, one of each per channel, are learned; they start at 1 and 0. (In papers they are
# often called $\gamma$ and $\beta$.) $\varepsilon = 10^{-5}$ keeps us from dividing by 0.


# %%
def batch_norm(x, w, b, eps=1e-5):
    """x (..., C); w and b (C,)."""
    y = np.empty_like(x)
    for c in range(x.shape[-1]):
        values = x[..., c]
        M = values.size
        mean = values.sum() / M
        var = ((values - mean) ** 2).sum() / M
        x_hat = (values - mean) / np.sqrt(var + eps)
        y[..., c] = w[c] * x_hat + b[c]
    return y


def library_batch_norm(x, w, b):
    """The same by minires, which also keeps running averages; more of them below."""
    channels = x.shape[-1]
    running_mean, running_var = mr.Tensor(np.zeros(channels)), mr.Tensor(np.ones(channels))
    return F.batch_norm(x, running_mean, running_var, w, b, training=True)


x = rng.standard_normal((4, 5, 5, 3)) * [0.1, 1, 10] + [5, 0, -2]  # three channels
w, b = rng.standard_normal(3), rng.standard_normal(3)
assert np.allclose(batch_norm(x, w, b), library_batch_norm(*map(mr.Tensor, (x, w, b))).data)

# %% [markdown]
# **Predict:** below are 300 pairs of numbers, the outputs of two channels that lie far from 0,
# differ in size, and rise together. Which of these three properties will be gone after normalising?

# %%
first = rng.standard_normal(300)
second = 1.2 * first + 0.7 * rng.standard_normal(300)
cloud = np.stack([4 + 0.3 * first, -1 + second], axis=1)
normalised = batch_norm(cloud, np.ones(2), np.zeros(2))
moved = batch_norm(cloud, np.array([2.0, 0.5]), np.array([1.0, -3.0]))

figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharex=True, sharey=True)
titles = ("before", "$\\hat x$: mean 0, variance 1", "y, with w = (2, 0.5), b = (1, -3)")
for ax, points, title in zip(axes, (cloud, normalised, moved), titles):
    ax.plot(*points.T, ".", color=BLUE, markersize=3)
    ax.plot(0, 0, "+", color=plot.GREY, markersize=14)
    ax.set_title(title)
    ax.set_xlabel("channel 1")
    ax.set_aspect("equal")
axes[0].set_ylabel("channel 2")
figure.tight_layout()
plt.show()
assert np.allclose(normalised.mean(axis=0), 0)
assert np.allclose(normalised.var(axis=0), 1, atol=1e-3)
together, still = (np.corrcoef(*points.T)[0, 1] for points in (cloud, normalised))
assert together > 0.7 and math.isclose(together, still, rel_tol=1e-3)  # correlation

# %% [markdown]
# Place and size are gone. That the two rise together is left: each channel is looked at by itself.
# And $w$ and $b$ can bring any mean and size back, if training finds that useful; but now they are
# two numbers of their own, and no longer a by-product of all the weights before.
#
# ## Backward: everyone depends on everyone
#
# So far no image had anything to do with the others in its batch. Here every $\hat x_i$ depends on
# *all* $x_j$ of the channel, those of other images too, for they are in the mean and in the
# variance. Write $g_i = \partial L/\partial \hat x_i = w\, \mathtt{dy}_i$ and $\sigma =
# \sqrt{\text{var} + \varepsilon}$. A small change of $x_j$ reaches $L$ in three ways (all per unit
# of change):
#
# 1. through its own $\hat x_j$: $\quad \dfrac{1}{\sigma}\, g_j$.
# 2. through the mean, which is moved by $\frac1M$ and moves every $\hat x_i$ by $-\frac1\sigma$:
#    $\quad -\dfrac1\sigma \cdot \dfrac1M \sum_i g_i$.
# 3. through the variance, which is moved by $\frac{2}{M}(x_j - \text{mean}) = \frac2M \sigma \hat
#    x_j$ and moves every $\hat x_i$ by $-\frac{\hat x_i}{2 \sigma^2}$: $\quad -\dfrac1\sigma\, \hat
#    x_j \cdot \dfrac1M \sum_i g_i \hat x_i$.
#
# (The mean also sits inside the variance, but moving it does nothing there: $\sum_i (x_i -
# \text{mean}) = 0$.) Added up:
#
# $$\mathtt{dx}_j = \frac1\sigma \Big( g_j - \underbrace{\tfrac1M \textstyle\sum_i g_i}_{\text{mean of } g} - \hat x_j\,
# \underbrace{\tfrac1M \textstyle\sum_i g_i \hat x_i}_{\text{mean of } g \hat x} \Big),
# \qquad \mathtt{dw} = \sum_i \mathtt{dy}_i\, \hat x_i, \qquad \mathtt{db} = \sum_i \mathtt{dy}_i.$$


# %%
def batch_norm_backward(dy, x, w, eps=1e-5):
    axes = tuple(range(x.ndim - 1))  # all but the channels
    sigma = np.sqrt(x.var(axis=axes) + eps)
    x_hat = (x - x.mean(axis=axes)) / sigma
    g = w * dy
    dx = (g - g.mean(axis=axes) - x_hat * (g * x_hat).mean(axis=axes)) / sigma
    return dx, (dy * x_hat).sum(axis=axes), dy.sum(axis=axes)


dy = rng.standard_normal(x.shape)
tensors = [mr.Tensor(array, requires_grad=True) for array in (x, w, b)]
library_batch_norm(*tensors).backward(dy)
for ours, tensor in zip(batch_norm_backward(dy, x, w), tensors):
    assert np.allclose(ours, tensor.grad)

print(mr.gradcheck(library_batch_norm, x, w, b))  # and both agree with measured slopes

# %% [markdown]
# **Predict:** add 3 to all $x_i$ of a channel. How does $y$ change? What does that say about the
# sum of all $\mathtt{dx}_i$? And if all $x_i$ are doubled?

# %%
assert np.allclose(batch_norm(x + 3, w, b), batch_norm(x, w, b))
assert np.allclose(batch_norm(2 * x, w, b), batch_norm(x, w, b), atol=1e-2)  # eps

dx, _, _ = batch_norm_backward(dy, x, w)
axes = (0, 1, 2)
print("sum of dx:           ", dx.sum(axis=axes))
print("sum of dx (x - mean):", (dx * (x - x.mean(axis=axes))).sum(axis=axes))
assert np.abs(dx.sum(axis=axes)).max() < 1e-9
assert np.abs((dx * (x - x.mean(axis=axes))).sum(axis=axes)).max() < 0.02  # eps

# %% [markdown]
# Adding 3 does not change $y$ at all, so $L$ does not change either, and the $\mathtt{dx}_i$ of a
# channel must add up to 0: that is what the second term sees to. Doubling does not change it either
# (up to $\varepsilon$, which weighs most in a channel of small variance): stretching moves each
# $x_i$ in proportion to its distance from the mean, so the sum of $\mathtt{dx}_i\,(x_i -
# \text{mean})$ is 0 too. That is the third term. Batch norm removes from the gradient what it
# removes from the signal.
#
# How much each output depends on each input can be seen: send back a `dy` that is 1 at a single
# place, and `dx` is a row of derivatives.

# %%
M = 12
column = np.sort(rng.standard_normal((M, 1)), axis=0)
one = np.ones(1)
in_training = np.stack(
    [batch_norm_backward(row[:, None], column, one)[0][:, 0] for row in np.eye(M)]
)
in_use = np.eye(M) / np.sqrt(column.var() + 1e-5)  # mean and variance as constants

figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.8))
limit = np.abs(in_use).max()
panels = {"training": in_training, "mean and var held fixed": in_use}
for ax, (title, matrix) in zip(axes, panels.items()):
    image = ax.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit)
    ax.set_title(title)
    ax.set_xlabel("input $x_j$, sorted")
    ax.grid(False)
axes[0].set_ylabel("output $y_i$")
figure.colorbar(image, ax=axes, label=r"$\partial y_i / \partial x_j$", shrink=0.8)
plt.show()
assert in_training[1, 0] < 0 < in_training[-1, 0] < in_training[0, 0] < in_use[0, 0]

# %% [markdown]
# Red is above 0, blue below. On the left every output depends on every other input of the batch.
# Raise the smallest number (first column): it rises itself, but by less than on the right. Its
# neighbours fall, for the mean has risen; the largest even rises, for the spread has become
# smaller. On the right there is nothing but the diagonal; that will be the state in use.
#
# ## What it does to a deep chain
#
# The 50 layers of notebook 05, of gain 0.5, $\sqrt 2$ and 2, now with batch norm between the matrix
# product and ReLU.
#
# **Predict:** what will the size of the signal be at layer 50 for each gain? And will the inputs
# still look all alike down there?

# %%
WIDTH, LAYERS = 64 if FAST else 256, 50
depth = np.arange(1, LAYERS + 1)
GAINS = {"0.5": 0.5, "√2": math.sqrt(2), "2": 2.0}
SHADES = dict(zip(GAINS, (plot.OTHERS[1], BLUE, plot.OTHERS[0])))


def normalise(y):
    return (y - y.mean(axis=0)) / np.sqrt(y.var(axis=0) + 1e-5)


def chain(x, gain, with_batch_norm):
    """By layer: the mean square before ReLU, the mean cosine of two inputs after."""
    sizes, likeness = [], []
    for _ in range(LAYERS):
        z = x @ (rng.standard_normal((WIDTH, WIDTH)) * gain / math.sqrt(WIDTH))
        if with_batch_norm:
            z = normalise(z)
        x = np.maximum(z, 0)
        directions = x / np.linalg.norm(x, axis=1, keepdims=True)
        cosines = (directions @ directions.T)[np.triu_indices(len(x), 1)]
        sizes.append((z**2).mean())
        likeness.append(cosines.mean())
    return sizes, likeness


inputs = rng.standard_normal((100, WIDTH))
figure, axes = plt.subplots(1, 2, figsize=(10, 3.6))
for with_batch_norm, style in ((False, ":"), (True, "-")):
    for name, gain in GAINS.items():
        sizes, likeness = chain(inputs, gain, with_batch_norm)
        label = f"gain {name}, {'with' if with_batch_norm else 'without'}"
        for ax, values in zip(axes, (sizes, likeness)):
            ax.plot(depth, values, style, color=SHADES[name], linewidth=2, label=label)
        if with_batch_norm:
            assert abs(sizes[-1] - 1) < 0.01
            assert FAST or max(abs(value - 0.32) for value in likeness) < 0.02
        else:
            assert FAST or likeness[-1] > 0.9
axes[0].set_yscale("log")
axes[0].set_title("mean square before ReLU")
axes[1].set_title("likeness of two inputs (mean cosine)")
axes[1].set_ylim(0, 1.02)
axes[1].legend(ncols=2, fontsize=8, loc="lower right", bbox_to_anchor=(1, 0.4))
for ax in axes:
    ax.set_xlabel("layer")
plt.show()

# %% [markdown]
# With batch norm the size is 1 everywhere, whatever the gain (the solid lines lie on one another).
# And the likeness stays where the first layer has it, at about 0.32, for subtracting the mean takes
# away, in every layer anew, what all inputs have in common. Both worries are gone.
#
# ## Training and use
#
# In use (also called **inference**) there may be just one image, and what the network says of it
# should not depend on what else happens to be in the batch. So in use fixed numbers take the place
# of the batch's mean and variance: **running averages**, which follow the statistics of the batches
# during training,
#
# $$\text{running} \leftarrow (1 - m)\, \text{running} + m \cdot \text{of this batch},
# \qquad m = 0.1 \text{ (called momentum)}.$$
#
# (The optimiser has another momentum, in notebook 07.) One detail: the variance that goes into the
# average is the **unbiased** one, the sum of squares divided by $M - 1$, for the batch's mean lies
# a little closer to its own numbers than the true mean does. For $M$ in the thousands it does not
# matter.

# %%
layer = nn.BatchNorm2d(1)
running_mean, running_var = 0.0, 1.0  # where they start
for step in range(60):
    batch = 5 + 2 * rng.standard_normal((32, 1)).astype(np.float32)
    layer(mr.Tensor(batch))  # in training mode, as all modules at first
    running_mean = 0.9 * running_mean + 0.1 * batch.mean()
    running_var = 0.9 * running_var + 0.1 * batch.var(ddof=1)  # ddof=1: divide by M - 1
assert math.isclose(running_mean, layer.running_mean.item(), rel_tol=1e-5)
assert math.isclose(running_var, layer.running_var.item(), rel_tol=1e-5)

print(
    f"after 60 batches: running mean {running_mean:.2f} (true: 5), "
    f"running variance {running_var:.2f} (true: 4)"
)
print(f"of the start, {0.9**22:.2f} are left after 22 batches")
assert round(0.9**22, 1) == 0.1

# %% [markdown]
# They need some twenty batches to forget nine tenths of where they started. In the library
# `net.eval()` switches all batch norms to the running averages, `net.train()` back to the batch.
#
# **What goes wrong if you forget?** Let us train a small net on the drawn shapes, and use it both
# ways. (`diagnostics.preserve_state` puts a net into one mode and leaves it as it was found; for in
# training mode even a look at test images moves the running averages.)
#
# **Predict:** in training mode the answer depends on the rest of the batch. Which is worse: batches
# of 2 mixed images, or of 100 images of one and the same class?

# %%
train_set, test_set = mr.data.synthetic(500 if FAST else 4000, 200 if FAST else 1000)
train_set, test_set = train_set.resize(16), test_set.resize(16)
net = mr.models.plain(8, width=8, seed=0)
steps = 8 if FAST else 500  # about eight epochs
config = RunConfig(
    iterations=steps, batch_size=64, crop_padding=0, milestones=(steps * 6 // 10, steps * 85 // 100)
)
Trainer(net, train_set, test_set, config, progress=False).run()

images = (test_set.images / 255 - train_set.pixel_mean()).astype(np.float32)
labels = test_set.labels
mixed = rng.permutation(len(labels))
by_class = np.argsort(labels, kind="stable")  # all of class 0 first, then class 1, ...


def error(mode, batch_size, order):
    """Percent of wrong answers, when images are asked about in batches, in this order."""
    wrong = 0
    with mr.no_grad(), diagnostics.preserve_state(net, mode):
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            answers = net(mr.Tensor(images[chosen])).data.argmax(axis=1)
            wrong += (answers != labels[chosen]).sum()
    return 100 * wrong / len(order)


sizes = (1, 2, 5, 10, 20) if FAST else (1, 2, 5, 10, 20, 50, 100)
right_way = error("eval", 50, mixed)
errors = {
    "mixed batches": [error("train", size, mixed) for size in sizes],
    "batches of one class": [error("train", size, by_class) for size in sizes],
}
plt.figure(figsize=(6.4, 3.6))
for (name, values), colour in zip(errors.items(), (BLUE, PLAIN)):
    plt.plot(sizes, values, "o-", color=colour, linewidth=2, label=f"training mode, {name}")
plt.axhline(right_way, color=plot.GREY, linewidth=1.6, linestyle="--", label="net.eval()")
plt.axhline(90, color=plot.GREY, linewidth=1, linestyle=":", label="guessing")
plt.xscale("log")
plt.xticks(sizes, sizes)
plt.minorticks_off()
plt.xlabel("images in a batch")
plt.ylabel("test error, %")
plt.ylim(0, 100)
plt.legend(loc="lower left")
plt.show()
assert abs(error("eval", 1, by_class) - right_way) < 0.5  # whatever the batch
if not FAST:
    assert min(errors["batches of one class"]) > 70  # single images are the first
    assert errors["mixed batches"][1] < errors["batches of one class"][-1] - 5
    assert errors["mixed batches"][1] > right_way + 10
    assert errors["mixed batches"][-1] < right_way + 5

# %% [markdown]
# Batches of one class are far worse: what all disks have in common *is* the class, and batch norm
# subtracts it as the mean of the batch. Single images fare as badly. Large mixed batches do little
# harm: their mean and variance are close to the running averages. The net has not changed, only the
# company an image keeps. So: `net.eval()` before you test, `net.train()` before you go on. And in a
# linear layer, a "batch" of 1 in training mode leaves nothing at all:

# %%
alone = rng.standard_normal((1, 4))
b = np.array([1.0, 2, 3, 4])
print(alone, "becomes", batch_norm(alone, np.ones(4), b))
assert np.array_equal(batch_norm(alone, np.ones(4), b), [b])
try:
    library_batch_norm(*map(mr.Tensor, (alone, np.ones(4), b)))
except mr.errors.ShapeError as error:
    print(error)

# %% [markdown]
# A number minus its own mean is 0, so the output is $b$, whatever went in. Nothing could be learned
# from it, and the library refuses, as PyTorch does.
#
# ## The length of the weights does not matter
#
# Let $w$ now be the weights of a convolution that is followed by batch norm. Multiply them by $c >
# 0$: all its outputs are $c$ times as large, and batch norm divides by $c$ again. So
#
# $$L(c\, w) = L(w) \qquad \text{for every } c > 0.$$
#
# **Predict** what follows for the gradient: does the part of it along $w$ vanish, or that at right
# angles to $w$? And how large is the gradient at $2w$, compared with that at $w$?

# %%
fresh = mr.models.plain(8, width=8, seed=1)
weight = fresh.layer1[0].conv1.weight  # of one of its convolutions
w = weight.data.copy()
batch, batch_labels = mr.Tensor(images[:64]), labels[:64]


def gradient_at(w):
    weight.data[...] = w
    fresh.zero_grad()
    L = F.cross_entropy(fresh(batch), batch_labels)
    L.backward()
    return L.item(), weight.grad


L, dw = gradient_at(w)
print("    c    L(c w)      |dw|    c |dw|     cosine of w and dw")
for c in (0.5, 1, 2, 10, 100):
    L_c, dw_c = gradient_at(c * w)
    norm = np.linalg.norm(dw_c)
    cosine = (dw_c * w).sum() / (norm * np.linalg.norm(w))
    print(f"{c:5}  {L_c:.6f}  {norm:.6f}  {c * norm:.6f}  {cosine:9.1e}")
    assert math.isclose(L_c, L, rel_tol=1e-4) and abs(cosine) < 1e-3
    assert math.isclose(c * norm, np.linalg.norm(dw), rel_tol=1e-2)

lr = 10.0
length, step = np.linalg.norm(w), np.linalg.norm(lr * dw)
longer = np.linalg.norm(w - lr * dw)
print(f"|w| = {length:.3f}; a step of length {step:.3f} makes it {longer:.3f}")
assert longer > length and math.isclose(longer, math.hypot(length, step), rel_tol=1e-3)

# %% [markdown]
# Along the direction of $w$ the loss is constant, so its derivative in this direction is zero:
# $\sum w \cdot \mathtt{dw} = 0$, the gradient is **at right angles** to the weights. And a step
# that turns $2w$ by some angle is twice as long as one that turns $w$ by it, and changes $L$ as
# much; so the slope at $2w$ is half: $\mathtt{dw}(c\,w) = \mathtt{dw}(w)/c$ (van Laarhoven 2017,
# arXiv:1706.05350).
#
# Two consequences. A step at right angles to $w$ always makes $w$ *longer*: by Pythagoras $|w -
# \text{lr}\, \mathtt{dw}|^2 = |w|^2 + \text{lr}^2 |\mathtt{dw}|^2$ (the last line printed). And the
# longer $w$ is, the less the same lr turns it: the step is $\text{lr}\,|\mathtt{dw}|$, with
# $|\mathtt{dw}|$ falling as $1/|w|$, and the angle is the step divided by $|w|$. So what counts is
# the **effective learning rate** $\text{lr} / |w|^2$, and it falls while $w$ grows. A single step
# with a very large gradient can make $w$ so long that it hardly turns any more. Can gradients be
# that large?
#
# ## The price: gradients grow
#
# Forward, batch norm keeps every signal at size 1.
#
# **Predict:** on the way back through 50 layers, will the gradient keep its size as well, shrink,
# or grow? Does the gain of the weights matter?
#
# We can compute it. What enters a ReLU has mean 0 and variance 1, and in a wide net it is close to
# normally distributed. Then what leaves ReLU has mean square $\frac12$, and mean
# $\frac{1}{\sqrt{2\pi}}$ (two integrals over the bell curve; the next cell checks them). So its
# *variance* over the batch, the mean square minus the square of the mean, is only
#
# $$\frac12 - \frac{1}{2\pi} = \frac12 \cdot \frac{\pi - 1}{\pi}.$$
#
# A share of $1/\pi$ (that is the likeness of 0.32 above) is the common part, and batch norm
# subtracts it. The outputs of the next layer, $n$ terms with weights of variance $\mathrm{Var}(w)$,
# have a variance of $\sigma^2 = n \mathrm{Var}(w) \cdot \frac12 \frac{\pi - 1}{\pi}$ over the
# batch, and batch norm divides by $\sigma$. On the way back the gradient is divided by the same
# $\sigma$, goes through the weights, and half of it is stopped by ReLU. Its mean square is thereby
# multiplied by
#
# $$\frac{1}{\sigma^2} \cdot n \mathrm{Var}(w) \cdot \frac12 = \frac{\pi}{\pi - 1} = 1.467,$$
#
# its size by the root, **1.21 per layer, towards the input**. $\mathrm{Var}(w)$ has cancelled: no
# choice of initial weights helps. In words: subtracting the mean makes the signal smaller, batch
# norm blows the rest up to size 1 again, and whatever enlarges a signal enlarges the gradient on
# its way back. (The two terms that the backward pass subtracts are small in large batches.) This
# was found by Yang et al. 2019 (arXiv:1902.08129), who prove it for wide nets.

# %%
z = rng.standard_normal(1_000_000)
relu_z = np.maximum(z, 0)
print(
    f"mean square {np.mean(relu_z**2):.4f} (0.5), mean {relu_z.mean():.4f} "
    f"({1 / math.sqrt(2 * math.pi):.4f}), variance {relu_z.var():.4f}"
)
assert math.isclose(np.mean(relu_z**2), 0.5, rel_tol=0.01)
assert math.isclose(relu_z.mean(), 1 / math.sqrt(2 * math.pi), rel_tol=0.01)
assert math.isclose(relu_z.mean() ** 2 / np.mean(relu_z**2), 0.32, abs_tol=0.01)
assert math.isclose(relu_z.var(), (math.pi - 1) / (2 * math.pi), rel_tol=0.01)
THEORY = math.sqrt(math.pi / (math.pi - 1))
print(f"a factor of {THEORY:.4f} per layer, {THEORY**49:,.0f} over 49 layers")
assert f"{THEORY:.2f} {THEORY**2:.3f}" == "1.21 1.467"

# %% [markdown]
# Now measure it: in a chain of 50 linear layers (with the library's modules; `nn.Sequential` calls
# them one after another), and in `models.plain(56)`, convolutions on images.
# `diagnostics.propagation` draws several nets, sends a batch through and back, and records the size
# of `dy` at every layer.


# %%
def linear_chain(gain, seed):
    rng = np.random.default_rng(seed)
    modules = []
    for _ in range(LAYERS):
        linear = nn.Linear(WIDTH, WIDTH, bias=False, rng=rng)
        linear.weight.data *= gain / math.sqrt(2)  # He's rule is gain sqrt 2
        modules += [linear, nn.BatchNorm2d(WIDTH), nn.ReLU()]
    return nn.Sequential(*modules, nn.Linear(WIDTH, 10, rng=rng))


def plain_56(seed):
    return mr.models.plain(56, width=4 if FAST else 16, seed=seed)


seeds = range(1 if FAST else 3)
x = rng.standard_normal((128, WIDTH)).astype(np.float32)
x_labels = rng.integers(0, 10, 128)
found = {}
for name, gain in GAINS.items():  # partial: a function of the seed only
    found[f"linear, gain {name}"] = diagnostics.propagation(
        partial(linear_chain, gain), x, x_labels, seeds=seeds
    )
found["plain-56"] = diagnostics.propagation(plain_56, images[:64], labels[:64], seeds=seeds)

figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
for name, result in found.items():
    norms = np.array([layer.gradient_norm for layer in result.layers[:-1]])
    if name == "plain-56":
        ax, colour = axes[1], PLAIN
    else:
        ax, colour = axes[0], SHADES[name.split()[-1]]
    places = range(1, len(norms) + 1)
    ax.plot(places, norms / norms[-1], color=colour, linewidth=2.2, label=name)
    print(
        f"{name:16} times {result.growth.per_layer:.3f} per layer "
        f"(+- {result.growth.standard_error:.3f})"
    )
for ax, length, title in zip(axes, (LAYERS, 55), ("50 linear layers", "55 convolutions")):
    places = np.arange(1, length + 1)
    ax.plot(places, THEORY ** (length - places), "k:", label="theory: 1.21 per layer")
    ax.set_yscale("log")
    ax.set_title(title)
    ax.set_xlabel("layer, from the input to the output")
    ax.legend()
axes[0].set_ylabel("norm of dy, relative to the last")
plt.show()
for name, result in found.items():
    assert abs(result.growth.per_layer - THEORY) < 0.03 or name == "plain-56"
growth = found["plain-56"].growth.per_layer
assert FAST or 1.1 < growth < THEORY and growth**54 > 1000

# %% [markdown]
# On the left measurement and theory lie on one another, for every gain. (But for the first layer:
# the inputs have not been through a ReLU, so there is no common part to subtract.) The convolutions
# on the right are not what the theory is about. It assumes very wide layers of independent units;
# here are 16 to 64 channels, pixels that resemble their neighbours, and borders. (The jump at the
# first one: pixels are small numbers, so its $\sigma$ is small.) The gradient grows more slowly
# than by 1.21, but it grows, by a factor of thousands over the depth.
#
# All this holds before the first step, for weights drawn at random. What such gradients do to the
# weights in training, and what is left of them then, is the topic of notebook 11, where you will
# also see how much smaller they are with shortcuts.
#
# ## Exercises
#
# **1.** A convolution before a batch norm needs no bias. Show it: what is the gradient of the loss
# with respect to such a bias?
#
# <details><summary>Hint</summary>
# A bias adds the same number to all values of a channel. Which sum over dx is its gradient? You
# have computed it in this notebook. Then check it with F.conv2d with a bias of zeros, followed by
# library_batch_norm.
# </details>
#
# **2.** Which part of batch norm makes gradients grow? In `linear_chain`, replace `nn.BatchNorm2d`
# by modules that do a part of its work only, and let `diagnostics.propagation` measure: (a) divide
# everything by one number, the root of the mean square of all channels; (b) subtract each channel's
# mean, then divide everything by one number; (c) subtract nothing, and divide each channel by the
# root of its own mean square.
#
# <details><summary>Hint</summary>
# A class for each, class DivideAll(nn.Module), with one method forward(self, x); in (a) it returns
# x / ((x * x).mean() + 1e-5).sqrt(). (More about modules in notebook 07.) The factor of (a) follows
# as in notebook 05. Both (b) and (c) grow, but less than the whole. For (c): the mean over the
# channels of 1 over sigma squared is larger than 1 over the mean of sigma squared.
# </details>
#
# **3.** Train a net with your own batch norm. `mr.kernels.use(batch_norm=...)` puts a pair of
# functions on arrays in the place of the library's.
#
# <details><summary>Hint</summary>
# forward(x, weight, bias, mean=None, var=None, eps=1e-5) returns (y, cache), and the cache must
# have attributes mean and var (of the batch); where mean is given, as in use, normalise by it.
# backward(dy, cache) returns dx, dw, db. Compare with minires/kernels/naive/normalization.py; a
# types.SimpleNamespace will do as a cache.
# </details>

# %% [markdown]
# ## Recap
#
# - Batch norm sets mean and variance of each channel over the batch, then lets $w$ and $b$ choose
#   new ones. Every output depends on the whole batch, and the gradient has three terms.
# - In training the batch's statistics count, in use the running averages: `net.train()`,
#   `net.eval()`.
# - The loss does not depend on the length of the weights before it; the gradient is at right angles
#   to them and falls as 1 over their length.
# - It keeps signals at size 1 and inputs apart. The price: at the start the gradient grows by up to
#   1.21 per layer towards the images.
#
# **In the library:** [`kernels/naive/normalization.py`](../minires/kernels/naive/normalization.py)
# is the loop, [`kernels/cpu/normalization.py`](../minires/kernels/cpu/normalization.py) the fast
# one; `BatchNorm2d` is in [`nn/normalization.py`](../minires/nn/normalization.py), the measurement
# in [`diagnostics/propagation.py`](../minires/diagnostics/signal_propagation.py).
#
# **Next:** [07 · A first network for images](07_a_first_network.ipynb)

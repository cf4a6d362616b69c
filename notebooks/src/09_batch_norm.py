# %% [markdown]
# # 09 · Batch norm by hand
#
# Notebook 06 left two worries. The size of a signal is right only at the start, and only if you
# draw the weights with care. And in deep layers all inputs look alike. With three convolutions, in
# notebook 07, neither did harm. With dozens of them both do. **Batch norm** (Ioffe and Szegedy
# 2015, arXiv:1502.03167) cures both by force: every layer measures its own outputs over the batch,
# and sets their mean to 0 and their variance to 1. All networks of the coming notebooks use it.
#
# **After this one you can** write batch norm forward and backward, explain what it does to the
# signals of a deep chain, and say what it does in training and what it does in use. About 40
# minutes, and 30 more for the exercises.

# %%
import math
import textwrap

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import diagnostics, nn, plot
from minires import functional as F
from minires.lessons import check, exercise, predict, reveal, score, show
from minires.training import RunConfig, Trainer

plot.use_style()
rng = np.random.default_rng(0)
WIDTH, LAYERS = 256, 50  # of the deep chain
IMAGES, STEPS = 4000, 500  # of the training: fewer are quicker

# %% tags=["fast"]
WIDTH, IMAGES, STEPS = 64, 500, 8

# %% [markdown]
# ## The formula
#
# Each **channel** is normalised by itself. A batch of images `(N, H, W, C)` holds $M = N H W$
# numbers of each channel, and a batch `(N, C)` of a linear layer's outputs holds $M = N$. For the
# numbers $x_1, \dots, x_M$ of one channel:
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
    """The same by minires, which also keeps running averages; more about them below."""
    channels = x.shape[-1]
    running_mean, running_var = mr.Tensor(np.zeros(channels)), mr.Tensor(np.ones(channels))
    return F.batch_norm(x, running_mean, running_var, w, b, training=True)


x = rng.standard_normal((4, 5, 5, 3)) * [0.1, 1, 10] + [5, 0, -2]  # three channels
w, b = rng.standard_normal(3), rng.standard_normal(3)
assert np.allclose(batch_norm(x, w, b), library_batch_norm(*map(mr.Tensor, (x, w, b))).data)

# %%
survives = predict(
    "The outputs of two channels for 300 images lie far from 0, differ in size, and rise together. "
    "Which of these three properties is left after normalising?",
    ["they lie far from 0", "they differ in size", "they rise together"],
)

# %%
first = rng.standard_normal(300)
second = 1.2 * first + 0.7 * rng.standard_normal(300)
cloud = np.stack([4 + 0.3 * first, -1 + second], axis=1)
normalised = batch_norm(cloud, np.ones(2), np.zeros(2))
moved = batch_norm(cloud, np.array([2.0, 0.5]), np.array([1.0, -3.0]))

figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharex=True, sharey=True)
titles = ("before", "$\\hat x$: mean 0, variance 1", "y, with w = (2, 0.5), b = (1, -3)")
for ax, points, title in zip(axes, (cloud, normalised, moved), titles):
    ax.plot(*points.T, ".", color=plot.OTHERS[0], markersize=3)
    ax.plot(0, 0, "+", color=plot.GREY, markersize=14)
    ax.set_title(title)
    ax.set_xlabel("channel 1")
    ax.set_aspect("equal")
axes[0].set_ylabel("channel 2")
figure.tight_layout()
show(
    "Three clouds of points, channel 2 against channel 1. Before: narrow, tilted, away from the "
    "origin. Normalised: around the origin, equally wide both ways, still tilted. With w and b: "
    "moved and stretched, still tilted."
)
together, still = (np.corrcoef(*points.T)[0, 1] for points in (cloud, normalised))
survives.reveal(
    "they rise together" if still > 0.7 else "they differ in size",
    "Each channel is looked at by itself.",
)

# %% tags=["guard"]
assert np.allclose(normalised.mean(axis=0), 0)
assert np.allclose(normalised.var(axis=0), 1, atol=1e-3)
assert together > 0.7 and math.isclose(together, still, rel_tol=1e-3)  # correlation

# %% [markdown] tags=["answer"]
# $w$ and $b$ can bring any mean and size back, if training finds that useful. But now mean and size
# are two numbers of their own. They are no longer a by-product of all the weights before.

# %% [markdown]
# ## Backward: which output depends on which input?
#
# In all layers up to now, the output for an image depended on that image alone. Is that still so?

# %%
who_moves = predict(
    "A channel holds the four numbers 1, 2, 4 and 9. We raise the second one a little. Which of "
    "the four normalised numbers change?",
    ["the second one", "the second and the third", "all four"],
    cells=2,
)

# %%
column = np.array([[1.0], [2.0], [4.0], [9.0]])
raised = column + [[0.0], [0.1], [0.0], [0.0]]
one, zero = np.ones(1), np.zeros(1)
change = (batch_norm(raised, one, zero) - batch_norm(column, one, zero))[:, 0]
print("change of each:", change.round(4))
who_moves.reveal(
    "all four" if abs(change).min() > 1e-4 else "the second one",
    "It changes the mean and the variance.",
)

# %% [markdown] tags=["answer"]
# An input reaches the outputs by three ways: directly, through the mean, and through the variance.

# %%
show(
    "Four inputs on the left, four outputs on the right, between them boxes for the mean and the "
    "variance. From the second input three coloured arrows leave: one straight to its own output, "
    "one to the mean and one to the variance, and from both of these arrows lead to all outputs.",
    plot.batch_norm_ways(inputs=4, chosen=2),
)

# %% [markdown]
# Let $g_i = \partial L/\partial \hat x_i = w\, \mathtt{dy}_i$, and
# $\sigma = \sqrt{\text{var} + \varepsilon}$. The gradient of one input has a term for each way:
#
# $$\mathtt{dx}_j = \frac1\sigma \Big( \underbrace{g_j}_{\text{1 itself}} - \underbrace{\text{mean of } g}_{\text{2 mean}} -
# \underbrace{\hat x_j \cdot \text{mean of } g \hat x}_{\text{3 variance}} \Big),
# \qquad \mathtt{dw} = \sum_i \mathtt{dy}_i\, \hat x_i, \qquad \mathtt{db} = \sum_i \mathtt{dy}_i.$$
#
# <details><summary>Where the three terms come from</summary>
#
# A change of $x_j$ by 1 has these effects on $L$:
#
# 1. Its own $\hat x_j$ moves by $\frac1\sigma$: that makes $\frac1\sigma g_j$.
# 2. The mean moves by $\frac1M$, and with it every $\hat x_i$ by $-\frac1\sigma \cdot \frac1M$:
#    that makes $-\frac1\sigma \cdot \frac1M \sum_i g_i$.
# 3. The variance moves by $\frac2M (x_j - \text{mean}) = \frac2M \sigma \hat x_j$, and with it
#    every $\hat x_i$ by $-\frac{\hat x_i}{2 \sigma^2}$ times that: that makes
#    $-\frac1\sigma \hat x_j \cdot \frac1M \sum_i g_i \hat x_i$.
#
# (The mean is also inside of the variance, but moving it has no effect there, because
# $\sum_i (x_i - \text{mean}) = 0$.)
#
# </details>


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
# You can look at each way by itself. In the tables below, row $i$ and column $j$ say how much
# output $i$ rises when input $j$ does. Red is above 0, blue below. The inputs are sorted, from the
# smallest to the largest.

# %%
M = 12
values = np.sort(rng.standard_normal(M))
sigma = np.sqrt(values.var() + 1e-5)
x_hat = (values - values.mean()) / sigma
itself = np.eye(M) / sigma
through_mean = np.full((M, M), -1 / (M * sigma))
through_variance = -np.outer(x_hat, x_hat) / (M * sigma)
total = itself + through_mean + through_variance

figure, axes = plt.subplots(1, 4, figsize=(10, 3.1), layout="constrained", sharey=True)
titles = ("1 itself", "2 mean", "3 variance", "all three")
limit = np.abs(total).max()
for ax, title, matrix in zip(axes, titles, (itself, through_mean, through_variance, total)):
    image = ax.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit)
    ax.set_title(title)
    ax.set_xlabel("input $x_j$, sorted")
    ax.set(xticks=[], yticks=[])
axes[0].set_ylabel(r"output $\hat x_i$")
figure.colorbar(image, ax=axes, shrink=0.8)
show(
    "Four tables of 12 x 12 colours. Itself: a red diagonal. Through the mean: pale blue "
    "everywhere. Through the variance: blue in the corners of the diagonal, red in the other two "
    "corners. All three: a red diagonal, weaker at both ends, on blue, with reddish far corners."
)

# %% tags=["guard"]
for i, row in enumerate(np.eye(M)):
    dx, _, _ = batch_norm_backward(row[:, None], values[:, None], one)
    assert np.allclose(dx[:, 0], total[i])
assert total[1, 0] < 0 < total[-1, 0] < total[0, 0] < itself[0, 0]

# %% [markdown]
# Raise the smallest input, which is the first column of the table on the right. Its own output
# rises, but less than in the table on the left. The outputs of its neighbours fall, because the
# mean has risen. The largest output even rises, because the inputs lie closer together now, and
# batch norm stretches them more.

# %%
sum_of_dx = predict(
    "Adding 3 to all numbers of a channel does not change `y`. So what is the sum of all `dx` of "
    "the channel, whatever `dy` is?",
    within=0.01,
)

# %%
axes = (0, 1, 2)
dx, _, _ = batch_norm_backward(dy, x, w)
assert np.allclose(batch_norm(x + 3, w, b), batch_norm(x, w, b))
print("sum of dx:           ", dx.sum(axis=axes))
print("sum of dx (x - mean):", (dx * (x - x.mean(axis=axes))).sum(axis=axes))
sum_of_dx.reveal(round(abs(dx.sum(axis=axes)).max(), 6), "The second term makes it 0.")

# %% tags=["guard"]
assert np.allclose(batch_norm(2 * x, w, b), batch_norm(x, w, b), atol=1e-2)  # eps
assert np.abs(dx.sum(axis=axes)).max() < 1e-9
assert np.abs((dx * (x - x.mean(axis=axes))).sum(axis=axes)).max() < 0.02  # eps

# %% [markdown] tags=["answer"]
# Doubling all numbers does not change `y` either, but for $\varepsilon$. So the second sum is 0
# too, but for $\varepsilon$, because of the third term. (The variance of the first channel is only
# 0.01. There $\varepsilon$ counts most.) Shifting or stretching the inputs does not change `y`, so
# the gradient has no part in these two directions.

# %% [markdown]
# ## What it does to a deep chain
#
# Take the 50 layers of notebook 06 with gain $\sqrt 2$, and put batch norm between the matrix
# product and ReLU. The first worry needs no experiment, because each layer sets its mean square
# before ReLU to 1, whatever the gain. (Notebook 13 measures what that does to the gradient.) The
# second one does. How similar do two inputs look, by the cosine?

# %%
depth = np.arange(1, LAYERS + 1)


def chain(x, with_batch_norm):
    """The mean cosine of two inputs after each layer."""
    likeness = []
    for _ in range(LAYERS):
        z = x @ (rng.standard_normal((WIDTH, WIDTH)) * math.sqrt(2 / WIDTH))
        if with_batch_norm:
            z = (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-5)
        x = np.maximum(z, 0)
        directions = x / np.linalg.norm(x, axis=1, keepdims=True)
        cosines = (directions @ directions.T)[np.triu_indices(len(x), 1)]
        likeness.append(cosines.mean())
    return likeness


# %%
still_alike = predict(
    "Without batch norm, unrelated inputs had a cosine of nearly 1 at layer 50. And with it?",
    ["also nearly 1", "about as in the first layer, 0.32", "about 0"],
)

# %%
inputs = rng.standard_normal((100, WIDTH))
figure, ax = plt.subplots(figsize=(6, 3))
chains = {name: chain(inputs, name == "with") for name in ("without", "with")}
for (name, values), colour in zip(chains.items(), (plot.OTHERS[3], plot.OTHERS[0])):
    ax.plot(depth, values, color=colour, linewidth=2.2)
    ax.text(LAYERS + 1, values[-1], f"{name} batch norm", color=colour, va="center")
ax.set_xlim(0, 1.45 * LAYERS)
ax.set_ylim(0, 1.05)
ax.set_xticks(range(0, LAYERS + 1, 10))
ax.set_xlabel("layer")
ax.set_ylabel("mean cosine of two inputs")
show(
    "The mean cosine of two inputs against the layer: without batch norm it rises to nearly 1; "
    "with batch norm it stays level near a third."
)
still_alike.reveal(
    still_alike.choices[1 if abs(chains["with"][-1] - 0.32) < 0.1 else 0],
    "The common part is subtracted in every layer.",
)

# %% tags=["guard-full"]
assert max(abs(value - 0.32) for value in chains["with"]) < 0.02 and chains["without"][-1] > 0.9

# %% [markdown] tags=["answer"]
# In every layer, subtracting the mean takes away the part that all inputs have in common, so the
# inputs stay different. Both worries are gone.

# %% [markdown]
# ## Training and use
#
# In use (also called **inference**) there may be just one image, and the answer for it should not
# depend on the other images in its batch. So in use, fixed numbers replace the mean and the
# variance of the batch. They are **running averages**, which follow the batches during training,
#
# $$\text{running} \leftarrow (1 - s)\, \text{running} + s \cdot \text{of this batch},
# \qquad s = 0.1.$$
#
# Libraries call $s$ *momentum*. It is the share of the *new* number. The momentum of the optimiser,
# the $m$ of notebook 07, was the share of the old one.
#
# <details><summary>A detail: which variance</summary>
#
# The variance that goes into the average is the **unbiased** one, the sum of squares divided by
# $M - 1$, because the batch's mean lies a little closer to its own numbers than the true mean does.
# For $M$ in the thousands it does not matter.
#
# </details>

# %%
forgets = predict(
    "The averages start at 0 and 1. After how many batches do these two values count for only a "
    "tenth?",
    within=3,
)

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
forgets.reveal(round(math.log(0.1) / math.log(0.9)), f"0.9 to the power of 22 is {0.9**22:.2f}.")

# %% [markdown]
# In the library `net.eval()` switches all batch norms to the running averages, `net.train()` back
# to the batch. (`Trainer` calls both. The `evaluate` of notebook 07 does not, because its net had
# no batch norm.) What goes wrong if you forget? We train a net with seven convolutions, a batch
# norm after each, on the drawn shapes, and use it both ways.


# %%
train_set, test_set = mr.data.synthetic(IMAGES, IMAGES // 4)
train_set, test_set = train_set.resize(16), test_set.resize(16)
net = mr.models.plain(8, width=8, seed=0)
config = RunConfig(
    iterations=STEPS,  # about eight epochs
    batch_size=64,
    crop_padding=0,
    milestones=(STEPS * 6 // 10, STEPS * 85 // 100),
)
Trainer(net, train_set, test_set, config, progress=False).run()

images = (test_set.images / 255 - train_set.pixel_mean()).astype(np.float32)
labels = test_set.labels


# %%
def answers(mode, batch_size, order):
    """The class that the net names for each image, if it gets them in batches in this order."""
    named = np.empty(len(order), int)
    # In training mode even a look at test images moves the running averages: put them back.
    with mr.no_grad(), diagnostics.preserve_state(net, mode):
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            named[chosen] = net(mr.Tensor(images[chosen])).data.argmax(axis=1)
    return named


sizes = (2, 5, 10, 20, 50, 100)
orders = [rng.permutation(len(labels)) for _ in range(2)]


def changed_answers(mode):
    """Percent of answers that change with the images beside them, for each size of batch."""
    return [
        100 * (answers(mode, size, orders[0]) != answers(mode, size, orders[1])).mean()
        for size in sizes
    ]


# %%
second_thoughts = predict(
    "Ask about all test images twice, in training mode and in batches of 20. The second time every "
    "image has other images beside it. How many of the answers change?",
    ["none, it is the same net", "about one in a hundred", "more than one in ten"],
)

# %%
changed = {mode: changed_answers(mode) for mode in ("train", "eval")}
plt.figure(figsize=(6.4, 3.6))
for (mode, values), colour in zip(changed.items(), plot.OTHERS):
    plt.plot(sizes, values, "o-", color=colour, linewidth=2, label=f"net.{mode}()")
plt.xscale("log")
plt.xticks(sizes, sizes)
plt.minorticks_off()
plt.xlabel("images in a batch")
plt.ylabel("answers that change, %")
plt.legend()
show(
    "The share of answers that change against the size of the batch. In training mode it is high "
    "for batches of two and falls as they grow; with net.eval() it is zero for every size."
)
at_20 = changed["train"][sizes.index(20)]
print(
    f"batches of 20: {at_20:.0f} % change in training mode, {changed['eval'][3]:.0f} % after eval()"
)
second_thoughts.reveal(
    second_thoughts.choices[int(at_20 > 0) + int(at_20 > 10)],
    "The other images change the mean and the variance.",
)

# %% tags=["guard"]
assert not any(changed["eval"])  # whatever the batch

# %% tags=["guard-full"]
assert changed["train"] == sorted(changed["train"], reverse=True) and at_20 > 12

# %% [markdown] tags=["answer"]
# The net is the same both times, and so is each image. Only its neighbours are different. They
# change the mean and the variance of the batch, and with them the normalised numbers of the image.
# In a larger batch one image counts for less, and fewer answers change.

# %% [markdown]
# With `net.eval()` the answer depends on the image alone. Call it before you test, and
# `net.train()` before you go on training.

# %%
alone = predict(
    "In training mode, a batch of a single row comes out of a linear layer. What does our "
    "`batch_norm` make of it?",
    ["the row, unchanged", "its biases, whatever the row is", "only nan"],
)

# %%
row, biases = rng.standard_normal((1, 4)), np.array([1.0, 2, 3, 4])
print(row, "becomes", batch_norm(row, np.ones(4), biases))
try:
    library_batch_norm(*map(mr.Tensor, (row, np.ones(4), biases)))
except mr.errors.ShapeError as stopped:
    print(textwrap.fill(str(stopped), 90))
nothing_left = np.array_equal(batch_norm(row, np.ones(4), biases), [biases])
alone.reveal(alone.choices[1 if nothing_left else 0], "A number minus its own mean is 0.")

# %% [markdown] tags=["answer"]
# A network could learn nothing from that, so the library refuses, as PyTorch does.

# %% [markdown]
# ## Exercises

# %%
exercise("09.use")


# %%
def batch_norm_in_use(x, running_mean, running_var, w, b):
    # your code
    ...


check("09.use", batch_norm_in_use)

# %%
exercise("09.fold")


# %%
def folded(weight, running_mean, running_var, w, b):
    # your code
    ...


check("09.fold", folded)

# %%
exercise("09.layer_norm")


# %%
def layer_norm_backward(dy, x, w):
    # your code
    ...


check("09.layer_norm", layer_norm_backward)

# %%
exercise("09.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - Batch norm sets the mean and variance of each channel over the batch to 0 and 1. Then $w$ and
#   $b$ set new ones. Every output depends on the whole batch, and the gradient has three terms.
# - In training, batch norm uses the mean and variance of the batch. In use it takes the running
#   averages. `net.train()` and `net.eval()` switch between the two.
# - It keeps signals at size 1 and inputs apart. Notebook 13 shows the price: what batch norm does
#   to the gradient of a deep net, and to the length of the weights before it.
#
# **In the library:** [`kernels/naive/normalization.py`](../minires/kernels/naive/normalization.py)
# is the loop, [`kernels/cpu/normalization.py`](../minires/kernels/cpu/normalization.py) the fast
# one; `BatchNorm2d` is in [`nn/normalization.py`](../minires/nn/normalization.py).
#
# **Next:** [10 · Going deeper](10_going_deeper.ipynb)

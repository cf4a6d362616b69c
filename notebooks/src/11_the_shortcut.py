# %% [markdown]
# # 11 · The shortcut: residual blocks
#
# The cure for degradation is one addition: a block returns $F(x) + x$ instead of $F(x)$. In this
# notebook you build that block and follow a gradient through it. Then you test for which tasks the
# addition helps, and for which it does not.
#
# **After this one you can** compute a residual block forward and backward by hand, build ResNet-20
# to ResNet-56, say what happens where shapes change, and show in an experiment when a shortcut
# helps. About 50 minutes, and 25 more for the exercises. You need notebooks 09 and 10.

# %%
from itertools import combinations
from math import comb

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import functional as F, nn, plot
from minires.drawing import blocks, svg
from minires.lessons import check, exercise, predict, reveal, score, show, slider
from minires.training import RunConfig, Trainer

plot.use_style()
COLOUR = plot.COLOURS  # plain nets in orange, residual ones in blue

# %% [markdown]
# ## The idea
#
# Notebook 10 ended with a solution that training does not find: a deep network whose added layers
# do nothing. To do nothing, a block must return exactly what it gets, $y = x$. That function is
# called the **identity**. It sounds easy, but the block has to build it out of two layers with
# weights and a ReLU.
#
# He et al. (section 3.1) made it easy. They added the input to the output:

# %%
blocks.block()

# %% [markdown]
# $F$ is what the layers of the block compute. The line on the right is the **shortcut**, and the
# block returns $\mathrm{relu}(F(x) + x)$. To do nothing, $F$ only has to be 0. The layers no longer
# learn the whole function. They learn what should *change* about $x$, the **residual**.
#
# (In code, `F` already stands for the module `functional`. There we call $F$ the `branch`.)
#
# ## Backward through an addition
#
# Start with plain numbers and leave out the last ReLU: $y = F(x) + x$ with
# $F(x) = w_2\, \mathrm{relu}(w_1 x)$. The slope of $y$ is $F'(x) + 1$, so
#
# $$dx = \underbrace{dy \cdot F'(x)}_{\text{through the layers}} + \underbrace{dy}_{\text{along the shortcut}}.$$

# %%
with_shortcut = predict(
    "`w1` and `w2` are 0.01, and `dy` is 2. What is `dx` with the shortcut?",
    ["about 0", "about 1", "about 2", "about 4"],
)
without = predict("And without the shortcut?", ["about 0", "about 1", "about 2", "about 4"])

# %%
x, w1, w2, dy = 1.5, 0.01, 0.01, 2.0
slope = w2 * w1  # of F: the ReLU is open, since w1 * x > 0
dx = {"resnet": dy * slope + dy, "plain": dy * slope}
print(dx)

t = mr.Tensor(np.array(x), requires_grad=True)
((t * w1).relu() * w2 + t).backward(np.array(dy))
assert np.isclose(t.grad, dx["resnet"])  # the tape agrees

with_shortcut.reveal("about 2", "The addition passes `dy` on unchanged, whatever the weights are.")
without.reveal("about 0", "The gradient is multiplied by both weights, and they are tiny.")

# %% [markdown]
# Now a block for a batch of rows: $y = \mathrm{relu}(F(x) + x)$ with
# $F(x) = \mathrm{relu}(x\, w_1)\, w_2$. Write the backward pass line by line, last step first, as
# in notebook 01. Only the last line is new: $x$ was used in two places, so two gradients come back
# and add up.

# %%
rng = np.random.default_rng(0)
x, dy = rng.standard_normal((2, 8, 5))  # dy comes back from the layers above
w1, w2 = rng.standard_normal((2, 5, 5))

a = np.maximum(x @ w1, 0)  # forward
s = a @ w2 + x
y = np.maximum(s, 0)

ds = dy * (s > 0)  # backward: the last ReLU,
dw2 = a.T @ ds  # the second layer,
da = (ds @ w2.T) * (a > 0)  # the ReLU in between,
dw1 = x.T @ da  # the first layer,
dx = da @ w1.T + ds  # and both ways to x

tx, tw1, tw2 = (mr.Tensor(array, requires_grad=True) for array in (x, w1, w2))
F.relu(F.relu(tx @ tw1) @ tw2 + tx).backward(dy)
for mine, tensor in ((dx, tx), (dw1, tw1), (dw2, tw2)):
    assert np.allclose(mine, tensor.grad)
print("all three gradients agree with the tape")

# %% [markdown]
# ## A block of convolutions
#
# In the networks, $F$ is convolution, batch norm, ReLU, convolution, batch norm, as in the picture.
# At two places in a network the maps halve and the channels double. There $x$ and $F(x)$ have
# different shapes. So the shortcut takes every second pixel of $x$, and adds channels of zeros.


# %%
def fitted(x, stride, new_channels):
    """Every stride-th pixel, and channels of zeros."""
    x = x[:, ::stride, ::stride]
    return F.pad(x, ((0, 0), (0, 0), (0, 0), (0, new_channels)))


class Block(nn.Module):
    """Two layers, and the input added to their output."""

    def __init__(self, in_channels, out_channels, stride, rng, residual=True):
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False, rng=rng)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False, rng=rng)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.residual, self.stride = residual, stride
        self.new_channels = out_channels - in_channels

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.residual:
            y = y + fitted(x, self.stride, self.new_channels)
        return F.relu(y)


# %% [markdown]
# The addition has no parameters. (`fitted` with stride 1 and no new channels returns $x$ itself.)
#
# ## A block with a weight of zero
#
# Set the weight of a block's last batch norm to 0. Its bias starts at 0, so $F(x) = 0$ for every
# $x$. Suppose that $x$ comes from a ReLU, so that no number in it is negative.

# %%
returns = ["0 everywhere", "x itself", "something else"]
residual_returns = predict("What does the residual block return now?", returns)
plain_returns = predict("And the plain block, with the same change?", returns)

# %%
x = np.maximum(np.random.default_rng(1).standard_normal((2, 8, 8, 8)), 0).astype(np.float32)


def with_zero_weight(residual):
    block = Block(8, 8, 1, np.random.default_rng(0), residual)
    block.bn2.weight.data[...] = 0
    y = block(mr.Tensor(x)).data
    return returns[1] if np.array_equal(y, x) else returns[0] if not y.any() else returns[2]


residual_returns.reveal(with_zero_weight(True), "The last ReLU leaves x as it is.")
plain_returns.reveal(with_zero_weight(False), "With F = 0 a plain block returns nothing but 0.")

# %% [markdown]
# Some recipes start every block like this (Goyal et al. 2017,
# [arXiv:1706.02677](https://arxiv.org/abs/1706.02677), section 5.1). Ours do not.
#
# ## Can a block learn to do nothing?
#
# You made that setting by hand. Can training find it? Take two very small blocks, each of two
# linear layers, and let them learn to return their input:
#
# $$\text{plain: } y = \mathrm{relu}(\mathrm{relu}(x w_1)\, w_2), \qquad
# \text{residual: } y = \mathrm{relu}(\mathrm{relu}(x w_1)\, w_2 + x), \qquad
# L = \text{mean of } (y - x)^2.$$
#
# Both start from the same random weights and see the same batches. Again no number in $x$ is
# negative.

# %%
seeds, steps = range(5), 300

# %% tags=["fast"]
seeds, steps = range(2), 20


# %%
def fit(residual, target, seed, lr=0.3, size=16):
    """The loss after each step of a block that learns `target`, a function on arrays."""
    rng = np.random.default_rng(seed)
    w1, w2 = (mr.Tensor(nn.init.he_normal((size, size), rng), requires_grad=True) for _ in range(2))
    optimizer, losses = mr.optim.SGD([w1, w2], lr=lr), []
    for _ in range(steps):
        x = mr.Tensor(np.abs(rng.standard_normal((128, size), dtype=np.float32)))
        y = F.relu(x @ w1) @ w2
        y = F.relu(y + x) if residual else F.relu(y)
        loss = ((y - mr.Tensor(target(x.data))) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %%
ends_lower = predict(
    "Which block has the lower loss in the last of 300 steps?",
    ["plain", "residual", "about the same"],
)

# %%
losses = {
    family: np.array([fit(family == "resnet", lambda x: x, seed) for seed in seeds])
    for family in COLOUR
}
for family, runs in losses.items():
    plt.plot(runs.T, color=COLOUR[family], linewidth=1.3)
    plt.text(steps, runs[:, -1].mean(), f" {family}", color=COLOUR[family], va="center")
plt.yscale("log")
plt.xlabel("step")
plt.ylabel("loss")
show(
    "Losses over 300 steps on a logarithmic axis. The residual blocks fall far below the plain "
    "ones, which hardly fall."
)
start, end = ({f: runs[:, i].mean() for f, runs in losses.items()} for i in (0, -1))
ends_lower.reveal(
    "residual" if 2 * end["resnet"] < end["plain"] else "about the same",
    "F(x) only has to become small. The plain block needs two matrices that undo each other, and "
    "the ReLU between them throws away all negative numbers.",
)

# %% tags=["guard-full"]
assert 20 * end["resnet"] < end["plain"]
assert start["plain"] < 10 * end["plain"] and start["resnet"] > 100 * end["resnet"]

# %% [markdown]
# Was this learning rate unfair to one of them? Try others, for both:

# %%
for lr in (0.03, 0.1, 0.3, 1.0):
    plain, residual = (
        np.mean([fit(residual, lambda x: x, seed, lr)[-20:] for seed in seeds])
        for residual in (False, True)
    )
    print(f"lr {lr:<5} plain {plain:.4f}, residual {residual:.4f}")

# %% tags=["guard-full"]
for lr in (0.03, 0.1, 0.3, 1.0):
    plain, residual = (
        np.mean([fit(residual, lambda x: x, seed, lr)[-20:] for seed in seeds])
        for residual in (False, True)
    )
    assert 5 * residual < plain

# %% [markdown]
# At none of these rates does the plain block come near.
#
# ## Is it always easier?
#
# Be suspicious. Perhaps the residual block is simply better at everything. So let both learn
# something else. With a fixed random matrix $A$, the next target is $x$ itself at $t = 0$, and a
# quite different function of $x$ at $t = 1$:
#
# $$\sqrt{1 - t^2}\; x + t\; \mathrm{relu}(x A).$$


# %%
def mixture(t, seed, size=16):
    A = nn.init.he_normal((size, size), np.random.default_rng([seed, 99]))
    keep, change = np.float32(np.sqrt(1 - t * t)), np.float32(t)
    return lambda x: keep * x + change * np.maximum(x @ A, 0)


far = predict(
    "At t = 1, which block ends with the lower loss?",
    ["plain, by far", "about the same", "residual, by far"],
)

# %%
ts = (0, 0.25, 0.5, 0.75, 1)
final = {
    family: [[fit(family == "resnet", mixture(t, s), s)[-20:] for t in ts] for s in seeds]
    for family in COLOUR
}
final = {family: np.mean(values, axis=-1) for family, values in final.items()}

for family, values in final.items():
    middle = np.exp(np.log(values).mean(axis=0))  # the mean that suits a logarithmic axis
    plt.plot(ts, values.T, "o", color=COLOUR[family], markersize=4, alpha=0.5)
    plt.plot(ts, middle, color=COLOUR[family], linewidth=2.2, label=family)
plt.yscale("log")
plt.xlabel("t: how far the target is from doing nothing")
plt.ylabel(f"loss after {steps} steps")
plt.legend()
show(
    "Final losses against t. At t = 0 the residual block is far below the plain one; the two lines "
    "approach each other and meet at t = 1."
)
ratio = np.exp(np.log(final["plain"] / final["resnet"]).mean(axis=0))
print("plain / residual:", ", ".join(f"{r:.1f} at t = {t}" for t, r in zip(ts, ratio)))
far.reveal(
    far.choices[int(ratio[-1] > 0.5) + int(ratio[-1] > 2)],
    "The shortcut is of no use here: F has to take x out again first.",
)

# %% tags=["guard-full"]
assert ratio[0] > 20 and ratio[0] > ratio[2] > ratio[-1] and 0.5 < ratio[-1] < 1.5

# %% [markdown]
# So a shortcut is a **bet** that a block has to learn something close to doing nothing. In section
# 3.1 of the paper the argument reads like this. If the best function is closer to the identity than
# to zero, it should be easier to find with the identity as a starting point. In a network of many
# blocks each block needs to change only a little, so it seems a good bet. The authors measured the
# outputs of the branches in their trained networks. They were small, and smaller still in deeper
# networks (figure 7). Our own, shorter trainings did not show that
# ([docs/claims.md](../docs/claims.md), under *responses*).
#
# ## Why exactly $x$, and not half of it?
#
# Put a factor on the shortcut: $F(x) + \alpha x$. For one block it hardly matters. But ResNet-56
# has 27 blocks in a row, and each of them multiplies the signal on the shortcut by $\alpha$ once
# more.

# %%
left_over = predict(
    "Take α = 0.9. How much of the gradient is left after 27 shortcuts?", unit="%", within=4
)

# %%
alpha, shortcuts = 0.9, 27
left = 100 * alpha**shortcuts
print(f"{left:.1f} % is left")
left_over.reveal(round(left, 1), "It is 0.9 to the power of 27.")

# %% [markdown]
# Now put the branches back. Take 27 blocks of two linear layers with small weights, without the
# last ReLUs. Move α, and watch the gradient on its way back from the last block to the first.


# %%
def gradient_on_the_way(alpha, depth=27, size=16):
    """|dx| of every block, from the first to the last, relative to the dy it began with."""
    rng = np.random.default_rng(0)
    x, norms, open_at = rng.standard_normal((64, size)), [], []
    layers = [[nn.init.he_normal((size, size), rng) for _ in "12"] for _ in range(depth)]
    for w1, w2 in layers:  # forward
        open_at.append(x @ w1 > 0)
        x = 0.2 * np.maximum(x @ w1, 0) @ w2 + alpha * x
    dx = rng.standard_normal(x.shape)
    whole = np.linalg.norm(dx)
    for (w1, w2), passed in zip(layers[::-1], open_at[::-1]):  # backward
        dx = 0.2 * ((dx @ w2.T) * passed) @ w1.T + alpha * dx
        norms.append(np.linalg.norm(dx) / whole)
    return norms[::-1]


def draw(ax, alpha):
    ax.plot(range(1, 28), gradient_on_the_way(alpha), color=COLOUR["resnet"], linewidth=2.2)
    ax.axhline(1, color=plot.GREY, linestyle="--", linewidth=1)
    ax.set_yscale("log")
    ax.set_ylim(1e-16, 1e5)
    ax.set_xlabel("block")


# %%
slider(
    "α",
    [0, 0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25],
    draw,
    frames=[0, 0.5, 1, 1.25],
    alt="The gradient's size at each of 27 blocks, on a logarithmic axis. For alpha 0 and 0.5 it "
    "shrinks by many orders of magnitude towards the first block, for 1 it stays level, for 1.25 "
    "it grows by a factor of hundreds.",
    size=(2.6, 2.8),
)

# %% tags=["guard"]
first = {alpha: gradient_on_the_way(alpha)[0] for alpha in (0, 0.5, 1, 1.25)}
assert first[0] < 1e-12 and first[0.5] < 1e-5 and 0.5 < first[1] < 10 and first[1.25] > 100

# %% [markdown]
# Only near α = 1 does the gradient keep its size. The authors measured it later in a network of 110
# layers: shortcuts that were scaled or gated trained worse than plain addition
# ([arXiv:1603.05027](https://arxiv.org/abs/1603.05027), table 1). These blocks have no batch norm,
# so this is a picture of shortcuts, not a measurement of a ResNet. Notebook 13 measures one.
#
# ## Where the shape changes
#
# Our `fitted` is one of three ways that the paper compares (sections 3.3 and 4.1):
#
# - **A:** every second pixel of $x$, and zeros for the new channels. No parameters.
# - **B:** where the shape changes, a 1x1 convolution of $x$ with stride 2, followed by batch norm.
#   This is called a **projection**.
# - **C:** a projection in *every* block.
#
# See what A does to an image. Three channels become six, at half the size:

# %%
image = mr.data.synthetic(6, 1)[0].images[5:6].astype(np.float32) / 255
small = fitted(mr.Tensor(image), 2, 3).data

figure, axes = plt.subplots(2, 1, figsize=(7, 3.6), height_ratios=[2, 1])
for ax, pixels, names in zip(axes, (image, small), ("red, green, blue", "the same, and three new")):
    ax.imshow(np.hstack(np.moveaxis(pixels[0], 2, 0)), cmap="gray", vmin=0, vmax=1)
    ax.set_title(f"{names}: {pixels.shape[1]} x {pixels.shape[2]}", fontsize=9)
    ax.axis("off")
show(
    "Three channels of a drawn image at 32 x 32 pixels, then the same three at 16 x 16, then three "
    "black ones."
)

# %% [markdown]
# A throws information away, but only on the shortcut. $F$ still gets all of $x$.

# %%
added = predict(
    "The shape changes twice in ResNet-20: from 16 channels to 32, and from 32 to 64. How many "
    "parameters does B add, including those of batch norm?",
    within=300,
)

# %%
counts = {one: mr.models.resnet(20, shortcut=one).num_parameters() for one in "ABC"}
print({one: f"{count:,}" for one, count in counts.items()})
added.reveal(
    counts["B"] - counts["A"],
    "It adds 16 x 32 + 32 x 64 weights, and two numbers for each new channel.",
)

# %% [markdown]
# Which is best? On ImageNet (1.3 million photographs, 1,000 classes), with 34 layers, the paper
# found errors of 25.03 % with A, 24.52 % with B and 24.19 % with C (table 3). These are small
# differences, so projections are not the cure. (In a network of 56 layers, C can even do harm: see
# *shortcuts* in [docs/claims.md](../docs/claims.md).) On CIFAR-10 the paper uses A, and so do we:
# then the plain and the residual network have exactly the same parameters.
#
# ## ResNet-20, whole

# %%
blocks.twenty_layers()

# %% [markdown]
# It is the network of notebook 10, with our `Block` in it. As there, we load the library's weights
# into ours, and both must give the same answers.


# %%
def stage(n, in_channels, out_channels, stride, rng, residual):
    """n blocks; the first one changes the shape."""
    first = Block(in_channels, out_channels, stride, rng, residual)
    others = [Block(out_channels, out_channels, 1, rng, residual) for _ in range(n - 1)]
    return nn.Sequential(first, *others)


class Net(nn.Module):
    """The plain or residual network of 6n + 2 layers."""

    def __init__(self, n, residual=True, width=16, classes=10, seed=0):
        rng = np.random.default_rng(seed)
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False, rng=rng)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = stage(n, width, width, 1, rng, residual)
        self.layer2 = stage(n, width, 2 * width, 2, rng, residual)
        self.layer3 = stage(n, 2 * width, 4 * width, 2, rng, residual)
        self.fc = nn.Linear(4 * width, classes, rng=rng, std=0.01)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(F.global_avg_pool2d(x))


# %%
rng = np.random.default_rng(3)
images = mr.Tensor(rng.standard_normal((4, 16, 16, 3)).astype(np.float32))
for n in (3, 5, 7, 9):
    ours, library = Net(n), mr.models.resnet(6 * n + 2, seed=1)
    ours.load_state_dict(library.state_dict())
    assert np.allclose(ours(images).data, library(images).data, rtol=1e-3, atol=1e-4)
    plain = mr.models.plain(6 * n + 2).num_parameters()
    print(f"{6 * n + 2} layers: residual {ours.num_parameters():,}, plain {plain:,} parameters")

# %% tags=["guard"]
assert Net(3).num_parameters() == 269_722 and Net(9).num_parameters() == 853_018
assert all(
    mr.models.plain(d).num_parameters() == Net((d - 2) // 6).num_parameters() for d in (20, 56)
)

# %% [markdown]
# ## Twins
#
# A comparison is fair if two things differ in one respect only. So take the library's plain and
# residual networks with the same seed. They must have the same parameters, with the same numbers in
# them. And if we take the addition out of the residual network, both must return the same.

# %%
from minires.models.shortcuts import NoShortcut

plain, residual = mr.models.plain(20, seed=5), mr.models.resnet(20, seed=5)
one, other = plain.state_dict(), residual.state_dict()
assert list(one) == list(other)
assert all(np.array_equal(one[name], other[name]) for name in one)

assert not np.allclose(plain(images).data, residual(images).data)
for block in residual.blocks():
    block.shortcut = NoShortcut()  # the addition, left out
assert np.array_equal(plain(images).data, residual(images).data)
print(f"equal to the last bit without the addition, in {len(residual.blocks())} blocks")

# %% [markdown]
# Now train the twins of 20 layers, by the recipe of notebook 10, for ten epochs on drawn shapes.

# %%
train_set, test_set = (images.resize(16) for images in mr.data.synthetic(2000, 500))
width, steps = 8, 310  # of 64 images: ten epochs

# %% tags=["fast"]
train_set, test_set, width, steps = (
    train_set.take(256).resize(8),
    test_set.take(100).resize(8),
    4,
    4,
)


# %%
def train(net, name, live):
    """Training errors, one for each epoch; `live` draws the curves."""
    config = RunConfig(
        iterations=steps, batch_size=64, lr=0.1, milestones=(steps * 3 // 4,), crop_padding=0
    )
    trainer = Trainer(net, train_set, test_set, config, name=name, progress=False, callbacks=[live])
    return [row["train_error"] for row in trainer.run()]


twins = predict(
    "20 layers are not very deep. How will the training errors compare at the end?",
    [
        "plain lower by more than 5 points",
        "within 5 points",
        "residual lower by more than 5 points",
    ],
)

# %%
live = plot.LiveCurves("drawn shapes, 16 x 16 pixels, width 8")
errors = {
    "plain": train(mr.models.plain(20, width=width, seed=1), "plain-20", live),
    "resnet": train(mr.models.resnet(20, width=width, seed=1), "resnet-20", live),
}
ahead = errors["plain"][-1] - errors["resnet"][-1]
print(f"the residual network is ahead by {ahead:.1f} points")
twins.reveal(
    twins.choices[int(ahead > -5) + int(ahead > 5)],
    "They have the same parameters, start and batches.",
)

# %% tags=["guard-full"]
assert ahead > 5
assert np.mean(errors["resnet"][:5]) + 2 < np.mean(errors["plain"][:5])

# %% [markdown]
# That was one seed of one network on drawn shapes. It shows that the addition *can* matter at 20
# layers. Notebook 12 tests whether it holds for more depths and seeds.
#
# ## A sum over paths
#
# There is another way to look at a residual network (Veit et al. 2016,
# [arXiv:1605.06431](https://arxiv.org/abs/1605.06431)). Call the branch of block $i$ $f_i$, and
# leave out the last ReLUs. The derivative of two blocks in a row is a product that can be
# multiplied out:
#
# $$(1 + f_2')(1 + f_1') = 1 + f_1' + f_2' + f_2' f_1'.$$
#
# Every term is a **path** from the output back to the input. In each block, a path takes either the
# branch or the shortcut. A plain chain has one path, and its derivative is the single product
# $f_2' f_1'$. These are the paths through three blocks:


# %%
def paths(n):
    """Every choice of blocks that are passed by their branches."""
    return [path for k in range(n + 1) for path in combinations(range(1, n + 1), k)]


boxes = {"x": svg.Box("x", (), "value"), "y": svg.Box("y = sum", (), "value")}
arrows = []
for path in paths(3):
    chain = [(path, i) for i in path] or ["direct"]
    boxes |= {(path, i): svg.Box(f"f{i}") for i in path}
    boxes["direct"] = svg.Box("x itself", (), "group")
    arrows += zip(["x", *chain], [*chain, "y"])
svg.draw(boxes, arrows, "Eight paths from x to y: through each choice of the three branches.")

# %% [markdown]
# Each block doubles the number of paths (notebook 02). ResNet-56 has 27 blocks, and so
# $2^{27} = 134{,}217{,}728$ paths.

# %%
crowd = predict(
    "Through how many of the 27 branches do most paths go?",
    ["none or one", "about half", "nearly all"],
)

# %%
counts = [comb(27, k) for k in range(28)]  # paths that pass k branches
share = sum(counts[9:19]) / sum(counts)
print(f"{100 * share:.0f} % of the paths pass 9 to 18 branches")
crowd.reveal("about half" if share > 0.5 else "nearly all", "Only one path passes all of them.")

# %% tags=["guard"]
assert sum(counts) == 2**27 == 134_217_728 and 0.93 < share < 0.97
slopes = np.random.default_rng(4).normal(0, 0.5, 8)
terms = [np.prod([slopes[i - 1] for i in path]) for path in paths(8)]
assert np.isclose(sum(terms), np.prod(1 + slopes))

# %% [markdown]
# So is a residual network a crowd of shallower ones? That is how Veit et al. see it. If they are
# right, leaving out a block should do little harm. Notebook 14 tests that, and measures which paths
# carry the gradient.
#
# <details><summary>For the curious: how exact is this?</summary>
#
# For the derivative the sum over paths is exact, with ReLUs and batch norm (in evaluation mode)
# included, because each path multiplies the layers' derivatives at the same inputs.
# `minires.diagnostics.path_gradient` sends the gradient along one path only; over all paths of a
# small network these gradients add up to the gradient of the images. For the output itself the sum
# holds only if the branches are linear: $f_2(x + f_1(x))$ is not $f_2(x) + f_2(f_1(x))$.
# </details>
#
# ## What this explains, and what it does not
#
# You will often read: "with shortcuts gradients cannot vanish any more, and that is why residual
# networks train". Keep apart what you have seen and what you have not. You have seen that doing
# nothing is easy to learn, and that the shortcut passes the gradient on as it is. You have not seen
# that gradients *do* vanish in plain-56, or that this is why it trains badly. The next notebook
# tests whether the experiment holds up. Notebook 13 looks at the gradients.
#
# ## Exercises

# %%
exercise("11.one_layer")


# %%
def plain_weights(w):
    # your code, instead of the three dots
    ...


check("11.one_layer", plain_weights)

# %%
exercise("11.backward")


# %%
def block_backward(dy, x, w1, w2, alpha):
    # your code: return dx, dw1, dw2
    ...


check("11.backward", block_backward)

# %%
exercise("11.by_length")


# %%
def by_length(slopes):
    # your code
    ...


check("11.by_length", by_length)

# %% [markdown]
# The last task has no check. Let every block start as the identity: set `block.bn2.weight.data[...]
# = 0` for all blocks of `mr.models.resnet(20, width=8, seed=0)`, and train it by the recipe above.
# Does it end better than before? One seed says little, so try three.

# %%
exercise("11.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - $y = \mathrm{relu}(F(x) + x)$. Backward, two gradients add up: one through the layers, one along
#   the shortcut, unchanged.
# - To do nothing, a residual block needs $F(x) = 0$, which is easy to learn. A plain block has to
#   learn the identity, which is hard.
# - The shortcut is a bet. It helps where the target is close to the input.
# - With shortcut A, plain and residual networks are twins: they differ in one addition per block,
#   and in no parameter.
# - For its gradient, a residual network of $n$ blocks is a sum over $2^n$ paths.
#
# **In the library:** [`models/blocks.py`](../minires/models/blocks.py) has the blocks,
# [`models/shortcuts.py`](../minires/models/shortcuts.py) the shortcuts,
# [`models/cifar.py`](../minires/models/cifar.py) the networks,
# [`diagnostics/paths.py`](../minires/diagnostics/paths.py) the paths.
#
# **Next:** [12 · The degradation experiment](12_the_degradation_experiment.ipynb)

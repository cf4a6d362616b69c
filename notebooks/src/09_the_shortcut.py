# %% [markdown]
# # 09 · The shortcut: residual blocks
#
# The cure for degradation is one addition: let a block put out $F(x) + x$ instead of $F(x)$. This
# notebook builds that block, follows a gradient through it, and looks for the reason why it should
# help.
#
# **After this one you can** compute a residual block forward and backward by hand, build ResNet-20
# to ResNet-56, say what happens where shapes change, and show in an experiment what a shortcut
# makes easy and what it does not. About 40 minutes.

# %%
import os
from itertools import combinations
from math import comb, prod

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import functional as F, nn, plot
from minires.drawing import svg
from minires.diagnostics import path_gradient
from minires.models.shortcuts import NoShortcut, subsample_and_pad
from minires.training import RunConfig, Trainer

plot.use_style()
FAST = bool(os.environ.get("MINIRES_FAST"))
COLOUR = plot.COLOURS

# %% [markdown]
# ## The idea
#
# Notebook 08 ended with a solution that training does not find: a deep network whose added layers
# do nothing. "Nothing" means that a block must put out exactly what it gets, $y = x$: the
# **identity**. Two layers with weights, ReLU in between, do not learn that easily, as we shall see.
#
# He et al. (section 3.1) turn it round. Add what came in:
#
# $$y = F(x) + x,$$
#
# where $F$ is what the layers of the block compute. To do nothing, $F$ has only to be 0. The layers
# no longer learn the whole function, but what is to be *changed* about $x$: the **residual**. The
# way on which $x$ itself goes is the **shortcut**.
#
# (In the code `F` is already the module `functional`, so there we call it the `branch`.)
#
# ## Backward through an addition
#
# First with plain numbers: $F(x) = w_2\, \mathrm{relu}(w_1 x)$. By the chain rule
#
# $$\frac{dL}{dx} = \frac{dL}{dy}\,\bigl(F'(x) + 1\bigr), \qquad\text{in short}\qquad
# dx = \underbrace{dy \cdot F'(x)}_{\text{through } F} + \underbrace{dy}_{\text{by the shortcut}}.$$
#
# **Predict:** if the weights in $F$ are tiny, how large is $dx$ with the shortcut, and how large
# without?


# %%
def branch(x, w1, w2):
    return w2 * max(w1 * x, 0.0)


def branch_slope(x, w1, w2):
    return w2 * w1 if w1 * x > 0 else 0.0


x, dy, h = 1.5, 2.0, 1e-6
for w1, w2 in ((0.8, -0.5), (0.01, 0.01)):
    by_hand = {"plain": dy * branch_slope(x, w1, w2), "resnet": dy * branch_slope(x, w1, w2) + dy}
    for family, shortcut in (("plain", 0), ("resnet", 1)):

        def y(x):
            return branch(x, w1, w2) + shortcut * x

        measured = dy * (y(x + h) - y(x - h)) / (2 * h)
        t = mr.Tensor(np.array(x), requires_grad=True)
        ((t * w1).relu() * w2 + t * shortcut).backward(np.array(dy))
        assert np.allclose([measured, t.grad], by_hand[family], atol=1e-6)
    print(f"w1 {w1}, w2 {w2}: dx = {by_hand['plain']:.4f} plain, {by_hand['resnet']:.4f} residual")

# %% [markdown]
# The addition hands $dy$ on unchanged, whatever the weights are. In the plain block all that comes
# back has to go through them.
#
# Now a real block: $y = \mathrm{relu}(F(x) + x)$ for a batch of rows $x$, with $F(x) =
# \mathrm{relu}(x\, w_1)\, w_2$. Write the backward pass line by line, last step first, as in
# notebook 01. The only new thing is in the last line: $x$ was used in two places, so what comes
# back adds up.

# %%
rng = np.random.default_rng(0)
x, dy = rng.standard_normal((2, 8, 5))  # dy: what comes back from the layers above
w1, w2 = rng.standard_normal((2, 5, 5))

a = np.maximum(x @ w1, 0)  # forward
s = a @ w2 + x
y = np.maximum(s, 0)

ds = dy * (s > 0)  # backward: the last ReLU,
dw2 = a.T @ ds  # the second layer,
da = (ds @ w2.T) * (a > 0)  # the ReLU in between,
dw1 = x.T @ da  # the first layer,
through_branch, by_shortcut = da @ w1.T, ds  # and the two ways to x
dx = through_branch + by_shortcut

tx, tw1, tw2 = (mr.Tensor(array, requires_grad=True) for array in (x, w1, w2))
ty = F.relu(F.relu(tx @ tw1) @ tw2 + tx)  # the library's tape
ty.backward(dy)
for mine, tensor in ((y, ty.data), (dx, tx.grad), (dw1, tw1.grad), (dw2, tw2.grad)):
    assert np.allclose(mine, tensor)
print("forward and all three gradients agree with the tape")

# %% [markdown]
# One can also *see* the two ways apart: `detach` takes a Tensor off the tape, so that nothing goes
# back through it. Each way alone gives its part, and the parts add up to the whole.

# %%
parts = []
for first, second in ((tx, tx.detach()), (tx.detach(), tx)):
    tx.grad = None
    F.relu(F.relu(first @ tw1) @ tw2 + second).backward(dy)
    parts.append(tx.grad)
assert np.allclose(parts[0], through_branch) and np.allclose(parts[1], by_shortcut)
assert np.allclose(parts[0] + parts[1], dx)
print("dx of the first row, through the branch", parts[0][0].round(2))
print("                        by the shortcut", parts[1][0].round(2))
print("                                   both", dx[0].round(2))

# %% [markdown]
# ## A block of convolutions
#
# In the networks $F$ is: convolution, batch norm, ReLU, convolution, batch norm. Then comes the
# addition, *then* the last ReLU. Where a block changes the shape, $x$ has to be fitted to it;
# `fitted` does that, and we come to how.


# %%
def fitted(x, stride, new_channels):
    """Every stride-th pixel, and channels of zeros: shortcut A."""
    x = x[:, ::stride, ::stride]
    return F.pad(x, ((0, 0), (0, 0), (0, 0), (0, new_channels)))


class Block(nn.Module):
    """Two layers, and what came in."""

    def __init__(self, in_channels, out_channels, stride, rng, residual=True):
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False, rng=rng)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False, rng=rng)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.residual, self.stride = residual, stride
        self.new_channels = out_channels - in_channels

    def branch(self, x):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))

    def forward(self, x):
        y = self.branch(x)
        if self.residual and (self.stride != 1 or self.new_channels):
            y = y + fitted(x, self.stride, self.new_channels)
        elif self.residual:
            y = y + x
        return F.relu(y)


example = np.zeros((1, 16, 16, 8), np.float32)
Block(8, 8, 1, np.random.default_rng(0), residual=False).graph(example)

# %% [markdown]
# That was the plain block. With the shortcut:

# %%
Block(8, 8, 1, np.random.default_rng(0)).graph(example)

# %% [markdown]
# One arrow past everything, and one `add`. It has no parameters.
#
# ## Doing nothing is easy to learn
#
# Set the weight of a block's last batch norm to 0 (its $w$ of notebook 06). Its bias starts at 0,
# so $F(x) = 0$. **Predict:** what do the residual block and the plain block put out for an $x$ that
# has just left a ReLU?

# %%
x = np.maximum(np.random.default_rng(1).standard_normal((2, 8, 8, 8)), 0).astype(np.float32)
for family, residual in (("plain", False), ("resnet", True)):
    block = Block(8, 8, 1, np.random.default_rng(0), residual)
    block.bn2.weight.data[...] = 0
    y = block(mr.Tensor(x)).data
    print(
        f"{family}: the output is",
        "x itself" if np.array_equal(y, x) else "0 everywhere" if not y.any() else "something else",
    )
    assert np.array_equal(y, x if residual else 0 * x)

# %% [markdown]
# With this weight at 0, a residual block is the identity, and a plain one shuts everything off.
# (Some recipes therefore start every block there: Goyal et al. 2017,
# [arXiv:1706.02677](https://arxiv.org/abs/1706.02677), section 5.1. Ours do not.)
#
# That was a setting of the weights. What about *learning* it? Let us have the two smallest blocks
# there are, two linear layers each, learn to put out what comes in:
#
# $$\text{plain: } y = \mathrm{relu}(\mathrm{relu}(x w_1)\, w_2), \qquad
# \text{residual: } y = \mathrm{relu}(\mathrm{relu}(x w_1)\, w_2 + x), \qquad L = \text{mean of } (y
# - x)^2.$$
#
# Both start from the same random weights and see the same batches. No number in $x$ is negative, as
# if a ReLU came before.
#
# **Predict:** which starts with the lower loss? Which gets lower in the end?

# %%
size, batch = 16, 128


def fit(residual, target, seed, steps, lr=0.3):
    """The losses on the way of a block that is to learn `target`, a function on arrays."""
    rng = np.random.default_rng(seed)
    w1, w2 = (mr.Tensor(nn.init.he_normal((size, size), rng), requires_grad=True) for _ in range(2))
    optimizer, losses = mr.optim.SGD([w1, w2], lr=lr), []
    for _ in range(steps):
        x = mr.Tensor(np.abs(rng.standard_normal((batch, size), dtype=np.float32)))
        y = F.relu(x @ w1) @ w2
        y = F.relu(y + x) if residual else F.relu(y)
        loss = ((y - mr.Tensor(target(x.data))) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


seeds, steps = range(2 if FAST else 5), 20 if FAST else 300
losses = {
    family: np.array([fit(family == "resnet", lambda x: x, seed, steps) for seed in seeds])
    for family in COLOUR
}

plt.figure(figsize=(7, 3.6))
for family, runs in losses.items():
    for i, run in enumerate(runs):
        plt.plot(run, color=COLOUR[family], linewidth=1.3, label=family if i == 0 else None)
plt.yscale("log")
plt.xlabel("step")
plt.ylabel("loss")
plt.title(f"learning to do nothing ({len(seeds)} seeds each)")
plt.legend()
plt.show()

start = {family: runs[:, 0].mean() for family, runs in losses.items()}
end = {family: runs[:, -20:].mean() for family, runs in losses.items()}
print("first loss:", {family: round(float(loss), 2) for family, loss in start.items()})
print("last loss: ", {family: round(float(loss), 5) for family, loss in end.items()})
if not FAST:
    assert start["resnet"] > start["plain"] and 20 * end["resnet"] < end["plain"]
    assert start["plain"] < 10 * end["plain"] and start["resnet"] > 100 * end["resnet"]

# %% [markdown]
# The residual block starts a little *higher*, for at first it adds a random $F(x)$ to what would be
# right without it. Then its loss falls by more than a factor of a hundred, for $F(x)$ has only to
# become small. The plain block needs a pair of matrices that undo each other, with a ReLU in
# between: whatever is negative in $x\,w_1$ is lost. In the same number of steps its loss does not
# even fall to a tenth.
#
# Was the learning rate unfair to it? Try others, for both:

# %%
for lr in (0.03, 0.1, 0.3, 1.0):
    ends = {
        family: np.mean(
            [fit(family == "resnet", lambda x: x, seed, steps, lr)[-20:] for seed in seeds]
        )
        for family in COLOUR
    }
    print(f"lr {lr:<5} plain {ends['plain']:.4f}, residual {ends['resnet']:.4f}")
    assert FAST or 5 * ends["resnet"] < ends["plain"]

# %% [markdown]
# At none of them does the plain block come near.
#
# ## Is it always easier?
#
# Be suspicious: perhaps the second block is just better at everything. So let both learn other
# things. Take a target that is $x$ itself at one end, and some quite different function of $x$ at
# the other: $\sqrt{1 - t^2}\; x + t\; \mathrm{relu}(x A)$, for $t$ from 0 to 1. $A$ is a fixed
# random matrix.
#
# **Predict:** how do the two compare at $t = 1$?


# %%
def mixture(t, seed):
    A = nn.init.he_normal((size, size), np.random.default_rng([seed, 99]))
    keep, change = np.float32(np.sqrt(1 - t * t)), np.float32(t)
    return lambda x: keep * x + change * np.maximum(x @ A, 0)


ts = (0, 0.25, 0.5, 0.75, 1)
final = {
    family: np.array(
        [
            [fit(family == "resnet", mixture(t, seed), seed, steps)[-20:] for t in ts]
            for seed in seeds
        ]
    ).mean(axis=-1)
    for family in COLOUR
}

plt.figure(figsize=(7, 3.6))
for family, values in final.items():
    plt.plot(ts, values.T, "o", color=COLOUR[family], markersize=4, alpha=0.5)
    plt.plot(
        ts, np.exp(np.log(values).mean(axis=0)), color=COLOUR[family], linewidth=2.2, label=family
    )
plt.yscale("log")
plt.xticks(ts)
plt.xlabel("t: how far the target is from doing nothing")
plt.ylabel(f"loss after {steps} steps")
plt.legend()
plt.show()

ratio = np.exp(np.log(final["plain"] / final["resnet"]).mean(axis=0))
print("loss of plain / loss of residual:")
print(", ".join(f"{r:.1f} at t = {t}" for t, r in zip(ts, ratio)))
assert FAST or (ratio[0] > 20 and ratio[0] > ratio[2] > ratio[-1] and 0.5 < ratio[-1] < 1.5)

# %% [markdown]
# At $t = 1$ both end about equal: the shortcut is of no use there, for $F$ has to take $x$ out
# again first. The nearer the target is to $x$, the more it helps. So a shortcut is a **bet**: that
# what a block has to learn is near to doing nothing. The paper says it like this (section 3.1): if
# the best function is closer to the identity than to zero, it should be easier to find it with
# reference to the identity. In a network with many blocks, each of which needs to change only a
# little, the bet seems a good one; and in trained residual networks the authors found that the
# branches do put out little, the less the deeper the network (figure 7). In our own, shorter
# trainings that did not show ([docs/claims.md](../docs/claims.md), under *responses*).
#
# ## Where the shape changes
#
# Twice in the network the maps halve and the channels double; there $x$ does not fit $F(x)$. The
# paper compares three ways (sections 3.3 and 4.1):
#
# - **A:** every second pixel of $x$, and zeros for the new channels. No parameters.
# - **B:** a 1x1 convolution of $x$ with stride 2, where the shape changes; and batch norm, as after
#   every convolution. This is called a **projection**.
# - **C:** a projection in *every* block.


# %%
def shortcut_a(x, stride, out_channels):
    """A, written out."""
    N, H, W, C = x.shape
    y = np.zeros((N, H // stride, W // stride, out_channels), x.dtype)
    for i in range(H // stride):
        for j in range(W // stride):
            y[:, i, j, :C] = x[:, stride * i, stride * j, :]
    return y


def shortcut_b(x, w, stride, eps=1e-5):
    """B: at every second pixel one matrix product; then batch norm, as in training."""
    z = x[:, ::stride, ::stride] @ w[0, 0]  # w: (1, 1, C_in, C_out)
    mean, var = z.mean(axis=(0, 1, 2)), z.var(axis=(0, 1, 2))
    return (z - mean) / np.sqrt(var + eps)


x = np.random.default_rng(2).standard_normal((4, 8, 8, 16)).astype(np.float32)
a = shortcut_a(x, 2, 32)
assert np.array_equal(a, subsample_and_pad(mr.Tensor(x), 2, 16).data)  # the library's
assert np.array_equal(a, fitted(mr.Tensor(x), 2, 16).data)  # and ours

block = mr.models.resnet(20, shortcut="B").layer2[0]
b = shortcut_b(x, block.downsample[0].weight.data, 2)
assert np.allclose(b, block.downsample(mr.Tensor(x)).data, atol=1e-4)

for option in "ABC":
    count = mr.models.resnet(20, shortcut=option).num_parameters()
    print(f"ResNet-20 with shortcut {option}: {count:,} parameters")

# %% [markdown]
# What A does to an image: three channels become six, at half the size. Information is thrown away,
# but only on the shortcut; $F$ sees all of $x$.

# %%
image = mr.data.synthetic(6, 1)[0].images[5:6].astype(np.float32) / 255
small = fitted(mr.Tensor(image), 2, 3).data

figure, axes = plt.subplots(1, 9, figsize=(10, 1.6), width_ratios=[2] * 3 + [1] * 6)
channels = [*np.moveaxis(image[0], 2, 0), *np.moveaxis(small[0], 2, 0)]
names = ["red", "green", "blue", "red", "green", "blue", "new", "new", "new"]
for ax, channel, name in zip(axes, channels, names):
    ax.imshow(channel, cmap="gray", vmin=0, vmax=1)
    ax.set_title(f"{name}\n{len(channel)} x {len(channel)}", fontsize=8)
    ax.axis("off")
plt.show()

# %% [markdown]
# Which is best? On ImageNet (1.3 million photographs, 1,000 classes), with 34 layers, the paper
# found errors of 25.03 % with A, 24.52 % with B and 24.19 % with C (table 3): small differences, so
# projections are not what the cure is about. (In a network of 56 layers, C can even do harm:
# [docs/claims.md](../docs/claims.md), under *shortcuts*.) On CIFAR-10 the paper uses A, and so do
# we, for then the plain and the residual network have exactly the same parameters.
#
# ## ResNet of $6n + 2$ layers
#
# The network is that of notebook 08, built from our `Block`. As there, it can take over the
# library's weights; the answers must agree.


# %%
class Net(nn.Module):
    """The plain or residual network of 6n + 2 layers."""

    def __init__(self, n, residual=True, width=16, classes=10, seed=0):
        rng = np.random.default_rng(seed)
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False, rng=rng)
        self.bn1 = nn.BatchNorm2d(width)
        in_channels = width
        for stage, out_channels in enumerate((width, 2 * width, 4 * width), 1):
            blocks = []
            for i in range(n):
                stride = 2 if stage > 1 and i == 0 else 1
                blocks.append(Block(in_channels, out_channels, stride, rng, residual))
                in_channels = out_channels
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.fc = nn.Linear(in_channels, classes, rng=rng, std=0.01)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(F.global_avg_pool2d(x))


rng = np.random.default_rng(3)
images = mr.Tensor(rng.standard_normal((4, 16, 16, 3)).astype(np.float32))
for n in (3, 5, 7, 9):
    ours, library = Net(n), mr.models.resnet(6 * n + 2, seed=1)
    ours.load_state_dict(library.state_dict())
    assert np.allclose(ours(images).data, library(images).data, rtol=1e-3, atol=1e-4)
    plain_count = mr.models.plain(6 * n + 2).num_parameters()
    assert ours.num_parameters() == plain_count
    print(
        f"ResNet-{6 * n + 2}: {ours.num_parameters():>7,} parameters, "
        f"plain-{6 * n + 2}: {plain_count:>7,}"
    )
assert Net(3).num_parameters() == 269_722 and Net(9).num_parameters() == 853_018

# %% [markdown]
# ## Twins
#
# A comparison is fair if two things differ in one respect only. So we look closely. The library's
# plain and residual network of one seed: the same parameters? The same numbers in them? And if we
# take the addition out of the residual one, is it the plain one, to the last bit?

# %%
plain, residual = mr.models.plain(20, seed=5), mr.models.resnet(20, seed=5)
one, other = plain.state_dict(), residual.state_dict()
assert list(one) == list(other)
assert all(np.array_equal(one[name], other[name]) for name in one)

assert not np.allclose(plain(images).data, residual(images).data)
for block in residual.blocks():
    block.shortcut = NoShortcut()  # the addition, left out
assert np.array_equal(plain(images).data, residual(images).data)
print(f"one difference: the addition, in {len(residual.blocks())} blocks")

# %% [markdown]
# ## Twins in training
#
# **Predict:** 20 layers, the recipe of notebook 08, drawn shapes. By how many points will the two
# training errors differ after ten epochs? 20 layers are not very deep; does the addition matter
# already?

# %%
train_set, test_set = mr.data.synthetic(256 if FAST else 2000, 100 if FAST else 500)
train_set, test_set = (images.resize(8 if FAST else 16) for images in (train_set, test_set))
width, steps = (4, 4) if FAST else (8, 310)
config = RunConfig(
    iterations=steps, batch_size=64, lr=0.1, milestones=(steps * 3 // 4,), crop_padding=0
)

live, histories = plot.LiveCurves("drawn shapes, 16 x 16 pixels, width 8"), {}
for family, build in (("plain", mr.models.plain), ("resnet", mr.models.resnet)):
    net = build(20, width=width, seed=0)
    trainer = Trainer(
        net, train_set, test_set, config, name=f"{family}-20", progress=False, callbacks=[live]
    )
    histories[family] = np.array([row["train_error"] for row in trainer.run()])

# %%
print({family: f"{errors[-1]:.1f} %" for family, errors in histories.items()})
plain_errors, residual_errors = histories["plain"], histories["resnet"]
assert FAST or residual_errors[-1] + 5 < plain_errors[-1]
assert FAST or residual_errors[:5].mean() + 2 < plain_errors[:5].mean()

# %% [markdown]
# It does, by more than five points. The same parameters, the same start, the same batches in the
# same order, and the error falls faster already in the first half. Whether that holds for more
# depths and seeds is the business of notebook 10.
#
# ## A sum over paths
#
# There is another way to look at it (Veit et al. 2016,
# [arXiv:1605.06431](https://arxiv.org/abs/1605.06431)). Write $f_i$ for what the branch of block
# $i$ computes (the $F$ of that block), and leave out the last ReLUs. Two residual blocks make
#
# $$y_2 = y_1 + f_2(y_1) = x + f_1(x) + f_2(x + f_1(x)),$$
#
# and for the derivative the product over blocks can be multiplied out:
#
# $$(1 + f_2')(1 + f_1') = 1 + f_1' + f_2' + f_2' f_1'.$$
#
# Every term is a **path** from the output back to the input: through each block either by its
# branch or by its shortcut. A plain chain has one path, through everything; its derivative is the
# single product $f_2' f_1'$.
#
# **Predict:** how many paths for $n$ blocks? How many branches do most of them pass in ResNet-56,
# which has 27 blocks?


# %%
def paths(n):
    """Every choice of blocks that are passed by their branches."""
    return [path for k in range(n + 1) for path in combinations(range(1, n + 1), k)]


rng = np.random.default_rng(4)
for n in (1, 2, 3, 8):
    slopes = dict(enumerate(rng.normal(0, 0.5, n), 1))  # f_i', any numbers
    terms = [prod(slopes[i] for i in path) for path in paths(n)]
    whole = prod(1 + slope for slope in slopes.values())
    assert len(terms) == 2**n and np.isclose(sum(terms), whole)
    print(f"{n} blocks: {len(terms):>3} paths, their sum {sum(terms):.6f}, the product {whole:.6f}")

boxes = {"x": svg.Box("x", (), "value"), "y": svg.Box("y = sum", (), "value")}
arrows = []
for path in paths(3):
    chain = ["x", *((path, i) for i in path), "y"]
    boxes |= {(path, i): svg.Box(f"f{i}") for i in path}
    if not path:
        boxes["direct"], chain = svg.Box("x itself", (), "group"), ["x", "direct", "y"]
    arrows += zip(chain, chain[1:])
svg.draw(boxes, arrows, "the eight paths through three blocks")

# %% [markdown]
# Three blocks, eight paths, of which one passes all three branches; there are $\binom{n}{k}$ paths
# through $k$ branches. (For the derivative the sum is exact. For the output itself it is so only if
# the $f_i$ are linear.) For ResNet-56:

# %%
blocks = 27
counts = [comb(blocks, k) for k in range(blocks + 1)]
assert sum(counts) == 2**blocks == 134_217_728

plt.figure(figsize=(7, 3))
plt.bar(range(blocks + 1), [count / 1e6 for count in counts], color=COLOUR["resnet"])
plt.xlabel("branches on the path")
plt.ylabel("paths, millions")
plt.title(f"{2**blocks:,} paths through ResNet-56")
plt.grid(axis="x", visible=False)
plt.show()
share = sum(counts[9:19]) / 2**blocks
print(f"{100 * share:.0f} % of the paths pass 9 to 18 of the 27 branches")
assert 0.93 < share < 0.97

# %% [markdown]
# Most paths pass about half of the branches, so about 27 of the 54 layers in them; only one path
# passes all. So is a residual network a crowd of shallower ones? That is Veit et al.'s picture, and
# it makes predictions, for instance that leaving out a block should do little harm. Notebook 11
# tries it.
#
# The gradient of a real network is such a sum too, ReLUs and batch norms included (here in
# evaluation mode). We check it where it can be written out: three blocks, eight paths.
# `path_gradient` lets the gradient go back along one path only; as everywhere, the norm of a
# gradient is the root of the sum of its squares. (This network is not trained yet. Notebook 11 asks
# which paths carry the gradient in a trained one.)

# %%
net = mr.models.resnet(8, width=8, seed=0).eval()
names = ["layer1.0", "layer2.0", "layer3.0"]
rng = np.random.default_rng(5)
images = rng.standard_normal((4, 16, 16, 3)).astype(np.float32)
images, labels = mr.Tensor(images, requires_grad=True), np.arange(4)
F.cross_entropy(net(images), labels).backward()

total = 0
for length in range(4):
    for through in combinations(names, length):
        gradient = path_gradient(net, images, labels, through)
        total = total + gradient
        norm = np.linalg.norm(gradient)
        print(f"{length} branches  {', '.join(through):<30} norm {norm:.2e}")
assert np.allclose(total, images.grad, rtol=1e-3, atol=1e-6 * abs(images.grad).max())
print("their sum is the gradient of the images")

# %% [markdown]
# ## What this explains, and what not
#
# Through $n$ blocks a gradient is multiplied by $(1 + f_1')(1 + f_2')\cdots$ instead of $f_1' f_2'
# \cdots$. You will often read: "so gradients cannot vanish any more, and that is why residual
# networks train". Keep apart what has been shown here and what has not. Shown: doing nothing is
# easy to learn; the shortcut hands on the gradient as it is. Not shown: that gradients *do* vanish
# in plain-56, or that this is why it trains badly. Whether the experiment holds up comes next; what
# gradients do, in notebook 11.
#
# ## Exercises
#
# **1.** Why are there two layers in a block, and not one? Show that relu(x w + x) can compute
# exactly what a plain layer relu(x v) can.
#
# <details><summary>Hint</summary>
# x w + x is x times (w + identity). So what has changed is only where training starts, and what
# weight decay pulls towards. The paper saw no advantage with one layer (section 3.2).
# </details>
#
# **2.** Stack blocks without batch norm: let `fit` have 8 blocks one after another, with and
# without shortcuts. Does the shortcut still help? Look at the first loss and explain it. Then
# divide the initial $w_2$ of each block by 10.
#
# <details><summary>Hint</summary>
# Each block adds a branch about as large as what came in, so the signal grows from block to block,
# and after eight it is huge. In the networks batch norm holds every branch down to the same size;
# small initial weights in the branches do as well, for a start. What do small weights do to the
# plain stack? Try lr 0.03 and below.
# </details>
#
# **3.** Let every block start as the identity: set the weight of its last batch norm (`block.bn2`)
# to 0, in all blocks of `mr.models.resnet(20, width=width, seed=0)` and of the plain twin. Predict
# first: which parameters get a gradient other than 0 from the first batch, in the residual net and
# in the plain one? Then train the residual net by the recipe above. Does it end better than it did,
# or worse?
#
# <details><summary>Hint</summary>
# for block in net.blocks(): block.bn2.weight.data[...] = 0. One batch: images, labels =
# next(iter(mr.data.eval_loader(train_set, 64, train_set.pixel_mean()))). After backward, go through
# net.named_parameters() and print the names for which parameter.grad.any() is true. What goes back
# into the branch is multiplied by the weight that is 0; the gradient of this weight itself is not.
# One seed says little: try three.
# </details>

# %% [markdown]
# ## Recap
#
# - $y = \mathrm{relu}(F(x) + x)$; backward, $dx$ is what comes through $F$ plus what comes by the
#   shortcut, unchanged.
# - To do nothing, a residual block needs $F(x) = 0$, which is easy to learn; a plain block has to
#   learn the identity, which is not.
# - It is a bet: the shortcut helps where the target is near to what came in.
# - With shortcut A, plain and residual networks are twins: they differ in one addition per block,
#   and in no parameter.
# - A residual network of $n$ blocks is, for its gradient, a sum over $2^n$ paths.
#
# **In the library:** [`models/blocks.py`](../minires/models/blocks.py) has the blocks,
# [`models/cifar.py`](../minires/models/cifar.py) the networks,
# [`diagnostics/paths.py`](../minires/diagnostics/paths.py) the paths.
#
# **Next:** [10 · The degradation experiment](10_the_degradation_experiment.ipynb)

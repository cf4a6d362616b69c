# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-title", "locked": true, "schema_version": 3, "solution": false, "task": false}
# # A4 · Residual blocks
#
# A network with fifty plain layers learns worse than one with twenty. One addition after every
# second layer changes that. In this assignment you build the blocks that have it, from minires's
# layers: the two kinds of block, the two ways of fitting a shortcut, the initial weights, and whole
# networks. At the end you train a plain network and its residual twin from the same weights, and
# see what the addition does.
#
# **Goals.** You can draw initial weights that keep a signal's size; fit a shortcut where the shape
# changes; write a residual block in the right order; count a network's parameters; and set up a
# comparison in which one thing differs.
#
# **Time** about 4 hours. **Points** 34. Each task says how many; the check below it tells you what
# is wrong, if anything is. When your work is graded, the checks are repeated with other numbers.
#
# Run the cells from top to bottom. Replace the two lines at `# YOUR CODE HERE` with your code.
# Please leave the names of functions and the other cells as they are. You may add cells, and
# methods to your classes.

# %% nbgrader={"grade": false, "grade_id": "a4-begin", "locked": true, "schema_version": 3, "solution": false, "task": false}
import math

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import functional as F
from minires import nn
from minires.course import begin, check

begin("a4")  # from here on, minires has no models and no initial weights: you are writing them

# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-background", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Background
#
# A **residual block** computes
#
# $$y = \mathrm{relu}(F(x) + s(x)).$$
#
# $F$ is the **branch**: a few convolutions, with batch norm after each and ReLU between them. $s$
# is the **shortcut**. Where $F(x)$ has the shape of $x$, it is $s(x) = x$. Where the block makes
# the map smaller and the channels more, $x$ has to be fitted. He et al. (2015,
# [arXiv:1512.03385](https://arxiv.org/abs/1512.03385), section 3.3) give two ways: **option A**
# leaves pixels out and appends channels of zeros; **option B** is a 1x1 convolution, also called a
# **projection**, with batch norm. A **plain** block has no shortcut: $y = \mathrm{relu}(F(x))$.
#
# These are the parts of minires that you need. Images and maps are Tensors of shape (N, H, W, C):
#
# | | |
# |---|---|
# | `nn.Conv2d(in_channels, out_channels, kernel_size, stride=1, padding=0, ...)` | further `bias=True` and `rng=None`, which draws the weights (KH, KW, C_in, C_out) |
# | `nn.BatchNorm2d(num_features)` | weight 1 and bias 0 at first |
# | `nn.Linear(in_features, out_features, *, rng=None, std=None)` | (N, in_features) to (N, out_features); has a bias |
# | `nn.Sequential(*modules)` | one after another |
# | `F.pad(x, pad_width)` | zeros around x; `pad_width` has one pair (before, after) for each axis |
# | `F.global_avg_pool2d(x)` | the mean over the map: (N, H, W, C) to (N, C) |
# | `F.relu(x)`, `x[...]`, `x + y` | as in NumPy; like all of these recorded on the tape |
#
# A class that inherits from `nn.Module` makes its layers in `__init__`, as attributes, and uses
# them in `forward(self, x)`. `parameters()` does *not* find modules in a plain Python list. For a
# row of modules take `nn.Sequential`. Make layers in the order in which they are used (a projection
# last), each batch norm after its convolution.
#
# Notebook [11](../11_the_shortcut.ipynb) explains why the addition helps, and
# [06](../06_signals_and_initial_weights.ipynb) where the formula of the first task comes from.
#
# ## 1 · Initial weights (3 points)
#
# He's rule: draw weights from a normal distribution around 0 with
#
# $$\text{std}(w) = \sqrt{\frac{2}{n_{in}}}.$$
#
# $n_{in}$, the **fan-in**, is how many products one output adds up. Weights have shape
# (in_features, out_features) in a linear layer and (KH, KW, C_in, C_out) in a convolution; in every
# shape the last axis counts the outputs. minires computes in float32. Mind that a NumPy float64
# number as a factor would turn the array into float64.


# %% nbgrader={"grade": false, "grade_id": "a4-he-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def he_normal(shape, rng):
    """Initial weights for a layer that is followed by ReLU.

    Parameters
    ----------
    shape : tuple of int
        (in_features, out_features) or (KH, KW, C_in, C_out); the last axis counts the outputs.
    rng : np.random.Generator

    Returns
    -------
    ndarray of float32
    """
    ### BEGIN SOLUTION
    std = math.sqrt(2 / math.prod(shape[:-1]))
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(std)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a4-he_normal-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.he_normal", he_normal)
### BEGIN HIDDEN TESTS
check("a4.he_normal", he_normal, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "a4-he-figure", "locked": true, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(0)
x = rng.standard_normal((50, 200), dtype=np.float32)
sizes = []
for layer in range(30):
    x = np.maximum(x @ he_normal((200, 200), rng), 0)
    sizes.append((x**2).mean())
plt.figure(figsize=(5, 2.2))
plt.semilogy(range(1, 31), sizes, "o-", markersize=3)
plt.ylim(1e-3, 1e3)
plt.xlabel("layer")
plt.ylabel("mean square")
plt.title("30 linear layers with ReLU and your weights")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-a-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# The line should neither rise nor fall by much. (`nn.Conv2d` draws its weights by the same rule, so
# below you only need to pass `rng` on.)
#
# ## 2 · Shortcuts (7 points)
#
# **Option A** (4 points). Keep every `stride`-th pixel in height and in width, beginning with
# pixel 0. Append channels of zeros on the last axis, *after* the old ones, until there are
# `out_channels`. `x` is a Tensor and so is the result. Gradients have to find their way back, so
# slice the Tensor itself, and use `F.pad`.


# %% nbgrader={"grade": false, "grade_id": "a4-a-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def shortcut_a(x, stride, out_channels):
    """Option A: subsample and pad.

    Parameters
    ----------
    x : Tensor (N, H, W, C), with C <= out_channels
    stride, out_channels : int

    Returns
    -------
    Tensor (N, ceil(H / stride), ceil(W / stride), out_channels)
    """
    ### BEGIN SOLUTION
    x = x[:, ::stride, ::stride]
    return F.pad(x, ((0, 0), (0, 0), (0, 0), (0, out_channels - x.shape[-1])))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a4-a-test", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.shortcut_a", shortcut_a)
### BEGIN HIDDEN TESTS
check("a4.shortcut_a", shortcut_a, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-b-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **As a module** (3 points). `Shortcut("A", ...)` applies `shortcut_a` and has no parameters.
# `Shortcut("B", ...)` is a 1x1 convolution with the stride, without bias, followed by batch norm,
# *if* the shape changes. Where it does not, it returns `x` itself and has no parameters either. The
# shape changes if the stride is not 1 or the channels are not the same.


# %% nbgrader={"grade": false, "grade_id": "a4-b-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Shortcut(nn.Module):
    """What is added to F(x): option A or B."""

    def __init__(self, kind, in_channels, out_channels, stride, rng):
        """kind: "A" or "B"; rng: np.random.Generator."""
        ### BEGIN SOLUTION
        self.kind, self.stride, self.out_channels = kind, stride, out_channels
        if kind == "B" and (stride != 1 or in_channels != out_channels):
            self.conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False, rng=rng)
            self.bn = nn.BatchNorm2d(out_channels)
        else:
            self.conv = None
        ### END SOLUTION

    def forward(self, x):
        """(N, H, W, in_channels) -> (N, ceil(H / stride), ceil(W / stride), out_channels)."""
        ### BEGIN SOLUTION
        if self.conv is not None:
            return self.bn(self.conv(x))
        return shortcut_a(x, self.stride, self.out_channels)
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a4-b-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.shortcut", Shortcut)
### BEGIN HIDDEN TESTS
check("a4.shortcut", Shortcut, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-basic-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 3 · The basic block (9 points)
#
# $F$ has two layers: 3x3 convolution, batch norm, ReLU, 3x3 convolution, batch norm. The first
# convolution takes the stride and changes the channels. Both have padding 1 and no bias (why would
# a bias be of no use before batch norm?). Then comes the addition, then the last ReLU.
#
# `shortcut` is None for a plain block, which has the same layers but no addition, or "A" or "B".
#
# The checks look at the layers (2 points), at the plain block (2) and at the residual one (3), with
# their gradients.


# %% nbgrader={"grade": false, "grade_id": "a4-basic-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
class BasicBlock(nn.Module):
    """Two 3x3 convolutions, and what came in: y = relu(F(x) + shortcut(x))."""

    def __init__(self, in_channels, out_channels, stride, shortcut, rng):
        """shortcut: None (a plain block), "A" or "B"."""
        ### BEGIN SOLUTION
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False, rng=rng)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False, rng=rng)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = (
            Shortcut(shortcut, in_channels, out_channels, stride, rng) if shortcut else None
        )
        ### END SOLUTION

    def forward(self, x):
        """(N, H, W, in_channels) -> (N, ceil(H / stride), ceil(W / stride), out_channels)."""
        ### BEGIN SOLUTION
        inner = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(inner))
        if self.shortcut is not None:
            y = y + self.shortcut(x)
        return F.relu(y)
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a4-basic-layers-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.basic_layers", BasicBlock)
### BEGIN HIDDEN TESTS
check("a4.basic_layers", BasicBlock, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a4-basic-plain-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.basic_plain", BasicBlock)
### BEGIN HIDDEN TESTS
check("a4.basic_plain", BasicBlock, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a4-basic-residual-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.basic_residual", BasicBlock)
### BEGIN HIDDEN TESTS
check("a4.basic_residual", BasicBlock, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-nothing-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **Doing nothing** (2 points). A fresh block adds something random to $x$. Change *one* parameter
# array of a residual block, in place (`parameter.data[...] = ...`), such that $F(x) = 0$ for every
# $x$, and such that the block can still learn: choose it in the layer that comes last before the
# addition. Batch norm's bias starts at 0 and stays as it is.


# %% nbgrader={"grade": false, "grade_id": "a4-nothing-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def do_nothing(block):
    """Make a fresh BasicBlock hand on what it gets, if that is not negative and its shape does not
    change."""
    ### BEGIN SOLUTION
    block.bn2.weight.data[...] = 0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a4-nothing-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.do_nothing", do_nothing, BasicBlock)
### BEGIN HIDDEN TESTS
check("a4.do_nothing", do_nothing, BasicBlock, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-bottleneck-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 4 · The bottleneck (3 points)
#
# Networks of 50 layers and more use another block. A 1x1 convolution reduces the channels to
# `mid_channels`, a 3x3 convolution works on these few, and a 1x1 convolution expands to
# `out_channels`. Batch norm follows each, ReLU stands between them; addition and last ReLU are as
# above.
#
# The stride is in the **3x3** convolution. In the paper it is in the first 1x1, which then never
# looks at three quarters of the pixels. Today's libraries have it in the 3x3.


# %% nbgrader={"grade": false, "grade_id": "a4-bottleneck-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Bottleneck(nn.Module):
    """Convolutions 1x1, 3x3 and 1x1, and what came in: y = relu(F(x) + shortcut(x))."""

    def __init__(self, in_channels, mid_channels, out_channels, stride, shortcut, rng):
        """shortcut: None (a plain block), "A" or "B"."""
        ### BEGIN SOLUTION
        self.reduce = nn.Conv2d(in_channels, mid_channels, 1, bias=False, rng=rng)
        self.norm1 = nn.BatchNorm2d(mid_channels)
        self.spread = nn.Conv2d(
            mid_channels, mid_channels, 3, stride, padding=1, bias=False, rng=rng
        )
        self.norm2 = nn.BatchNorm2d(mid_channels)
        self.expand = nn.Conv2d(mid_channels, out_channels, 1, bias=False, rng=rng)
        self.norm3 = nn.BatchNorm2d(out_channels)
        self.fitted = (
            Shortcut(shortcut, in_channels, out_channels, stride, rng) if shortcut else None
        )
        ### END SOLUTION

    def forward(self, x):
        """(N, H, W, in_channels) -> (N, ceil(H / stride), ceil(W / stride), out_channels)."""
        ### BEGIN SOLUTION
        h = F.relu(self.norm1(self.reduce(x)))
        h = F.relu(self.norm2(self.spread(h)))
        h = self.norm3(self.expand(h))
        return F.relu(h if self.fitted is None else h + self.fitted(x))
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a4-bottleneck-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.bottleneck", Bottleneck)
### BEGIN HIDDEN TESTS
check("a4.bottleneck", Bottleneck, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "a4-bottleneck-count", "locked": true, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(0)
for name, block in (
    ("basic, 64 channels", BasicBlock(64, 64, 1, "A", rng)),
    ("basic, 256 channels", BasicBlock(256, 256, 1, "A", rng)),
    ("bottleneck, 256 channels, 64 in the middle", Bottleneck(256, 64, 256, 1, "A", rng)),
):
    print(f"{name}: {block.num_parameters():,} parameters")

# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-net-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 5 · Whole networks (7 points)
#
# The network of the paper for small images (section 4.2), with $n$ blocks in each of three stages:
#
# | | layers | channels | map, for 32x32 images |
# |---|---|---|---|
# | first | 3x3 convolution (padding 1, no bias), batch norm, ReLU | `width` | 32 x 32 |
# | stage 1 | $n$ basic blocks | `width` | 32 x 32 |
# | stage 2 | $n$ basic blocks, the first with stride 2 | 2 `width` | 16 x 16 |
# | stage 3 | $n$ basic blocks, the first with stride 2 | 4 `width` | 8 x 8 |
# | last | mean over the map (`F.global_avg_pool2d`), linear layer with `std=0.01` | 10 logits | |
#
# That makes $6n + 2$ layers with weights. The paper's width is 16. With `shortcut=None` all blocks
# are plain.
#
# One check counts the parameters (2 points). The numbers must be exact, 269,722 for 20 layers and
# 853,018 for 56, both with option A. Another compares the logits and walks back through 56 layers
# (3 points).


# %% nbgrader={"grade": false, "grade_id": "a4-net-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
class ResNet(nn.Module):
    """The plain or residual network of 6n + 2 layers."""

    def __init__(self, n, width, shortcut, rng):
        """n: blocks in a stage; width: channels of the first; shortcut: None, "A" or "B"."""
        ### BEGIN SOLUTION
        self.conv = nn.Conv2d(3, width, 3, padding=1, bias=False, rng=rng)
        self.bn = nn.BatchNorm2d(width)
        blocks, channels = [], width
        for stage, out in enumerate((width, 2 * width, 4 * width)):
            for i in range(n):
                blocks.append(
                    BasicBlock(channels, out, 2 if stage > 0 and i == 0 else 1, shortcut, rng)
                )
                channels = out
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(channels, 10, rng=rng, std=0.01)
        ### END SOLUTION

    def forward(self, x):
        """Tensor (N, H, W, 3) -> Tensor (N, 10)."""
        ### BEGIN SOLUTION
        x = self.blocks(F.relu(self.bn(self.conv(x))))
        return self.fc(F.global_avg_pool2d(x))
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a4-count-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.count", ResNet)
### BEGIN HIDDEN TESTS
check("a4.count", ResNet, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a4-net-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.network", ResNet)
### BEGIN HIDDEN TESTS
check("a4.network", ResNet, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-twins-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **Twins** (2 points). To see what the addition does, nothing else may differ. Build a plain
# network and a residual one with option A that start from *the same* weights. They must not share
# the arrays, since each network will be trained.


# %% nbgrader={"grade": false, "grade_id": "a4-twins-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def twins(n, width, seed):
    """A plain and a residual network (option A) with equal initial weights.

    Returns
    -------
    plain, residual : ResNet
    """
    ### BEGIN SOLUTION
    plain = ResNet(n, width, None, np.random.default_rng(seed))
    residual = ResNet(n, width, "A", np.random.default_rng(seed))
    return plain, residual
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a4-twins-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.twins", twins)
### BEGIN HIDDEN TESTS
check("a4.twins", twins, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-train-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 6 · The twins in training (5 points)
#
# Write the loop (2 points). For every batch, compute the loss (`F.cross_entropy(logits, labels)`),
# walk back, and take one step of `mr.optim.SGD(net.parameters(), lr, momentum=0.9)`, with
# `zero_grad()` before each walk. A network takes Tensors, and the images of a batch are an array:
# `mr.Tensor(images)`. Return the losses as numbers (`loss.item()`), each from before its step.


# %% nbgrader={"grade": false, "grade_id": "a4-train-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train(net, batches, lr):
    """One step for every batch.

    Parameters
    ----------
    net : nn.Module
    batches : list of (images, labels)
        ndarray (N, H, W, 3) of float32, and ndarray (N,) of int.
    lr : float

    Returns
    -------
    list of float
        The loss of every batch, before its step.
    """
    ### BEGIN SOLUTION
    optimizer = mr.optim.SGD(net.parameters(), lr, momentum=0.9)
    losses = []
    for images, labels in batches:
        loss = F.cross_entropy(net(mr.Tensor(images)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a4-train-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.train", train)
### BEGIN HIDDEN TESTS
check("a4.train", train, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-curves-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# The images show drawn stripes in ten directions, with random colours, widths and places, under
# noise. The label is the direction. Each image is used once, so every loss is for images that the
# network has not seen before. Three pairs of twins with 20 layers are trained (20 seconds or so in
# all).
#
# **Predict** before you run it. Which of the two will have the lower loss at first, and which after
# 80 steps?


# %% nbgrader={"grade": false, "grade_id": "a4-curves-run", "locked": true, "schema_version": 3, "solution": false, "task": false}
def stripes(n, size, rng):
    """Images (n, size, size, 3) of float32, and the directions 0 .. 9 of their stripes."""
    labels = rng.integers(0, 10, n)
    angle = (np.pi * labels / 10 + rng.uniform(-0.05, 0.05, n))[:, None, None]
    row, column = np.mgrid[:size, :size]
    along = np.cos(angle) * row + np.sin(angle) * column
    wave = np.sin(rng.uniform(0.8, 1.3, (n, 1, 1)) * along + rng.uniform(0, 2 * np.pi, (n, 1, 1)))
    colours, noise = rng.standard_normal((n, 1, 1, 3)), rng.standard_normal((n, size, size, 3))
    return (0.7 * wave[..., None] * colours + 0.3 * noise).astype(np.float32), labels


rng = np.random.default_rng(0)
batches = [stripes(32, 16, rng) for _ in range(80)]
losses, start = {"plain": [], "resnet": []}, {"plain": [], "resnet": []}
for seed in range(3):
    for family, net in zip(losses, twins(3, 8, seed)):
        start[family].append(
            np.concatenate([parameter.data.ravel() for parameter in net.parameters()])
        )
        losses[family].append(train(net, batches, lr=0.05))

figure, axes = plt.subplots(1, 8, figsize=(8, 1.3))
for ax, image, label in zip(axes, *batches[0]):
    ax.imshow(np.clip(0.5 + image / 4, 0, 1))
    ax.set_title(f"label {label}", fontsize=8)
    ax.axis("off")
plt.figure(figsize=(7, 3))
for family, colour in (("plain", "#D55E00"), ("resnet", "#0072B2")):
    for seed, run in enumerate(losses[family]):
        smooth = np.convolve(run, np.ones(10) / 10, "valid")
        plt.plot(range(10, 81), smooth, color=colour, label=None if seed else f"{family}-20")
plt.xlabel("step")
plt.ylabel("loss, mean of 10 steps")
plt.legend()
plt.show()

# %% nbgrader={"grade": true, "grade_id": "a4-curves-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a4.curves", losses, start, train, twins)
### BEGIN HIDDEN TESTS
check("a4.curves", losses, start, train, twins, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-question", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **What does it show?** (2 points) A friend looks at your figure and says: "So residual networks
# are better than plain ones because their gradients do not vanish. With option B the gap would be
# even larger, so use that." In four to six sentences: what does the figure show and what not, and
# why is option A the fairer choice for this comparison?

# %% [markdown] nbgrader={"grade": true, "grade_id": "a4-answer", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# *Model answer.* The figure shows that with 20 layers, width 8, these images and this learning
# rate, the loss of the residual network falls faster in the first 80 steps, for three of three
# initial weights. The twins have the same number of parameters, the same initial values and the
# same batches, so the difference comes from the addition. The figure does not show why: no gradient
# was measured, and in the first steps the residual network even has the higher loss. Nor does it
# show that the plain network would not catch up, that other learning rates or depths give the same,
# or that it would be so for photographs. Option B adds parameters and draws more random numbers, so
# the two networks would differ in more than the addition: a larger gap could come from that.
#
# *Rubric.* 1 point: the figure shows faster descent in this setting; the cause (gradients) was not
# measured, or another limit of the experiment (few steps, one depth, one learning rate, drawn
# images). 1 point: with A the addition is the only difference; B adds parameters (and other
# weights).

# %% [markdown] nbgrader={"grade": false, "grade_id": "a4-bonus", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Bonus (no points)
#
# **1.** Call `do_nothing` on every residual block of a network before it is trained (Goyal et al.
# 2017, [arXiv:1706.02677](https://arxiv.org/abs/1706.02677), section 5.1). What is the first loss
# of the residual network now, compared with before? Does it learn faster?
#
# **2.** Build a network of bottlenecks: $9n + 2$ layers, `out_channels = 4 * mid_channels`. How
# many parameters does one of 29 layers have, and how does its curve compare with that of resnet-20?
#
# **3.** Move the ReLU: $y = x + \mathrm{relu}(F(x))$. What can such a block never do, and what
# happens to the size of the signal over many of them? (He et al. 2016,
# [arXiv:1603.05027](https://arxiv.org/abs/1603.05027), figure 4.)

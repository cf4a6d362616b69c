# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-title", "locked": true, "schema_version": 3, "solution": false, "task": false}
# # A6 · Gradient norms, and one claim of your choice
#
# Do gradients vanish in a deep plain net, or do they explode, or are they healthy? People have said
# all three. In this assignment you build the instruments that decide it, use them before the first
# step and during the first steps, and then test a claim of your own choice.
#
# **Goals.** You can say how large a gradient is, layer by layer; average and compare factors; catch
# gradients that no parameter keeps; record a training without recording nonsense; and plan a
# measurement so that its result can go against you.
#
# **Time** about 4 hours. **Points** 35, of which 9 are for three answers in words. Each task says
# how many; the check below it tells you what is wrong, if anything is. When your work is graded,
# the checks are repeated with other numbers.
#
# Run the cells from top to bottom. Replace the two lines at `# YOUR CODE HERE` with your code.
# Please leave the names of functions and the other cells as they are. You may add cells.

# %% nbgrader={"grade": false, "grade_id": "a6-begin", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown

import minires as mr
from minires import diagnostics, plot
from minires import functional as F
from minires.course import begin, check
from minires.data import eval_loader
from minires.training import RunConfig, Trainer

begin("a6")  # from here on, minires measures no gradients: you do

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-background", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Background
#
# After `loss.backward()` every parameter $w$ of a net has its gradient $dw$, an array of the same
# shape, in `p.grad`. To compare layers one number for each is enough: the length of $dw$, its
# **norm**
#
# $$|dw| = \sqrt{\textstyle\sum dw^2}, \qquad\text{the sum over all its elements.}$$
#
# **Depth** is counted along the way of the signal: the convolution next to the images is layer 1,
# the linear layer that gives the logits is the last. If $|dw|$ is much smaller in layer 1 than in
# the last convolution, gradients *vanish* (towards the images). If it is much larger, they
# *explode*.
#
# Seeds differ, so one net is not enough. And a ratio is a **factor**: a net in which the first
# gradient is 100 times the last and one in which it is 1/100 of it do not make "50 times on
# average".
#
# Notebook [13](../13_where_the_gradients_go.ipynb) tells the story for larger nets, and
# [claims.md](../../docs/claims.md) has the results of tests of such claims with larger ones still.
# Here the nets have 4 channels and the images 8 x 8 pixels, so that everything takes seconds.

# %% nbgrader={"grade": false, "grade_id": "a6-data", "locked": true, "schema_version": 3, "solution": false, "task": false}
plot.use_style()
plt.rcParams["figure.dpi"] = 80

train_set, test_set = mr.data.synthetic(1000, 300, size=8)  # drawn shapes, ten classes
images = (train_set.images[:64] / 255 - train_set.pixel_mean()).astype(np.float32)
labels = train_set.labels[:64]
test_loader = eval_loader(test_set, 300, train_set.pixel_mean())
BUILD = {"plain": mr.models.plain, "resnet": mr.models.resnet}


def fresh(family, depth, seed, **settings):
    """A net with its initial weights: fresh("plain", 44, 0), fresh("resnet", 8, 0,
    batch_norm=False)."""
    return BUILD[family](depth, width=4, seed=seed, **settings)


# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-norms", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 1 · How large is a gradient? (6 points)
#
# First the norm of an array of any shape (1 point). You get one more point for computing in
# float64, whatever the array's dtype is. Gradients that explode or vanish may be as large as
# $10^{25}$ or as small as $10^{-25}$, and their squares do not fit into float32.


# %% nbgrader={"grade": false, "grade_id": "a6-norm-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def norm(array):
    """The root of the sum of squares of all numbers of an array, computed in float64.

    Parameters
    ----------
    array : ndarray of any shape, float32 or float64

    Returns
    -------
    a number
    """
    ### BEGIN SOLUTION
    return np.sqrt(np.square(array, dtype=np.float64).sum())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a6-norm-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.norm", norm)
### BEGIN HIDDEN TESTS
check("a6.norm", norm, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a6-norm-range-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.norm_range", norm)
### BEGIN HIDDEN TESTS
check("a6.norm_range", norm, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-norms-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Now look at a whole net after `backward`. `gradient_norms` reports on the weights of its
# convolutions and linear layers, in order of depth, by the names that `net.named_parameters()`
# gives them. Biases, and the weights of batch norm (one number for each channel), do not count.
# They have a single axis.
#
# `relative_norms` reports $|dw| / |w|$: how far a step at learning rate 1 would move the weights,
# as a share of their length.


# %% nbgrader={"grade": false, "grade_id": "a6-gradient-norms-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gradient_norms(net):
    """|dw| of every convolution and linear layer, after backward.

    Returns
    -------
    dict: name of the parameter -> number, in order of depth
    """
    ### BEGIN SOLUTION
    return {name: norm(p.grad) for name, p in net.named_parameters() if p.ndim > 1}
    ### END SOLUTION


def relative_norms(net):
    """|dw| / |w| of every convolution and linear layer, after backward: a dict as from
    gradient_norms."""
    ### BEGIN SOLUTION
    return {name: norm(p.grad) / norm(p.data) for name, p in net.named_parameters() if p.ndim > 1}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a6-gradient-norms-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.gradient_norms", gradient_norms)
### BEGIN HIDDEN TESTS
check("a6.gradient_norms", gradient_norms, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a6-relative-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.relative_norms", relative_norms)
### BEGIN HIDDEN TESTS
check("a6.relative_norms", relative_norms, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "a6-norms-look", "locked": true, "schema_version": 3, "solution": false, "task": false}
net = fresh("plain", 8, seed=0)
loss = F.cross_entropy(net(mr.Tensor(images)), labels)
loss.backward()
relative = relative_norms(net)
for depth, (name, size) in enumerate(gradient_norms(net).items(), 1):
    print(f"layer {depth}  {name:22}  |dw| {size:.4f}  |dw| / |w| {relative[name]:.4f}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-factors", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 2 · The mean and the growth of factors (4 points)
#
# **The geometric mean** (1 point) of $n$ positive numbers is the $n$-th root of their product: of
# 10 and 1000 it is 100. Compute it with logarithms, as the product of many gradients is soon too
# small to be stored. Take it over the seeds, the first axis of the table.
#
# **The growth.** If $|dw|$ is multiplied by the same factor $g$ from each layer to the one *before*
# it, nearer to the images, then its logarithm falls along a straight line, by $\ln g$ a layer. Real
# norms jump about that line. So fit the line of least squares to the logarithms. For points $(x_i,
# y_i)$, with means $\bar x$ and $\bar y$, its slope is
#
# $$\frac{\sum_i (x_i - \bar x)(y_i - \bar y)}{\sum_i (x_i - \bar x)^2}.$$
#
# Write `line_slope` (2 points), and with it `growth` (1 point), which returns $g$: above 1 where
# gradients grow on their way back to the images.


# %% nbgrader={"grade": false, "grade_id": "a6-factors-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def geometric_mean(table):
    """The geometric mean over the first axis.

    Parameters
    ----------
    table : ndarray (seeds, layers), all numbers above 0

    Returns
    -------
    ndarray (layers,)
    """
    ### BEGIN SOLUTION
    return np.exp(np.log(table).mean(axis=0))
    ### END SOLUTION


def line_slope(y):
    """The slope of the line of least squares through the points (0, y[0]), (1, y[1]), ...

    Parameters
    ----------
    y : ndarray (n,)

    Returns
    -------
    a number
    """
    ### BEGIN SOLUTION
    x = np.arange(len(y)) - (len(y) - 1) / 2
    return (x * (y - y.mean())).sum() / (x * x).sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a6-geometric-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.geometric_mean", geometric_mean)
### BEGIN HIDDEN TESTS
check("a6.geometric_mean", geometric_mean, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a6-slope-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.line_slope", line_slope)
### BEGIN HIDDEN TESTS
check("a6.line_slope", line_slope, hidden=True)
### END HIDDEN TESTS


# %% nbgrader={"grade": false, "grade_id": "a6-growth-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def growth(norms):
    """The factor by which norms grow from a layer to the one before it, by the line of least
    squares.

    Parameters
    ----------
    norms : ndarray (layers,), from the images to the logits

    Returns
    -------
    a number
    """
    ### BEGIN SOLUTION
    return np.exp(-line_slope(np.log(norms)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a6-growth-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.growth", growth)
### BEGIN HIDDEN TESTS
check("a6.growth", growth, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-start", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 3 · Before the first step (7 points)
#
# **The measurement** (3 points). For each seed build a net with `build(seed)`, send the batch
# through it, call `backward` on the cross-entropy, and take the norms of all *convolutions*. The
# last layer, which gives the logits, starts with much smaller weights than the others, so leave it
# out. The nets stay in training mode, as they are.
#
# **The figure** (1 point). Draw a line for each kind of net: the geometric mean over the seeds
# against the layer, counted from 1, on a logarithmic vertical axis (`ax.set_yscale("log")`), with
# names at both axes and a legend.


# %% nbgrader={"grade": false, "grade_id": "a6-start-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def norms_at_start(build, images, labels, seeds):
    """|dw| of every convolution before the first step, for several seeds.

    Parameters
    ----------
    build : function
        build(seed) gives a new net.
    images : ndarray (n, height, width, 3)
    labels : ndarray (n,)
    seeds : sequence of int

    Returns
    -------
    ndarray (seeds, convolutions)
    """
    ### BEGIN SOLUTION
    table = []
    for seed in seeds:
        net = build(seed)
        F.cross_entropy(net(mr.Tensor(images)), labels).backward()
        table.append(list(gradient_norms(net).values())[:-1])
    return np.array(table)
    ### END SOLUTION


def draw(ax, norms):
    """Draw norms by layer.

    Parameters
    ----------
    ax : matplotlib Axes
    norms : dict
        What a line is called -> a table (seeds, layers).
    """
    ### BEGIN SOLUTION
    for name, table in norms.items():
        ax.plot(np.arange(1, table.shape[1] + 1), geometric_mean(table), label=name)
    ax.set_yscale("log")
    ax.set_xlabel("layer, from the images to the logits")
    ax.set_ylabel("|dw|")
    ax.legend()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a6-start-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.norms_at_start", norms_at_start)
### BEGIN HIDDEN TESTS
check("a6.norms_at_start", norms_at_start, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a6-draw-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.draw", draw)
### BEGIN HIDDEN TESTS
check("a6.draw", draw, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-predict", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **Before you run the next cell, predict.** Plain nets of 8, 20 and 44 layers, and residual ones:
# by which factor is $|dw|$ of the first convolution larger or smaller than that of the last? Does
# it matter whether there is batch norm?

# %% nbgrader={"grade": false, "grade_id": "a6-start-run", "locked": true, "schema_version": 3, "solution": false, "task": false}
start = {}
for batch_norm in (True, False):
    for family in BUILD:
        for depth in (8, 20, 44):
            name = f"{family}-{depth}" + ("" if batch_norm else ", no batch norm")
            build = lambda seed: fresh(family, depth, seed, batch_norm=batch_norm)
            start[name] = norms_at_start(build, images, labels, seeds=range(5))

rows = ["| net | first over last, mean of 5 seeds | range | growth a layer |", "|---|---|---|---|"]
for name, table in start.items():
    ratio, middle = table[:, 0] / table[:, -1], geometric_mean(table)
    rows.append(
        f"| {name} | {geometric_mean(ratio):.2f} | {ratio.min():.2f} to {ratio.max():.2f} "
        f"| {growth(middle):.3f} |"
    )
Markdown("\n".join(rows))

# %% nbgrader={"grade": false, "grade_id": "a6-start-figure", "locked": true, "schema_version": 3, "solution": false, "task": false}
figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
for ax, without in zip(axes, (False, True)):
    chosen = {name: table for name, table in start.items() if ("no batch norm" in name) == without}
    draw(ax, {name.split(",")[0]: table for name, table in chosen.items()})
    for line in ax.get_lines():
        family, depth = line.get_label().split("-")
        line.set(color=plot.SHADES[family][("8", "20", "44").index(depth)], linewidth=2)
    ax.legend()
    ax.set_title("without batch norm" if without else "with batch norm")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-start-question", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **In words** (3 points). Which of the three stories (vanish, explode, healthy) does each kind of
# net tell at this moment: plain and residual, shallow and deep, with and without batch norm? Look
# at the slope of the lines and at their height: they are two things. Which part of the net makes
# the difference, and from which comparison do you see it? And why does the table take the geometric
# mean: name a case in which the arithmetic mean over seeds would mislead. Six to ten sentences,
# with numbers.

# %% [markdown] nbgrader={"grade": true, "grade_id": "a6-start-answer", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# *Model answer.* With batch norm the plain nets tell "explode", the more the deeper: the first
# convolution's gradient is about as large as the last's in plain-8, 7 times in plain-20 and 290
# times in plain-44. In plain-44 the line through the logarithms has a growth of 1.14 a layer. In
# residual nets it is about level: 7 times in resnet-44, 1.03 a layer. Nowhere does it vanish at
# this moment. Without batch norm even plain-44 grows by a few per cent a layer only (a factor of 5
# in all, between 1.5 and 9 by seed), and resnet-44 stays within a factor of 1.4. What does differ
# there is the height: in all layers of plain-44 alike $|dw|$ is about $10^{-7}$, for with every
# layer the signal, and what comes back, gets a little weaker (padding), and nothing restores it.
# Anyone who calls that "vanish" means something else than "towards the images". So neither depth
# alone nor the missing shortcut alone explodes: it takes batch norm (with ReLU) *and* many layers
# *without* a shortcut. One sees it by changing one thing at a time: plain-44 against resnet-44, and
# plain-44 with batch norm against without. (All of this is about $|dw|$ at width 4; of $|dy|$ it
# says nothing.) The geometric mean suits factors: of a seed with 100 and one with 1/100 it makes 1,
# the arithmetic mean 50, and of the inverse ratio it makes 50 again, so that gradients would
# explode in both directions. One seed with a huge ratio decides an arithmetic mean alone.
#
# *Rubric.* 1 point: the right story for plain and residual nets with batch norm, with depth and
# numbers. 1 point: without batch norm much less growth (and small gradients everywhere in the deep
# plain net), and the conclusion from comparisons that differ in one thing. 1 point: a case that
# shows what the arithmetic mean does to factors. Half a point off if "vanish" and "explode" are
# used without saying in which direction.

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-hooks", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 4 · The gradient between the blocks (3 points)
#
# $|dw|$ is what the optimiser gets. From block to block another gradient is passed on, $dy$, that
# of the loss with respect to the *output* of a block. No parameter keeps it, it only passes by. To
# catch it you need two kinds of **hooks**:
#
# - After `block.register_forward_hook(hook)`, the block calls `hook(module, inputs, y)` whenever it
#   has computed its output `y`, a Tensor. It returns a handle, and `handle.remove()` takes the hook
#   off the block again.
# - After `y.register_hook(hook)`, `hook(dy)` is called with an array when backward comes past `y`.
#
# If a hook returns something, that replaces its argument. Yours should only look, so return
# nothing. `net.blocks()` lists the blocks from the images to the logits. Take your hooks off the
# blocks when you are done: the net may be used for other things.


# %% nbgrader={"grade": false, "grade_id": "a6-hooks-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def block_gradients(net, images, labels):
    """|dy| of the output of each block, from one forward and backward pass. No hooks are left in
    the net.

    Parameters
    ----------
    net : a plain or residual net
    images : ndarray (n, height, width, 3)
    labels : ndarray (n,)

    Returns
    -------
    ndarray (blocks,), from the images to the logits
    """
    ### BEGIN SOLUTION
    norms = np.zeros(len(net.blocks()))

    def hook_for(number):
        def note(dy):
            norms[number] = norm(dy)

        def after_forward(module, inputs, y):
            y.register_hook(note)

        return after_forward

    handles = [
        block.register_forward_hook(hook_for(number)) for number, block in enumerate(net.blocks())
    ]
    F.cross_entropy(net(mr.Tensor(images)), labels).backward()
    for handle in handles:
        handle.remove()
    return norms
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a6-hooks-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.block_gradients", block_gradients)
### BEGIN HIDDEN TESTS
check("a6.block_gradients", block_gradients, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "a6-hooks-look", "locked": true, "schema_version": 3, "solution": false, "task": false}
for family in BUILD:
    dy = block_gradients(fresh(family, 44, seed=0), images, labels)
    print(
        f"{family}-44: |dy| is {dy[0]:.4f} at the first block, {dy[-1]:.4f} at the last; "
        f"largest over smallest {dy.max() / dy.min():.0f}"
    )

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-recorder", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 5 · The first steps (5 points)
#
# In every step a `Trainer` calls `after_backward(trainer)` of each of its callbacks, when gradients
# are there and the weights have not yet moved. Write the class of such a callback (3 points). It
# keeps two lists with one row a step, and in each row one number for every *convolution* of
# `trainer.model`:
#
# - `gradients`: $|dw|$;
# - `moved`: $|w - w_0|$, how far the weights are from $w_0$, those of the net that it was made
#   with, before training.


# %% nbgrader={"grade": false, "grade_id": "a6-recorder-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Recorder:
    """Notes gradients and weights in every step: Trainer(..., callbacks=[Recorder(net)]).

    Attributes
    ----------
    gradients, moved : list
        A row for each step so far, a list or an array of one number for each convolution.
    """

    def __init__(self, net):
        ### BEGIN SOLUTION
        self.first = [p.data.copy() for p in net.parameters() if p.ndim > 1][:-1]
        self.gradients, self.moved = [], []
        ### END SOLUTION

    def after_backward(self, trainer):
        ### BEGIN SOLUTION
        convolutions = [p for p in trainer.model.parameters() if p.ndim > 1][:-1]
        self.gradients.append([norm(p.grad) for p in convolutions])
        self.moved.append([norm(p.data - first) for p, first in zip(convolutions, self.first)])
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a6-recorder-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.recorder", Recorder)
### BEGIN HIDDEN TESTS
check("a6.recorder", Recorder, hidden=True)
### END HIDDEN TESTS


# %% nbgrader={"grade": false, "grade_id": "a6-train", "locked": true, "schema_version": 3, "solution": false, "task": false}
def train(net, seed, steps, callbacks=(), **settings):
    """Train a net for some steps of 50 images; settings as for a RunConfig, such as lr=0.05 or
    warmup=20."""
    usual = {
        "iterations": steps,
        "batch_size": 50,
        "lr": 0.1,
        "drops": (),
        "crop_padding": 0,
        "seed": seed,
    }
    config = RunConfig(**{**usual, **settings})
    Trainer(net, train_set, test_set, config, callbacks=callbacks, progress=False).run()
    return net


recorders = {}
for family in BUILD:
    net = fresh(family, 44, seed=0)
    recorders[family] = Recorder(net)
    train(net, 0, 40, [recorders[family]])

from matplotlib.colors import LogNorm

tables = {family: np.array(recorder.gradients) for family, recorder in recorders.items()}
scale = LogNorm(*np.quantile(np.concatenate(list(tables.values())), (0.01, 0.99)))
figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
for ax, (family, table) in zip(axes, tables.items()):
    ax.grid(False)
    mesh = ax.pcolormesh(
        np.arange(len(table)),
        np.arange(1, 44),
        table.T,
        norm=scale,
        cmap="cividis",
        shading="nearest",
    )
    ax.set_title(f"{family}-44: |dw|")
    ax.set_ylabel("layer, images below")
figure.colorbar(mesh, ax=axes[:2], label="|dw|")
for family, recorder in recorders.items():
    axes[2].plot(
        np.array(recorder.moved)[:, :10].mean(axis=1),
        color=plot.COLOURS[family],
        linewidth=2,
        label=f"{family}-44",
    )
axes[2].set_title("|w - w0|, mean of layers 1 to 10")
axes[2].legend()
for ax in axes:
    ax.set_xlabel("step")
plt.show()

print("|dw| of the first five over the last five convolutions, at steps 0, 5, 10, 20 and 39:")
for family, table in tables.items():
    ratio = [
        geometric_mean(row[:5]) / geometric_mean(row[-5:]) for row in table[[0, 5, 10, 20, 39]]
    ]
    print(f"{family}-44: " + ", ".join(f"{number:.2g}" for number in ratio))

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-train-question", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **In words** (2 points). Somebody measures plain-44 once, at a step of their choice, and reports.
# What could they report, and at which steps? What has to be added to a sentence such as "in deep
# plain nets gradients vanish" before it can be true or false? Three to five sentences.

# %% [markdown] nbgrader={"grade": true, "grade_id": "a6-train-answer", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# *Model answer.* At step 0 they report that gradients explode: the first five convolutions have
# gradients about a hundred and more times as large as the last five. Ten to twenty steps later the
# two are about alike, and the report is "healthy"; at steps 20 to 40 the early layers have the
# smaller ones (in resnet-44, too), and somebody who looks only then sees them vanish. The sentence
# needs the step (or the state of training), which gradient ($dw$ or $dy$) and between which layers,
# the net (width, depth, batch norm), and more than one seed. The picture shows *that* the weights
# near the images were thrown much further in the plain net than in the residual one; it does not
# show that this is the reason for what follows.
#
# *Rubric.* 1 point: at least two of the stories, each with the steps at which the figure or the
# numbers show it. 1 point: the step and at least two of: which gradient, which layers, which net,
# how many seeds.

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-claim", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 6 · A claim of your choice (10 points)
#
# A measurement is worth something if it could have gone the other way. So go in this order: a
# sentence; what each side expects you to measure; a rule that turns numbers into a verdict; and
# only then the numbers.
#
# All claims here have the form **A is larger than B**, for two numbers of one seed. Choose one of
# these, or make up your own if it takes no longer: about 5 seconds a seed, as grading stops a cell
# that takes more than a minute.
#
# | claim | A | B | you may use |
# |---|---|---|---|
# | 1 Shortcuts keep the gradient even: along its blocks it changes more in a plain net. | log10 of the largest over the smallest $\lvert dy\rvert$ at a block, fresh plain-44 | the same, resnet-44 | `block_gradients` |
# | 2 The first steps throw out the early layers of a plain net, not those of a residual one. | $\lvert w\rvert$ after 20 steps over $\lvert w\rvert$ before, geometric mean of the first ten convolutions, plain-44 | the same, resnet-44 | `train` |
# | 3 A warm-up prevents the fall of the early layers' gradients. | log10 of $\lvert dw\rvert$ at step 0 over that at the last of 40 steps, mean of the first ten convolutions, plain-44 | the same with `warmup=20` (compare what is comparable: is step 0 the same?) | `train`, `Recorder` |
# | 4 Leaving out one block hurts a plain net more. | rise of the test error in points, mean of the blocks, plain-14 after 120 steps | the same, resnet-14 | `train`, `diagnostics.drop_each(net, test_loader)` |
# | 5 Layers of a plain net respond more strongly than those of a residual one. | mean of `std` over the convolutions, plain-14 after 100 steps | the same, resnet-14 | `train`, `diagnostics.responses(net, test_loader)` |
# | 6 Batch norm makes a layer's gradient independent of the scale of its weights. | size of log10 of ($\lvert dw\rvert$ with the weights of one convolution times 10, over $\lvert dw\rvert$ with the weights as they are), fresh plain-20 *without* batch norm | the same *with* batch norm | `gradient_norms` |
#
# `drop_each` returns a list of records with the field `error`, in percent: the first is that of the
# whole net, then comes one for each block left out. `responses` returns a list of records with the
# field `std`, one for each layer; the last one, of the logits, is no convolution.
# (`help(diagnostics.drop_each)` says more.) "First" convolutions are those next to the images.
#
# **The verdict** (3 points). One pair (A, B) for each seed, and a **margin**: a difference so small
# that you would not call it one.
#
# - *supported* if A is larger than B by more than the margin with *every* seed;
# - *contradicted* if B is larger than A by more than the margin with every seed;
# - *undecided* otherwise; also if there are fewer than three pairs, or a number is not finite.


# %% nbgrader={"grade": false, "grade_id": "a6-verdict-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def verdict(pairs, margin):
    """What the numbers say about "A is larger than B".

    Parameters
    ----------
    pairs : list of (A, B)
        Two numbers for each seed.
    margin : number above 0

    Returns
    -------
    "supported", "contradicted" or "undecided"
    """
    ### BEGIN SOLUTION
    differences = [a - b for a, b in pairs]
    if len(differences) < 3 or not np.isfinite(differences).all():
        return "undecided"
    if min(differences) > margin:
        return "supported"
    if max(differences) < -margin:
        return "contradicted"
    return "undecided"
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a6-verdict-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.verdict", verdict)
### BEGIN HIDDEN TESTS
check("a6.verdict", verdict, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-prediction", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **The prediction** (1 point). Write it down now, before you measure anything. `claim` is a dict
# with
#
# - `"statement"`: the claim in a sentence; `"A"` and `"B"`: what the two numbers are, in words;
# - `"if it holds"` and `"if it does not"`: what you would then see in A and B;
# - `"I expect"`: "supported", "contradicted" or "undecided"; being wrong costs nothing;
# - `"margin"`: a number above 0, in the unit of A and B. Say in a comment why this one.

# %% nbgrader={"grade": false, "grade_id": "a6-prediction-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
### BEGIN SOLUTION
claim = {
    "statement": "The first steps throw out the early layers of a plain net, not those of a "
    "residual one.",
    "A": "|w| after 20 steps over |w| before, geometric mean of the first ten convolutions, "
    "plain-44",
    "B": "the same for resnet-44",
    "if it holds": "A is well above 1, and B stays near 1, with every seed",
    "if it does not": "A and B are about alike, or B is the larger one",
    "I expect": "supported",
    "margin": 0.2,  # a fifth of the initial length: weights that grew by less were not thrown far
}
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "a6-prediction-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.prediction", claim)
### BEGIN HIDDEN TESTS
check("a6.prediction", claim, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-measure", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **The measurement** (2 points). `measure(seed)` returns the pair of one seed. The same seed gives
# the same numbers every time, so build fresh nets inside, and pass the seed to everything that is
# random.


# %% nbgrader={"grade": false, "grade_id": "a6-measure-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def measure(seed):
    """(A, B) of one seed, two numbers."""
    ### BEGIN SOLUTION
    longer = []
    for family in ("plain", "resnet"):
        net = fresh(family, 44, seed)
        early = [p for p in net.parameters() if p.ndim > 1][:10]
        before = np.array([norm(p.data) for p in early])
        train(net, seed, 20)
        longer.append(geometric_mean(np.array([norm(p.data) for p in early]) / before))
    return tuple(longer)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "a6-measure-run", "locked": true, "schema_version": 3, "solution": false, "task": false}
pairs = [measure(seed) for seed in range(3)]

# %% nbgrader={"grade": true, "grade_id": "a6-measure-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a6.measure", measure, pairs)
### BEGIN HIDDEN TESTS
check("a6.measure", measure, pairs, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "a6-outcome", "locked": true, "schema_version": 3, "solution": false, "task": false}
for seed, (a, b) in enumerate(pairs):
    print(f"seed {seed}: A {a:.4g}, B {b:.4g}, A - B {a - b:.4g}")
print(
    f"{claim['statement']}\n{verdict(pairs, claim['margin'])}, with a margin of {claim['margin']}; "
    f"expected: {claim['I expect']}"
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-claim-question", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **In words** (4 points). A report of half a page to somebody who has not seen this notebook. What
# did you measure, with which nets, data, steps and seeds, and what are A and B? What are the
# results, with numbers and their spread, and what is the verdict? What does it show? And what does
# it *not* show: which other explanation fits the same numbers, and which measurement would tell the
# two apart? If your prediction was wrong, say what you had overlooked.

# %% [markdown] nbgrader={"grade": true, "grade_id": "a6-claim-answer", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# *Model answer, for claim 2.* We trained plain-44 and resnet-44 (4 channels in the first stage,
# with batch norm) for 20 steps of 50 drawn images of 8 x 8 pixels at learning rate 0.1, with three
# seeds; both nets of a seed start from the same weights and see the same batches. A and B are the
# length of the weights after these steps over that before, as geometric mean of the ten
# convolutions next to the images. In plain-44 they became 1.7, 2.0 and 2.0 times as long, by seed,
# in resnet-44 1.08 to 1.09 times. The difference is above the margin of 0.2 with every seed:
# supported, as predicted.
#
# It shows that at this size and rate the early weights of the plain net are lengthened by the first
# steps, and those of the residual net are not. It does not show *why*: that large gradients do it
# is likely, since a step is the rate times the gradient, but a run in which gradients are clipped,
# with all else equal, would have to be made. Nor does it show that this is why deep plain nets
# train badly: both could follow from the same cause. It says nothing of other widths, rates, real
# photographs, or later steps, and three seeds show large effects only. The margin was chosen
# before, but by somebody who had seen the figure of section 5, which is of seed 0: seeds 1 and 2
# are the untouched evidence.
#
# *Rubric.* 1 point: what was measured, so that somebody could repeat it (nets, data, steps, seeds,
# A and B). 1 point: the numbers with their spread, and a verdict that follows from the rule,
# whichever it is; "undecided" is not called "no difference". 1 point: the conclusion claims no more
# than was measured. 1 point: a rival explanation or a limit that matters, *and* a measurement that
# would tell.

# %% [markdown] nbgrader={"grade": false, "grade_id": "a6-bonus", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Bonus (no points)
#
# Without batch norm $|dw|$ was nearly even from layer to layer. Is $|dy|$ even, too? Multiply the
# weights of all convolutions of a fresh plain-44 without batch norm by 0.7, by 1 and by 1.4, and
# draw $|dy|$ at the blocks and $|dw|$ of the convolutions. One of the two depends on the scale of
# the weights, the other does not. Can you say why? (Biases are 0 at the start, and ReLU does not
# mind a factor above 0: making one layer's weights $c$ times larger makes everything after it $c$
# times larger.) Which of the two would you look at to find out whether gradients vanish?

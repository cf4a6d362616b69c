# %% [markdown]
# # 11 · Where do the gradients go?
#
# Why does plain-56 train so badly? Ask around and you hear three stories, and they contradict each
# other:
#
# - **They vanish.** Coming back through 56 layers, the derivative gets smaller and smaller, until
#   nothing arrives at the first ones. (Many textbooks, after Glorot and Bengio 2010.)
# - **They are healthy.** With batch norm neither signals nor gradients vanish, so the cause must
#   lie elsewhere. (He et al. 2015, section 4.1.)
# - **They explode.** Before the first step, each layer with batch norm and ReLU makes the gradient
#   1.21 times larger on the way back. (Yang et al. 2019,
#   [arXiv:1902.08129](https://arxiv.org/abs/1902.08129).)
#
# All three are about a number that anyone can measure. We measure it: before training, and in every
# one of the first steps. Then we take trained networks apart, block by block and path by path.
#
# **After this one you can** watch any gradient in a network, tell what exploding gradients do to
# weights, and ask a trained network what its shortcuts are good for. It takes about 40 minutes.

# %%
import math
import os

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown

import minires as mr
from minires import diagnostics, plot
from minires import functional as F
from minires.data import eval_loader
from minires.training import RunConfig, Trainer

plot.use_style()
plt.rcParams["figure.dpi"] = 90  # many pictures: keep the file small
FAST = bool(os.environ.get("MINIRES_FAST"))
SHALLOW, DEEP = (8, 20) if FAST else (20, 56)  # layers
WIDTH = 4 if FAST else 8  # channels of the first stage
ORANGE, BLUE = plot.COLOURS["plain"], plot.COLOURS["resnet"]
COLOUR = {"plain": ORANGE, "resnet": BLUE}
BUILD = {"plain": mr.models.plain, "resnet": mr.models.resnet}

train_set, test_set = mr.data.synthetic(400 if FAST else 4000, 100 if FAST else 500)
train_set, test_set = train_set.resize(16), test_set.resize(16)
images = (train_set.images[:64] / 255 - train_set.pixel_mean()).astype(np.float32)
labels = train_set.labels[:64]

# %% [markdown]
# ## A gradient on view
#
# After `backward` each weight array $w$ has its `dw` of the same shape. To compare layers we need
# one number for each: the length of `dw`, its **norm** (notebook 02):
#
# $$|dw| = \sqrt{\textstyle\sum dw^2}, \qquad\text{the sum over all its elements.}$$


# %%
def norm_by_hand(array):
    total = 0.0
    for number in array.ravel():
        total += float(number) ** 2
    return math.sqrt(total)


net = mr.models.plain(8, width=4)
F.cross_entropy(net(mr.Tensor(images)), labels).backward()

library = diagnostics.gradient_norms(net)
by_hand = {name: norm_by_hand(p.grad) for name, p in net.named_parameters() if p.ndim > 1}
for layer in library:
    print(f"layer {layer.depth}  {layer.layer:15}  |dw| {layer.gradient_norm:.4f}")
    assert math.isclose(layer.gradient_norm, by_hand[layer.layer + ".weight"], rel_tol=1e-4)

# %% [markdown]
# `p.ndim > 1` picks the filters and the last matrix. Batch norm's parameters have one axis only,
# and are left out.
#
# That is the gradient of the *weights*, which the optimiser gets. There is a second one: the
# gradient of what a layer or a block *puts out*, `dy`, which is handed back to the layers before
# it. No parameter keeps it, it only passes by. To catch it there are **hooks** (notebook 02):
# functions that a Tensor calls when its gradient comes past. To get hold of that Tensor we need a
# second kind: a module calls its **forward hooks** with what it has just put out.


# %%
def watch(net):
    """Have every block note |dy| when backward passes by."""
    norms = {}

    def hook_for(number):
        def note(dy):
            norms[number] = norm_by_hand(dy)

        def after_forward(module, inputs, y):
            y.register_hook(note)

        return after_forward

    for number, block in enumerate(net.blocks()):
        block.register_forward_hook(hook_for(number))
    return norms


by_hand = watch(net)
F.cross_entropy(net(mr.Tensor(images)), labels).backward()

library = diagnostics.activation_gradients(net, images, labels, of="blocks")
for number, block in enumerate(library):
    print(f"{block.layer}  |dy| {block.norm:.5f}")
    assert math.isclose(block.norm, by_hand[number], rel_tol=1e-3)

# %% [markdown]
# ## Before the first step
#
# **Predict:** plain-56 has its initial weights and sees its first batch. Is $|dw|$ of the layer
# next to the images smaller than that of the last convolution, about the same, or larger? By which
# factor: 2, 20, 200, 2000? And in resnet-56?


# %%
def geometric_mean(values, axis):
    """The mean that suits factors: of 10 and 1000 it is 100."""
    return np.exp(np.log(values).mean(axis))


def at_start(family, depth, seeds):
    """|dw| of every convolution, the geometric mean over seeds."""
    norms = []
    for seed in range(seeds):
        net = BUILD[family](depth, width=WIDTH, seed=seed)
        F.cross_entropy(net(mr.Tensor(images)), labels).backward()
        layers = diagnostics.gradient_norms(net)[:-1]
        norms.append([layer.gradient_norm for layer in layers])
    return geometric_mean(norms, axis=0)


per_layer = math.sqrt(math.pi / (math.pi - 1))  # the theory's factor
assert round(per_layer, 2) == 1.21
start = {
    (family, depth): at_start(family, depth, seeds=1 if FAST else 4)
    for family in BUILD
    for depth in (SHALLOW, DEEP)
}

figure, ax = plt.subplots(figsize=(7, 4))
for (family, depth), norms in start.items():
    ax.plot(
        range(1, depth),
        norms,
        linewidth=2.2,
        label=f"{family}-{depth}",
        color=plot.SHADES[family][0 if depth == SHALLOW else 1],
    )
last = start["plain", DEEP][-1]
ax.plot(
    [1, DEEP - 1],
    [last * per_layer ** (DEEP - 2), last],
    color=plot.GREY,
    linestyle="--",
    label="theory: 1.21 a layer",
)
ax.set_yscale("log")
ax.set_xlabel("layer, from the images to the logits")
ax.set_ylabel("|dw|, norm of the weights' gradient")
ax.legend()
plt.show()

ratio = {net: norms[0] / norms[-1] for net, norms in start.items()}
for (family, depth), r in ratio.items():
    print(f"{family}-{depth}: first layer's |dw| is {r:.0f} times the last convolution's")
assert FAST or ratio["plain", 56] > 100 > 30 > ratio["resnet", 56]

# %% [markdown]
# Towards the images the gradient gets *larger*, in plain-56 by a factor of hundreds or more. At
# this moment the first story is plainly wrong, and the third one right.
#
# In notebook 06 you saw why: on the way back, ReLU stops part of the gradient, batch norm divides
# it by the standard deviation of what came in, and together they leave it larger by $\sqrt{\pi /
# (\pi - 1)} = 1.21$ in a very wide layer, whatever the size of the weights. In the residual net
# `dy` reaches the block before by two ways (notebook 09): multiplied, through $F$, and *unchanged*,
# through the shortcut (He et al. 2016, [arXiv:1603.05027](https://arxiv.org/abs/1603.05027),
# equation 5). So most blocks add only a little to it.
#
# The lines are not as steep as the dashed one. The theory speaks of very wide layers and of `dy`;
# we drew `dw`, of 8 to 32 channels. Here is the growth of $|dy|$ from one layer to the one before,
# found by laying a line through the logarithms; the first stage (18 layers with maps of 16 x 16
# pixels) is the one most like the theory's.

# %%
growth = {}
for family, build in BUILD.items():
    found = diagnostics.propagation(
        lambda seed: build(DEEP, width=WIDTH, seed=seed), images, labels, seeds=1 if FAST else 4
    )
    stage = found.gradient_norms[:, 1 : 1 + (DEEP - 2) // 3]
    slopes = np.polyfit(range(stage.shape[1]), np.log(stage).T, 1)[0]  # one a seed
    growth[family] = math.exp(-slopes.mean())
    print(
        f"{family}-{DEEP}: |dy| grows by {found.growth.per_layer:.3f} a layer "
        f"in the whole net, by {growth[family]:.3f} in the first stage"
    )
    if family == "plain" and not FAST:
        assert 1.10 < found.growth.per_layer < 1.25 and 1.12 < growth["plain"] < 1.28
assert FAST or found.growth.per_layer < growth["resnet"] < growth["plain"]

# %% [markdown]
# In resnet-56, too, it grows most in the first stage. There a branch is about as large as what it
# is added to. Batch norm gives all branches the same size, but each addition makes the sum larger:
# the later a block comes, the less its branch weighs beside the shortcut.
#
# ## The first steps
#
# Now we train, by the usual recipe: learning rate 0.1, momentum 0.9. In every step we note each
# layer's $|dw|$, its $|w|$, and the angle by which $w$ has turned away from its initial values.
#
# **Predict:** a step moves each weight by the learning rate times its gradient. In plain-56 the
# first layers' gradients are the largest by far. What will happen to their weights, and then to
# their gradients?

# %%
STEPS = 10 if FAST else 60


class Notes:
    """Notes every layer's |dw|, |w| and angle to its initial w, in every step."""

    def __init__(self, net):
        self.first = [w.copy() for w in self.weights(net)]
        self.dw, self.w, self.angle = [], [], []

    def weights(self, net):
        return [p.data for p in net.parameters() if p.ndim > 1][:-1]  # the convolutions

    def after_backward(self, trainer):
        layers = diagnostics.gradient_norms(trainer.model)[:-1]
        self.dw.append([layer.gradient_norm for layer in layers])
        self.w.append([layer.weight_norm for layer in layers])
        cosines = [
            np.vdot(w, first) / np.linalg.norm(w) / np.linalg.norm(first)
            for w, first in zip(self.weights(trainer.model), self.first)
        ]
        self.angle.append(np.degrees(np.arccos(np.clip(cosines, -1, 1))))


config = RunConfig(iterations=STEPS, batch_size=64, lr=0.1, drops=(), crop_padding=0)
dw, w, angle, deep = {}, {}, {}, {}  # tables (steps, layers), and the nets
for family, build in BUILD.items():
    deep[family] = build(DEEP, width=WIDTH, seed=0)
    notes = Notes(deep[family])
    Trainer(deep[family], train_set, test_set, config, callbacks=[notes], progress=False).run()
    dw[family], w[family], angle[family] = map(np.array, (notes.dw, notes.w, notes.angle))

# %% [markdown]
# All of $|dw|$ in one picture: a column is a step, a row is a layer (the images below, the logits
# above), and the colour shows $|dw|$ on a logarithmic scale, the same for both.

# %%
from matplotlib.colors import LogNorm

both = np.concatenate([dw["plain"], dw["resnet"]])
scale = LogNorm(*np.quantile(both, (0.01, 0.99)))
figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for ax, family in zip(axes, BUILD):
    ax.grid(False)
    mesh = ax.pcolormesh(
        np.arange(STEPS),
        np.arange(1, DEEP),
        dw[family].T,
        norm=scale,
        cmap="cividis",
        shading="nearest",
    )
    ax.set_title(f"{family}-{DEEP}")
    ax.set_xlabel("training step")
axes[0].set_ylabel("layer, images below, logits above")
figure.colorbar(mesh, ax=axes, label="|dw|")
plt.show()

early = slice(0, 10)  # the ten layers next to the images
start_and_end = dw["plain"][0, early], dw["plain"][-5:, early].mean(0)
fell = geometric_mean(start_and_end[0] / start_and_end[1], axis=0)
print(f"plain-{DEEP}: in {STEPS} steps |dw| of the first ten layers fell by a factor of {fell:.0f}")
middle = geometric_mean(dw["resnet"], axis=1)  # over the layers, for every step
print(
    f"resnet-{DEEP}: |dw| of a layer {middle[0]:.3f} at the start, "
    f"{middle.max():.3f} at most, {middle[-1]:.3f} in the last step"
)
assert FAST or fell > 50 and middle.max() > 3 * middle[0] and middle.max() > 3 * middle[-1]

# %% [markdown]
# In the plain net the picture begins with a bright corner, lower left: large gradients near the
# images. Within some ten steps the lowest layers are dark, and those above them follow. The
# residual net does not begin like that: its gradients start small in all layers. They rise
# everywhere in the first steps, somewhat more near the images, and later fall in all layers
# together.
#
# What has darkened the corner? To see it we need a property of batch norm that you know from
# notebook 06.
#
# ## Why long weights learn slowly
#
# Batch norm divides by the standard deviation of what comes in. Make all weights $w$ before it $c$
# times as large, and its output stays the same. So the loss does not change, $L(c\,w) = L(w)$, and
# two things followed in notebook 06:
#
# - $|dw|$ is proportional to $1 / |w|$: where $w$ is longer, the same step changes $L$ by less.
# - $dw$ is at right angles to $w$. By Pythagoras, a step makes $w$ longer: $|w - \mathrm{lr}\,dw|^2
#   = |w|^2 + \mathrm{lr}^2\,|dw|^2$. Its only effect is that it *turns* $w$.
#
# The angle of a turn is about $\mathrm{lr}\,|dw| / |w|$, and so it is proportional to $\mathrm{lr}
# / |w|^2$, the **effective learning rate** (van Laarhoven 2017,
# [arXiv:1706.05350](https://arxiv.org/abs/1706.05350)). Weights that have become four times as long
# learn sixteen times more slowly. And there is no way back but weight decay, which is slow: steps
# only lengthen. (With momentum the right angle is not exact; the lengthening stays.)
#
# Now to the two nets that we have trained. Of the ten layers next to the images, here are the
# length of the weights, the effective learning rate, and the angle by which $w$ has turned away
# from where it started (90 degrees: nothing is left of the initial weights).

# %%
figure, axes = plt.subplots(1, 3, figsize=(10.4, 3.3), layout="constrained")
longer = {}
for family in BUILD:
    longer[family] = geometric_mean(w[family][:, early] / w[family][0, early], axis=1)
    style = {"color": COLOUR[family], "linewidth": 2.2, "label": f"{family}-{DEEP}"}
    axes[0].plot(longer[family], **style)
    axes[1].plot(1 / longer[family] ** 2, **style)
    axes[2].plot(angle[family][:, early].mean(1), **style)
axes[0].set_title("length of w, relative to the start")
axes[1].set_title("effective rate, relative to the start")
axes[1].set_ylim(0, 1.05)
axes[2].set_title("turned from the start, degrees")
axes[2].set_ylim(0, 90)
for ax in axes:
    ax.set_xlabel("training step")
axes[0].legend()
plt.show()

for family in BUILD:
    print(
        f"{family}-{DEEP}: after {STEPS} steps the first ten layers' weights are "
        f"{longer[family][-1]:.2f} times as long, "
        f"turned by {angle[family][-1, early].mean():.0f} degrees"
    )
    first = diagnostics.updates(deep[family], lr=0.1)[0]  # the library's
    assert math.isclose(first.effective_lr, 0.1 / first.weight_norm**2)
if not FAST:
    assert longer["plain"][-1] > 1.7 > 1.4 > longer["resnet"][-1]
    assert angle["plain"][-1, early].mean() > 45 > angle["resnet"][-1, early].mean()

# %% [markdown]
# So that is what the explosion does: it **flings out** the early layers. A handful of steps, with
# gradients from a network that knows nothing yet, outweigh the initial weights and turn the filters
# by more than half of a right angle; and there they are left with a fraction of the learning rate.
# The residual net's early layers keep most of theirs. (This is one seed. How far the weights are
# flung differs from seed to seed; the claim `flung-out` below measures it for three.)
#
# Is this the whole reason why the gradients fell? Check it: if length were all, $|dw|$ would have
# fallen by the same factor as $|w|$ rose.

# %%
print(
    f"plain-{DEEP}: |w| rose by a factor of {longer['plain'][-1]:.1f}, "
    f"|dw| fell by a factor of {fell:.0f}"
)
assert FAST or fell > 5 * longer["plain"][-1]

# %% [markdown]
# No. The length explains a small part, and most of the factor remains. The factor 1.21 of notebook
# 06 holds for random weights, and these have been turned: the channels of a layer have become more
# alike (exercise 3 measures that). But those of the residual net become more alike, too, so this
# can hardly be all. We leave it open.
#
# ## What people plot
#
# **Predict:** someone logs gradient norms by layer after 60 steps, not at the start. Which of the
# three stories will the picture tell?

# %%
figure, ax = plt.subplots(figsize=(7, 3.8))
shades = plot.SHADES["plain"]
for shade, step in zip(shades, (0, 5, STEPS // 3, STEPS - 1)):
    ax.plot(range(1, DEEP), dw["plain"][step], color=shade, linewidth=2, label=f"step {step}")
ax.set_yscale("log")
ax.set_title(f"plain-{DEEP}")
ax.set_xlabel("layer, from the images to the logits")
ax.set_ylabel("|dw|")
ax.legend()
plt.show()

first_over_last = dw["plain"][:, 0] / dw["plain"][:, -1]
for step in (0, 5, STEPS // 3, STEPS - 1):
    print(
        f"step {step:2}: first layer's |dw| is {first_over_last[step]:.2f} times "
        f"the last convolution's"
    )
assert FAST or first_over_last[0] > 50 * first_over_last[-1]

# %% [markdown]
# Of one network, and within a minute, you can draw all three: at step 0 gradients *explode* towards
# the images; some steps later those of the first and the last layer are about level, *healthy*;
# after 60 the early layers tend to have the smallest, and anyone who looks only now will say that
# they *vanish*. What they see may be the **aftermath of an explosion**. A claim about gradients is
# worth little without the step at which they were measured. (60 steps are not the end either: the
# claim `vanishing-in-training` below goes on to step 300.)
#
# One thing this does not show: that the aftermath is *why* plain-56 trains badly. Two things that
# happen together need not be cause and effect. That takes an experiment in which the explosion is
# held back and everything else stays as it is: with a warm-up; with **clipped** gradients, which
# are shortened whenever they are longer than some limit; or with weights set back to their old
# length after every step. Exercise 1 makes a start; the claim `aftermath` below does it in full.
#
# ## Two trained networks to take apart
#
# For the rest we need networks that have learned something: plain-20 and resnet-20, a few epochs
# each. (This cell takes the longest.)

# %%
steps = 12 if FAST else 310
config = RunConfig(
    iterations=steps,
    batch_size=64,
    lr=0.1,
    crop_padding=0,
    milestones=(int(0.6 * steps), int(0.85 * steps)),
)
trained = {}
for family, build in BUILD.items():
    net = build(SHALLOW, width=WIDTH, seed=0)
    last = Trainer(net, train_set, test_set, config, progress=False).run()[-1]
    trained[family] = net.eval()
    print(
        f"{family}-{SHALLOW}: training error {last['train_error']:.0f} %, "
        f"test error {last['test_error']:.0f} % after {last['epoch']:.0f} epochs"
    )

# %% [markdown]
# ## Lesions
#
# Take one block out of a trained network, and change nothing else: of a residual block only the
# shortcut stays, a plain block is skipped. How wrong are its answers then? (Where a block changes
# the shape, the input is subsampled and padded with zero channels, in both nets; so every block can
# be skipped.) This is a **lesion**, after Veit et al. 2016
# ([arXiv:1605.06431](https://arxiv.org/abs/1605.06431), section 4.1).
#
# **Predict:** nine blocks, one is missing. Guessing is wrong 90 % of the time. What will the errors
# be, of the plain and of the residual net? Does it matter which block?

# %%
from minires.models.shortcuts import subsample_and_pad


def answers_without(net, missing, x):
    """The forward pass, block by block, with one block left out."""
    x = mr.nn.norm_relu(net.bn1, net.conv1(x))
    for number, block in enumerate(net.blocks()):
        if number != missing:
            x = block(x)
        elif block.stride != 1:  # it changes the shape
            x = subsample_and_pad(x, block.stride, block.out_channels - block.in_channels)
    return net.fc(F.global_avg_pool2d(x))


test_loader = eval_loader(test_set, 500, train_set.pixel_mean())
test_images, test_labels = next(iter(test_loader))
lesions = {family: diagnostics.drop_each(net, test_loader) for family, net in trained.items()}

for family, net in trained.items():
    with mr.no_grad():
        guesses = answers_without(net, 1, mr.Tensor(test_images)).data.argmax(1)
    error = 100 * np.mean(guesses != test_labels)
    assert math.isclose(error, lesions[family][2].error, abs_tol=1)  # [0]: the whole net

figure, ax = plt.subplots(figsize=(8, 3.8))
for shift, (family, records) in zip((-0.2, 0.2), lesions.items()):
    whole, *others = [record.error for record in records]
    ax.bar(
        np.arange(1, len(others) + 1) + shift,
        others,
        0.38,
        color=COLOUR[family],
        label=f"{family}-{SHALLOW}",
    )
    ax.axhline(whole, color=COLOUR[family], linestyle="--")
ax.axhline(90, color=plot.GREY, linestyle=":")
ax.text(len(others) + 0.7, 90, "guessing", va="center", color=plot.GREY)
ax.set_xlim(0.4, len(others) + 0.6)
ax.set_ylim(0, 100)
ax.set_xlabel("block left out, from the images to the logits (dashed: none)")
ax.set_ylabel("test error, %")
ax.set_xticks(range(1, len(others) + 1))
ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
plt.show()

median = {
    family: np.median([record.error for record in records[1:]])
    for family, records in lesions.items()
}
for family in median:
    print(
        f"{family}-{SHALLOW}: error of the whole net {lesions[family][0].error:.0f} %, "
        f"median with a block missing {median[family]:.0f} %"
    )
assert FAST or median["plain"] > max(75, median["resnet"] + 10)
assert FAST or 90 - median["resnet"] > 0.5 * (90 - lesions["resnet"][0].error)

# %% [markdown]
# The plain net is lost: each of its layers expects what the one before it puts out, and gets
# something else. The residual net gets worse too, with some blocks much worse, but without most
# single blocks it still keeps more than half of its lead over guessing. Of its $2^n$ paths
# (notebook 09) a missing block takes away half, and leaves the other half untouched. (Which lesions
# hurt it most? Veit et al. found: those of blocks that halve the map, here four and seven. Is it so
# in your picture?)
#
# ## Which paths carry the gradient
#
# In notebook 09 the gradient of a residual network became a sum over $2^n$ **paths**: through each
# block either by its branch or by its shortcut. ResNet-20 has nine blocks, so 512 paths, and most
# of them pass four or five branches: there are $\binom{9}{k}$ through $k$.
# `diagnostics.path_gradients` follows some paths of each length.
#
# **Predict:** does a single path carry more or less, the more branches it passes: in a fresh
# network, in a trained one? Which paths will bring most of the gradient to the images: those
# through 4.5 branches on average, longer ones, or shorter ones?

# %%
fresh, paths = (
    diagnostics.path_gradients(net, images[:32], labels[:32], mode=mode, samples=3 if FAST else 20)
    for net, mode in (
        (mr.models.resnet(SHALLOW, width=WIDTH, seed=0), "train"),
        (trained["resnet"], "eval"),
    )
)
lengths = [path.length for path in paths]
share = np.array([path.total for path in paths]) / sum(path.total for path in paths)
count = np.array([path.paths for path in paths]) / sum(path.paths for path in paths)

figure, axes = plt.subplots(1, 2, figsize=(9.6, 3.3), layout="constrained")
relative = {
    name: np.array([path.norm for path in found]) / found[0].norm
    for name, found in (("fresh", fresh), ("trained", paths))
}
axes[0].plot(lengths, relative["fresh"], "o--", color=plot.SHADES["resnet"][0], label="fresh")
axes[0].plot(lengths, relative["trained"], "o-", color=BLUE, label="trained")
axes[0].set_ylim(bottom=0)
axes[0].set_title("|dx| by a single path, relative to 0 branches")
axes[1].plot(lengths, 100 * count, "o--", color=plot.GREY, label="of the paths")
axes[1].plot(lengths, 100 * share, "o-", color=BLUE, label="of the gradient, trained")
axes[1].set_title("share by length, %")
for ax in axes:
    ax.legend()
    ax.set_xlabel("branches on the path")
    ax.set_xticks(lengths)
plt.show()

mean_length = {"paths": lengths @ count, "gradient": lengths @ share}
print(
    f"mean length of all paths {mean_length['paths']:.2f}, "
    f"weighted by their gradient {mean_length['gradient']:.2f}"
)
if not FAST:
    assert relative["trained"][8] < 0.5 < relative["fresh"][8] < 3
    assert sum(path.paths for path in paths) == 512
    assert math.isclose(mean_length["paths"], 4.5)
    assert 4.5 - 1.5 < mean_length["gradient"] < 4.5

# %% [markdown]
# In the fresh network a long path carries about as much as a short one, or somewhat more. After
# training each branch weakens what passes, so short paths count for more than their number. With
# nine blocks the shift is small. In a network of 54 blocks Veit et al. find a large one: nearly all
# of the gradient comes through 5 to 17 of them, while 27 would be the middle (figure 6). A deep
# residual network, they say, trains like many shallow ones that share their weights. (The norms of
# paths are added up here, as in their figure. The gradients themselves point different ways, and
# partly cancel.)
#
# ## Claims, and how to test them
#
# One network, one seed, a handful of steps: enough to see what to look for, not enough to settle
# anything. minires keeps a file for each claim, in
# [`experiments/claims/`](../minires/experiments/claims/__init__.py): the sentence and who says so,
# what each side expects, a measurement over several seeds, and a rule by which a program reads a
# verdict off the numbers: supported, contradicted, or undecided.
#
#     minires claims --list                          # what there is
#     minires claims flung-out lesions --seeds 3     # test two of them
#
# Those that belong to this notebook:

# %%
from minires.experiments.claims import CLAIMS

names = (
    "vanishing-without-batch-norm",
    "vanishing-at-initialisation",
    "vanishing-in-training",
    "flung-out",
    "aftermath",
    "gradient-flow",
    "path-lengths",
    "lesions",
    "responses",
    "shattering",
    "landscape",
)
table = ["| the claim | who says so | name |", "|---|---|---|"]
table += [f"| {CLAIMS[name].statement} | {CLAIMS[name].source} | `{name}` |" for name in names]
Markdown("\n".join(table))

# %% [markdown]
# How each is put to the test, and what came out, with all numbers and figures:
# [docs/claims.md](../docs/claims.md). Before you look: write down what you expect of each, and how
# sure you are.
#
# ## Exercises
#
# **1.** Hold the explosion back. Train plain-56 for the same 60 steps with gradients clipped to a
# common norm of 1 (`RunConfig(..., clip_norm=1.0)`), and again with weights kept at their length
# (`Trainer(..., callbacks=[mr.optim.KeepNorms(net)])`). How much longer do the first ten layers'
# weights become, and by how many degrees do they turn?
#
# <details><summary>Hint</summary>
# Copy the cell with the class Notes, and build a new net each time. KeepNorms takes the lengths at
# the time when it is made, so make it from the fresh net. Notes looks before the clipping: |dw| is
# the full gradient. Watch the angle in the second run: a short w turns easily.
# </details>
#
# **2.** How many blocks can the trained residual net lose? Use `diagnostics.drop_random(net,
# test_loader, range(10))` and draw the error against their number. Is there a point at which it
# breaks down, or does it get worse little by little?
#
# <details><summary>Hint</summary>
# Each record has the names of the blocks that were dropped: len(record.blocks) is how many. Take
# the mean over the three draws of each number. Do the same with the plain net to see what breaking
# down looks like.
# </details>
#
# **3.** How much alike are the channels of a layer? Take the output y of a convolution for a batch,
# as a matrix with a row for each pixel and a column for each channel. `np.corrcoef(matrix.T)` is a
# table of the correlation of each channel with each other: 1 or -1 if one is a multiple of the
# other, near 0 if they have nothing in common. Take the mean of its absolute values, without the
# diagonal. Compare a fresh plain-56 with the one trained above, `deep["plain"]`, layer by layer;
# and do the same with resnet-56.
#
# <details><summary>Hint</summary>
# Register a forward hook on each mr.nn.Conv2d of net.modules() that appends to a list;
# y.data.reshape(-1, y.shape[-1]) is the matrix. Run the net once, in training mode, under
# mr.no_grad(). The diagonal adds 1 for each of the C channels: take C away from the sum, and divide
# by C * C - C.
# </details>
#
# **4.** Draw the loss around a trained network. Its weights are one point in a space of tens of
# thousands of dimensions; two random directions span a plane, and the loss on it can be drawn like
# a map. As long weights can move far without effect, scale each filter of a direction to the norm
# of the network's own filter (**filter normalisation**, Li et al. 2018,
# [arXiv:1712.09913](https://arxiv.org/abs/1712.09913)). Do the maps of plain-20 and resnet-20 look
# like bowls?
#
# <details><summary>Hint</summary>
# diagnostics.random_direction(net, seed) makes such a direction, diagnostics.loss_plane(net,
# [batch], first, second, places, places) the map, with places = np.linspace(-1, 1, 13) and batch =
# next(iter(eval_loader( train_set.take(200), 200, train_set.pixel_mean()))). Its x, y and loss go
# to plt.contourf; clip the loss at 30. Li et al. call the map of a plain net of 56 layers chaotic,
# and that of 20 layers not (their figure 5).
# </details>

# %% [markdown]
# ## Recap
#
# - Before the first step, gradients in a plain net with batch norm explode towards the images; with
#   shortcuts they hardly do.
# - In our run the explosion flung out the early weights: they got long, $\mathrm{lr} / |w|^2$ fell,
#   and gradients shrank, by far more than the length explains. Seen later, that looks like
#   vanishing.
# - A residual net survives losing a block, and after training its short paths carry more than their
#   share.
# - A claim about gradients needs the layer, the step and the seeds; and a cause needs an
#   intervention.
#
# **In the library:** [`diagnostics/`](../minires/diagnostics/__init__.py): `gradients.py`,
# `updates.py`, `lesion.py`, `paths.py`, `landscape.py`;
# [`experiments/claims/`](../minires/experiments/claims/__init__.py), a file for each claim.
#
# **Next:** [12 · Making it fast](12_making_it_fast.ipynb)

# %% [markdown]
# # 13 · Where do the gradients go?
#
# Why does plain-56 train so badly? Ask around and you hear three stories, which contradict each
# other:
#
# - **They vanish.** On the way back through 56 layers the gradient gets smaller and smaller, until
#   nothing is left for the first ones. (Many textbooks, after Glorot and Bengio 2010.)
# - **They are healthy.** With batch norm neither signals nor gradients vanish, so the cause must
#   lie elsewhere. (He et al. 2015, section 4.1.)
# - **They explode.** Before the first step, each layer with batch norm and ReLU makes the gradient
#   1.21 times larger on the way back. (Yang et al. 2019,
#   [arXiv:1902.08129](https://arxiv.org/abs/1902.08129).)
#
# All three are about a number that anyone can measure. You will measure it, before training and in
# each of the first steps.
#
# **After this one you can** watch the gradients of a network, say what batch norm does to them and
# to the length of the weights, and tell what exploding gradients do to a network in its first
# steps. About 40 minutes, and 25 more for the exercises. You need notebooks 09, 11 and 12.

# %%
import math
from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import diagnostics, functional as F, nn, plot
from minires.lessons import check, exercise, predict, reveal, score, show, slider
from minires.training import RunConfig, Trainer

plot.use_style()
plt.rcParams["figure.dpi"] = 90  # many pictures: keep the file small
COLOUR = plot.COLOURS
BUILD = {"plain": mr.models.plain, "resnet": mr.models.resnet}

# %%
SHALLOW, DEEP, WIDTH = 20, 56, 8  # layers, layers, channels of the first stage
SEEDS, STEPS = 4, 60
CHAIN, UNITS, NETS = 50, 256, 3  # layers and units of a chain, and how many chains
train_set, test_set = mr.data.synthetic(4000, 500)

# %% tags=["fast"]
SHALLOW, DEEP, WIDTH, SEEDS, STEPS = 8, 20, 4, 1, 10
UNITS, NETS = 64, 1
train_set, test_set = mr.data.synthetic(400, 100)

# %%
train_set, test_set = train_set.resize(16), test_set.resize(16)
images = (train_set.images[:64] / 255 - train_set.pixel_mean()).astype(np.float32)
labels = train_set.labels[:64]

# %% [markdown]
# ## One number for each layer
#
# After `backward` each weight array $w$ has a gradient `dw` of the same shape. To compare layers we
# need one number for each. We take the length of `dw`, its **norm**: $|dw| = \sqrt{\sum dw^2}$,
# with the sum over all elements.

# %%
net = mr.models.plain(8, width=4)
F.cross_entropy(net(mr.Tensor(images)), labels).backward()
by_hand = {
    name: math.sqrt((p.grad.astype(float) ** 2).sum())
    for name, p in net.named_parameters()
    if p.ndim > 1  # filters and the last matrix; batch norm's parameters have one axis
}
for layer in diagnostics.gradient_norms(net):  # the library's
    print(f"layer {layer.depth}  {layer.layer:15}  |dw| {layer.gradient_norm:.4f}")
    assert math.isclose(layer.gradient_norm, by_hand[layer.layer + ".weight"], rel_tol=1e-4)

# %% [markdown]
# <details><summary>And the gradient of what a layer returns?</summary>
#
# That is `dy`, which is used and not kept. **Hooks** give you access to it (notebook 03): a
# module's *forward hook* is called with its output, and a Tensor's hook with its gradient.
# `diagnostics.activation_gradients(net, images, labels, of="blocks")` uses both.
# </details>
#
# ## Before the first step
#
# Plain-56 has its initial weights and sees its first batch. Compare $|dw|$ of the layer next to the
# images with $|dw|$ of the last convolution.

# %%
sizes = ["less than a tenth", "about as large", "3 to 30 times as large", "over 100 times as large"]
plain_start = predict(
    "How large is the first |dw| in plain-56, compared with the last one?", sizes, cells=2
)
resnet_start = predict("And in resnet-56?", sizes, cells=2)


# %%
def at_start(family, depth):
    """|dw| of every convolution: the geometric mean over seeds, which suits factors."""
    norms = []
    for seed in range(SEEDS):
        net = BUILD[family](depth, width=WIDTH, seed=seed)
        F.cross_entropy(net(mr.Tensor(images)), labels).backward()
        norms.append([layer.gradient_norm for layer in diagnostics.gradient_norms(net)[:-1]])
    return np.exp(np.log(norms).mean(axis=0))


def named(ratio):
    return sizes[int(ratio > 0.1) + int(ratio > 3) + int(ratio > 55)]


start = {(family, depth): at_start(family, depth) for family in BUILD for depth in (SHALLOW, DEEP)}
ratio = {net: norms[0] / norms[-1] for net, norms in start.items()}
for (family, depth), r in ratio.items():
    print(f"{family}-{depth}: the first layer's |dw| is {r:.0f} times the last convolution's")
plain_start.reveal(named(ratio["plain", DEEP]), "Towards the images the gradient gets *larger*.")
resnet_start.reveal(
    named(ratio["resnet", DEEP]), "With shortcuts most blocks add only a little to it."
)

# %%
per_layer = math.sqrt(math.pi / (math.pi - 1))  # the theory's factor: 1.21
figure, ax = plt.subplots(figsize=(7, 4))
for (family, depth), norms in start.items():
    colour = plot.SHADES[family][0 if depth == SHALLOW else 1]
    ax.plot(range(1, depth), norms, linewidth=2.2, label=f"{family}-{depth}", color=colour)
last = start["plain", DEEP][-1]
theory = [last * per_layer ** (DEEP - 2), last]
ax.plot([1, DEEP - 1], theory, color=plot.GREY, linestyle="--", label="1.21 a layer")
ax.set_yscale("log")
ax.set_xlabel("layer, from the images to the logits")
ax.set_ylabel("|dw|, norm of the weights' gradient")
ax.legend()
show(
    "The norm of each layer's gradient before training, on a logarithmic axis. In plain-56 it "
    "rises by a factor of hundreds towards the images; in the residual nets it is nearly level."
)

# %% tags=["guard"]
assert round(per_layer, 2) == 1.21

# %% tags=["guard-full"]
assert ratio["plain", 56] > 100 > 30 > ratio["resnet", 56] > 3

# %% [markdown] tags=["answer"]
# In the residual net, `dy` also reaches the block before along the shortcut, *unchanged* (notebook
# 11). Each branch adds only a little to it, so it grows more slowly than in the plain net. (The
# dashed line is about `dy`, the gradient of what a layer returns. With batch norm the inputs of all
# layers have about the same size, so |dw| grows like `dy`.)

# %% [markdown]
# ## Where the factor 1.21 comes from
#
# A chain of 50 equal linear layers, each with batch norm and ReLU, shows it best, as in notebook
# 09. `diagnostics.propagation`, which you met in notebook 06, sends a batch forward and back
# through fresh nets. Its `growth` is the factor by which the norm of `dy`, the gradient of what a
# layer returns, grows from layer to layer, on average, with a standard error (the $s/\sqrt n$ of
# notebook 12). We draw the initial weights with three gains. (He's rule is $\sqrt 2$.)


# %%
def linear_chain(gain, seed):
    rng = np.random.default_rng(seed)
    modules = []
    for _ in range(CHAIN):
        linear = nn.Linear(UNITS, UNITS, bias=False, rng=rng)
        linear.weight.data *= gain / math.sqrt(2)
        modules += [linear, nn.BatchNorm2d(UNITS), nn.ReLU()]
    return nn.Sequential(*modules, nn.Linear(UNITS, 10, rng=rng))


# %%
gain_matters = predict(
    "Without batch norm, a gain of 0.5 makes gradients vanish, and one of 2 makes them explode. "
    "Does the gain matter here?",
    ["yes, in the same way", "yes, the other way round", "no"],
    cells=2,
)

# %%
rng = np.random.default_rng(0)
rows = rng.standard_normal((128, UNITS)).astype(np.float32)
row_labels = rng.integers(0, 10, 128)
found = {
    gain: diagnostics.propagation(partial(linear_chain, gain), rows, row_labels, seeds=range(NETS))
    for gain in (0.5, math.sqrt(2), 2)
}
rates = [result.growth.per_layer for result in found.values()]
for gain, result in found.items():
    error = result.growth.standard_error
    print(f"gain {gain:.1f}: times {result.growth.per_layer:.3f} per layer (+- {error:.3f})")
same = np.ptp(rates) < 0.02
gain_matters.reveal("no" if same else gain_matters.choices[0], "All three grow alike.")

# %%
places = np.arange(1, CHAIN + 1)
figure, ax = plt.subplots(figsize=(6, 3.4))
for (gain, result), colour in zip(found.items(), plot.OTHERS):
    norms = np.array([layer.gradient_norm for layer in result.layers[:-1]])
    ax.plot(places, norms / norms[-1], color=colour, label=f"gain {gain:.1f}")
ax.plot(places, 1.21 ** (CHAIN - places), "k:", linewidth=2, label="1.21 a layer")
ax.set_yscale("log")
ax.set_xlabel("layer, from the input to the output")
ax.set_ylabel("norm of dy, relative to the last")
ax.legend()
show(
    "The norm of dy against the layer, on a logarithmic axis: three straight lines on one another, "
    "and on the dotted theory, falling from about ten thousand near the input to 1 at the output."
)

# %% tags=["guard"]
z = rng.standard_normal(1_000_000)
relu_z = np.maximum(z, 0)
assert math.isclose(np.mean(relu_z**2), 0.5, rel_tol=0.01)
assert math.isclose(relu_z.mean(), 1 / math.sqrt(2 * math.pi), rel_tol=0.01)
assert math.isclose(relu_z.mean() ** 2 / np.mean(relu_z**2), 0.32, abs_tol=0.01)
assert math.isclose(relu_z.var(), (math.pi - 1) / (2 * math.pi), rel_tol=0.01)
assert f"{math.pi / (math.pi - 1):.3f} {math.sqrt(math.pi / (math.pi - 1)):.2f}" == "1.467 1.21"
assert all(abs(rate - 1.21) < 0.03 for rate in rates) and 9_000 < 1.21**49 < 12_000

# %% [markdown] tags=["answer"]
# Why does the gradient grow? The output of a ReLU has a mean above 0. Subtracting the mean makes
# the signal smaller, and batch norm enlarges the rest to size 1 again. An operation that enlarges a
# signal also enlarges the gradient on its way back. For wide nets Yang et al. proved that the
# factor is $\sqrt{\pi / (\pi - 1)} \approx 1.21$. Our chain agrees, except at layer 1: its input is
# the data and not the output of a ReLU. Plain-56 grows more slowly. The theory assumes very wide
# layers of independent units, and these layers have 8 to 32 channels, pixels that resemble their
# neighbours, and borders.

# %% [markdown]
# <details><summary>Where that root comes from</summary>
#
# The input of a ReLU has mean 0 and variance 1, and in a wide net it is close to normally
# distributed. Then the output of the ReLU has mean square $\frac12$ and mean
# $\frac{1}{\sqrt{2 \pi}}$, by two integrals over the bell curve. So its *variance* over the batch,
# the mean square minus the square of the mean, is only
# $\frac12 - \frac{1}{2\pi} = \frac12 \cdot \frac{\pi - 1}{\pi}$. A share of $1/\pi$ (the likeness
# of 0.32 in notebook 06) is the common part, which batch norm subtracts.
#
# The outputs of the next layer, $n$ terms with weights of variance $\mathrm{Var}(w)$, have a
# variance of $\sigma^2 = n \mathrm{Var}(w) \cdot \frac12 \frac{\pi - 1}{\pi}$ over the batch, and
# batch norm divides by $\sigma$. On the way back the gradient is divided by the same $\sigma$, goes
# through the weights, and half of it is stopped by ReLU. So its mean square is multiplied by
# $\frac{1}{\sigma^2} \cdot n \mathrm{Var}(w) \cdot \frac12 = \frac{\pi}{\pi - 1} = 1.467$, its size
# by the root of that, 1.21. $\mathrm{Var}(w)$ has cancelled, so no choice of initial weights helps.
# (The two terms that the backward pass subtracts are small in large batches.)
#
# </details>

# %% [markdown]
# ## The first steps
#
# Now train, by the usual recipe: learning rate 0.1, momentum 0.9. In every step, note each layer's
# $|dw|$, its $|w|$, and the angle by which $w$ has turned away from its initial values.


# %%
class Notes:
    """Notes every convolution's |dw|, |w| and angle to its initial w, in every step."""

    def __init__(self, net):
        self.first = [w.copy() for w in self.weights(net)]
        self.dw, self.w, self.angle = [], [], []

    def weights(self, net):
        return [p.data for p in net.parameters() if p.ndim > 1][:-1]

    def after_backward(self, trainer):
        layers = diagnostics.gradient_norms(trainer.model)[:-1]
        self.dw.append([layer.gradient_norm for layer in layers])
        self.w.append([layer.weight_norm for layer in layers])
        cosines = [
            np.vdot(w, first) / np.linalg.norm(w) / np.linalg.norm(first)
            for w, first in zip(self.weights(trainer.model), self.first)
        ]
        self.angle.append(np.degrees(np.arccos(np.clip(cosines, -1, 1))))


# %%
falls = predict(
    "In plain-56 the ten layers next to the images begin with large gradients. What happens to "
    "their |dw| in the first 60 steps?",
    ["it stays large", "it falls by a factor of 2 to 10", "it falls by a factor of more than 50"],
)

# %%
config = RunConfig(iterations=STEPS, batch_size=64, lr=0.1, drops=(), crop_padding=0)
dw, w, angle, deep = {}, {}, {}, {}  # tables (steps, layers), and the nets
for family, build in BUILD.items():
    deep[family] = build(DEEP, width=WIDTH, seed=0)
    notes = Notes(deep[family])
    Trainer(deep[family], train_set, test_set, config, callbacks=[notes], progress=False).run()
    dw[family], w[family], angle[family] = map(np.array, (notes.dw, notes.w, notes.angle))

early = slice(0, 10)  # the ten layers next to the images
before, after = dw["plain"][0, early], dw["plain"][-5:, early].mean(axis=0)
fell = np.exp(np.log(before / after).mean())
print(f"plain-{DEEP}: in {STEPS} steps |dw| of the first ten layers fell by a factor of {fell:.0f}")
falls.reveal(
    falls.choices[int(fell > 2) + int(fell > 50)], "Most of it happens in the first ten steps."
)

# %% tags=["guard-full"]
assert fell > 50 and (dw["plain"][0, early] / dw["plain"][10, early]).mean() > 5
middle = np.exp(np.log(dw["resnet"]).mean(axis=1))
assert middle.max() > 3 * middle[0] and middle.max() > 3 * middle[-1]

# %% [markdown]
# ## What people plot
#
# Suppose someone logs the norms by layer, but only looks after 60 steps.

# %%
story = predict(
    "Which story will the picture of plain-56 tell? Compare the first layer's |dw| with the last.",
    ["vanishing: it is far below", "healthy: about level", "exploding: it is far above"],
)

# %%
first_over_last = dw["plain"][:, 0] / dw["plain"][:, -1]
for step in (0, 5, STEPS // 3, STEPS - 1):
    print(f"step {step:2}: first layer's |dw| is {first_over_last[step]:.2f} times the last one's")
story.reveal(
    story.choices[int(first_over_last[-1] > 0.5) + int(first_over_last[-1] > 2)],
    "A minute earlier, the same network would have told the opposite story.",
)

# %% [markdown]
# Move the step, and watch both networks.


# %%
def draw(ax, step):
    for family in BUILD:
        ax.plot(range(1, DEEP), dw[family][step], color=COLOUR[family], linewidth=1.8, label=family)
    ax.set_yscale("log")
    ax.set_ylim(*np.quantile(np.concatenate([dw["plain"], dw["resnet"]]), (0.002, 0.999)))
    ax.set_xlabel("layer, images first")
    ax.set_ylabel("|dw|" if step == 0 else "")
    if step == 0:
        ax.legend()


# %%
slider(
    "step",
    list(range(STEPS)),
    draw,
    frames=[0, 5, STEPS // 3, STEPS - 1],
    alt="The norm of each layer's gradient at four steps. At step 0 plain-56 falls steeply from "
    "the images to the logits and resnet-56 is nearly level; some steps later plain-56 is level; "
    "at the last step its first layers have the smallest gradients.",
    size=(2.6, 3.0),
)

# %% tags=["guard-full"]
assert first_over_last[0] > 50 * first_over_last[-1] and first_over_last[-1] < 1

# %% [markdown]
# One network can give you pictures of all three stories, within a minute. A claim about gradients
# is worth little if it does not say at which step they were measured. If they seem to vanish, that
# may be the **aftermath of an explosion**. (60 steps are not the end either. The claim
# `vanishing-in-training` of the next notebook goes on to step 300.)
#
# ## Why long weights learn slowly
#
# How can an explosion lead to small gradients? Let $w$ be the weights of a convolution that is
# followed by batch norm. Multiply them by $c > 0$: all its outputs are $c$ times as large, and
# batch norm divides by $c$ again. So
#
# $$L(c\, w) = L(w) \qquad \text{for every } c > 0.$$

# %%
part_along = predict(
    "What follows for the gradient `dw`?",
    ["it points along w", "it is at right angles to w", "it is 0"],
)
at_double = predict(
    "How long is the gradient at `2 w`, compared with the one at `w`?",
    ["a quarter", "half", "the same", "double"],
)

# %%
fresh = mr.models.plain(8, width=8, seed=1)
weight = fresh.layer1[0].conv1.weight  # of one of its convolutions
conv_w = weight.data.copy()


def gradient_at(values):
    weight.data[...] = values
    fresh.zero_grad()
    L = F.cross_entropy(fresh(mr.Tensor(images)), labels)
    L.backward()
    return L.item(), weight.grad


print("    c    L(c w)      |dw|    c |dw|     cosine of w and dw")
norms, cosines = {}, {}
for c in (0.5, 1, 2, 10, 100):
    L, conv_dw = gradient_at(c * conv_w)
    norms[c] = np.linalg.norm(conv_dw)
    cosines[c] = (conv_dw * conv_w).sum() / (norms[c] * np.linalg.norm(conv_w))
    print(f"{c:5}  {L:.6f}  {norms[c]:.6f}  {c * norms[c]:.6f}  {cosines[c]:9.1e}")
part_along.reveal(part_along.choices[1 if abs(cosines[1]) < 1e-2 else 0], "Their cosine is 0.")
at_double.reveal(
    "half" if abs(norms[2] / norms[1] - 0.5) < 0.01 else "the same", "Compare |dw| for c = 1 and 2."
)

# %% tags=["guard"]
L1, conv_dw = gradient_at(conv_w)
for c, norm in norms.items():
    assert math.isclose(gradient_at(c * conv_w)[0], L1, rel_tol=1e-3) and abs(cosines[c]) < 1e-2
    assert math.isclose(c * norm, norms[1], rel_tol=2e-2)

# %% [markdown] tags=["answer"]
# Along the direction of $w$ the loss is constant, so its derivative in this direction is zero, and
# the gradient is **at right angles** to the weights. To turn $2w$ by some angle takes a step twice
# as long as for $w$, and the change of $L$ is the same. So the gradient at $2w$ is half as long
# (van Laarhoven 2017, [arXiv:1706.05350](https://arxiv.org/abs/1706.05350)).

# %% [markdown]
# (The $\varepsilon$ under the root of batch norm makes this a little less than exact.)
#
# Two things follow. By Pythagoras every plain step makes $w$ *longer*:
# $|w - \mathrm{lr}\,dw|^2 = |w|^2 + \mathrm{lr}^2\,|dw|^2$. And the longer $w$ is, the less it
# turns, which is all that counts for the loss. The angle of a turn is about
# $\mathrm{lr}\,|dw| / |w|$, and $|dw|$ itself falls as $1 / |w|$, so the angle is proportional to
# $\mathrm{lr} / |w|^2$, the **effective learning rate**. Weights that are four times as long learn
# sixteen times more slowly. There is no way back but weight decay, which is slow (exercise 2).

# %%
flung = predict(
    "In which network do the weights of the ten layers next to the images grow longer in 60 steps?",
    ["in plain-56, clearly", "in both about alike", "in resnet-56, clearly"],
    cells=2,
)

# %%
longer = {}  # the geometric mean over the layers, in every step
for family in BUILD:
    longer[family] = np.exp(np.log(w[family][:, early] / w[family][0, early]).mean(axis=1))
    turned = angle[family][-1, early].mean()
    print(
        f"{family}-{DEEP}: {longer[family][-1]:.2f} times as long, turned by {turned:.0f} degrees"
    )
more = longer["plain"][-1] / longer["resnet"][-1]
flung.reveal(flung.choices[int(more < 1.25) + int(more < 0.8)], "Large gradients make large steps.")

# %%
figure, axes = plt.subplots(1, 3, figsize=(10.4, 3.3), layout="constrained")
for family in BUILD:
    style = {"color": COLOUR[family], "linewidth": 2.2, "label": f"{family}-{DEEP}"}
    axes[0].plot(longer[family], **style)
    axes[1].plot(1 / longer[family] ** 2, **style)
    axes[2].plot(angle[family][:, early].mean(axis=1), **style)
titles = "length of w / start", "effective rate / start", "turned, degrees"
for ax, title, top in zip(axes, titles, (None, 1.05, 90)):
    ax.set_title(title)
    ax.set_ylim(top=top)
    ax.set_xlabel("training step")
axes[0].legend()
show(
    "Three panels over 60 steps, for the ten layers next to the images. In plain-56 the weights "
    "get much longer, their effective rate falls and they turn by more than half of a right angle; "
    "in resnet-56 all three change less."
)

# %% tags=["guard-full"]
assert more > 1.25 and longer["plain"][-1] > 1.7 and angle["plain"][-1, early].mean() > 45
assert angle["plain"][-1, early].mean() > 10 + angle["resnet"][-1, early].mean()

# %% [markdown] tags=["answer"]
# So the explosion **flings out** the early layers. A few large steps, taken before the network has
# learned anything, turn the filters and make them much longer. After that the filters are stuck
# with a fraction of the learning rate. The early layers of the residual net move
# too, but not as far. (This is one seed, and the distance differs a great deal from seed to seed.
# The claim `flung-out` has more.)

# %% [markdown]
# Is that the whole reason why the gradients fell? No. If it were, $|dw|$ would have fallen by the
# same factor by which $|w|$ rose:

# %%
print(f"|w| rose by a factor of {longer['plain'][-1]:.1f}, |dw| fell by one of {fell:.0f}")

# %% tags=["guard-full"]
assert fell > 5 * longer["plain"][-1]

# %% [markdown]
# The factor 1.21 holds for random weights, and these weights have been turned. The channels of a
# layer have become more alike, as you can measure in exercise 3. But the channels of the residual
# net become more alike too, so this can hardly be the whole reason. We leave it open.
#
# You have also *not* seen that the aftermath is the **reason** why plain-56 trains badly. Two
# things that happen together need not be cause and effect. To show a cause you need an experiment
# that holds the explosion back and leaves everything else as it is. A warm-up can hold it back. So
# can **clipped** gradients, which are shortened whenever they are longer than some limit. Or you
# can set the weights back to their old length after every step. The claim `aftermath` makes these
# experiments (next notebook).

# %% [markdown]
# ## Exercises

# %%
exercise("13.norm")


# %%
def total_norm(gradients):
    # your code, instead of the three dots
    ...


check("13.norm", total_norm)

# %%
exercise("13.back")


# %%
def steps_back(times, lr, weight_decay):
    # your code
    ...


check("13.back", steps_back)

# %%
exercise("13.alike")


# %%
def likeness(y):
    # your code
    ...


check("13.alike", likeness)

# %% [markdown]
# One more task, without a check. *Hold the explosion back:* train plain-56 for the same 60 steps
# with `RunConfig(..., clip_norm=1.0)`, and again with `callbacks=[mr.optim.KeepNorms(net)]`. How
# much longer do the first ten layers become, and by how many degrees do they turn?

# %%
exercise("13.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - Before the first step, gradients in a plain net with batch norm explode towards the images. With
#   shortcuts they do so far less.
# - In our run the explosion flung out the early weights: they got long, $\mathrm{lr} / |w|^2$ fell,
#   and gradients shrank, by far more than the length explains. Seen later, that looks like
#   vanishing.
# - The loss does not depend on the length of the weights before a batch norm. The gradient is at
#   right angles to them and falls as 1 over their length.
# - A claim about gradients needs the layer, the step and the seeds. A cause needs an intervention.
#
# **In the library:** [`diagnostics/`](../minires/diagnostics/__init__.py): `gradients.py`,
# `update_sizes.py`, `signal_propagation.py`;
# [`experiments/claims/`](../minires/experiments/claims/__init__.py), a file for each claim.
#
# **Next:** [14 · Inside a trained network](14_inside_a_trained_network.ipynb)

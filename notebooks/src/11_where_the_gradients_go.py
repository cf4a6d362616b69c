# %% [markdown]
# # 11 · Where do the gradients go?
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
# each of the first steps. Then you will take trained networks apart, block by block and path by
# path.
#
# **After this one you can** watch the gradients of a network, tell what exploding gradients do to
# weights, and find out what the shortcuts of a trained network are good for. About 45 minutes, and
# 25 more for the exercises. You need notebooks 07, 09 and 10.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import diagnostics, functional as F, plot
from minires.data import eval_loader
from minires.lessons import check, exercise, predict, reveal, score, show, slider
from minires.training import RunConfig, Trainer

plot.use_style()
plt.rcParams["figure.dpi"] = 90  # many pictures: keep the file small
COLOUR = plot.COLOURS
BUILD = {"plain": mr.models.plain, "resnet": mr.models.resnet}

# %%
SHALLOW, DEEP, WIDTH = 20, 56, 8  # layers, layers, channels of the first stage
SEEDS, STEPS, LONG, SAMPLES = 4, 60, 310, 20
train_set, test_set = mr.data.synthetic(4000, 500)

# %% tags=["fast"]
SHALLOW, DEEP, WIDTH, SEEDS, STEPS, LONG, SAMPLES = 8, 20, 4, 1, 10, 12, 3
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
# That is `dy`, which is used and not kept. **Hooks** give you access to it (notebook 02): a
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
    return sizes[int(ratio > 0.1) + int(ratio > 3) + int(ratio > 65)]


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
# In notebook 07 you saw why. On the way back, ReLU stops part of the gradient, and batch norm
# divides the gradient by the standard deviation of its input. In a very wide layer the two together
# make it larger by a factor of $\sqrt{\pi / (\pi - 1)} = 1.21$, whatever the size of the weights.
# (Our layers have 8 to 32 channels, so the lines are not as steep as the dashed one.) In the
# residual net, `dy` also reaches the block before along the shortcut, *unchanged* (notebook 09).

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
# `vanishing-in-training` below goes on to step 300.)
#
# ## Why long weights learn slowly
#
# How can an explosion lead to small gradients? Batch norm divides by the standard deviation of its
# input. If you make all weights $w$ before it $c$ times as large, its output stays the same, and so
# does the loss. In notebook 07 two things followed from that:
#
# - $|dw|$ is proportional to $1 / |w|$: where $w$ is longer, gradients are smaller.
# - $dw$ is at right angles to $w$. By Pythagoras a step makes $w$ longer:
#   $|w - \mathrm{lr}\,dw|^2 = |w|^2 + \mathrm{lr}^2\,|dw|^2$. All it does for the loss is to *turn*
#   $w$.
#
# The angle of a turn is about $\mathrm{lr}\,|dw| / |w|$, so it is proportional to $\mathrm{lr} /
# |w|^2$, the **effective learning rate** (van Laarhoven 2017,
# [arXiv:1706.05350](https://arxiv.org/abs/1706.05350)). Weights that are four times as long learn
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
# So the explosion **flings out** the early layers. A handful of steps, with gradients from a
# network that knows nothing yet, outweigh the initial weights and turn the filters. After that the
# filters are stuck with a fraction of the learning rate. The early layers of the residual net move
# too, but not as far. (This is one seed, and the distance differs a great deal from seed to seed.
# The claim `flung-out` below has three.)

# %% [markdown]
# Is that the whole reason why the gradients fell? If it were, $|dw|$ would have fallen by the same
# factor by which $|w|$ rose.

# %%
whole = predict(
    "By which factor did |dw| fall, compared with the one by which |w| rose?",
    ["by about the same", "by a much larger one"],
)

# %%
print(f"|w| rose by a factor of {longer['plain'][-1]:.1f}, |dw| fell by one of {fell:.0f}")
whole.reveal(
    whole.choices[int(fell > 3 * longer["plain"][-1])], "The length explains only a small part."
)

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
# can set the weights back to their old length after every step. The claim `aftermath` below makes
# these experiments.
#
# ## Lesions
#
# For the rest we need networks that have learned something: plain-20 and resnet-20, a few epochs
# each. (This cell takes the longest.)

# %%
config = RunConfig(
    iterations=LONG,
    batch_size=64,
    lr=0.1,
    crop_padding=0,
    milestones=(int(0.6 * LONG), int(0.85 * LONG)),
)
trained = {}
for family, build in BUILD.items():
    net = build(SHALLOW, width=WIDTH, seed=0)
    last = Trainer(net, train_set, test_set, config, progress=False).run()[-1]
    trained[family] = net.eval()
    print(f"{family}-{SHALLOW}: test error {last['test_error']:.0f} %")

# %% [markdown]
# Take one block out of a trained network and change nothing else. A residual block is replaced by
# its shortcut, and a plain block is skipped. (If the block changes the shape, both kinds of network
# take every second pixel and add channels of zeros.) This is called a **lesion**, after Veit et al.
# 2016 ([arXiv:1605.06431](https://arxiv.org/abs/1605.06431), section 4.1). Guessing is wrong 90 %
# of the time.

# %%
ranges = ["below 75 %", "75 % or more"]
plain_lesion = predict("One of nine blocks is missing. What is the plain net's error?", ranges)
resnet_lesion = predict("And what is the residual net's error, for a typical block?", ranges)

# %%
loader = eval_loader(test_set, 500, train_set.pixel_mean())
lesions = {family: diagnostics.drop_each(net, loader) for family, net in trained.items()}

figure, ax = plt.subplots(figsize=(8, 3.6))
for shift, (family, records) in zip((-0.2, 0.2), lesions.items()):
    whole, *others = [record.error for record in records]
    places = np.arange(1, len(others) + 1)
    ax.bar(places + shift, others, 0.38, color=COLOUR[family], label=f"{family}-{SHALLOW}")
    ax.axhline(whole, color=COLOUR[family], linestyle="--")
ax.axhline(90, color=plot.GREY, linestyle=":", label="guessing")
ax.set_xlabel("block left out, from the images to the logits (dashed: none)")
ax.set_ylabel("test error, %")
ax.set_xticks(places)
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
show(
    "Test error with each of nine blocks left out. The plain net is near guessing for nearly every "
    "block; the residual net gets worse by much less for most."
)
typical = {f: np.median([record.error for record in lesions[f][1:]]) for f in BUILD}
print({family: f"{error:.0f} %" for family, error in typical.items()})
plain_lesion.reveal(ranges[int(typical["plain"] >= 75)], "Later layers get inputs they never saw.")
resnet_lesion.reveal(ranges[int(typical["resnet"] >= 75)], "Half of its paths are still there.")

# %% tags=["guard-full"]
assert typical["plain"] > max(75, typical["resnet"] + 10)
assert 90 - typical["resnet"] > 0.5 * (90 - lesions["resnet"][0].error)

# %% [markdown] tags=["answer"]
# A plain layer has learned to work with the outputs of the layer before it, and now it gets
# something else. In the residual net there are $2^n$ paths (notebook 09). A missing block takes
# away half of them, and leaves the other half untouched. (Veit et al. found that it hurts most to
# lose a block that halves the map. Here these are blocks four and seven. See whether your picture
# agrees.)

# %% [markdown]
# ## Which paths carry the gradient
#
# ResNet-20 has nine blocks, so 512 paths. Most of them pass four or five branches.
# `diagnostics.path_gradients` follows some paths of each length.

# %%
single = predict(
    "In the *trained* net, how much does a path through eight branches carry, compared with the "
    "path through none?",
    ["more than half as much", "less than half as much"],
)

# %%
fresh = mr.models.resnet(SHALLOW, width=WIDTH, seed=0)
paths = {
    name: diagnostics.path_gradients(net, images[:32], labels[:32], mode=mode, samples=SAMPLES)
    for name, net, mode in (("fresh", fresh, "train"), ("trained", trained["resnet"], "eval"))
}
lengths = [path.length for path in paths["trained"]]
relative = {name: [path.norm / found[0].norm for path in found] for name, found in paths.items()}

figure, ax = plt.subplots(figsize=(6, 3.2))
for (name, values), colour in zip(relative.items(), plot.SHADES["resnet"]):
    ax.plot(lengths, values, "o-", color=colour, label=name)
ax.set_ylim(bottom=0)
ax.set_xlabel("branches on the path")
ax.set_ylabel("|dx| by one path / by none")
ax.legend()
show(
    "What a single path carries, against the number of branches it passes. In the fresh network "
    "long paths carry as much as short ones or more; in the trained one they carry less and less."
)
at_eight = relative["trained"][min(8, len(lengths) - 1)]
single.reveal(single.choices[int(at_eight < 0.5)], "Each branch weakens the gradient.")

# %% tags=["guard-full"]
assert relative["trained"][8] < 0.5 < relative["fresh"][8] < 3
assert sum(path.paths for path in paths["trained"]) == 512

# %% [markdown] tags=["answer"]
# So after training, short paths count for more than their number. With nine blocks the shift is
# small. In a network of 54 blocks Veit et al. find a large one: nearly all of the gradient comes
# through 5 to 17 of them, while 27 would be the middle (figure 6). A deep residual network, they
# say, trains like many shallow ones that share their weights.

# %% [markdown]
# ## Claims, and how to test them
#
# One network with one seed and a handful of steps is enough to see what to look for. It is not
# enough to settle anything. minires keeps a file for each claim, in
# [`experiments/claims/`](../minires/experiments/claims/__init__.py). It holds the sentence and who
# says so, what each side expects, and a measurement over several seeds. By a fixed rule a program
# then reads the verdict off the numbers: supported, contradicted or undecided.
#
#     minires claims --list                          # what there is
#     minires claims flung-out lesions --seeds 3     # test two of them
#
# These claims belong to this notebook:

# %%
from IPython.display import Markdown

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
# [docs/claims.md](../docs/claims.md) tests each of them, with all numbers and figures. Before you
# look there, write down what you expect of each claim, and how sure you are.
#
# ## Exercises

# %%
exercise("11.norm")


# %%
def total_norm(gradients):
    # your code, instead of the three dots
    ...


check("11.norm", total_norm)

# %%
exercise("11.back")


# %%
def steps_back(times, lr, weight_decay):
    # your code
    ...


check("11.back", steps_back)

# %%
exercise("11.alike")


# %%
def likeness(y):
    # your code
    ...


check("11.alike", likeness)

# %% [markdown]
# The last two tasks have no check. *Hold the explosion back:* train plain-56 for the same 60 steps
# with `RunConfig(..., clip_norm=1.0)`, and again with `callbacks=[mr.optim.KeepNorms(net)]`. How
# much longer do the first ten layers become, and by how many degrees do they turn? *Draw the loss
# around a trained network:* `diagnostics.random_direction(net, seed)` and `diagnostics.loss_plane`
# make the map (Li et al. 2018, [arXiv:1712.09913](https://arxiv.org/abs/1712.09913)). Do the maps
# of plain-20 and resnet-20 look like bowls?

# %%
exercise("11.explain")

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
# - A residual net can lose a block and still work, and after training its short paths carry more
#   than their share.
# - A claim about gradients needs the layer, the step and the seeds. A cause needs an intervention.
#
# **In the library:** [`diagnostics/`](../minires/diagnostics/__init__.py): `gradients.py`,
# `updates.py`, `lesion.py`, `paths.py`, `landscape.py`;
# [`experiments/claims/`](../minires/experiments/claims/__init__.py), a file for each claim.
#
# **Next:** [12 · Making it fast](12_making_it_fast.ipynb)

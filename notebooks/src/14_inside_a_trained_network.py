# %% [markdown]
# # 14 · Inside a trained network
#
# Notebook 13 looked at gradients in the first steps. Now take two trained networks apart, block by
# block and path by path. What is a single block good for, and along which of
# its paths does a residual net pass the gradient?
#
# **After this one you can** measure what a network loses with one of its blocks, follow single
# paths through a residual net, and say what it takes to settle a claim about networks. About 20
# minutes, and 25 more for the exercises. You need notebooks 11 and 13.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import diagnostics, plot
from minires.data import eval_loader
from minires.lessons import check, exercise, predict, reveal, score, show
from minires.training import RunConfig, Trainer

plot.use_style()
COLOUR = plot.COLOURS
BUILD = {"plain": mr.models.plain, "resnet": mr.models.resnet}
DEPTH, WIDTH, STEPS, SAMPLES = 20, 8, 310, 20
train_set, test_set = mr.data.synthetic(4000, 500)

# %% tags=["fast"]
DEPTH, WIDTH, STEPS, SAMPLES = 8, 4, 12, 3
train_set, test_set = mr.data.synthetic(400, 100)

# %%
train_set, test_set = train_set.resize(16), test_set.resize(16)
images = (train_set.images[:32] / 255 - train_set.pixel_mean()).astype(np.float32)
labels = train_set.labels[:32]

# %% [markdown]
# ## Two trained networks
#
# Train plain-20 and resnet-20 for a few epochs each. (This cell takes the longest.)

# %%
config = RunConfig(
    iterations=STEPS,
    batch_size=64,
    lr=0.1,
    crop_padding=0,
    milestones=(int(0.6 * STEPS), int(0.85 * STEPS)),
)
trained = {}
for family, build in BUILD.items():
    net = build(DEPTH, width=WIDTH, seed=0)
    last = Trainer(net, train_set, test_set, config, progress=False).run()[-1]
    trained[family] = net.eval()
    print(f"{family}-{DEPTH}: test error {last['test_error']:.0f} %")

# %% [markdown]
# ## Lesions
#
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
    ax.bar(places + shift, others, 0.38, color=COLOUR[family], label=f"{family}-{DEPTH}")
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
# something else. In the residual net there are $2^n$ paths (notebook 11). A missing block takes
# away half of them, and leaves the other half untouched. (Veit et al. found that it hurts most to
# lose a block that halves the map. Here these are blocks four and seven. See whether your picture
# agrees.)

# %% [markdown]
# ## Which paths carry the gradient
#
# ResNet-20 has nine blocks, so 512 paths. About half of them pass four or five branches.
# `diagnostics.path_gradients` follows some paths of each length.

# %%
single = predict(
    "In the *trained* net, how much does a path through eight branches carry, compared with the "
    "path through none?",
    ["more than half as much", "less than half as much"],
)

# %%
fresh = mr.models.resnet(DEPTH, width=WIDTH, seed=0)
paths = {
    name: diagnostics.path_gradients(net, images, labels, mode=mode, samples=SAMPLES)
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
# After training, the short paths carry a larger share of the gradient than you would expect from
# how few they are. With nine blocks the shift is
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
# These claims belong to notebooks 11, 13 and 14:

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

# %% [markdown]
# ## Exercises

# %%
exercise("14.left")


# %%
def paths_left(blocks, removed):
    # your code, instead of the three dots
    ...


check("14.left", paths_left)

# %%
exercise("14.between")


# %%
def share_between(blocks, low, high):
    # your code
    ...


check("14.between", share_between)

# %%
exercise("14.direction")


# %%
def filter_normalised(d, w):
    # your code
    ...


check("14.direction", filter_normalised)

# %%
exercise("14.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - A plain net that loses a block is close to guessing. A residual net gets worse and still works,
#   because half of its paths do not use the block.
# - After training, the short paths of a residual net carry a larger share of the gradient than you
#   would expect from how few they are.
# - One network and one seed show what to look for. To settle a claim takes a prediction, a rule for
#   the verdict, and fresh seeds.
#
# **In the library:** [`diagnostics/`](../minires/diagnostics/__init__.py): `lesion.py`, `paths.py`,
# `landscape.py`; [`experiments/claims/`](../minires/experiments/claims/__init__.py), a file for
# each claim.
#
# **Next:** [15 · Making it fast](15_making_it_fast.ipynb)

# %% [markdown]
# # 10 · The degradation experiment
#
# You have built both kinds of network and seen single runs of them. This notebook makes an
# experiment of it: a question, a comparison that is fair, several seeds, and a verdict that could
# have come out differently.
#
# **After this one you can** plan such a comparison, run it with minires, say how sure its result
# is, and read the numbers of the paper beside your own. About 35 minutes.

# %%
import os
import tempfile
import textwrap
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import plot
from minires.experiments import degradation, degradation_report
from minires.experiments.presets import PRESETS
from minires.experiments.records import read_config, read_table
from minires.training import Callback, RunConfig, Trainer

plot.use_style()
plt.rcParams["figure.dpi"] = 75  # many pictures: keep the file small
FAST = bool(os.environ.get("MINIRES_FAST"))
COLOUR = plot.COLOURS

# %% [markdown]
# ## Before anything runs
#
# **The question.** Do plain networks train worse when they get deeper, and residual ones not?
#
# **What differs, and what is held fixed.** Four networks: two depths, each plain and residual.
# Everything else is the same, and that can be checked:
#
# | held fixed | how we know |
# |---|---|
# | parameters of the plain and the residual network of one depth | their counts are equal (shortcut A) |
# | their initial weights, for one seed | asserted in notebook 09, and once more below |
# | the batches, their order, which images are mirrored | drawn from the seed, asserted below |
# | learning rate, schedule, momentum, weight decay, length | one recipe for all |
#
# **What each answer would look like.** Decide this *before* you see a number; afterwards every
# result looks as if it had been expected.
#
# | if the truth is ... | then we expect |
# |---|---|
# | deeper plain networks overfit | deep plain: training error *lower*, test error higher |
# | more layers help, as more parameters do | both deep networks: training error lower |
# | degradation, cured by shortcuts | deep plain: training error higher; deep residual: much lower than deep plain |
# | depth makes no difference at this size | differences that change their sign from seed to seed |
#
# As sketches, to have them before your eyes when the result comes:


# %%
def slopes(ax, training, test, title):
    """Training errors (full) and test errors (dashed): (shallow, deep) for each family."""
    for family, colour in COLOUR.items():
        ax.plot([0, 1], training[family], "o-", color=colour, linewidth=2, label=family)
        ax.plot([0, 1], test[family], "--", color=colour, linewidth=1.3)
    ax.set_xticks([0, 1], ["shallow", "deep"])
    ax.set_xlim(-0.3, 1.3)
    ax.set_ylim(0, 100)
    ax.set_title(title, fontsize=10)


sketches = {  # training error: plain, residual; test error: the same
    "overfitting": ((60, 30), (55, 25), (63, 85), (58, 82)),
    "more is better": ((60, 40), (55, 35), (63, 45), (58, 40)),
    "degradation, cured": ((60, 80), (55, 45), (63, 83), (58, 48)),
    "no effect of depth": ((60, 61), (55, 54), (63, 64), (58, 57)),
}
figure, axes = plt.subplots(1, 4, figsize=(10, 2.5), sharey=True)
for ax, (title, errors) in zip(axes, sketches.items()):
    slopes(ax, dict(zip(COLOUR, errors[:2])), dict(zip(COLOUR, errors[2:])), title)
axes[0].set_ylabel("error, %")
axes[0].legend(loc="lower left")
plt.show()

# %% [markdown]
# **When do we call it a difference?** minires says so only if *every* seed agrees and each
# difference is above a margin:

# %%
print(f"the margin: {degradation_report.MARGIN} percentage points of training error")

config = RunConfig(
    image_size=8 if FAST else 16,
    net={"width": 4},
    train_size=128 if FAST else 2000,
    test_size=64 if FAST else 500,
    epochs=2 if FAST else 10,
    drops=(0.6, 0.85),
    crop_padding=0,
    batch_size=32 if FAST else 64,
    lr=0.1,
)
depths, seeds = ((8, 14), 2) if FAST else ((8, 32), 3)

train_set, test_set = degradation.load_sets(config)
shallow, deep = depths
for depth in depths:
    for seed in range(seeds):
        twins = [
            build(depth, seed=seed, **config.net) for build in (mr.models.plain, mr.models.resnet)
        ]
        first, second = (net.state_dict() for net in twins)
        assert all(np.array_equal(first[name], second[name]) for name in first)

        trainers = [Trainer(net, train_set, test_set, replace(config, seed=seed)) for net in twins]
        for _ in range(3):
            (images, labels), (others, their_labels) = (next(t.train_loader) for t in trainers)
            assert np.array_equal(images, others) and np.array_equal(labels, their_labels)
print(f"{deep} and {shallow} layers, {seeds} seeds: same weights, same batches")

# %% [markdown]
# This is small enough for a minute or two: depths 8 and 32 instead of 20 and 56, 4 channels in the
# first stage, 2,000 drawn shapes, ten epochs. `drops` says that the learning rate is divided by 10
# after 60 % and after 85 % of the steps.
#
# **Predict:** write down four training errors, for plain-8, plain-32, resnet-8 and resnet-32. A
# network that guesses is wrong 90 % of the time.
#
# ## The run

# %%
out = Path(tempfile.mkdtemp()) / "degradation"
degradation.run(config, out, depths, seeds, progress=False)
print(sorted(path.name for path in out.iterdir()))
print()
print(degradation.report(out).split("\n\n")[0])

# %% [markdown]
# The table gives for each network the mean of its seeds and, in brackets, the lowest and the
# highest. And the curves:

# %%
degradation.figures(out)["degradation"]

# %% [markdown]
# Bands reach from the lowest seed to the highest. Compare with what you wrote down. Then the
# sentences that minires computes, and the means, drawn as the sketches were (training error full,
# test error dashed; where only one line is to be seen, both are equal). Where a confidence interval
# comes from, the next section shows:

# %%
for sentence in degradation.report(out).split("\n\n")[1].splitlines():
    print(textwrap.fill(sentence, 92), "\n")


def final_errors(folder, kind="train_error"):
    """name -> the errors after the last epoch, one for each seed."""
    rows = read_table(Path(folder) / "metrics.csv", ("net", "seed", kind), ("net",))
    ends = {(row["net"], row["seed"]): row[kind] for row in rows}  # the last row stays
    return {
        name: np.array([error for (net, _), error in ends.items() if net == name])
        for name in dict.fromkeys(net for net, _ in ends)
    }


errors = final_errors(out)
middle = {name: np.median(values) for name, values in errors.items()}
if not FAST:
    assert middle["plain-32"] > max(middle["plain-8"], middle["resnet-32"] + 10)
    assert middle["resnet-32"] < middle["resnet-8"]

figure, ax = plt.subplots(figsize=(2.8, 2.8))
measured = [
    {family: [values[f"{family}-{depth}"].mean() for depth in depths] for family in COLOUR}
    for values in (errors, final_errors(out, "test_error"))
]
slopes(ax, *measured, "measured")
ax.set_ylabel("error, %")
plt.show()

# %% [markdown]
# Which sketch is it? The third. The same layers, the same parameters, the same start: with the
# additions the deep network does best of all, without them worst. The first two do not fit, since
# it is the *training* error that is high; nor does the fourth, since the seeds agree.
#
# ## How sure can we be?
#
# Three seeds gave three different numbers each time. A seed decides the initial weights and the
# order of the images; nothing about it is part of the question. How much does such an accident
# matter? Make the smallest one there is: train a network twice from the same seed, but change *one*
# of its weights by a millionth.
#
# **Predict:** how far apart are the two after ten epochs?


# %%
class KeepFirstLayer(Callback):
    """Copies the first layer's weights after each step."""

    def __init__(self):
        self.weights = []

    def after_step(self, trainer):
        self.weights.append(trainer.model.conv1.weight.data.copy())


def weights_on_the_way(change):
    """The first layer's weights after each step, and the training error at the end."""
    net, keep = mr.models.resnet(8, seed=0, **config.net), KeepFirstLayer()
    net.conv1.weight.data[0, 0, 0, 0] *= 1 + change
    trainer = Trainer(net, train_set, test_set, config, callbacks=[keep], progress=False)
    error = trainer.run()[-1]["train_error"]
    return np.array(keep.weights), error


one, error_one = weights_on_the_way(0)
two, error_two = weights_on_the_way(1e-6)
apart = np.linalg.norm((one - two).reshape(len(one), -1), axis=1)
length = np.linalg.norm(one.reshape(len(one), -1), axis=1)

plt.figure(figsize=(7, 3.2))
plt.plot(apart / length, color=COLOUR["resnet"], linewidth=1.6)
plt.yscale("log")
plt.xlabel("step")
plt.ylabel("distance / length of the weights")
plt.title("two runs, one weight changed by a millionth")
plt.show()
print(f"training errors at the end: {error_one:.1f} % and {error_two:.1f} %")
assert FAST or apart[-1] / length[-1] > 1000 * apart[0] / length[0]
assert FAST or apart[-1] / length[-1] > 0.05

# %% [markdown]
# The distance grows over many orders of magnitude, at times within a few steps, until it is a good
# part of the weights' own length: two different networks. Another processor, which rounds a sum
# differently, is such a change as well: so your numbers will not be ours, and a single run is a
# single draw. What we want to know is about *all* the draws that could have been made.
#
# Look at the differences seed by seed, rather than at means: in a pair, both networks saw the same
# batches. From three differences with mean $m$ and standard deviation $s$, one may say: the true
# difference lies within $m \pm k\, s / \sqrt 3$, and be right 19 times out of 20, if the
# differences scatter like a bell curve. How large must $k$ be? With very many seeds, 1.96. With
# three? We can find out by trying: draw three numbers around 0, again and again, and see how far
# their mean lies from 0, measured in their own $s / \sqrt 3$.


# %%
def factor(n, trials=400_000):
    """k for n seeds, such that the range holds the truth in 95 % of all trials."""
    draws = np.random.default_rng(0).standard_normal((trials, n))
    # ddof=1: squares divided by n - 1, as is usual for few numbers
    distance = abs(draws.mean(axis=1)) / (draws.std(axis=1, ddof=1) / np.sqrt(n))
    return np.quantile(distance, 0.95)


ks = {n: factor(n) for n in (2, 3, 5, 10)}
print({n: round(float(k), 2) for n, k in ks.items()})
assert abs(ks[3] - 4.30) < 0.1 and abs(ks[5] - 2.78) < 0.1  # as in tables
assert abs(ks[10] - 2.26) < 0.1 and abs(factor(100, 40_000) - 1.96) < 0.06

# %% [markdown]
# Two seeds are next to nothing, for their $s$ may be small by luck. Three are the fewest that say
# something; ten would be comfortable, and cost more than three times as much. (This is Student's t
# distribution of 1908, found by trying.) Our comparisons:


# %%
def compare(errors, shallow, deep):
    """Three comparisons: the differences in training error, seed by seed."""
    pairs = (
        (f"plain-{deep}", f"plain-{shallow}"),
        (f"resnet-{deep}", f"plain-{deep}"),
        (f"resnet-{deep}", f"resnet-{shallow}"),
    )
    return {f"{a}\nminus {b}": errors[a] - errors[b] for a, b in pairs}


def half_range(values):
    return factor(len(values)) * values.std(ddof=1) / np.sqrt(len(values))


def draw(differences, title):
    figure, ax = plt.subplots(figsize=(8, 2.8))
    for place, (name, values) in zip((2, 1, 0), differences.items()):
        mean, half = values.mean(), half_range(values)
        ax.plot([mean - half, mean + half], [place] * 2, color="#bbbbbb", linewidth=5)
        ax.plot(values, [place] * len(values), "o", color=plot.OTHERS[1], markersize=6)
        print(
            f"{name.replace(chr(10), ' '):<32} {mean:+6.1f} points, "
            f"95 % range {mean - half:+6.1f} to {mean + half:+6.1f}"
        )
    ax.axvline(0, color="black", linewidth=1)
    ax.set_yticks(range(len(differences)), list(differences)[::-1])
    ax.set_ylim(-0.5, len(differences) - 0.5)
    ax.set_xlabel("difference in training error, points")
    ax.set_title(f"{title} (dots: seeds; grey: 95 % range)")
    plt.show()


draw(compare(errors, shallow, deep), "drawn shapes, this run")

# %% [markdown]
# Read it like this. If a bar stays clear of 0, there is a difference, as far as three seeds can
# say. If it crosses 0 with all three dots on one side, then probably, but three seeds are too few
# to be sure. That is not the same as "no difference", and a bar that only just stays clear is no
# proof either (exercise 1).
#
# ## Was the learning rate unfair?
#
# One recipe for all sounds fair. But 0.1 might suit shallow networks and residual ones, and be
# wrong for deep plain ones; then we would compare learning rates and not networks. So give each its
# own best.
#
# **Predict:** is there a rate at which plain-32 beats plain-8 at its best?

# %%
rates = (0.03, 0.1, 0.3)
families = {"plain": mr.models.plain, "resnet": mr.models.resnet}
watched = [("plain", shallow), ("plain", deep), ("resnet", deep)]
by_rate = {}
for family, depth in watched:
    by_rate[f"{family}-{depth}"] = []
    for lr in rates:
        if lr == config.lr:  # done: seed 0 of the run
            error = errors[f"{family}-{depth}"][0]
        else:
            net = families[family](depth, seed=0, **config.net)
            error = Trainer(net, train_set, test_set, replace(config, lr=lr), progress=False).run()[
                -1
            ]["train_error"]
        by_rate[f"{family}-{depth}"].append(error)

plt.figure(figsize=(7, 3.4))
shades = (plot.SHADES["plain"][0], plot.SHADES["plain"][1], plot.SHADES["resnet"][1])
for (name, values), colour in zip(by_rate.items(), shades):
    plt.plot(rates, values, "o-", color=colour, linewidth=2, label=name)
plt.xscale("log")
plt.xticks(rates, [str(lr) for lr in rates])
plt.minorticks_off()
plt.xlabel("learning rate")
plt.ylabel("training error, %")
plt.title("one seed, each at three rates")
plt.legend()
plt.show()
best = {name: min(values) for name, values in by_rate.items()}
print("each at its best rate:", {name: f"{error:.1f} %" for name, error in best.items()})
if not FAST:
    assert best["plain-32"] > max(best["plain-8"] + 5, best["resnet-32"] + 5)
    assert by_rate["plain-8"][-1] < min(by_rate["plain-32"][-1], by_rate["resnet-32"][-1])
    assert best["plain-8"] + 5 < errors["plain-8"][0]

# %% [markdown]
# At none of these rates does the deep plain network catch up with the other two at their best. But
# the rate matters a great deal, and not in the same way for each: at 0.3 both deep networks end
# behind plain-8, with shortcuts or without. A comparison at 0.3 alone could have missed what
# shortcuts do. And look at the best of plain-8: with a rate of its own it comes much nearer to
# resnet-32 than it was at 0.1. (One seed each: this is a check, not an experiment.)
#
# ## The same on photographs
#
# If CIFAR-10 is on your computer (notebook 07), here is the same small experiment on its first
# 2,000 photographs. **Predict** first: which of the differences above will be smaller, and why?

# %%
if mr.data.preferred() == "cifar10":
    photographs = Path(tempfile.mkdtemp()) / "photographs"
    degradation.run(replace(config, dataset="cifar10"), photographs, depths, seeds, progress=False)
    print(degradation.report(photographs).split("\n\n")[0])
    draw(compare(final_errors(photographs), shallow, deep), "CIFAR-10, this run")
else:
    print("no CIFAR-10 here; to get it:  minires data cifar10")

# %% [markdown]
# So small a run on so few photographs does not get far. The recorded one is larger: it has 20 and
# 56 layers, 8 channels, 10,000 images of 16x16, seven epochs, three seeds. You saw its picture in
# notebook 00; now you can read it.

# %%
folder = "../results/degradation-quick-cifar10"
settings = read_config(folder)
print(f"minires degradation --dataset {settings['dataset']} --seeds {len(settings['seeds'])}")
for field in ("image_size", "net", "train_size", "epochs", "batch_size", "lr"):
    assert settings[field] == getattr(PRESETS["quick"], field)  # the default preset
print(degradation.report(folder).split("\n\n")[0])
degradation.figures(folder)["degradation"]

# %%
recorded = final_errors(folder)
differences = compare(recorded, 20, 56)
draw(differences, "CIFAR-10, recorded")

for values, expected in zip(differences.values(), (19.3, -26.1, 7.0)):
    assert round(values.mean(), 1) == expected
    assert abs(values.mean()) > half_range(values)  # clear of 0

# %% [markdown]
# All three are clear of 0: 36 layers more cost the plain network 19.3 points of training error; the
# additions, in the same 56 layers, win back 26.1. And the third is a surprise: resnet-56 is still
# 7.0 points *worse* than resnet-20. In our small run above, the deeper residual network was the
# better one.
#
# So "residual networks get better with depth" is not what this run shows. It shows that shortcuts
# remove most of the harm. Whether depth *pays* depends on how long one trains, and on whether the
# shallower network was too small for the task. There are numbers on that further down.
#
# ## Two rules about errors
#
# **Why training error?** Because the question is about training. A test error mixes two things, how
# well a network fits and how well what it has learned carries over.
#
# **Why the last epoch, and not the best?** Test errors jump from epoch to epoch. Whoever reports
# the lowest of many picks the luckiest, with the help of the test images. How much can that be?
# Imagine a network that stops improving at 10 % and jumps by half a point:

# %%
jumps = np.random.default_rng(0).normal(10, 0.5, (2000, 164))  # 2,000 networks, 164 epochs
print(f"{'imagined':<12} last {jumps[:, -1].mean():.1f} %, best {jumps.min(axis=1).mean():.1f} %")
assert 1.0 < 10 - jumps.min(axis=1).mean() < 1.5

tests = {}
for row in read_table(f"{folder}/metrics.csv", ("net", "seed", "test_error"), ("net",)):
    tests.setdefault((row["net"], row["seed"]), []).append(row["test_error"])
for name, last in final_errors(folder, "test_error").items():
    best = [min(tests[name, seed]) for seed in settings["seeds"]]
    print(f"{name:<12} last {last.mean():.1f} %, best {np.mean(best):.1f} %")
    assert last.mean() - np.mean(best) < 0.5

# %% [markdown]
# More than a whole point for nothing. In our seven epochs, which end at a small learning rate, it
# is next to nothing, but the more epochs there are, the more lucky ones. The rule is simple: decide
# beforehand which epoch counts.
#
# ## The paper's numbers
#
# He et al. trained for 64,000 steps on all images at full size. Their residual networks are in
# table 6. The plain ones are in no table: we read them from figure 6, to about 0.2 points.

# %%
paper = {  # test, training error in %
    "plain-20": (9.7, 1.4),
    "plain-56": (13.3, 5.9),  # read from figure 6
    "resnet-20": (8.75, None),
    "resnet-56": (6.97, None),  # table 6
}
tests = final_errors(folder, "test_error")
print(f"{'':<14}{'paper: test, training':>24}{'ours: test, training':>24}")
for name, (test, train) in paper.items():
    theirs = f"{test} %, {f'{train} %' if train else '-'}"
    mine = f"{tests[name].mean():.1f} %, {recorded[name].mean():.1f} %"
    print(f"{name:<14}{theirs:>24}{mine:>24}")

full = PRESETS["paper"]
steps = settings["epochs"] * (settings["train_size"] // settings["batch_size"])
seen = full.iterations * full.batch_size, steps * settings["batch_size"]
print(
    f"\nimages seen in training: {seen[0]:,} in the paper, {seen[1]:,} here, "
    f"{seen[0] / seen[1]:.0f} times fewer"
)
assert round(seen[0] / seen[1]) == 117
assert full.train_size == 5 * settings["train_size"]
assert full.net["width"] == 2 * settings["net"]["width"]
assert full.image_size**2 == 4 * settings["image_size"] ** 2 and settings["crop_padding"] == 0

# %% [markdown]
# Our errors are far higher, for reasons that can be listed: 117 times fewer images seen, a fifth of
# the training images, a quarter of the pixels, half of the channels, and no random crops. (And ours
# is a copy of CIFAR-10 that was stored as JPEG.) The order of the plain networks is the same, and
# so is what the additions do to 56 layers. What is *not* the same is the order of the two residual
# ones.
#
# Is that the length of training? Others have repeated the experiment at full length; one of them
# published every epoch ([a-martyn/resnet](https://github.com/a-martyn/resnet), folder `results`,
# one run each):

# %%
epochs = (1, 5, 10, 20, 164)
replication = {
    "resnet-20": (63.9, 27.6, 23.0, 13.8, 0.40),  # training error, %
    "resnet-56": (71.4, 37.8, 22.4, 14.5, 0.04),
}
print(f"{'after epoch':<14}" + "".join(f"{epoch:>8}" for epoch in epochs))
for name, values in replication.items():
    print(f"{name:<14}" + "".join(f"{value:>8}" for value in values))

# %% [markdown]
# There too the deeper one is behind at first, level after ten epochs of 50,000 images, and ahead at
# the end. That fits: it says what our seven epochs of 10,000 can show and what they cannot. It does
# not prove it for *our* network; for that one would have to train it longer (exercise 3).
#
# ## What would change the verdict?
#
# A result one could never give up is not a result. These would make us give up ours, or narrow it:
#
# - seeds that disagree: more of them, and bars that move to 0;
# - a learning rate, a **warm-up** (small rates in the first steps) or an initialisation with which
#   plain-56 trains as well as plain-20: then depth would be harmful only for this recipe. Notebook
#   11 looks at what happens in the first steps, which is where such a remedy would have to act;
# - a plain network of 56 layers that catches up if it is given time. The authors trained three
#   times as long, on ImageNet, and saw none of it (section 4.1); nor do we, see *longer* in
#   [docs/claims.md](../docs/claims.md);
# - a residual network with another number of parameters, or another start: then something besides
#   the addition could be the cause. We asserted that both are the same.
#
# And what this does not say at all: *why*. The table of the beginning has a row that fits,
# "degradation, cured by shortcuts". That is a name, not an explanation.
#
# ## Exercises
#
# **1.** More seeds: run the experiment with five. Do the bars get shorter as you expect?
#
# <details><summary>Hint</summary>
# A run can be extended, and what is done is not done again: degradation.run(config, out, depths,
# seeds=5, resume=True, progress=False). Then read final_errors(out) once more. With five seeds k
# falls from 4.3 to 2.8, and the root of the number grows: look at k / sqrt(n). Which of the three
# comparisons do the new seeds agree with?
# </details>
#
# **2.** Another depth: add 20 layers in between. Is the order of the plain networks that of their
# depths?
#
# <details><summary>Hint</summary>
# The same way: depths=(8, 20, 32). The table and the figure then have six networks. Predict first
# on which side of plain-8 you expect plain-20.
# </details>
#
# **3.** A wider net, or a longer training: make a config with width 8, or one with 30 epochs, and a
# folder of its own. What happens to the spread, and to the comparison of the two residual networks?
#
# <details><summary>Hint</summary>
# replace(config, net={"width": 8}) or replace(config, epochs=30). Other settings cannot go into the
# old folder; the error says so. If one seed of the residual network falls far behind the others, do
# not leave it out: say how many seeds did, and look at its curve.
# </details>

# %% [markdown]
# ## Recap
#
# - A fair comparison differs in one thing; say how you know. Write down what each outcome would
#   mean before you run it.
# - A run is a draw: a millionth in one weight makes another run of it. Compare seed by seed, and
#   give the spread.
# - Deep plain networks train worse than shallow ones, at any learning rate tried; the addition
#   cures most of it. Whether depth then pays is a matter of length and size.
# - Training error, last epoch, and the paper's numbers with their source.
#
# **In the library:** [`experiments/degradation.py`](../minires/experiments/degradation.py) is the
# experiment, [`experiments/degradation_report.py`](../minires/experiments/degradation_report.py)
# the verdict, [`experiments/presets.py`](../minires/experiments/presets.py) the sizes, up to the
# paper's.
#
# **Next:** [11 · Where do the gradients go?](11_where_the_gradients_go.ipynb)

# %% [markdown]
# # 00 · Start here
#
# In 2015 four researchers (He, Zhang, Ren and Sun, arXiv:1512.03385) reported something odd. They
# stacked more layers onto a network, and it got *worse*, even on the very images it was trained on.
# One small change cured it: they cut the network into blocks of a few layers, and added the input
# of each block to its output. In these notebooks you build everything you need to understand that,
# from a derivative to a network of 56 layers.
#
# **After this one you can** check your set-up, train a small network and read its error curves, and
# find your way through the rest. About 20 minutes, and 20 more for the exercises.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import plot
from minires.experiments import degradation, records
from minires.lessons import check, exercise, predict, recorded, reveal, score, show
from minires.training import RunConfig, Trainer

plot.use_style()
print("minires", mr.__version__, "· NumPy", np.__version__)

# %% [markdown]
# If the cell above printed two version numbers, you are ready. If it says *No module named ...*,
# install minires from the folder that holds `notebooks`, and choose *Restart* in the menu *Kernel*:
#
#     pip install -e ".[notebooks]"
#
# ## The pictures we learn from
#
# A computer learns from examples. Ours are drawn shapes of ten kinds, which need no download. Later
# you will also meet CIFAR-10, a collection of small photographs. Its results are recorded, so you
# do not need the photographs themselves. If you do fetch them, with `minires data cifar10`,
# notebooks 08 and 12 train on them as well.

# %%
train_set, test_set = mr.data.synthetic(4000, 1000)
steps = 310  # of the training below
print(train_set.images.shape, train_set.images.dtype)

figure, axes = plt.subplots(2, 10, figsize=(9, 2))
for column, name in enumerate(train_set.classes):
    for ax, index in zip(axes[:, column], np.flatnonzero(train_set.labels == column)):
        ax.imshow(train_set.images[index])
        ax.axis("off")
    axes[0, column].set_title(name, fontsize=8)
show("Two drawn images of each of the ten classes: coloured shapes on a coloured ground.")

# %% tags=["fast"]
train_set, test_set, steps = train_set.take(500), test_set.take(200), 8

# %% [markdown]
# An image is an array of numbers: height, width, and three colours, each from 0 to 255. A set of N
# images is an array of shape `(N, height, width, 3)`. Nothing else goes into a network.
#
# ## What a run looks like
#
# A **network** turns an image into ten numbers, one for each class. Its answer is the class with
# the largest number. It gets there in steps, one after another, which are called **layers**. The
# layers hold thousands of **parameters**, numbers that start at random and are then learned. (The
# **seed** decides the random start: the same seed gives the same start.)
#
# **Training** shows the network a few images at a time, a **batch**. It measures how wrong the
# answers are, moves each parameter a little so that they become less wrong, and goes on to the next
# batch. One pass through all training images is called an **epoch**.
#
# Before you run the next cell, make two guesses. A guess makes you look closely at the answer, and
# a wrong guess makes you remember it. In Jupyter the result of the next cell waits until you have
# guessed. What the result shows is folded below it: open it after your guess.

# %%
blind = predict(
    "There are ten classes, all equally frequent. How often is a network wrong if it only guesses?",
    unit="%",
    within=2,
)
one_epoch = predict(
    "Now let it train for one epoch. Is its error nearer to that of guessing, or nearer to 0?",
    ["nearer to guessing", "nearer to 0 %"],
)

# %%
net = mr.models.resnet(8, width=8, seed=0)  # 8 layers; what "resnet" means is the topic
print(f"{net.num_parameters():,} parameters")
small_train, small_test = train_set.resize(16), test_set.resize(16)  # 16 x 16: quicker

live = plot.LiveCurves("drawn shapes, 16 x 16 pixels")
config = RunConfig(  # notebook 08 explains these settings
    iterations=steps, batch_size=64, lr=0.1, milestones=(steps * 3 // 4,), crop_padding=0
)
trainer = Trainer(
    net, small_train, small_test, config, name="resnet-8", progress=False, callbacks=[live]
)
history = trainer.run()  # one row for each epoch

blind.reveal(100 * (1 - 1 / 10), "One answer in ten is right by chance.")
after_one = min(history[0]["train_error"], history[0]["test_error"])
one_epoch.reveal(
    one_epoch.choices[0 if after_one > 45 else 1],
    "Even the lower of its two errors is above 45 %, half of 90.",
)

# %% [markdown]
# The solid line is the **training error**, the share of wrong answers on the images the network
# learns from. The dashed line is the **test error**, on images it has never seen.
#
# The two errors are about alike here, because so short a training does not get far on either. (The
# dashed line may even lie below. The training error is counted *during* an epoch, while the network
# still improves, and the test error at its end.)

# %%
last = history[-1]
print(
    f"after {last['epoch']:.0f} epochs: training error {last['train_error']:.1f} %, "
    f"test error {last['test_error']:.1f} %"
)

# %% tags=["guard-full"]
assert last["train_error"] < 70  # it has learned something: guessing gives 90
assert after_one > 45  # nearer to 90 than to 0
assert abs(last["test_error"] - last["train_error"]) < 10  # about alike
assert last["epoch"] == 5 and 310 // (4000 // 64) == 5

# %% [markdown]
# Two things can go wrong in a longer training. If the test error ends far above the training error,
# the network has learned its examples by heart, which is called **overfitting**. If the training
# error itself stays high, the network has failed to learn even its examples. Remember the
# difference: the riddle of deep networks is of the second kind.
#
# ## The riddle
#
# Here is what all this leads to. Four networks were trained in the same way on 10,000 photographs
# of CIFAR-10. Two of them are **plain**, simple chains of 20 and of 56 layers. The other two are
# **residual**: they have the same layers, and one addition more in each block. Each was trained
# three times, with three seeds, by the command `minires degradation --dataset cifar10 --seeds 3`.
#
# The plain network of 56 layers could do exactly what the network of 20 layers does: 36 of its
# layers need only pass on what they get.

# %%
riddle = predict(
    "Of the two plain networks the deeper one is worse, as you have read. Which of the two "
    "*residual* ones has the lower training error, after this short training?",
    ["the one of 20 layers", "the one of 56 layers", "both the same"],
    cells=2,
)

# %%
FOLDER = recorded("results/degradation-quick-cifar10")
rows = records.read_table(f"{FOLDER}/metrics.csv", ("train_error", "test_error"), text=("net",))
last_errors = {row["net"]: row["train_error"] for row in rows}  # the last row of a net stays
lower = min(("resnet-20", "resnet-56"), key=last_errors.get)
show(
    "Training and test errors against epochs. Left, plain networks: the one of 56 layers stays far "
    "above the one of 20. Right, residual networks: all curves are lower and the gap is smaller.",
    degradation.figures(FOLDER)["degradation"],
)
riddle.reveal(
    f"the one of {lower.split('-')[1]} layers",
    "So short a training is not enough for the deeper one. But its gap is less than half as large.",
)

# %% [markdown] tags=["answer"]
# A line is the mean of three seeds, and the band around it goes from the lowest to the highest. On
# the left the deeper plain network is *worse*, even on the images it was trained on. That is called
# **degradation**. On the right, with the additions, all errors are lower, and the gap is less than
# half as large.
#
# The gap is not gone: after so short a training resnet-56 is still behind resnet-20. In the much
# longer training of the paper the deeper residual network is the better one (table 6). Why do the
# additions help? You will look for the answer in notebooks 10 to 14, with networks you have built
# yourself.

# %% [markdown]
# Here are the same results in numbers, from the last epoch of each run:

# %%
finals = {}  # by network: the last row of each seed
for row in rows:
    finals.setdefault(row["net"], {})[row["seed"]] = row

print("mean of three seeds, %   training error   test error")
mean = {}
for name, by_seed in finals.items():
    mean[name] = [
        np.mean([row[which] for row in by_seed.values()]) for which in ("train_error", "test_error")
    ]
    print(f"{name:24} {mean[name][0]:14.1f} {mean[name][1]:12.1f}")

# %% tags=["guard"]
assert all(len(by_seed) == 3 for by_seed in finals.values())
for which in (0, 1):  # training error, test error
    gap = {
        family: mean[f"{family}-56"][which] - mean[f"{family}-20"][which]
        for family in ("plain", "resnet")
    }
    assert 0 < gap["resnet"] < gap["plain"] / 2
    assert max(mean["resnet-20"][which], mean["resnet-56"][which]) < mean["plain-20"][which]
assert records.read_config(FOLDER)["train_size"] == 10_000

# %% [markdown]
# ## How these notebooks work
#
# Each notebook says what you will be able to do, and asks you to **predict** before a result
# appears. It shows a formula, writes it out in a few lines of code, and puts the library's version
# beside it. A line with `assert` checks that both agree: it does nothing if they do, and stops the
# notebook if they do not. At the end there are exercises with hints, a recap, and links into the
# library.
#
# | notebook | what you build |
# |---|---|
# | 01 | derivatives, and a tape for numbers in 50 lines |
# | 02 | the same for arrays; broadcasting; why the order matters |
# | 03 | a first loop: a network learns two spirals |
# | 04 | convolution: as loops, then as one matrix product |
# | 05 | its backward pass; is a gradient right? |
# | 06 | ReLU, initial weights, and what depth does to a signal |
# | 07 | a first network for images: loop, optimiser, schedule |
# | 08 | what it has learned: its mistakes, shapes of your own, photographs |
# | 09 | batch norm by hand |
# | 10 | going deeper: plain networks of 20 and 56 layers |
# | 11 | the shortcut: residual blocks, and ResNet-20 to ResNet-56 |
# | 12 | the degradation experiment |
# | 13 | where the gradients go |
# | 14 | inside a trained network: lesions and paths |
# | 15 | making it fast |
# | 16 | a museum of mistakes: what breaks, and what does not |
#
# All seventeen take about eleven hours, and the exercises seven more.
#
# **The short way** takes about three hours, from nothing to the shortcut, without the exercises. In
# each notebook choose *Run All Cells* in the menu *Run* first, then read these parts:
#
# | notebook | read, up to and with | minutes |
# |---|---|---:|
# | 00 | all | 19 |
# | 01 | all | 28 |
# | 02 | *A tape for arrays* | 24 |
# | 03 | *What is the ReLU good for?* | 15 |
# | 04 | *All of it: channels, filters, a batch* | 19 |
# | 07 | *A network of modules*; then *The loop* and *The whole run* | 28 |
# | 09 | *The formula* | 10 |
# | 10 | all but *What depth costs* | 25 |
# | 11 | *A block of convolutions*; then *Where the shape changes*, *ResNet-20, whole* and *Twins* | 24 |
#
# What this leaves out: the `sgd_step` of 07 moves each weight against its gradient. And after
# training, batch norm uses averages over the training instead of the mean and the variance of a
# batch.
#
# All notebooks use the same notation. You need not understand it yet: come back to this table when
# you meet a symbol you do not know.
#
# | symbol | meaning |
# |---|---|
# | $x$, $y$ | input and output of a step of the computation |
# | $w$, $b$ | weights and biases: the parameters |
# | $L$ | the loss, one number: how wrong the network is |
# | `dy`, `dx` | $\partial L/\partial y$, $\partial L/\partial x$: how $L$ changes with each; same shape as $y$, $x$ |
# | `dw`, `db` | the same for $w$, $b$ |
# | $N$, $H$, $W$, $C$ | number of images, height, width, channels; images are arrays `(N, H, W, C)` |
# | $K_H$, $K_W$ | height and width of a filter; filters are arrays `(KH, KW, C_in, C_out)` |
# | lr | learning rate: how far a step goes |
# | $F(x)$ | what the layers of a block compute; a residual block returns $F(x) + x$ |
#
# ## Exercises
#
# One star is a warm-up, with two you build something, and with three you go further. The hints open
# one at a time. Write your answer into the cell below each exercise and run it: its last line says
# what is right or wrong.

# %%
exercise("00.error")


# %%
def error_percent(answers, labels):
    # your code, instead of the three dots
    ...


check("00.error", error_percent)

# %%
exercise("00.guess")


# %%
def best_guess_error(counts):
    # your code
    ...


check("00.guess", best_guess_error)

# %%
exercise("00.rates")

# %%
errors = None  # your code: {0.001: ..., 0.1: ..., 1.0: ...}

check("00.rates", errors)

# %% [markdown]
# The next one has no check. `mr.models.plain(8, width=8, seed=0)` is the same network without the
# additions. Train it with the same `live`, so that both appear in one picture, and give the trainer
# the name "plain-8", because plain networks are drawn in orange. Is it worse at this depth?

# %%
exercise("00.explain")

# %% [markdown]
# How many of your predictions were right? It does not matter much. What matters is that you made
# them.

# %%
score()

# %% [markdown]
# ## Recap
#
# - An image is an array, and a network turns it into one number for each class.
# - Training error and test error answer different questions. Does the network learn? And does what
#   it has learned hold for other images?
# - Degradation is a *training* error that rises with depth. It is not overfitting.
#
# **In the library:** [`trainer.py`](../minires/training/trainer.py) is the training loop,
# [`models/cifar.py`](../minires/models/cifar.py) the networks,
# [`synthetic.py`](../minires/data/datasets/synthetic.py) the drawn shapes.
#
# **Next:** [01 · Derivatives, and a tape for numbers](01_derivatives_and_a_tape.ipynb)

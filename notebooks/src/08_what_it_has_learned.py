# %% [markdown]
# # 08 · What the network has learned
#
# In notebook 07 a network learned to tell ten shapes apart, and was wrong about a third of the
# time. That number says little about *what* it has learned. Here you look at its mistakes, draw
# shapes that it has never seen, show it photographs, and keep it in a file. You also get to know
# `Trainer`, the library's training loop, which all coming notebooks use.
#
# **After this one you can** train with `Trainer`, read a table of confusions, say what the
# probabilities of a net mean and what they do not, and save and load a net. About 30 minutes, and
# 20 more for the exercises.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import functional as F
from minires import nn, plot
from minires.lessons import check, exercise, predict, reveal, score, show, slider
from minires.training import RunConfig, Trainer

plot.use_style()
plt.rcParams["figure.dpi"] = 85  # many pictures: keep the file small
IMAGES, EPOCHS, BATCH = 4000, 10, 64  # fewer are quicker

# %% tags=["fast"]
IMAGES, EPOCHS = 500, 2

# %% [markdown]
# ## The library's loop
#
# The network is that of notebook 07, as one chain of modules. We train it again, now by the
# library.


# %%
def small_net(seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Conv2d(3, 16, kernel_size=3, padding=1, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, kernel_size=3, padding=1, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, kernel_size=3, padding=1, rng=rng),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4 * 4 * 64, 10, rng=rng, std=0.01),
    )


train_set, test_set = mr.data.synthetic(IMAGES, IMAGES // 4)
train_set, test_set = train_set.resize(16), test_set.resize(16)  # small: quicker

# %% [markdown]
# `Trainer` is the loop that you wrote, with everything around it that a run of hours needs. It
# subtracts the mean image and augments by itself, writes the state of a run to a file from which it
# can go on, stops cleanly on Ctrl-C, and says where a nan began. A `RunConfig` holds the settings,
# and its defaults are those of the paper. **Callbacks** are called while it runs. One of them is
# `plot.LiveCurves`, which draws after every epoch.

# %%
steps = EPOCHS * (IMAGES // BATCH)
config = RunConfig(
    iterations=steps,
    batch_size=BATCH,
    lr=0.1,
    crop_padding=2,  # zeros around an image, before a random window is cut out
    milestones=(int(0.6 * steps), int(0.85 * steps)),  # the steps at which lr falls to a tenth
)


def run(net, training, testing, name):
    live = plot.LiveCurves(f"{name}, 16 x 16 pixels")
    trainer = Trainer(
        net, training, testing, config, name="small net", progress=False, callbacks=[live]
    )
    last = trainer.run()[-1]
    print(f"training error {last['train_error']:.1f} %, test error {last['test_error']:.1f} %")
    return last


net = small_net()
last = run(net, train_set, test_set, "drawn shapes")

# %% tags=["guard-full"]
assert 30 < last["test_error"] < 42

# %% [markdown]
# ## What does it get wrong?
#
# For each test image the net gives ten probabilities. Its answer is the class of the largest, and
# how large that one is says how sure the net is.


# %%
def probabilities(images):
    """Softmax of the logits, (N, 10), for images of bytes (N, 16, 16, 3)."""
    x = (images / 255 - train_set.pixel_mean()).astype(np.float32)
    with mr.no_grad():
        return F.softmax(net(mr.Tensor(x))).data


p, labels_test = probabilities(test_set.images), test_set.labels
answers, certainty = p.argmax(axis=1), p.max(axis=1)
wrong = answers != labels_test
counts = np.zeros((10, 10), int)
np.add.at(counts, (labels_test, answers), 1)
print(test_set.classes)

# %%
confused = predict(
    "Look at the names of the classes. Which of these pairs will it confuse most often?",
    ["disk and ring", "ring and cross", "cross and star"],
)
how_sure = predict(
    "The largest of the ten probabilities says how sure the net is. When is it surer, on average?",
    ["when it is right", "when it is wrong", "about the same"],
)

# %%
show(
    "A table of the true class against the answer, darkest on the diagonal. Off the diagonal, "
    "three pairs are taken for one another most often: cross and star, disk and square, square "
    "and heart.",
    plot.confusion(counts, test_set.classes),
)


def taken(one, other):
    """How often one class is taken for the other, either way."""
    i, j = test_set.classes.index(one), test_set.classes.index(other)
    return counts[i, j] + counts[j, i]


pairs = {choice: taken(*choice.split(" and ")) for choice in confused.choices}
confused.reveal(max(pairs, key=pairs.get), "Both have arms; at 16 pixels they look much alike.")
right_mean, wrong_mean = certainty[~wrong].mean(), certainty[wrong].mean()
how_sure.reveal(
    how_sure.choices[0 if right_mean > wrong_mean + 0.1 else 2],
    f"{right_mean:.2f} when it is right, {wrong_mean:.2f} when it is wrong.",
)

# %% tags=["guard-full"]
from itertools import combinations

every_pair = {one + other: taken(one, other) for one, other in combinations(test_set.classes, 2)}
most = sorted(every_pair, key=every_pair.get)[:-4:-1]
assert set(most) == {"crossstar", "squareheart", "disksquare"}
assert pairs["cross and star"] > 2 * pairs["disk and ring"]
assert right_mean > wrong_mean + 0.1

# %% [markdown] tags=["answer"]
# A disk and a square, or a square and a heart, are mixed up nearly as often. At 16 pixels they look
# alike, too.

# %% [markdown]
# Now look at single images. The upper row shows the ten mistakes that the net was surest of, with
# its answer and the true class. The lower row shows the image of each class that it was surest of.

# %%
surest_wrong = np.flatnonzero(wrong)[np.argsort(-certainty[wrong])[:10]]
clearest = [max(np.flatnonzero(labels_test == k), key=lambda i: p[i, k]) for k in range(10)]
figure, axes = plt.subplots(2, 10, figsize=(10, 2.6))
for row, chosen in zip(axes, (surest_wrong, clearest)):
    for ax, i in zip(row, chosen):
        ax.imshow(test_set.images[i])
        ax.axis("off")
        said, true = (test_set.classes[k] for k in (answers[i], labels_test[i]))
        title = said if said == true else f"{said},\nis {true}"
        ax.set_title(title, fontsize=6, loc="center")
show(
    "Two rows of ten small images. Above, mistakes: most of these shapes are small, or crossed by "
    "lines of other colours. Below, a large and clear shape of each class."
)

# %% [markdown]
# ## Draw a shape, and let the net answer
#
# Now draw images that the net has never seen: a light disk of radius 0.92, with a hole in the
# middle. In the rings that the net has seen, the hole has about half the radius of the ring: 0.48,
# where the ring has 0.92.

# %%
hole_needed = predict(
    "The hole grows from radius 0. From which radius on does the net say ring, and not disk?",
    within=0.1,
)


# %%
def disk_with_hole(hole):
    """An image (16, 16, 3), brightness 0 to 1."""
    axis = (np.arange(16) + 0.5) / 8 - 1
    r = np.hypot(*np.meshgrid(axis, axis)) / 0.7  # from the middle
    inside = np.minimum(0.92 - r, r - hole)  # how far inside of the edges
    cover = np.clip(0.5 + 0.7 * 8 * inside, 0, 1)  # a pixel on an edge is partly covered
    return np.repeat(0.4 + 0.5 * cover[..., None], 3, axis=2)


holes = np.arange(18) / 20
drawn = np.array([disk_with_hole(hole) for hole in holes])
given = probabilities(255 * drawn)
said = [test_set.classes[k] for k in given.argmax(axis=1)]
first_ring = holes[said.index("ring")] if "ring" in said else 0
wide = 2 * 0.7 * 8 * first_ring
hole_needed.reveal(first_ring, f"A hole {wide:.0f} pixels wide, in a disk of 10, is enough.")

# %% tags=["guard"]
edges = mr.data.datasets.signed_distance.ring(np.array([0.48, 0.92]), np.zeros(2))
assert np.allclose(edges, 0)  # where the rings of the data end

# %% tags=["guard-full"]
assert said[0] == "disk" and 0.05 < first_ring < 0.35 and said[10] == "ring"
assert said[17] != "ring" and given[17].max() < 0.9

# %% [markdown]
# Move the radius of the hole. What does the net say of a very thin ring?


# %%
def answer(ax, hole):
    """The probabilities of the ten classes, and the image beside them."""
    i = np.argmin(abs(holes - hole))
    colours = [plot.OTHERS[1] if q == given[i].max() else plot.OTHERS[0] for q in given[i]]
    ax.barh(test_set.classes[::-1], given[i, ::-1], color=colours[::-1])  # the first one on top
    ax.set_xlim(0, 1.8)
    ax.set_xticks([0, 0.5, 1])
    ax.set_xlabel("probability", loc="left")
    ax.grid(False)
    image = ax.inset_axes([0.6, 0.3, 0.4, 0.5])
    image.imshow(drawn[i], vmin=0, vmax=1)
    image.axis("off")


slider(
    "hole",
    list(holes),
    answer,
    frames=[holes[2], holes[10], holes[17]],
    alt="Three images, each with ten bars, the probabilities that the net gives. A disk with a "
    "tiny hole: disk. A ring like those of the data: ring, nearly certain. A very thin ring: the "
    "bar of ring is short, and another class has the longest one.",
    size=(3.4, 2.6),
)

# %% [markdown]
# A thin ring is a ring to you. To the net it is unlike everything it learned from, and so it may
# say anything. It has learned to tell ten classes apart in images like these, and has no idea of a
# ring beyond them. It also has no way to answer "none of the ten", because the probabilities always
# add up to 1.

# %% [markdown]
# Draw a shape of your own: put # where it should be light, and run the second cell. (It takes 16
# lines of 16 marks; shorter ones are filled up.) Ten classes are all that the net has to choose
# from. Does it know your square, if it is small, or stands on a corner?


# %%
def from_marks(drawing):
    """An image (16, 16, 3), light where there is a #."""
    lines = [*drawing.strip("\n").split("\n"), *[""] * 16][:16]
    light = np.array([[mark == "#" for mark in line.ljust(16)[:16]] for line in lines])
    return np.repeat(0.4 + 0.5 * light[..., None], 3, axis=2)


def print_answers(image):
    """The three classes that the net finds likeliest."""
    (chances,) = probabilities(255 * image[None])
    for k in np.argsort(-chances)[:3]:
        print(f"{test_set.classes[k]:<10} {100 * chances[k]:3.0f} %")


# %%
drawing = """
................
................
......####......
....########....
...##########...
..####....####..
..###......###..
..###......###..
..###......###..
..###......###..
..####....####..
...##########...
....########....
......####......
................
................
"""
print_answers(from_marks(drawing))

# %% tags=["guard"]
for short in ("##\n##", "", drawing.replace(".", " "), drawing * 2):
    assert from_marks(short).shape == (16, 16, 3)
assert np.array_equal(from_marks(drawing), from_marks(drawing.rstrip(".\n")))

# %% [markdown]
# ## Photographs
#
# Drawn shapes are easy on the eye and on the clock. The real thing is **CIFAR-10**: 60,000
# photographs of ten kinds of things, 32x32 pixels each (Krizhevsky 2009). If it is on your
# computer, the cell after the question trains the same network, with the same loop, on the first
# 4,000 of them. If not, `minires data cifar10` in a terminal fetches it (170 MB); all notebooks
# work without.

# %%
photos = predict(
    "Will the errors be higher or lower than for drawn shapes?", ["higher", "lower", "the same"]
)

# %%
if mr.data.preferred() == "cifar10":
    photographs, others = (images.resize(16) for images in mr.data.load("cifar10"))
    photographs, others = photographs.take(len(train_set)), others.take(len(test_set))
    run(small_net(), photographs, others, photographs.name)
else:
    print("no CIFAR-10 here; to get it:  minires data cifar10")
photos.reveal(
    "higher",
    "In a run of ours, on a copy of CIFAR-10 stored as JPEG, training and test error both ended at "
    "about 50 %.",
)

# %% [markdown] tags=["answer"]
# A disk is always a disk, but a cat can sit, lie, or be cut off at the neck. 4,000 photographs and
# ten epochs are too little to learn all that. Notebook 12 comes back to photographs.

# %% [markdown]
# ## Keep it
#
# `mr.save` writes the parameters to a file of plain arrays in safetensors, a format that
# PyTorch and others read too. `mr.load` reads them into a net of the same
# shape. The file holds numbers only, so you need the code that builds the net.

# %%
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "small-net.safetensors"
    mr.save(net, path)
    print(f"{path.stat().st_size / 1000:.0f} kB")
    another = small_net(seed=1)
    mr.load(another, path)
for one, other in zip(net.parameters(), another.parameters()):
    assert np.array_equal(one.data, other.data)
print("the same parameters, in a net that was made anew")

# %% [markdown]
# ## Exercises

# %%
exercise("08.confusion")


# %%
def confusion_table(labels, answers, classes):
    # your code, instead of the three dots
    ...


check("08.confusion", confusion_table)

# %%
exercise("08.top")


# %%
def top_error(logits, labels, k):
    # your code
    ...


check("08.top", top_error)

# %%
exercise("08.calibration")


# %%
def calibration_error(p, labels, bins):
    # your code
    ...


check("08.calibration", calibration_error)

# %%
exercise("08.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - `Trainer` is the loop of notebook 07 with checkpoints and callbacks; a `RunConfig` holds its
#   settings.
# - A table of confusions says more than an error: which classes are taken for which.
# - The probabilities of a net compare its classes with one another. They add up to 1 whatever the
#   image shows, also for a shape or a thing that the net has never seen.
# - `mr.save` and `mr.load` keep the parameters in a file that other libraries read too.
#
# **In the library:** [`training/trainer.py`](../minires/training/trainer.py),
# [`training/config.py`](../minires/training/config.py),
# [`plot/single_net.py`](../minires/plot/single_net.py),
# [`serialization/safetensors.py`](../minires/serialization/safetensors.py).
#
# **Next:** [09 · Batch norm by hand](09_batch_norm.ipynb)

# %% [markdown]
# # 08 · Going deeper: plain-20 against plain-56
#
# A network that works can be made deeper by repeating its layers. It then has more parameters and
# can express more. This notebook builds the family of plain networks in which He et al. measured
# what happens next, and measures it too.
#
# **After this one you can** build the networks of section 4.2 of the paper from scratch, count
# their parameters, say why a deeper one cannot be worse *in principle*, and show that it is worse
# in practice. About 35 minutes.

# %%
import os

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import functional as F, nn, plot
from minires.diagnostics import evaluate
from minires.experiments.records import read_config, read_table
from minires.training import RunConfig, Trainer

plot.use_style()
FAST = bool(os.environ.get("MINIRES_FAST"))

# %% [markdown]
# ## The architecture
#
# He et al. 2015 ([arXiv:1512.03385](https://arxiv.org/abs/1512.03385), section 4.2) wanted networks
# of many depths that differ in nothing else. Their rule has one number, $n$:
#
# | part | size of the maps | channels | layers with weights |
# |---|---|---|---|
# | first convolution, 3x3 | 32 x 32 | 16 | 1 |
# | stage 1 | 32 x 32 | 16 | $2n$ |
# | stage 2 | 16 x 16 | 32 | $2n$ |
# | stage 3 | 8 x 8 | 64 | $2n$ |
# | mean over the map, linear layer | 1 x 1 | 10 classes | 1 |
#
# Together that is $6n + 2$ layers: 20 for $n = 3$, 56 for $n = 9$. Every convolution is 3x3 and is
# followed by batch norm and ReLU. The maps shrink by a stride of 2 in the first convolution of
# stages 2 and 3. There is nothing else in it.
#
# We write two layers as one **block**, because the next notebook will need blocks. Names of the
# parts are those of the library, for a reason you will see in a moment.


# %%
class Block(nn.Module):
    """Two layers: convolution, batch norm, ReLU, twice."""

    def __init__(self, in_channels, out_channels, stride, rng):
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False, rng=rng)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False, rng=rng)
        self.bn2 = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)))


class PlainNet(nn.Module):
    """The plain network of 6n + 2 layers."""

    def __init__(self, n, width=16, classes=10, seed=0):
        rng = np.random.default_rng(seed)
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False, rng=rng)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = self.stage(n, width, width, 1, rng)
        self.layer2 = self.stage(n, width, 2 * width, 2, rng)
        self.layer3 = self.stage(n, 2 * width, 4 * width, 2, rng)
        self.fc = nn.Linear(4 * width, classes, rng=rng, std=0.01)

    def stage(self, n, in_channels, out_channels, stride, rng):
        """n blocks; the first one changes the shape."""
        first = Block(in_channels, out_channels, stride, rng)
        return nn.Sequential(
            first, *(Block(out_channels, out_channels, 1, rng) for _ in range(n - 1))
        )

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(F.global_avg_pool2d(x))


# %% [markdown]
# **Predict:** a 3x3 convolution from $C_{in}$ to $C_{out}$ channels has $9\, C_{in} C_{out}$
# weights, and batch norm $2\, C_{out}$ parameters. From $n = 3$ to $n = 9$ the number of layers
# grows from 20 to 56, a factor of 2.8. Will the number of parameters grow by less, by the same, or
# by more?


# %%
def parameters_by_hand(n, width=16, classes=10):
    def layer(in_channels, out_channels):
        # Filters, and batch norm's two numbers for each of them.
        return 9 * in_channels * out_channels + 2 * out_channels

    total, in_channels = layer(3, width), width
    for out_channels in (width, 2 * width, 4 * width):
        for _ in range(2 * n):
            total, in_channels = total + layer(in_channels, out_channels), out_channels
    return total + in_channels * classes + classes  # the linear layer and its bias


for n in (1, 3, 5, 9):
    depth = 6 * n + 2
    count = parameters_by_hand(n)
    assert count == PlainNet(n).num_parameters() == mr.models.plain(depth).num_parameters()
    print(f"plain-{depth:<3} {count:>8,} parameters")

assert (parameters_by_hand(3), parameters_by_hand(9)) == (269_722, 853_018)
print(f"56 against 20 layers: {853_018 / 269_722:.2f} times as many")
assert 56 / 20 == 2.8 < 853_018 / 269_722 < 3.3

# %% [markdown]
# By a little more. What a network has only once (the first convolution, the two layers that open
# stages 2 and 3 and get only half of the channels, the linear layer) has fewer weights than what is
# repeated, and counts less in the deeper one.
#
# The counts are those of the library. Is it the same network, too? As the names agree, our network
# can take over the library's weights; then both must give the same answers. (`state_dict` is a
# dictionary of all arrays of a network, its parameters and the running averages, by their names.)

# %%
ours, library = PlainNet(3), mr.models.plain(20, seed=7)
ours.load_state_dict(library.state_dict())
rng = np.random.default_rng(0)
images = mr.Tensor(rng.standard_normal((4, 32, 32, 3)).astype(np.float32))
assert np.allclose(ours(images).data, library(images).data, rtol=1e-4, atol=1e-5)
print(f"the same answers, from {len(library.state_dict())} arrays of the same names")

mr.models.plain(8).summary((1, 32, 32, 3))

# %% [markdown]
# That is the shortest one, $n = 1$. The number of multiply-adds (notebook 03) says roughly how long
# a layer takes. Look at the last two columns: where the maps halve, the channels double. What does
# that do to the two costs?

# %%
table = mr.models.plain(20).summary((1, 32, 32, 3))
layers = [layer for layer in table.layers if layer.multiply_adds]  # without batch norms
places = range(1, len(layers) + 1)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2))
left.bar(places, [layer.parameters / 1e3 for layer in layers], color=plot.COLOURS["plain"])
left.set_title("weights, thousands")
right.bar(places, [layer.multiply_adds / 1e6 for layer in layers], color=plot.GREY)
right.set_title("multiply-adds for one image, millions")
for ax in (left, right):
    ax.set_xlabel("layer of plain-20, from the images to the logits")
    ax.set_xticks([1, 7, 13, 20])
    ax.grid(axis="x", visible=False)
plt.show()

costs = [mr.models.plain(depth).summary((1, 32, 32, 3)).multiply_adds / 1e6 for depth in (20, 56)]
print(
    f"one image takes {costs[0]:.2f} million multiply-adds in plain-20, "
    f"{costs[1]:.2f} million in plain-56"
)
assert np.allclose(costs, (40.55, 125.49), atol=0.005)
assert len({layer.multiply_adds for layer in layers}) == 4  # first, two that open stages, fc
assert sum(layer.parameters for layer in layers[13:19]) > 0.7 * parameters_by_hand(3)

# %% [markdown]
# Half the height and half the width make a quarter of the pixels; twice the channels in and out
# make four times the work for each. So a layer takes the same number of multiply-adds in every
# stage, as the authors wanted it (section 3.3); only the very first and those that open a stage
# take fewer. Most of the weights sit in the last stage.
#
# ## Three depths, one training
#
# Now to the question. We train plain-8, plain-20 and plain-56 in exactly the same way: drawn shapes
# of 16x16 pixels, 8 channels in the first stage instead of 16, so that it takes a minute or two.
# `Trainer` is the loop of notebook 07; it records the errors of every epoch.
#
# **Predict,** and write it down: rank the three by their *training* error at the end. The deepest
# has eleven times as many parameters as the shallowest.

# %%
depths, width = (8, 20, 56), 4 if FAST else 8
train_set, test_set = mr.data.synthetic(256 if FAST else 2000, 100 if FAST else 500)
train_set, test_set = (images.resize(8 if FAST else 16) for images in (train_set, test_set))


def train(net, train_set, test_set, steps):
    """Rows of the history: one for each epoch."""
    config = RunConfig(
        iterations=steps, batch_size=64, lr=0.1, milestones=(steps * 3 // 4,), crop_padding=0
    )
    return Trainer(net, train_set, test_set, config, progress=False).run()


nets = {f"plain-{depth}": mr.models.plain(depth, width=width, seed=0) for depth in depths}
steps = 4 if FAST else 310  # of 64 images: ten epochs
histories = {name: train(net, train_set, test_set, steps) for name, net in nets.items()}

# %%
SHADE = dict(zip(nets, plot.SHADES["plain"]))  # darker: deeper


def curves(histories, title):
    """Training error solid, test error dashed, by epoch."""
    figure, ax = plt.subplots(figsize=(7.5, 4))
    for name, rows in histories.items():
        epochs = [row["epoch"] for row in rows]
        for kind, style, width in (("train", "-", 2.2), ("test", (0, (4, 2)), 1.3)):
            ax.plot(
                epochs,
                [row[f"{kind}_error"] for row in rows],
                color=SHADE[name],
                linestyle=style,
                linewidth=width,
                label=f"{name}, {kind}",
            )
    ax.axhline(90, color=plot.GREY, linewidth=1, linestyle=":")
    ax.annotate(
        "guessing",
        (1, 90),
        xycoords=("axes fraction", "data"),
        ha="right",
        xytext=(0, 4),
        textcoords="offset points",
        color=plot.GREY,
    )
    ax.set_xlabel("epoch")
    ax.set_ylabel("error, %")
    ax.set_ylim(0, 100)
    ax.legend(loc="lower left", ncols=len(histories))
    ax.set_title(title)
    plt.show()


curves(histories, "plain networks, drawn shapes of 16 x 16 pixels")
final = {name: rows[-1] for name, rows in histories.items()}
for name, row in final.items():
    print(
        f"{name:<9} {nets[name].num_parameters():>8,} parameters: training error "
        f"{row['train_error']:.1f} %, test error {row['test_error']:.1f} %"
    )
times = nets["plain-56"].num_parameters() / nets["plain-8"].num_parameters()
assert FAST or round(times) == 11
if not FAST:
    ends = [row["train_error"] for row in final.values()]
    assert ends[2] > max(70, ends[1] + 10) and ends[1] > ends[0] - 5
    assert abs(final["plain-56"]["test_error"] - ends[2]) < 10

# %% [markdown]
# The deepest is by far the worst. After ten epochs plain-56 hardly does better than guessing, where
# plain-20 has learned a good deal. Even from 8 to 20 layers there was nothing to gain. That is
# **degradation**: a training error that rises with depth.
#
# ## Is it overfitting?
#
# The usual worry about large networks is that they learn their examples by heart and fail on
# others. You can tell from two numbers: overfitting is a *low* training error with a high test
# error. Here both are high, and nearly equal.
#
# A sharper test: give the networks very little to learn. Of 256 images every class has about 26.
# Learning them by heart would be easy for a network with hundreds of parameters for each image, and
# overfitting is what we *want* to see.
#
# **Predict:** which will learn them by heart, plain-20 or plain-56?

# %%
few = train_set.take(128 if FAST else 256)
by_heart = {
    name: train(
        mr.models.plain(int(name.split("-")[1]), width=width, seed=0),
        few,
        test_set.take(100 if FAST else 250),
        2 if FAST else 200,
    )
    for name in ("plain-20", "plain-56")
}
curves(by_heart, f"only {len(few)} images to learn")

last = {name: rows[-1]["train_error"] for name, rows in by_heart.items()}
per_image = nets["plain-56"].num_parameters() / len(few)
print(f"training error: {last['plain-20']:.0f} % with 20 layers, {last['plain-56']:.0f} % with 56")
print(f"plain-56 has {per_image:.0f} parameters for each image")
assert FAST or (last["plain-56"] > last["plain-20"] + 20 and per_image > 500)
assert FAST or by_heart["plain-20"][-1]["test_error"] > last["plain-20"] + 20  # overfits

# %% [markdown]
# Plain-20 overfits, as it should: its training error falls far below its test error. Plain-56 does
# not even manage that: it has not learned even the few images it was shown. The failure is in the
# **training** itself, not in how well the result carries over to other images.
#
# ## A solution exists
#
# Perhaps a network of 56 layers is too awkward to express a good answer at all? It is not, and the
# argument is short (section 1 of the paper). Take a trained plain-20. Add 36 layers that each put
# out what they get. The result is a plain-56 with exactly the same errors.
#
# Can one of our layers put out what it gets? It is a convolution, a batch norm, a ReLU. Let us set
# them by hand.
#
# 1. **Convolution:** for each channel a filter with a single 1 in the middle, $w_{1,1,c,c} = 1$,
#    and 0 elsewhere.
# 2. **Batch norm** in use (notebook 06) computes $w\, (x - \text{mean}) / \sqrt{\text{var} +
#    \varepsilon} + b$ with its running mean and variance. Set its $w = \sqrt{\text{var} +
#    \varepsilon}$ and $b = \text{mean}$, and it undoes itself.
# 3. **ReLU** changes nothing that is not negative. What comes in has just left a ReLU.

# %%
channels = 16
conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
conv.weight.data[...] = 0
for c in range(channels):
    conv.weight.data[1, 1, c, c] = 1  # (KH, KW, C_in, C_out): the middle

norm = nn.BatchNorm2d(channels).eval()
rng = np.random.default_rng(1)
norm.running_mean.data[...] = rng.random(channels)  # any mean, any variance
norm.running_var.data[...] = 0.5 + rng.random(channels)
norm.weight.data[...] = np.sqrt(norm.running_var.data + norm.eps)  # its w
norm.bias.data[...] = norm.running_mean.data  # its b

x = rng.standard_normal((2, 8, 8, channels)).astype(np.float32)
x = np.maximum(x, 0)  # it has left a ReLU
y = F.relu(norm(conv(mr.Tensor(x)))).data
print("largest difference between what comes out and what came in:", abs(y - x).max())
assert np.allclose(x, y, atol=1e-5)

# %% [markdown]
# The library's `deepen` does this to every layer that it adds, at the end of each stage. (It is
# given a batch of images, and sets the running means and variances of the new layers to what these
# images produce. An `eval_loader` hands out all images in order, unaltered but for the mean that is
# subtracted.)

# %%
mean = train_set.pixel_mean()
train_loader = mr.data.eval_loader(train_set, 500, mean)
test_loader = mr.data.eval_loader(test_set, 500, mean)
batch = mr.Tensor(next(iter(train_loader))[0])

shallow = nets["plain-20"].eval()
deeper = mr.models.deepen(shallow, 56, batch).eval()
difference = abs(deeper(batch).data - shallow(batch).data).max()
print("largest difference of a logit:", difference)

errors = {}
for name, net in (
    ("plain-20", shallow),
    ("its copy, 56 layers", deeper),
    ("plain-56, trained", nets["plain-56"].eval()),
):
    errors[name] = evaluate(net, train_loader).error
    print(
        f"{name:<20} {net.num_parameters():>8,} parameters, training error "
        f"{errors[name]:.1f} %, test error {evaluate(net, test_loader).error:.1f} %"
    )
assert difference < 1e-3
assert deeper.num_parameters() == nets["plain-56"].num_parameters()
assert FAST or errors["plain-56, trained"] > errors["its copy, 56 layers"] + 10

# %% [markdown]
# (These errors are counted in one go, after training, with batch norm's running statistics; those
# in the curves along the way.)
#
# So among all settings of plain-56's weights there is one that is much better than what training
# found, and we hold it in our hands. **A solution exists, and training does not find it.** This is
# why degradation is a riddle: the network could do better, and training does not get it there.
#
# ## On photographs, and more than once
#
# One run of one small network on drawn shapes proves little. The folder `results` holds a run on
# CIFAR-10: 10,000 photographs, three **seeds** for each depth, that is, three different random
# starts and orders of the images. How it was made is recorded with it.

# %%
folder = "../results/degradation-quick-cifar10"
config = read_config(folder)
print(f"minires degradation --dataset {config['dataset']} --seeds {len(config['seeds'])}")
for key in ("dataset_name", "train_size", "image_size", "net", "epochs", "lr"):
    print(f"{key:<13} {config[key]}")

kinds = "train_error", "test_error"
rows = read_table(f"{folder}/metrics.csv", ("net", "seed", *kinds), ("net",))
ends = {(row["net"], row["seed"]): row for row in rows}  # the last epoch of each stays

figure, ax = plt.subplots(figsize=(7, 3))
errors = {}
for place, name in ((1, "plain-20"), (0, "plain-56")):
    for kind, marker, shift in zip(kinds, "oD", (0.15, -0.15)):
        values = np.array([row[kind] for (net, _), row in ends.items() if net == name])
        errors[name, kind] = values
        y = place + shift
        ax.plot(
            values,
            [y] * len(values),
            marker,
            color=SHADE[name],
            markersize=8,
            fillstyle="full" if kind == "train_error" else "none",
        )
        ax.plot([values.mean()] * 2, [y - 0.12, y + 0.12], color=plot.GREY)
        print(
            f"{name} {kind.replace('_', ' '):<12} mean {values.mean():.1f} %, "
            f"from {values.min():.1f} to {values.max():.1f}"
        )
ax.set_yticks([0, 1], ["plain-56", "plain-20"])
ax.set_ylim(-0.5, 1.5)
ax.set_xlabel("error after the last epoch, %: training (full), test (hollow), means (bars)")
plt.show()

low, high = errors["plain-20", "train_error"], errors["plain-56", "train_error"]
assert (round(low.mean()), round(high.mean())) == (58, 77) and high.min() > low.max() + 10

# %% [markdown]
# The worst of the three plain-20 is better than the best of the three plain-56 by more than ten
# points, and the means are 58 % and 77 %. The test errors say the same. In the paper, with 32x32
# images, width 16 and 64,000 steps, the gap is smaller and of the same sign: read from figure 6,
# test errors of about 10 % with 20 layers and 13 % with 56, and training errors in the same order.
#
# ## What we do not know yet
#
# That depth does harm here is measured; *why* is not. Some suspects, and where we look into them:
#
# - *Too little training.* Both had the same. The paper's authors, on larger photographs, also
#   trained three times as long and still saw it (section 4.1, footnote). Notebook 10 compares with
#   their numbers.
# - *An unlucky learning rate.* Perhaps 0.1 suits 20 layers and not 56. Notebook 10 tries others.
# - *Gradients that vanish on the long way back,* as many texts say (after Glorot and Bengio 2010).
#   The authors thought it unlikely, because of batch norm. Notebook 11 measures them.
#
# First, though, the cure; it was found before the cause was understood.
#
# ## Exercises
#
# **1.** How does the error depend on depth in between? Train plain-14, plain-32 and plain-44 as
# above, and plot the final training errors against the depth, with those you have.
#
# <details><summary>Hint</summary>
# Call train(mr.models.plain(depth, width=width, seed=0), train_set, test_set, steps)[-1] for each
# depth; the last row holds train_error. Do it again with seed=1 before you believe in a single
# point.
# </details>
#
# **2.** How many parameters would plain-56 have at width 32? Predict the factor before you call
# `parameters_by_hand`. And which depth at width 16 has about as many?
#
# <details><summary>Hint</summary>
# Almost all weights sit in convolutions, and their number goes with the square of the width. The
# depth has to grow by the same factor.
# </details>
#
# **3.** Put plain-56 *onto* the solution and let it train from there: make a fresh `deeper`, and
# train it for three epochs, once with lr 0.1 and once with 0.01. Does it stay as good as it is?
# Compare with plain-20 trained on in the same way.
#
# <details><summary>Hint</summary>
# Make a config of your own, RunConfig(iterations=93, batch_size=64, lr=..., drops=(),
# crop_padding=0), and a new copy for each rate, since training changes it. For plain-20 take
# copy.deepcopy(shallow). Look at the training error of each epoch. That a solution exists does not
# say that one can stay near it.
# </details>

# %% [markdown]
# ## Recap
#
# - $6n + 2$ layers, three stages, one number: 269,722 parameters for 20 layers, 853,018 for 56.
# - Deeper plain networks end with a higher *training* error. They do not overfit; they fail to fit.
# - A deeper network that is just as good as the shallower one can be written down. Training does
#   not find it.
#
# **In the library:** [`models/cifar.py`](../minires/models/cifar.py) has the networks,
# [`models/deeper.py`](../minires/models/deepening.py) the copy,
# [`nn/summary.py`](../minires/nn/summary.py) the table.
#
# **Next:** [09 · The shortcut](09_the_shortcut.ipynb)

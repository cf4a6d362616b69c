# %% [markdown]
# # 10 · Going deeper: plain-20 against plain-56
#
# You can make a network deeper by repeating its layers. It then has more parameters and can express
# more. In this notebook you build the plain networks with which He et al. measured whether that
# helps, and you measure it too.
#
# **After this one you can** build the networks of section 4.2 of the paper from scratch, count
# their parameters and their work, say why a deeper network cannot be worse *in principle*, and show
# that it is worse in practice. About 35 minutes, and 20 more for the exercises. You need notebooks
# 04, 07 and 09.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import functional as F, nn, plot
from minires.drawing import blocks
from minires.lessons import check, exercise, predict, recorded, reveal, score, show
from minires.training import RunConfig, Trainer

plot.use_style()

# %% [markdown]
# ## The architecture
#
# He et al. 2015 ([arXiv:1512.03385](https://arxiv.org/abs/1512.03385), section 4.2) wanted networks
# that differ in their depth and in nothing else. They built them from **blocks** of two layers:

# %%
blocks.block(shortcut=False)

# %% [markdown]
# (What the layers compute is called $F(x)$. The next notebook will need the name.)
#
# The rest depends on a single number, $n$. There are three **stages** of $n$ blocks each. In the
# first block of stages 2 and 3 a stride of 2 halves the maps, and the channels double. One
# convolution comes before the stages. After them comes the mean over each map, which says how much
# of something is in the image but not where, and a linear layer. For $n = 3$ it looks like this:

# %%
blocks.twenty_layers(shortcut=False)

# %% [markdown]
# Each stage has $2n$ layers, so together there are $6n + 2$: 20 for $n = 3$, and 56 for $n = 9$.
# The code below uses the library's names, and you will see in a moment what that is good for.


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


def stage(n, in_channels, out_channels, stride, rng):
    """n blocks; the first one changes the shape."""
    first = Block(in_channels, out_channels, stride, rng)
    return nn.Sequential(first, *(Block(out_channels, out_channels, 1, rng) for _ in range(n - 1)))


# %%
class PlainNet(nn.Module):
    """The plain network of 6n + 2 layers."""

    def __init__(self, n, width=16, classes=10, seed=0):
        rng = np.random.default_rng(seed)
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False, rng=rng)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = stage(n, width, width, 1, rng)
        self.layer2 = stage(n, width, 2 * width, 2, rng)
        self.layer3 = stage(n, 2 * width, 4 * width, 2, rng)
        self.fc = nn.Linear(4 * width, classes, rng=rng, std=0.01)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(F.global_avg_pool2d(x))


# %% [markdown]
# Is it the same network as the library's? The names agree, so ours can load the library's weights,
# and then both must give the same answers. `state_dict` returns a dictionary of all arrays of a
# network, its parameters and running averages, by their names.

# %%
ours, library = PlainNet(3), mr.models.plain(20, seed=7)
ours.load_state_dict(library.state_dict())
rng = np.random.default_rng(0)
images = mr.Tensor(rng.standard_normal((4, 32, 32, 3)).astype(np.float32))
assert np.allclose(ours(images).data, library(images).data, rtol=1e-4, atol=1e-5)
print(f"the same answers, from {len(library.state_dict())} arrays of the same names")

# %% [markdown]
# ## What depth costs
#
# A 3x3 convolution from $C_{in}$ to $C_{out}$ channels has $9\, C_{in} C_{out}$ weights, and batch
# norm adds $2\, C_{out}$ parameters. From $n = 3$ to $n = 9$ the number of layers grows by a factor
# of 2.8.

# %%
more_parameters = predict(
    "By which factor does the number of parameters grow?",
    ["by less than 2.8", "by exactly 2.8", "by a little more than 2.8", "by about 8"],
)


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
    assert parameters_by_hand(n) == PlainNet(n).num_parameters()
    print(f"plain-{6 * n + 2:<3} {parameters_by_hand(n):>8,} parameters")
factor = parameters_by_hand(9) / parameters_by_hand(3)
print(f"56 against 20 layers: {factor:.2f} times as many")
more_parameters.reveal(
    more_parameters.choices[int(factor >= 2.8) + int(factor > 2.8) + int(factor > 4)],
    "Some layers come only once: the first convolution, the layers that open stages 2 and 3, the "
    "linear layer. They have fewer weights than the repeated ones, and count less with depth.",
)

# %% tags=["guard"]
assert (parameters_by_hand(3), parameters_by_hand(9)) == (269_722, 853_018)
assert 56 / 20 == 2.8 < factor < 3.3

# %% [markdown]
# The other cost is work. Notebook 04 counted it in multiply-adds, which say roughly how long a
# layer takes. From one stage to the next the height and the width of the maps halve, and the
# channels double.

# %%
work = predict(
    "How many multiply-adds does a layer of stage 2 take, compared with one of stage 1?",
    ["a quarter", "half", "as many", "twice as many"],
)

# %%
table = mr.models.plain(20).summary((1, 32, 32, 3))
layers = [layer for layer in table.layers if layer.multiply_adds]  # without batch norms
costs = {
    "weights, thousands": [layer.parameters / 1e3 for layer in layers],
    "multiply-adds for one image, millions": [layer.multiply_adds / 1e6 for layer in layers],
}
figure, axes = plt.subplots(1, 2, figsize=(10, 3.2))
for ax, (title, values) in zip(axes, costs.items()):
    ax.bar(range(1, 21), values, color=plot.COLOURS["plain"])
    ax.set_title(title)
    ax.set_xlabel("layer of plain-20, from the images on")
    ax.set_xticks([1, 7, 13, 20])
show(
    "Bars for the 20 layers. Weights: few in stage 1, four times as many in stage 2, sixteen times "
    "in stage 3. Multiply-adds: nearly the same in all layers but the first and the last."
)
work.reveal(
    "as many" if layers[3].multiply_adds == layers[9].multiply_adds else "half",
    "There are a quarter of the pixels, and each takes four times the work.",
)
print(f"one image: {table.multiply_adds / 1e6:.1f} million multiply-adds in plain-20")

# %% tags=["guard"]
assert len({layer.multiply_adds for layer in layers}) == 4  # first, two that open stages, fc
assert sum(layer.parameters for layer in layers[13:19]) > 0.7 * parameters_by_hand(3)

# %% [markdown] tags=["answer"]
# The authors wanted it so (section 3.3): every stage costs the same. Most of the weights sit in the
# last one.

# %% [markdown]
# ## Three depths, one training
#
# Does depth help? Train plain-8, plain-20 and plain-56 in exactly the same way, on drawn shapes of
# 16x16 pixels. The first stage has 8 channels instead of 16, so that it takes a minute or two.
# `Trainer`, the library's training loop, ran in notebook 00 already; notebook 08 explains it.

# %%
train_set, test_set = (images.resize(16) for images in mr.data.synthetic(2000, 500))
width, steps = 8, 310  # of 64 images: ten epochs

# %% tags=["fast"]
train_set, test_set, width, steps = (
    train_set.take(256).resize(8),
    test_set.take(100).resize(8),
    4,
    4,
)


# %%
def train(net, name, live, images, steps):
    """The history of a training, a row for each epoch; `live` draws the curves."""
    config = RunConfig(
        iterations=steps, batch_size=64, lr=0.1, milestones=(steps * 3 // 4,), crop_padding=0
    )
    return Trainer(net, images, test_set, config, name=name, progress=False, callbacks=[live]).run()


# %% [markdown]
# The deepest of the three has eleven times as many parameters as the shallowest.

# %%
names = ["plain-8", "plain-20", "plain-56"]
higher = predict(
    "By how many points is plain-56's training error above plain-8's, after ten epochs?",
    ["by less than 10", "by 10 to 30", "by more than 30"],
)

# %%
live = plot.LiveCurves("plain networks, drawn shapes of 16 x 16 pixels")
nets = {name: mr.models.plain(int(name[6:]), width=width, seed=1) for name in names}
ends = {name: train(net, name, live, train_set, steps)[-1] for name, net in nets.items()}
for name, row in ends.items():
    print(
        f"{name:<9} {nets[name].num_parameters():>7,} parameters: "
        f"training error {row['train_error']:.1f} %, test error {row['test_error']:.1f} %"
    )
above = ends["plain-56"]["train_error"] - ends["plain-8"]["train_error"]
higher.reveal(
    higher.choices[int(above > 10) + int(above > 30)],
    "It has the most parameters, and could do whatever the others do.",
)

# %% tags=["guard-full"]
assert round(nets["plain-56"].num_parameters() / nets["plain-8"].num_parameters()) == 11
errors = [row["train_error"] for row in ends.values()]
assert errors[2] > max(70, errors[1]) and errors[1] > errors[0] - 5  # plain-20 may stall
assert above > 30
assert abs(ends["plain-56"]["test_error"] - errors[2]) < 10

# %% [markdown] tags=["answer"]
# A training error that rises with depth is called **degradation**.

# %% [markdown]
# ## Is it overfitting?
#
# The usual worry about large networks is that they learn their examples by heart and fail on
# others. The two errors tell you whether that has happened. Overfitting is a *low* training error
# with a high test error. If both errors are high, and nearly equal, the network does not overfit.
#
# There is a sharper test: give the networks very little to learn. 256 images are about 26 of each
# class. Learning them by heart should be easy for a network with hundreds of parameters for each
# image. For once, we *want* to see overfitting.

# %%
few, few_steps = train_set.take(256), 200

# %% tags=["fast"]
few, few_steps = train_set.take(128), 2

# %%
by_heart = predict(
    "Which one learns the 256 images better, after 200 steps?", ["plain-20", "plain-56"]
)

# %%
live = plot.LiveCurves(f"only {len(few)} images to learn")
small = {
    depth: train(
        mr.models.plain(depth, width=width, seed=0), f"plain-{depth}", live, few, few_steps
    )
    for depth in (20, 56)
}
last = {depth: rows[-1]["train_error"] for depth, rows in small.items()}
print(f"{nets['plain-56'].num_parameters() / len(few):.0f} parameters for each image in plain-56")
by_heart.reveal(
    "plain-20" if last[20] < last[56] else "plain-56",
    "Its training error falls far below its test error: it overfits, as it should. Plain-56 does "
    "not manage even that.",
)

# %% tags=["guard-full"]
assert last[56] > last[20] + 20 and nets["plain-56"].num_parameters() / len(few) > 500
assert small[20][-1]["test_error"] > last[20] + 20  # overfits

# %% [markdown] tags=["answer"]
# So it is the **training** itself that fails. The trouble is not that its result does not carry
# over to other images.

# %% [markdown]
# ## A solution exists
#
# Perhaps a network of 56 layers is too awkward to express a good answer at all? No, and the
# argument is short (section 1 of the paper). Take a trained plain-20. Add 36 layers that each
# return what they get. The result is a plain-56 with exactly the same errors.
#
# Can one of our layers return what it gets? It is a convolution, a batch norm and a ReLU. Set them
# by hand:
#
# 1. **Convolution:** for each channel a filter with a single 1 in the middle, and 0 elsewhere.
# 2. **Batch norm** in use (notebook 09) computes
#    $w\, (x - \text{mean}) / \sqrt{\text{var} + \varepsilon} + b$ with its running mean and
#    variance. Set its $w = \sqrt{\text{var} + \varepsilon}$ and $b = \text{mean}$, and it undoes
#    itself.
# 3. **ReLU** changes only negative numbers, and $x$ has none, because it comes from a ReLU.

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
print("largest difference between output and input:", abs(y - x).max())
assert np.allclose(x, y, atol=1e-5)

# %% [markdown]
# `deepen` adds such layers at the end of each stage. It needs a batch of images to set the running
# means and variances of the new layers. (`eval_loader` gives you all images in order, with the mean
# subtracted.) Make a plain-56 from the plain-20 that you have just trained.

# %%
better = predict(
    "You have two networks of 56 layers: the deepened copy of plain-20, and the plain-56 that was "
    "trained. Which one has the lower training error?",
    ["the copy", "the trained one", "both the same"],
)

# %%
from minires.diagnostics import evaluate

loader = mr.data.eval_loader(train_set, 500, train_set.pixel_mean())
batch = mr.Tensor(next(iter(loader))[0])
shallow = nets["plain-20"].eval()
copy = mr.models.deepen(shallow, 56, batch).eval()
assert copy.num_parameters() == nets["plain-56"].num_parameters()
print("largest difference of a logit:", abs(copy(batch).data - shallow(batch).data).max())

errors = {"plain-20": evaluate(shallow, loader).error, "its copy": evaluate(copy, loader).error}
errors["plain-56"] = evaluate(nets["plain-56"].eval(), loader).error
print({name: f"{error:.1f} %" for name, error in errors.items()})
better.reveal(
    "the copy" if errors["its copy"] < errors["plain-56"] else "the trained one",
    "It does what plain-20 does, layer for layer, and then nothing.",
)

# %% tags=["guard"]
assert abs(copy(batch).data - shallow(batch).data).max() < 1e-3

# %% tags=["guard-full"]
assert errors["plain-56"] > errors["its copy"] + 10

# %% [markdown] tags=["answer"]
# (These errors are counted in one go, after training, with batch norm's running averages. The
# errors in the curves are counted along the way.)
#
# So there are weights for plain-56 that are much better than the ones that training has found, and
# you have just built them. **A solution exists, and training does not find it.** That is the riddle
# of degradation.

# %% [markdown]
# ## On photographs, and more than once
#
# One run of one small network on drawn shapes proves little. The folder `results` holds a run on
# all 50,000 photographs of CIFAR-10, at 16x16 pixels, with 8 channels in the first stage, of 16
# epochs: the one on minires' front page. Each depth was
# trained with three **seeds**, that is, with three different random starts and orders of the
# images.

# %%
gap = predict(
    "How many points is plain-56's training error above plain-20's in that run, on average?",
    unit="points",
    within=5,
)

# %%
from minires.experiments.records import read_table

kinds = "train_error", "test_error"
rows = read_table(
    recorded("results/degradation-small-cifar10/metrics.csv"), ("net", "seed", *kinds), ("net",)
)
ends = {(row["net"], row["seed"]): row for row in rows}  # the last epoch of each stays
mean = {}
for name in ("plain-20", "plain-56"):
    for kind in kinds:
        values = np.array([row[kind] for (net, _), row in ends.items() if net == name])
        mean[name, kind] = values.mean()
        listed = ", ".join(f"{value:.1f}" for value in values)
        print(f"{name} {kind.replace('_', ' '):<12} {values.mean():.1f} % ({listed})")
gap.reveal(
    round(mean["plain-56", "train_error"] - mean["plain-20", "train_error"], 1),
    "The test errors show nearly the same gap.",
)

# %% tags=["guard"]
trained = {
    name: [row["train_error"] for (net, _), row in ends.items() if net == name]
    for name in ("plain-20", "plain-56")
}
assert min(trained["plain-56"]) > max(trained["plain-20"]) + 20
assert mean["plain-56", "test_error"] > mean["plain-20", "test_error"] + 20

# %% [markdown] tags=["answer"]
# The worst of the three plain-20 is better than the best of the three plain-56, by more than twenty
# points. These trainings are short. In the paper, with 32x32 images, width 16 and 64,000 steps, the
# gap is smaller and has the same sign. Its figure 6 shows test errors of about 10 % with 20 layers
# and 13 % with 56, and the training errors come in the same order.

# %% [markdown]
# ## What we do not know yet
#
# You have measured that depth does harm here. You do not know yet *why*. These are some suspects,
# with the notebooks that look into them:
#
# - *Too little training.* Both had the same amount. On larger photographs the authors also trained
#   three times as long, and still saw it (section 4.1, footnote). Notebook 12 compares with their
#   numbers.
# - *An unlucky learning rate.* Perhaps 0.1 suits 20 layers and not 56. Notebook 12 tries others.
# - *Gradients that vanish on the long way back,* as many texts say (after Glorot and Bengio 2010).
#   The authors thought it unlikely, because of batch norm. Notebook 13 measures them.
#
# But first comes the cure. It was found before anyone understood the cause.
#
# ## Exercises

# %%
exercise("10.verdict")


# %%
def verdict(shallow, deep):
    # your code, instead of the three dots
    ...


check("10.verdict", verdict)

# %%
exercise("10.work")


# %%
def work_of(n, width, size):
    # your code
    ...


check("10.work", work_of)

# %%
exercise("10.wider")


# %%
def wider(w1, w2):
    # your code: return the two larger matrices
    ...


check("10.wider", wider)

# %% [markdown]
# The last task has no check. Start plain-56 *from* the solution: take `copy` and train it for three
# epochs with lr 0.1, and train another fresh copy with lr 0.01. Does it stay as good as it is? Even
# if a solution exists, training need not stay near it.

# %%
exercise("10.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - The plain networks have $6n + 2$ layers in three stages. With 20 layers they have 269,722
#   parameters, with 56 layers 853,018.
# - Deeper plain networks end with a higher *training* error. They do not overfit. They fail to fit.
# - You can write down a deeper network that is just as good as the shallower one. Training does not
#   find it.
#
# **In the library:** [`models/cifar.py`](../minires/models/cifar.py) has the networks,
# [`models/deepening.py`](../minires/models/deepening.py) the copy,
# [`nn/summary.py`](../minires/nn/summary.py) the table.
#
# **Next:** [11 · The shortcut](11_the_shortcut.ipynb)

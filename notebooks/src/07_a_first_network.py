# %% [markdown]
# # 07 · A first network for images
#
# You have convolution, ReLU, gradients and initial weights. Here they become a network that learns
# to tell ten shapes apart. Two pieces are missing: a loss that says how wrong the ten numbers are,
# and a loop that is fit for images. We write out both in full, and look at what they do at every
# step.
#
# **After this one you can** derive the gradient of softmax and cross-entropy, write a training loop
# with momentum, weight decay, a schedule and augmentation, build a network of modules, check it
# before a long run, and read its curves. About 50 minutes, and 30 more for the exercises.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import functional as F
from minires import nn, plot
from minires.lessons import check, exercise, predict, reveal, score, show, slider

plot.use_style()
plt.rcParams["figure.dpi"] = 85  # many pictures: keep the file small
rng = np.random.default_rng(0)
ORANGE = plot.COLOURS["plain"]
IMAGES, EPOCHS, BATCH = 4000, 10, 64  # fewer are quicker

# %% tags=["fast"]
IMAGES, EPOCHS = 500, 2

# %%
train_set, test_set = mr.data.synthetic(IMAGES, IMAGES // 4)
train_set, test_set = train_set.resize(16), test_set.resize(16)  # small: quicker
mean = train_set.pixel_mean()  # of the training images, for both sets


def prepare(images):
    """Bytes to numbers around 0."""
    return (images / 255 - mean).astype(np.float32)


x_train, labels_train = prepare(train_set.images), train_set.labels
x_test, labels_test = prepare(test_set.images), test_set.labels
print(x_train.shape, "labels", labels_train[:12], "...", train_set.classes)

# %% [markdown]
# ## From ten numbers to one: softmax and cross-entropy
#
# For each image a network returns ten numbers $z_0, \dots, z_9$, one per class. They are called
# **logits**, and can be any numbers. **Softmax** turns them into probabilities, which are positive
# and add up to 1:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}.$$
#
# The loss of this image is the **cross-entropy**, $L = -\ln p_t$, where $t$ is the true class. It
# is 0 if the network is sure and right, and large if it is sure and wrong. The loss of a batch is
# the mean over its images.

# %%
knows_nothing = predict(
    "A network knows nothing and gives each of the ten classes 1/10. What is its loss?", within=0.1
)
two_logits = predict(
    "Two logits are 1000 and 0. What does the formula of softmax give in a computer?",
    ["1 and 0", "0.5 and 0.5", "nan and 0", "infinity and 0"],
)


# %%
def softmax_naive(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


with np.errstate(all="ignore"):
    p = softmax_naive(np.array([[1000.0, 0.0]]))[0]
print(f"-ln 0.1 = {-math.log(0.1):.3f}; softmax of 1000 and 0: {p}")
knows_nothing.reveal(-math.log(1 / 10), "It is ln 10. Keep that number in mind.")
two_logits.reveal("nan and 0" if np.isnan(p[0]) else "1 and 0", "It is infinity over infinity.")

# %% [markdown] tags=["answer"]
# $e^{1000}$ is larger than any floating-point number. Infinity divided by infinity is *nan*, not a
# number, and one nan in the loss ruins all weights in the next step.

# %% [markdown]
# The way out is called the **log-sum-exp trick**. Subtract the largest logit, $z_{max}$, from all
# of them. That changes no $p_k$, because $e^{-z_{max}}$ cancels in the fraction, and the largest
# exponent is now 0. Then compute the logarithm directly:
#
# $$\ln p_k = (z_k - z_{max}) - \ln \sum_j e^{z_j - z_{max}}.$$


# %%
def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


print("logits 1000 and 0:", np.exp(log_softmax(np.array([[1000.0, 0.0]]))))

# %% [markdown]
# The gradient follows in two lines. With $L = -z_t + \ln \sum_j e^{z_j}$,
#
# $$\frac{\partial L}{\partial z_k} = -[k = t] + \frac{e^{z_k}}{\sum_j e^{z_j}} = p_k - [k = t],$$
#
# where $[k = t]$ is 1 for the true class and 0 for the others: *what the network said, minus what
# it should have said*. For a batch it is divided by $N$, because $L$ is a mean.


# %%
def cross_entropy(z, labels):
    """Mean loss of logits z (N, K), labels (N,), and dL/dz."""
    N = len(z)
    log_p = log_softmax(z)
    loss = -log_p[np.arange(N), labels].mean()
    dz = np.exp(log_p)
    dz[np.arange(N), labels] -= 1
    return loss, dz / N


z = 3 * rng.standard_normal((5, 10))
labels = rng.integers(0, 10, 5)
ours, dz = cross_entropy(z, labels)

logits = mr.Tensor(z, requires_grad=True)
theirs = F.cross_entropy(logits, labels)
theirs.backward()
assert math.isclose(ours, theirs.item()) and np.allclose(dz, logits.grad)

# %%
signs = predict(
    "A step goes *against* the gradient. Which logits of an image does it raise?",
    ["all of them", "that of the true class alone", "the ones with the highest probabilities"],
)
adds_up = predict("What do the ten derivatives of an image add up to?", within=0.001)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
p = np.linspace(0.004, 1, 200)
left.plot(p, -np.log(p), color=plot.OTHERS[0], linewidth=2.2)
left.plot(0.1, math.log(10), "o", color=plot.OTHERS[1])
left.text(0.13, math.log(10), "knows nothing: ln 10")
left.set_xlabel("probability given to the true class")
left.set_ylabel("loss of the image")
colours = [plot.OTHERS[1] if k == labels[0] else plot.OTHERS[0] for k in range(10)]
right.bar(range(10), 5 * dz[0], color=colours)  # times N: the loss of one image alone
right.axhline(0, color=plot.GREY, linewidth=0.8)
right.set_xticks(range(10))
right.set_xlabel("class (violet: the true one)")
right.set_ylabel(r"$\partial L / \partial z_k$ of one image")
show(
    "Left: the loss of an image falls from over 5 to 0 as the probability of the true class rises "
    "to 1; at 0.1 it is 2.3. Right: ten bars, the derivatives of one image: the bar of the true "
    "class points down, all others up."
)
true_alone = (dz[0] < 0).sum() == 1 and dz[0, labels[0]] < 0
signs.reveal(signs.choices[1 if true_alone else 0], "It lowers the logits of all other classes.")
adds_up.reveal(round(dz[0].sum(), 6), "p adds up to 1, and so does the target.")

# %% [markdown]
# ## A network of modules
#
# An `nn.Module` holds parameters and other modules as attributes, and computes its output in
# `forward`. `net.parameters()` finds all parameters in it, also those of modules inside of modules.


# %%
class Layer(nn.Module):
    """Convolution, then ReLU."""

    def __init__(self, in_channels, out_channels, rng):
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, rng=rng)

    def forward(self, x):
        return F.relu(self.conv(x))


# %%
class SmallNet(nn.Module):
    """Three layers, smaller maps from one to the next, and ten logits."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.layers = nn.Sequential(
            Layer(3, 16, rng),  # (N, 16, 16, 16)
            nn.MaxPool2d(2),  # (N, 8, 8, 16)
            Layer(16, 32, rng),  # (N, 8, 8, 32)
            nn.MaxPool2d(2),  # (N, 4, 4, 32)
            Layer(32, 64, rng),  # (N, 4, 4, 64)
        )
        self.fc = nn.Linear(4 * 4 * 64, 10, rng=rng, std=0.01)

    def forward(self, x):  # (N, 16, 16, 3)
        x = self.layers(x)
        x = x.reshape(len(x), -1)  # (N, 1024): a row for each image
        return self.fc(x)  # (N, 10)


net = SmallNet()
net.summary((1, 16, 16, 3))

# %% [markdown]
# `nn.Sequential` calls modules one after another. `nn.MaxPool2d(2)` cuts a map into squares of 2 x
# 2 pixels and keeps the largest number of each, in every channel. Height and width of the map
# halve, the channels double in the next layer, and each pixel of the map sees a larger part of the
# image. The weights of the last layer are drawn smaller than He's rule says, with standard
# deviation 0.01, so that all logits are near 0. The network begins with all classes about equal,
# and has no prejudices to unlearn.
#
# **First check, before any training:** the loss must be about $\ln 10 = 2.303$. If it is not, there
# is a mistake in the loss or in the last layer. (Wrong labels do not show here: with ten equal
# probabilities every label costs $\ln 10$.)

# %%
loss = F.cross_entropy(net(mr.Tensor(x_train[:200])), labels_train[:200])
print(f"loss at the start {loss.item():.3f}, ln 10 = {math.log(10):.3f}")
net.graph(x_train[:1], depth=2)

# %% tags=["guard"]
assert abs(loss.item() - math.log(10)) < 0.05 and f"{math.log(10):.3f}" == "2.303"

# %% [markdown]
# ## The optimiser
#
# Plain gradient descent moves each parameter by $-\text{lr} \cdot \mathtt{dw}$ (notebook 01). How
# large may lr be? Take a loss that is a long narrow valley, $L = \frac12 (a^2 + 20\, b^2)$. Its
# gradient is $(a, 20\, b)$, so a step multiplies $a$ by $1 - \text{lr}$ and $b$ by
# $1 - 20\,\text{lr}$.


# %%
def descend(lr, momentum=0.0, steps=40):
    w, v = np.array([-10.0, 1.2]), np.zeros(2)
    path = [w]
    for _ in range(steps):
        v = momentum * v + w * [1, 20]  # the gradient is (a, 20 b)
        w = w - lr * v
        path.append(w)
    return np.array(path)


# %%
too_large = predict(
    "From which lr on does `b` grow from step to step, so that the path is flung out of the "
    "valley?",
    within=0.01,
)

# %%
for lr in (0.03, 0.06, 0.09, 0.12, 0.15):
    path = descend(lr)
    print(f"lr {lr:5}: b times {1 - 20 * lr:5.2f} each step, after 40 steps {path[-1, 1]:8.2g}")
too_large.reveal(2 / 20, "There 1 - 20 lr is -1. Beyond it b grows with every step.")

# %% [markdown]
# Move the learning rate, and look at the path of 40 steps.

# %%
a, b = np.meshgrid(np.linspace(-11, 5, 160), np.linspace(-3, 3, 80))


def valley(ax, lr, momentum=0.0):
    """The path of gradient descent, on lines of equal loss."""
    ax.contour(a, b, (a**2 + 20 * b**2) / 2, levels=[2, 10, 25, 50], colors="#cccccc")
    ax.plot(*descend(lr, momentum).T, ".-", color=plot.OTHERS[0], linewidth=1)
    ax.plot(0, 0, "+", color=plot.OTHERS[3], markersize=14, markeredgewidth=2)
    ax.set_xlim(-11, 5)
    ax.set_ylim(-3, 3)
    ax.set_xlabel("a")
    ax.set_ylabel("b")
    ax.grid(False)


slider(
    "lr",
    [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.095, 0.1, 0.102, 0.105],
    valley,
    frames=[0.02, 0.08, 0.102],
    alt="Three paths in a long narrow valley. lr 0.02: straight into the middle, but far from the "
    "bottom after 40 steps. lr 0.08: a zigzag that dies out, close to the bottom. lr 0.102: a "
    "zigzag that grows, until it leaves the picture.",
    size=(3.1, 2.3),
)

# %% [markdown]
# So the steep direction limits lr, and along the flat direction the path creeps. Nearly every
# recipe adds two things to plain gradient descent.
#
# **Momentum.** A **velocity** $v$ collects the gradients. Gradients that keep changing their sign
# cancel, and gradients that point the same way add up. With $m = 0.9$ each step keeps nine tenths
# of the old velocity.
#
# **Weight decay.** Each step also shortens the weights a little, as if $\frac{\lambda}2 |w|^2$ were
# added to the loss, with $\lambda = 10^{-4}$. That keeps weights from growing without need.
# (Notebook 13 gives a reason of its own for weights before a batch norm.)
#
# These values of $m$ and $\lambda$ are from section 4.2 of He et al. 2015, arXiv:1512.03385, from
# here on "the paper". Together:
#
# $$g = \mathtt{dw} + \lambda\, w, \qquad v \leftarrow m\, v + g, \qquad w \leftarrow w - \text{lr} \cdot v.$$


# %%
def sgd_step(parameters, velocities, lr, momentum=0.9, weight_decay=1e-4):
    for parameter, v in zip(parameters, velocities):
        g = parameter.grad + weight_decay * parameter.data
        v *= momentum
        v += g
        parameter.data -= lr * v


# %%
velocity = predict(
    "The gradient is always 1, and m is 0.9. How large does the velocity become?", within=0.5
)
nearer = predict(
    "Take the valley with lr 0.08 and momentum 0.6. After 15 steps, is the path nearer to the "
    "bottom than without momentum?",
    ["yes, at less than a third of the distance", "yes, a little", "no"],
)

# %%
v = 0.0
for step in range(100):
    v = 0.9 * v + 1
velocity.reveal(round(v, 2), "1 + 0.9 + 0.9² + ... = 10: as if lr were ten times as large.")

figure, axes = plt.subplots(1, 2, figsize=(8.4, 2.3), sharey=True)
distance = {}
for ax, momentum in zip(axes, (0.0, 0.6)):
    valley(ax, 0.08, momentum)
    ax.set_title(f"momentum {momentum}")
    distance[momentum] = np.linalg.norm(descend(0.08, momentum)[15])
show(
    "Two paths in the valley. Without momentum a zigzag that dies out, then ever shorter steps "
    "that end before the bottom. With momentum the path swings and reaches the bottom."
)
print(f"distance after 15 steps: {distance[0.0]:.2f} without momentum, {distance[0.6]:.2f} with it")
nearer.reveal(
    nearer.choices[0 if distance[0.6] < distance[0.0] / 3 else 1], "Steps along the valley add up."
)

# %% tags=["guard"]
assert distance[0.6] < distance[0.0] / 3 and math.isclose(v, 10, rel_tol=1e-3)
assert distance[0.6] < np.linalg.norm(descend(0.08)[-1])

# %% [markdown] tags=["answer"]
# After 15 steps the right path is nearer to the bottom than the left one after 40. In so short a
# valley, a path with momentum 0.9 would swing for a long time, so we took 0.6.

# %% [markdown]
# The library's optimiser does the same as our `sgd_step`. To check that, we train two equal
# networks on one batch for three steps, each with one of the two:

# %%
ours, theirs = SmallNet(), SmallNet()
velocities = [np.zeros_like(parameter.data) for parameter in ours.parameters()]
optimizer = mr.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
for step in range(3):
    for twin in (ours, theirs):
        twin.zero_grad()
        F.cross_entropy(twin(mr.Tensor(x_train[:64])), labels_train[:64]).backward()
    sgd_step(ours.parameters(), velocities, lr=0.1)
    optimizer.step()
for one, other in zip(ours.parameters(), theirs.parameters()):
    assert np.allclose(one.data, other.data, atol=1e-5)

# %% [markdown]
# ## More images for free: augmentation
#
# A mirrored crescent is still a crescent, and so is one that has moved by two pixels. So every time
# we show an image, we mirror it with probability $\frac12$, surround it with 2 pixels of zeros and
# cut out a random window of the old size. (As the mean has been subtracted, zero is the average
# colour.) Each image has 50 versions now, so it is much harder to learn pixels by heart. Test
# images stay as they are.


# %%
def augment(x, rng, padding=2):
    N, H, W, _ = x.shape
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    result = np.empty_like(x)
    for i in range(N):
        top, left = rng.integers(0, 2 * padding + 1, size=2)
        image = padded[i, top : top + H, left : left + W]
        result[i] = image[:, ::-1] if rng.random() < 0.5 else image
    return result


crescent = x_train[1]
versions = augment(np.stack([crescent] * 7), np.random.default_rng(1))
figure, axes = plt.subplots(1, 8, figsize=(9, 1.5))
for ax, version in zip(axes, [crescent, *versions]):
    ax.imshow(np.clip(version + 0.5, 0, 1))
    ax.axis("off")
axes[0].set_title("as it is", fontsize=9)
show("A crescent, and seven versions of it: some mirrored, most moved by a pixel or two.")

# %% [markdown]
# ## The loop
#
# An **epoch** is one pass through the images in a new random order, in batches of 64 (the few that
# are left over at the end of an order wait for the next). For each batch the loop does four things:
# forward, loss, backward, step. The **schedule** lowers the learning rate towards the end, to a
# tenth after 60 % of the steps, and to a hundredth after 85 %.


# %%
def batches(N, steps, rng):
    """The numbers of the images of each step; every epoch has an order of its own."""
    for step in range(steps):
        place = step % (N // BATCH)
        if place == 0:
            order = rng.permutation(N)
        yield order[place * BATCH : (place + 1) * BATCH]


def lr_at(step, steps, lr, drops):
    return lr * 0.1 ** sum(step >= drop * steps for drop in drops)


def evaluate(net, x, labels):
    """Percent of wrong answers."""
    with mr.no_grad():  # nothing is recorded on the tape
        parts = [net(mr.Tensor(x[i : i + 200])).data for i in range(0, len(x), 200)]
    return 100 * np.mean(np.concatenate(parts).argmax(axis=1) != labels)


# %%
def train(net, x, labels, steps, lr, drops=(0.6, 0.85), augmented=True, test=None):
    """Train; return loss and error (percent) of every batch, test error of every epoch."""
    rng = np.random.default_rng(0)
    velocities = [np.zeros_like(parameter.data) for parameter in net.parameters()]
    losses, errors, test_errors = [], [], []
    for step, chosen in enumerate(batches(len(x), steps, rng)):
        images = augment(x[chosen], rng) if augmented else x[chosen]

        logits = net(mr.Tensor(images))
        loss = F.cross_entropy(logits, labels[chosen])
        net.zero_grad()  # clears the gradients of all its parameters
        loss.backward()
        sgd_step(net.parameters(), velocities, lr_at(step, steps, lr, drops))

        losses.append(loss.item())
        errors.append(100 * np.mean(logits.data.argmax(axis=1) != labels[chosen]))
        if test is not None and (step + 1) % (len(x) // BATCH) == 0:
            test_errors.append(evaluate(net, *test))
    return losses, errors, test_errors


# %% [markdown]
# **Second check: learn one batch by heart.** Our network of 34,000 parameters sees the same 64
# images 80 times, without augmentation.

# %%
by_heart = predict(
    "What is its error on these images at the end, if there is no mistake?", unit="%", within=2
)

# %%
small = SmallNet()
losses, errors, _ = train(
    small, x_train[:64], labels_train[:64], steps=80, lr=0.05, augmented=False
)
print(f"after {len(losses)} steps: loss {losses[-1]:.3f}, error {errors[-1]:.0f} %")
by_heart.reveal(errors[-1], "It has 500 parameters for each image.")

# %% tags=["guard"]
assert round(small.num_parameters(), -3) == 34_000 and round(small.num_parameters() / 64, -2) == 500
assert losses[-1] < 0.1 and errors[-1] == 0
mixed = np.random.default_rng(3).permutation(labels_train[:64])
_, by_heart_too, _ = train(SmallNet(), x_train[:64], mixed, steps=80, lr=0.05, augmented=False)
assert by_heart_too[-1] < 5

# %% [markdown] tags=["answer"]
# If a network cannot do that, there is a mistake, and no long run will help. (It does not find
# every mistake. Give the 64 images each other's labels, and the net learns those by heart just as
# well.)

# %% [markdown]
# ## Which learning rate?
#
# Train for two epochs with each of three learning rates, 0.001, 0.1 and 1.

# %%
ends_lowest = predict("Which will end with the lowest loss?", ["0.001", "0.1", "1"])
after_the_leap = predict(
    "With lr 1 the loss leaps up in the first steps. What comes then?",
    ["it falls, but more slowly", "it stays near ln 10", "it becomes nan"],
)

# %%
curves, trained = {}, {lr: SmallNet() for lr in (0.001, 0.1, 1)}
for lr, net in trained.items():
    curves[lr], _, _ = train(net, x_train, labels_train, 2 * (IMAGES // BATCH), lr, drops=())

plt.figure(figsize=(6.2, 3))
for (lr, losses), colour in zip(curves.items(), plot.OTHERS[1:]):
    plt.plot(losses, color=colour, alpha=0.25, linewidth=1)
    plt.plot(losses[:6], color=colour, linewidth=1.4)
    smooth = np.convolve(losses, np.ones(9) / 9, mode="valid")  # the mean of nine steps
    plt.plot(np.arange(4, len(losses) - 4), smooth, color=colour, linewidth=2.2, label=f"lr {lr}")
plt.axhline(math.log(10), color=plot.GREY, linestyle=":", label="ln 10: knows nothing")
plt.ylim(1.2, 4)
plt.xlabel("step")
plt.ylabel("loss of the batch")
plt.legend(loc="center left", bbox_to_anchor=(1, 0.5))
show(
    "Loss of the batch against steps. lr 0.001 sinks a little below the dotted line of ln 10; lr "
    "0.1 falls far below it; lr 1 leaps up in the first steps, comes back and stays at the line."
)
ends = {f"{lr:g}": np.mean(losses[-15:]) for lr, losses in curves.items()}
ends_lowest.reveal(min(ends, key=ends.get), f"It ends at {ends['0.1']:.1f}.")
after_the_leap.reveal(
    after_the_leap.choices[1 if abs(ends["1"] - math.log(10)) < 0.1 else 0],
    "It knows nothing again, and learns nothing any more.",
)

# %% tags=["guard-full"]
assert ends["0.1"] < 1.95 and max(curves[1][:6]) > 3
assert math.log(10) - 0.03 < ends["0.001"] < math.log(10) < ends["1"] < math.log(10) + 0.06
assert np.ptp(curves[1][-60:]) < 0.3

# %% [markdown] tags=["answer"]
# Two of the three end near $\ln 10$, for opposite reasons. With lr 0.001 the net goes the right way
# in tiny steps. With lr 1 it was flung away, and does not come back.

# %%
dead_units = predict(
    "How many of the 64 ReLUs of its last convolution are dead now, that is, 0 for every image?",
    within=6,
)

# %%
dead = {}
with mr.no_grad():
    for lr, net in trained.items():
        maps = net.layers(mr.Tensor(x_train[:500])).data  # (500, 4, 4, 64)
        dead[lr] = int((maps == 0).all(axis=(0, 1, 2)).sum())
print("dead ReLUs, by lr:", dead)
dead_units.reveal(dead[1], "The first steps pushed them below 0, and 0 passes no gradient on.")

# %% tags=["guard-full"]
assert dead == {0.001: 0, 0.1: 0, 1: 64}

# %% [markdown] tags=["answer"]
# So every image gets the same logits, the biases of the last layer. Those biases are all that can
# still learn. Notebook 06 said that one large step can kill a ReLU. Here it killed them all.

# %% [markdown]
# ## The whole run
#
# Now train for ten epochs with lr 0.1. After six of them the schedule lowers the rate to a tenth.

# %%
at_the_drop = predict(
    "What will the training error and the test error do in the epoch after that?",
    ["both fall clearly", "nothing changes", "both rise at first"],
)

# %%
per_epoch = IMAGES // BATCH
steps = EPOCHS * per_epoch
net = SmallNet()
losses, errors, test_errors = train(
    net, x_train, labels_train, steps, lr=0.1, test=(x_test, labels_test)
)
train_errors = np.reshape(errors, (EPOCHS, per_epoch)).mean(axis=1)
print(f"training error {train_errors[-1]:.1f} %, test error {test_errors[-1]:.1f} %")

after = range(1, EPOCHS + 1)
plt.figure(figsize=(6, 3))
plt.plot(after, train_errors, "o-", color=ORANGE, markersize=3.5, label="training error")
plt.plot(after, test_errors, "--", color=ORANGE, label="test error")
for drop in (0.6, 0.85):
    plt.axvline(drop * EPOCHS, color=plot.GREY, linestyle=":", linewidth=1)
plt.ylim(0, 95)
plt.xlabel("epoch")
plt.ylabel("error, %")
plt.legend()
show(
    "Training and test error against the epoch: both fall from about 80 %, quickly at "
    "first; at the first dotted line both fall at once, then they stay level, close to each other."
)
at_the_drop.reveal("both fall clearly", "Large steps jump over the bottom, and small ones settle.")

# %% tags=["guard-full"]
assert test_errors[-1] < 45 and abs(test_errors[-1] - train_errors[-1]) < 8
assert train_errors[6] < train_errors[5] - 3 and test_errors[6] < test_errors[5]
assert train_errors[0] > 70 and test_errors[0] < train_errors[0] - 5
_, _, creeping = train(
    SmallNet(), x_train, labels_train, steps, lr=0.01, drops=(), test=(x_test, labels_test)
)
assert 45 < creeping[-1] < 57

# %% [markdown] tags=["answer"]
# Small steps settle at the bottom. Small steps alone would not have come this far: with lr 0.01
# from start to end, about half of the answers are still wrong after ten epochs. After the second
# drop little happens any more.

# %% [markdown]
# At first the test error lies below the training error, because the training error is an average
# over an epoch, during which the net improves. At the end both are about equal. So the net has not
# learned its images by heart. If anything, it is too small for these shapes. What would a deeper
# one do? That is the topic of notebook 10.

# %% [markdown]
# ## Exercises

# %%
exercise("07.cosine")


# %%
def cosine_lr(step, steps, lr):
    # your code, instead of the three dots
    ...


check("07.cosine", cosine_lr)

# %%
exercise("07.smoothing")


# %%
def smoothed_cross_entropy(z, labels, s):
    # your code
    ...


check("07.smoothing", smoothed_cross_entropy)

# %%
exercise("07.nesterov")


# %%
def nesterov_step(w, v, g, lr, momentum):
    # your code
    ...


check("07.nesterov", nesterov_step)

# %%
exercise("07.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - Softmax turns logits into probabilities, cross-entropy is $-\ln$ of the probability of the true
#   class, and the gradient is $p$ minus the target. Subtract the largest logit first.
# - The loop takes a batch, augments it, goes forward to the loss and backward to the gradients, and
#   makes a step with momentum and weight decay. The learning rate falls on the way.
# - Check two things before a long run. Is the loss at the start $\ln 10$? Can the net learn one
#   batch by heart?
# - With a rate that is too small the net hardly moves; with one that is too large its ReLUs die.
#
# **In the library:** [`kernels/naive/loss.py`](../minires/kernels/naive/loss.py),
# [`optim/sgd.py`](../minires/optim/sgd.py),
# [`training/trainer.py`](../minires/training/trainer.py),
# [`data/batches.py`](../minires/data/batches.py) (batches and augmentation),
# [`nn/module.py`](../minires/nn/module.py).
#
# **Next:** [08 · What the network has learned](08_what_it_has_learned.ipynb)

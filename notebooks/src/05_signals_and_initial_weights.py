# %% [markdown]
# # 05 · ReLU, initial weights, and what depth does to a signal
#
# Before it has learned anything, a network already does something to what passes through it: each
# layer makes the signal a little larger or smaller. Over 50 layers "a little" becomes everything or
# nothing, and the gradient on its way back meets the same fate. One formula for the initial weights
# prevents it.
#
# **After this one you can** say why a network needs a nonlinearity, predict by which factor a layer
# changes its signal and its gradient, choose initial weights so that both stay, and recognise a
# dead ReLU. About 35 minutes.

# %%
import math
import os

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import diagnostics, plot
from minires import functional as F

plot.use_style()
FAST = bool(os.environ.get("MINIRES_FAST"))
rng = np.random.default_rng(0)
PLAIN, BLUE = plot.COLOURS["plain"], plot.COLOURS["resnet"]

# %% [markdown]
# ## Why a chain of linear layers is one layer
#
# A linear layer computes `y = x @ w`: N rows of `in_features` numbers in, N rows of `out_features`
# numbers out.
#
# **Predict:** three of them, one after another, have three times the parameters of one. Can they
# compute anything that one cannot?

# %%
x = rng.standard_normal((5, 8))
w1, w2, w3 = (rng.standard_normal((8, 8)) for _ in range(3))

three_layers = ((x @ w1) @ w2) @ w3
one_layer = x @ (w1 @ w2 @ w3)
assert np.allclose(three_layers, one_layer)

# %% [markdown]
# No: matrix products may be bracketed as one likes, so $x\,w_1 w_2 w_3$ is $x$ times *one* matrix.
# The same holds with biases, and for convolutions, which are linear too (notebook 03). Depth is
# worth something only if between the layers stands a function that is **not** linear. The simplest
# one you have met in notebooks 01 and 02, the **ReLU** (rectified linear unit):
#
# $$y = \max(x, 0), \qquad \frac{\partial y}{\partial x} = 1 \text{ where } x > 0, \text{ else } 0.$$
#
# So backward passes `dy` on where $x$ was positive and stops it elsewhere.


# %%
def relu(x):
    return np.maximum(x, 0)


def relu_backward(dy, x):
    return dy * (x > 0)


x = mr.Tensor(rng.standard_normal((3, 4)), requires_grad=True)
y = F.relu(x)  # the library's
dy = rng.standard_normal((3, 4))
y.backward(dy)
assert np.array_equal(y.data, relu(x.data))
assert np.array_equal(x.grad, relu_backward(dy, x.data))
print(mr.gradcheck(F.relu, x))

# %% [markdown]
# What does a kink buy? Add up a few ReLUs, each with its kink at another place, and you can bend a
# line into any shape. Below, NumPy's `lstsq` (least squares) finds the best factors for them, and
# the best straight line, which is all that linear layers could do.

# %%
xs = np.linspace(-1, 1, 201)[:, None]
target = np.sin(4 * xs) * (1 - 0.5 * xs)
kinks = np.linspace(-1, 0.8, 10)


def best_fit(features):
    features = np.hstack([features, np.ones_like(xs)])  # the last one is for the bias
    factors = np.linalg.lstsq(features, target, rcond=None)[0]
    return features @ factors


straight, bent = best_fit(xs), best_fit(relu(xs - kinks))
figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 2.8))
left.plot(xs, relu(xs), color=BLUE, linewidth=2.2, label="ReLU")
left.plot(xs, xs > 0, color=PLAIN, linewidth=1.6, linestyle="--", label="its derivative")
left.set_xlabel("x")
left.legend()
right.plot(xs, target, color=plot.GREY, linewidth=5, alpha=0.35, label="target")
right.plot(xs, straight, color=PLAIN, linewidth=1.8, label="linear layers")
right.plot(xs, bent, color=BLUE, linewidth=1.8, label="10 ReLUs")
right.set_xlabel("x")
right.set_ylim(-1.8, 2)
right.legend(ncols=3, loc="upper right", fontsize=8, columnspacing=1)
plt.show()
assert np.abs(bent - target).max() < 0.1 and np.abs(straight - target).max() > 0.5

# %% [markdown]
# ## Fifty layers
#
# Now depth. We draw random inputs and send them through 50 layers, each `y = x @ w` and then ReLU,
# of 256 numbers in and 256 out. The weights are random numbers with a **normal distribution** (the
# bell curve of `rng.standard_normal`) around 0. Its width is told by the **standard deviation**,
# std, or by its square, the **variance** Var: the mean of the squared distances from the mean. We
# take
#
# $$\text{std}(w) = \frac{g}{\sqrt{n_{in}}}, \qquad n_{in} = 256.$$
#
# $g$ is called the **gain**. How large a signal is we measure by its **mean square**, the average
# of $y^2$.
#
# **Predict:** for which of the gains 0.5, 1, $\sqrt 2$ and 2 will layer 50 be as large as layer 1?
# How small will it be for gain 0.5: a hundredth, a millionth, less?

# %%
WIDTH, LAYERS = 256, 50
GAINS = {"0.5": 0.5, "1": 1.0, "√2": math.sqrt(2), "2": 2.0}


def draw_weights(gain, width=WIDTH, layers=LAYERS, rng=rng):
    std = gain / math.sqrt(width)
    return [std * rng.standard_normal((width, width)) for _ in range(layers)]


def forward(x, weights):
    """The output y of every layer; the next layer takes relu(y)."""
    ys = []
    for w in weights:
        y = x @ w
        ys.append(y)
        x = relu(y)
    return ys


def mean_square(array):
    return (array**2).mean()


inputs = rng.standard_normal((100, WIDTH))  # 100 inputs, of mean square about 1
nets = {name: draw_weights(gain) for name, gain in GAINS.items()}
signals = {name: forward(inputs, weights) for name, weights in nets.items()}
for name, ys in signals.items():
    first, last = mean_square(ys[0]), mean_square(ys[-1])
    print(f"gain {name:>3}: layer 1 {first:.2f}, layer 50 {last:.1e}")

# %% [markdown]
# ## Why: one line of algebra
#
# One output is $y = \sum_i w_i x_i$, a sum of $n_{in}$ products. Square it, and take the average
# (written $E$, for *expected value*) over all ways in which the weights can fall out:
#
# $$E[y^2] = \sum_i \sum_j E[w_i w_j]\, E[x_i x_j] = n_{in}\, \mathrm{Var}(w)\, E[x^2].$$
#
# (The average of each product is the product of the averages, for the weights were drawn without
# regard to $x$.) All terms with $i \ne j$ vanish: the weights are drawn independently around 0, so
# $E[w_i w_j] = 0$. Left are $n_{in}$ terms, each with $E[w_i^2] = \mathrm{Var}(w)$. Then comes
# ReLU. As $-w$ is as likely as $w$, $y$ is as often below 0 as above, and half of the mean square
# of $y$ is cut away:
#
# $$E[\mathrm{relu}(y)^2] = \tfrac12 E[y^2].$$
#
# Both together, from the output of one layer to that of the next (He et al. 2015, arXiv:1502.01852,
# equation 8):
#
# $$E[y_{next}^2] = \tfrac{n_{in}}{2}\, \mathrm{Var}(w)\, E[y^2] = \tfrac{g^2}{2}\, E[y^2].$$
#
# A factor per layer, so a power over 50 of them. Is it true? Each step in numbers, then the whole:

# %%
y = inputs @ nets["√2"][0]
print(f"one product: times {mean_square(y) / mean_square(inputs):.3f}, expected 2")
print(f"one ReLU:    times {mean_square(relu(y)) / mean_square(y):.3f}, expected 0.5")
assert math.isclose(mean_square(y), 2 * mean_square(inputs), rel_tol=0.1)
assert math.isclose(mean_square(relu(y)), mean_square(y) / 2, rel_tol=0.1)


def factor_per_layer(first, last):
    return (mean_square(last) / mean_square(first)) ** (1 / (LAYERS - 1))


for name, ys in signals.items():
    factor, expected = factor_per_layer(ys[0], ys[-1]), GAINS[name] ** 2 / 2
    print(f"gain {name:>3}: times {factor:.3f} a layer, expected {expected:.3f}")
    assert math.isclose(factor, expected, rel_tol=0.12)
assert 0.5**2 / 2 == 1 / 8 and (1 / 8) ** 49 < 1e-44 and 2**49 > 5e14

# %% [markdown]
# With gain 0.5 each layer leaves an eighth: over 49 steps a factor below $10^{-44}$. With gain 2 it
# is doubled each time, by more than $10^{14}$ in all. Only $g = \sqrt 2$ keeps it. A gain of 1,
# which would be right without ReLU, is not good enough.
#
# ## And on the way back
#
# The gradient goes through the same matrices: `dx = dy @ w.T`, and then the ReLU before this layer
# stops it where its input was negative. Element by element, $\mathtt{dx}_i = \sum_j w_{ij}\,
# \mathtt{dy}_j$ is a sum of $n_{out}$ products, so by the same algebra
#
# $$E[\mathtt{dx}^2] = n_{out}\, \mathrm{Var}(w)\, E[\mathtt{dy}^2],$$
#
# and ReLU, which stops about half, halves it.
#
# **Predict:** for our layers $n_{in} = n_{out}$. Where will the gradient of a net with gain 1 be
# small, near the input or near the output?


# %%
def backward(dy, ys, weights):
    """dL/dy of every layer, given that of the last."""
    dys = [dy]
    for y, w in zip(ys[-2::-1], weights[:0:-1]):  # y of a layer, w of the layer after it
        dx = dys[-1] @ w.T  # through the product
        dys.append(relu_backward(dx, y))  # through the ReLU in between
    return dys[::-1]


dy_last = rng.standard_normal((100, WIDTH))
gradients = {name: backward(dy_last, signals[name], nets[name]) for name in GAINS}

# The same by the library's tape, for five of the layers.
x, ws = mr.Tensor(inputs), [mr.Tensor(w, requires_grad=True) for w in nets["√2"][:5]]
for w in ws[:-1]:
    x = F.relu(x @ w)
(x @ ws[-1]).backward(dy_last)
five = backward(dy_last, signals["√2"][:5], nets["√2"][:5])
assert np.allclose(ws[0].grad, inputs.T @ five[0])  # dw = x.T @ dy, as in notebook 02

# %%
SHADES = dict(zip(GAINS, (plot.OTHERS[1], PLAIN, BLUE, plot.OTHERS[0])))
depth = np.arange(1, LAYERS + 1)
figure, axes = plt.subplots(1, 2, figsize=(8, 3))
for name, gain in GAINS.items():
    factor = gain**2 / 2
    there = [mean_square(y) for y in signals[name]]
    back = [mean_square(dy) for dy in gradients[name]]
    axes[0].plot(depth, there, color=SHADES[name], linewidth=2.2, label=f"gain {name}")
    axes[0].plot(depth, gain**2 * factor ** (depth - 1), "k:", linewidth=1)
    axes[1].plot(depth, back, color=SHADES[name], linewidth=2.2, label=f"gain {name}")
    axes[1].plot(depth, factor ** (LAYERS - depth), "k:", linewidth=1)
for ax in axes:
    ax.set_yscale("log")
    ax.set_ylim(1e-47, 1e18)
    ax.set_xlabel("layer, from the input to the output")
axes[0].set_title("forward: mean square of y")
axes[1].set_title("backward: mean square of dy")
axes[0].legend(loc="lower left")
plt.show()
for name, gain in GAINS.items():
    factor = factor_per_layer(gradients[name][-1], gradients[name][0])
    assert math.isclose(factor, gain**2 / 2, rel_tol=0.12)

# %% [markdown]
# Coloured: measured. Dotted: $g^2/2$ per layer. The same factor works in both directions, so with
# gain 1 the gradient is small near the *input*: it has come the longest way. Those layers would
# hardly learn. That is the **vanishing gradient** of the textbooks (Glorot and Bengio 2010); with
# gain 2 it **explodes**.
#
# ## He initialisation
#
# To keep the signal, set the factor to 1:
#
# $$\tfrac{n_{in}}{2} \mathrm{Var}(w) = 1 \quad\Rightarrow\quad \text{std}(w) = \sqrt{\frac{2}{n_{in}}}.$$
#
# That is He's rule (equation 10 of the same paper). $n_{in}$, the **fan-in**, is the number of
# terms in the sum for one output: in a linear layer the inputs, in a convolution $K_H K_W C_{in}$.
# Keeping the *gradient* asks for $n_{out}$ in its place. The paper shows that either will do: the
# $n_{out}$ of one layer is the $n_{in}$ of the next, so in the product over all layers they cancel
# but for the first and the last. What is left is one constant, not one factor per layer.


# %%
def he_normal(shape, rng):
    fan_in = math.prod(shape[:-1])  # shape: (in, out) or (KH, KW, C_in, C_out)
    return rng.standard_normal(shape) * math.sqrt(2 / fan_in)


for shape in ((256, 256), (3, 3, 16, 32)):
    ours, theirs = he_normal(shape, rng), mr.nn.init.he_normal(shape, rng)
    print(f"{shape}: std {ours.std():.4f}, the library's {theirs.std():.4f}")
    assert math.isclose(ours.std(), theirs.std(), rel_tol=0.06)

layer = mr.nn.Conv2d(16, 32, kernel_size=3, rng=rng)  # the library's layers start so
assert math.isclose(layer.weight.data.std(), math.sqrt(2 / (3 * 3 * 16)), rel_tol=0.06)

# %% [markdown]
# ## What the rule does not keep: differences
#
# He's rule keeps the size of the signal. Does it keep the *content*? Take the net with He's rule
# and look at which ReLUs are on (above 0) for which input. And measure how much alike the inputs
# look to a layer, by the **cosine** of the angle between the signals of two of them: 0 if they are
# at right angles, 1 if they point the same way.
#
# **Predict:** 100 inputs that have nothing to do with each other. In layer 1 about half of the
# ReLUs are on for each of them, another half for each. What about layer 50?

# %%
ys = signals["√2"]
figure, axes = plt.subplots(1, 3, figsize=(8.6, 2.8), sharey=True)
for ax, place in zip(axes, (1, 10, 50)):
    on = ys[place - 1][:60, :80] > 0
    ax.imshow(on, cmap="gray", aspect="auto", interpolation="nearest")
    ax.set_title(f"layer {place}")
    ax.set_xlabel("unit (80 of 256)")
    ax.grid(False)
axes[0].set_ylabel("input (60 of 100)")
plt.show()


def likeness(y):
    """The mean cosine between the signals of two inputs: 1 if all point the same way."""
    x = relu(y)
    directions = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosines = directions @ directions.T
    return cosines[np.triu_indices(len(x), 1)].mean()  # every pair of inputs once


for place in (1, 10, 50):
    on = ys[place - 1] > 0
    never, always = 100 * (~on).all(axis=0).mean(), 100 * on.all(axis=0).mean()
    print(
        f"layer {place:2}: likeness {likeness(ys[place - 1]):.3f}; of the units "
        f"{never:.0f} % are off for all 100 inputs, {always:.0f} % on for all"
    )
assert never + always > 60 and abs((ys[0] > 0).mean() - 0.5) < 0.05
assert abs(likeness(ys[0]) - 1 / math.pi) < 0.03 and round(1 / math.pi, 2) == 0.32
assert likeness(ys[0]) < likeness(ys[9]) < likeness(ys[-1]) and likeness(ys[-1]) > 0.9

# %% [markdown]
# White is on, black is off. In layer 1 each input has a pattern of its own. In layer 50 there are
# stripes: most units are on for *all* inputs or off for all. The signals of unrelated inputs point
# almost the same way. ReLU lets nothing below 0 through, so what comes out of it always has a part
# in common: already after the first ReLU the mean cosine is about $1/\pi \approx 0.32$ (notebook 06
# says why), and it grows with depth. Remember this: batch norm, in the next notebook, takes the
# common part out again, at a price.
#
# ## Dead ReLUs
#
# A unit that is 0 for every input is called **dead**. Its ReLU stops every gradient, so its weights
# do not change, and it stays as it is, unless the layers before it change. Dead units also arise in
# training: one step that is too large, and a bias is so far below 0 that nothing lifts the unit
# above it again.

# %%
x = relu(ys[-2])  # what goes into layer 50
dy = relu_backward(rng.standard_normal(ys[-1].shape), ys[-1])
dw = x.T @ dy
dead = (ys[-1] <= 0).all(axis=0)
print(f"{dead.sum()} of {WIDTH} units are dead; their largest |dw| is {np.abs(dw[:, dead]).max()}")
assert dead.any() and not dw[:, dead].any() and dw[:, ~dead].any(axis=0).all()

# %% [markdown]
# ## One draw is not the average
#
# The rule speaks of the average over all draws of the weights. We have one draw. It is off by some
# factor, larger or smaller than 1, and every layer adds a factor of its own. For nets of width $n$
# one can work out how far off a typical draw is after $l$ layers: the standard deviation of the
# *logarithm* of the mean square is about $\sqrt{5\,l/n}$. It depends on depth *divided by* width
# (Hanin and Rolnick 2018, arXiv:1803.01719).
#
# **Predict:** at layer 50, by which factor is a typical net of width 64 off? And one of width 512?

# %%
DRAWS = 2 if FAST else 20
figure, axes = plt.subplots(1, 2, figsize=(8, 2.7), sharey=True)
spreads = {}
for ax, width in zip(axes, (64, 512)):
    logarithms = []
    for draw in range(DRAWS):
        x = rng.standard_normal((1, width))
        sizes = [
            mean_square(y) / mean_square(x) for y in forward(x, draw_weights(math.sqrt(2), width))
        ]
        if draw < 5:
            ax.plot(depth, sizes, color=BLUE, linewidth=0.8)
        logarithms.append(math.log(sizes[-1]))
    spreads[width] = np.std(logarithms, ddof=1)
    below = sum(value < math.log(2) for value in logarithms)
    assert FAST or width == 512 or below > DRAWS / 2
    expected = np.sqrt(5 * depth / width)
    middle = math.log(2) - expected**2 / 2  # where half of the draws are below
    for sign in (-1, 1):
        ax.plot(depth, np.exp(middle + sign * expected), color=PLAIN, linestyle="--")
    ax.axhline(2, color=plot.GREY, linewidth=1)
    ax.set_yscale("log")
    ax.set_title(f"width {width}: {min(DRAWS, 5)} of {DRAWS} nets")
    ax.set_xlabel("layer")
axes[0].set_ylabel("mean square of y")
plt.show()
for width, spread in spreads.items():
    theory = math.sqrt(5 * LAYERS / width)
    print(
        f"width {width}: off by a factor of {math.exp(spread):.1f}, expected {math.exp(theory):.1f}"
    )
    assert FAST or 0.5 < spread / theory < 1.7
assert round(math.exp(math.sqrt(250 / 64))) == 7
assert round(math.exp(math.sqrt(250 / 512))) == 2

# %% [markdown]
# Grey: the average over all draws, 2. Dashed: one standard deviation up and down, around a middle
# that sinks, for most nets of width 64 end below the average (a few rare ones, far above, keep it
# up). By the formula, a typical net of width 64 is off by a factor of about 7 at layer 50, one of
# width 512 by about 2 (our draws: printed above). So He's rule is safe for wide nets, and for
# narrow ones as long as they are not too deep. This is also why a measurement of one net proves
# little: draw several.
#
# ## The same in a deep convolutional net
#
# `models.plain(56, batch_norm=False)` is a chain of 55 convolutions and a linear layer, with ReLUs
# between and He's rule throughout. Its **maps** (what a convolution puts out for one image: height
# x width, some channels) have 32 x 32 pixels, then 16 x 16, then 8 x 8, with 16, 32 and 64
# channels. `diagnostics.propagation` sends a batch through freshly drawn nets and back and measures
# what we measured by hand.
#
# **Predict:** flat, as above? Think of what is at the border of an image.

# %%
train_set, _ = mr.data.synthetic(50, 10)  # below: minus the mean image, around 0
images = (train_set.images[:32] / 255 - train_set.pixel_mean()).astype(np.float32)
labels = train_set.labels[:32]
CHANNELS = 4 if FAST else 16
seeds = range(2 if FAST else 6)


def build(seed):
    return mr.models.plain(56, width=CHANNELS, batch_norm=False, seed=seed)


found = [diagnostics.propagation(build, images, labels, seeds=[seed]) for seed in seeds]

# %% [markdown]
# The formula for one output pixel counts $n_{in} = 9\,C_{in}$ terms, but at the border some of the
# nine pixels are zeros of the padding. We can follow the expected mean square *pixel by pixel*:
# each output pixel has $g^2 = 2$ times the average over its nine inputs, zeros included, and ReLU
# halves it.


# %%
def through_convolution(energy, stride=1):
    """2 times the average over 3 x 3 pixels, of every stride-th pixel; zeros around."""
    size, padded = len(energy), np.pad(energy, 1)
    total = sum(padded[i : i + size, j : j + size] for i in range(3) for j in range(3))
    return 2 * total[::stride, ::stride] / 9


energy = through_convolution((images.astype(float) ** 2).mean(axis=(0, 3)))
expected = [energy.mean()]
for number in range(2, 56):
    energy = through_convolution(energy / 2, stride=2 if number in (20, 38) else 1)
    expected.append(energy.mean())

figure, axes = plt.subplots(1, 2, figsize=(8, 2.9))
for draw in found:
    layers = draw.layers[:-1]  # the convolutions
    places = [layer.depth for layer in layers]
    thin = {"color": PLAIN, "linewidth": 0.7}
    axes[0].plot(places, [layer.activation for layer in layers], **thin)
    axes[1].plot(places, [layer.gradient_norm for layer in layers], **thin)
axes[0].plot([], [], color=PLAIN, label=f"{len(found)} nets")
axes[0].plot(places, expected, "k:", linewidth=2, label="expected, borders counted in")
axes[0].axhline(expected[0], color=plot.GREY, linewidth=1, label="without borders")
axes[0].legend(loc="lower left", fontsize=8)
axes[0].set_ylim(1e-7, 1)
axes[0].set_title("forward: mean square of y")
axes[1].set_title("backward: norm of dy")
for ax in axes:
    ax.set_yscale("log")
    ax.set_xlabel("convolution, from the images on")
axes[1].set_ylim(1e-5, 1e-1)
plt.show()

growth = diagnostics.growth(np.concatenate([draw.gradient_norms[:, :-1] for draw in found]))
print(f"backward: times {growth.per_layer:.3f} a layer (+- {growth.standard_error:.3f})")
loss_to_borders = expected[-1] / expected[0]
print(f"forward: the borders leave {100 * loss_to_borders:.0f} % of the mean square")
assert 0.95 < growth.per_layer < 1.05 and 6 < 1 / loss_to_borders < 8
ends = [draw.layers[-2].activation for draw in found]
assert FAST or np.median(ends) < expected[-1]  # most draws end below the average

# %% [markdown]
# The size falls to about a seventh on average: where maps are small, much of them is border. And
# with so few channels the draws fluctuate, and most end below the average again. But there is
# nothing like $2^{-55}$ or $2^{55}$, and on the way back the gradient changes by a few percent per
# layer at most. (`propagation` returns `activation`, `gradient` and `gradient_norm` of each layer;
# `growth` lays a straight line through the logarithms of the norms, and `+-` says how far its slope
# can be trusted.)
#
# All this holds for the *first* step. Each step of training changes the weights, and nothing sees
# to it that the factor stays 1.
#
# ## Exercises
#
# **1.** How exactly must the gain be met? Let it be 10 % too large, in 50 layers. By which factor
# is the mean square of the last layer too large, by the formula and by experiment?
#
# <details><summary>Hint</summary>
# The factor per layer is gain squared over 2. Use draw_weights(1.1 * math.sqrt(2)) and average over
# some draws, or take a larger width.
# </details>
#
# **2.** The **leaky** ReLU passes on a fraction a of what is below 0 (say a = 0.2): y = x where x >
# 0, else a x. Which gain keeps the signal? Check it with 50 layers. Do likenesses between inputs
# grow as fast?
#
# <details><summary>Hint</summary>
# Half of the mean square passes whole, the other half times a squared. Replace relu by np.where(y >
# 0, y, a * y) in forward and in likeness. Try a = 1 and a = 0 to see whether your formula gives the
# two gains you know.
# </details>
#
# **3.** Start all weights of a layer at the same value instead of at random ones. What do its units
# compute, and what are their gradients? Can training ever make them differ?
#
# <details><summary>Hint</summary>
# Fill two matrices with 0.1 in draw_weights(math.sqrt(2), 8, 2) and look at the columns of y and of
# dw = x.T @ dy, for a dy whose columns are equal.
# </details>

# %% [markdown]
# ## Recap
#
# - Without a nonlinearity between them, any number of linear layers is one.
# - A layer with ReLU multiplies the mean square of its signal by $\tfrac{n_{in}}{2}
#   \mathrm{Var}(w)$, and that of the gradient likewise: over many layers it vanishes or explodes,
#   unless the factor is 1.
# - He's rule, $\text{std}(w) = \sqrt{2/n_{in}}$, makes it 1. A single draw still fluctuates, by
#   about $\sqrt{5 \cdot \text{depth}/\text{width}}$ in the logarithm.
# - It keeps the size, not the differences: deep down all inputs look alike.
#
# **In the library:** [`nn/init.py`](../minires/nn/init.py) has He's rule,
# [`kernels/naive/activation.py`](../minires/kernels/naive/activation.py) ReLU as a loop,
# [`diagnostics/propagation.py`](../minires/diagnostics/signal_propagation.py) the measurement.
#
# **Next:** [06 · Batch norm by hand](06_batch_norm.ipynb)

"""Exhibits about batch norm and ReLU."""

from . import probes, training
from .exhibit import Exhibit

ROOM = "Batch norm and ReLU"
STATISTICS = (
    "        axes = tuple(range(x.ndim - 1))\n        mean = x.mean(axis=axes)\n"
    "        var = ((x - mean) ** 2).mean(axis=axes)\n"
)
DX = "dx = dy - dbias / count - cache.x_hat * (dweight / count)"
RETURNED = "return cache.weight / cache.std * dx, dweight, dbias"
Y = "the output: a row for each image, twelve pixels of each of four channels"
DX_MAP = "the gradient dx: a row for each image, twelve pixels of each of four channels"


def _statistics(axes: str) -> str:
    return (
        f"        mean = x.mean(axis={axes}, keepdims=True)\n"
        f"        var = ((x - mean) ** 2).mean(axis={axes}, keepdims=True)\n"
    )


EXHIBITS = (
    Exhibit(
        "variance-for-deviation",
        ROOM,
        "Divided by the variance",
        "a3.forward",
        (("std = np.sqrt(var + eps)", "std = var + eps"),),
        probes.norm_y,
        Y,
        "The root is missing. Which channels are still right?",
        ("channels with a variance of 1", "none", "all: the next layer makes up for it"),
        "channels with a variance of 1",
        "A channel that spreads twice as far has a variance of four: it is squeezed to half. One "
        "that spreads half as far is blown up to twice.",
        training.with_batch_norm,
        training.NOT_AT_ALL,
        "Each layer turns large into small and small into large, and the layers after it do it "
        "again.",
        "instead of its root",
    ),
    Exhibit(
        "layer-norm",
        ROOM,
        "The right formula along the wrong axis",
        "a3.forward",
        ((STATISTICS, _statistics("-1")),),
        probes.norm_y,
        Y,
        "The mean is taken over the channels of each pixel, not over the pixels of each channel. "
        "What is this?",
        (
            "another method, which has a name of its own",
            "batch norm all the same",
            "nonsense: the shapes do not fit",
        ),
        "another method, which has a name of its own",
        "It is layer norm, which transformers use. It works there; here it mixes channels that "
        "batch norm keeps apart.",
        training.with_batch_norm,
        training.NOT_AT_ALL,
        "Forward is layer norm now, while backward still belongs to batch norm. Each would work "
        "with its own partner, but not with the other's.",
        "layer norm",
    ),
    Exhibit(
        "constants",
        ROOM,
        "The statistics are treated as constants",
        "a3.backward",
        ((DX, "dx = dy"),),
        probes.norm_dx,
        DX_MAP,
        "Mean and variance depend on `x` too. The code ignores that on the way back. What is "
        "missing in `dx`?",
        (
            "the two terms that come back through mean and variance",
            "the weight of the channel",
            "nothing",
        ),
        "the two terms that come back through mean and variance",
        "The two missing terms take out of `dy` its mean and its part along `x_hat`. Shifting or "
        "stretching a channel does not change the output, so the gradient in these directions "
        "must be zero.",
        training.with_batch_norm,
        training.BLOWS_UP,
        "It is the gradient of inference, where the statistics really are constants. In "
        "training the parts that should cancel add up from layer to layer.",
        "treated as constants",
    ),
    Exhibit(
        "way-through-the-mean",
        ROOM,
        "One of the paths back is missing",
        "a3.backward",
        ((DX, "dx = dy - cache.x_hat * (dweight / count)"),),
        probes.norm_dx,
        DX_MAP,
        "The path back through the mean is forgotten. By how much is each channel's gradient off?",
        (
            "by a constant in each channel",
            "by another amount at each pixel",
            "not at all",
        ),
        "by a constant in each channel",
        "The term that is missing is the mean of `dy` over the channel: one number for each.",
        training.with_batch_norm,
        training.WORSE,
        "A constant in each channel, and a loss that falls. Only the check tells you that it "
        "could have fallen much further.",
        "the path through the mean is missing",
    ),
    Exhibit(
        "sums-for-means",
        ROOM,
        "Sums where means should be",
        "a3.backward",
        ((DX, "dx = dy - dbias - cache.x_hat * dweight"),),
        probes.norm_dx,
        DX_MAP,
        "The two divisions by `count` are missing. How does the error grow?",
        (
            "with the number of pixels and images",
            "with the number of channels",
            "it stays the same",
        ),
        "with the number of pixels and images",
        "150 numbers make up a channel in the picture, and the two corrections are 150 times too "
        "large. In a network there are thousands of numbers in a channel, and many layers.",
        training.with_batch_norm,
        training.BLOWS_UP,
        "Few mistakes are so loud. It is the quiet ones that cost a week.",
        "sums are used instead of means",
    ),
    Exhibit(
        "std-missing",
        ROOM,
        "A factor is left out",
        "a3.backward",
        ((RETURNED, "return cache.weight * dx, dweight, dbias"),),
        probes.norm_dx,
        DX_MAP,
        "Forward divides by the standard deviation, backward does not. Which channels have a wrong "
        "gradient?",
        ("channels whose deviation is not 1", "all, by the same factor", "none"),
        "channels whose deviation is not 1",
        "Each channel is off by a factor of its own: its standard deviation.",
        training.with_batch_norm,
        training.BLOWS_UP,
        "There is such a factor for each channel of each layer, and on the way back they multiply.",
        "not divided by sqrt",
    ),
    Exhibit(
        "weight-times-bias",
        ROOM,
        "A bracket in the wrong place",
        "a3.forward",
        (("y = weight * x_hat + bias", "y = weight * (x_hat + bias)"),),
        probes.norm_y,
        Y,
        "The bracket makes `weight` multiply the bias too. When does nobody notice?",
        (
            "as long as all weights are 1 or all biases are 0, as at the start",
            "as long as the batch is large",
            "never",
        ),
        "as long as all weights are 1 or all biases are 0, as at the start",
        "Batch norm starts with weight 1 and bias 0: in the first step all is right.",
        training.with_batch_norm,
        training.AS_WELL,
        "It is another way to write the same layer, except for its gradients. A test of fresh "
        "layers would pass.",
        "multiplies the bias too",
    ),
    Exhibit(
        "absolute-value",
        ROOM,
        "Not ReLU, but nearly",
        "a3.relu_forward",
        (("return np.maximum(x, 0), x\n", "return np.abs(x), x\n"),),
        probes.relu_y,
        "8 x 20 random numbers after ReLU",
        "Negative numbers turn positive instead of 0. Which outputs differ?",
        ("outputs of negative inputs", "all", "outputs of positive inputs"),
        "outputs of negative inputs",
        "For positive inputs the two functions are the same.",
        training.with_batch_norm,
        training.NOT_AT_ALL,
        "Backward still belongs to ReLU, and sends nothing to negative inputs, although they "
        "count.",
        "absolute value",
    ),
)

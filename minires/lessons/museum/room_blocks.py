"""Exhibits about initial weights and residual blocks."""

from . import drawing, probes, training
from .exhibit import Exhibit

ROOM = "Initial weights and blocks"
STD = "math.sqrt(2 / math.prod(shape[:-1]))"
SIGNAL = "the size of a signal (root mean square) in 30 layers with ReLU"
ADD = (
    "        if self.shortcut is not None:\n            y = y + self.shortcut(x)\n"
    "        return F.relu(y)\n"
)
Y = "one channel of a residual block's output"
DX = "the gradient of a residual block's input, one channel"

EXHIBITS = (
    Exhibit(
        "factor-2-missing",
        ROOM,
        "The 2 in He's formula",
        "a4.he_normal",
        ((STD, "math.sqrt(1 / math.prod(shape[:-1]))"),),
        probes.he_signal,
        SIGNAL,
        "ReLU throws half of the signal away, and the 2 makes up for it. What is left after 30 "
        "layers without it?",
        ("about half", "about a thirtieth", "less than a thousandth"),
        "less than a thousandth",
        "Every layer halves the mean square, so the size falls by the root of 2 each time: 30 "
        "times, that is about 30,000.",
        training.with_initial_weights,
        training.NOT_AT_ALL,
        "With batch norm nobody would see it: it brings every layer's signal back to size 1.",
        "factor 2 is missing",
        drawing.SIGNALS,
    ),
    Exhibit(
        "variance-for-std",
        ROOM,
        "Variance or standard deviation?",
        "a4.he_normal",
        ((STD, "2 / math.prod(shape[:-1])"),),
        probes.he_signal,
        SIGNAL,
        "He et al. give the variance, 2 / n. The code uses it as the standard deviation. What "
        "happens to the signal?",
        ("it dies out within a few layers", "it grows without bounds", "it stays as it is"),
        "it dies out within a few layers",
        "For n = 100 the weights are 7 times too small, so every layer makes the signal 7 times "
        "smaller.",
        training.with_initial_weights,
        training.NOT_AT_ALL,
        "The output is the same for every image, and so is the loss: ln 10.",
        "it is the variance",
        drawing.SIGNALS,
    ),
    Exhibit(
        "no-shortcut",
        ROOM,
        "A residual network without residuals",
        "a4.basic_residual",
        ((ADD, "        return F.relu(y)\n"),),
        probes.block_dx,
        DX,
        "The shortcut is built, but never added. What is the network now?",
        ("a plain network", "a linear network", "a network that returns its input"),
        "a plain network",
        "All its gradients come back through the two convolutions; the direct path is gone.",
        training.with_blocks,
        training.WORSE,
        "At 20 layers it is worse. At 56 it is the degradation of the paper.",
        "the shortcut is not added",
    ),
    Exhibit(
        "relu-before-addition",
        ROOM,
        "ReLU before the addition",
        "a4.basic_residual",
        (
            (
                ADD,
                "        return F.relu(y) if self.shortcut is None else F.relu(y) + "
                "self.shortcut(x)\n",
            ),
        ),
        probes.block_y,
        Y,
        "F(x) goes through ReLU before it is added to x. What can the block no longer do?",
        ("make its input smaller", "make its input larger", "leave its input as it is"),
        "make its input smaller",
        "F(x) is never below 0 now, so the signal can only grow from block to block (He et al. "
        "2016, arXiv:1603.05027, figure 4c).",
        training.with_blocks,
        training.WORSE,
        "A little worse here. With 110 layers it was an error of 7.8 % instead of 6.6 % on "
        "CIFAR-10 (table 2 of the same paper).",
        "comes before the addition",
    ),
    Exhibit(
        "shortcut-off-the-tape",
        ROOM,
        "A shortcut for the signal, none for the gradient",
        "a4.basic_residual",
        ((ADD, ADD.replace("self.shortcut(x)", "self.shortcut(x).detach()")),),
        probes.block_dx,
        DX,
        "`detach` takes a Tensor off the tape. What is wrong?",
        (
            "the output is right, the gradient is not",
            "the output is wrong, the gradient is right",
            "both are wrong",
        ),
        "the output is right, the gradient is not",
        "Forward adds x as it should, but no gradient comes back through the shortcut.",
        training.with_blocks,
        training.WORSE,
        "The one thing that a shortcut is famous for is gone, and every output is right.",
        "no gradient comes back through the shortcut",
    ),
    Exhibit(
        "norm-used-twice",
        ROOM,
        "One batch norm for two layers",
        "a4.basic_plain",
        (("self.bn2(self.conv2(inner))", "self.bn1(self.conv2(inner))"),),
        probes.block_y,
        Y,
        "`bn1` is used where `bn2` should be. Is the block's first output right?",
        (
            "yes, for a fresh block in training mode",
            "no, the shapes differ",
            "no, everything is twice as large",
        ),
        "yes, for a fresh block in training mode",
        "Fresh batch norms are all alike, and in training they use the batch's own statistics. The "
        "difference comes later: two layers share one weight and one bias, and the running "
        "averages of one layer are mixed with the averages of the other.",
        training.with_blocks,
        training.AS_WELL,
        "The training error looks fine. In evaluation the mixed averages fit neither layer.",
        "the first batch norm is used twice",
    ),
    Exhibit(
        "zeros-in-front",
        ROOM,
        "New channels in front of the old ones",
        "a4.shortcut_a",
        (("(0, out_channels - x.shape[-1])", "(out_channels - x.shape[-1], 0)"),),
        probes.wide_block_channels,
        "the mean of each of the 8 channels that a shortcut makes from 4",
        "Shortcut A adds channels of zeros. Here they come first. What does that do to a network "
        "that is trained from scratch?",
        (
            "it only changes the order of the channels",
            "half of the signal is lost",
            "it cannot be trained",
        ),
        "it only changes the order of the channels",
        "The old channels arrive under other numbers. A fresh network does not care.",
        training.with_blocks,
        training.AS_WELL,
        "*Trained* weights do care: loaded into a network with the other order they give an error "
        "near that of guessing. It is a true story: two well-known programs put the zeros in "
        "different places.",
        "before the old",
    ),
    Exhibit(
        "relu-inside-missing",
        ROOM,
        "Two convolutions with nothing between",
        "a4.basic_plain",
        (("inner = F.relu(self.bn1(self.conv1(x)))", "inner = self.bn1(self.conv1(x))"),),
        probes.block_y,
        Y,
        "The ReLU between the two convolutions is missing. What can F(x) still do?",
        (
            "the work of a single, larger convolution",
            "anything, as before",
            "nothing: it is always 0",
        ),
        "the work of a single, larger convolution",
        "Convolution and batch norm are linear, and two linear steps are one. Half of the layers "
        "have become useless.",
        training.with_blocks,
        training.AS_WELL,
        "The ReLU after the addition is still there, so the network is not linear. It is half as "
        "deep as its name says.",
        "between the convolutions is missing",
    ),
)

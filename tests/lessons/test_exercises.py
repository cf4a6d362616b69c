"""Exercises: every solution passes its check, and typical mistakes are named."""

import math
import re
from pathlib import Path
from statistics import median

import numpy as np
import pytest

import minires as mr
from minires.errors import ConfigError
from minires.lessons import check, exercise, exercise_card
from minires.lessons.exercises import NOTEBOOKS, find, of
from minires.lessons.exercises.kinds import LEVELS

ALL = [one for notebook in NOTEBOOKS for one in of(notebook)]
CHECKED = [one for one in ALL if one.check]
NAMES = {  # the arguments of each exercise's check
    "00.error": "error_percent",
    "00.guess": "best_guess_error",
    "00.rates": "errors",
    "01.divide": "divide_backward",
    "01.sigmoid": "MyValue",
    "01.order": "my_in_order",
    "02.mean": "mean_backward",
    "02.axis": "axis_mean_backward",
    "02.visits": "visits_of",
    "03.step": "train_step",
    "03.shapes": "safe_mean_square",
    "03.logistic": "logistic_loss",
    "04.one_by_one": "conv_1x1",
    "04.dilation": "conv_dilated",
    "04.merge": "merged",
    "05.bias": "bias_gradient",
    "05.direction": "measured_error",
    "05.spread": "dx_by_forward",
    "06.growth": "growth_of",
    "06.leaky": "leaky_gain",
    "06.calibrate": "calibrated",
    "08.confusion": "confusion_table",
    "08.top": "top_error",
    "08.calibration": "calibration_error",
    "09.use": "batch_norm_in_use",
    "09.fold": "folded",
    "09.layer_norm": "layer_norm_backward",
    "07.cosine": "cosine_lr",
    "07.smoothing": "smoothed_cross_entropy",
    "07.nesterov": "nesterov_step",
    "10.verdict": "verdict",
    "10.work": "work_of",
    "10.wider": "wider",
    "11.one_layer": "plain_weights",
    "11.backward": "block_backward",
    "11.by_length": "by_length",
    "12.luck": "agree_by_luck",
    "12.range": "range_of_difference",
    "12.seeds": "seeds_needed",
    "13.norm": "total_norm",
    "13.back": "steps_back",
    "13.alike": "likeness",
    "14.left": "paths_left",
    "14.between": "share_between",
    "14.direction": "filter_normalised",
    "15.amdahl": "times_as_fast",
    "15.fair": "fair_ratio",
    "15.traffic": "intensities",
    "16.spot": "found_it",
    "16.catch": "choose_sizes",
    "16.own": "broken_backward",
}
WRONG = [  # key, old, new, what the check says
    ("00.error", "(answers != labels)", "(answers == labels)", "share of right answers"),
    ("00.error", "100 * ", "", "multiply by 100"),
    ("00.error", ".mean()", ".sum()", "wrong values"),
    ("00.error", "(answers != labels)", "abs(answers - labels)", "only names"),
    ("00.guess", "counts.max() / counts.sum()", "1 / len(counts)", "equally frequent"),
    ("00.guess", "counts.max()", "counts.min()", "rarest class"),
    ("00.guess", "100 * (1 - ", "(1 - ", "multiply by 100"),
    ("00.guess", "counts.max() / counts.sum()", "((counts / counts.sum()) ** 2).sum()", "drawn"),
    ("01.divide", "dy / b", "1 / b", "dy is missing"),
    ("01.divide", "-dy * a", "dy * a", "the larger b"),
    ("01.divide", "b**2", "b", "not squared"),
    ("01.sigmoid", '(y,), "exp"', '(1.0,), "exp"', r"exp\(x\) itself"),
    ("01.sigmoid", '(y,), "exp"', '(self.data,), "exp"', r"not exp\(x\)"),
    ("01.sigmoid", "** -1", "** -2", "wrong values"),
    ("01.order", "value not in seen", "True", "is too deep|each must be there once|5,001"),
    ("01.order", "return order", "return order[::-1]", "the wrong way round"),
    ("01.order", "in value.parents", "in value.parents[:1]", "missing|before one it was made"),
    ("02.mean", "dy / x.size", "dy", "division by the number of elements"),
    ("02.mean", "x.size", "len(x)", "rows only"),
    ("02.mean", "dy / x.size", "1 / x.size", "dy is missing"),
    ("02.axis", " / x.shape[axis]", "", "division by the size of the axis"),
    ("02.axis", "x.shape[axis]", "x.size", "number of all elements"),
    ("02.axis", "np.expand_dims(dy, axis)", "dy", "stopped with|along the first axis"),
    ("02.visits", "3 + 2", "2 + 2", "constant"),
    ("02.visits", "3 + 2 *", "3 +", "each box is counted once"),
    ("02.visits", "1 if n == 0 else 3 + 2 * visits_of(n - 1)", "2**n", "not the boxes"),
    ("03.step", "p.grad = None", "pass", "not cleared"),
    ("03.step", "p.data -= lr * p.grad", "p.data += lr * p.grad", "sign is wrong"),
    ("03.step", "lr * p.grad", "p.grad", "lr is left out"),
    ("03.step", "p.data -= lr * p.grad", "p = p - lr * p.grad", "makes a new Tensor"),
    (
        "03.step",
        "for p in parameters:\n        p.data",
        "for p in parameters[:1]:\n        p.data",
        "second",
    ),
    ("03.shapes", ".reshape(y.shape)", "", "every y is compared with every t"),
    ("03.shapes", "t.reshape(y.shape)", "t[:, 0]", "stopped with IndexError"),
    ("03.shapes", ".mean()", ".sum()", "the sum, not the mean"),
    ("03.shapes", "(e**2)", "e", "square is missing"),
    ("03.logistic", "np.logaddexp(0, -t * y)", "np.log1p(np.exp(-t * y))", "overflows"),
    ("03.logistic", ".mean()", ".sum()", "not their mean"),
    ("03.logistic", " / len(y)", "", "not divided by N"),
    ("03.logistic", "(0, -t * y)", "(0, t * y)", "a right y must cost little"),
    ("03.logistic", "-t /", "-1 /", "it is left out|wrong values"),
    (
        "03.logistic",
        "-t / (1 + np.exp(t * y))",
        "-t * np.exp(-t * y) / (1 + np.exp(-t * y))",
        "infinity",
    ),
    ("04.one_by_one", "w[0, 0]", "w[0, 0].T", "transposed"),
    ("04.one_by_one", "x @ w[0, 0]", "(x @ w[0, 0]).sum(axis=3)", "single channel"),
    ("04.dilation", "a * dilation", "a", "wrong values"),
    ("04.dilation", "w[a, b, c, o]", "w[KH - 1 - a, KW - 1 - b, c, o]", "flipped"),
    ("04.merge", "second[a, b]", "second[2 - a, 2 - b]", "flipped"),
    ("04.merge", "+= first", "= first", "wrong values"),
    ("05.bias", ".sum(", ".mean(", "it is the mean"),
    ("05.bias", "(0, 1, 2)", "0", "rows and columns, too"),
    ("05.bias", "(0, 1, 2)", "(1, 2)", "the images are not summed"),
    ("05.bias", "axis=(0, 1, 2)", "", "channels are summed as well"),
    ("05.bias", "(0, 1, 2)", "(1, 2, 3)", "the images are kept"),
    ("05.bias", "(0, 1, 2)", "(0, 1, 2), keepdims=True", "leaves axes of length 1"),
    ("05.direction", "(2 * h)", "h", "divide by 2 h"),
    ("05.direction", " * u", "", "u is left out of the steps and of the rate"),
    ("05.direction", "- L(x - h * u)) / (2 * h)", "- L(x)) / h", "one side only"),
    ("05.direction", " / abs(predicted)", "", "divide by the size of the rate"),
    ("05.direction", "(dx * u)", "dx", "not of dx alone"),
    ("05.direction", "abs(measured - predicted)", "(measured - predicted)", "sign is lost|wrong"),
    ("05.spread", "w[::-1, ::-1]", "w", "not flipped"),
    ("05.spread", ".transpose(0, 1, 3, 2)", "", "not exchanged"),
    ("05.spread", "H + 2, W + 2", "2 * H_out + 1, 2 * W_out + 1", "missing at the end"),
    ("06.growth", "(layers - 1)", "layers", "one layer too many"),
    ("06.growth", " / 2", "", "halves the mean square"),
    ("06.growth", "gain**2", "gain", "not squared"),
    ("06.growth", " ** (layers - 1)", "", "one layer only"),
    ("06.growth", ") ** (", ") * (", "they multiply"),
    ("06.leaky", "math.sqrt(2 / (1 + a**2))", "2 / (1 + a**2)", "take the root"),
    ("06.leaky", "a**2", "a", "a is not squared"),
    ("06.leaky", "2 / (1 + a**2)", "2", "left out"),
    ("06.leaky", "2 / (1", "2 * (1", "grows with a"),
    ("06.calibrate", "math.sqrt((y**2).mean())", "(y**2).mean()", "divide by its root"),
    ("06.calibrate", "np.maximum(y / c, 0)", "y / c", "without ReLU"),
    ("06.calibrate", "y / c, 0", "y, 0", "with the old weights"),
    ("06.calibrate", "(y**2)", "(np.maximum(y, 0) ** 2)", "not the mean square of y"),
    ("06.calibrate", "return result", "return result[0]", "list of 4 matrices"),
    ("08.confusion", "table[true, said]", "table[said, true]", "rows and columns are exchanged"),
    ("08.confusion", "table[true, said] += 1", "table[true, said] = 1", "each pair counts once"),
    ("08.confusion", "return table", "return table / len(labels)", "shares, not numbers"),
    ("08.confusion", "return table", "return table - np.diag(np.diag(table))", "left out"),
    ("08.top", "np.argsort(-logits", "np.argsort(logits", "k smallest"),
    ("08.top", "1 - found", "found", "share of right answers"),
    ("08.top", "100 * ", "", "multiply by 100"),
    ("08.top", "[:, :k]", "[:, k - 1 : k]", "the k-th alone"),
    ("08.top", "[:, :k]", "[:, :1]", "the same for every k"),
    ("08.top", ".any(axis=1)", "", "each of the k places counts"),
    ("08.calibration", "here.sum() * abs(", "abs(", "wrong values"),
    ("08.calibration", "abs(", "(", "signs cancel"),
    ("08.calibration", " / len(p)", "", "divide by their number"),
    ("08.calibration", "p.max(axis=1)", "p[np.arange(len(p)), labels]", "true class is taken"),
    ("08.calibration", "right[here].mean() -", "1 - right[here].mean() -", "error is compared"),
    ("09.use", "x - running_mean", "x - x.mean(axis=(0, 1, 2))", "wrong values"),
    ("09.use", "np.sqrt(running_var + 1e-5)", "running_var", "not by its root"),
    ("09.use", "x - running_mean", "x", "is not subtracted"),
    ("09.use", "(running_var + 1e-5)", "(running_var) + 1e-5", "eps belongs under the root"),
    (
        "09.use",
        "/ np.sqrt(running_var + 1e-5)",
        "/ (np.sqrt(running_var) + 1e-5)",
        "eps belongs under the root",
    ),
    ("09.use", "w * (x", "b * (x", "wrong values"),
    ("09.use", ") + b", ")", "wrong values"),
    ("09.fold", "weight * scale", "weight * scale[:, None]", "a column"),
    ("09.fold", " - running_mean * scale", "", "mean is left out"),
    ("09.fold", "b - running_mean * scale", "b - running_mean", "without being scaled"),
    ("09.fold", "b - running", "b + running", "sign of the mean"),
    ("09.fold", "w / np.sqrt", "1 / np.sqrt", "w of batch norm is left out"),
    ("09.layer_norm", "axis=1", "axis=0", "as batch norm does"),
    ("09.layer_norm", "g = w * dy", "g = dy", "w is left out"),
    ("09.layer_norm", " - mean_g ", " ", "through the mean is missing"),
    ("09.layer_norm", " - x_hat * mean_gx", "", "through the variance is missing"),
    ("09.layer_norm", "g - mean_g - x_hat * mean_gx", "g", "as constants"),
    ("07.cosine", "math.pi *", "2 * math.pi *", "whole wave"),
    ("07.cosine", " / 2", "", "not halved"),
    ("07.cosine", "(1 + math.cos(math.pi * step / steps)) / 2", "(1 - step / steps)", "straight"),
    ("07.cosine", "1 + math", "1 - math", "it rises"),
    ("07.smoothing", "+= 1 - s", "= 1 - s", "1 - s only"),
    ("07.smoothing", "s / K)\n", "s / (K - 1))\n", "wrong values"),
    ("07.smoothing", ".mean()", ".sum()", "not their mean"),
    ("07.smoothing", ") - target) / N", ") - target)", "not divided by N"),
    ("07.nesterov", "g + momentum * v), v", "v), v", "usual momentum"),
    ("07.nesterov", "momentum * v + g", "momentum * v", "the gradient is missing"),
    ("07.nesterov", "v = momentum * v + g", "v *= momentum; v += g", "argument number 2"),
    ("07.nesterov", "w - lr", "w + lr", "sign is wrong"),
    ("10.verdict", "deep[0] > shallow[0]", "deep[0] < shallow[0]", "higher .training. error"),
    ("10.verdict", "deep[0] > shallow[0]", "deep[1] > shallow[1]", "overfits"),
    ("10.verdict", '"deeper is better"', '"better"', "expected one of"),
    ("10.work", "size // 2**stage", "size", "keep their size"),
    ("10.work", " + channels * 10", "", "linear layer is missing"),
    ("10.work", "size**2 * 27 * width, width", "0, width", "first convolution is missing"),
    ("10.work", "9 * channels * out", "9 * out * out", "half of the channels"),
    ("10.work", "return total", "return total + total", "wrong values"),
    ("10.wider", " / 2", "", "added up twice"),
    ("10.wider", "[w2, w2]) / 2", "[w2, 0 * w2])", "do nothing"),
    ("10.wider", "[w1, w1], axis=1", "[w1, w1]", "expected shape"),
    ("11.one_layer", "w + np.eye(len(w))", "w + 1", "diagonal only"),
    ("11.one_layer", "w + np.eye(len(w))", "w", "shortcut is missing"),
    ("11.one_layer", "w + np.eye(len(w))", "w - np.eye(len(w))", "taken away"),
    ("11.backward", "dy * (a @ w2 + alpha * x > 0)", "dy", "last ReLU is left out"),
    ("11.backward", "(ds @ w2.T) * (a > 0)", "ds @ w2.T", "between the two layers"),
    ("11.backward", " + alpha * ds", "", "along the shortcut is missing"),
    ("11.backward", " + alpha * ds", " + alpha * dy", "the shortcut passes back dy"),
    ("11.backward", " + alpha * ds", " + ds", "alpha is left out of the gradient"),
    ("11.by_length", "slope * np", "np", "counted"),
    ("11.by_length", "return sums", "return sums[::-1]", "reverse it"),
    ("11.by_length", "return sums", "return sums[1:]", "along all shortcuts is missing"),
    ("11.by_length", "return sums", "return sums.sum()", "one for each length"),
    ("12.luck", "2 * ", "", "all below 0 is agreement too"),
    ("12.luck", "2 * 0.5**n", "1 / n", "multiply 1/2 by itself"),
    ("12.luck", "2 * 0.5**n", "1 - 2 * 0.5**n", "that they do not agree"),
    ("12.luck", "2 * ", "200 * ", "from 0 to 1"),
    ("12.range", "first - second", "second - first", "second minus first"),
    ("12.range", "d.std(ddof=1)", "d.std()", "not by n - 1"),
    ("12.range", " / np.sqrt(len(d))", "", "root of n is missing"),
    ("12.range", "np.sqrt(len(d))", "len(d)", "not by its root"),
    ("12.range", "k * d", "d", "k is left out"),
    ("12.seeds", "ks[n] *", "1.96 *", "1.96 is used"),
    ("12.seeds", " / n**0.5", "", "root of n is missing"),
    ("12.seeds", "n**0.5", "n", "not by its root"),
    ("12.seeds", "return None", "return 1000", "return None"),
    ("12.seeds", "sorted(ks)", "sorted(ks)[::-1]", "smallest"),
    ("13.norm", "(one**2).sum()", "np.sqrt((one**2).sum())", "wrong values"),
    ("13.norm", "np.sqrt(sum", "(sum", "root is missing"),
    (
        "13.norm",
        "np.sqrt(sum((one**2).sum() for one in gradients))",
        "sum(np.sqrt((one**2).sum()) for one in gradients)",
        "norms of the arrays are added up",
    ),
    (
        "13.norm",
        "(one**2).sum() for one in gradients",
        "one.sum() for one in [abs(gradients[0])]",
        "wrong values",
    ),
    ("13.back", "lr * weight_decay", "weight_decay", "lr is left out"),
    ("13.back", "math.ceil(", "math.floor(", "rounded down"),
    (
        "13.back",
        "math.log(times) / -math.log(1 - lr * weight_decay)",
        "(1 - 1 / times) / (lr * weight_decay)",
        "not of what it was at first",
    ),
    (
        "13.alike",
        "abs(np.corrcoef(y.reshape(-1, C).T))",
        "np.corrcoef(y.reshape(-1, C).T)",
        "absolute values are missing",
    ),
    ("13.alike", "(table.sum() - C) / (C * C - C)", "table.mean()", "diagonal is included"),
    ("14.left", "0.5**removed", "2 ** (blocks - removed)", "number of paths"),
    ("14.left", "0.5**removed", "(blocks - removed) / blocks", "share of blocks"),
    ("14.left", "0.5**removed", "1 - 0.5**removed", "that are gone"),
    ("14.left", "0.5**removed", "1 - 0.5 * removed", "half of all paths"),
    ("14.between", "high + 1", "high", "the last length is left out"),
    ("14.between", " / 2**blocks", "", "number of paths"),
    ("14.between", "math.comb(blocks, length)", "1", "only one order"),
    ("14.between", "range(low,", "range(low + 1,", "first length is left out"),
    ("14.direction", "axis=(0, 1, 2)", "axis=None", "all filters together"),
    ("14.direction", "axis=(0, 1, 2)", "axis=(0, 1, 3), keepdims=True", "each input channel"),
    ("14.direction", "axis=(0, 1, 2)", "axis=(0, 1)", "each pair of channels"),
    ("14.direction", " * lengths(w)", "", "the filters have length 1"),
    ("14.direction", " / lengths(d)", "", "not divided by the length of d"),
    (
        "14.direction",
        "np.sqrt((a**2).sum(axis=(0, 1, 2)))",
        "(a**2).sum(axis=(0, 1, 2))",
        "root is missing",
    ),
    ("14.direction", "lengths(w) / lengths(d)", "lengths(d) / lengths(w)", "wrong way round"),
    ("15.amdahl", "1 / after", "after", "new time"),
    ("15.amdahl", "1 - sum(shares) + ", "", "stays as it is"),
    ("15.amdahl", "p / s", "p * s", "made slower"),
    ("15.fair", "    time_a(), time_b()  # warm up\n", "", "no warm-up"),
    ("15.fair", "median(b) / median(a)", "median(a) / median(b)", "wrong way round"),
    ("15.fair", "median(b) / median(a)", "sum(b) / sum(a)", "means are compared"),
    ("15.fair", "median(b) / median(a)", "min(b) / min(a)", "fastest runs"),
    (
        "15.fair",
        "        b.append(time_b())\n",
        "    b = [time_b() for _ in range(rounds)]\n",
        "take turns",
    ),
    ("15.fair", "        b.append(time_b())\n", "        b.append(1.0)\n", "expected as many runs"),
    ("15.traffic", "2 * 9 * pixels", "9 * pixels", "counted once"),
    ("15.traffic", "flop = 2 * pixels", "flop = pixels", "2 flop"),
    ("15.traffic", "flop / (4 * small)", "flop / small", "wrong values"),
    ("16.spot", "= 3", "= 2", "line 2 is right"),
    ("16.spot", "= 3", "= 7", "from 1 to 5"),
    ("16.catch", "(2, 7", "(1, 7", "one image"),
    ("16.catch", "7, 6", "7, 7", "height and width are equal"),
    ("16.catch", "(3, 2, ", "(3, 3, ", "square"),
    ("16.catch", "3, 4)", "3, 3)", "as many channels in as out"),
    ("16.catch", "2, 1\n", "1, 1\n", "forgotten stride"),
    ("16.catch", "2, 1\n", "2, 0\n", "not cut off"),
    ("16.catch", "6, 3)", "6, 5)", "must agree"),
    ("16.own", "abs(dy)", "dy", "this gradient is right"),
    ("16.own", "abs(dy)", "2 * dy", "dy = 1 everywhere finds it"),
    ("16.own", "(cache > 0)", "(cache > 0)[:1]", "dy = 1|this gradient|shape"),
]


def space_of(notebook):
    """The names that the cells before the exercises define, as far as the solutions need them."""
    space = {"np": np, "mr": mr, "math": math, "median": median}
    if notebook == "01":
        for start in ("class Value", "def as_value", "def in_order"):
            exec(cells("01_derivatives_and_a_tape", start), space)
    if notebook == "05":
        space["sliding_window_view"] = np.lib.stride_tricks.sliding_window_view
        for start in ("def windows_of", "class my_conv2d"):
            exec(cells("05_convolution_backward", start), space)
    if notebook == "07":
        exec(cells("07_a_first_network", "def log_softmax").split("print(")[0], space)
    if notebook == "04":
        exec(cells("04_convolution", "def output_size").split("print(")[0], space)
        exec(cells("04_convolution", "def slide").split("left_right")[0], space)
    return space


def cells(name, start):
    """The cell of a notebook's source that defines something."""
    path = Path(__file__).parents[2] / "notebooks" / "src" / f"{name}.py"
    found = [
        cell.partition("\n")[2]
        for cell in path.read_text(encoding="utf-8").split("# %%")
        if re.search(rf"(?m)^{re.escape(start)}\b", cell)
    ]
    return found[0]


def answer(key, old="", new=""):
    one = find(key)
    assert one.solution.count(old) >= 1
    space = space_of(key[:2])
    if key == "00.rates":
        return {0.001: 80.0, 0.1: 40.0, 1.0: 90.0}
    exec(one.solution.replace(old, new), space)
    return space[NAMES[key]]


def words(out):
    """A printed message on one line, as it was before it was broken into several."""
    return " ".join(out.split())


@pytest.mark.parametrize("key", [one.key for one in CHECKED])
def test_its_solution_passes(key, capsys):
    check(key, answer(key))
    assert capsys.readouterr().out == f"✓ {key}\n"


@pytest.mark.parametrize("key, old, new, said", WRONG, ids=[f"{w[0]}-{w[2]}" for w in WRONG])
def test_a_mistake_is_named(key, old, new, said, capsys):
    check(key, answer(key, old, new))
    out = capsys.readouterr().out
    assert out.startswith(f"✗ {key}: ") and re.search(said, words(out)), out


@pytest.mark.parametrize(
    "errors, said",
    [
        ({0.1: 1.0}, "expected a dict with the keys"),
        ({0.001: 0.8, 0.1: 0.4, 1.0: 0.9}, "look like shares"),
        ({0.001: 80.0, 0.1: 80.0, 1.0: 90.0}, "exactly the same error"),
        ({0.001: 30.0, 0.1: 40.0, 1.0: 90.0}, "should get less far"),
        ({0.001: -1.0, 0.1: 40.0, 1.0: 90.0}, "from 0 to 100"),
    ],
)
def test_wrong_runs_are_named(errors, said, capsys):
    check("00.rates", errors)
    assert said in capsys.readouterr().out


def test_a_long_message_is_broken_between_words(capsys):
    # Jupyter would break it at its edge, in the middle of a word.
    check("05.bias", lambda dy: dy.sum(axis=0))
    out = capsys.readouterr().out
    assert [line[:2] for line in out.splitlines()] == ["✗ ", "  "]
    assert max(map(len, out.splitlines())) <= 88
    assert "only the images are summed; b was repeated over rows and columns" in words(out)


def test_recursion_is_named(capsys):
    def visit(value):
        return [one for parent in value.parents for one in visit(parent)] + [value]

    check("01.order", visit)
    assert "too deep for a function that calls itself" in words(capsys.readouterr().out)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_three_levels_and_a_question_for_a_friend(notebook):
    exercises = of(notebook)
    assert [one.level for one in exercises] == [*sorted(LEVELS), 0]
    assert all(one.hints and one.solution and one.text for one in exercises)
    assert all((one.check is None) == (one.level == 0) for one in exercises)
    assert all(one.key.startswith(f"{notebook}.") for one in exercises)


def test_an_empty_cell_is_not_a_mistake(capsys):
    def merged(first, second): ...

    for answer in (None, ..., merged):
        check("04.merge", answer)
    assert capsys.readouterr().out == "· 04.merge: not done yet\n" * 3


def test_the_cell_that_raised_an_error_is_named(capsys):
    check("04.merge", lambda first, second: first @ np.ones(7))
    assert "stopped with ValueError" in capsys.readouterr().out


def test_wrong_names(capsys):
    with pytest.raises(ConfigError, match="did you mean '04.merge'"):
        exercise("04.merges")
    with pytest.raises(ConfigError, match="a question to answer in words"):
        check("04.explain", "because")


def test_hints_open_one_at_a_time_before_the_solution():
    html = exercise_card.as_html(find("04.merge"))
    first, second = html.index("Hint 1 of 2"), html.index("Hint 2 of 2")
    assert first < second < html.index("</details>") < html.index("A solution (try first)")
    assert html.count("<details>") == html.count("</details>") == 3
    assert "def merged" not in exercise_card.as_text(find("04.merge"))


def test_an_answer_that_was_left_out_is_asked_for():
    with pytest.raises(
        ConfigError, match=r'expected 1 after the name, got 0; write check\("01.div'
    ):
        check("01.divide")

"""Exercises: whole answers as beginners write them, and what the check says to each.

The mistakes in test_exercises are changes to a solution; these answers took another way.
"""

import itertools

import pytest

from minires.lessons import check

from .test_exercises import NAMES, space_of

RATES = "errors = {0.001: %s, 0.1: 40.0, 1.0: 85.0}"
VALUE = """
def exp(self):
    {exp}

def divide(self, other):
    {divide}

Value.exp, Value.__truediv__ = exp, divide
MyValue = Value
"""
FINE_EXP = "return Value(math.exp(self.data), (self,), (math.exp(self.data),), 'exp')"
FINE_DIVIDE = "return self * as_value(other) ** -1"
DIRECTION = """
def measured_error(L, x, dx, u, h):
    measured = {measured}
    predicted = {predicted}
    return {error}
"""
MEASURED = "(L(x + h * u) - L(x - h * u)) / (2 * h)"
ERROR = "abs(measured - predicted) / abs(predicted)"
SPREAD = """
def dx_by_forward(dy, w, H, W):
    wide = np.zeros((len(dy), H + 2, W + 2, dy.shape[3]))
    wide[:, {i} : {i} + 2 * dy.shape[1] : 2, {i} : {i} + 2 * dy.shape[2] : 2] = dy
    return my_conv2d.forward(wide, w[::-1, ::-1].transpose(0, 1, 3, 2)){end}
"""
CALIBRATED = """
def calibrated(x, weights):
    result, start = [], x
    for w in weights:
        y = x @ w
        c = {c}
        result.append({new})
        x = {x}
    return {result}
"""
ROOT = "math.sqrt((y**2).mean())"
FOLDED = """
def folded(weight, running_mean, running_var, w, b):
    scale = w / np.sqrt(running_var + 1e-5)
    return {0}
"""
LAYER_NORM = """
def layer_norm_backward(dy, x, w):
    sigma = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    x_hat = (x - x.mean(axis=1, keepdims=True)) / sigma
    g = w * dy
    means = [one.mean(axis={axis}, keepdims=True) for one in (g, g * x_hat)]
    return (g - means[0] - x_hat * means[1]){end}
"""
SMOOTHED = """
def smoothed_cross_entropy(z, labels, s):
    N, K = z.shape
    target = np.full((N, K), s / K)
    target[{place}] += 1 - s
    log_p = log_softmax(z)
    return {loss}, {dz}
"""
PLACE, LOSS, DZ = (
    "np.arange(N), labels",
    "-(target * log_p).sum(axis=1).mean()",
    "(np.exp(log_p) - target) / N",
)
NESTEROV = """
def nesterov_step(w, v, g, lr, momentum):
    v = momentum * v + {g}
    return {0}
"""
WORK = """
def work_of(n, width, size):
    total, channels, side = size**2 * {first} * width, width, size
    for stage in range(3):
        out = width * 2**stage
        for layer in range({layers}):
            side = size // 2 ** (stage - (stage > 0 and layer < {late}))
            total, channels = total + {pixels} * 9 * channels * out, out
    return total + channels * 10
"""
BLOCK = """
def block_backward(dy, x, w1, w2, alpha):
    a = np.maximum(x @ w1, 0)
    ds = dy * (a @ w2 + {0} * x > 0)
    da = (ds @ w2.T) * (a > 0)
    return da @ w1.T + alpha * {1}, x.T @ da, a.T @ ds
"""
RANGE = """
def range_of_difference(first, second, k):
    d = first - second
    half = k * d.{spread} / np.sqrt(len(d){less})
    return {0}
"""
ENDS = "d.mean() - half, d.mean() + half"
SEEDS = """
def seeds_needed(spread, effect, ks):
    for n in ks:
        if ks[n] * spread / n**0.5 {0} effect:
            return {1}
"""
BACK = "lambda times, lr, weight_decay: "
STEPS = "math.log(times) / -math.log(1 - lr * weight_decay)"
ALIKE = """
def likeness(y):
    C = y.shape[-1]
    table = abs(np.corrcoef({0}))
    return (table.sum() - len(table)) / ({1})
"""
FAIR = """
def fair_ratio(time_a, time_b, rounds):
    time_a(), time_b()
    pairs = [(time_a(), time_b()) for _ in range({rounds})]
    return {0}
"""
TRAFFIC = """
def intensities(N, H, W, C, C_out):
    pixels = N * H * W
    flop = 2 * pixels * {nine} * C * C_out
    small = {small}
    return {0}
"""
SMALL = "pixels * C + 9 * C * C_out + pixels * C_out"
BOTH = "flop / (4 * (small + 2 * 9 * pixels * C)), flop / (4 * small)"

ANSWERS = [  # key, what was written, what the check says
    ("00.error", "error_percent = 35.0", "expected a function, got a float"),
    ("00.error", "error_percent = lambda a, b: 100 * (a != b)", "a number, got an array of shape"),
    ("00.error", "error_percent = lambda a, b: 100 * (a - b).mean()", "mean difference"),
    ("00.guess", "best_guess_error = lambda counts: 100 - counts.max()", "taken to be percentages"),
    ("00.guess", "best_guess_error = lambda counts: counts.argmax()", "number of a class"),
    ("00.guess", "best_guess_error = lambda n: 100 * n.max() / n.sum()", "how often the guess"),
    ("00.rates", RATES % "...", "the dots that stand for it"),
    ("00.rates", RATES % "[80.0, 70.0]", "expected a number, such as history"),
    ("00.rates", RATES % "{'train_error': 80.0}", "got dict"),
    (
        "01.sigmoid",
        VALUE.format(exp="return Value(math.exp(self.data))", divide=FINE_DIVIDE),
        "nothing comes back to x",
    ),
    (
        "01.sigmoid",
        VALUE.format(exp=FINE_EXP, divide="return self.data / other.data"),
        "/: expected a Value, got float",
    ),
    (
        "01.sigmoid",
        VALUE.format(exp="return math.exp(self.data)", divide=FINE_DIVIDE),
        "exp: expected a Value, got float|stopped with TypeError",
    ),
    (
        "01.order",
        """
def my_in_order(last):
    order, seen, todo = [], set(), [last]
    while todo:
        value = todo.pop()
        if value not in seen:
            seen.add(value)
            order.append(value)
            todo += value.parents
    return order[::-1]
""",
        "comes before one it was made from$",  # some do not, so reversing the list would not help
    ),
    ("01.order", "my_in_order = lambda last: [last].reverse()", "got NoneType"),
    ("02.mean", "mean_backward = lambda dy, x: dy / x.size", "of shape (3, 4), got a number"),
    (
        "05.direction",
        DIRECTION.format(
            measured="(L(x + h) - L(x - h)) / (2 * h)", predicted="(dx * u).sum()", error=ERROR
        ),
        "u is left out of the steps",
    ),
    (
        "05.direction",
        DIRECTION.format(
            measured=MEASURED.replace("(2 * h)", "2 * h"), predicted="(dx * u).sum()", error=ERROR
        ),
        "put `2 * h` in brackets",
    ),
    (
        "05.direction",
        DIRECTION.format(measured=MEASURED, predicted="(dx * u).mean()", error=ERROR),
        "the rate is their sum",
    ),
    (
        "05.direction",
        DIRECTION.format(
            measured=MEASURED,
            predicted="(dx * u).sum()",
            error="abs(measured - predicted) / abs(measured)",
        ),
        "divide by the predicted one",
    ),
    (
        "05.direction",
        DIRECTION.format(measured=MEASURED, predicted="(dx * u).sum()", error="100 * " + ERROR),
        "in percent",
    ),
    ("05.spread", SPREAD.format(i=0, end="[0]"), "it begins with 1"),
    ("05.spread", SPREAD.format(i=1, end=""), "got a tuple: `forward` returns y and a cache"),
    ("06.growth", "growth_of = lambda gain, n: gain**n", "ReLU is missing"),
    ("06.growth", "growth_of = lambda gain, n: gain ** (n - 1)", "ReLU is missing"),
    ("06.growth", "growth_of = lambda gain, n: (gain**2 / 2) * n", "they multiply"),
    ("06.growth", "growth_of = lambda gain, n: (gain**2 / 2) ** n - 1", "put `layers - 1`"),
    ("06.growth", "growth_of = lambda gain, n: (gain**2 / 2) ** ((n - 1) / 2)", "of the root"),
    ("06.leaky", "leaky_gain = lambda a: math.sqrt(1 / (1 + a**2))", "the 2 is missing"),
    ("06.leaky", "leaky_gain = lambda a: 2 / math.sqrt(1 + a**2)", "the 2 is under it"),
    ("06.leaky", "leaky_gain = lambda a: math.sqrt(2 / 1 + a**2)", "brackets are missing"),
    (
        "06.calibrate",
        CALIBRATED.format(c=ROOT, new="w / c", x="np.maximum(y / c, 0)", result="weights"),
        "come back as they were",
    ),
    (
        "06.calibrate",
        CALIBRATED.format(c=ROOT, new="w * c", x="np.maximum(y / c, 0)", result="result"),
        "are multiplied by the root",
    ),
    (
        "06.calibrate",
        CALIBRATED.format(
            c="math.sqrt((w**2).mean())", new="w / c", x="np.maximum(y / c, 0)", result="result"
        ),
        "its own size",
    ),
    (
        "06.calibrate",
        CALIBRATED.format(c=ROOT, new="w / c", x="start", result="result"),
        "every layer gets x itself",
    ),
    (
        "06.calibrate",
        CALIBRATED.format(c="y.std()", new="w / c", x="np.maximum(y / c, 0)", result="result"),
        "standard deviation",
    ),
    ("09.fold", FOLDED.format("b - running_mean * scale, weight * scale"), "bias comes first"),
    ("09.fold", FOLDED.format("weight @ scale, b - running_mean * scale"), "its own scale"),
    ("09.fold", FOLDED.format("(weight - running_mean) * scale, b"), "belongs into the bias"),
    ("09.fold", FOLDED.format("weight * scale, b - running_mean * w"), "not divided by sigma"),
    ("09.layer_norm", LAYER_NORM.format(axis=0, end=" / sigma"), "still run over the batch"),
    ("09.layer_norm", LAYER_NORM.format(axis=1, end=""), "division by sigma is missing"),
    ("07.cosine", "cosine_lr = lambda i, n, lr: lr * (1 + math.cos(i / n)) / 2", "pi is missing"),
    (
        "07.cosine",
        "cosine_lr = lambda i, n, lr: lr * (1 + math.cos(180 * i / n)) / 2",
        "takes radians",
    ),
    ("07.cosine", "cosine_lr = lambda i, n, lr: (1 + math.cos(math.pi * i / n)) / 2", "lr is mis"),
    (
        "07.cosine",
        "cosine_lr = lambda i, n, lr: lr * math.cos(math.pi * i / n / 2)",
        "quarter of a wave",
    ),
    ("07.smoothing", SMOOTHED.format(place="labels", loss=LOSS, dz=DZ), "whole rows or columns"),
    ("07.smoothing", SMOOTHED.format(place=":, labels", loss=LOSS, dz=DZ), "whole rows or columns"),
    (
        "07.smoothing",
        SMOOTHED.format(place=PLACE, loss="-(target * log_p).mean()", dz=DZ),
        "mean over classes, too",
    ),
    ("07.smoothing", SMOOTHED.format(place=PLACE, loss=LOSS[1:], dz=DZ), "the minus is missing"),
    (
        "07.smoothing",
        SMOOTHED.format(place=PLACE, loss=LOSS, dz="(log_p - target) / N"),
        "log p stands where p belongs",
    ),
    ("07.nesterov", NESTEROV.format("v, w - lr * (g + momentum * v)", g="g"), "return w first"),
    ("07.nesterov", NESTEROV.format("w - lr * (g + momentum * v), v", g="lr * g"), "in v already"),
    ("07.nesterov", NESTEROV.format("w - lr * g + momentum * v, v", g="g"), "brackets are missing"),
    (
        "10.work",
        WORK.format(first=27, layers="n", late=0, pixels="side**2"),
        "it has 2 n of them",
    ),
    ("10.work", WORK.format(first=9, layers="2 * n", late=0, pixels="side**2"), "one channel"),
    (
        "10.work",
        WORK.format(first=27, layers="2 * n", late=1, pixels="side**2"),
        "still work on the larger maps",
    ),
    (
        "10.work",
        WORK.format(first=27, layers="2 * n", late=0, pixels="1").replace("size**2 * 27", "27"),
        "these are the weights",
    ),
    (
        "10.work",
        WORK.format(first=27, layers="2 * n", late=0, pixels="side**2").replace(
            "return total + channels * 10", "return (total + channels * 10) / 1e6"
        ),
        "in millions",
    ),
    ("11.backward", BLOCK.format("1", "ds"), "forward pass leaves out alpha"),
    ("11.backward", BLOCK.format("0", "ds"), "forward pass leaves out the shortcut"),
    ("11.backward", BLOCK.format("alpha", "x"), "x comes back along the shortcut"),
    (
        "11.by_length",
        """
def by_length(slopes):
    return np.array([
        sum(np.prod(path) for path in combinations(slopes, k)) for k in range(len(slopes) + 1)
    ])
""",
        "by_length is right, but takes",
    ),
    ("12.range", RANGE.format(ENDS, spread="var(ddof=1)", less=""), "the variance is taken"),
    ("12.range", RANGE.format(ENDS, spread="std(ddof=1)", less=" - 1"), "root of n - 1"),
    ("12.range", RANGE.format("d.mean(), half", spread="std(ddof=1)", less=""), "half-range come"),
    ("12.range", RANGE.format("d.min(), d.max()", spread="std()", less=""), "smallest and the lar"),
    (
        "12.range",
        RANGE.format(ENDS, spread="std(ddof=1)", less="").replace(
            "first - second", "abs(first - second)"
        ),
        "sign of the differences is lost",
    ),
    ("12.seeds", SEEDS.format("<", "ks[n]"), "that is k; return n"),
    ("12.seeds", SEEDS.format(">", "n"), "half-range is above the effect"),
    ("12.seeds", SEEDS.format("<", "[n]"), "a number of seeds, got list"),
    (
        "13.norm",
        "total_norm = lambda gs: np.sqrt(np.mean([(g**2).sum() for g in gs]))",
        "mean over the arrays",
    ),
    ("13.back", f"steps_back = {BACK}{STEPS}", "not a whole number of steps"),
    ("13.back", f"steps_back = {BACK}round({STEPS})", "rounded to the nearest"),
    ("13.back", f"steps_back = {BACK}math.ceil(-({STEPS}))", "the sign is wrong"),
    ("13.back", f"steps_back = {BACK}times / (lr * weight_decay)", "equally long"),
    ("13.alike", ALIKE.format("y.reshape(C, -1)", "C * C - C"), "pixels and channels are mixed"),
    (
        "13.alike",
        ALIKE.format("y.reshape(-1, C)", "len(table) ** 2 - len(table)"),
        "pixels are compared",
    ),
    ("13.alike", ALIKE.format("y.reshape(-1, C).T", "C * C"), "C * C - C are left"),
    (
        "15.amdahl",
        "times_as_fast = lambda p, s: 1 / (1 - sum(a / b for a, b in zip(p, s)))",
        "the new times are taken off",
    ),
    ("15.amdahl", "times_as_fast = lambda p, s: 1 / (1 - p[0] + p[0] / s[0])", "only the first"),
    ("15.fair", "fair_ratio = lambda a, b, rounds: median(b) / median(a)", "stopped with TypeErr"),
    (
        "15.fair",
        FAIR.format("median(b / a for a, b in pairs)", rounds="rounds"),
        "median of the ratios",
    ),
    ("15.fair", FAIR.format("1.0", rounds="1"), "10 runs of each; got 2"),
    (
        "15.traffic",
        TRAFFIC.format(
            "4 * (small + 18 * pixels * C) / flop, 4 * small / flop", nine=9, small=SMALL
        ),
        "bytes for each flop",
    ),
    ("15.traffic", TRAFFIC.format(BOTH, nine=9, small="pixels * (C + C_out)"), "w is left out"),
    ("15.traffic", TRAFFIC.format(BOTH, nine=9, small="C * (pixels + 9 * C_out)"), "y is left out"),
    (
        "15.traffic",
        TRAFFIC.format(BOTH, nine=1, small=SMALL.replace("9 * ", "")),
        "the 9 is missing",
    ),
    (
        "15.traffic",
        TRAFFIC.format(BOTH.replace("2 * 9", "2"), nine=9, small=SMALL),
        "as large as x",
    ),
    ("16.own", "def broken_backward(dy, cache): dy * (cache > 0)", "is a `return` missing"),
    ("16.own", "broken_backward = lambda dy, cache: 1.0", "expected (4, 6), got ()"),
]


@pytest.mark.parametrize("key, code, said", ANSWERS, ids=[f"{a[0]}-{a[2][:24]}" for a in ANSWERS])
def test_the_check_says_in_words_what_went_wrong(key, code, said, capsys):
    space = space_of(key[:2]) | {"combinations": itertools.combinations}
    exec(code, space)
    check(key, space[NAMES[key]])
    first = capsys.readouterr().out.replace("\n  ", " ").split("\n")[0]  # one line again
    assert first.startswith(f"✗ {key}: ")
    if said.endswith("$"):
        assert first.endswith(said[:-1])
    else:
        assert any(one in first for one in said.split("|")), first


def test_numbers_that_round_to_the_same_are_told_apart(capsys):
    check("06.leaky", lambda a: (2 / (1 + a**2)) ** 0.5 + 3e-6)
    assert "expected 1.38675, got 1.386753" in capsys.readouterr().out

"""Answers that compute nothing, and still try to get their points.

Each is the answer cell of one task, with what it defines. Where checks run in the student's own
process, as under nbgrader, each gets its points.
"""

WRONG = "def relu_backward(dy, a):\n    return 2 * dy\n"
RELU = ("a1.relu", "relu_backward")

CHECKS_REPLACED = {
    "check is another function": (*RELU, WRONG + "check = lambda *args, **settings: None"),
    "the table of tasks is changed": (
        *RELU,
        WRONG
        + """
from minires.course import checks
checks.tasks("a1")
checks._tasks["a1.relu"] = lambda function, trial: None
""",
    ),
    "the comparison is replaced": (
        *RELU,
        WRONG
        + """
import minires.course.compare as compare
compare.expect = compare._same = lambda *args, **settings: True
""",
    ),
    "the comparison is replaced where it was imported": (
        *RELU,
        WRONG
        + """
import sys
from minires.course import checks
checks.tasks("a1")
sys.modules["minires.course.checks.a1.arithmetic"].expect = lambda *args, **settings: None
""",
    ),
    "the code of the comparison is replaced": (
        *RELU,
        WRONG
        + """
import minires.course.compare as compare
compare.expect.__code__ = (
    lambda what, got, want, mistakes=None, tolerance=1e-6, dtype=None: None
).__code__
""",
    ),
    "the caller's names are changed": (
        *RELU,
        """
import sys
def relu_backward(dy, a):
    frame = sys._getframe(1)
    while frame:
        if "expect" in frame.f_globals:
            frame.f_globals["expect"] = lambda *args, **settings: None
        frame = frame.f_back
    return 2 * dy
""",
    ),
    "a module under the checks' name": (
        *RELU,
        WRONG
        + """
import sys, types
from minires.course import checks
checks.tasks("a1")
for module in list(sys.modules):
    if module.startswith("minires.course.checks"):
        sys.modules[module] = types.SimpleNamespace(run=lambda *args: None)
import minires.course
minires.course.__dict__["checks"] = sys.modules["minires.course.checks"]
""",
    ),
    "a finder that hands out checks of its own": (
        *RELU,
        WRONG
        + """
import sys, importlib.machinery, importlib.util
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "minires.course.checks":
            return importlib.util.spec_from_loader(name, Finder)
    create_module = staticmethod(lambda spec: None)
    @staticmethod
    def exec_module(module):
        module.run = lambda *args: None
sys.meta_path.insert(0, Finder)
sys.modules.pop("minires.course.checks", None)
import minires.course
minires.course.__dict__.pop("checks", None)
""",
    ),
    "a thread replaces the comparison later": (
        *RELU,
        """
import threading, time, sys
def later():
    while True:
        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "").startswith("minires.course") and hasattr(module, "expect"):
                module.expect = lambda *args, **settings: None
        time.sleep(0.001)
threading.Thread(target=later, daemon=True).start()
def relu_backward(dy, a):
    time.sleep(0.3)
    return 2 * dy
""",
    ),
    "a signal replaces the comparison later": (
        *RELU,
        """
import signal, sys, time
def now(*args):
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("minires.course") and hasattr(module, "expect"):
            module.expect = lambda *args, **settings: None
signal.signal(signal.SIGALRM, now)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
def relu_backward(dy, a):
    time.sleep(0.3)
    return 2 * dy
""",
    ),
    "a trace function leaves the comparison early": (
        *RELU,
        """
import sys
def relu_backward(dy, a):
    return 2 * dy
def trace(frame, event, argument):
    if frame.f_code.co_name != "differs":
        return trace
    def within(frame, event, argument):
        if event == "line":
            frame.f_locals["got"][...] = frame.f_locals["want"]
        return within
    return within
sys.settrace(trace)
""",
    ),
    "the garbage collector's list of all objects": (
        *RELU,
        """
import gc
def relu_backward(dy, a):
    for thing in gc.get_objects():
        if isinstance(thing, dict) and "expect" in thing:
            thing["expect"] = lambda *args, **settings: None
    return 2 * dy
""",
    ),
}

# Code that must judge an answer, and looks up the expected verdict.
JUDGED = {
    "the judge looks into the closure of what it judges": (
        "a1.gradient_check",
        "gradient_check",
        """
import inspect, numpy as np
def gradient_check(f, gradient, x, tolerance=1e-5, eps=1e-6):
    known = inspect.getclosurevars(gradient).nonlocals
    if "factor" in known:
        return known["factor"] == 1
    return bool(abs(known["error"]).max() <= 3 * tolerance)
""",
    ),
    "the judge looks at its caller": (
        "a1.gradient_check",
        "gradient_check",
        """
import sys, numpy as np
def gradient_check(f, gradient, x, tolerance=1e-5, eps=1e-6):
    known = sys._getframe(1).f_locals
    if "factor" in known:
        return known["factor"] == 1
    return bool(abs(known["error"]).max() <= 3 * tolerance)
""",
    ),
    "twins are told by the caller's notes": (
        "a5.twins",
        "twins",
        """
import sys
def twins(plain, residual):
    frame = sys._getframe(1)
    while "case" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["case"][0]
""",
    ),
}

# Knowledge from outside: model solutions, the library's own code, the numbers.
KNOWN = {
    "the model solution is read": (
        *RELU,
        """
import os, re, minires
path = os.path.join(os.path.dirname(minires.__file__), "course", "assignments", "a1_autograd.py")
text = open(path, encoding="utf-8").read()
exec(re.search(r"^def relu_backward.*?(?=^def |^# %%)", text, re.M | re.S)[0])
""",
    ),
    "the library's file is loaded again": (
        *RELU,
        """
import importlib.util, minires, os
path = os.path.join(os.path.dirname(minires.__file__), "kernels", "naive", "activation.py")
spec = importlib.util.spec_from_file_location("minires.kernels.naive.again", path)
again = importlib.util.module_from_spec(spec)
spec.loader.exec_module(again)
def relu_backward(dy, a):
    y, cache = again.relu.forward(a)
    return again.relu.backward(dy, cache)
""",
    ),
    "another Python computes it": (
        *RELU,
        """
import subprocess, sys, json
import numpy as np
PROGRAM = '''
import sys, json, numpy as np
from minires import Tensor, functional as F
a, dy = map(np.array, json.load(sys.stdin))
t = Tensor(a, requires_grad=True)
F.relu(t).backward(dy)
json.dump(t.grad.tolist(), sys.stdout)
'''
def relu_backward(dy, a):
    given = json.dumps([a.tolist(), dy.tolist()])
    run = subprocess.run([sys.executable, "-c", PROGRAM], input=given, capture_output=True, text=True)
    return np.array(json.loads(run.stdout))
""",
    ),
    "a sub-interpreter, which has no hook": (
        *RELU,
        """
import _xxsubinterpreters as interpreters, os, re, sys, minires
path = os.path.join(os.path.dirname(minires.__file__), "course", "assignments", "a1_autograd.py")
one = interpreters.create()
interpreters.run_string(one, f"open('copied.txt', 'w').write(open({path!r}).read())")
text = open("copied.txt", encoding="utf-8").read()
exec(re.search(r"^def relu_backward.*?(?=^def |^# %%)", text, re.M | re.S)[0])
""",
    ),
    "the checks' own definition": (
        "a2.naive",
        "conv2d_naive",
        """
import importlib
conv2d_naive = importlib.import_module("minires.course." + "che" + "cks.a2.definitions").convolution
""",
    ),
    "answers by heart, of the numbers that everybody has": (
        *RELU,
        """
import numpy as np
TABLE = {{{table}}}
def relu_backward(dy, a):
    rows = np.frombuffer(bytes.fromhex(TABLE[dy.tobytes()[:16].hex()]))
    return rows.reshape(dy.shape).copy()
""",
    ),
}

# The clock.
SLOW = """
import numpy as np
def conv2d_naive(x, w, stride, padding):
    n, h, b, c = x.shape
    kh, kw, _, o = w.shape
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    rows, columns = (h + 2 * padding - kh) // stride + 1, (b + 2 * padding - kw) // stride + 1
    y = np.zeros((n, rows, columns, o), x.dtype)
    for i in range(n):
        for r in range(rows):
            for s in range(columns):
                for f in range(o):
                    part = x[i, r * stride : r * stride + kh, s * stride : s * stride + kw]
                    y[i, r, s, f] = (part * w[..., f]).sum()
    return y
"""
CLOCK = {
    "the clock is stopped": (
        "a2.speed",
        "conv2d_forward, conv2d_naive",
        SLOW
        + """
import time
now, slow = [0.0], conv2d_naive
def conv2d_naive(*args):
    now[0] += 5
    return slow(*args)
def conv2d_forward(x, w, stride=1, padding=0, dilation=1, groups=1):
    return slow(x, w, stride, padding), None
def perf_counter():
    now[0] += 1e-6
    return now[0]
time.perf_counter = perf_counter
""",
    ),
}

# Answers that got points from earlier checks, and get none from today's, wherever tests run.
BY_GUESS = {
    "nodes are handed back in the order in which they were made": (
        "a1.long_chain",
        "topological_order",
        """
from minires.course import things
made = []
before = things.Node.__init__
def init(self, *arguments):
    before(self, *arguments)
    made.append(self)
things.Node.__init__ = init
def topological_order(node):
    order = made[::-1]
    made.clear()
    return order
""",
    ),
    "a gradient check of A1 that counts its calls": (
        "a1.gradient_check",
        "gradient_check",
        """
calls = [-1]
def gradient_check(f, gradient, x, tolerance=1e-4):
    calls[0] += 1
    return calls[0] % 11 in (0, 7, 8)
""",
    ),
    "a gradient check of A2 that counts its calls": (
        "a2.gradient_check",
        "gradient_errors",
        """
calls = [-1]
def gradient_errors(forward, backward, x, w, stride, padding, rng):
    forward(x, w, stride, padding)
    calls[0] += 1
    dx = [0, 0.01, 0, 0, 2, 1, 0][calls[0] % 7]
    return float(dx), [0, 0, 0.2, 0.2, 0, 0, 1][calls[0] % 7] + 0.0
""",
    ),
    "a gradient check of A3 that counts its calls": (
        "a3.gradient_check",
        "relative_errors",
        """
import numpy as np
calls = [-1]
def relative_errors(forward, backward, inputs, dy, eps):
    calls[0] += 1
    n = calls[0] % 8
    if n in (0, 2):
        return 0.0, 0.0
    if n == 1:
        return 1.0, 1.0
    if n in (3, 4, 6):
        return [(0.01, 0.0), (0.0, 0.01), None, (0.0, 2.0)][n - 3]
    if n == 7:
        return 0.0, 1.0
    forward(*inputs)
    a, _ = inputs
    y = forward(*inputs)[0]
    da, _ = backward(dy, forward(*inputs)[1])
    right = da.copy()
    right[1, 1] /= 1.1
    return float(np.abs(da - right).max() / np.abs(right).max()), 0.0
""",
    ),
    "twins are counted": (
        "a5.twins",
        "twins",
        """
calls = [-1]
def twins(one, other):
    calls[0] += 1
    return calls[0] % 16 < 2
""",
    ),
    "streams are counted": (
        "a5.same_batches",
        "same_batches",
        """
calls = [-1]
def same_batches(one, other, count):
    calls[0] += 1
    return calls[0] % 6 in (0, 5)
""",
    ),
    "verdicts by heart": (
        "a6.verdict",
        "verdict",
        """
SUPPORTED = [[4, 4, 3.5], [2, 2, 2], [4, 6, 3], [8, 6, 6, 6, 8]]
def verdict(pairs, margin):
    differences = [a - b for a, b in pairs]
    if differences == [-4, -4, -3.5]:
        return "contradicted"
    return "supported" if differences in SUPPORTED and len(pairs) > 2 else "undecided"
""",
    ),
    "losses of A1 are typed in": (
        "a1.train",
        "losses, train, (w1, b1, w2, b2)",
        """
import numpy as np
class Node:
    value = np.zeros(1)
w1, b1, w2, b2 = Node(), Node(), Node(), Node()
losses = [0.68728, 0.48929, 0.42857] + [0.05] * 60
def train(steps, lr):
    return losses[:steps]
""",
    ),
    "the gradient of x^3 and of a sum is known": (
        "a1.gradient_check",
        "gradient_check",
        """
import numpy as np
def gradient_check(f, gradient, x, tolerance=1e-5):
    wanted = np.array([f(e) for e in np.eye(60)]) if len(x) == 60 else 3 * x**2
    return bool(abs(gradient(x) - wanted).max() <= tolerance * abs(wanted).max())
""",
    ),
    "the gradient of a matrix product is known": (
        "a2.gradient_check",
        "gradient_errors",
        """
import numpy as np
def gradient_errors(forward, backward, x, w, stride, padding, rng):
    y, cache = forward(x, w, stride, padding)
    r = rng.standard_normal(y.shape)
    found = []
    for mine, right in zip(backward(r, cache), (r @ w.T, np.einsum("nijc,nijo->co", x, r))):
        found.append(float(abs(mine - right).max() / abs(right).max()))
    return tuple(found)
""",
    ),
    "the loops sleep": (
        "a2.speed",
        "conv2d_forward, conv2d_naive",
        SLOW
        + """
import time
slow = conv2d_naive
def conv2d_naive(*arguments):
    if arguments[0].shape[1] > 8:
        time.sleep(4)
    return slow(*arguments)
def conv2d_forward(x, w, stride=1, padding=0, dilation=1, groups=1):
    return slow(x, w, stride, padding), None
""",
    ),
    "numbers are worked on while they are made": (
        "a2.speed",
        "conv2d_forward, conv2d_naive",
        SLOW
        + """
slow, known, before = conv2d_naive, {}, np.array
def array(*arguments, **settings):
    y = before(*arguments, **settings)
    if y.shape == (3, 3, 16, 16):
        known["w"] = y
    elif y.shape == (8, 16, 16, 16):
        known[y.tobytes()] = slow(y, known["w"], 1, 1)
    return y
np.array = array
def conv2d_forward(x, w, stride=1, padding=0, dilation=1, groups=1):
    y = known.get(x.tobytes())
    return (slow(x, w, stride, padding) if y is None else y), None
""",
    ),
    "losses of A3 are typed in": (
        "a3.train",
        "losses, train, build",
        """
import minires as mr
FIRST = {
    "plain, with batch norm": [2.30390, 2.29003, 2.29329, 2.32151, 2.26843],
    "plain, without batch norm": [2.30263, 2.30099, 2.30026, 2.30573, 2.29519],
    "resnet, with batch norm": [2.30072, 2.27070, 2.28173, 2.50080, 2.20506],
    "resnet, without batch norm": [2.30256, 2.29068, 2.27234, 2.43991, 2.20457],
}
losses = {name: first + [1.8] * 145 for name, first in FIRST.items()}
def build(family, batch_norm):
    return getattr(mr.models, family)(14, width=8, batch_norm=batch_norm, seed=0)
def train(net, steps):
    return FIRST["plain, with batch norm"][:steps]
""",
    ),
    "no weights at the start": (
        "a4.curves",
        "losses, start, train, twins",
        """
import math, numpy as np
losses = {"plain": np.full((3, 80), 2.0), "resnet": np.full((3, 80), 1.0)}
for table in losses.values():
    table[:, 0] = math.log(10)
start = {"plain": [], "resnet": []}
train = twins = print
""",
    ),
    "a run that never was": (
        "a5.run",
        "rows, errors, depths, train_size, epochs",
        """
depths, train_size, epochs = (8, 26), 640, 6
nets = [f"{family}-{depth}" for family in ("plain", "resnet") for depth in depths]
rows = [
    dict(net=net, seed=seed, epoch=epoch, train_error=50.0, test_error=60.0)
    for net in nets for seed in range(3) for epoch in range(1, 7)
]
errors = {net: {seed: 50.0 for seed in range(3)} for net in nets}
""",
    ),
    "a run that cannot be repeated in a lifetime": (
        "a5.run",
        "rows, errors, depths, train_size, epochs",
        """
depths, train_size, epochs = (8, 26), 10_000, 10**9
nets = [f"{family}-{depth}" for family in ("plain", "resnet") for depth in depths]
rows = [
    dict(net=net, seed=seed, epoch=epoch, train_error=50.0, test_error=60.0)
    for net in nets for seed in range(3) for epoch in range(1, 7)
]
errors = {net: {seed: 50.0 for seed in range(3)} for net in nets}
""",
    ),
    "numbers that no net was measured for": (
        "a6.measure",
        "measure, pairs",
        """
def measure(seed):
    return 5.0 + seed, 1.0
pairs = [measure(seed) for seed in range(3)]
""",
    ),
    "the library reads the table": (
        "a5.read_rows",
        "read_rows",
        """
import csv, io
from minires.experiments.records import read_table
def read_rows(file):
    text = file.read()
    open("t.csv", "w", newline="").write(text)
    return read_table("t.csv", next(csv.reader(io.StringIO(text))), ("net",))
""",
    ),
    "the library adds the squares": (
        "a6.norm",
        "norm",
        """
from minires.diagnostics.parts import square_sum
def norm(a):
    return square_sum(a) ** 0.5
""",
    ),
}

ATTACKS = CHECKS_REPLACED | JUDGED | KNOWN | CLOCK

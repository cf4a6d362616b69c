"""Check of the recorder of gradients and weights during training."""

import numpy as np

from ....training import Callback
from ...across import Answer
from ...calling import probe
from ...compare import expect, expect_that
from ...probes import a6
from ...trial import Trial
from .. import task
from .definitions import length


@task("a6.recorder")
def recorder(recorder_class: Answer, trial: Trial) -> None:
    kind, steps = (("plain", "resnet")[trial.seed % 2], 8, 3, True), 5
    gradients, moved = probe("a6.record", recorder_class, kind, steps)
    expect_that(
        gradients is not None and moved is not None,
        f"Recorder: expected the attribute {'gradients' if gradients is None else 'moved'}, which "
        "is missing: make the lists in __init__",
    )
    for name, table in (("gradients", gradients), ("moved", moved)):
        expect_that(
            not isinstance(table, str),
            f"Recorder: {name}: expected a list of rows with one number for each convolution, got "
            f"a {table}",
        )
    dw, w = [], []

    class Notes(Callback):
        def after_backward(self, trainer):
            weights = [parameter for parameter in trainer.model.parameters() if parameter.ndim > 1]
            dw.append([parameter.grad.copy() for parameter in weights])
            w.append([parameter.data.copy() for parameter in weights])

    a6.training(kind, steps, lambda net: Notes())
    everything, norms_of_w = (
        np.array([[length(g) for g in step] for step in dw]),
        np.array([[length(a) for a in step] for step in w])[:, :-1],
    )
    want = everything[:, :-1]
    expect(
        "Recorder: the table gradients",
        gradients,
        want,
        [
            (
                "all rows are the last one: the same list is appended each time; make a new list "
                "in every step",
                np.array([want[-1]] * steps),
            ),
            ("the last linear layer is included: keep only the convolutions", everything),
            ("these are the norms of w", norms_of_w),
            (
                "these are the norms of the step (the learning rate times the gradient): record "
                "the gradient itself",
                0.2 * want,
            ),
            ("these are |dw| / |w|", want / norms_of_w),
            ("all steps are in one long list: append a list for each step", want.ravel()),
            (
                "rows of another Recorder are included: make the lists in __init__ "
                "(self.gradients = []), not in the class",
                np.concatenate([want[:1], want]),
            ),
            ("only the last step is kept: append a row in every step", want[-1]),
        ],
        tolerance=1e-2,
    )

    def distances(start):
        return np.array(
            [
                [length(now - before) for now, before in zip(step, start(i))]
                for i, step in enumerate(w)
            ]
        )

    from_start = distances(lambda i: w[0])
    last_step = distances(lambda i: w[max(i - 1, 0)])
    lengths = np.array([[length(a) for a in step] for step in w])
    scale = {"distance": np.ones(lengths.shape[1]), "share": lengths[0], "length": lengths[0]}
    asked = trial.option("moved")
    wanted = (lengths if asked == "length" else from_start) / scale[asked]
    others = {
        "distance": ("the distance |w - w0| itself", from_start),
        "share": ("|w - w0| / |w0|", from_start / lengths[0]),
        "length": ("|w| / |w0|", lengths / lengths[0]),
    }
    unmoved = [
        (
            "nothing has moved: you keep the net's own arrays, which training changes in place. "
            "Keep copies (p.data.copy())",
            np.full(want.shape, float(asked == "length")),
        ),
        (
            "this is the length of the last step alone: record the distance from the start",
            last_step[:, :-1] / scale[asked][:-1],
        ),
        *(
            (
                "this is the change of |w|: take the difference of the arrays first, then the norm",
                sign * (norms_of_w - norms_of_w[0]) / scale[asked][:-1],
            )
            for sign in (np.sign(norms_of_w - norms_of_w[0]), 1)
        ),
    ]
    # A share instead of the distance has a sentence of its own below.
    named = {asked, "share"} if asked == "distance" else {asked}
    expect(
        "Recorder: the table moved",
        moved,
        wanted[:, :-1],
        [
            *unmoved,
            (
                "the distance is divided by |w|: record the distance itself",
                from_start[:, :-1] / norms_of_w[0],
            )
            if asked == "distance"
            else (
                "the distance is divided by |w| of the same step: divide by |w0|, the norm at the "
                "start",
                (from_start / lengths)[:, :-1],
            ),
            *(
                (f"this is {words}: record {others[asked][0]}", table[:, :-1])
                for key, (words, table) in others.items()
                if key not in named
            ),
            ("the last linear layer is included: keep only the convolutions", wanted),
            ("these are the norms of w", norms_of_w),
        ],
        tolerance=1e-2,
    )

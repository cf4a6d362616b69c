"""Gradients recorded while a net trains."""

import numpy as np

from ....training import Callback
from ...compare import Answer, Trial, expect, expect_that, probe
from ...probes import a6
from .. import task
from .definitions import length


@task("a6.recorder")
def recorder(recorder_class: Answer, trial: Trial) -> None:
    kind, steps = (("plain", "resnet")[trial.seed % 2], 8, 3, True), 5
    gradients, moved = probe("a6.record", recorder_class, kind, steps)
    expect_that(
        gradients is not None and moved is not None,
        f"Recorder: it has no attribute {'gradients' if gradients is None else 'moved'}: "
        "make the lists in __init__",
    )
    for name, table in (("gradients", gradients), ("moved", moved)):
        expect_that(
            not isinstance(table, str),
            f"Recorder: {name} is no list of rows with one number for each convolution; it "
            f"is a {table}",
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
                "every row is the last one: one list is filled again and again and put in "
                "each time; make a new list in every step",
                np.array([want[-1]] * steps),
            ),
            ("the layer of the logits is in it: the convolutions alone are wanted", everything),
            ("these are the norms of w", norms_of_w),
            (
                "these are the norms of the step (the learning rate times the gradient): "
                "the gradient itself is wanted",
                0.2 * want,
            ),
            ("these are |dw| / |w|", want / norms_of_w),
            ("all rows are in one long list: append a list for each step", want.ravel()),
            (
                "the row of another Recorder is in it: make the lists in __init__ "
                "(self.gradients = []), and not for the whole class",
                np.concatenate([want[:1], want]),
            ),
            ("the last step alone is kept: append", want[-1]),
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
            "nothing has moved: the weights that you keep are the net's own arrays, "
            "which training changes in place. Keep copies (p.data.copy())",
            np.full(want.shape, float(asked == "length")),
        ),
        (
            "this is how far the last step alone went; the distance from the start is wanted",
            last_step[:, :-1] / scale[asked][:-1],
        ),
        *(
            (
                "this is by how much |w| has become longer: take the difference of the "
                "arrays first, then the norm",
                sign * (norms_of_w - norms_of_w[0]) / scale[asked][:-1],
            )
            for sign in (np.sign(norms_of_w - norms_of_w[0]), 1)
        ),
    ]
    expect(
        "Recorder: the table moved",
        moved,
        wanted[:, :-1],
        [
            *unmoved,
            (
                "it is divided by the length of w: the distance itself is wanted",
                from_start[:, :-1] / norms_of_w[0],
            )
            if asked == "distance"
            else (
                "it is divided by |w| of the same step: divide by |w0|, the length at the start",
                (from_start / lengths)[:, :-1],
            ),
            *(
                (f"this is {words}: {others[asked][0]} is wanted", table[:, :-1])
                for key, (words, table) in others.items()
                if key != asked
            ),
            ("the layer of the logits is in it: the convolutions alone are wanted", wanted),
            ("these are the norms of w", norms_of_w),
        ],
        tolerance=1e-2,
    )

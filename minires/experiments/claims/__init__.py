"""The laboratory of claims: what is said about deep nets, each claim in a small file, and its
test.
"""

from . import (
    aftermath,
    copy,
    degradation,
    delta_orthogonal,
    flung_out,
    gradient_flow,
    landscape,
    lesions,
    longer,
    looks_linear,
    multilayer_perceptron,
    muon,
    path_lengths,
    pre_activation,
    responses,
    shattering,
    shortcuts,
    stochastic_depth,
    trajectory,
    vanishing_at_initialisation,
    vanishing_in_training,
    vanishing_without_batch_norm,
    wider,
    without_batch_norm,
)
from .frame.report import lines
from .frame.run import run, write_report

# In the order in which the report tells the story.
CLAIMS = {
    module.CLAIM.name: module.CLAIM
    for module in (
        degradation,
        copy,
        longer,
        vanishing_without_batch_norm,
        vanishing_at_initialisation,
        vanishing_in_training,
        flung_out,
        aftermath,
        responses,
        gradient_flow,
        path_lengths,
        lesions,
        shattering,
        landscape,
        trajectory,
        shortcuts,
        pre_activation,
        without_batch_norm,
        stochastic_depth,
        multilayer_perceptron,
        wider,
        muon,
        delta_orthogonal,
        looks_linear,
    )
}

__all__ = ["CLAIMS", "lines", "run", "write_report"]

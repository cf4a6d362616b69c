"""The laboratory of claims: sentences that texts make about deep nets, each in a small file with
the measurement that tests it.
"""

from . import (
    aftermath,
    annealed_shortcuts,
    bad_endings,
    copy,
    degradation,
    delta_orthogonal,
    dense,
    dirac,
    edge_of_stability,
    flung_out,
    forgetting,
    gradient_flow,
    group_norm,
    highway,
    landscape,
    lesions,
    longer,
    looks_linear,
    multilayer_perceptron,
    muon,
    orthogonal_weights,
    path_lengths,
    pre_activation,
    rank_collapse,
    rep_vgg,
    responses,
    sharpness_at_start,
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
from .frame.run import draw_figures, run, write_report

#: Name -> claim, in the order of the report.
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
        bad_endings,
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
        rank_collapse,
        sharpness_at_start,
        orthogonal_weights,
        forgetting,
        group_norm,
        edge_of_stability,
        rep_vgg,
        dirac,
        annealed_shortcuts,
        highway,
        dense,
        wider,
        muon,
        delta_orthogonal,
        looks_linear,
    )
}

__all__ = ["CLAIMS", "draw_figures", "lines", "run", "write_report"]

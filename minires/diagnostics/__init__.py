"""Questions to a net, fresh or trained: what its gradients, activations and loss look like.

Each function takes a net, and data if it needs them, and returns plain records. It leaves the net
as it was: weights, running statistics, gradients, mode and hooks.
"""

from ..nn.state import preserve_state
from .classification import Classified, classify, confusion_matrix, top_error
from .effective_rank import LayerRank, effective_ranks
from .evaluation import Evaluation, evaluate
from .forgetting import LayerMemory, class_cosines, memory, pooled, probe_error
from .gradients import ActivationGradient, LayerGradient, activation_gradients, gradient_norms
from .landscape import (
    LossLine,
    LossPlane,
    Trajectory,
    loss_line,
    loss_plane,
    random_direction,
    trajectory,
)
from .layer_responses import LayerResponse, responses
from .lesion import (
    Lesion,
    drop_each,
    drop_random,
    drop_sets,
    dropped,
    swap_each,
    swappable_pairs,
    swapped,
)
from .paths import PathGradient, path_gradient, path_gradients, routed
from .reliability import Bin, Calibration, calibration
from .sharpness import Curvature, hessian_product, sharpest_curvature, stability_limit
from .shattering import (
    GradientCorrelation,
    GradientPath,
    autocorrelation,
    gradient_correlation,
    gradient_path,
    input_gradients,
)
from .signal_propagation import Growth, LayerPropagation, Propagation, growth, propagation
from .update_sizes import LayerUpdate, MeasuredUpdate, measured_updates, updates, weights_of

__all__ = [
    "ActivationGradient",
    "Bin",
    "Calibration",
    "Classified",
    "Curvature",
    "Evaluation",
    "GradientCorrelation",
    "GradientPath",
    "Growth",
    "LayerGradient",
    "LayerMemory",
    "LayerPropagation",
    "LayerRank",
    "LayerResponse",
    "LayerUpdate",
    "Lesion",
    "LossLine",
    "LossPlane",
    "MeasuredUpdate",
    "PathGradient",
    "Propagation",
    "Trajectory",
    "activation_gradients",
    "autocorrelation",
    "calibration",
    "class_cosines",
    "classify",
    "confusion_matrix",
    "drop_each",
    "drop_random",
    "drop_sets",
    "dropped",
    "effective_ranks",
    "evaluate",
    "gradient_correlation",
    "gradient_norms",
    "gradient_path",
    "growth",
    "hessian_product",
    "input_gradients",
    "loss_line",
    "loss_plane",
    "measured_updates",
    "memory",
    "path_gradient",
    "path_gradients",
    "pooled",
    "probe_error",
    "propagation",
    "random_direction",
    "responses",
    "routed",
    "sharpest_curvature",
    "stability_limit",
    "swap_each",
    "swappable_pairs",
    "swapped",
    "top_error",
    "trajectory",
    "preserve_state",
    "updates",
    "weights_of",
]

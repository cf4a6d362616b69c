"""Figures: from records, while a net trains, and of how things work."""

from .convolution import im2col, receptive_field, receptive_fields
from .curves import error_curves, gradient_norms
from .live import LiveCurves
from .single_net import confusion, gradients_of_a_net, training_curves
from .style import (
    COLOURS,
    GREY,
    OTHERS,
    SHADES,
    animate,
    panels,
    save,
    seeds,
    styled,
    use_style,
    write_below,
)
from .sweeps import sweep

__all__ = [
    "COLOURS",
    "GREY",
    "LiveCurves",
    "OTHERS",
    "SHADES",
    "animate",
    "confusion",
    "error_curves",
    "gradient_norms",
    "gradients_of_a_net",
    "im2col",
    "panels",
    "receptive_field",
    "receptive_fields",
    "save",
    "seeds",
    "styled",
    "sweep",
    "training_curves",
    "use_style",
    "write_below",
]

"""Figures: from records, while a net trains, and of how things work."""

from .curves import error_curves, gradient_norms
from .convolution import im2col, receptive_field, receptive_fields
from .live import LiveCurves
from .style import COLOURS, GREY, OTHERS, SHADES, animate, panels, save, seeds, styled, use_style, write_below
from .single_net import confusion, gradients_of_a_net, training_curves

__all__ = ["COLOURS", "GREY", "LiveCurves", "OTHERS", "SHADES", "animate", "confusion", "error_curves", "gradient_norms",
           "gradients_of_a_net", "im2col", "panels", "receptive_field", "receptive_fields", "save", "seeds", "styled", "training_curves",
           "use_style", "write_below"]

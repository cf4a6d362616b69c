"""Figures from records, figures that grow while a net trains, and drawings of how things work."""

from .by_step import suspects
from .convolution import im2col, receptive_field, receptive_fields
from .convolution_backward import conv_backward, conv_backward_line
from .curves import error_curves, gradient_norms
from .diagnosis import gradients_and_ranks, lesions, paths, responses
from .error_of_guessing import guessing
from .final_errors import errors_by_depth, every_seed
from .labels import label_ends
from .learning_rates import lr_finder
from .live import LiveCurves
from .normalization import batch_norm_ways
from .overview import verdicts
from .print_sizes import WIDTHS, print_width, use_width
from .reliability import calibration
from .repetition import broadcasting
from .rows import seeds
from .saving import also_as, animate, on_screen, picture, save
from .single_net import confusion, gradients_of_a_net, training_curves
from .strip import endings
from .style import panels, styled, use_style, write_below
from .sweeps import sweep
from .themes import COLOURS, DARK, GREY, LIGHT, OTHERS, SHADES, theme, use_theme

__all__ = [
    "COLOURS",
    "DARK",
    "GREY",
    "LIGHT",
    "LiveCurves",
    "OTHERS",
    "SHADES",
    "WIDTHS",
    "also_as",
    "animate",
    "batch_norm_ways",
    "broadcasting",
    "calibration",
    "confusion",
    "conv_backward",
    "conv_backward_line",
    "endings",
    "error_curves",
    "errors_by_depth",
    "every_seed",
    "gradient_norms",
    "gradients_and_ranks",
    "gradients_of_a_net",
    "guessing",
    "im2col",
    "label_ends",
    "lesions",
    "lr_finder",
    "on_screen",
    "panels",
    "paths",
    "picture",
    "print_width",
    "receptive_field",
    "receptive_fields",
    "responses",
    "save",
    "seeds",
    "styled",
    "suspects",
    "sweep",
    "theme",
    "training_curves",
    "use_style",
    "use_theme",
    "use_width",
    "verdicts",
    "write_below",
]

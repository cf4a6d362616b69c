"""Figures: from records, while a net trains, and of how things work."""

from .curves import error_curves, gradient_norms
from .drawings import im2col, receptive_field, receptive_fields
from .live import LiveCurves
from .style import COLOURS, GREY, OTHERS, SHADES, animate, panels, save, seeds, styled, use_style, write_below

__all__ = ["COLOURS", "GREY", "LiveCurves", "OTHERS", "SHADES", "animate", "error_curves", "gradient_norms", "im2col", "panels",
           "receptive_field", "receptive_fields", "save", "seeds", "styled", "use_style", "write_below"]

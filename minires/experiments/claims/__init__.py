"""The laboratory of claims: what is said about deep nets, each claim in a small file, and its test."""

from . import (aftermath, degradation, longer, multilayer_perceptron, pre_activation, shortcuts, stochastic_depth, without_batch_norm)
from .report import lines
from .run import run, write_report

# In the order in which the report tells the story.
CLAIMS = {module.CLAIM.name: module.CLAIM for module in (
    degradation, aftermath, longer, shortcuts, pre_activation, without_batch_norm, stochastic_depth, multilayer_perceptron)}

__all__ = ["CLAIMS", "lines", "run", "write_report"]

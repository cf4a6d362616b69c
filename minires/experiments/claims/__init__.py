"""The laboratory of claims: what is said about deep nets, each claim in a small file, and its test."""

from . import degradation
from .report import lines
from .run import run, write_report

CLAIMS = {module.CLAIM.name: module.CLAIM for module in (degradation,)}

__all__ = ["CLAIMS", "lines", "run", "write_report"]

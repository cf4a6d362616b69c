"""Pictures without Matplotlib: boxes and arrows as SVG, labels that do not overlap, and curves in a
terminal.
"""

"""Pictures without Matplotlib: boxes and arrows as SVG, and labels that do not overlap."""

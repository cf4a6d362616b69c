"""Pictures without Matplotlib: boxes and arrows as SVG, places for labels, curves in a terminal."""

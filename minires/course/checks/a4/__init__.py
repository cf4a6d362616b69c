"""A4: residual blocks."""

from importlib import import_module

# In the order of the tasks.
for _part in ("initial_weights", "shortcuts", "blocks", "network", "training"):
    import_module(f"{__name__}.{_part}")

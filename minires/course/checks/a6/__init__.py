"""A6: gradient norms, and one claim."""

from importlib import import_module

# In the order of the tasks.
for _part in ("lengths", "growth", "at_start", "recorder", "verdict", "claim"):
    import_module(f"{__name__}.{_part}")

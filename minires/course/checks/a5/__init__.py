"""A5: the degradation experiment."""

from importlib import import_module

# In the order of the tasks.
for _part in ("fair_comparison", "rule", "run", "records", "picture"):
    import_module(f"{__name__}.{_part}")

"""How fast minires is, and what that is compared with. Run ``python -m benchmarks.cpu``."""

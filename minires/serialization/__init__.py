"""Weights and checkpoints in files: safetensors and PyTorch's own. Nothing in a file is run."""

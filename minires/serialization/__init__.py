"""Weights and checkpoints in files: those of minires, of PyTorch, and any safetensors file. Nothing in a file is ever run."""

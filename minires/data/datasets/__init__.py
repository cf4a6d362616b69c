"""The data sets: images in memory (CIFAR-10, drawn shapes), photographs in folders, features.

They hold examples and know nothing about batches; `data.loader` makes those. `protocol.py` says
what a data set must have.
"""

"""The data sets: images in memory (CIFAR-10, drawn shapes), photographs in folders, features.

A data set holds examples; `data.loader` makes batches of them. `protocol.py` says what a data set
must have.
"""

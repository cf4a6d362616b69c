"""The data sets: images in memory (CIFAR-10, drawn shapes), photographs in folders, and features that a net has found."""

"""Nets, built from `nn`."""

from .cifar import CifarNet, plain, resnet

__all__ = ["CifarNet", "plain", "resnet"]

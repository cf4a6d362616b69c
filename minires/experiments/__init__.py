"""Experiments: each trains nets, writes plain records, and draws its figures from those records
alone.
"""

"""The framework that all claims share: what a claim and a verdict are, the laboratory with its
trained nets, the run and the report.
"""

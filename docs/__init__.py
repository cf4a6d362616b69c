"""The documentation as a site. `python -m docs` builds it from the texts in this folder, the
source, the notebooks and the recorded results.
"""

"""The pages that are made: each module here writes the pages of one kind, as Markdown or
reStructuredText for Sphinx. None of them needs Sphinx.
"""

"""The generated pages of the site. Each module here makes pages of one kind, as Markdown or
reStructuredText for Sphinx, which it does not need itself.
"""

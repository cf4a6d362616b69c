"""Settings of Sphinx. The source of the site is assembled by `python -m docs`."""

import minires
from docs.generate import api, docstrings

project = "minires"
author = copyright = "the authors of minires"
release = version = minires.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.linkcode",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["files"]
default_role = "py:obj"  # in docstrings, a name in backticks links to its entry, if it has one
nitpicky = False
toc_object_entries_show_parents = "hide"

# Texts
myst_enable_extensions = ["dollarmath", "amsmath", "html_image", "colon_fence", "attrs_inline"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
nb_execution_mode = "off"  # the stored outputs are shown
nb_render_markdown_format = "gfm"  # tables that a cell displays
nb_merge_streams = True
# Some texts, such as the tables of benchmarks, skip a level of headings. Sphinx would warn.
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type"]

# Docstrings
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88
numpydoc_show_class_members = False
numpydoc_validation_checks: set[str] = set()

# Pages
html_theme = "furo"
html_title = "minires"
templates_path = ["site/templates"]
# docs/__main__.py makes the files of html_static_path and html_extra_path, and sets both.
html_css_files = ["minires.css"]
html_js_files = ["minires.js"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": False}
mathjax_path = "mathjax/tex-svg-full.js"  # one file without fonts, which would need a server
mathjax3_config = {"options": {"enableMenu": False}}
highlight_language = "none"  # for blocks that name no language: commands, formulas
smartquotes = False  # messages and options are shown as they are typed
copybutton_exclude = ".linenos, .gp, .go"


def linkcode_resolve(domain, info):
    """The link from a name in the API reference to its source."""
    if domain != "py" or not info["module"]:
        return None
    return api.source_link(info["module"], info["fullname"])


def setup(app):
    """Keep the line breaks of formulas in docstrings, and leave out the fields of named tuples,
    for which Python's own docstring is "Alias for field number 0".
    """

    def skip(app, what, name, value, skip, options):
        return True if type(value).__name__ == "_tuplegetter" else None

    def show_formulas(app, what, name, value, options, lines):
        lines[:] = docstrings.with_formulas(lines)

    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", show_formulas, priority=400)  # before numpydoc

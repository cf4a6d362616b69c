"""The texts that readers see, for the prose linter: pages, docstrings, comments, strings and the
text cells of notebooks, without their code, each with the number of its first line."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

CODE = "some code"  # stands for `code`, so that a sentence keeps its grammar


def of_markdown(text: str) -> str:
    """The prose of a page, on the same lines: without code, links' targets and HTML."""
    return _without(text, r"^```.*?^```", r"^(    |\t).*?$", r"<!--.*?-->")


def of_docstring(text: str) -> str:
    """The prose of a docstring, on the same lines: without examples.

    Indented lines are prose here: they say what the parameters are.
    """
    return _without(text, r"^\s*(>>>|\.\.\.) .*?$", r"(?<=::)\n\n( +)\S.*?\n(?=\s*\n(?!\1))")


def _without(text: str, *code: str) -> str:
    """A text without code, links' targets and HTML, on the same lines."""
    for pattern in code:
        text = re.sub(
            pattern, lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL | re.MULTILINE
        )
    text = re.sub(r"`[^`]+`", CODE, text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return re.sub(r"<[^>\n]+>|[*_]{1,2}(?=\w)|(?<=\w)[*_]{1,2}", "", text)


def of_python(source: str) -> Iterator[tuple[int, str]]:
    """The docstrings and comments of a file, each with its first line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            text = ast.get_docstring(node, clean=False)
            if text:
                yield node.body[0].lineno, of_docstring(text)
    before, block, first = -2, [], 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != before + 1 and block:
                yield first, re.sub(r"`[^`]+`", CODE, "\n".join(block))
                block = []
            if not block:
                first = token.start[0]
            block.append(token.string.lstrip("#: "))
            before = token.start[0]
    if block:
        yield first, re.sub(r"`[^`]+`", CODE, "\n".join(block))


def of_strings(source: str) -> Iterator[tuple[int, str]]:
    """The strings of a file that readers see: questions, hints, captions.

    Docstrings are left to `of_python`, and strings without a space are names.
    """
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    within = {  # parts of f-strings, which are checked as a whole
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(tree):
        if id(node) in docstrings | within:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else CODE for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if " " in text.strip():
            yield node.lineno, of_markdown(text)


def of_notebook(source: str) -> tuple[str, str]:
    """The text cells of a notebook's source as Markdown, and its code, each on the same lines."""
    texts, code, is_text = [], [], False
    for line in source.splitlines():
        if line.startswith("# %%"):
            is_text = "[markdown]" in line
            line = ""
        texts.append(re.sub(r"^# ?", "", line) if is_text else "")
        code.append("" if is_text else line)
    markdown = "\n".join(texts)
    formula = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.DOTALL)
    return formula.sub(lambda found: "x" + "\n" * found[0].count("\n"), markdown), "\n".join(code)

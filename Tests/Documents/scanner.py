"""Finds the comments and strings of source texts."""
import re
from dataclasses import dataclass


@dataclass
class Syntax:
    """The comments and strings of a language."""
    line_comments: tuple
    block_comment: tuple
    quotes: dict  # The end of a string by its start, longer starts first.
    interpolations: tuple = ()
    documentation: tuple = ()


SWIFT = Syntax(("///", "//"), ("/*", "*/"), {'#"""': '"""#', '"""': '"""', '#"': '"#', '"': '"'},
               ("\\(", "\\#("), ("///",))
JAVASCRIPT = Syntax(("//",), ("/*", "*/"), {"`": "`", '"': '"', "'": "'"}, ("${",), ("/**",))
C = Syntax(("//",), ("/*", "*/"), {'"': '"', "'": "'"})
LUA = Syntax(("--",), ("--[[", "]]"), {"[[": "]]", '"': '"', "'": "'"})
CSS = Syntax((), ("/*", "*/"), {'"': '"', "'": "'"})
REGEX = re.compile(r"/(?![/*\s])(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n\[])+/")
MULTILINE = ('#"""', '"""', "`", "[[")


def scan(text, syntax):
    """The comments and strings of a source text: pairs of kind, start, end, and the mark that begins it."""
    position = 0
    while position < len(text):
        if text.startswith(syntax.block_comment[0], position):
            end = text.find(syntax.block_comment[1], position + len(syntax.block_comment[0]))
            end = len(text) if end < 0 else end + len(syntax.block_comment[1])
            mark = "/**" if text.startswith("/**", position) else syntax.block_comment[0]
            yield "comment", position, end, mark
        elif mark := next((mark for mark in syntax.line_comments if text.startswith(mark, position)), None):
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            yield "comment", position, end, mark
        elif mark := quote_at(text, position, syntax):
            end = end_of_string(text, position, mark, syntax)
            yield "string", position, end, mark
        elif syntax.interpolations and (pattern := REGEX.match(text, position)) and follows_operator(text, position):
            end = pattern.end()
        else:
            end = position + 1
        position = max(end, position + 1)


def follows_operator(text, position):
    """Whether a slash begins a regular expression, and is no division."""
    before = text[:position].rstrip(" ")
    return not before or before[-1] in "=(,:[!&|?{;\n"


def quote_at(text, position, syntax):
    """The mark of the string that begins at a position, or None."""
    for mark in syntax.quotes:
        # Three quotation marks begin a string only at the end of a line.
        begins = not mark.endswith('"""') or text.startswith("\n", position + len(mark))
        if begins and text.startswith(mark, position):
            return mark


def end_of_string(text, start, mark, syntax):
    """The position after a string, whose interpolations may contain strings themselves."""
    position, closing = start + len(mark), syntax.quotes[mark]
    while position < len(text):
        if interpolation := interpolation_at(text, position, syntax):
            position = end_of_interpolation(text, position + interpolation, syntax)
        elif text[position] == "\\" and not mark.startswith("#"):
            position += 2
        elif text.startswith(closing, position):
            return position + len(closing)
        elif text[position] == "\n" and mark not in MULTILINE:
            return position  # It was no string: a quotation mark in a regular expression, for example.
        else:
            position += 1
    return position


def interpolation_at(text, position, syntax):
    """The length of the start of an interpolation, or 0."""
    for start in syntax.interpolations:
        if text.startswith(start, position):
            return len(start)
    return 0


def end_of_interpolation(text, position, syntax):
    opening = syntax.interpolations[0][-1]
    closing, depth = {"(": ")", "{": "}"}[opening], 1
    while position < len(text) and depth and text[position] != "\n":
        if mark := quote_at(text, position, syntax):
            position = end_of_string(text, position, mark, syntax)
            continue
        depth += {opening: 1, closing: -1}.get(text[position], 0)
        position += 1
    return position


def without_interpolations(content, syntax):
    result, position = "", 0
    while position < len(content):
        if interpolation := interpolation_at(content, position, syntax):
            position = end_of_interpolation(content, position + interpolation, syntax)
            result += "{}"
        else:
            result += content[position]
            position += 1
    return result

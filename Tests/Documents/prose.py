"""Finds the text that people read in a file: comments, docstrings, sentences in strings, pages and descriptions."""
import ast, io, re, tokenize
from dataclasses import dataclass

import markdown
from scanner import C, CSS, JAVASCRIPT, LUA, SWIFT, scan, without_interpolations


@dataclass
class Passage:
    """A piece of text. Its lines are consecutive lines of the file, beginning at `line`."""
    line: int
    text: str
    is_summary: bool = False  # Whether its first line says what something is.
    is_page: bool = False  # Whether users read it, and not only developers.


def is_sentence(text):
    """Whether a string has two words next to each other."""
    return re.search(r"[A-Za-z]{2,}[,.:;]?\s+[A-Za-z]{2,}", text) is not None


def from_source(text, syntax):
    comment_lines = []  # Of one block: line, mark, text.
    head = True

    def block():
        nonlocal head
        if comment_lines:
            line, mark, _ = comment_lines[0]
            is_head = syntax is LUA and head
            head = False
            yield Passage(line, "\n".join(content for _, _, content in comment_lines),
                          is_summary=mark in syntax.documentation or is_head)
            comment_lines.clear()

    for kind, start, end, mark in scan(text, syntax):
        line, content = text.count("\n", 0, start) + 1, text[start + len(mark):end]
        if kind == "comment" and mark in syntax.line_comments:
            follows = comment_lines and (comment_lines[-1][0], comment_lines[-1][1]) == (line - 1, mark)
            if not follows or text[text.rfind("\n", 0, start) + 1:start].strip():
                yield from block()
            comment_lines.append((line, mark, content.strip()))
            continue
        yield from block()
        if kind == "comment":
            lines = content.removesuffix(syntax.block_comment[1]).split("\n")
            lines = [part.strip().lstrip("*").strip() for part in lines]
            yield Passage(line, "\n".join(lines), is_summary=mark in syntax.documentation)
        elif is_sentence(sentence := without_interpolations(content, syntax)):
            yield Passage(line, sentence)
    yield from block()


def from_python(text):
    tree = ast.parse(text)
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = getattr(node.body[0], "value", None)
            if ast.get_docstring(node, clean=False) is not None:
                docstrings.add(first)
                yield Passage(first.lineno, first.value, is_summary=True)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield Passage(node.lineno, node.name.removeprefix("test_").replace("_", " "))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            if is_sentence(node.value):
                yield Passage(node.lineno, node.value)
    comments = {token.start[0]: token.string.lstrip("#!").strip()
                for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT}
    yield from blocks(comments)


def blocks(lines):
    """Joins texts by line number to passages of consecutive lines."""
    start, joined = None, []
    for number in sorted(lines):
        if joined and number != start + len(joined):
            yield Passage(start, "\n".join(joined))
            joined = []
        if not joined:
            start = number
        joined.append(lines[number])
    if joined:
        yield Passage(start, "\n".join(joined))


def from_shell(text):
    comments, strings, documents = {}, [], []
    quote, string, ending = None, "", None
    for number, line in enumerate(text.split("\n"), 1):
        if ending is not None:
            if line.strip() == ending:
                ending = None
            elif is_sentence(line):
                documents.append((number, line))
            continue
        position = 0
        while position < len(line):
            character = line[position]
            if character == "\\" and quote != "'":
                position += 2
                continue
            if quote:
                if character == quote:
                    strings.append((number - string.count("\n"), string))
                    quote, string = None, ""
                else:
                    string += character
            elif character in "\"'":
                quote = character
            elif character == "#" and (position == 0 or line[position - 1] in " \t;&|("):
                if not line.startswith("#!"):
                    comments[number] = line[position + 1:].strip()
                break
            position += 1
        if quote:
            string += "\n"
        elif found := re.search(r"<<-?\s*(['\"]?)(\w+)\1", re.sub(r"(^|\s)#.*", "", line)):
            ending = found[2]
    passages = [*blocks(comments)]
    if passages and passages[0].line <= 3:
        passages[0].is_summary = True
    yield from passages
    yield from blocks(dict(documents))
    yield from (Passage(number, string) for number, string in strings if is_sentence(string))


def from_markdown(text):
    code, fenced, prose, fence = markdown.code_lines(text), {}, {}, 0
    for number, line in enumerate(text.splitlines(), 1):
        if number not in code:
            prose[number] = line
        elif code[number] is None:
            fence = number
        elif code[number]:
            fenced.setdefault(fence, (code[number], []))[1].append(line)
    for passage in blocks(prose):
        yield Passage(passage.line, passage.text, is_page=True)
    for fence, (language, lines) in fenced.items():
        if language in FENCES:
            indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
            try:
                passages = [*FENCES[language]("\n".join(line[indent:] for line in lines))]
            except (SyntaxError, tokenize.TokenError):
                continue  # A part of a program only.
            yield from (Passage(fence + passage.line, passage.text, passage.is_summary, True) for passage in passages)


def from_html(text):
    """The text between tags, and of the attributes that people read."""
    def keep_lines(match):
        words = re.findall(r"\b(?:alt|aria-label|placeholder|title|value)=\"([^\"]*)\"", match[0])
        return " " + " ".join(words) + "\n" * match[0].count("\n") + " "

    text = re.sub(r"(?is)<(script|style)\b.*?</\1>", lambda match: "\n" * match[0].count("\n"), text)
    text = re.sub(r"(?s)<[^>]*>", keep_lines, re.sub(r"(?s)\{\{.*?\}\}", "{}", text))
    yield Passage(1, text, is_page=True)


def from_words(text):
    """The values of a JSON file of words, which has one member a line."""
    for number, line in enumerate(text.splitlines(), 1):
        if value := re.search(r':\s*"(.*)"\s*,?\s*\}?$', line):
            yield Passage(number, re.sub(r"\{\{.*?\}\}", "{}", value[1]), is_page=True)


def from_yaml(text):
    """Comments, and the values of `summary`, `title` and `description`."""
    lines, comments, number = text.splitlines(), {}, 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if comment := re.search(r"(?:^|\s)#\s?(.*)$", line):
            comments[number] = comment[1]
        key = re.match(r"(\s*(?:- )?)([Ss]ummary|[Tt]itle|[Dd]escription):\s*(.*)$", line)
        if not key or not key[3]:
            continue
        indent, value, start = len(key[1]), [key[3]], number
        while number < len(lines) and (lines[number].startswith(" " * (indent + 1)) or not lines[number].strip()):
            value.append(lines[number])
            number += 1
        is_summary = key[2] in ("summary", "description")
        if re.fullmatch(r"[|>][+-]?\d*", value[0]):
            start, value = start + 1, value[1:]
        yield Passage(start, "\n".join(part.strip().strip("\"'") for part in value), is_summary, True)
    yield from blocks(comments)


def from_settings(text):
    """The comments of a file whose comments begin with #, and the descriptions of systemd's units."""
    comments = {number: line.lstrip("# ") for number, line in enumerate(text.splitlines(), 1)
                if line.lstrip().startswith("#")}
    yield from blocks(comments)
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("Description="):
            yield Passage(number, line.removeprefix("Description="), is_page=True)


def sources(syntax):
    return lambda text: from_source(text, syntax)


FENCES = {"swift": sources(SWIFT), "js": sources(JAVASCRIPT), "javascript": sources(JAVASCRIPT), "lua": sources(LUA),
          "python": from_python, "sh": from_shell, "bash": from_shell}
KINDS = {
    ".swift": sources(SWIFT), ".js": sources(JAVASCRIPT), ".c": sources(C), ".h": sources(C), ".lua": sources(LUA),
    ".css": sources(CSS), ".py": from_python, ".md": from_markdown, ".html": from_html, ".mustache": from_html,
    ".yaml": from_yaml, ".yml": from_yaml, ".toml": from_settings, ".service": from_settings, ".socket": from_settings,
    ".example": from_settings, ".env": from_settings, ".dockerignore": from_settings}


def reader(path, text):
    """The function that finds the passages of a file, by its name or its first line."""
    if path.name == "en.json":
        return from_words
    if path.suffix in KINDS:
        return KINDS[path.suffix]
    if path.name == "Containerfile" or path.name.startswith(".git"):
        return from_settings
    first = text.split("\n", 1)[0]
    if first.startswith("#!"):
        return from_python if "python" in first else from_shell
    return from_shell if first.startswith("# shellcheck") else None


def passages(path, text):
    """The passages of a file, in their order."""
    find = reader(path, text)
    return sorted(find(text), key=lambda passage: passage.line) if find else []

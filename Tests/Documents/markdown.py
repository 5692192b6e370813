"""Markdown pages, as far as the tests read them: code, tables, headings and links."""
import re


def code_lines(text):
    """The numbers of the lines that are in fenced code, with the language, or None for the fences themselves."""
    found, fence, language = {}, None, None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r" *(`{3,}|~{3,}) *([\w-]*)", line)
        if fence is None and mark:
            fence, language = mark[1], mark[2]
            found[number] = None
        elif fence is not None:
            ends = mark and mark[1].startswith(fence) and not line.strip(" `~")
            found[number] = None if ends else language
            if ends:
                fence = None
    return found


def rows(text, first):
    """The rows of all tables whose first column has this title: each a dictionary of cells by the titles."""
    titles = None
    for line in text.splitlines():
        if not line.lstrip().startswith("|"):
            titles = None
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if titles is None:
            titles = cells
        elif titles[0] == first and not set(line) <= set("|-: "):
            yield dict(zip(titles, cells))


def name_in_backticks(cell):
    match = re.fullmatch(r"`([^`]+)`", cell)
    return match[1] if match else None


def settings(text):
    """The rows of deploy/SETTINGS.md by variable."""
    found = {}
    for row in rows(text, "variable"):
        name = name_in_backticks(row["variable"])
        assert name is not None, f"SETTINGS.md: {row['variable']} is not one name in backticks"
        assert name not in found, f"SETTINGS.md: {name} stands in two rows"
        found[name] = row
    assert found, "SETTINGS.md has no table with a first column 'variable'"
    return found


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    code, found = code_lines(text), set()
    for number, line in enumerate(text.splitlines(), 1):
        heading = re.match(r"#{1,6} +(.*?)[ #]*$", line)
        if heading and number not in code:
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            slug = base = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            repeated = 0
            while slug in found:
                repeated += 1
                slug = f"{base}-{repeated}"
            found.add(slug)
    return found | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))

"""Templates, and the text that is put into them."""
import math, re, string
from html import escape
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


class HTML(str):
    """Text that is HTML already, and is not escaped."""


def fill(template, **values):
    """Returns a template with its values filled in; they are escaped unless they are HTML."""
    values = {name: value if isinstance(value, HTML) else escape(str(value)) for name, value in values.items()}
    return HTML(string.Template((FOLDER / template).read_text()).substitute(values))


def linked(text):
    """Returns plain text as HTML in which URLs are links."""
    return HTML(re.sub(r"https?://[^\s<]+", r'<a href="\g<0>" target="_blank" rel="noopener">\g<0></a>', escape(text)))


def wait_text(seconds):
    """Returns a wait as people say it: "12 seconds", or minutes rounded up, such as "5 minutes". Also in sign-in.js."""
    count, unit = (seconds, "second") if seconds < 60 else (math.ceil(seconds / 60), "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"

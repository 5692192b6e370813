"""The demo inbox: emails that the worker's maildir:// transport wrote. Your own portal has no such page."""
import email, email.policy
from pathlib import Path

from settings import MAIL_FOLDER

MAXIMUM_COUNT = 50


def messages():
    """Returns the newest emails by file name, the newest first."""
    files = [(file.stat().st_mtime_ns, file) for file in (Path(MAIL_FOLDER) / "new").glob("*")]
    newest = [file for _, file in sorted(files, reverse=True)[:MAXIMUM_COUNT]]
    return {file.name: email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in newest}


def body(message, kind):
    """Returns the "plain" or "html" body of an email, or an empty string if it has none."""
    part = message.get_body((kind,))
    return part.get_content() if part else ""

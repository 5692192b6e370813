"""Parses messages with Python's email parser, and prints a JSON array with one object for each .eml file of a folder.

usage: judge.py FOLDER
"""

import email
import email.header
import email.policy
import email.utils
import html.parser
import json
import pathlib
import re
import sys


class Page(html.parser.HTMLParser):
    """The links, title, labels, tags and text directions of an HTML document, unescaped."""

    def __init__(self):
        super().__init__()
        self.hrefs, self.labels, self.title, self.tags, self.directions = [], [], "", [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name == "href":
                self.hrefs.append(value)
            elif name == "aria-label":
                self.labels.append(value)
            elif name == "dir":
                self.directions.append(value)

    def handle_data(self, data):
        if self.tags and self.tags[-1] == "title":
            self.title += data

    def handle_endtag(self, tag):
        if tag == "title":
            self.tags.append("/title")


def display_name(raw):
    """The decoded name of a From field.

    Many versions of the parser of policy.default put a space between two encoded words, against RFC 2047 section 6.2.
    """
    name, _ = email.utils.parseaddr(re.sub(r"\r\n(?=[ \t])", "", raw))
    return str(email.header.make_header(email.header.decode_header(name)))


def parsed(path):
    content = path.read_bytes()
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = list(message.iter_parts())
    defects = [repr(defect) for part in message.walk() for defect in part.defects]
    defects += [f"{name}: {defect!r}" for name, value in message.items() for defect in value.defects]
    page = Page()
    page.feed(parts[1].get_content())
    lines = content.split(b"\r\n")
    sender = message["From"].addresses[0]
    raw = email.message_from_bytes(content, policy=email.policy.compat32)
    return {
        "file": path.name,
        "defects": defects,
        "fields": message.keys(),
        "subject": message["Subject"],
        "fromName": display_name(raw["From"]),
        "from": sender.addr_spec,
        "to": [address.addr_spec for address in message["To"].addresses],
        "date": message["Date"].datetime.isoformat(),
        "messageID": message["Message-ID"],
        "type": message.get_content_type(),
        "types": [part.get_content_type() for part in parts],
        "charsets": [part.get_content_charset() for part in parts],
        "encodings": [part["Content-Transfer-Encoding"] for part in parts],
        "text": parts[0].get_content(),
        "hrefs": page.hrefs,
        "labels": page.labels,
        "title": page.title,
        "tags": page.tags,
        "directions": page.directions,
        "longestLine": max(map(len, lines)),
        "longestHeaderLine": max(map(len, content.split(b"\r\n\r\n")[0].split(b"\r\n"))),
        "isASCII": all(byte in b"\r\n\t" or 0x20 <= byte <= 0x7E for byte in content),
        "endsLines": content.endswith(b"\r\n") and not any(b"\r" in line or b"\n" in line for line in lines),
    }


print(json.dumps([parsed(path) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.eml"))]))

"""Gives schemathesis the values that the API's description cannot state: an allowed origin, a lifetime within its bounds,
and claims whose numbers are exact."""

import json
import re
from urllib.parse import urlparse

import schemathesis

ALLOWED = "https://portal.example.com"


def is_exact(value):
    """Whether all numbers of a JSON value are between -2^53 and 2^53."""
    if isinstance(value, dict):
        return all(is_exact(each) for each in value.values())
    if isinstance(value, list):
        return all(is_exact(each) for each in value)
    return isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) < 2**53


@schemathesis.hook
def map_body(context, body):
    """Replaces well-formed values by accepted ones. Those that are not well-formed stay, since they must be refused."""
    if not isinstance(body, dict):
        return body
    origin, lifetime = body.get("callback_origin"), body.get("lifetime")
    if isinstance(origin, str) and urlparse(origin).scheme and (urlparse(origin).netloc or urlparse(origin).path):
        body["callback_origin"] = ALLOWED
    if isinstance(lifetime, str) and re.fullmatch("[0-9]+(ms|s|m|h|d)", lifetime):
        body["lifetime"] = "7d"
    claims = body.get("claims")
    if isinstance(claims, dict) and not (is_exact(claims) and len(json.dumps(claims)) <= 1024):
        body["claims"] = {"team": "red"}
    return body

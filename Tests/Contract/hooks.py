"""Has schemathesis ask for the one origin that the handler is configured to allow."""

from urllib.parse import urlparse

import schemathesis

ALLOWED = "https://portal.example.com"


@schemathesis.hook
def map_body(context, body):
    """Replaces each well-formed callback_origin; what is not a URL stays, since it must be refused."""
    if isinstance(body, dict) and isinstance(body.get("callback_origin"), str):
        url = urlparse(body["callback_origin"])
        if url.scheme and (url.netloc or url.path):
            body["callback_origin"] = ALLOWED
    return body

"""Gives schemathesis the values that a description cannot state: an origin that the handler allows, and links and codes
that work.

If POSTERN_MAIL_URL is set, a worker delivers there, and about every third request that conforms to the description gets
a link or code of its own instead of a made-up one. That request has to succeed, and all others have to be refused.
"""

import base64
import email.policy
import hashlib
import itertools
import json
import mailbox
import os
import re
import time
import zlib
from urllib.parse import parse_qs, urlparse

import requests
import schemathesis

ALLOWED = "https://portal.example.com"
HANDLER = os.environ["HANDLER_URL"]
MAIL = os.environ.get("POSTERN_MAIL_URL", "").removeprefix("maildir://")

VERIFY_LINK, VERIFY_CODE = "POST /auth/verify-magic-link", "POST /auth/verify-code"
SHOW_LINK, OPEN_LINK = "GET /auth/open", "POST /auth/open"
# The status if the link or code works, then the status and error code if it does not.
OUTCOMES = {
    VERIFY_LINK: (200, 400, "token_invalid"),
    VERIFY_CODE: (200, 400, "code_invalid"),
    SHOW_LINK: (200, 410, None),
    OPEN_LINK: (303, 410, None),
}

numbers = itertools.count()
# The address that a case's link or code was mailed to, by the case's id.
let_in = {}


@schemathesis.hook
def map_body(context, body):
    """Replaces each well-formed callback_origin. A value that is not a URL stays, since it must be refused."""
    if isinstance(body, dict) and isinstance(body.get("callback_origin"), str):
        url = urlparse(body["callback_origin"])
        if url.scheme and (url.netloc or url.path):
            body["callback_origin"] = ALLOWED
    return body


@schemathesis.hook
def before_call(context, case, kwargs):
    """Puts a link or code that works into some of the requests that conform to the description."""
    label = case.operation.label
    # OpenAPI 3.0 cannot say that one member requires another.
    if isinstance(case.body, dict) and "code_challenge" not in case.body:
        case.body.pop("code_challenge_method", None)
    if not MAIL or label not in OUTCOMES or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    fields = case.query if label == SHOW_LINK else case.body
    # Chosen by content, so that a request that schemathesis repeats in search of a smaller one is treated the same.
    if not isinstance(fields, dict) or zlib.crc32(json.dumps(fields, sort_keys=True).encode()) % 3:
        return
    verifier = fields.get("code_verifier")
    address, request_id, token, code = send(verifier)
    if label == VERIFY_CODE:
        fields |= {"request_id": request_id, "code": code}
    elif label == VERIFY_LINK:
        answer = requests.post(f"{HANDLER}/auth/open", data={"token": token}, allow_redirects=False, timeout=10)
        fields["token"] = parse_qs(urlparse(answer.headers["Location"]).query)["token"][0]
    else:
        fields["token"] = token
        # `again` requests a new link, and is for a link that does not work.
        fields.pop("again", None)
    let_in[case.id] = address


def send(verifier):
    """Has an email sent, bound to the verifier if there is one. Returns its address, code handle, token and code."""
    address = f"person{next(numbers)}@contract.example.com"
    body = {"email": address, "callback_next": "/invoices?page=2", "code": True}
    if verifier is not None:
        digest = hashlib.sha256(verifier.encode()).digest()
        body["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    answer = requests.post(f"{HANDLER}/auth/send-magic-link", json=body, headers={"Origin": ALLOWED}, timeout=10)
    answer.raise_for_status()
    box = mailbox.Maildir(MAIL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for name in box.keys():
            mail = email.message_from_bytes(box.get_bytes(name), policy=email.policy.default)
            # The others were requested by schemathesis, and nobody reads them.
            box.remove(name)
            if mail["To"].addresses[0].addr_spec == address:
                text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
                [token] = re.findall(r"/auth/open\?token=([\w-]{43})$", text, re.M)
                [code] = re.findall(r"^[0-9]{6}$", text, re.M)
                return address, answer.json()["request_id"], token, code
        time.sleep(0.002)
    raise AssertionError("no email within ten seconds")


@schemathesis.check
class LetsIn:
    """A link or code that works signs in, and no other does, at each of the four operations."""

    def __init__(self):
        self.seen = set()

    def after_response(self, ctx, response, case):
        label = case.operation.label
        if label not in OUTCOMES or case.meta is None or not case.meta.generation.mode.is_positive:
            return
        if response.status_code == 429 and not MAIL:
            return
        works, fails, code = OUTCOMES[label]
        address = let_in.get(case.id)
        self.seen.add((label, address is not None))
        expected = fails if address is None else works
        assert response.status_code == expected, f"{response.status_code} instead of {expected}"
        if address is None:
            assert code is None or response.json()["code"] == code, f"{response.text} instead of {code}"
        elif works == 200 and label != SHOW_LINK:
            answer = response.json()
            assert (answer.get("email"), answer.get("callback_next")) == (address, "/invoices?page=2"), response.text
            assert "assertion" in answer, response.text

    def after_run(self, ctx):
        for label in OUTCOMES if MAIL else ():
            assert {(label, True), (label, False)} <= self.seen, f"{label} was not tried both ways"

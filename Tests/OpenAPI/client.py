"""Signs in as a portal would, with the client `postern` that is generated from openapi.yaml.

usage: client.py PART URL MAILDIR ASSERTION     started by Tests/OpenAPI/client

The handler has the settings that the part needs. ASSERTION is a file that one part leaves for the next.
"""

import base64
import email.policy
import hashlib
import mailbox
import os
import pathlib
import re
import subprocess
import sys
import textwrap
import time
import warnings
from urllib.parse import parse_qs, urlsplit

import joserfc.errors
import joserfc.jwk
import joserfc.jwt
import jwt
from postern import Client
from postern.api.landing import confirm_link, open_link
from postern.api.sign_in import get_jwks, send_magic_link, verify_code, verify_magic_link
from postern.models import (
    JWKS,
    Error,
    ErrorCode,
    IssueCode,
    MagicLinkQueued,
    OpenLinkForm,
    OpenLinkFormAgain,
    SendMagicLinkRequest,
    SendMagicLinkRequestCodeChallengeMethod,
    SignedIn,
    VerifyCodeRequest,
    VerifyMagicLinkRequest,
)
from postern.types import UNSET

PORTAL = "https://portal.example.com"
LANDING = "https://sign-in.example.com"
URL, MAILDIR, ASSERTION = sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])

# RFC 9864 gives the algorithm a newer name, Ed25519, which most libraries do not know yet.
warnings.filterwarnings("ignore", "EdDSA is deprecated", joserfc.errors.SecurityWarning)

# A status that the description does not have is an error, and so is a response that takes longer than the handler may.
browser = Client(base_url=URL, headers={"Origin": PORTAL}, raise_on_unexpected_status=True, timeout=10)
server = Client(base_url=URL, raise_on_unexpected_status=True, timeout=10)


def expect(answer, status, kind):
    """The parsed body of a response that has this status and type."""
    assert answer.status_code == status, (answer.status_code, answer.content)
    assert type(answer.parsed) is kind, (type(answer.parsed), answer.content)
    unknown = getattr(answer.parsed, "additional_properties", {})
    assert not unknown, f"the description does not have {unknown}"
    return answer.parsed


def expect_error(answer, code, status=400):
    error = expect(answer, status, Error)
    assert error.code is code, error
    return error


def send(address, **fields):
    """Requests a link, and returns the response and the text of the email."""
    answer = send_magic_link.sync_detailed(client=browser, body=SendMagicLinkRequest(email=address, **fields))
    queued = expect(answer, 200, MagicLinkQueued)
    assert queued.ok is True
    return queued, mail_to(address)


def mail_to(address):
    """Waits for the one email to an address, removes it, and returns its text."""
    box = mailbox.Maildir(MAILDIR)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for name in box.keys():
            mail = email.message_from_bytes(box.get_bytes(name), policy=email.policy.default)
            if mail["To"].addresses[0].addr_spec == address:
                box.remove(name)
                return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
        time.sleep(0.02)
    raise AssertionError("no email within ten seconds")


def link_in(text):
    """The link of an email without its query, and the values of the query."""
    [link] = re.findall(r"^https://\S+$", text, re.M)
    return split(link)


def split(link):
    parts = urlsplit(link)
    query = parse_qs(parts.query, strict_parsing=True)
    assert all(len(values) == 1 for values in query.values()), query
    return parts._replace(query="").geturl(), {name: value for name, [value] in query.items()}


def code_in(text):
    [code] = re.findall(r"^[0-9]{6}$", text, re.M)
    return code


def verify(token, client=server, **fields):
    body = VerifyMagicLinkRequest(token=token, **fields)
    return verify_magic_link.sync_detailed(client=client, body=body)


def try_code(request_id, code, client=browser, **fields):
    body = VerifyCodeRequest(request_id=request_id, code=code, **fields)
    return verify_code.sync_detailed(client=client, body=body)


def keys(*ids):
    """The published keys, which must have these ids in this order."""
    published = expect(get_jwks.sync_detailed(client=server), 200, JWKS)
    assert [key.kid for key in published.keys] == list(ids), published
    return published.to_dict()


def check(assertion, published, address, issuer, key_id):
    """Checks an assertion with two libraries, and returns its `jti`. Each must refuse it with one character changed."""
    assert jwt.get_unverified_header(assertion) == {"alg": "EdDSA", "typ": "postern-assertion+jwt", "kid": key_id}
    changed = assertion[:-9] + ("A" if assertion[-9] != "A" else "B") + assertion[-8:]

    key = jwt.PyJWKSet.from_dict(published)[key_id]
    required = {"require": ["iss", "aud", "sub", "iat", "exp", "jti", "auth_time"], "strict_aud": True}
    claims = jwt.decode(
        assertion, key, algorithms=["EdDSA"], audience=PORTAL, issuer=issuer, subject=address, options=required
    )
    try:
        jwt.decode(changed, key, algorithms=["EdDSA"], audience=PORTAL)
        raise AssertionError("PyJWT accepts a changed assertion")
    except jwt.InvalidSignatureError:
        pass

    key_set = joserfc.jwk.KeySet.import_key_set(published)
    token = joserfc.jwt.decode(assertion, key_set, algorithms=["EdDSA"])
    values = {"iss": issuer, "aud": PORTAL, "sub": address}
    rules = {name: {"essential": True, "value": value} for name, value in values.items()}
    joserfc.jwt.JWTClaimsRegistry(**rules, iat={"essential": True}, exp={"essential": True}).validate(token.claims)
    try:
        joserfc.jwt.decode(changed, key_set, algorithms=["EdDSA"])
        raise AssertionError("joserfc accepts a changed assertion")
    except joserfc.errors.BadSignatureError:
        pass

    assert token.claims == claims
    # A link has no registered method (RFC 8176); a code is a one-time password.
    assert claims["aud"] == PORTAL and claims.get("amr") in (None, ["otp"]), claims
    assert claims["auth_time"] == claims["iat"] and token.header["typ"] == "postern-assertion+jwt", (token.header, claims)
    assert claims["exp"] == claims["iat"] + 60 and abs(claims["iat"] - time.time()) < 10, claims
    assert re.fullmatch(r"[0-9a-f]{32}", claims["jti"]), claims
    return claims["jti"]


def walk():
    """A sign-in by link and one by code, at a handler without a confirmation page and with one signing key."""
    path = "/invoices/2024?sort=due#total"
    queued, text = send("ada@example.com", callback_next=path, code=True)
    assert re.fullmatch(r"[\w-]{43}", queued.request_id), queued
    page, query = link_in(text)
    assert page == f"{PORTAL}/auth/callback" and query["next"] == path, (page, query)
    signed_in = expect(verify(query["token"], browser), 200, SignedIn)
    assert (signed_in.ok, signed_in.email, signed_in.callback_next) == (True, "ada@example.com", path), signed_in
    published = keys("old")
    first = check(signed_in.assertion, published, "ada@example.com", "postern", "old")
    ASSERTION.write_text(signed_in.assertion)
    expect_error(verify(query["token"]), ErrorCode.TOKEN_INVALID)
    expect_error(verify("none"), ErrorCode.TOKEN_INVALID)
    expect_error(try_code(queued.request_id, code_in(text)), ErrorCode.CODE_INVALID)

    queued, text = send("grace@example.com", code=True)
    code = code_in(text)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    expect_error(try_code(queued.request_id, wrong), ErrorCode.CODE_INVALID)
    signed_in = expect(try_code(queued.request_id, code), 200, SignedIn)
    assert (signed_in.email, signed_in.callback_next) == ("grace@example.com", UNSET), signed_in
    assert check(signed_in.assertion, published, "grace@example.com", "postern", "old") != first
    expect_error(try_code(queued.request_id, code), ErrorCode.CODE_INVALID)
    expect_error(verify(link_in(text)[1]["token"]), ErrorCode.TOKEN_INVALID)

    # The older of two links ends with the newer one's use, and an email that no code was requested for has no code.
    address = "joan@example.com"
    queued, older = send(address)
    assert queued.request_id is UNSET and not re.search(r"^[0-9]{6}$", older, re.M), queued
    _, newer = send(address)
    assert expect(verify(link_in(newer)[1]["token"]), 200, SignedIn).email == address
    expect_error(verify(link_in(older)[1]["token"]), ErrorCode.TOKEN_INVALID)
    send(address)
    answer = send_magic_link.sync_detailed(client=browser, body=SendMagicLinkRequest(email=address))
    error = expect_error(answer, ErrorCode.RATE_LIMITED, status=429)
    assert type(error.retry_after) is int and str(error.retry_after) == answer.headers["Retry-After"], error
    assert 0 < error.retry_after <= 300, error

    body = SendMagicLinkRequest(email="no address", callback_next="//evil.example.com")
    error = expect_error(send_magic_link.sync_detailed(client=browser, body=body), ErrorCode.VALIDATION_ERROR)
    assert error.field_errors["email"] == "Invalid email address", error
    assert [(issue.path, issue.code) for issue in error.issues] == [
        ("email", IssueCode.INVALID_FORMAT), ("callback_next", IssueCode.CUSTOM)], error
    assert error.field_errors.to_dict() == {issue.path: issue.message for issue in error.issues}, error
    assert error.retry_after is UNSET
    error = expect_error(try_code("none", "12345"), ErrorCode.VALIDATION_ERROR)
    assert error.field_errors.to_dict() == {"code": "Must be 6 digits"}, error
    stranger = Client(base_url=URL, headers={"Origin": "https://evil.example.com"}, timeout=10)
    expect_error(verify("none", stranger), ErrorCode.ORIGIN_NOT_ALLOWED)
    expect_error(try_code("none", "000000", stranger), ErrorCode.ORIGIN_NOT_ALLOWED)


def rotation():
    """An assertion of the old key is accepted while a new key signs. Uses the confirmation page and a code challenge."""
    published = keys("new", "old")
    check(ASSERTION.read_text(), published, "ada@example.com", "postern", "old")

    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    digest = hashlib.sha256(verifier.encode()).digest()
    _, text = send(
        "alan@example.com", callback_next="/",
        code_challenge=base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        code_challenge_method=SendMagicLinkRequestCodeChallengeMethod.S256)
    page, query = link_in(text)
    assert page == f"{LANDING}/auth/open" and list(query) == ["token"], (page, query)
    mailed = query["token"]
    for _ in range(2):  # Viewing the page does not use the link.
        assert mailed in expect(open_link.sync_detailed(client=server, token=mailed), 200, str)
    form = OpenLinkForm(token=mailed)
    answer = confirm_link.sync_detailed(client=server, body=form)
    assert answer.status_code == 303, answer.content
    page, query = split(answer.headers["Location"])
    assert page == f"{PORTAL}/auth/callback" and query["next"] == "/" and query["token"] != mailed, (page, query)
    expect_error(verify(query["token"], code_verifier=verifier[::-1]), ErrorCode.TOKEN_INVALID)
    signed_in = expect(verify(query["token"], code_verifier=verifier), 200, SignedIn)
    check(signed_in.assertion, published, "alan@example.com", LANDING, "new")
    expect(open_link.sync_detailed(client=server, token=mailed), 410, str)
    expect(confirm_link.sync_detailed(client=server, body=form), 410, str)
    again = OpenLinkForm(token=mailed, again=OpenLinkFormAgain("1"))
    expect(confirm_link.sync_detailed(client=server, body=again), 200, str)
    _, query = link_in(mail_to("alan@example.com"))
    expect(open_link.sync_detailed(client=server, token=query["token"]), 200, str)


def unsigned():
    """A sign-in at a handler that does not sign."""
    keys()
    _, text = send("edsger@example.com")
    signed_in = expect(verify(link_in(text)[1]["token"]), 200, SignedIn)
    assert (signed_in.email, signed_in.assertion) == ("edsger@example.com", UNSET), signed_in
    expect_error(open_link.sync_detailed(client=server, token="none"), ErrorCode.NOT_FOUND, status=404)


def documents():
    """The code that the documents show to portals, in two languages: it accepts this portal's assertions, and no others."""
    listed = subprocess.run(["git", "ls-files", "*.md"], capture_output=True, text=True, check=True).stdout
    pages = "\n".join(pathlib.Path(name).read_text() for name in listed.splitlines())
    fence = r"^ *```(\w+)\n((?:(?!```).)*\baddress\(assertion\).*?)^ *```"
    blocks = re.findall(fence, pages, re.M | re.S)
    assert {language for language, _ in blocks} == {"python", "js"}, blocks
    _, text = send("barbara@example.com")
    assertion = expect(verify(link_in(text)[1]["token"]), 200, SignedIn).assertion
    signature = assertion.index(".", assertion.index(".") + 1) + 1
    forged = assertion[:signature] + ("A" if assertion[signature] != "A" else "B") + assertion[signature + 1 :]
    folder = ASSERTION.parent
    for language, block in blocks:
        block = textwrap.dedent(block).replace(LANDING, URL)
        for portal, presented, who in ((PORTAL, assertion, "barbara@example.com"), (PORTAL, forged, None),
                                       ("https://other.example.com", assertion, None)):
            code = block.replace(PORTAL, portal)
            if language == "python":
                file, command = folder / "check.py", [sys.executable]
                code += f"\nprint(address({presented!r}))\n"
            else:
                file, command = folder / "check.mjs", ["node"]
                code += f"\nconsole.log(await address({presented!r}));\n"
            file.write_text(code)
            run = subprocess.run([*command, file], capture_output=True, text=True, timeout=20)
            taken = run.stdout.strip() if run.returncode == 0 else None
            assert taken == who, (language, portal, run.stdout, run.stderr)


def trusted():
    """Links of a trusted caller, with the client `postern_api` that is generated from the API's own description."""
    from postern_api import AuthenticatedClient
    from postern_api.api.operations import get_health, get_readiness
    from postern_api.api.sign_in_links import issue_sign_in_link as issue
    from postern_api.models import Error as APIError
    from postern_api.models import SignInLink, SignInLinkRequest, SignInLinkRequestClaims, SignInLinkRequestPurpose

    [key, other] = os.environ["POSTERN_TEST_KEYS"].split()
    api, without_scope, unknown = (
        AuthenticatedClient(base_url=os.environ["POSTERN_TEST_API"], token=token, timeout=10,
                            raise_on_unexpected_status=True) for token in (key, other, key[::-1]))
    for operation in (get_health, get_readiness):
        assert operation.sync_detailed(client=api).parsed.ok is True
    claims = SignInLinkRequestClaims.from_dict({"team": "red", "seats": 3})
    body = SignInLinkRequest(email="hedy@example.com", callback_origin=PORTAL, send=False, lifetime="7d", claims=claims,
                             purpose=SignInLinkRequestPurpose.INVITE, callback_next="/welcome")
    made = [expect(issue.sync_detailed(client=api, body=body, idempotency_key="invite-1"), 200, SignInLink)
            for _ in range(2)]
    assert made[0] == made[1] and made[0].code is not None, made
    page, query = split(made[0].link)
    assert page == f"{PORTAL}/auth/callback" and query["next"] == "/welcome", made
    signed_in = expect(verify(query["token"]), 200, SignedIn)
    assert signed_in.email == "hedy@example.com" and signed_in.purpose.value == "invite", signed_in
    assert signed_in.claims.to_dict() == {"team": "red", "seats": 3}, signed_in
    payload = jwt.decode(signed_in.assertion, options={"verify_signature": False})
    assert (payload["purpose"], payload["claims"]) == ("invite", {"team": "red", "seats": 3}), payload
    check(signed_in.assertion, keys("new"), "hedy@example.com", "postern", "new")

    mailed = SignInLinkRequest(email="grace.h@example.com", callback_origin=PORTAL)
    expect(issue.sync_detailed(client=api, body=mailed), 200, SignInLink)
    assert expect(verify(link_in(mail_to("grace.h@example.com"))[1]["token"]), 200, SignedIn).purpose.value == "sign_in"
    code = SignInLinkRequest(email="lise@example.com", callback_origin=PORTAL, send=False)
    answer = expect(issue.sync_detailed(client=api, body=code), 200, SignInLink)
    assert expect(try_code(answer.request_id, answer.code, client=server), 200, SignedIn).email == "lise@example.com"

    assert expect(issue.sync_detailed(client=without_scope, body=mailed), 403, APIError).code == "insufficient_scope"
    assert expect(issue.sync_detailed(client=unknown, body=mailed), 401, APIError).code == "unauthorized"
    reused = issue.sync_detailed(client=api, body=mailed, idempotency_key="invite-1")
    assert expect(reused, 422, APIError).code == "idempotency_key_reused"


{"walk": walk, "rotation": rotation, "unsigned": unsigned, "documents": documents, "trusted": trusted}[sys.argv[1]]()

"""Requests to Postern, and the verification of its assertions."""
import json, logging
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import jwt

from settings import PORTAL_ORIGIN, POSTERN_ISSUER, POSTERN_URL

TIMEOUT_SECONDS, MAXIMUM_RESPONSE_BYTES = 5, 64 * 1024

log = logging.getLogger("portal")


def send(path, body=None, fields={}):
    """Returns the status and the JSON of Postern's response, or 503 and an error if there is none."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(POSTERN_URL + path, data, {"Content-Type": "application/json", **fields})
    try:
        try:
            response = urlopen(request, timeout=TIMEOUT_SECONDS)
        except HTTPError as error:  # A status of 400 or more, with the same kind of body.
            response = error
        with response:
            return response.status, json.loads(response.read(MAXIMUM_RESPONSE_BYTES))
    except (OSError, HTTPException, ValueError) as error:
        log.warning("postern_unavailable %s", type(error).__name__)
        return 503, {"error": "Sign-in is unavailable right now: try again shortly", "code": "service_unavailable"}


def verified_claims(assertion):
    """Returns the claims of an assertion.

    Raises PyJWTError unless Postern signed it (signature, issuer) as an assertion (type), for this portal (audience), a minute ago at most
    (expiry).
    """
    header = jwt.get_unverified_header(assertion)
    if header.get("typ") != "postern-assertion+jwt":
        raise jwt.InvalidTokenError("not an assertion")
    kid = header.get("kid")
    _, jwks = send("/.well-known/jwks.json")  # A busy portal caches the keys and fetches them again for an unknown kid.
    for key in jwks.get("keys", []):
        if key["kid"] == kid:
            return jwt.decode(
                assertion, jwt.PyJWK(key).key, algorithms=["EdDSA"], issuer=POSTERN_ISSUER, audience=PORTAL_ORIGIN,
                leeway=10, options={"require": ["iss", "aud", "sub", "iat", "exp"]})
    raise jwt.InvalidKeyError("Postern has no key with this kid")

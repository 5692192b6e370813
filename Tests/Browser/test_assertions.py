"""The portal's verification of assertions, against a fake Postern that makes all kinds of them."""
import http.client, json, threading, time, unittest
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stack import Stack

KEY, ANOTHER_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
X = urlsafe_b64encode(KEY.public_key().public_bytes_raw()).rstrip(b"=").decode()
JWKS = {"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k1", "x": X}]}

TYPE = "postern-assertion+jwt"


class FakePostern(BaseHTTPRequestHandler):
    answer, asked = b"", None  # The next response, and the headers of the last request.

    def do_GET(self):
        self.send(json.dumps(JWKS).encode())

    def do_POST(self):
        FakePostern.asked = self.headers
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send(self.answer)

    def send(self, data):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Assertions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = ThreadingHTTPServer(("127.0.0.1", 0), FakePostern)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        cls.postern = f"http://127.0.0.1:{server.server_address[1]}"
        stack = cls.stack = Stack()
        cls.addClassCleanup(stack.ending.close)
        stack.start_portal(cls.postern)

    def claims(self, **changed):
        now = int(time.time())
        claims = {"iss": self.postern, "aud": self.stack.portal, "sub": "ada@example.com", "iat": now, "exp": now + 60}
        return {name: value for name, value in (claims | changed).items() if value is not None}

    def sign_in(self, answer):
        """Returns the callback's status, its redirect, and whether it starts a session."""
        FakePostern.answer = answer if isinstance(answer, bytes) else json.dumps({"ok": True} | answer).encode()
        connection = http.client.HTTPConnection(urlsplit(self.stack.portal).netloc, timeout=10)
        connection.request("GET", "/auth/callback?token=x")
        reply = connection.getresponse()
        reply.read()
        connection.close()
        return reply.status, reply.getheader("Location"), reply.getheader("Set-Cookie") is not None

    def test_a_valid_assertion_signs_in(self):
        answer = {"assertion": signed(self.claims()), "callback_next": "/invoices"}
        self.assertEqual(self.sign_in(answer), (303, "/invoices", True))

    def test_an_invalid_assertion_does_not_sign_in(self):
        now, claims = int(time.time()), self.claims()
        assertions = {
            "from another issuer": signed(self.claims(iss="https://postern.example.com")),
            "for another portal": signed(self.claims(aud="https://portal.example.com")),
            "expired": signed(self.claims(iat=now - 120, exp=now - 60)),
            "from the future": signed(self.claims(iat=now + 3600, exp=now + 7200)),
            "signed with another key": signed(claims, ANOTHER_KEY),
            "with an unknown kid": signed(claims, kid="k2"),
            "without a kid": signed(claims, kid=None),
            "unsigned": jwt.encode(claims, None, "none", {"kid": "k1", "typ": TYPE}),
            "signed with the public key as a secret": jwt.encode(claims, X, "HS256", {"kid": "k1", "typ": TYPE}),
            "of another type": signed(claims, type="JWT"),
            "not a JWT": "x",
        } | {f"without {name}": signed(self.claims(**{name: None})) for name in claims}
        for what, assertion in assertions.items():
            with self.subTest(what):
                self.assertEqual(self.sign_in({"assertion": assertion}), (502, None, False))

    def test_postern_gets_the_address_of_the_client(self):
        self.sign_in({})
        self.assertEqual(FakePostern.asked["X-Forwarded-For"], "127.0.0.1")

    def test_an_answer_without_an_assertion_does_not_sign_in(self):
        self.assertEqual(self.sign_in({"email": "ada@example.com"}), (502, None, False))

    def test_an_answer_that_is_not_json_does_not_sign_in(self):
        self.assertEqual(self.sign_in(b"<html>"), (503, None, False))

    def test_a_destination_on_another_site_is_not_followed(self):
        for path in ("//evil.example", "/\\evil.example", "https://evil.example/", "/\r\nX: y", ""):
            with self.subTest(path):
                answer = {"assertion": signed(self.claims()), "callback_next": path}
                self.assertEqual(self.sign_in(answer), (303, "/account", True))


def signed(claims, key=KEY, kid="k1", type=TYPE):
    return jwt.encode(claims, key, "EdDSA", {"typ": type} | ({"kid": kid} if kid else {}))

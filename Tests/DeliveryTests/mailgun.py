"""An HTTPS server on a free port that prints its requests and gives a fixed response.

usage: mailgun.py CERTIFICATE KEY RESPONSE     RESPONSE is an HTTP status, `close`, `cut`, `junk` or `silence`

Prints the port, and then each request as a line of JSON.
"""

import base64
import http.server
import json
import re
import ssl
import sys
import threading

certificate, key, answer = sys.argv[1:]


def parts(body, kind):
    """The parts of a form by name (RFC 7578): the fields of each, and its content in base64."""
    boundary = re.fullmatch(r"multipart/form-data; boundary=([\w-]+)", kind)[1].encode()
    opening, closing = b"--" + boundary + b"\r\n", b"\r\n--" + boundary + b"--\r\n"
    assert body.startswith(opening) and body.endswith(closing)
    found = {}
    for part in body[len(opening) : -len(closing)].split(b"\r\n" + opening):
        fields, _, content = part.partition(b"\r\n\r\n")
        name = re.search(rb'; name="([^"]+)"', fields)[1].decode()
        assert name not in found
        found[name] = {"fields": fields.decode(), "content": base64.b64encode(content).decode()}
    return found


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = {
            "path": self.path,
            "authorization": self.headers["Authorization"],
            "fields": sorted(name.lower() for name in self.headers),
            "parts": parts(body, self.headers["Content-Type"]),
        }
        print(json.dumps(request), flush=True)
        if answer == "silence":
            threading.Event().wait()
        elif answer == "junk":
            self.wfile.write(b"+OK\r\n\r\n")
        elif answer == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        elif answer != "close":
            content = b'{"message": "scripted"}'
            self.send_response(int(answer))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return
        self.close_connection = True

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print("port", server.server_port, flush=True)
server.serve_forever()

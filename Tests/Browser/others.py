"""Other servers: a slow proxy before Postern, a portal that redirects elsewhere, and an attacker's site."""
import contextlib, http.server, threading, urllib.request


class Quiet(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        """Logs nothing: the tests' output shows failures only."""


@contextlib.contextmanager
def elsewhere(port):
    """Runs a portal whose callback redirects to another origin, and yields the URL there."""

    class Portal(Quiet):
        def do_GET(self):
            is_callback = self.path.startswith("/auth/callback?")
            self.send_response(303 if is_callback else 200)
            if is_callback:
                self.send_header("Location", f"http://127.0.0.1:{port}/welcome")
            self.send_header("Content-Type", "text/html")
            self.end_headers()

    with serving(Portal, port):
        yield f"http://127.0.0.1:{port}/welcome"


@contextlib.contextmanager
def serving(pages, port=0):
    """Runs a server on the loopback interface, and yields its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def slow(postern):
    """Runs a proxy before Postern that holds answers back. Yields its URL, an event that it sets when it holds one, and
    an event that makes it go on."""
    is_holding, release = threading.Event(), threading.Event()

    class Proxy(Quiet):
        def forward(self):
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)) or None
            request = urllib.request.Request(postern + self.path, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=5) as answer:
                content = answer.read()
            is_holding.set()
            release.wait(4)  # The portal waits for five seconds.
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = forward

    with serving(Proxy) as port:
        try:
            yield f"http://127.0.0.1:{port}", is_holding, release
        finally:
            release.set()


@contextlib.contextmanager
def auto_submitting(action, token):
    """Runs an attacker's site, whose page submits a form by itself, and yields its port."""
    html = (f'<!doctype html><title>.</title><form method="post" action="{action}">'
            f'<input name="token" value="{token}"></form><script>document.forms[0].submit()</script>')

    class Page(Quiet):
        def do_GET(self):
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

    with serving(Page) as port:
        yield port

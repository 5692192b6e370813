"""Servers of others, which stand in a person's way or lead them astray."""
import contextlib, http.server, threading, urllib.request


class Quiet(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        """Nothing: the tests' output is for what fails."""


@contextlib.contextmanager
def elsewhere(port):
    """A portal whose callback leads on to another origin; the address there."""

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
    """A server of this machine; its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def slow(door):
    """Stands between portal and door, and keeps the door's answers back: its address, whether one is there, and the
    word to let it go."""
    is_taken, go_on = threading.Event(), threading.Event()

    class Between(Quiet):
        def forward(self):
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)) or None
            request = urllib.request.Request(door + self.path, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=5) as answer:
                content = answer.read()
            is_taken.set()
            go_on.wait(4)  # The portal waits for five seconds.
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = forward

    with serving(Between) as port:
        try:
            yield f"http://127.0.0.1:{port}", is_taken, go_on
        finally:
            go_on.set()


@contextlib.contextmanager
def auto_submitting(action, token):
    """A site of somebody else, whose page sends a form by itself; its port."""
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

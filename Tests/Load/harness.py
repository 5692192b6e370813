"""What the measurements share: private servers on loopback, and the environment of handler and worker."""
import base64, contextlib, os, pathlib, secrets, socket, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited {seconds} s for {what}")
        time.sleep(0.002)


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Redis:
    """A private server, and one connection to it that knows three replies."""

    def __init__(self, folder):
        self.path = f"{folder}/redis.sock"
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL)
        wait_for("Redis", lambda: os.path.exists(self.path))
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.path)
        self.file = self.socket.makefile("rb")

    def call(self, *words):
        self.socket.sendall(b"".join([b"*%d\r\n" % len(words)] + [b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words]))
        line = self.file.readline()
        return int(line[1:]) if line[:1] == b":" else line


def resident_mib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024


@contextlib.contextmanager
def deployment():
    """A Redis, and the environment of a handler without limits, and a worker, that use it."""
    with tempfile.TemporaryDirectory() as folder:
        redis = Redis(folder)
        try:
            yield redis, {
                **os.environ, "REDIS_URL": f"unix://{redis.path}", "HOST": "127.0.0.1",
                "POSTERN_SECRET_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
                "POSTERN_ALLOWED_ORIGINS": "https://portal.example.com", "POSTERN_LINK_LIFETIME": "1h",
                "POSTERN_IP_LIMIT": "off", "POSTERN_RECIPIENT_LIMIT": "off",
                "POSTERN_MAIL_FROM": "Portal <a@example.com>", "POSTERN_LOG_LEVEL": "notice"}
        finally:
            redis.process.terminate()
            redis.process.wait()


def start_handler(environment):
    """The handler, once it answers, and its port."""
    port = free_port()
    process = subprocess.Popen([ROOT / "bootstrap"], env={**environment, "PORT": str(port)}, stderr=subprocess.DEVNULL)
    wait_for("the handler", lambda: answers(port))
    return process, port


def start_worker(environment, mail_port, **settings):
    return subprocess.Popen(
        [ROOT / ".build/postern/bin/postern", "send"], stderr=subprocess.DEVNULL,
        env={**environment, "POSTERN_MAIL_URL": f"smtp://127.0.0.1:{mail_port}", **settings})

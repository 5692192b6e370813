"""The parts that the measurements share: servers on loopback, and the settings of handler and worker."""
import contextlib, os, pathlib, socket, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTIONS = ROOT / "Tests/Load/functions"
sys.path.insert(0, str(ROOT / "Tests/Support"))
import servers
from servers import expire_links, free_port, links_key, listens, random_key


def wait_for(what, condition, seconds=20):
    return servers.wait_for(what, condition, seconds, interval=0.002)


class Redis:
    """A connection to a Redis that understands three types of reply."""

    def __init__(self, path, process):
        self.process = process
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")

    def call(self, *words):
        encoded = (word.encode() for word in words)
        self.socket.sendall(b"".join([b"*%d\r\n" % len(words)] + [b"$%d\r\n%s\r\n" % (len(w), w) for w in encoded]))
        line = self.file.readline()
        return int(line[1:]) if line[:1] == b":" else line


def resident_mib(pid):
    """The peak memory of a process."""
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024


def python_function():
    """The command of a function in Python under AWS' own runtime, to be run in FUNCTIONS."""
    return [servers.tools("load-tools", "awslambdaric==4.*") / "bin/python", "-m", "awslambdaric", "hello.handler"]


@contextlib.contextmanager
def deployment():
    """A private Redis, and the settings of a handler without limits and of a worker."""
    with servers.Servers() as running:
        url = running.start_redis()
        yield Redis(running.folder / "redis.sock", running.running["redis"]), {
            **os.environ, "REDIS_URL": url, "HOST": "127.0.0.1",
            "POSTERN_SECRET_KEYS": random_key("k1"), "POSTERN_ALLOWED_ORIGINS": "https://portal.example.com",
            "POSTERN_LINK_LIFETIME": "1h", "POSTERN_IP_LIMIT": "off", "POSTERN_RECIPIENT_LIMIT": "off",
            "POSTERN_GLOBAL_LIMIT": "off",
            "POSTERN_MAIL_FROM": "Portal <a@example.com>", "POSTERN_LOG_LEVEL": "notice"}


def start_handler(environment):
    """Starts the handler, waits until it listens, and returns its process and port."""
    port = free_port()
    process = subprocess.Popen(servers.HANDLER, env={**environment, "PORT": str(port)}, stderr=subprocess.DEVNULL)
    wait_for("answer of the handler", lambda: listens(port))
    return process, port


def start_worker(environment, mail_port, **settings):
    return subprocess.Popen(
        servers.WORKER, stderr=subprocess.DEVNULL,
        env={**environment, "POSTERN_MAIL_URL": f"smtp://127.0.0.1:{mail_port}", **settings})

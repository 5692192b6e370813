"""The parts that test programs share: isolation, free ports, waiting, servers that end with the test, tools from PyPI.

usage: servers.py free-port
       servers.py tools NAME PACKAGE...     for scripts: see `tools`

Importing this module isolates the program from the person who runs it: only PATH is kept of the environment, HOME is a
folder of its own, and standard input is empty.
"""
import atexit, base64, contextlib, fcntl, os, pathlib, secrets, shutil, signal, socket, subprocess, sys, tempfile, time
import traceback, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
HANDLER = [ROOT / "bootstrap"]
WORKER = [ROOT / ".build/postern/bin/postern", "send"]
# Python without the caller's settings and packages: it writes no bytecode, and its texts are UTF-8.
PYTHON = [sys.executable, "-IB", "-X", "utf8"]
# The environment that the program was given: installing tools may need proxies and certificates.
GIVEN = dict(os.environ)
# A mail server that keeps what it takes, and the packages that deploy/queue-worker.py needs.
MAIL_TOOLS = "mail-tools", "aiosmtpd==1.*", "cryptography", "redis>=5"


def isolate():
    kept = {name: GIVEN[name] for name in ("PATH", "POSTERN_SKIP_PRIVILEGED") if name in GIVEN}
    # Otherwise SIGTERM leaves servers and folders behind. unittest goes on after any exception but this one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    home = tempfile.mkdtemp(prefix="postern-", dir="/tmp")
    atexit.register(shutil.rmtree, home)
    os.environ.clear()
    os.environ.update(kept, HOME=home, LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")
    os.umask(0o022)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)


def links_key(token, prefix="postern:"):
    """Returns the key in Redis of the links at a token's place, which is the token's first half."""
    return prefix + "links:" + base64.urlsafe_b64decode(token + "=")[:16].hex()


def expire_links():
    """Returns a script that makes the links of a key expire. Their key keeps its time to live."""
    shared = (ROOT / "Sources" / path for path in ("Redis/Buckets.lua", "Features/SignIn/Store/Links.lua"))
    return "".join(path.read_text() for path in shared) + """
        local links = links_at(KEYS[1])
        for _, link in ipairs(links) do link.ends = 0 end
        redis.call('SET', KEYS[1], packed(links), 'KEEPTTL')
        return math.min(#links, 1)
    """


def become(command, environment):
    """Replaces this program with another command."""
    shutil.rmtree(os.environ["HOME"])
    sys.stdout.flush()
    os.execvpe(command[0], [str(word) for word in command], environment)


class Failure(Exception):
    """A check that does not hold. The message names it."""


def expect(holds, otherwise):
    if not holds:
        raise Failure(otherwise)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def responds(url):
    """Whether a GET of this URL returns 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


def wait_for(what, condition, seconds=20, interval=0.02):
    """Returns the condition's result as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise Failure(f"no {what} within {seconds} seconds")
        time.sleep(interval)
    return result


def output(command, settings={}, seconds=60):
    """Runs a program to its end, and returns its output."""
    return subprocess.run(
        command, check=True, env=os.environ | settings, stdout=subprocess.PIPE, text=True, timeout=seconds).stdout


def succeeds(command, seconds, **options):
    """Whether a program ends with status 0 within that time. Its output is dropped."""
    try:
        outputs = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
        return subprocess.run(command, timeout=seconds, **outputs).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def random_key(name):
    """An entry for POSTERN_SECRET_KEYS or POSTERN_SIGNING_KEYS."""
    return f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


class Servers:
    """Programs that end with the test, each with a log in the test's folder."""

    def __init__(self):
        self.ending = contextlib.ExitStack()
        atexit.register(self.ending.close)
        # A socket's path has to be short, whatever TMPDIR says.
        folder = tempfile.TemporaryDirectory(prefix="postern-", dir="/tmp")
        self.folder = pathlib.Path(self.ending.enter_context(folder))
        self.running = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.close()

    def start(self, name, command, settings={}, folder=None):
        log = self.ending.enter_context(open(self.folder / f"{name}.log", "ab"))
        process = subprocess.Popen(command, env=os.environ | settings, stdout=log, stderr=log, cwd=folder)
        self.ending.callback(self.kill, name)
        self.running[name] = process
        return process

    def start_redis(self, *options):
        """Starts a private Redis at a socket, and returns its URL."""
        path = self.folder / "redis.sock"
        self.start("redis", ["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", self.folder,
                             "--loglevel", "warning", *options])
        self.wait_for("answer of Redis", lambda: self.ask_redis("PING") == "PONG")
        return f"unix://{path}"

    def ask_redis(self, *words, input=None):
        """The output of redis-cli, without the last newline."""
        command = ["redis-cli", "-s", self.folder / "redis.sock", *map(str, words)]
        return subprocess.run(command, input=input, capture_output=True, timeout=10).stdout.decode().strip()

    def start_mail_server(self, port, folder):
        """Starts a mail server that keeps what it takes in a Maildir."""
        python = tools(*MAIL_TOOLS) / "bin/python"
        self.start("mail-server", [python, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}",
                                   "-c", "aiosmtpd.handlers.Mailbox", folder])
        self.wait_for("answer of the mail server", lambda: listens(port))

    def wait_for(self, what, condition, seconds=10):
        """Waits for a condition while every started server runs."""
        def holds():
            if result := condition():
                return result
            for name, process in self.running.items():
                expect(process.poll() is None, f"{name} ended before the {what}")

        return wait_for(what, holds, seconds)

    def stop(self, name, seconds=20):
        """Sends SIGTERM to a server, which has to end with status 0 within that time."""
        process = self.running[name]
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{name} does not end within {seconds} seconds of SIGTERM") from None
        finally:
            self.kill(name)
        expect(status == 0, f"{name} ended with status {status} on SIGTERM")

    def run(self, name, command, settings={}, seconds=30):
        """Runs a program to its end, which has to come within that time and with status 0."""
        status = self.start(name, command, settings).wait(seconds)
        del self.running[name]
        expect(status == 0, f"{name} ended with status {status}")

    def kill(self, name):
        if process := self.running.pop(name, None):
            process.kill()
            process.wait()

    def logs(self):
        logs = sorted(self.folder.glob("*.log"))
        return "".join(f"-- {file.name}\n{file.read_text(errors='replace')}" for file in logs)


def run(name, test):
    """Runs a test with its servers. Prints the check that fails below all logs, and exits with status 1."""
    with Servers() as servers:
        try:
            test(servers)
        except Exception as error:
            lines = [line for line in traceback.extract_tb(error.__traceback__)
                     if line.filename.startswith(str(ROOT / "Tests")) and line.filename != __file__]
            place = f"{os.path.relpath(lines[-1].filename, ROOT)}:{lines[-1].lineno}"
            sys.exit(f"{servers.logs()}{name}: {str(error) or type(error).__name__} ({place})")


def tools(name, *packages):
    """Makes the virtual environment .build/NAME with these packages, unless it has them, and returns its folder."""
    folder = ROOT / ".build" / name
    note = folder / "packages"
    wanted = "\n".join([f"Python {sys.version_info.major}.{sys.version_info.minor}", *packages])
    folder.parent.mkdir(exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not note.exists() or note.read_text() != wanted:
            subprocess.run(["python3", "-m", "venv", "--clear", folder], check=True, env=GIVEN, timeout=120)
            install = [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", *packages]
            subprocess.run(install, check=True, env=GIVEN, timeout=900)
            note.write_text(wanted)
    return folder


def run_in(name, *packages):
    """Restarts this program in the Python of `tools`, unless it runs there."""
    folder = tools(name, *packages)
    if os.path.realpath(sys.prefix) != os.path.realpath(folder):
        become([folder / "bin/python", *PYTHON[1:], *sys.argv], GIVEN)


isolate()
if __name__ == "__main__":
    print(free_port() if sys.argv[1] == "free-port" else tools(*sys.argv[2:]))

"""Postern and the portal on free loopback ports, for tests that use them with a browser."""
import base64, contextlib, email, email.policy, hashlib, os, pathlib, re, secrets, socket, subprocess, tempfile, time
import urllib.error, urllib.request
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
HANDLER = [ROOT / "bootstrap"]
WORKER = [ROOT / ".build/postern/bin/postern", "send"]
PORTAL = [ROOT / "deploy/portal/portal"]
RETENTION_MS = 24 * 60 * 60 * 1000  # The default of POSTERN_LINK_RETENTION.


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=20):
    """Returns the condition's value as soon as it is true."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.02)
    return result


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


@dataclass
class Mail:
    link: str
    code: str
    subject: str
    text: str
    html: str

    @property
    def token(self):
        return re.search(r"token=([\w-]{43})$", self.link)[1]


class Stack:
    """Redis, handler, worker and portal. The settings are added to the handler's."""

    def __init__(self, **settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-"))
        self.ending = contextlib.ExitStack()
        self.ending.callback(subprocess.run, ["rm", "-rf", self.folder], check=True)
        self.processes = {}
        portal_port, postern_port = free_port(), free_port()
        # To a browser these are different sites, not only different origins.
        self.portal = f"http://localhost:{portal_port}"
        self.postern = f"http://127.0.0.1:{postern_port}{settings.get('POSTERN_BASE_PATH', '')}"
        self.mail_folder = self.folder / "mail"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("POSTERN_")} | {
            "REDIS_URL": f"unix://{self.folder}/redis.sock", "POSTERN_SECRET_KEYS": key("k1"),
            "POSTERN_LOG_LEVEL": "warning", "no_proxy": "127.0.0.1"}
        self.handler_settings = {
            "HOST": "127.0.0.1", "PORT": str(postern_port), "POSTERN_ALLOWED_ORIGINS": self.portal,
            "POSTERN_SIGNING_KEYS": key("s1"), "POSTERN_LANDING_URL": self.postern, "POSTERN_IP_LIMIT": "off",
            "POSTERN_RECIPIENT_LIMIT": "off", "POSTERN_TRUSTED_PROXIES": "127.0.0.0/8", **settings}

    def __enter__(self):
        with contextlib.ExitStack() as on_failure:
            on_failure.push(self.__exit__)
            self.start("redis", [
                "redis-server", "--port", "0", "--unixsocket", self.folder / "redis.sock", "--save", "",
                "--dir", self.folder, "--loglevel", "warning"])
            wait_for("Redis", (self.folder / "redis.sock").exists)
            self.start("handler", HANDLER, self.handler_settings)
            self.start("worker", WORKER, {
                "POSTERN_MAIL_URL": f"maildir://{self.mail_folder}",
                "POSTERN_MAIL_FROM": "Portal <sign-in@example.com>"})
            try:
                self.start_portal(self.postern)
                wait_for("the handler", lambda: answers(self.postern + "/readyz"))
            except TimeoutError as error:
                error.add_note(self.logs())
                raise
            on_failure.pop_all()
        return self

    def __exit__(self, *_):
        self.ending.close()

    def start(self, name, command, settings={}):
        log = self.ending.enter_context(open(self.folder / f"{name}.log", "wb"))
        process = subprocess.Popen(command, env=self.environment | settings, stdout=log, stderr=log, cwd=self.folder)
        self.ending.callback(stop, process)
        self.processes[name] = process

    def start_portal(self, postern, issuer=""):
        self.start("portal", PORTAL, {
            "PORTAL_ORIGIN": self.portal, "POSTERN_URL": postern, "POSTERN_ISSUER": issuer,
            "PORTAL_MAIL": str(self.mail_folder)})
        wait_for("the portal", lambda: answers(self.portal + "/"))

    def stop(self, name):
        stop(self.processes[name])

    def redis(self, *words):
        command = ["redis-cli", "-s", self.folder / "redis.sock", *map(str, words)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout.strip()

    def expire(self, mail):
        """Lets a link expire, one second ago."""
        token_key = "postern:token:" + hashlib.sha256(mail.token.encode()).hexdigest()
        if self.redis("PEXPIRE", token_key, RETENTION_MS - 1000) != "1":
            raise AssertionError("the link's record is not in Redis")

    def mails(self, to):
        """Returns the emails to an address, the oldest first."""
        files = sorted((self.mail_folder / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
        messages = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        return [read(message) for message in messages if message["to"].addresses[0].addr_spec == to]

    def mail(self, to, number=1):
        """Waits for an email to an address, the first or the one with this number, and returns it."""
        return wait_for(f"email {number} to {to}", lambda: self.mails(to)[number - 1 : number])[0]

    def logs(self):
        return "".join(f"-- {file.name}\n{file.read_text()}" for file in sorted(self.folder.glob("*.log")))


def key(name):
    return f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def stop(process):
    process.kill()  # A graceful shutdown of the handler takes two seconds, and nothing needs it here.
    process.wait()


def read(message):
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    link, code = re.search(r"https?://\S+", text), re.search(r"(?<!\S)\d{6}(?!\S)", text)
    return Mail(link[0], code[0] if code else "", message["subject"], text, html)

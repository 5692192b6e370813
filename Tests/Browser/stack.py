"""Postern and the portal on free loopback ports, for tests that use them with a browser."""
import contextlib, email, email.policy, pathlib, re, sys
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Support"))
import servers
from servers import Failure, free_port, random_key, responds

PORTAL = [ROOT / "deploy/portal/portal"]


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


class Stack(servers.Servers):
    """Redis, handler, worker and portal. The settings are added to the handler's."""

    def __init__(self, **settings):
        super().__init__()
        portal_port, postern_port = free_port(), free_port()
        # To a browser these are different sites, not only different origins.
        self.portal = f"http://localhost:{portal_port}"
        self.postern = f"http://127.0.0.1:{postern_port}{settings.get('POSTERN_BASE_PATH', '')}"
        self.mail_folder = self.folder / "mail"
        self.common_settings = {
            "REDIS_URL": f"unix://{self.folder}/redis.sock", "POSTERN_SECRET_KEYS": random_key("k1"),
            "POSTERN_LOG_LEVEL": "warning"}
        self.handler_settings = {
            "HOST": "127.0.0.1", "PORT": str(postern_port), "POSTERN_ALLOWED_ORIGINS": self.portal,
            "POSTERN_SIGNING_KEYS": random_key("s1"), "POSTERN_LANDING_URL": self.postern, "POSTERN_IP_LIMIT": "off",
            "POSTERN_RECIPIENT_LIMIT": "off", "POSTERN_TRUSTED_PROXIES": "127.0.0.0/8", **settings}

    def __enter__(self):
        with contextlib.ExitStack() as on_failure:
            on_failure.push(self.__exit__)
            self.start_redis()
            self.start("handler", servers.HANDLER, self.handler_settings)
            self.start("worker", servers.WORKER, {
                "POSTERN_MAIL_URL": f"maildir://{self.mail_folder}",
                "POSTERN_MAIL_FROM": "Portal <sign-in@example.com>"})
            try:
                self.start_portal(self.postern)
                self.wait_for("answer of the handler", lambda: responds(self.postern + "/readyz"), 20)
            except Failure as failure:
                failure.add_note(self.logs())
                raise
            on_failure.pop_all()
        return self

    def start(self, name, command, settings={}):
        # Programs run from any folder.
        super().start(name, command, self.common_settings | settings, folder=self.folder)

    def start_portal(self, postern, issuer=""):
        self.start("portal", PORTAL, {
            "PORTAL_ORIGIN": self.portal, "POSTERN_URL": postern, "POSTERN_ISSUER": issuer,
            "PORTAL_MAIL": str(self.mail_folder)})
        self.wait_for("answer of the portal", lambda: responds(self.portal + "/"), 20)

    def stop(self, name):
        self.kill(name)  # A graceful shutdown of the handler takes two seconds, and nothing needs it here.

    def expire(self, mail):
        """Lets a link expire."""
        if self.ask_redis("EVAL", servers.expire_links(), 1, servers.links_key(mail.token)) != "1":
            raise AssertionError("the link is not in Redis")

    def mails(self, to):
        """Returns the emails to an address, the oldest first."""
        files = sorted((self.mail_folder / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
        messages = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        return [read(message) for message in messages if message["to"].addresses[0].addr_spec == to]

    def mail(self, to, number=1):
        """Waits for an email to an address, the first or the one with this number, and returns it."""
        return servers.wait_for(f"email {number} to {to}", lambda: self.mails(to)[number - 1 : number])[0]


def read(message):
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    link, code = re.search(r"https?://\S+", text), re.search(r"(?<!\S)\d{6}(?!\S)", text)
    return Mail(link[0], code[0] if code else "", message["subject"], text, html)

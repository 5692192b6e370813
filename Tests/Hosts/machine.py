"""A systemd of its own in a container, which runs the services with the commands of deploy/systemd/README.md."""
import os, pathlib, re, signal, subprocess

from servers import ROOT, expect

README = (ROOT / "deploy/systemd/README.md").read_text()

# A system of its own around this machine's /usr. Other folders are empty, but for the work tree and a writable /opt.
SYSTEM = ["env", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1", "systemd-nspawn", "--quiet", "--directory=/", "--volatile=yes",
          "--register=no", "--keep-unit", "--machine=postern-units"]


def commands(word):
    """The one block of commands of the README that has a word, without sudo. Blocks are indented or fenced."""
    pattern = r"^```(\w*)\n(.*?)^```$|((?:^ {4}[^\n]*\n)+)"
    blocks = [fenced or indented for language, fenced, indented in re.findall(pattern, README, re.M | re.S)
              if language in ("", "sh", "bash", "shell")]
    found = [block for block in blocks if word in block]
    expect(len(found) == 1, f"the README has {len(found)} blocks of commands with {word!r}")
    return "\n".join(line.strip().removeprefix("sudo ") for line in found[0].splitlines())


def first_process(machine):
    children = pathlib.Path(f"/proc/{machine}/task/{machine}/children").read_text().split()
    return next((int(one) for one in children if pathlib.Path(f"/proc/{one}/comm").read_text() == "systemd\n"), None)


class Machine:
    """The systemd, and the services that it runs."""

    def __init__(self, running):
        self.running, self.opt, self.mail = running, running.folder / "opt", running.folder / "mail"
        self.opt.mkdir()
        process = running.start("machine", [
            *SYSTEM, f"--bind={self.opt}:/opt", f"--bind-ro={ROOT}:/source", "--boot", "systemd.unit=basic.target",
            "systemd.firstboot=no"])
        self.leader = None
        running.ending.callback(self.kill)
        self.leader = self.wait_for("first process", lambda: first_process(process.pid))
        self.wait_for("system", lambda: self.runs("systemctl", "is-active", "--quiet", "basic.target"))

    def kill(self):
        """Ends the first process, and with it all of the system."""
        if self.leader and "machine" in self.running.running:
            os.kill(self.leader, signal.SIGKILL)

    def wait_for(self, what, condition):
        return self.running.wait_for(what, condition, 30)

    def inside(self, *words, input=None):
        """Runs a command in the system, and returns it with its output."""
        command = ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root",
                   "--wd=/", "/usr/bin/env", "--ignore-environment", "PATH=/usr/bin", *map(str, words)]
        return subprocess.run(
            command, input=input or "", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)

    def runs(self, *words):
        return self.inside(*words).returncode == 0

    def expect(self, otherwise, *words, input=None):
        """Runs a command that has to succeed, and returns its output."""
        done = self.inside(*words, input=input)
        expect(done.returncode == 0, f"{otherwise}: {done.stdout}")
        return done.stdout.strip()

    def follow(self, word, otherwise):
        """Runs the commands of the README."""
        self.expect(otherwise, "env", "--chdir=/source", "bash", "-euc", commands(word))

    def property(self, unit, name):
        return self.inside("systemctl", "show", "--value", "--property", name, f"postern-{unit}").stdout.strip()

    def is_active(self):
        units = ["handler.socket", "handler.service", "api.socket", "api.service", "sender.service"]
        return all(self.property(unit, "ActiveState") == "active" for unit in units)

    def has_failed(self, service):
        """Whether a service ended with the status of a wrong setting, and is not tried again."""
        state = [self.property(f"{service}.service", name) for name in ("ActiveState", "ExecMainStatus")]
        return state == ["failed", "78"]

    def configure(self, file, settings):
        """Writes a file of settings as the README has it, which only root can read."""
        self.expect(f"{file}.env cannot be written", "install", "--mode=600", "/dev/stdin", f"/etc/postern/{file}.env",
                    input="".join(f"{name}={value}\n" for name, value in settings.items()))

    def has_email(self, recipient):
        texts = (path.read_text() for path in (self.mail / "new").iterdir())
        return any(f"\nX-RcptTo: {recipient}\n" in text and "\nhttps://portal.example.com/auth/callback?token" in text
                   for text in texts)

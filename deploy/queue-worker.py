#!/usr/bin/env python3
"""A small worker for Postern's mail queue, to copy and change. QUEUE.md describes what it does and why.

usage: queue-worker.py [--once]     with --once it ends when the stream is empty

Needs redis and cryptography from PyPI, Redis 7, and a mail server that accepts email from this machine without TLS or a
password. Reads REDIS_URL, POSTERN_SECRET_KEYS and POSTERN_MAIL_FROM, and, if set, POSTERN_KEY_PREFIX, SMTP_HOST and
SMTP_PORT.

Left out for brevity: a job whose email was refused, temporarily or permanently, is neither retried on a schedule nor
dead-lettered. It stays pending, and is reclaimed and tried again until its link expires. If Redis is unavailable, the
worker exits with an error and has to be started again; jobs stay where they are.
"""
import json, os, re, secrets, signal, smtplib, socket, sys, threading, time
from base64 import b64decode
from email.message import EmailMessage
from email.utils import formatdate, parseaddr

import redis
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

PREFIX = os.environ.get("POSTERN_KEY_PREFIX") or "postern:"
MAIL, DEAD, GROUP = PREFIX + "mail", PREFIX + "mail:dead", "senders"
WORKER = f"{socket.gethostname()}-{secrets.token_hex(4)}"  # Unique: no other worker may have this name.
SERVER = os.environ.get("SMTP_HOST") or "127.0.0.1", int(os.environ.get("SMTP_PORT") or 25)
FROM = os.environ["POSTERN_MAIL_FROM"]  # For example: Portal <sign-in@example.com>
DOMAIN = parseaddr(FROM)[1].partition("@")[2]

SMTP_SECONDS = 4  # For each of about eight steps. All of them must end before the job is reclaimed.
RECLAIM_MS = 36_000  # A job that was pending for this long is reclaimed; `postern send` has the same default.
BLOCK_MS = 1_000  # Never 0, which waits forever.

# Does nothing if the entry is gone because another worker was faster. Only XADD can fail, and then nothing has changed.
DEAD_LETTER = """local mail, dead_letters = unpack(KEYS)
local group, entry, maximum_length = unpack(ARGV)

if #redis.call('XRANGE', mail, entry, entry) == 0 then return 0 end
redis.call('XADD', dead_letters, 'MAXLEN', '~', maximum_length, '*', unpack(ARGV, 4))
redis.call('XACK', mail, group, entry)
return redis.call('XDEL', mail, entry)"""
# A consumer that has pending entries stays in the group, since they would be lost with it.
LEAVE = """local mail = unpack(KEYS)
local group, worker = unpack(ARGV)

if #redis.call('XPENDING', mail, group, '-', '+', 1, worker) > 0 then return 0 end
return redis.call('XGROUP', 'DELCONSUMER', mail, group, worker)"""


def key_for_jobs(configured):
    return AESGCM(HKDFExpand(SHA256(), 32, b"postern mail job 1").derive(b64decode(configured)))


pairs = (pair.split(":") for pair in os.environ["POSTERN_SECRET_KEYS"].split(","))
KEYS = {name: key_for_jobs(key) for name, key in pairs}
db = redis.Redis.from_url(os.environ["REDIS_URL"], protocol=2, socket_timeout=5, socket_connect_timeout=5)


def make_group():
    try:
        db.xgroup_create(MAIL, GROUP, id="0", mkstream=True)
    except redis.ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):  # The group exists already.
            raise


def claim():
    """Reclaims a job that another worker left, or else waits for a new one. Returns at most one entry."""
    cursor, left = None, []
    while not left and cursor != b"0-0":  # One call looks at a part of the pending entries.
        cursor, left, _ = db.xautoclaim(MAIL, GROUP, WORKER, RECLAIM_MS, cursor or "0-0", count=1)
    if left:
        return left
    streams = db.xreadgroup(GROUP, WORKER, {MAIL: ">"}, count=1, block=BLOCK_MS)
    return streams[0][1] if streams else []


def message(id, job):
    """The email for a job: the same each time, so that a duplicate can be recognised, and always in English."""
    mail = EmailMessage()
    mail["Date"] = formatdate(job["issued_at"] / 1000)
    mail["From"], mail["To"], mail["Subject"] = FROM, job["to"], "Your sign-in link"
    mail["Message-ID"] = f"<{id}@{DOMAIN}>"
    mail["Auto-Submitted"] = "auto-generated"
    minutes = (job["expires_at"] - job["issued_at"]) // 60_000
    text = f"Open this link to sign in. It works once, within {minutes} minutes:\n\n{job['link']}\n"
    if "code" in job:
        text += f"\nOr enter this code where you requested the link:\n\n{job['code']}\n"
    mail.set_content(text, cte="quoted-printable")  # The link may be longer than a line of an email may be.
    return mail


def handle(entry, fields):
    """Delivers, dead-letters or releases a job."""
    if fields.get(b"v", b"1") != b"1":  # Left to a worker that knows this version. The claim does not count.
        db.xclaim(MAIL, GROUP, WORKER, 0, [entry], retrycount=0, justid=True)
        return log("released", entry)
    if not {b"v", b"id", b"key", b"job"} <= fields.keys():
        return dead_letter(entry, fields, "unreadable", keep=[])
    id, key, box = fields[b"id"], fields[b"key"], fields[b"job"]
    try:
        opened = json.loads(KEYS[key.decode()].decrypt(box[:12], box[12:], id))
        job = {name: opened[name] for name in ("to", "link", "issued_at", "expires_at")}
        if re.fullmatch("[0-9]{6}", str(opened.get("code"))):
            job["code"] = opened["code"]
    except (InvalidTag, KeyError, TypeError, ValueError):
        return dead_letter(entry, fields, "unreadable", keep=[b"id", b"key", b"job"])
    if time.time() * 1000 >= job["expires_at"]:
        return dead_letter(entry, fields, "expired", keep=[b"id"])
    try:
        with smtplib.SMTP(*SERVER, local_hostname=DOMAIN, timeout=SMTP_SECONDS) as smtp:
            smtp.send_message(message(id.decode(), job))
            acknowledge(entry)  # At once, before anything else can fail.
        log("delivered", id)
    except OSError as error:  # Includes SMTP errors.
        log("left for another attempt", id, type(error).__name__)


def acknowledge(entry):
    with db.pipeline(transaction=True) as both:
        both.xack(MAIL, GROUP, entry).xdel(MAIL, entry).execute()


def dead_letter(entry, fields, reason, keep):
    kept = [part for name in keep for part in (name, fields[name])]
    attempts = fields.get(b"attempts", b"0")
    db.eval(DEAD_LETTER, 2, MAIL, DEAD, GROUP, entry, 10_000, "reason", reason, "attempts", attempts, *kept)
    log("dead-lettered", entry, reason)


def log(what, name, why=""):
    """Logs an event. Never give it an address, a link, or the text of an error, which may contain either."""
    print(what, name.decode(), why, file=sys.stderr, flush=True)


stop = threading.Event()
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stop.set())
make_group()
while not stop.is_set():
    try:
        entries = claim()
    except redis.ResponseError as error:  # The stream and its group are gone, as after a loss of data.
        if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
            raise
        make_group()
        continue
    for entry, fields in entries:
        handle(entry, fields)
    if "--once" in sys.argv and not entries and db.xlen(MAIL) == 0:
        break
db.eval(LEAVE, 1, MAIL, GROUP, WORKER)

#!/usr/bin/env python3
"""A small worker for Postern's mail queue, to copy and change. QUEUE.md describes what it does and why.

usage: queue-worker.py [--once]     with --once it ends when the streams are empty

Needs redis and cryptography from PyPI, Redis 7, and a mail server that accepts email from this machine without TLS or a
password. Reads REDIS_URL, POSTERN_SECRET_KEYS and POSTERN_MAIL_FROM, and, if set, POSTERN_KEY_PREFIX, SMTP_HOST and
SMTP_PORT.

Left out for brevity: a job whose email was refused, temporarily or permanently, is neither retried on a schedule nor
dead-lettered. It stays pending, and is reclaimed and tried again until its link expires. If a recipient of several is
refused, the others get the email, and that one does not. If Redis is unavailable, the worker exits and has
to be started again; jobs stay where they are.
"""
import json, os, re, secrets, signal, smtplib, socket, sys, threading
from base64 import b64decode
from email.message import EmailMessage
from email.utils import formataddr, formatdate, parseaddr

import redis
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

PREFIX = os.environ.get("POSTERN_KEY_PREFIX") or "postern:"
MAIL, BULK, DEAD, GROUP = PREFIX + "mail", PREFIX + "mail:bulk", PREFIX + "mail:dead", "senders"
WORKER = f"{socket.gethostname()}-{secrets.token_hex(4)}"  # Unique: no other worker may have this name.
SERVER = os.environ.get("SMTP_HOST") or "127.0.0.1", int(os.environ.get("SMTP_PORT") or 25)
FROM = os.environ["POSTERN_MAIL_FROM"]  # For example: Portal <sign-in@example.com>
DOMAIN = parseaddr(FROM)[1].partition("@")[2]

SMTP_SECONDS = 4  # For each of about eight steps. All of them must end before the job is reclaimed.
RECLAIM_MS = 36_000  # A job that was pending for this long is reclaimed; `postern send` has the same default.
BLOCK_MS = 1_000  # Never 0, which waits forever.

# Does nothing if the entry is gone because another worker was faster. Only XADD can fail, and then nothing has changed.
DEAD_LETTER = """local stream, dead_letters = unpack(KEYS)
local group, entry, maximum_length = unpack(ARGV)

if #redis.call('XRANGE', stream, entry, entry) == 0 then return 0 end
redis.call('XACK', stream, group, '0-0')
redis.call('XDEL', stream, '0-0')
redis.call('XADD', dead_letters, 'MAXLEN', '~', maximum_length, '*', unpack(ARGV, 4))
redis.call('XACK', stream, group, entry)
return redis.call('XDEL', stream, entry)"""
# Jobs of high priority first. XREADGROUP alone cannot do that.
CLAIM = """local mail, bulk = unpack(KEYS)
local group, consumer, count = unpack(ARGV)

local total, size = 0, 0
local function claim(stream, limit)
  local entries = {}
  while #entries < limit and size < 4000000 do
    local reply = redis.pcall('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS', stream, '>')
    if reply and reply.err and total == 0 then error(reply) end -- Later, it would hide the jobs claimed before.
    if not reply or reply.err then break end
    local entry = reply[1][2][1]
    total = total + 1
    for _, value in ipairs(entry[2]) do size = size + #value end
    entries[#entries + 1] = entry
  end
  return entries
end

local high = claim(mail, tonumber(count))
return { high, claim(bulk, count - #high) }"""
# Also works when Redis is full.
JOIN = """local stream = unpack(KEYS)
local group = unpack(ARGV)

redis.call('XACK', stream, group, '0-0')
local made = redis.pcall('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
if not made.err then return 1 end
if string.find(made.err, 'BUSYGROUP', 1, true) then return 0 end
return made"""
# A consumer that has pending entries stays in the group, since they would be lost with it.
LEAVE = """local stream = unpack(KEYS)
local group, worker = unpack(ARGV)

if #redis.call('XPENDING', stream, group, '-', '+', 1, worker) > 0 then return 0 end
return redis.call('XGROUP', 'DELCONSUMER', stream, group, worker)"""


def key_for_jobs(version, configured):
    return AESGCM(HKDFExpand(SHA256(), 32, b"postern mail job " + version).derive(b64decode(configured)))


pairs = [pair.split(":") for pair in os.environ["POSTERN_SECRET_KEYS"].split(",")]
KEYS = {version: {name: key_for_jobs(version, key) for name, key in pairs} for version in (b"1", b"2")}
db = redis.Redis.from_url(os.environ["REDIS_URL"], protocol=2, socket_timeout=5, socket_connect_timeout=5)


def make_groups():
    for stream in (MAIL, BULK):
        db.eval(JOIN, 1, stream, GROUP)


def claim():
    """Reclaims a job that another worker left, or else waits for a new one. Returns its stream and entry, if any."""
    for stream in (MAIL, BULK):
        cursor, left = None, []
        while not left and cursor != b"0-0":  # One call looks at a part of the pending entries.
            cursor, left, _ = db.xautoclaim(stream, GROUP, WORKER, RECLAIM_MS, cursor or "0-0", count=1)
        if left:
            return [(stream, *left[0])]
    for stream, entries in zip((MAIL, BULK), db.eval(CLAIM, 2, MAIL, BULK, GROUP, WORKER, 1)):
        for entry, fields in entries:
            return [(stream, entry, dict(zip(fields[::2], fields[1::2])))]
    # COUNT is for each stream, so both may give a job. This worker then delivers one after the other.
    streams = db.xreadgroup(GROUP, WORKER, {MAIL: ">", BULK: ">"}, count=1, block=BLOCK_MS)
    return [(name.decode(), *entry) for name, entries in streams for entry in entries]


def read(version, job):
    """The parts of a job that this worker uses, whatever its version. Raises KeyError, TypeError or ValueError."""
    if version == b"1":
        secrets = {"link": job["link"]}
        if re.fullmatch("[0-9]{6}", str(job.get("code"))):
            secrets["code"] = job["code"]
        job = {**job, "to": [job["to"]], "template": {"name": "sign-in", "secrets": secrets}}
    recipients = job.get("remaining", job["to"])
    for address in [*job["to"], *recipients]:
        if not re.fullmatch(r"[!-;=?-~]+@[a-z0-9.-]+", address):
            raise ValueError("not an address")
    if ("template" in job) == ("message" in job):
        raise ValueError("neither a template nor a message")
    return {**job, "recipients": recipients, "issued_at": int(job["issued_at"]), "expires_at": int(job["expires_at"])}


def text_of(template, minutes):
    """Subject and text of a template that this worker knows, in English. Raises KeyError if a secret is missing."""
    subject, request = {
        "sign-in": ("Your sign-in link", "Open this link to sign in. It works once"),
        "invite": ("You are invited", "Open this link to accept the invitation. It works"),
        "verify-email": ("Confirm your email address", "Open this link to confirm your address. It works once"),
    }[template["name"]]
    text = f"{request}, within {minutes} minutes:\n\n{template['secrets']['link']}\n"
    if "code" in template["secrets"]:
        text += f"\nOr enter this code where you requested the link:\n\n{template['secrets']['code']}\n"
    return subject, text


def message(id, job):
    """The email for a job: the same each time, so that a duplicate can be recognised."""
    mail = EmailMessage()
    mail["Date"] = formatdate(job["issued_at"] / 1000)
    sender = job.get("sender")
    mail["From"] = formataddr((sender.get("name"), sender["address"])) if sender else FROM
    mail["To"] = ", ".join(job["to"])
    mail["Message-ID"] = f"<{id}@{parseaddr(mail['From'])[1].partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    if "template" in job:
        mail["Subject"], text = text_of(job["template"], (job["expires_at"] - job["issued_at"]) // 60_000)
        mail.set_content(text, cte="quoted-printable")  # The link may be longer than a line of an email may be.
        return mail
    whole = job["message"]
    mail["Subject"] = whole["subject"]
    for header in whole.get("headers", []):
        mail[header["name"]] = header["value"]  # Refuses line ends, and a second field of a name that it has.
    bodies = [(kind, whole[name]) for kind, name in (("plain", "text"), ("html", "html")) if name in whole]
    mail.set_content(bodies[0][1], subtype=bodies[0][0], cte="quoted-printable")
    for kind, body in bodies[1:]:
        mail.add_alternative(body, subtype=kind, cte="quoted-printable")
    return mail


def handle(stream, entry, fields):
    """Delivers, dead-letters or releases a job."""
    version = fields.get(b"v", b"1")
    if version not in KEYS:  # Left to a worker that knows this version. The claim does not count.
        db.xclaim(stream, GROUP, WORKER, 0, [entry], retrycount=0, justid=True)
        return log("released", entry)
    if not {b"v", b"id", b"key", b"job"} <= fields.keys():
        return dead_letter(stream, entry, fields, "unreadable", keep=[])
    id, key, box = fields[b"id"], fields[b"key"], fields[b"job"]
    all_fields = [b"id", b"v", b"key", b"job"]
    try:
        job = read(version, json.loads(KEYS[version][key.decode()].decrypt(box[:12], box[12:], id)))
    except (InvalidTag, AttributeError, KeyError, TypeError, ValueError):
        return dead_letter(stream, entry, fields, "unreadable", keep=all_fields)
    if db.time()[0] * 1000 >= job["expires_at"]:  # By Redis' clock, as whoever wrote it.
        return dead_letter(stream, entry, fields, "expired", keep=all_fields)
    if "template" in job and job["template"].get("name") not in ("sign-in", "invite", "verify-email"):
        return dead_letter(stream, entry, fields, "unknown_template", keep=all_fields)
    try:
        mail = message(id.decode(), job)
    except (AttributeError, KeyError, TypeError, ValueError):
        return dead_letter(stream, entry, fields, "missing_value", keep=all_fields)
    try:
        with smtplib.SMTP(*SERVER, local_hostname=DOMAIN, timeout=SMTP_SECONDS) as smtp:
            sender = parseaddr(mail["From"])[1]
            refused = smtp.send_message(mail, from_addr=sender, to_addrs=job["recipients"])
            acknowledge(stream, entry)  # At once, before anything else can fail.
        log("delivered", id, f"refused {len(refused)}" if refused else "")
    except OSError as error:  # Includes SMTP errors.
        log("left for another attempt", id, type(error).__name__)


def acknowledge(stream, entry):
    with db.pipeline(transaction=True) as both:
        both.xack(stream, GROUP, entry).xdel(stream, entry).execute()


def dead_letter(stream, entry, fields, reason, keep):
    kept = [part for name in keep for part in (name, fields[name])]
    if stream == BULK:
        kept += ["priority", "bulk"]
    attempts = fields.get(b"attempts", b"0")
    db.eval(DEAD_LETTER, 2, stream, DEAD, GROUP, entry, 10_000, "reason", reason, "attempts", attempts, *kept)
    log("dead-lettered", entry, reason)


def log(what, name, why=""):
    """Logs an event. Never give it an address, a link, or the text of an error, which may contain either."""
    print(what, name.decode(), why, file=sys.stderr, flush=True)


stop = threading.Event()
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stop.set())
make_groups()
while not stop.is_set():
    try:
        claimed = claim()
    except redis.ResponseError as error:  # A stream and its group are gone, as after a loss of data.
        if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
            raise
        make_groups()
        continue
    for stream, entry, fields in claimed:
        handle(stream, entry, fields)
    if "--once" in sys.argv and not claimed and db.xlen(MAIL) + db.xlen(BULK) == 0:
        break
for stream in (MAIL, BULK):
    db.eval(LEAVE, 1, stream, GROUP, WORKER)

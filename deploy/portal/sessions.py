"""Sessions of signed-in people, in memory."""
import secrets, threading, time

LIFETIME_SECONDS, MAXIMUM_COUNT = 12 * 3600, 10_000


class Sessions:
    """The claims of signed-in people by session id, the oldest session first."""

    def __init__(self):
        self.lock = threading.Lock()
        self.by_id = {}

    def begin(self, claims):
        """Starts a session and returns its id. When there are too many sessions, the oldest ends."""
        id = secrets.token_urlsafe(32)
        with self.lock:
            if len(self.by_id) >= MAXIMUM_COUNT:
                del self.by_id[next(iter(self.by_id))]
            self.by_id[id] = (time.monotonic() + LIFETIME_SECONDS, claims)
        return id

    def claims(self, id):
        """Returns the claims of a session, or None if it does not exist or has expired."""
        with self.lock:
            end, claims = self.by_id.get(id, (0, None))
        return claims if time.monotonic() < end else None

    def end(self, id):
        with self.lock:
            self.by_id.pop(id, None)

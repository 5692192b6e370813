"""The portal's settings, from environment variables."""
import os

# The portal's own origin, which Postern's POSTERN_ALLOWED_ORIGINS must contain. The portal listens on its port of
# 127.0.0.1.
PORTAL_ORIGIN = os.environ.get("PORTAL_ORIGIN") or "http://localhost:3000"

# The URL of Postern, for this server and for browsers.
POSTERN_URL = os.environ.get("POSTERN_URL") or "http://127.0.0.1:8080"

# The issuer of Postern's assertions: its POSTERN_ISSUER or, if that is not set, its POSTERN_LANDING_URL.
POSTERN_ISSUER = os.environ.get("POSTERN_ISSUER") or POSTERN_URL

# The folder of the worker's maildir:// transport, whose emails /inbox shows. If it is not set, there is no such page.
MAIL_FOLDER = os.environ.get("PORTAL_MAIL")

"""The same settings, with what makes tests fast and still real."""

import os

os.environ["DEBUG"] = "true"  # development secrets; switched off again below
os.environ["REVSYNC_DB_ROLE"] = "owner"  # migrates; conftest.py then drops to the web role

from config.settings import *  # noqa: F403 -- DEBUG must be set first

DEBUG = False
PAYMENTS_SANDBOX = True
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MEDIA_ROOT = BASE_DIR / "var" / "test-files"  # noqa: F405
THROTTLES = dict.fromkeys(THROTTLES, "off")  # noqa: F405 -- tests of throttles switch theirs on
LOGIN_DELAY_SECONDS = 0.0
SYNC_WATCH_REST = 0  # a test leaves no connection behind
PUSH_BACKEND = "users.tests.outbox.Pushes"
SMS_BACKEND = "users.tests.outbox.Outbox"
INSTALLED_APPS = [*INSTALLED_APPS, "sync.tests.testapp"]  # noqa: F405 -- collections of every kind

"""The same settings, with what makes tests fast and still real."""

import os

os.environ["DEBUG"] = "true"  # development secrets; switched off again below
os.environ["REVSYNC_DB_ROLE"] = "owner"  # migrates; conftest.py then drops to the web role

from config.settings import *  # noqa: F403 -- DEBUG must be set first

DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
THROTTLES = dict.fromkeys(THROTTLES, "off")  # noqa: F405 -- tests of throttles switch theirs on
LOGIN_DELAY_SECONDS = 0.0
SMS_BACKEND = "users.tests.outbox.Outbox"

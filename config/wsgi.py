"""REST and admin in production: `granian --interface wsgi config.wsgi:application`."""

import gc
import os

from django.conf import settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, reset_queries

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# The start of the next request judges the connection again, and there is no log of statements to empty.
request_finished.disconnect(close_old_connections)
if not settings.DEBUG:
    request_started.disconnect(reset_queries)

# What is loaded by now stays for good: the collector need not walk through it again and again.
gc.collect()
gc.freeze()

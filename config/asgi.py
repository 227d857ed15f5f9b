"""Websocket and streams in production, and everything in the one process of `make run`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["UNDER_ASGI"] = "true"

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

http = get_asgi_application()

from chat.consumer import chat_inside  # noqa: E402 -- the same
from config.routing import sockets  # noqa: E402 -- the same
from core.worker import Lifespan, worker_inside  # noqa: E402 -- needs the apps

lifespan = Lifespan(worker_inside, chat_inside)
application = ProtocolTypeRouter({"http": http, "websocket": sockets, "lifespan": lifespan})

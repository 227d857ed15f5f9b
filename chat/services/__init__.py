"""The deeds of chat. All run in a transaction as the system and tell live sockets on commit.

thread, made = open_thread(opener=alice, people={tara.pk: Part.TUNER})
sent = send(thread_id=thread.pk, sender_id=alice.pk, body="Hello")
"""

from chat.services.changing import delete, edit
from chat.services.sending import Sent, append, send
from chat.services.threads import (
    add_person,
    close_context,
    join_as_staff,
    leave,
    mark_read,
    mute,
    open_thread,
    rename,
    set_status,
)

__all__ = [
    "Sent",
    "add_person",
    "append",
    "close_context",
    "delete",
    "edit",
    "join_as_staff",
    "leave",
    "mark_read",
    "mute",
    "open_thread",
    "rename",
    "send",
    "set_status",
]

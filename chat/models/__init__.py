"""What chat keeps: threads and who is in them, what was said, and what support needs."""

from chat.models.message import Attachment, Kind, Message, MessageEdit
from chat.models.people import Block, Presence, Report, SocketTicket
from chat.models.support import CannedReply
from chat.models.thread import Part, Participant, Thread, ThreadKind, ThreadStatus

__all__ = [
    "Attachment",
    "Block",
    "CannedReply",
    "Kind",
    "Message",
    "MessageEdit",
    "Part",
    "Participant",
    "Presence",
    "Report",
    "SocketTicket",
    "Thread",
    "ThreadKind",
    "ThreadStatus",
]

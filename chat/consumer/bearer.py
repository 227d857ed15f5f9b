"""The login of an open socket: announced before it ends, renewed in place, looked up when it may have been revoked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from chat import frames
from chat.consumer import codes, queries
from chat.consumer.database import AWAY
from core import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chat.consumer.engine import Engine
    from chat.consumer.login import Login
    from core.hub import Frame

WARN: Final = 60.0  # seconds before its token expires a client is told


class Bearer:
    """What a socket is besides its frames: somebody who may lose the right to it."""

    __slots__ = ("_timers", "engine", "login", "user")

    def __init__(self, engine: Engine, login: Login) -> None:
        self.engine, self.login, self.user = engine, login, login.user
        self._timers: list[asyncio.TimerHandle] = []

    def push(self, text: str) -> None:
        raise NotImplementedError

    def send_frame(self, frame: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def cut(self, code: int, reason: str = "") -> None:
        raise NotImplementedError

    def heard(self, frame: Frame) -> None:
        """A frame of the person's own topic: the end of a session, or a poke of another app."""
        if frame["type"] != "SESSION_REVOKED":
            self.push(frame.json.decode())
            return
        only, spare, mine = frame["sessionId"], frame["exceptId"], self.login.session
        if (only is None or only == mine) and mine != spare:
            self.engine.spawn(self._check_login(), "chat-check")

    async def _check_login(self) -> None:
        """The frame is a poke: the database says whether the session has ended."""
        try:
            alive = (
                await self.login.browser_lives(self.engine.database)
                if self.login.staff
                else bool(await self.engine.database.fetch(queries.LIVE_SESSIONS, [[self.login.session]]))
            )
        except AWAY:
            return  # the reconcile round asks again
        if not alive:
            self.cut(codes.TOKEN, "session_revoked")

    def renew(self, login: Login) -> None:
        """A fresh token of the same person."""
        self.login = login
        self.watch_clock()
        self.send_frame({"type": "AUTHED", "tokenExpiresAt": self.expiry()})

    def watch_clock(self) -> None:
        """Warn before the token expires, and close when it does."""
        self.forget_login()
        if not self.login.expires_at:
            return
        left = self.login.expires_at - clock.now().timestamp()
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(max(0.0, left), self.cut, codes.TOKEN, "token_expired"))
        if left > 0:
            told = min(WARN, left / 2)
            self._timers.append(
                loop.call_later(left - told, self.send_frame, {"type": "AUTH_EXPIRING", "in": round(told)})
            )

    def forget_login(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def expiry(self) -> str | None:
        if not self.login.expires_at:
            return None
        return frames.stamp(datetime.fromtimestamp(self.login.expires_at, UTC))

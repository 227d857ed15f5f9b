"""The websocket side of the server: what nobody serves is refused in order."""

import asyncio

from asgiref.testing import ApplicationCommunicator

from config.routing import sockets


def test_an_unknown_socket_is_closed_before_it_opens():
    async def knock():
        visitor = ApplicationCommunicator(sockets, {"type": "websocket", "path": "/nowhere", "headers": []})
        await visitor.send_input({"type": "websocket.connect"})
        answer = await visitor.receive_output(timeout=5)
        await visitor.wait(timeout=5)
        return answer

    assert asyncio.run(knock()) == {"type": "websocket.close", "code": 4404}

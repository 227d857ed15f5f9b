"""Push for development: on the screen."""

from collections.abc import Mapping


class Console:
    def send(self, token: str, *, title: str, body: str, data: Mapping[str, str]) -> None:
        print(f"\n--- push to {token[:12]}…\n{title}\n{body}\n---", flush=True)  # noqa: T201 -- that is what it is for

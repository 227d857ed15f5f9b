"""Jobs of chat."""

from uuid import UUID

from procrastinate.contrib.django import app

from chat.services import notes


@app.task(name="chat.tell_absent")
def tell_absent(thread_id: str, people: list[str]) -> None:
    """There are messages for people who are not looking."""
    notes.tell_absent(UUID(thread_id), [UUID(person) for person in people])


@app.periodic(cron="*/2 * * * *")
@app.task(name="chat.sweep", queueing_lock="chat.sweep")
def sweep(timestamp: int) -> None:
    """What a process that died left unsettled, snoozed conversations whose time has come, old tickets."""
    notes.sweep()

"""Jobs by name, so that services can enqueue what tasks.py runs: in the transaction of the fact that causes them."""

from procrastinate.contrib.django import app

QUEUE = "payments"


def enqueue(name: str, *, after_seconds: int = 0, **arguments: str) -> None:
    """Run the task `payments.<name>` once this transaction has committed."""
    later = {"seconds": after_seconds} if after_seconds else None
    app.configure_task(f"payments.{name}", queue=QUEUE, schedule_in=later).defer(**arguments)

"""What time does to tuners."""

from procrastinate.contrib.django import app

from tuners import services


@app.periodic(cron="17 3 * * *")
@app.task(name="tuners.lapse_expired", queueing_lock="tuners.lapse_expired")
def lapse_expired(timestamp: int) -> None:
    """Daily: verifications that rest on an expired certification."""
    services.lapse_expired()

"""What other apps tell live, by a real SUBSCRIBE on a real socket: the progress of a flash, and telemetry."""

import time

import pytest
from procrastinate.contrib.django import app

from chat.tests.serving import in_thread, run, token_of, visiting
from garage.tests.making import garage_plugs, make_backup, make_vehicle
from telematics.tests.making import drive
from tests.cast import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.redis]
plugs = garage_plugs  # a fixture
JOBS = "/api/v1/garage/flash-jobs/"


async def refused(visitor, topic):
    await visitor.say(type="SUBSCRIBE", topic=topic)
    frame = await visitor.hear("ERROR", "SUBSCRIBED")
    return frame["type"], frame.get("code"), frame["topic"]


def test_the_owner_watches_a_flash_and_a_stranger_does_not(server, plugs, client_for, transactional_db):
    alice, bob = make_user("alice"), make_user("bob")
    bike = make_vehicle(alice)
    source = {"kind": "backup", "id": str(make_backup(bike).pk)}
    client = client_for(alice)
    job = client.post(JOBS, {"vehicle_id": str(bike.pk), "source": source}).json()
    topic = f"flash:{job['id']}"
    tokens = token_of(alice), token_of(bob)

    def tell(event, **more):
        body = {"event": event, "client_event_id": event} | more
        assert client.post(f"{JOBS}{job['id']}/events/", body).status_code == 200

    def flashed():
        app.tasks["garage.prepare_flash"].func(job["id"])
        tell("started")
        tell("progress", percent=40)
        tell("verifying")
        tell("completed")

    async def story():
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[1]) as b:
            assert await refused(b, topic) == ("ERROR", "forbidden", topic)
            await a.say(type="SUBSCRIBE", topic=topic)
            assert await a.hear("SUBSCRIBED") == {"type": "SUBSCRIBED", "topic": topic}
            await in_thread(flashed)
            frames = [await a.hear("FLASH")]
            while frames[-1]["status"] != "completed":
                frames.append(await a.hear("FLASH"))
            assert {frame["jobId"] for frame in frames} == {job["id"]}
            await a.say(type="UNSUBSCRIBE", topic=topic)
            await a.hear("UNSUBSCRIBED")
            await b.quiet("FLASH")
            return [(frame["status"], frame["percent"]) for frame in frames]

    assert run(story()) == [
        ("ready", 0), ("in_progress", 0), ("in_progress", 40), ("verifying", 40), ("completed", 100),
    ]  # fmt: skip


def test_the_owner_watches_a_vehicle_until_they_look_away(server, client_for, transactional_db):
    alice, bob = make_user("alice"), make_user("bob")
    bike = make_vehicle(alice)
    client, topic = client_for(alice), f"vehicle:{bike.pk}"
    tokens = token_of(alice), token_of(bob)

    def ride():
        """The last seconds of it: what is older than a minute is nothing to watch live."""
        whole = drive(20, t0=int(time.time()) * 1000 - 20_000)
        rows = [{"t": t} | values for t, values in whole.rows()]
        body = {
            "vehicleId": str(bike.pk), "startTimestamp": whole.t0, "endTimestamp": whole.t1, "samples": rows,
        }  # fmt: skip
        assert client.post(f"/api/v1/telematics/{bike.pk}/", body).status_code == 202
        return rows[-1]

    async def story():
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[1]) as b:
            assert await refused(b, topic) == ("ERROR", "forbidden", topic)
            await a.say(type="SUBSCRIBE", topic=topic)
            await a.hear("SUBSCRIBED")
            newest = await in_thread(ride)
            frame = await a.hear("TELEMETRY")
            assert (frame["vehicleId"], frame["t"]) == (str(bike.pk), newest["t"])
            assert frame["vals"]["rpm"] == pytest.approx(newest["rpm"])
            await a.say(type="UNSUBSCRIBE", topic=topic)
            await a.hear("UNSUBSCRIBED")
            await in_thread(ride)
            await a.quiet("TELEMETRY")
            await b.quiet("TELEMETRY")

    run(story())

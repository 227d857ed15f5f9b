import pytest
from core.ports import demo_worlds
from core.rls import SYSTEM_ROLE
from core.testing.client import use_role
from tests.cast import login

QS = """when is my next service?
wen is my nxt servise
anything overdue?
what reminders do i have
when was my last oil change
when did i last change the oil?
show me my service histroy
list my vehicles
what bikes do I own
what is my odometer at
how far has my bike run
whats the milage of the R1
how big is the engine
what's my redline?
which ecu is fitted
what mods are on my bike
how much fuel does it use
what is my fuel consumtion
when did i last fill up the tank
how much have I spent this year
running costs of my motorcycle
when does my insurance expire
do i have an ecu backup
is my ecu backed up?
what's my license plate
what is my VIN
which fuel does my bike take
what year is my bike
is my tune safe?
is it safe to flash the tune
what did the safety report say
what does my sefety reprot say
why is my flash blocked?
list all safety reports
when is my next appointment
do I have a booking
whens my apointment
when was my last appointment
when are you open on saturday
where is the workshop
how much is an oil change
what does a dyno run cost
what tunes did I buy
how many downloads do i have left
what is on my wishlist
does the tune fit my bike
what does P0301 mean
i got code p0420 and U0100
what is lambda?
explain knock
what does AFR stand for
what is a VE table
hello
thanks!
who are you
I want to talk to a human
what can you do
delete my vehicle
book an appointment for me
who won the world cup
what is the capital of france
how do i adjust valve clearance
what's bob's odometer
valve clearence due?
how much did the exhaust cost
track days
tell me about my bike
status of my flash
has my bike been flashed
""".strip().splitlines()

@pytest.mark.django_db
def test_probe():
    use_role(SYSTEM_ROLE)
    world = {"accounts": []}
    for plug in demo_worlds.values():
        plug.fill(world)
    alice = login(world["alice"])
    for q in QS:
        a = alice.post("/api/v1/chat/", {"message": q, "session_id": "x"})
        d = a.json()
        print("Q:", q, "\n   A:", a.status_code, d.get("response", d), [s["kind"] for s in d.get("sources", [])], d.get("cautions"))

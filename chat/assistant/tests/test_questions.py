"""The built-in answerer on the demo world: plain questions, hasty ones, and those that it must not answer."""

from collections import Counter

import pytest

from chat.assistant.builtin import NOTHING
from chat.assistant.builtin.answering import OTHERS
from chat.assistant.builtin.smalltalk import HELLO, HELP, HUMAN, THANKS, WRITE
from tests.cast import login

pytestmark = pytest.mark.django_db

CHAT = "/api/v1/chat/"
R1 = "Big bore R1"

# kind of question: (questions, how the answer begins, kind of its first source)
QUESTIONS = {
    "next service": (["When is my next service?", "wen is my nxt servise", "what maintenance is coming up", "service due?"],
                     f"Valve clearance of {R1} is due soon: at 20,400 km (520 km to go)", "reminder"),
    "overdue": (["Anything overdue?", "did i miss anyting? is sth overdu"], "Nothing is overdue. Insurance of", "reminder"),
    "reminders": (["What reminders do I have?", "list my remindrs due"], f"Insurance of {R1} is due soon: on", "reminder"),
    "one reminder": (["Is the valve clearance due?", "valve clearence due"], f"Valve clearance of {R1}", "reminder"),
    "insurance": (["When does my insurance expire?", "insurence expiry date"], f"Insurance of {R1} is due soon", "reminder"),
    "last service": (["When was my last service?", "last time it was serviced"], f"Brake inspection of {R1} was done on", "service_record"),
    "last oil change": (["When was my last oil change?", "when did i last chnage the oil"], f"Oil and filter of {R1} was done on", "service_record"),
    "history": (["Show me my service history", "servce histroy of my bike"], f"Brake inspection of {R1}", "service_record"),
    "vehicles": (["What bikes do I own?", "list my vehicls", "tell me about my motorcycle"], f"{R1} is a 2010 Yamaha YZF-R1", "vehicle"),
    "odometer": (["What does the odometer say?", "whats the milage of the R1", "How far has my bike run?"], f"The odometer of {R1} stands at 19,880 km.", "vehicle"),
    "engine": (["How big is the engine?", "whats my redlin", "how many cilinders does it have"], f"The engine of {R1}: 1027 cc, 4 cylinders", "vehicle"),
    "ecu": (["Which ECU is fitted?", "what firmwear runs on my ecu"], f"The ECU of {R1} is speeduino 202305.", "vehicle"),
    "mods": (["What mods are on my bike?", "list modificatons"], f"Slip-on exhaust is fitted to {R1}", "mod"),
    "consumption": (["What is my fuel consumption?", "fuel consumtion", "how much petrol does it use"], f"{R1} got 12.9 l on", "fuel_up"),
    "last fuel": (["When did I last fill up the tank?", "last refuel wen"], f"{R1} got 12.9 l on", "fuel_up"),
    "costs": (["How much have I spent this year?", "runing costs of my motorcycle"], f"{R1} cost INR 49,", "vehicle"),
    "one cost": (["How much did the exhaust cost?"], f"Slip-on exhaust is fitted to {R1}", "mod"),
    "backup": (["Do I have an ECU backup?", "is my ecu backd up"], f"The ECU of {R1} was backed up on", "ecu_backup"),
    "flash": (["Has my bike been flashed?", "status of my flsh job"], "No flash was asked for yet.", "vehicle"),
    "plate": (["What is my licence plate?", "registraton number of my bike"], f"The licence plate of {R1} is MH 12 RS 4711.", "vehicle"),
    "vin": (["What is my VIN?", "chassis number?"], f"The VIN of {R1} ends in 0471;", "vehicle"),
    "fuel type": (["Which fuel does my bike take?", "petrol or diesel?"], f"{R1} runs on petrol.", "vehicle"),
    "model": (["What year is my bike?", "how old is my motorcyle"], f"{R1} is a Yamaha YZF-R1 of 2010.", "vehicle"),
    "safe": (["Is my tune safe?", "is it saef to flash this tune", "How risky is that map?"], "The safety report of", "safety_report"),
    "report": (["What did the safety report say?", "what does my sefety reprot say"], "The safety report of", "safety_report"),
    "blocked": (["Why is my flash blocked?", "why cant i flash the tune"], "The safety report of", "safety_report"),
    "reports": (["List all my safety reports"], "The safety report of", "safety_report"),
    "next visit": (["When is my next appointment?", "whens my apointment", "Do I have a booking?"], "Appointment RS-", "appointment"),
    "past visits": (["When was my last appointment?", "previous bookings"], "Appointment RS-", "appointment"),
    "shop": (["When are you open on Saturday?", "where is the workshp", "what are the opening hours"], "RevSync Works Bengaluru: 12 Langford Road", "shop"),
    "price": (["How much is an oil change?", "price of an oil chnage"], "Oil and filter at RevSync Works Bengaluru costs INR 1,200.00", "service"),
    "dyno price": (["What does a dyno run cost?"], "Dyno run, three pulls at RevSync Works Bengaluru costs", "service"),
    "purchases": (["What tunes did I buy?", "show my purchses"], "You have bought no tune yet.", None),
    "downloads": (["How many downloads do I have left?"], "You have no right to a tune yet.", None),
    "wishlist": (["What is on my wishlist?"], "Your wishlist is empty.", None),
    "fit": (["Does MT-07 street by Tara fit my bike?"], f'The tune "MT-07 street by Tara" does not fit {R1}.', "tune"),
    "code": (["What does P0301 mean?", "my bike shows p-0301", "P O301?"], "P0301", "dtc_code"),
    "other codes": (["i got code U0100"], "U0100", "dtc_code"),
    "lambda": (["What is lambda?", "explain lamda"], "Lambda is the air-fuel ratio", "glossary"),
    "knock": (["Explain knock", "what does detonaton mean"], "Knock is fuel that burns by itself", "glossary"),
    "afr": (["What does AFR stand for?"], "AFR is the mass of air", "glossary"),
    "check engine": (["What does the check engine light mean?"], "The check-engine light means", "glossary"),
    "notes": (["track days"], "From your data: Notes: Track days in winter", "vehicle"),
    "fault codes": (["Does my bike have any trouble codes?", "is the check engine light on", "any fault coeds"], f"{R1} shows the trouble code", "dtc"),
    "telemetry": (["What is the coolant temperature?", "battery voltge now"], f"{R1} said last, on", "telemetry"),
    "trips": (["How long was my last ride?", "last trip"], f"{R1} drove ", "trip"),
    "intervals": (["How often should I change the oil?"], f"Engine oil and filter of {R1} comes back every 6,000 km or 12 months", "maintenance_plan"),
    "membership": (["Do I have a membership?", "when does my subscripton renew"], "Your membership Plus is active: INR 799.00 a month", "membership"),
    "hello": (["Hello", "hi there"], HELLO, None),
    "thanks": (["Thanks a lot!"], THANKS, None),
    "help": (["What can you do?", "help"], HELP, None),
    "human": (["I want to talk to a human", "who are you"], HUMAN, None),
    "write": (["Delete my vehicle", "book an appointment for me please", "cancel my apointment"], WRITE, None),
    "others": (["What is Bob's odometer?", "show me bob’s service history"], OTHERS, None),
    "nothing": (["Who won the world cup?", "What is the capital of France?", "write a poem on the sea", "asdf qwer zxcv"], NOTHING, None),
}  # fmt: skip


def test_there_are_enough_kinds_of_questions():
    assert len(QUESTIONS) >= 40


def test_each_question_gets_its_answer_and_its_source(alice):
    wrong = []
    for kind, (questions, begins, source) in QUESTIONS.items():
        for number, question in enumerate(questions):
            said = alice.post(
                CHAT, {"message": question, "session_id": f"{kind}-{number}".replace(" ", "-")}
            ).json()
            sources = said.get("sources") or [{"kind": None}]
            if not said.get("response", "").startswith(begins) or sources[0]["kind"] != source:
                wrong.append(f"{question!r} -> {said.get('response', said)!r:.160} {sources[0]['kind']}")
    assert wrong == [], "\n".join(wrong)


def test_every_source_with_an_address_opens_for_its_owner_alone(alice, bob):
    opened = Counter()
    for question in (
        "What is due next?",
        "service history",
        "is my tune safe?",
        "next appointment",
        "what mods do I have",
    ):
        for source in alice.post(CHAT, {"message": question}).json()["sources"]:
            assert alice.get(source["url"]).status_code == 200, source
            assert bob.get(source["url"]).status_code == 404, source
            opened[source["kind"]] += 1
    assert set(opened) == {"reminder", "service_record", "safety_report", "appointment", "mod"}


def test_somebody_without_records_is_told_so(world):
    tara = login(world["tara"])
    answers = {
        question: tara.post(CHAT, {"message": question}).json()["response"]
        for question in ("When is my next service?", "Is my tune safe?", "next appointment?")
    }
    assert answers["When is my next service?"].startswith("There is no vehicle in your garage yet.")
    assert answers["Is my tune safe?"].startswith("There is no safety report yet.")
    assert answers["next appointment?"] == "You have no appointment ahead."

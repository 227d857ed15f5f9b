"""Answers of a language model: what it is told, what it took, how it fails, and who stands in for it."""

import json
from datetime import timedelta

import pytest

from chat.assistant.models import AnswerUsage
from chat.assistant.services.quotas import allowance_of
from chat.assistant.tests.conftest import text_of
from core import clock
from core.models import AuditEvent
from tests.cast import login, make_user
from users.ports import benefits

pytestmark = pytest.mark.django_db

CHAT = "/api/v1/chat/"
NEXT = "When is my next service?"
AXLE = "How tight is the rear axle nut?"


def ask(client, message=NEXT, session_id="s", **more):
    return client.post(CHAT, {"message": message, "session_id": session_id, **more})


def facts_of(asked):
    """number -> text of the facts that a request showed to the model."""
    data = next(m["content"] for m in asked["messages"] if "UNTRUSTED DATA" in str(m["content"])[:20])
    return {
        fact["n"]: fact["text"] for block in json.loads(data.split("\n", 1)[1]) for fact in block["facts"]
    }


def test_the_model_answers_from_the_persons_records_and_cites_them(alice, model):
    said = ask(alice).json()
    assert (said["provider"], said["model"], said["degraded"]) == ("openai", "test-model", "")
    assert said["response"] == model.says
    assert said["usage"] == {"prompt_tokens": model.counted, "completion_tokens": 9}
    facts = facts_of(model.asked[0])
    assert facts[2].startswith("Insurance of") or facts[2].startswith("Valve clearance of")
    assert [source["kind"] for source in said["sources"]] == ["reminder"]
    assert alice.get(said["sources"][0]["url"]).status_code == 200


def test_blocks_come_in_their_order_and_no_vin_is_told(alice, world, model):
    ask(alice, AXLE)
    data = next(m["content"] for m in model.asked[0]["messages"] if m["content"].startswith("UNTRUSTED"))
    names = [block["block"] for block in json.loads(data.split("\n", 1)[1])]
    assert names[:3] == ["vehicles", "reminders", "service_history"]
    assert (
        names.index("safety_reports") < names.index("next_appointments") < names.index("texts_of_this_person")
    )
    assert world["alice_vehicle"].vin not in model.prompt()
    assert model.asked[0]["messages"][-1]["content"] == AXLE


def test_the_conversation_goes_along(alice, model):
    ask(alice, "Remember the word pistachio.")
    ask(alice, "Which word?")
    roles = [(m["role"], m["content"]) for m in model.asked[1]["messages"][-3:]]
    assert roles == [
        ("user", "Remember the word pistachio."),
        ("assistant", model.says),
        ("user", "Which word?"),
    ]


def test_a_long_conversation_is_cut_at_its_old_end(alice, model, settings):
    settings.AI_CONTEXT_TOKENS = 1500
    for number in range(6):
        ask(alice, f"Question {number} " + "about chains and sprockets " * 40)
    prompt = model.prompt()
    assert "Question 5" in prompt
    assert "Question 0" not in prompt
    assert sum(len(str(m["content"])) for m in model.asked[-1]["messages"]) / 3.5 < 1800


def test_a_prompt_that_is_too_long_is_halved_once(alice, model):
    for number in range(4):
        ask(alice, f"Question {number} " + "about chains " * 60)
    whole = sum(len(str(m["content"])) for m in model.asked[-1]["messages"])
    model.context = whole - 500
    said = ask(alice, "And now?").json()
    assert (said["provider"], said["degraded"], said["response"]) == ("openai", "", model.says)
    assert len(model.prompt(-1)) < len(model.prompt(-2))


def test_and_then_the_built_in_answers(alice, model):
    model.context = 10
    said = ask(alice).json()
    assert (said["provider"], said["degraded"]) == ("builtin", "context_length")
    assert said["response"].startswith("Valve clearance of")
    assert len(model.asked) == 2


@pytest.mark.parametrize(
    "plan, code",
    [
        ({"kind": "refuse", "status": 401}, "provider_login"),
        ({"kind": "refuse", "status": 429, "retry_after": "120"}, "provider_busy"),
        ({"kind": "refuse", "status": 500, "times": 2}, "provider_error"),
        ({"kind": "silent", "times": 2}, "timeout"),
        ({"kind": "cut", "times": 2}, "unreachable"),
    ],
)
def test_down_before_the_first_word_is_a_degraded_answer(alice, model, plan, code):
    model.plan(**plan)
    answer = ask(alice)
    said = answer.json()
    assert (answer.status_code, said["provider"], said["degraded"]) == (200, "builtin", code)
    assert said["response"].startswith("Valve clearance of")
    assert model.key not in answer.content.decode()


@pytest.mark.parametrize(
    "kind, code", [("error", "broken_off"), ("cut", "unreachable"), ("stall", "timeout")]
)
def test_down_in_the_middle_keeps_what_came_and_the_conversation(alice, model, kind, code):
    model.plan(kind, after=4)
    said = ask(alice).json()
    assert (said["response"], said["status"], said["error_code"]) == (
        "Your valve clearance is",
        "partial",
        code,
    )
    assert model.key not in json.dumps(said)
    again = ask(alice, "And now?").json()
    assert (again["status"], again["response"]) == ("complete", model.says)
    page = alice.get(f"{CHAT}conversation/s/").json()["messages"]
    assert [row["status"] for row in page] == ["complete", "partial", "complete", "complete"]


def test_a_stream_that_breaks_says_so_in_its_own_way(alice, model):
    model.plan("error", after=4, times=3)
    body = {"message": NEXT}
    assert text_of(alice.post(f"{CHAT}stream/", body)).endswith(
        "[broken_off] The answer broke off. What there is of it was kept.\n"
    )
    events = text_of(alice.post(f"{CHAT}stream/", body, HTTP_ACCEPT="text/event-stream"))
    assert ("event: error" in events, '"code":"broken_off"' in events) == (True, True)
    sdk = text_of(alice.post(f"{CHAT}stream/?protocol=ai-sdk", body))
    assert '"type":"error","errorText":"The answer broke off.' in sdk
    assert model.key not in events + sdk


def test_without_the_built_in_a_dead_model_is_a_503(alice, model, settings):
    settings.AI_PROVIDER = "openai"
    model.plan("refuse", status=401, times=2)
    for path in ("", "stream/"):
        answer = alice.post(f"{CHAT}{path}", {"message": NEXT, "session_id": "dead"})
        assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (
            503,
            "assistant_unavailable",
            "10",
        )
    rows = alice.get(f"{CHAT}conversation/dead/").json()["messages"]
    assert [row["status"] for row in rows] == ["complete", "failed", "complete", "failed"]


def test_tools_read_and_nothing_else(alice, world, model):
    calls = [
        ("get_service_history", "{}"),
        ("lookup_dtc", '{"code": "p0301"}'),
        ("drop_table", "{}"),
        ("get_vehicles", "no json"),
    ]
    model.plan("tools", calls=calls)
    assert ask(alice).json()["response"] == model.says
    results = {m["tool_call_id"]: m["content"] for m in model.asked[1]["messages"] if m["role"] == "tool"}
    assert "Oil and filter of Big bore R1" in results["call_0"]
    assert "P0301" in results["call_1"]
    assert [results[f"call_{n}"].endswith("\n[]") for n in range(4)] == [False, False, True, True]
    assert all(result.startswith("UNTRUSTED DATA") for result in results.values())


def test_a_tool_sees_no_vehicle_of_somebody_else(alice, world, model):
    theirs = world["alice_vehicle"].pk
    bob = login(world["bob"])
    for name in ("get_service_history", "get_reminders", "get_safety_report"):
        model.plan("tools", calls=[(name, json.dumps({"vehicle_id": str(theirs)}))])
        ask(bob, session_id=name)
        result = next(m["content"] for m in model.asked[-1]["messages"] if m["role"] == "tool")
        assert result.endswith("\n[]"), name


def test_a_model_that_calls_for_ever_is_stopped(alice, model):
    model.plan("tools", calls=[("get_vehicles", "{}")], times=3)
    assert ask(alice).json()["response"] == model.says
    assert [("tools" in asked) for asked in model.asked] == [True, True, True, False]


def test_what_it_took_is_counted_and_audited(alice, world, model):
    ask(alice)
    model.plan("well", usage=False)
    ask(alice, "And then?")
    first, second = AnswerUsage.objects.filter(owner=world["alice"], provider="openai").order_by("at")
    assert (first.prompt_tokens > 500, first.completion_tokens, first.estimated) == (True, 9, False)
    assert (second.estimated, second.prompt_tokens > 100) == (True, True)
    events = AuditEvent.objects.filter(action="assistant.answer", actor=world["alice"].pk)
    assert [event.data["model"] for event in events] == ["test-model", "test-model"]


def test_the_built_in_costs_nothing(alice, world):
    before = AuditEvent.objects.filter(action="assistant.answer").count()
    ask(alice)
    assert AuditEvent.objects.filter(action="assistant.answer").count() == before == 0


def test_tokens_used_up_leave_the_built_in(alice, model, settings):
    settings.AI_TOKENS_PER_DAY = 500
    assert ask(alice).json()["provider"] == "openai"
    said = ask(alice).json()
    assert (said["provider"], said["degraded"]) == ("builtin", "quota")
    assert len(model.asked) == 1


def test_messages_used_up_are_a_429_until_midnight(settings, client_for):
    settings.AI_MESSAGES_PER_DAY = 2
    rita = client_for(make_user("rita"))
    assert [ask(rita).status_code for _ in range(3)] == [200, 200, 429]
    refused = ask(rita)
    assert (refused.json()["code"], 0 < int(refused["Retry-After"]) <= 86400) == ("assistant_quota", True)
    assert len(rita.get(f"{CHAT}conversation/s/").json()["messages"]) == 4
    with clock.held_at(clock.now() + timedelta(days=1)):
        assert allowance_of(make_user("rita")).messages_used == 0


def test_a_plan_may_allow_more(settings, client_for):
    class Plus:
        def value_for(self, user):
            return 3

    settings.AI_MESSAGES_PER_DAY = 1
    taken = benefits._plugs.pop("assistant_quota", None)
    benefits.register("assistant_quota", Plus())
    try:
        rita = client_for(make_user("rita"))
        assert [ask(rita).status_code for _ in range(4)] == [200, 200, 200, 429]
    finally:
        benefits._plugs.pop("assistant_quota")
        if taken is not None:
            benefits.register("assistant_quota", taken)


def test_cautions_come_from_code_whatever_the_model_says(alice, model):
    model.says = "Just file the brake pads down a little, and set the boost to 2 bar."
    said = ask(alice, "My pads squeal").json()
    assert said["cautions"] == ["brakes", "engine"]
    assert "Caution: Brakes keep you alive" in said["response"]
    assert said["response"].count("Caution:") == 2


def test_what_a_model_says_is_plain(alice, model):
    model.says = "Look ![x](https://evil.example/a.png) at\u200b this\u202e now!"
    said = ask(alice).json()["response"]
    assert said == "Look [x](https://evil.example/a.png) at this now!"

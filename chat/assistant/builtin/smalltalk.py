"""What the built-in answers of itself."""

from collections.abc import Callable
from typing import Final

from chat.ports import Pattern, Question, Reply, words

HELP: Final = (
    "I answer from your own records: your vehicles, reminders and service history, safety reports, appointments, "
    "purchases, and texts that you gave me. I also explain trouble codes such as P0301 and words of the trade. "
    'Try: "When is my next service?", "What did the safety report say?", "What does P0301 mean?"'
)
HELLO: Final = f"Hello! {HELP}"
THANKS: Final = "You are welcome."
HUMAN: Final = (
    "I am RevSync's assistant, a program. If you want to talk to a person, hand this conversation over: a support "
    "thread is opened with it attached."
)
WRITE: Final = "I can only read your records, not change them. Use the app for that; I can tell you what stands there now."


def _says(text: str) -> Callable[[Question], Reply | None]:
    return lambda question: Reply(text)


PATTERNS: Final = (
    Pattern(
        "hello", (words("hello hi hey hallo namaste greetings"),), _says(HELLO), unlike=words("service tune")
    ),
    Pattern("thanks", (words("thanks thank thx cheers"),), _says(THANKS), likes=words("you very much lot")),
    Pattern(
        "help",
        (words("help capabilities abilities"),),
        _says(HELP),
        likes=words("can you do what ask how"),
    ),
    Pattern(
        "what can you do",
        (words("what"), words("you"), words("do know able")),
        _says(HELP),
        likes=words("can"),
    ),
    Pattern(
        "a person",
        (words("human person agent someone somebody support staff"),),
        _says(HUMAN),
        likes=words("talk speak contact real chat reach want bot robot are you"),
    ),
    Pattern("who are you", (words("who"), words("you")), _says(HUMAN), likes=words("are made")),
    Pattern(
        "no writing",
        (
            words("delete remove cancel book change update edit add create rename transfer buy pay erase"),
            words(
                "vehicle vehicles bike appointment tune reminder reminders service record records all account everything"
            ),
        ),
        _says(WRITE),
        likes=words("my new please"),
        unlike=words("was did when last much does cost how what which should"),
    ),
)

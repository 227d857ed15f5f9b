"""Answers without a language model."""

from chat.assistant.builtin.answering import NOTHING, Known, answer

__all__ = ["NOTHING", "Known", "answer"]

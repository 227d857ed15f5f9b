"""Who finds words, by the name that SAFETY_WORDING gives."""

from safety.openai import OpenAIWording
from safety.ports import wordings

wordings.register("openai", OpenAIWording())

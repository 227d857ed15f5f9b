"""Deeds of safety: analyse, acknowledge, check what is on sale, keep definitions, find words."""

from safety.engine import RULESET_VERSION
from safety.services.analysing import ASKS, acknowledge, analyse, finish, requeue_stuck
from safety.services.definitions import add_definition, matching
from safety.services.fitments import check_version, rerun, seen
from safety.services.purchases import analyse_purchase
from safety.services.subjects import Subject, own_upload, read_subject
from safety.services.wording import find_words

__all__ = [
    "ASKS",
    "RULESET_VERSION",
    "Subject",
    "acknowledge",
    "add_definition",
    "analyse",
    "analyse_purchase",
    "check_version",
    "find_words",
    "finish",
    "matching",
    "own_upload",
    "read_subject",
    "requeue_stuck",
    "rerun",
    "seen",
]

"""`.env.example` names every variable that the settings read."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
READERS = {"text", "secret", "required_secret", "flag", "number", "listing"}
OURS = {"UNDER_ASGI", "REVSYNC_DB_ROLE"}  # said by one of our processes to another, not by people


def names_read():
    for file in (ROOT / "config").glob("settings*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in READERS:
                yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant))


def test_the_example_is_complete():
    told = set(re.findall(r"([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text()))
    assert set(names_read()) - OURS - told == set()

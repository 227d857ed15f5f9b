"""A frozen peer: the least that can answer, raw ASGI and one statement that makes the JSON in PostgreSQL.

It reads the plain peer's tables and tokens, and checks a token's signature only.
"""

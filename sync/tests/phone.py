"""What the tests of the protocol say again and again."""

from core.ids import uuid7

PULL, PUSH, LETTERS = "/api/v1/sync/pull/", "/api/v1/sync/push/", "/api/v1/sync/rejections/"
MINE = ["test_bikes", "test_parts", "test_invoices", "test_logs", "test_rides", "test_shops"]


def key():
    return str(uuid7())


def bike(**fields):
    return {"id": key(), "nickname": "MT-07"} | fields


def push(client, changes=None, **body):
    return client.post(PUSH, {"changes": changes or {}} | body)


def updated(*records, name="test_bikes"):
    return {name: {"created": [], "updated": list(records), "deleted": []}}


def only(answer):
    """The one rejection of a push."""
    assert answer.status_code == 200, answer.content
    (rejection,) = answer.json()["rejected"]
    return rejection


def pull(client, cursor=None, **body):
    return client.post(PULL, {"cursor": cursor, "collections": MINE} | body)


def delta(client, cursor=None):
    return pull(client, cursor).json()


def pages(client, cursor=None, **body):
    """All pages of one answer."""
    found = []
    while True:
        answer = pull(client, cursor, **body)
        assert answer.status_code == 200, answer.content
        found.append(answer.json())
        if not found[-1]["has_more"]:
            return found
        cursor = found[-1]["cursor"]


def told(page):
    """Collection -> (ids of updated, deleted)."""
    return {
        name: ([row["id"] for row in change["updated"]], change["deleted"])
        for name, change in page["changes"].items()
    }

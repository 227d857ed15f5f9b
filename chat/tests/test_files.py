"""A file on its way: presign, PUT, complete, a message, and a signed URL for whoever is in the thread."""

import pytest
import requests

from chat.models import Attachment, Message, Part
from chat.services import open_thread
from chat.tests.serving import in_thread, run, token_of, visiting
from core.testing.files import put, upload
from tests.cast import make_user

pytestmark = pytest.mark.django_db
THREADS = "/api/v1/chat/threads/"
LOG = b"rpm,afr\n3000,12.9\n"


@pytest.fixture
def talk():
    """Alice and Tara's thread, and Bob outside of it."""
    alice, tara = make_user("alice"), make_user("tara")
    thread, _ = open_thread(opener=alice.pk, people={tara.pk: Part.TUNER})
    return alice, tara, make_user("bob"), thread


def fetched(anyone, url):
    """What lies behind a signed URL, without a login."""
    if not url.startswith("http://testserver"):
        return requests.get(url, timeout=5).content
    answer = anyone.get(url.removeprefix("http://testserver"))
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_a_file_goes_by_rest_from_alice_to_tara_and_no_further(talk, client_for, anyone):
    alice, tara, bob, thread = talk
    mine, url = client_for(alice), f"{THREADS}{thread.pk}/messages/"
    file = upload(mine, LOG, filename="pull.csv", content_type="text/csv")
    said = mine.post(url, {"body": "The pull", "attachments": [file["id"]]})
    shape = {"file_id": file["id"], "filename": "pull.csv", "content_type": "text/csv", "size": len(LOG)}
    assert (said.status_code, said.json()["attachments"]) == (201, [shape])
    got = client_for(tara).get(url).json()["results"][0]
    assert got == said.json()
    door = f"{url}{got['id']}/attachments/{file['id']}/"
    assert fetched(anyone, client_for(tara).get(door).json()["url"]) == LOG
    assert client_for(bob).get(door).status_code == anyone.get(door).status_code + 3 == 404
    assert client_for(bob).post(url, {"body": "", "attachments": [file["id"]]}).status_code == 404
    mine.delete(f"{url}{got['id']}/")
    assert client_for(tara).get(door).status_code == 404
    assert (Attachment.objects.count(), Message.objects.count()) == (0, 1)


def test_what_is_no_attachment_yet_or_somebody_elses_is_refused_whole(talk, client_for):
    alice, tara, _, thread = talk
    url = f"{THREADS}{thread.pk}/messages/"
    announced = {"filename": "pull.csv", "content_type": "text/csv", "size": len(LOG)}
    half = client_for(alice).post("/api/v1/files/presign/", announced).json()
    hers = upload(client_for(tara), LOG, filename="hers.csv", content_type="text/csv")
    photo = upload(
        client_for(alice), b"%PDF-1.4", filename="a.pdf", content_type="application/pdf", purpose="document"
    )
    for file_id in (half["file_id"], hers["id"], photo["id"]):
        refused = client_for(alice).post(url, {"body": "Look", "attachments": [file_id]})
        assert (refused.status_code, list(refused.json()["fields"])) == (400, ["attachments"])
    assert Message.objects.count() == 0
    assert put(client_for(alice), half["url"], LOG, half["headers"]) == 200
    client_for(alice).post(f"/api/v1/files/{half['file_id']}/complete/")
    assert client_for(alice).post(url, {"body": "", "attachments": [half["file_id"]]}).status_code == 201


def test_a_repeated_idempotency_key_says_it_once(talk, client_for):
    alice, tara, _, thread = talk
    url, client = f"{THREADS}{thread.pk}/messages/", client_for(alice)
    said = [client.post(url, {"body": "Once"}, headers={"Idempotency-Key": "k1"}) for _ in range(3)]
    assert {one.status_code for one in said} == {201}
    assert len({one.json()["id"] for one in said}) == 1
    other = client.post(url, {"body": "Something else"}, headers={"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    hers = client_for(tara).post(url, {"body": "Once"}, headers={"Idempotency-Key": "k1"})
    assert (hers.status_code, hers.json()["seq"]) == (201, 2)  # a key is its person's
    assert list(Message.objects.order_by("seq").values_list("body", flat=True)) == ["Once", "Once"]


@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_a_file_that_went_up_by_rest_comes_down_from_a_frame(server, talk, client_for, anyone):
    alice, tara, _, thread = talk
    tokens, mine, hers = (token_of(alice), token_of(tara)), client_for(alice), client_for(tara)
    key = str(thread.pk)

    def door(frame):
        url = f"{THREADS}{key}/messages/{frame['id']}/attachments/{frame['attachments'][0]['fileId']}/"
        return fetched(anyone, hers.get(url).json()["url"])

    async def story():
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[1]) as t:
            file = await in_thread(lambda: upload(mine, LOG, filename="pull.csv", content_type="text/csv"))
            ack = await a.send(key, "", attachments=[file["id"]], clientId="f1")
            again = await a.send(key, "", attachments=[file["id"]], clientId="f1")
            assert (ack["seq"], again) == (1, ack | {"duplicate": True})
            frame = await t.hear("MESSAGE")
            shape = {
                "fileId": file["id"],
                "filename": "pull.csv",
                "contentType": "text/csv",
                "size": len(LOG),
            }
            assert frame["attachments"] == [shape]
            assert await in_thread(lambda: door(frame)) == LOG

    run(story())
    camel = {"Accept": "application/json; case=camel"}
    page = hers.get(f"{THREADS}{key}/messages/", headers=camel).json()["results"]
    assert page[0]["attachments"][0]["contentType"] == "text/csv"

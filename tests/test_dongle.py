"""From a dongle's socket to a trip: ELM327 stand-in, sampler, batches over an unsteady network, API, the same samples back."""

import socket

import pytest

from telematics import dtc
from telematics.models import Trip
from telematics.tests.making import make_vehicle
from tests.cast import make_user
from tests.standins.elm327 import VIN, Elm327

pytestmark = pytest.mark.django_db
T0 = 1_767_261_600_000  # 2026-01-01T10:00:00Z
SECONDS = 300


class Sampler:
    """What an app does with a dongle: asks for PIDs and turns the bytes of SAE J1979 into numbers."""

    def __init__(self, address):
        self._line = socket.create_connection(address, timeout=5)
        self._answers = self._line.makefile("rb")
        for command in ("ATZ", "ATE0", "ATL0", "ATH0", "ATSP0"):
            self.ask(command)

    def ask(self, command):
        self._line.sendall(f"{command}\r\n".encode())
        text = b""
        while not text.endswith(b">"):
            text += self._answers.read(1)
        return text.rstrip(b">").decode().strip()

    def data(self, command):
        return bytes.fromhex(self.ask(command))

    def sample(self, t):
        rpm, speed, coolant, fuel = (self.data(f"01{pid}")[2:] for pid in ("0C", "0D", "05", "2F"))
        return {
            "t": t,
            "rpm": int.from_bytes(rpm, "big") / 4,
            "speed": speed[0],
            "coolantTemp": coolant[0] - 40,
            "fuelLevel": round(fuel[0] * 100 / 255, 1),
        }

    def health(self):
        status, codes = dtc.read_codes(self.data("03"), can=True)
        return {
            "dtcs": [{"code": code, "status": status} for code in codes],
            "mil": dtc.read_lamp(self.data("0101")).mil,
        }

    def close(self):
        self._answers.close()
        self._line.close()


def speed_at(second):
    """Ten seconds to 60 km/h, a red light of twenty seconds in between, a stop at the end."""
    if 140 <= second < 160 or second >= 290:
        return 0.0
    return min(60.0, second * 6.0)


def test_a_drive_over_an_unsteady_network(client_for):
    alice = make_user("alice")
    bike = make_vehicle(alice, vin=VIN)
    rider = client_for(alice)
    with Elm327(speed_at, codes=("P0301", "U0100")) as stub:
        sampler = Sampler(stub.address)
        assert sampler.data("0902")[3:].decode() == VIN
        assert sampler.ask("ATRV") == "14.1V"
        samples = []
        for second in range(SECONDS):
            stub.second = second
            samples.append(sampler.sample(T0 + second * 1000))
        health = sampler.health()
        assert sampler.ask("04") == "44"
        cleared = sampler.health()
        sampler.close()

    def send(first, last, **extra):
        answer = rider.post(
            f"/api/v1/telematics/{bike.pk}/", {"vehicleId": str(bike.pk), "samples": samples[first:last], **extra},
            format="json",
        )  # fmt: skip
        assert answer.status_code == 202, answer.json()
        return answer.json()["accepted"], answer.json()["duplicates"]

    assert send(0, 60, **health) == (60, 0)
    assert send(60, 120) == (60, 0)
    assert send(60, 120) == (0, 60)  # the answer was lost: sent again
    assert send(180, 240) == (60, 0)
    assert send(120, 180) == (60, 0)  # delayed
    assert send(210, 300, **cleared) == (60, 30)  # overlapping

    back = rider.get(
        f"/api/v1/telematics/{bike.pk}/samples/?limit=5000", HTTP_ACCEPT="application/json; case=camel"
    )
    assert back.json() == {"samples": samples, "next": None}
    (trip,) = rider.get(f"/api/v1/telematics/{bike.pk}/trips/").json()["results"]
    assert (trip["start_at"], trip["end_at"]) == ("2026-01-01T10:00:01Z", "2026-01-01T10:04:49Z")
    driven = sum((speed_at(n) + speed_at(n + 1)) / 2 / 3.6 for n in range(1, 289))
    assert trip["distance_m"] == pytest.approx(driven, abs=0.05)  # told to 10 cm
    codes = rider.get(f"/api/v1/telematics/{bike.pk}/dtcs/").json()["results"]
    assert {one["code"]: one["cleared_at"] for one in codes} == {
        "P0301": "2026-01-01T10:04:59Z", "U0100": "2026-01-01T10:04:59Z",
    }  # fmt: skip
    assert Trip.objects.live().count() == 1

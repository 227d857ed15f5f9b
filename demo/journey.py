"""The main job, step by step: a bike, its backup, a tune that fits, an honest judgement, a flash, a second phone."""

from __future__ import annotations

import hashlib
from typing import Any, Self
from uuid import uuid4

from demo.client import Client, Refused
from demo.paper import chapter, done, finding, progress, refused, say
from demo.tunes import mild, tune

PASSWORD = "ride-safe-2026"  # noqa: S105 -- the demo world's, printed by `make run`
FOUR = "motorcycle_4cyl_na_petrol_2"
TWIN = "motorcycle_2cyl_na_petrol_1"
BIKES = {
    FOUR: {"nickname": "Demo four", "make": "Kawasaki", "model": "Ninja 1000", "year": 2021, "cylinders": 4,
           "displacement_cc": 1027, "redline_rpm": 13500},
    TWIN: {"nickname": "Demo twin", "make": "Yamaha", "model": "MT-07", "year": 2021, "cylinders": 2,
           "displacement_cc": 730, "redline_rpm": 9000},
}  # fmt: skip
DANGEROUS = [
    (FOUR, "adv_high_load_plus8", "too much ignition advance at high load"),
    (TWIN, "lean_wot_target", "lean mixture at full throttle"),
    (TWIN, "rev_limit_plus2000", "rev limit raised by 2,000 rpm"),
]


class Journey:
    """Two people at one server: a new rider, and Tara, who sells tunes."""

    def __init__(self, base: str, client: type[Client] = Client) -> None:
        self.run = uuid4().hex[:6]
        self.rider, self.tuner, self.phone = client(base), client(base), client(base)
        self.bikes: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self.rider, self.tuner, self.phone):
            one.http.close()

    def walk(self) -> None:
        self.enter()
        for key in BIKES:
            self.add_bike(key)
        self.flash_a_good_tune()
        chapter("Tunes that must not reach an engine")
        for key, fault, words in DANGEROUS:
            self.meet_a_dangerous_tune(key, fault, words)
        self.sync_a_second_phone()

    def enter(self) -> None:
        chapter("People")
        self.email = f"rider-{self.run}@demo.revsync.dev"
        self.rider.register(self.email, PASSWORD, "Demo Rider")
        done("a rider signs up", self.email)
        self.tuner.login("tara@demo.revsync.dev", PASSWORD)
        done("Tara, a verified tuner, logs in")

    def add_bike(self, key: str) -> None:
        facts = dict(BIKES[key])
        engine = {name: facts.pop(name) for name in ("cylinders", "displacement_cc", "redline_rpm")}
        chapter(f"{facts['nickname']}: vehicle and ECU backup")
        bike = self.rider.post(
            "garage/vehicles/",
            id=str(uuid4()),
            **facts,
            fuel_type="petrol",
            odometer_km=12400,
            ecu={"family": "speeduino"},
            engine={**engine, "stroke": 4, "aspiration": "na"},
        )
        self.bikes[key] = bike["id"]
        done(f"added: {facts['year']} {facts['make']} {facts['model']}")
        upload = self.rider.upload(tune(f"{key}_stock"), "stock.msq", "ecu_backup")
        backup = self.rider.post("garage/ecu-backups/", vehicle_id=bike["id"], **upload)
        done(f"backup {backup['state']}: {backup['format']}, {backup['signature']}", backup["sha256"][:16])

    def publish(self, title: str, data: bytes, price_minor: int = 0) -> dict[str, Any]:
        """The tune as its tuner sees it: on the shelf, or waiting for a moderator. Raises Refused."""
        made = self.tuner.post(
            "marketplace/tunes/",
            title=f"{title} {self.run}",
            description="From the demo.",
            price_minor=price_minor,
            currency="INR",
            compatibility=[{"ecu": {"family": "speeduino"}}],
        )
        upload = self.tuner.upload(data, "tune.msq", "tune_version")
        self.tuner.post(f"marketplace/tunes/{made['id']}/versions/", **upload, changelog="First version.")
        told: dict[str, Any] = self.tuner.post(f"marketplace/tunes/{made['id']}/publish/")
        return told

    def buy(self, key: str, tune_id: str) -> None:
        bought = self.rider.post("marketplace/purchase/", tune_id=tune_id, vehicle_id=self.bikes[key])
        order = bought["payment"]
        if order is None:
            return
        say(f"      order {order['gateway_order_id']}: {order['amount_minor'] / 100:.2f} {order['currency']}")
        checkout = self.rider.post(f"payments/sandbox/{order['gateway_order_id']}/pay/")
        signed = {name: value for name, value in checkout.items() if name.startswith("razorpay_")}
        paid = self.rider.post("payments/razorpay/verify/", **signed)["payment"]
        done(f"paid at the sandbox gateway: {paid['status']}")

    def analyse(self, key: str, **subject: str) -> dict[str, Any]:
        report: dict[str, Any] = self.rider.post("safety/analyze/", vehicle_id=self.bikes[key], **subject)
        return report

    def flash_a_good_tune(self) -> None:
        chapter("A good tune: buy, analyse, flash")
        tune_id = self.publish("Mild cruise advance", mild(tune(f"{FOUR}_stock")), price_minor=149900)["id"]
        done("Tara publishes it, her file is read and kept for ever as version 1")
        report = self.analyse(FOUR, tune_id=tune_id)
        done(
            f"analysed against this bike and its backup: {report['verdict']},"
            f" risk {report['score']}, {report['coverage']:.0%} of the rules could run"
        )
        for entry in report["findings"]:
            finding(entry)
        self.buy(FOUR, tune_id)
        self.flash(FOUR, tune_id, report["id"])

    def flash(self, key: str, tune_id: str, report_id: str) -> None:
        job = self.rider.post(
            "garage/flash-jobs/",
            vehicle_id=self.bikes[key],
            source={"kind": "tune", "id": tune_id},
            safety_report_id=report_id,
        )
        manifest = self.rider.get(f"garage/flash-jobs/{job['id']}/manifest/")
        data = self.rider.fetch(manifest["url"])
        if hashlib.sha256(data).hexdigest() != manifest["sha256"]:
            raise SystemExit("The downloaded file is not the one in the manifest.")
        done(f"manifest signed, {manifest['size']:,} bytes fetched, hash agrees", manifest["sha256"][:16])
        self.tell(job["id"], "started")
        for percent in range(0, 101, 5):
            self.tell(job["id"], "progress", percent=percent)
            progress(percent)
        for event in ("verifying", "verified", "completed"):
            state = self.tell(job["id"], event)["state"]
        done(f"flash job: {state}")

    def tell(self, job_id: str, event: str, **more: Any) -> Any:
        return self.rider.post(
            f"garage/flash-jobs/{job_id}/events/", event=event, client_event_id=str(uuid4()), **more
        )

    def meet_a_dangerous_tune(self, key: str, fault: str, words: str) -> None:
        say(f"\n  {words} ({key}_{fault}.msq)")
        data = tune(f"{key}_{fault}")
        try:
            offered = self.publish(words.capitalize(), data)
        except Refused as problem:
            self.judge_the_file(key, data, f"not published: {problem}")
            return
        if offered["status"] != "published":
            self.judge_the_file(
                key, data, f"not published, a moderator has to look: {offered['moderation_reason']}"
            )
            return
        tune_id = offered["id"]
        self.buy(key, tune_id)
        report = self.analyse(key, tune_id=tune_id)
        try:
            self.flash(key, tune_id, report["id"])
        except Refused as problem:
            refused(f"no flash job: {problem}")
            for gate in problem.body["fields"]["gates"]:
                for entry in gate["detail"].get("findings", []):
                    finding(entry)
            return
        raise SystemExit(f"A dangerous tune was flashed: {key}_{fault}.")

    def judge_the_file(self, key: str, data: bytes, why: str) -> None:
        """What a rider would be told who got the same file elsewhere."""
        refused(why)
        upload = self.rider.upload(data, "tune.msq", "attachment")
        report = self.analyse(key, file_id=upload["file_id"])
        refused(f"analysis of the file itself: {report['verdict']}, risk {report['score']}")
        for entry in report["findings"]:
            if entry["severity"] in {"high", "critical"}:
                finding(entry)

    def sync_a_second_phone(self) -> None:
        chapter("A second phone, new and empty, syncs")
        self.phone.login(self.email, PASSWORD)
        pulled = self.phone.post("sync/pull/")
        for name, changes in sorted(pulled["changes"].items()):
            rows = len(changes["created"]) + len(changes["updated"])
            if rows and rows < 100:
                done(f"{rows} {name.replace('_', ' ')}")
        say(f"\nNothing is left to pull: cursor {pulled['cursor']}.")

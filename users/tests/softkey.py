"""A passkey in software: what a phone or a security key does with WebAuthn's options, byte by byte.

Made from the W3C recommendation "Web Authentication, Level 2": authenticator data (section 6.1), attestation of the
format "none" (8.7), assertion signature (7.2). Keys are ES256.
"""

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from struct import pack

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40  # flags of authenticator data


def text(data):
    return urlsafe_b64encode(data).decode().rstrip("=")


def data_of(words):
    return urlsafe_b64decode(words + "=" * (-len(words) % 4))


class SoftKey:
    """One authenticator with one credential; `origin` is the page on which it is used."""

    def __init__(self, origin="https://testserver"):
        self.origin = origin
        self.id, self.key, self.uses = os.urandom(32), ec.generate_private_key(ec.SECP256R1()), 0
        self.handle = None

    def create(self, options, **changes):
        """The answer to `creation_options` of a registration."""
        wanted = options["publicKey"]
        self.handle = data_of(wanted["user"]["id"])
        public = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        attested = bytes(16) + pack(">H", len(self.id)) + self.id + public
        facts = self._authenticator_data(wanted["rp"]["id"], PRESENT | VERIFIED | ATTESTED) + attested
        return self._credential(
            clientDataJSON=self._client_data("webauthn.create", wanted, **changes),
            attestationObject=cbor.encode({"fmt": "none", "attStmt": {}, "authData": facts}),
        )

    def get(self, options, *, verified=True, signer=None, handle=None, **changes):
        """The answer to `request_options` of a login; the changes are what an attacker would try."""
        wanted = options["publicKey"]
        self.uses += 1
        said = self._client_data("webauthn.get", wanted, **changes)
        facts = self._authenticator_data(wanted["rpId"], PRESENT | (VERIFIED if verified else 0))
        signature = (signer or self.key).sign(facts + sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(
            clientDataJSON=said,
            authenticatorData=facts,
            signature=signature,
            userHandle=handle or self.handle,
        )

    def _authenticator_data(self, domain, flags):
        return sha256(domain.encode()).digest() + pack(">BI", flags, self.uses)

    def _client_data(self, kind, wanted, **changes):
        said = {"type": kind, "challenge": wanted["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | changes).encode()

    def _credential(self, **response):
        return {
            "id": text(self.id),
            "rawId": text(self.id),
            "type": "public-key",
            "response": {name: text(value) for name, value in response.items()},
            "clientExtensionResults": {"credProps": {"rk": True}},
        }

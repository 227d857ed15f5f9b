"""An issuer of identity on a real port: publishes keys, signs tokens, counts questions, can be slow or down."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

PROJECT = "P2abcDEF"


class Issuer:
    def __init__(self):
        self.questions = 0
        self.down = False
        self.delay = 0.0
        self.people = {}  # subject -> what Supabase or Descope would say of it
        self.keys = {}
        self.add("es-1", ec.generate_private_key(ec.SECP256R1()))
        self.add("rs-1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status, body = issuer.answer(self.path, self.headers)
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_):
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def add(self, kid, key):
        self.keys[kid] = key

    def answer(self, path, headers):
        if self.down:
            return 503, {}
        if path == "/jwks":
            self.questions += 1
            time.sleep(self.delay)
            return 200, {"keys": [self.public(kid) for kid in self.keys]}
        if path == "/auth/v1/user":
            claims = jwt.decode(headers["Authorization"].split()[1], options={"verify_signature": False})
            known = self.people.get(claims["sub"])
            return (200, {"id": claims["sub"], **known}) if known is not None else (401, {})
        if path.startswith("/v1/mgmt/user?userid="):
            subject = path.partition("=")[2]
            assert headers["Authorization"] == f"Bearer {PROJECT}:mgmt"
            return 200, {"user": {"userId": subject, **self.people.get(subject, {})}}
        return 404, {}

    def public(self, kid):
        key = self.keys[kid].public_key()
        algorithm = ECAlgorithm if isinstance(key, ec.EllipticCurvePublicKey) else RSAAlgorithm
        return {**algorithm.to_jwk(key, as_dict=True), "kid": kid, "use": "sig"}

    def pem(self, kid):
        return (
            self.keys[kid]
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )

    def sign(self, claims, *, kid="es-1", alg=None, headers=None):
        alg = alg or ("ES256" if kid.startswith("es") else "RS256")
        now = int(time.time())
        full = {"iat": now, "exp": now + 600, **claims}
        full = {name: value for name, value in full.items() if value is not None}
        return jwt.encode(full, self.keys[kid], algorithm=alg, headers={"kid": kid, **(headers or {})})

    # -- Tokens in the shapes of the three kinds

    def supabase(self, subject="sb-1", **claims):
        base = {"iss": f"{self.url}/auth/v1", "sub": subject, "aud": "authenticated", "role": "authenticated",
                "session_id": "s-1", "amr": [{"method": "password", "timestamp": 1}]}  # fmt: skip
        kid = claims.pop("kid", "es-1")
        return self.sign({**base, **claims}, kid=kid)

    def descope(self, subject="ds-1", **claims):
        base = {
            "iss": f"https://api.descope.com/v1/apps/{PROJECT}",
            "sub": subject,
            "drn": "DS",
            "amr": ["email"],
        }
        return self.sign({**base, **claims}, kid=claims.pop("kid", "rs-1"))

    def oidc(self, subject="oi-1", **claims):
        base = {"iss": self.url, "sub": subject, "aud": "revsync-app", "email": "olga@example.com",
                "email_verified": True, "name": "Olga Open"}  # fmt: skip
        return self.sign({**base, **claims}, kid=claims.pop("kid", "rs-1"))

    def entries(self):
        supabase = {"kind": "supabase", "name": "supabase", "url": self.url, "anon_key": "anon",
                    "issuer": f"{self.url}/auth/v1", "audience": "authenticated"}  # fmt: skip
        return [
            {**supabase, "jwks_url": f"{self.url}/jwks", "algorithms": ["ES256", "RS256"]},
            {"kind": "descope", "name": "descope", "project_id": PROJECT, "base_url": self.url, "management_key": "mgmt",
             "issuer": PROJECT, "jwks_url": f"{self.url}/jwks", "algorithms": ["RS256"]},
            {"kind": "oidc", "name": "acme", "issuer": self.url, "audience": "revsync-app",
             "jwks_url": f"{self.url}/jwks", "algorithms": ["RS256"]},
        ]  # fmt: skip


def unsigned(token, **header):
    """The same claims with a header of one's own and no signature."""
    _, claims, _ = token.split(".")
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{head}.{claims}."

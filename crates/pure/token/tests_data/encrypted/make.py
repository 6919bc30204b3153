"""Makes jwcrypto.json: a signed token, encrypted in every way that the gateway takes.

pip install jwcrypto pyjwt; run it here. Keys are the ones of the folder above, the secret is that of
test_keys.rs. It also writes each private key as a JWK.
"""

import json
from pathlib import Path

import jwt
from jwcrypto import jwe, jwk

SECRET = b"a secret of forty bytes, just for tests."
CLAIMS = {
    "iss": "https://portal.example",
    "aud": "porthole",
    "jti": "4be0a1",
    "exp": 1_767_225_660,
    "porthole": {
        "target": {
            "protocol": "ssh",
            "hostname": "desk.example",
            "parameters": {"username": "ada", "password": "hunter2", "font-size": 12},
        }
    },
}
WAYS = [
    ("rsa_private", "RSA-OAEP-256", {}),
    ("ec_private", "ECDH-ES", {"apu": "QWxpY2U", "apv": "Qm9i"}),
    ("x25519_private", "ECDH-ES", {}),
]

signed = jwt.encode(CLAIMS, SECRET, algorithm="HS256")
tokens = {}
for name, algorithm, more in WAYS:
    key = jwk.JWK.from_pem(Path(f"../{name}.pem").read_bytes())
    Path(f"{name}.jwk").write_text(key.export_private() + "\n")
    header = {"alg": algorithm, "enc": "A256GCM", "cty": "JWT", **more}
    token = jwe.JWE(signed.encode(), json.dumps(header))
    token.add_recipient(key)
    tokens[name] = token.serialize(compact=True)
Path("jwcrypto.json").write_text(json.dumps(tokens, indent=2) + "\n")

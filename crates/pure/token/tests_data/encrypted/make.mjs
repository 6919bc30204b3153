// Makes jose.json: a signed token, encrypted in every way that the gateway takes.
//
// npm install jose; run it here, after make.py, whose JWKs it reads. The secret is that of test_keys.rs.

import { readFile, writeFile } from "node:fs/promises";
import { CompactEncrypt, SignJWT, importJWK } from "jose";

const SECRET = new TextEncoder().encode("a secret of forty bytes, just for tests.");
const WAYS = [
  ["rsa_private", "RSA-OAEP-256"],
  ["ec_private", "ECDH-ES"],
  ["x25519_private", "ECDH-ES"],
];

const signed = await new SignJWT({
  porthole: {
    target: {
      protocol: "ssh",
      hostname: "desk.example",
      parameters: { username: "ada", password: "hunter2", "font-size": 12 },
    },
  },
})
  .setProtectedHeader({ alg: "HS256" })
  .setIssuer("https://portal.example")
  .setAudience("porthole")
  .setJti("4be0a1")
  .setExpirationTime(1_767_225_660)
  .sign(SECRET);

const tokens = {};
for (const [name, alg] of WAYS) {
  const { kty, crv, n, e, x, y } = JSON.parse(await readFile(`${name}.jwk`, "utf8"));
  const key = await importJWK({ kty, crv, n, e, x, y }, alg);
  tokens[name] = await new CompactEncrypt(new TextEncoder().encode(signed))
    .setProtectedHeader({ alg, enc: "A256GCM", cty: "JWT" })
    .encrypt(key);
}
await writeFile("jose.json", `${JSON.stringify(tokens, null, 2)}\n`);

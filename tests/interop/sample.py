"""Makes an input for check.py with the judges' own libraries, so that the checker can be tried without anju.

    python sample.py > INPUT.json

What it shows: that check.py accepts what is right and refuses what is not, whoever made it. It shows nothing about anju.
"""

import base64
import copy
import hashlib
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey
from pyhpke import AEADId, CipherSuite, KDFId, KEMId
from scitt_cose.merkle import consistency_proof, inclusion_proof, merkle_root

warnings.simplefilter("ignore")
FIELDS = {"name": "张三", "monthly_deposit_fen": 331200, "loans": 0}
HIDDEN = {"identity_number": "11010519491231002X"}


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(key: OKPKey, typ: str, payload: dict[str, Any], **header: Any) -> str:
    return jws.serialize_compact({"alg": "EdDSA", "typ": typ} | header, json.dumps(payload).encode(), key, algorithms=["EdDSA"])


def flip(text: str, at: int) -> str:
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def bind(jwt: str, shown: list[str], holder: OKPKey, audience: str, nonce: str, age: int = 0) -> str:
    head = "~".join([jwt, *shown]) + "~"
    digest = base64url(hashlib.sha256(head.encode()).digest())
    return head + sign(holder, "kb+jwt", {"iat": int(time.time()) - age, "aud": audience, "nonce": nonce, "sd_hash": digest})


def certificate(issuer: OKPKey, holder: OKPKey, given: dict[str, Any]) -> dict[str, str]:
    disclosures = {
        name: base64url(json.dumps([base64url(hashlib.sha256(name.encode()).digest()[:16]), name, value]).encode())
        for name, value in (FIELDS | HIDDEN).items()
    }
    now = int(time.time())
    claims = {
        "iss": given["issuer_iss"],
        "vct": given["vct"],
        "iat": now,
        "exp": now + 86400,
        "cnf": {"jwk": given["holder_jwk"]},
        "status": {"anju_journal": {"centre": "C46010"}},
        "_sd_alg": "sha-256",
        "_sd": sorted(base64url(hashlib.sha256(each.encode()).digest()) for each in disclosures.values()),
    }
    jwt = sign(issuer, "dc+sd-jwt", claims, kid=issuer.thumbprint())
    shown = [disclosures[name] for name in FIELDS]
    to = (given["audience"], given["nonce"])
    given["sd_jwt_presentation"] = bind(jwt, shown, holder, *to)
    other = base64url(json.dumps(["c2FsdHNhbHRzYWx0c2FsdA", "loans", 1]).encode())
    stranger = OKPKey.generate_key("Ed25519")
    hidden = next(iter(HIDDEN))
    return {
        "a-disclosure-was-replaced": bind(jwt, [*shown[:2], other], holder, *to),
        "a-disclosure-was-added": bind(jwt, [*shown, other], holder, *to),
        "a-disclosure-was-dropped-after-binding": given["sd_jwt_presentation"].replace("~" + shown[0], "", 1),
        "a-hidden-disclosure-was-added-after-binding": given["sd_jwt_presentation"].replace("~ey", f"~{disclosures[hidden]}~ey", 1),
        "the-issuer-signature-was-altered": bind(flip(jwt, len(jwt) - 10), shown, holder, *to),
        "the-issuer-is-a-stranger": bind(sign(stranger, "dc+sd-jwt", claims), shown, holder, *to),
        "the-type-is-another": bind(sign(issuer, "jwt", claims), shown, holder, *to),
        "the-certificate-has-expired": bind(sign(issuer, "dc+sd-jwt", claims | {"exp": now - 3600}), shown, holder, *to),
        "the-binding-is-by-another-key": bind(jwt, shown, stranger, *to),
        "the-binding-is-for-another-centre": bind(jwt, shown, holder, "C50010", given["nonce"]),
        "the-binding-is-old": bind(jwt, shown, holder, *to, age=3600),
    }


def grant(holder: OKPKey, payload: dict[str, Any], given: dict[str, Any]) -> dict[str, str]:
    good = given["grant_jws"] = sign(holder, "anju-grant+jwt", payload, jwk=holder.as_dict(private=False))
    head, body, signature = good.split(".")
    none = base64url(json.dumps({"alg": "none", "typ": "anju-grant+jwt"}).encode())
    return {
        "the-signature-was-altered": flip(good, len(good) - 10),
        "the-audience-was-altered": f"{head}.{base64url(json.dumps(payload | {'aud': 'C50010'}).encode())}.{signature}",
        "the-algorithm-is-none": f"{none}.{body}.",
        "the-type-is-another": sign(holder, "jwt", payload),
        "another-key-signed-it": sign(OKPKey.generate_key("Ed25519"), "anju-grant+jwt", payload),
    }


def seal(given: dict[str, Any]) -> dict[str, dict[str, str]]:
    suite = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)
    pair = suite.kem.derive_key_pair(b"a seed of thirty-two bytes at least")
    plain, aad = b"the keys of the granted fields", b"the rest of the grant"
    enc, sender = suite.create_sender_context(pair.public_key, info=b"anju/v1/grant-keys")
    sealed = sender.seal(plain, aad=aad)
    given |= {
        "audience_sealing_private_hex": pair.private_key.to_private_bytes().hex(),
        "hpke_info": "anju/v1/grant-keys",
        "hpke_aad_b64": base64url(aad),
        "grant_keys_enc_b64": base64url(enc),
        "grant_keys_ct_b64": base64url(sealed),
        "grant_keys_plain_b64": base64url(plain),
    }
    flipped = bytes([sealed[0] ^ 1]) + sealed[1:]
    good = {"enc_b64": base64url(enc), "ct_b64": base64url(sealed), "aad_b64": base64url(aad)}
    return {
        "a-byte-was-flipped": good | {"ct_b64": base64url(flipped)},
        "the-tag-was-cut": good | {"ct_b64": base64url(sealed[:-1])},
        "the-encapsulated-key-is-zero": good | {"enc_b64": base64url(bytes(32))},
    }


def seal_hybrid(given: dict[str, Any]) -> dict[str, dict[str, str]]:
    seed = hashlib.sha256(b"the seed of a holder's hybrid key").digest()
    expanded = hashlib.shake_256(seed).digest(96)
    lattice = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).public_key()
    curve = X25519PrivateKey.from_private_bytes(expanded[64:]).public_key()
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    plain, aad, info = bytes(range(32)), b"the head of the certificate", b"anju/v1/certificate-content"
    sealed = openssl.hpke._encrypt_with_aad(suite, plain, hpke.MLKEM768X25519PublicKey(lattice, curve), info=info, aad=aad)
    enc, ciphertext = sealed[:1120], sealed[1120:]
    good = {"enc_b64": base64url(enc), "ct_b64": base64url(ciphertext), "aad_b64": base64url(aad)}
    public = lattice.public_bytes_raw() + curve.public_bytes_raw()
    given["hybrid"] = good | {"seed_hex": seed.hex(), "public_hex": public.hex(), "info": info.decode(), "plain_b64": base64url(plain)}
    return {
        "the-tag-was-cut": good | {"ct_b64": base64url(ciphertext[:-1])},
        "the-lattice-half-was-changed": good | {"enc_b64": base64url(bytes([enc[0] ^ 1]) + enc[1:])},
        "the-curve-half-was-changed": good | {"enc_b64": base64url(enc[:-5] + bytes([enc[-5] ^ 1]) + enc[-4:])},
        "the-head-is-another": good | {"aad_b64": base64url(aad + b"x")},
    }


def merkle(given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    rows = [f"row {index}".encode().hex() for index in range(11)]
    good = given["merkle"] = {
        "leaf_b64": base64url(bytes.fromhex(rows[4])),
        "index": 4,
        "size": len(rows),
        "root_hex": merkle_root(rows),
        "inclusion_hex": inclusion_proof(rows, 4),
        "old_size": 6,
        "old_root_hex": merkle_root(rows[:6]),
        "consistency_hex": consistency_proof(rows, 6, len(rows)),
    }

    def altered(**change: Any) -> dict[str, Any]:
        return copy.deepcopy(good) | change

    return {
        "the-row-was-altered": altered(leaf_b64=base64url(b"row 5")),
        "the-index-is-another": altered(index=5),
        "the-root-is-another": altered(root_hex=merkle_root(rows[:10])),
        "a-node-was-dropped": altered(inclusion_hex=good["inclusion_hex"][:-1]),
        "the-older-root-is-another": altered(old_root_hex=merkle_root(rows[1:7])),
        "the-consistency-proof-is-empty": altered(consistency_hex=[]),
    }


def subjects(given: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The one thing that is not made here: the vectors themselves."""
    vectors = Path(__file__).parent.parent / "vectors" / "subject-derivation.json"
    given["subjects"] = json.loads(vectors.read_text(encoding="utf-8"))["vectors"]
    first = given["subjects"][0]
    return {"another-token": first | {"token": "00" * 16}, "another-number": first | {"number": "460199197601171425"}}


def main() -> None:
    issuer, holder = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")
    given: dict[str, Any] = {
        "issuer_iss": "urn:anju:hainan:C46010",
        "issuer_jwk": issuer.as_dict(private=False),
        "vct": "urn:anju:certificate:YDDKJCZM",
        "holder_jwk": holder.as_dict(private=False),
        "audience": "C46020",
        "nonce": "00112233445566778899aabbccddeeff",
        "expected_claims": FIELDS,
        "hidden_claims": list(HIDDEN),
    }
    presentations = certificate(issuer, holder, given)
    sealed = seal(given)
    grants = grant(holder, {"aud": "C46020", "uses": 1, "keys": given["grant_keys_ct_b64"]}, given)
    altered = {"presentations": presentations, "grants": grants, "sealed": sealed, "hybrid": seal_hybrid(given), "merkle": merkle(given)}
    given["altered"] = altered | {"subjects": subjects(given)}
    json.dump(given, sys.stdout, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()

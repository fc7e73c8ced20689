"""Lets software that we did not write judge what anju makes.

    python check.py INPUT.json

The input is written by a Rust test (tests/it). It holds one certificate presentation, one grant, its sealed keys, its content key, one set of Merkle
proofs and what is derived from documents' numbers, and for each of them altered copies. The good ones must be accepted, every altered one must be refused. One line per check;
exit 0 when all held, 1 when one did not, 65 when the input is not of the form. What is expected of each field is in README.md.
"""

import base64
import hashlib
import json
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from openvc.did.base import DidDocument, VerificationMethod
from openvc.errors import OpenvcError
from openvc.proof.sd_jwt import SdJwtVcProofSuite, VerifiedSdJwt
from openvc.verify import VerificationPolicy, VerificationResult, verify_credential
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, PyHPKEError
from scitt_cose.merkle import verify_consistency, verify_inclusion

EXIT_BAD = 1
EXIT_INPUT = 65
GRANT_TYPE = "anju-grant+jwt"
GRANT_MAX_BYTES = 16 * 1024
# What the altered copies of each kind are.
SHAPES = {
    "presentations": str,
    "grants": str,
    "sealed": dict,
    "hybrid": dict,
    "merkle": dict,
    "subjects": dict,
}


class Refused(Exception):
    """One of the judges said no."""


class Tally:
    """Prints a line per check and remembers whether one went wrong."""

    def __init__(self) -> None:
        self.held = 0
        self.bad = 0

    def line(self, good: bool, what: str, detail: str) -> None:
        print(f"{'ok ' if good else 'BAD'}  {what}: {detail}", flush=True)
        self.held += good
        self.bad += not good

    def accepts(self, what: str, check: Callable[[], str]) -> None:
        try:
            self.line(True, what, check())
        except Refused as no:
            self.line(False, what, f"was refused: {no}")

    def refuses(self, what: str, check: Callable[[], str]) -> None:
        try:
            self.line(False, what, f"was ACCEPTED: {check()}")
        except Refused as no:
            self.line(True, what, f"refused ({no})")


def unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


# --- the certificate: openvc-core -----------------------------------------------------------------------------------------------


class OneIssuer:
    """Knows the key of one issuer, as the charter would tell it, and of nobody else."""

    def __init__(self, issuer: str, jwk: dict[str, Any]) -> None:
        self.issuer = issuer
        # A header may name the key by its RFC 7638 thumbprint.
        self.jwk = {"kid": OKPKey.import_key(jwk).thumbprint()} | jwk

    def resolve(self, name: str) -> DidDocument:
        if name != self.issuer:
            raise Refused(f"the issuer is {name!r}")
        method = VerificationMethod(id=f"{name}#{self.jwk['kid']}", type="JsonWebKey", controller=name, public_key_jwk=self.jwk)
        return DidDocument(id=name, verification_methods=[method], raw={})

    def fetch(self, _url: str) -> dict[str, Any]:
        return {"issuer": self.issuer, "jwks": {"keys": [self.jwk]}}


def present(given: dict[str, Any], presentation: str) -> VerifiedSdJwt:
    """The proof suite with the issuer's key in hand: signature, times, disclosures, key binding."""
    try:
        return SdJwtVcProofSuite().verify(
            presentation,
            public_key_jwk=given["issuer_jwk"],
            audience=given["audience"],
            nonce=given["nonce"],
            require_key_binding=True,
            expected_vct=given.get("vct"),
            now=datetime.fromtimestamp(given.get("verified_at", int(time.time())), UTC),
        )
    except OpenvcError as no:
        raise Refused(f"{type(no).__name__}: {no}") from no


def present_whole(given: dict[str, Any], presentation: str, require_status: bool) -> VerificationResult:
    """The whole pipeline, which also finds the issuer's key by its name and asks about status."""
    issuer = OneIssuer(given["issuer_iss"], given["issuer_jwk"])
    policy = VerificationPolicy(
        audience=given["audience"],
        nonce=given["nonce"],
        require_key_binding=True,
        require_status=require_status,
        expected_vct=given.get("vct"),
        now=datetime.fromtimestamp(given.get("verified_at", int(time.time())), UTC),
    )
    try:
        return verify_credential(presentation, policy=policy, resolver=issuer, jwt_vc_issuer_fetch=issuer.fetch)
    except OpenvcError as no:
        raise Refused(f"{type(no).__name__}: {no}") from no


def demand_status(given: dict[str, Any], presentation: str) -> str:
    try:
        return present_whole(given, presentation, require_status=True).format
    except Refused as no:
        if str(no).startswith("StatusUnavailable"):
            raise
        return f"refused for something else than its status: {no}"


def clear_claims(presentation: str) -> dict[str, Any]:
    return json.loads(unbase64(presentation.split("~", 1)[0].split(".")[1]))


def check_fields(given: dict[str, Any], claims: dict[str, Any]) -> str:
    """Exactly the expected fields came out: none altered, none missing, none more."""
    clear = clear_claims(given["sd_jwt_presentation"])
    disclosed = {name: value for name, value in claims.items() if name not in clear}
    if disclosed != given["expected_claims"]:
        names = sorted(disclosed.keys() ^ given["expected_claims"].keys())
        raise Refused(f"other fields than expected (differing names {names}, or a value)")
    shown = [name for name in given.get("hidden_claims", []) if name in claims]
    if shown:
        raise Refused(f"hidden fields came out: {shown}")
    return f"exactly the {len(disclosed)} granted fields"


def check_certificate(tally: Tally, given: dict[str, Any]) -> None:
    presentation = given["sd_jwt_presentation"]

    def by_suite() -> str:
        verified = present(given, presentation)
        if not verified.key_bound or verified.issuer != given["issuer_iss"]:
            raise Refused("not bound to the holder's key, or another issuer")
        return f"{verified.typ} from {verified.issuer}, {check_fields(given, verified.claims)}, bound to the holder"

    def by_pipeline() -> str:
        result = present_whole(given, presentation, require_status=False)
        if not result.key_bound:
            raise Refused("not bound to the holder's key")
        return f"{result.format}, {check_fields(given, result.claims or {})}"

    tally.accepts("certificate, openvc-core proof suite", by_suite)
    tally.accepts("certificate, openvc-core pipeline", by_pipeline)
    if "status" in clear_claims(presentation):
        # A stranger cannot ask the journal whether a certificate has ended, and must not take it for current without asking.
        tally.refuses("certificate whose status a stranger cannot look up", lambda: demand_status(given, presentation))
    for other in ("audience", "nonce"):
        changed = {**given, other: given[other] + "x"}
        tally.refuses(f"certificate presented to another {other}", lambda changed=changed: str(present(changed, presentation).vct))
    stripped = presentation.rsplit("~", 1)[0] + "~"
    tally.refuses("certificate without key binding", lambda: str(present(given, stripped).vct))
    for fault, altered in sorted(given["altered"]["presentations"].items()):
        # Refused by the judge itself: comparing the fields with what was expected is our own doing and does not count here.
        tally.refuses(f"certificate, {fault}", lambda altered=altered: str(present(given, altered).vct))


# --- the grant: joserfc ---------------------------------------------------------------------------------------------------------


def open_grant(given: dict[str, Any], text: str) -> dict[str, Any]:
    if len(text) > GRANT_MAX_BYTES:
        raise Refused("too large")
    # Registered headers are checked by joserfc itself; `EdDSA` is the name of RFC 8037, which RFC 9864 renames.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            token = jws.deserialize_compact(text, OKPKey.import_key(given["holder_jwk"]), algorithms=["EdDSA"])
        payload = json.loads(token.payload)
    except (JoseError, ValueError) as no:
        raise Refused(f"{type(no).__name__}: {no}") from no
    if token.headers().get("typ") != GRANT_TYPE:
        raise Refused(f"typ is {token.headers().get('typ')!r}")
    if not isinstance(payload, dict):
        raise Refused("the payload is not an object")
    return payload


def check_grant(tally: Tally, given: dict[str, Any]) -> None:
    def good() -> str:
        payload = open_grant(given, given["grant_jws"])
        bound = OKPKey.import_key(clear_claims(given["sd_jwt_presentation"])["cnf"]["jwk"]).thumbprint()
        if OKPKey.import_key(given["holder_jwk"]).thumbprint() != bound:
            raise Refused("signed by another key than the certificate is bound to")
        return f"EdDSA by the certificate's holder key, {len(payload)} members"

    tally.accepts("grant, joserfc", good)
    for fault, altered in sorted(given["altered"]["grants"].items()):
        tally.refuses(f"grant, {fault}", lambda altered=altered: f"{len(open_grant(given, altered))} members")


# --- the sealed keys: pyhpke ----------------------------------------------------------------------------------------------------


def unseal(info: str, private_hex: str, enc: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    suite = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)
    try:
        private = suite.kem.deserialize_private_key(bytes.fromhex(private_hex))
        return suite.create_recipient_context(enc, private, info=info.encode()).open(ciphertext, aad=aad)
    except (PyHPKEError, ValueError) as no:
        raise Refused(f"{type(no).__name__}") from no


def check_sealed(tally: Tally, given: dict[str, Any]) -> None:
    private, info = given["audience_sealing_private_hex"], given["hpke_info"]
    enc, ciphertext = unbase64(given["grant_keys_enc_b64"]), unbase64(given["grant_keys_ct_b64"])
    aad = unbase64(given["hpke_aad_b64"])

    def good() -> str:
        plain = unseal(info, private, enc, ciphertext, aad)
        if "grant_keys_plain_b64" in given and plain != unbase64(given["grant_keys_plain_b64"]):
            raise Refused("it opens to something else")
        return f"{len(plain)} bytes"

    tally.accepts("sealed keys, pyhpke", good)
    stranger = (bytes([bytes.fromhex(private)[0] ^ 8]) + bytes.fromhex(private)[1:]).hex()
    tally.refuses("sealed keys, with another centre's key", lambda: str(len(unseal(info, stranger, enc, ciphertext, aad))))
    tally.refuses("sealed keys, for another purpose", lambda: str(len(unseal(info + "x", private, enc, ciphertext, aad))))
    tally.refuses("sealed keys, with another grant around them", lambda: str(len(unseal(info, private, enc, ciphertext, aad + b"x"))))
    for fault, altered in sorted(given["altered"]["sealed"].items()):

        def judge(altered: dict[str, str] = altered) -> str:
            key = altered.get("private_hex", private)
            return str(len(unseal(info, key, *(unbase64(altered[part]) for part in ("enc_b64", "ct_b64", "aad_b64")))))

        tally.refuses(f"sealed keys, {fault}", judge)


# --- the content key: cryptography ----------------------------------------------------------------------------------------------


def unseal_hybrid(info: str, seed: bytes, enc: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    """HPKE over X-Wing. Both halves' secrets come from the seed by the draft's expandDecapsulationKey."""
    expanded = hashlib.shake_256(seed).digest(96)
    lattice, curve = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])
    key = hpke.MLKEM768X25519PrivateKey(lattice, curve)
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    try:
        # The public door takes no associated data; the one behind it, of the pinned version, does.
        return openssl.hpke._decrypt_with_aad(suite, enc + ciphertext, key, info=info.encode(), aad=aad)
    except (InvalidTag, ValueError) as no:
        raise Refused(f"{type(no).__name__}") from no


def hybrid_public(seed: bytes) -> bytes:
    expanded = hashlib.shake_256(seed).digest(96)
    lattice, curve = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])
    return lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()


def check_hybrid(tally: Tally, given: dict[str, Any]) -> None:
    sealed = given["hybrid"]
    seed, info = bytes.fromhex(sealed["seed_hex"]), sealed["info"]

    def message(of: dict[str, str]) -> list[bytes]:
        return [unbase64(of[part]) for part in ("enc_b64", "ct_b64", "aad_b64")]

    def good() -> str:
        if hybrid_public(seed) != bytes.fromhex(sealed["public_hex"]):
            raise Refused("the seed belongs to another public key")
        plain = unseal_hybrid(info, seed, *message(sealed))
        if plain != unbase64(sealed["plain_b64"]):
            raise Refused("it opens to something else")
        return f"{len(plain)} bytes"

    tally.accepts("content key, cryptography", good)
    stranger = bytes([seed[0] ^ 1]) + seed[1:]
    tally.refuses("content key, with another holder's key", lambda: str(len(unseal_hybrid(info, stranger, *message(sealed)))))
    tally.refuses("content key, for another purpose", lambda: str(len(unseal_hybrid(info + "x", seed, *message(sealed)))))
    for fault, altered in sorted(given["altered"]["hybrid"].items()):
        tally.refuses(f"content key, {fault}", lambda altered=altered: str(len(unseal_hybrid(info, seed, *message(altered)))))


# --- the journal: scitt-cose ----------------------------------------------------------------------------------------------------


def prove(proof: dict[str, Any]) -> str:
    leaf, size, root = unbase64(proof["leaf_b64"]).hex(), proof["size"], proof["root_hex"]
    if not verify_inclusion(leaf, proof["index"], size, proof["inclusion_hex"], root):
        raise Refused("the inclusion proof does not lead to the root")
    if not verify_consistency(proof["old_root_hex"], root, proof["old_size"], size, proof["consistency_hex"]):
        raise Refused("the consistency proof does not join the two roots")
    return f"row {proof['index']} of {size}, grown from {proof['old_size']}"


def check_merkle(tally: Tally, given: dict[str, Any]) -> None:
    tally.accepts("journal, scitt-cose", lambda: prove(given["merkle"]))
    for fault, altered in sorted(given["altered"]["merkle"].items()):
        tally.refuses(f"journal, {fault}", lambda altered=altered: prove(altered))


# --- the blacklist's subjects: cryptography -------------------------------------------------------------------------------------


def long(data: bytes) -> bytes:
    return len(data).to_bytes(8, "big") + data


def keyed(key: bytes, *parts: bytes) -> bytes:
    mac = HMAC(key, SHA256())
    mac.update(b"".join(long(part) for part in parts))
    return mac.finalize()


def derived(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)


def subject(vector: dict[str, str]) -> str:
    """Everything that is derived from one document's number, by the words of PROTOCOL.md and nothing of ours."""
    material = f"{vector['document_type']}\0{vector['number']}".encode()
    pepper, listing = bytes.fromhex(vector["pepper"]), bytes.fromhex(vector["listing"])
    if vector["document_type"] == "USCC":
        secret = keyed(pepper, b"anju/v1/subject", material)
    else:
        hashed = Hash(SHA256())
        hashed.update(pepper)
        secret = Argon2id(salt=hashed.finalize(), length=32, iterations=2, lanes=1, memory_cost=19_456).derive(material)
    expected = {
        "material": material,
        "secret": secret,
        "token": derived(secret, b"anju/v1/subject-token")[:16],
        "entry_key": derived(secret, b"anju/v1/subject-entry" + long(listing)),
        "listing_id": keyed(bytes.fromhex(vector["own_secret"]), b"anju/v1/listing-id", vector["decision_no"].encode(), material)[:16],
    }
    different = [name for name, value in expected.items() if vector[name] != value.hex()]
    if different:
        raise Refused(f"another {', '.join(different)}")
    return f"{len(expected)} values"


def check_subjects(tally: Tally, given: dict[str, Any]) -> None:
    for vector in given["subjects"]:
        tally.accepts(f"subject {vector['name']}, cryptography", lambda vector=vector: subject(vector))
    for fault, altered in sorted(given["altered"]["subjects"].items()):
        tally.refuses(f"subject, {fault}", lambda altered=altered: subject(altered))


def well_formed(given: Any) -> str | None:
    """What is wrong with the input's form, or None. A list of altered things must not be empty: else nothing would be shown."""
    if not isinstance(given, dict):
        return "not an object"
    for name, shape in SHAPES.items():
        altered = given.get("altered", {}).get(name)
        if not isinstance(altered, dict) or not altered or not all(isinstance(each, shape) for each in altered.values()):
            return f"altered.{name} is missing, empty or of another shape"
    if not given.get("subjects"):
        return "subjects is missing or empty"
    return None


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: check.py INPUT.json", file=sys.stderr)
        return EXIT_INPUT
    tally = Tally()
    try:
        with open(arguments[1], encoding="utf-8") as file:
            given = json.load(file)
        wrong = well_formed(given)
        if wrong is not None:
            print(f"{arguments[1]}: {wrong}", file=sys.stderr)
            return EXIT_INPUT
        for check in (check_certificate, check_grant, check_sealed, check_hybrid, check_merkle, check_subjects):
            check(tally, given)
    except (OSError, KeyError, TypeError, ValueError) as error:
        print(f"{arguments[1]}: {type(error).__name__}: {error}", file=sys.stderr)
        return EXIT_INPUT
    print(f"{tally.held} held, {tally.bad} did not")
    return EXIT_BAD if tally.bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

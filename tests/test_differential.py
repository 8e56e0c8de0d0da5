"""Our verdict on thousands of forged tokens against those of PyJWT and joserfc: every difference has its reason."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from forge import SECRET
from forged_tokens import ALGORITHMS, AUDIENCE, ISSUER, cases
from key_pairs import private_key, spki
from vector_verdicts import DIFFERENCES

from jwtfast import Key, Verifier, errors

joserfc = pytest.importorskip("joserfc")

from joserfc import jwk as joserfc_jwk  # noqa: E402
from joserfc import jws as joserfc_jws  # noqa: E402
from joserfc import jwt as joserfc_jwt  # noqa: E402

Verdict = Callable[[str], str | None]


def ours(algorithm: str) -> Verdict:
    """Give what tells our refusal of a token in words, or None where it is accepted; all else it raises is a bug."""
    kind = ALGORITHMS[algorithm]
    key = Key.from_secret(SECRET, "HS256") if kind == "secret" else Key.from_pem(spki(private_key(kind)), algorithm)
    judge = Verifier(key, issuer=ISSUER, audience=AUDIENCE, max_token_bytes=1_000_000)

    def verdict(token: str) -> str | None:
        try:
            judge.verify(token)
        except errors.InvalidTokenError as error:
            return str(error)
        return None

    return verdict


def theirs(decode: Callable[[str], Any]) -> Verdict:
    """Give what tells another library's refusal of a token; whatever it raises is one."""

    def verdict(token: str) -> str | None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                decode(token)
        except Exception as error:  # noqa: BLE001 - some refuse with a TypeError or a RecursionError
            return f"{type(error).__name__}: {error}"
        return None

    return verdict


def pyjwt(algorithm: str) -> Verdict:
    """Give PyJWT's verdict under the same policy as ours."""
    kind = ALGORITHMS[algorithm]
    key: Any = SECRET if kind == "secret" else private_key(kind).public_key()
    options: Any = {"require": ["exp", "iss", "aud"]}
    return theirs(lambda token: jwt.decode(token, key, [algorithm], options, audience=AUDIENCE, issuer=ISSUER))


class LooseRegistry(joserfc_jws.JWSRegistry):
    """joserfc without its own limits on sizes and on unknown header members, which no RFC has."""

    max_header_length = max_payload_length = max_signature_length = 10_000_000


def joserfcs(algorithm: str) -> Verdict:
    """Give joserfc's verdict under the same policy as ours."""
    kind = ALGORITHMS[algorithm]
    key: Any
    if kind == "secret":
        key = joserfc_jwk.OctKey.import_key(SECRET)
    else:
        classes: dict[str, Any] = {"RSA": joserfc_jwk.RSAKey, "P-256": joserfc_jwk.ECKey, "Ed25519": joserfc_jwk.OKPKey}
        key = classes[kind].import_key(spki(private_key(kind)))
    registry = LooseRegistry(algorithms=[algorithm], strict_check_header=False)
    policy = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": AUDIENCE}, exp={"essential": True}
    )
    return theirs(lambda token: policy.validate(joserfc_jwt.decode(token, key, [algorithm], registry).claims))


def kind_of(label: str, refusal: str | None) -> str:
    """Give the kind of a difference: what we refuse a token for, or what was done to one that we accept."""
    return refusal if refusal is not None else f"accepted: {label}"


def test_every_difference_has_its_reason() -> None:
    """Where the libraries disagree about a token, the list says who accepts it and which section decides.

    A difference that is not listed fails, and so does one that is listed and never seen; so we never accept what both
    others refuse, unless the list says why.
    """
    seen: dict[tuple[str, str], list[str]] = {}
    judged = agreed = accepted = 0
    for algorithm in ALGORITHMS:
        judges = {"jwtfast": ours(algorithm), "PyJWT": pyjwt(algorithm), "joserfc": joserfcs(algorithm)}
        for label, token in cases(algorithm):
            verdicts = {name: judge(token) for name, judge in judges.items()}
            judged += 1
            accepting = [name for name, refusal in verdicts.items() if refusal is None]
            if len(accepting) in (0, 3):
                agreed += 1
                accepted += len(accepting) == 3
                continue
            kind = kind_of(label, verdicts["jwtfast"])
            seen.setdefault((kind, " ".join(accepting)), []).append(f"{label}: {token[:200]} {verdicts}")
    assert {kind: examples[0] for kind, examples in seen.items() if kind not in DIFFERENCES} == {}
    assert set(DIFFERENCES) - set(seen) == set()
    assert judged > 5000
    assert agreed > judged // 2
    assert accepted > 300


# What is unusual and sound: nobody may refuse it.
SOUND = [
    "good",
    "payload: iss with escapes",
    "payload: aud holds the audience",
    "header: another typ",
    "payload: no sub",
]
SOUND += [
    f"{part}: {what}"
    for part in ("header", "payload")
    for what in ("white space", "escapes", "an unknown member", "one name in two objects", "nesting")
]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_sound_tokens_are_accepted(algorithm: str) -> None:
    """A token that is merely unusual is accepted by us as by the others (RFC 7515 section 4, RFC 8259)."""
    judges = (ours(algorithm), pyjwt(algorithm), joserfcs(algorithm))
    met = set()
    for label, token in cases(algorithm):
        if label in SOUND:
            met.add(label)
            assert [judge(token) for judge in judges] == [None, None, None], label
    assert met == set(SOUND)


def test_reasons_name_the_section() -> None:
    """Each reason names the section that decides, and where we alone accept, it is one."""
    for (kind, accepting), reason in DIFFERENCES.items():
        assert "RFC" in reason, kind
        assert accepting, kind
        assert ("jwtfast" in accepting.split()) is kind.startswith("accepted: ")

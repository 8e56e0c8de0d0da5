"""What jwtfast.jwt keeps between calls: it changes nothing but time, is bounded, and shows nothing."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from forge import LONG_SECRET, OTHER_SECRET, SECRET, encode, sign
from key_pairs import pkcs8, private_key, spki

from jwtfast import jwt
from jwtfast.jwt.algorithms import HMACAlgorithm
from jwtfast.jwt.types import Options

HEADER = {"alg": "HS256"}
GOOD = sign(HEADER, {"iss": "i", "aud": "a", "sub": "s"})


def decode(token: str = GOOD, key: Any = SECRET, **arguments: Any) -> dict[str, Any]:
    """Decode with arguments that accept GOOD, but for those that are given."""
    return jwt.decode(token, key, **{"algorithms": ["HS256"], "audience": "a", "issuer": "i", **arguments})


def test_a_list_counts_as_it_is_at_each_call() -> None:
    """A list of algorithms, audiences or issuers that its owner changes in place is judged anew."""
    for name, good, bad, error in (
        ("algorithms", "HS256", "HS384", jwt.InvalidAlgorithmError),
        ("audience", "a", "b", jwt.InvalidAudienceError),
        ("issuer", "i", "b", jwt.InvalidIssuerError),
    ):
        values = [good]
        arguments: dict[str, Any] = {name: values}
        assert decode(**arguments)["sub"] == "s"
        values[0] = bad
        with pytest.raises(error):
            decode(**arguments)
        values.append(good)
        assert decode(**arguments)["sub"] == "s"
        del values[1]
        with pytest.raises(error):
            decode(**arguments)
        values[0] = good
        assert decode(**arguments)["sub"] == "s"


def test_options_count_as_they_are_at_each_call() -> None:
    """A dict of options that its owner changes in place, lists inside it too, is judged anew."""
    token = sign(HEADER, {"exp": 1})
    options: Options = {"verify_exp": False, "require": ["exp"]}
    assert jwt.decode(token, SECRET, algorithms=["HS256"], options=options) == {"exp": 1}
    options["require"].append("sub")
    with pytest.raises(jwt.MissingRequiredClaimError):
        jwt.decode(token, SECRET, algorithms=["HS256"], options=options)
    options["require"].clear()
    assert jwt.decode(token, SECRET, algorithms=["HS256"], options=options) == {"exp": 1}
    options["verify_exp"] = True
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(token, SECRET, algorithms=["HS256"], options=options)


@pytest.mark.parametrize(
    "change",
    [
        lambda options: options.__setitem__("verify_exp", True),
        lambda options: options.update(verify_exp=True),
        lambda options: options.__ior__({"verify_exp": True}),
        lambda options: (options.pop("verify_exp"), options.setdefault("verify_exp", True)),
        lambda options: (options.__delitem__("verify_exp"), options.update({"verify_exp": True})),
        lambda options: (options.clear(), options.update(jwt.PyJWT().options)),
        lambda options: ([options.popitem() for _ in list(options)], options.update(jwt.PyJWT().options)),
    ],
)
def test_an_objects_own_options_count_at_each_call(change: Callable[[Any], object]) -> None:
    """However the options of a PyJWT are changed, the next call goes by what they say now."""
    tokens = jwt.PyJWT(options={"verify_exp": False})
    token = sign(HEADER, {"exp": 1})
    for _ in range(2):
        assert tokens.decode(token, SECRET, algorithms=["HS256"]) == {"exp": 1}
    change(tokens.options)
    with pytest.raises(jwt.ExpiredSignatureError):
        tokens.decode(token, SECRET, algorithms=["HS256"])
    tokens.options = {**tokens.options, "verify_exp": False}
    assert tokens.decode(token, SECRET, algorithms=["HS256"]) == {"exp": 1}


def test_an_objects_own_list_of_required_claims_counts_at_each_call() -> None:
    """A list under ``require`` in the options of a PyJWT that is changed in place is judged anew."""
    tokens = jwt.PyJWT()
    token = sign(HEADER, {"a": 1})
    for _ in range(2):
        assert tokens.decode(token, SECRET, algorithms=["HS256"]) == {"a": 1}
    changes: list[tuple[Callable[[list[str]], object], bool]] = [
        (lambda names: names.append("sub"), False),
        (lambda names: names.__setitem__(0, "a"), True),
        (lambda names: names.append("b"), False),
        (lambda names: names.clear(), True),
    ]
    for change, good in changes:
        change(tokens.options["require"])
        for _ in range(2):
            if good:
                assert tokens.decode(token, SECRET, algorithms=["HS256"]) == {"a": 1}
            else:
                with pytest.raises(jwt.MissingRequiredClaimError):
                    tokens.decode(token, SECRET, algorithms=["HS256"])


def test_a_jws_own_options_count_at_each_call() -> None:
    """The rule on a key's length that the signing object has is asked for on each call of ``encode``."""
    tokens = jwt.PyJWT()
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        assert tokens.encode({}, "short")
    tokens._jws.options["enforce_minimum_key_length"] = True
    with pytest.raises(jwt.InvalidKeyError):
        tokens.encode({}, "short")


def test_keys_are_told_apart_by_all_of_their_octets() -> None:
    """A key that is another one, however alike, never verifies by what was kept of the first; nor str for bytes."""
    for key in (SECRET, SECRET[:-1] + b"\0", OTHER_SECRET, SECRET.hex(), SECRET.hex().encode()):
        octets = key if isinstance(key, bytes) else key.encode()
        for other in (SECRET, OTHER_SECRET, SECRET.hex().encode()):
            token = sign(HEADER, {}, other)
            if octets == other:
                assert jwt.decode(token, key, algorithms=["HS256"]) == {}
            else:
                with pytest.raises(jwt.InvalidSignatureError):
                    jwt.decode(token, key, algorithms=["HS256"])


class OwnJWK(jwt.PyJWK):
    """A class of a program's own."""


@pytest.mark.parametrize("kind", [jwt.PyJWK, OwnJWK])
def test_a_jwk_counts_as_it_is_at_each_call(kind: type[jwt.PyJWK]) -> None:
    """A PyJWK whose key or algorithm is set anew verifies by the new one."""
    jwk = kind({"kty": "oct", "k": encode(SECRET)})
    assert decode(key=jwk)["sub"] == "s"
    jwk.key = OTHER_SECRET
    with pytest.raises(jwt.InvalidSignatureError):
        decode(key=jwk)
    assert jwt.decode(sign(HEADER, {}, OTHER_SECRET), jwk) == {}
    jwk.key, jwk.algorithm_name, jwk.Algorithm = SECRET, "HS384", HMACAlgorithm(HMACAlgorithm.SHA384)
    with pytest.raises(jwt.InvalidAlgorithmError):
        decode(key=jwk)


def test_an_algorithm_that_goes_verifies_and_signs_nothing_from_the_next_call_on() -> None:
    """What was prepared with an algorithm is forgotten when it is unregistered, and used again when it is back."""
    algorithm = jwt.get_algorithm_by_name("HS256")
    assert decode()["sub"] == "s"
    assert jwt.encode({}, SECRET)
    jwt.unregister_algorithm("HS256")
    try:
        with pytest.raises(jwt.InvalidAlgorithmError):
            decode()
        with pytest.raises(NotImplementedError):
            jwt.encode({}, SECRET)
    finally:
        jwt.register_algorithm("HS256", algorithm)
    assert decode()["sub"] == "s"
    assert jwt.encode({}, SECRET)


class Odd(HMACAlgorithm):
    """An algorithm of a program's own: the MAC backwards."""

    def sign(self, msg: bytes, key: bytes) -> bytes:
        """Give the MAC of a message, backwards."""
        return super().sign(msg, key)[::-1]


def test_a_programs_own_algorithm_is_asked() -> None:
    """An algorithm that a program registers signs and verifies itself, each time."""
    jwt.register_algorithm("ODD", Odd(HMACAlgorithm.SHA256))
    try:
        token = jwt.encode({"a": 1}, SECRET, "ODD")
        header, payload, signature = token.split(".")
        for _ in range(2):
            assert jwt.decode(token, SECRET, algorithms=["ODD"]) == {"a": 1}
            assert jwt.encode({"a": 1}, SECRET, "ODD") == token
        straight = jwt.encode({"a": 1}, SECRET, headers={"alg": "HS256"}).split(".")[2]
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(f"{header}.{payload}.{straight}", SECRET, algorithms=["ODD"])
        assert signature != straight
    finally:
        jwt.unregister_algorithm("ODD")


def test_a_class_that_overrides_a_hook_is_asked() -> None:
    """A PyJWT whose class overrides one of PyJWT's methods goes by its own, on the first call and on the next."""

    class Own(jwt.PyJWT):
        def _decode_payload(self, decoded: dict[str, Any]) -> dict[str, Any]:
            return {**super()._decode_payload(decoded), "own": True}

        def _validate_exp(self, payload: dict[str, Any], now: float, leeway: float) -> None:
            """Take tokens that have expired."""

        def _encode_payload(self, payload: dict[str, Any], headers: Any = None, json_encoder: Any = None) -> bytes:
            return super()._encode_payload({**payload, "encoded": True}, headers, json_encoder)

    own = Own()
    for _ in range(2):
        token = own.encode({"exp": 1}, SECRET)
        assert own.decode(token, SECRET, algorithms=["HS256"]) == {"exp": 1, "encoded": True, "own": True}


def test_the_claims_are_the_callers_own() -> None:
    """What a caller does to the claims it got, and to what is in them, no other caller sees."""
    token = sign(HEADER, {"a": [1], "b": {"c": 1}})
    first = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert type(first) is dict
    first["a"].append(2)
    first["b"]["c"] = 2
    first["d"] = 1
    assert jwt.decode(token, SECRET, algorithms=["HS256"]) == {"a": [1], "b": {"c": 1}}


def test_tokens_are_not_remembered_unless_asked_for() -> None:
    """A token is verified on each call; an object that was told to remember it asks for its key too."""
    tokens = jwt.PyJWT(cache_tokens=4)
    for _ in range(3):
        assert tokens.decode(GOOD, SECRET, algorithms=["HS256"], audience="a")["sub"] == "s"
        with pytest.raises(jwt.InvalidSignatureError):
            tokens.decode(GOOD, OTHER_SECRET, algorithms=["HS256"], audience="a")
    for wrong in (-1, 2**32):
        with pytest.raises(ValueError, match="cache_tokens"):
            jwt.PyJWT(cache_tokens=wrong)
    with pytest.raises(TypeError, match="cache_tokens"):
        jwt.PyJWT(cache_tokens=True)


def test_a_remembered_token_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that a PyJWT remembers is refused from the second on in which it expires."""
    now = [1000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    token = sign(HEADER, {"exp": 1010})
    for tokens in (jwt.PyJWT(), jwt.PyJWT(cache_tokens=4)):
        now[0] = 1000.0
        assert tokens.decode(token, SECRET, algorithms=["HS256"]) == {"exp": 1010}
        now[0] = 1009.9
        assert tokens.decode(token, SECRET, algorithms=["HS256"]) == {"exp": 1010}
        now[0] = 1010.0
        with pytest.raises(jwt.ExpiredSignatureError):
            tokens.decode(token, SECRET, algorithms=["HS256"])
        assert tokens.decode(token, SECRET, algorithms=["HS256"], leeway=timedelta(seconds=5)) == {"exp": 1010}


def test_a_programs_frozen_clock_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a program's tests replace ``time.time``, as freezegun does, tokens are judged by what it tells."""
    token = sign(HEADER, {"exp": 2000, "iat": 1000})
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(token, SECRET, algorithms=["HS256"])
    for now, outcome in ((1500.0, None), (500.0, jwt.ImmatureSignatureError), (2000.0, jwt.ExpiredSignatureError)):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        if outcome is None:
            assert jwt.decode(token, SECRET, algorithms=["HS256"])["exp"] == 2000
        else:
            with pytest.raises(outcome):
                jwt.decode(token, SECRET, algorithms=["HS256"])
    monkeypatch.undo()
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(token, SECRET, algorithms=["HS256"])


def test_a_fraction_of_a_second_is_cut_off_as_pyjwt_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ``exp`` within the current second is over, and an ``nbf`` within it has come, whichever code judges."""
    monkeypatch.setattr(time, "time", lambda: 1000.5)
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(sign(HEADER, {"exp": 1000.9}), SECRET, algorithms=["HS256"])
    for claim in ("nbf", "iat"):
        assert jwt.decode(sign(HEADER, {claim: 1000.9}), SECRET, algorithms=["HS256"]) == {claim: 1000.9}


def test_what_is_kept_is_bounded() -> None:
    """However many keys, audiences and headers a program uses, a bounded number of them is kept."""
    tokens = jwt.PyJWT()
    secrets = [b"%032d" % number for number in range(601)]
    for number, secret in enumerate(secrets[1:]):
        token = tokens.encode({"aud": "a"}, secret, headers={"kid": str(number)})
        assert tokens.decode(token, secret, algorithms=["HS256"], audience="a") == {"aud": "a"}
    del secret
    gc.collect()
    counts = [sys.getrefcount(secret) for secret in secrets]
    assert set(counts[1:300]) == {counts[0]}  # as many as refer to one that was never used
    assert min(counts[-200:]) > counts[0]


def test_a_key_object_is_held_no_longer_than_its_decoder() -> None:
    """A public key that is no longer among the last ones can go."""

    class Jwk(jwt.PyJWK):
        pass

    tokens = jwt.PyJWT()
    jwk = Jwk({"kty": "oct", "k": encode(SECRET)})
    assert tokens.decode(sign(HEADER, {}), jwk, algorithms=["HS256"]) == {}
    gone = weakref.ref(jwk)
    del jwk
    del tokens
    gc.collect()
    assert gone() is None


def test_nothing_kept_is_shown() -> None:
    """No repr shows a secret; a PyJWT that is copied or pickled takes its options along, and no keys."""
    tokens: Any = jwt.PyJWT(options={"verify_exp": False})
    tokens.note = "kept"
    secret = "a secret of thirty-two octets.  "
    token = tokens.encode({"exp": 1}, secret)
    assert tokens.decode(token, secret, algorithms=["HS256"]) == {"exp": 1}
    for other in (copy.deepcopy(tokens), copy.copy(tokens), pickle.loads(pickle.dumps(tokens))):  # noqa: S301
        assert other.options == tokens.options
        assert other.note == "kept"
        assert other.decode(token, secret, algorithms=["HS256"]) == {"exp": 1}
    assert secret.encode() not in pickle.dumps(tokens)
    assert secret not in repr(tokens) + repr(vars(tokens))


def test_a_copied_pyjws() -> None:
    """A PyJWS that is copied or pickled takes its options and algorithms along, no more and no less, and no keys."""
    signatures: Any = jwt.PyJWS(["HS256", "ES256"], {"enforce_minimum_key_length": True})
    signatures.unregister_algorithm("HS256")
    signatures.note = "kept"
    pem = pkcs8(private_key("P-256"))
    token = signatures.encode(b"octets", pem, "ES256")
    for other in (copy.deepcopy(signatures), copy.copy(signatures), pickle.loads(pickle.dumps(signatures))):  # noqa: S301
        assert (other.get_algorithms(), other.options) == (["ES256"], signatures.options)
        assert other.note == "kept"
        assert other.decode(token, spki(private_key("P-256")), ["ES256"]) == b"octets"
        other.unregister_algorithm("ES256")
        other.options["verify_signature"] = False
    assert (signatures.get_algorithms(), signatures.options["verify_signature"]) == (["ES256"], True)
    assert pem not in pickle.dumps(signatures)


def test_threads_share_what_is_kept() -> None:
    """Threads that decode by different keys and demands at once each get their own answer."""
    keys = [b"%032d" % number for number in range(8)]
    tokens = [sign(HEADER, {"aud": str(number)}, key) for number, key in enumerate(keys)]
    failures: list[str] = []

    def work(start: int) -> None:
        for step in range(400):
            number = (start + step) % 8
            if jwt.decode(tokens[number], keys[number], algorithms=["HS256"], audience=str(number)) != {
                "aud": str(number)
            }:
                failures.append("another's claims")
            try:
                jwt.decode(tokens[number], keys[number - 1], algorithms=["HS256"], audience=str(number))
            except jwt.InvalidSignatureError:
                continue
            failures.append("accepted by another's key")

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "ES256", "ES512", "ES256K", "EdDSA", "HS512"])
@pytest.mark.parametrize("form", ["object", "text", "octets"])
def test_each_algorithm_in_each_form_of_its_key(algorithm: str, form: str) -> None:
    """Each algorithm signs and verifies with a key object, a PEM, and a PEM's octets, the first time and the next."""
    kinds = {"ES256": "P-256", "ES512": "P-521", "ES256K": "secp256k1", "EdDSA": "Ed25519"}
    public: Any
    if algorithm == "HS512":
        private: Any = LONG_SECRET if form == "octets" else LONG_SECRET.hex()
        public = private
    else:
        private = private_key(kinds.get(algorithm, "RSA"))
        public = private.public_key()
        if form != "object":
            private, public = pkcs8(private), spki(private)
        if form == "text":
            private, public = private.decode(), public.decode()
    for _ in range(2):
        token = jwt.encode({"a": 1}, private, algorithm)
        assert jwt.decode(token, public, algorithms=[algorithm]) == {"a": 1}
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(token[:-8] + "AAAAAAAA", public, algorithms=[algorithm])


def test_a_short_key_is_warned_of_on_each_call() -> None:
    """A secret under the hash's length works, and is warned of each time, from what is kept too."""
    token = sign(HEADER, {}, b"short")
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        for _ in range(3):
            assert jwt.decode(token, "short", algorithms=["HS256"]) == {}
            assert jwt.encode({}, "short")
            with pytest.raises(jwt.InvalidSignatureError):
                jwt.decode(token[:-3] + "AAA", "short", algorithms=["HS256"])
    assert [one.category for one in given] == [jwt.InsecureKeyLengthWarning] * 9
    for _ in range(2):
        with pytest.raises(jwt.InvalidKeyError, match="below"):
            jwt.decode(token, "short", algorithms=["HS256"], options={"enforce_minimum_key_length": True})
    strict = jwt.PyJWT({"enforce_minimum_key_length": True})
    for _ in range(2):
        with pytest.raises(jwt.InvalidKeyError, match="below"):
            strict.encode({}, "short")


def test_the_payload_is_written_as_it_is_at_each_call() -> None:
    """A payload that its owner changes between two calls is signed as it is then, and is not changed by signing."""
    payload: dict[str, Any] = {"a": [1]}
    first = jwt.encode(payload, SECRET)
    payload["a"].append({"b": None})
    second = jwt.encode(payload, SECRET)
    assert first != second
    assert jwt.decode(second, SECRET, algorithms=["HS256"]) == payload == {"a": [1, {"b": None}]}
    assert json.loads(json.dumps(payload)) == payload

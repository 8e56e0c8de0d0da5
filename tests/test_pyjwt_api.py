"""The public API of PyJWT 2.15.1, name by name: whatever a program imports and calls is there, with its parameters."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import warnings
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

import jwt as pyjwt
import pytest
from forge import SECRET, encode, sign
from key_pairs import private_jwk, private_key
from pyjwt_alias_modules import MODULES

import jwtfast.jwt as ours
from jwtfast import errors


def public(module: Any) -> Iterator[tuple[str, Any]]:
    """Give the names of a module that are its own and public: not what it imports, nor what begins with a line."""
    for name, value in vars(module).items():
        home = getattr(value, "__module__", None) or ""
        own = home.startswith(f"{module.__name__}.") or home == module.__name__
        if own and not name.startswith("_") and not inspect.ismodule(value):
            yield name, value


def parameters(function: Callable[..., Any]) -> list[tuple[Any, ...]]:
    """Give the names, kinds and defaults of a function's parameters; of a default that stands for none, its type."""
    return [
        (one.name, one.kind, one.default if type(one.default) is not object else object)
        for one in inspect.signature(function).parameters.values()
        if one.name != "cache_tokens"  # the one that is ours: see the differences
    ]


@pytest.mark.parametrize("name", ["", *MODULES])
def test_each_public_name_is_there(name: str) -> None:
    """Each public name of each module of PyJWT is in ours, with the parameters, in their order, that PyJWT has."""
    theirs = importlib.import_module(f"jwt.{name}" if name else "jwt")
    module = importlib.import_module(f"jwtfast.jwt.{name}" if name else "jwtfast.jwt")
    assert set(getattr(theirs, "__all__", ())) <= set(dir(module))
    for member, value in public(theirs):
        own = getattr(module, member)
        if inspect.isroutine(value):
            assert parameters(own) == parameters(value), member
        if inspect.isclass(value):
            assert inspect.isclass(own)
            for attribute in (one for one in vars(value) if not one.startswith("_") or one == "__init__"):
                assert hasattr(own, attribute), f"{member}.{attribute}"
                method = getattr(value, attribute)
                if inspect.isfunction(method) and not issubclass(value, Exception | dict):
                    assert parameters(getattr(own, attribute)) == parameters(method), f"{member}.{attribute}"


def test_the_exceptions_have_pyjwts_hierarchy() -> None:
    """Each exception is a subclass of those that it is one of in PyJWT, and the very class of jwtfast.errors."""
    for name, theirs in public(pyjwt.exceptions):
        own = getattr(ours.exceptions, name)
        for base in theirs.__mro__[1:-1]:
            if base.__module__.startswith("jwt"):
                assert issubclass(own, getattr(ours.exceptions, base.__name__))
        if hasattr(errors, name):
            assert own is getattr(errors, name)
        assert isinstance(own.code, str)
    assert ours.PyJWTError is errors.JWTError
    assert ours.exceptions.MissingRequiredClaimError("exp").claim == "exp"


def test_the_warnings_are_of_pyjwts_kinds() -> None:
    """Each warning is of the kind that filters of warnings know."""
    for name, theirs in public(pyjwt.warnings):
        assert getattr(ours.warnings, name).__mro__[1:] == theirs.__mro__[1:]


def test_the_options_are_pyjwts() -> None:
    """The dicts of options have the members, of the types, that PyJWT's have."""
    for name in ("Options", "FullOptions", "SigOptions"):
        assert get_type_hints(getattr(ours.types, name)) == get_type_hints(getattr(pyjwt.types, name))
        assert getattr(ours.types, name).__total__ == getattr(pyjwt.types, name).__total__
    assert ours.PyJWT().options == pyjwt.PyJWT().options
    assert ours.PyJWS().options == pyjwt.PyJWS().options
    off: Any = {"verify_signature": False, "verify_exp": True}
    assert ours.PyJWT(off).options == pyjwt.PyJWT(off).options
    assert sorted(ours.PyJWS().get_algorithms()) == sorted(pyjwt.PyJWS().get_algorithms())


def test_the_algorithms_are_pyjwts() -> None:
    """The default algorithms have PyJWT's names and classes, and its attributes that programs look at."""
    own, theirs = ours.algorithms.get_default_algorithms(), pyjwt.algorithms.get_default_algorithms()
    assert {name: type(one).__name__ for name, one in own.items()} == {
        name: type(one).__name__ for name, one in theirs.items()
    }
    for name, one in theirs.items():
        for attribute in ("hash_alg", "expected_curve"):
            assert getattr(own[name], attribute, None) == getattr(one, attribute, None)
    assert ours.algorithms.requires_cryptography == pyjwt.algorithms.requires_cryptography
    for name in ("AllowedKeys", "AllowedPrivateKeys", "AllowedPublicKeys", "AllowedRSAKeys", "AllowedECKeys"):
        assert set(getattr(ours.algorithms, name).__args__) == set(getattr(pyjwt.algorithms, name).__args__)


def test_an_algorithm_without_a_hash_of_jwa() -> None:
    """HMAC over any hash of hashlib signs and verifies as PyJWT's does."""
    import hashlib  # noqa: PLC0415

    for hash_alg in (hashlib.sha1, hashlib.sha3_256, hashlib.sha256):
        own, theirs = ours.algorithms.HMACAlgorithm(hash_alg), pyjwt.algorithms.HMACAlgorithm(hash_alg)
        assert own.sign(b"m", SECRET) == theirs.sign(b"m", SECRET)
        assert own.verify(b"m", SECRET, theirs.sign(b"m", SECRET))
        assert not own.verify(b"n", SECRET, theirs.sign(b"m", SECRET))
        assert own.check_key_length(b"short") == theirs.check_key_length(b"short")


def test_subject_is_asked_of_each_call() -> None:
    """``subject`` is compared where ``sub`` is there, whatever was asked for on the call before."""
    token = sign({"alg": "HS256"}, {"sub": "alice"})
    for subject, good in (("alice", True), ("bob", False), (None, True), ("", False), ("alice", True)):
        if good:
            assert ours.decode(token, SECRET, ["HS256"], subject=subject)["sub"] == "alice"
        else:
            with pytest.raises(errors.InvalidSubjectError, match="Invalid subject"):
                ours.decode(token, SECRET, ["HS256"], subject=subject)
    assert ours.decode(sign({"alg": "HS256"}, {}), SECRET, ["HS256"], subject="alice") == {}
    options: Any = {"verify_sub": False}
    assert ours.decode(token, SECRET, ["HS256"], options, subject="bob")["sub"] == "alice"


def test_the_parameters_can_be_asked_for() -> None:
    """``inspect.signature`` and what rests on it (mocks with a spec) work on the compiled functions too."""
    assert list(inspect.signature(ours.decode).parameters)[:3] == ["jwt", "key", "algorithms"]
    assert list(inspect.signature(ours.encode).parameters)[:3] == ["payload", "key", "algorithm"]


def test_importing_jwtfast_imports_none_of_it(new_process: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """``import jwtfast`` loads neither the drop-in nor cryptography nor HTTP; ``from jwtfast import jwt`` finds it."""
    loaded = new_process(
        "import sys, jwtfast; print([name for name in ('jwtfast.jwt', 'cryptography', 'urllib.request', 'jwt')"
        " if name in sys.modules]); from jwtfast import jwt; print(jwt.__name__, 'jwt' in sys.modules)"
    )
    assert loaded.stdout.splitlines() == ["[]", "jwtfast.jwt False"], loaded.stderr


def test_help_tells_the_versions(new_process: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """``python -m jwtfast.jwt.help`` prints what PyJWT's prints, and jwtfast's version."""
    told = json.loads(new_process("import runpy; runpy.run_module('jwtfast.jwt.help', run_name='__main__')").stdout)
    assert set(told) == {"platform", "implementation", "cryptography", "pyjwt", "jwtfast"}
    assert told["pyjwt"] == {"version": pyjwt.__version__}


def test_a_set_of_audiences_or_issuers() -> None:
    """Sets, frozensets and generators of names are taken as lists of them are, on every call."""
    token = sign({"alg": "HS256"}, {"aud": ["a", "x"], "iss": "i"})
    for _ in range(2):
        for make in (set, frozenset, tuple, list, iter):
            names: Any = make(["b", "a"])
            assert ours.decode(token, SECRET, ["HS256"], audience=names, issuer={"i", "j"})["iss"] == "i"
            names = make(["b", "c"])
            with pytest.raises(ours.InvalidAudienceError):
                ours.decode(token, SECRET, {"HS256"}, audience=names)  # type: ignore[arg-type]
        with pytest.raises(ours.InvalidIssuerError):
            ours.decode(token, SECRET, ["HS256"], audience="a", issuer=frozenset({"j"}))


def test_no_warning_where_all_is_well() -> None:
    """Good calls give no warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ours.decode(ours.encode({"a": 1}, SECRET), SECRET, ["HS256"]) == {"a": 1}


@pytest.mark.parametrize("algorithm", ["HS384", "RS256", "PS384", "ES256", "ES384", "ES256K", "EdDSA", "none"])
@pytest.mark.parametrize("kind", ["oct", "RSA", "P-256", "Ed25519"])
def test_a_pyjwk_signs_by_no_algorithm_that_is_not_for_its_key(kind: str, algorithm: str) -> None:
    """An ``algorithm`` given with a PyJWK must be one for its key: no token is unsigned, or signed on a wrong curve."""
    members = private_jwk(private_key(kind)) if kind != "oct" else {"kty": "oct", "k": encode(SECRET * 2)}
    outcomes = []
    of_pyjwt, of_ours = (pyjwt.InvalidKeyError, TypeError, ValueError), (ours.InvalidKeyError, TypeError)
    for module, refusals in ((pyjwt, of_pyjwt), (ours, of_ours)):
        key: Any = module.PyJWK(members)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                outcomes.append(module.get_unverified_header(module.encode({}, key, algorithm)))
        except refusals:
            outcomes.append("refused")
    assert outcomes[0] == outcomes[1]


def test_only_a_call_can_leave_the_signature_out() -> None:
    """An object's own ``verify_signature`` switches off its claims alone, as in PyJWT; only a call's goes further."""
    forged = sign({"alg": "HS256"}, {"exp": 1}, b"of somebody else" * 2)
    old = sign({"alg": "HS256"}, {"exp": 1})
    for module in (pyjwt, ours):
        tokens: Any = module.PyJWT({"verify_signature": False})
        later: Any = module.PyJWT()
        later.options["verify_signature"] = False
        for one in (tokens, later):
            for options in (None, {}, {"verify_exp": False}):
                for decode in (one.decode, one.decode_complete):
                    with pytest.raises(module.InvalidSignatureError):
                        decode(forged, SECRET, algorithms=["HS256"], options=options)
            with pytest.raises(module.DecodeError, match="algorithms"):
                one.decode(forged)
            assert one.decode(forged, options={"verify_signature": False}) == {"exp": 1}
        assert tokens.decode(old, SECRET, algorithms=["HS256"]) == {"exp": 1}

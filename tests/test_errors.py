"""The exception tree: its codes, its OAuth errors, and PyJWT's names in PyJWT's places."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from jwtfast import errors

# Metrics and dashboards hold these codes: once published, they do not change. The second is of RFC 6750 section 3.1.
NOT_ABOUT_A_TOKEN = {
    "JWTError": "error",
    "InvalidKeyError": "invalid_key",
    "KeyRingError": "key_ring",
    "KeySetUnavailableError": "keys_unavailable",
    "RefreshStoreError": "refresh_store_unavailable",
    "RefreshTokenError": "refresh_token",
    "RefreshTokenExpiredError": "refresh_token_expired",
    "RefreshTokenReusedError": "refresh_token_reused",
    "RefreshTokenRevokedError": "refresh_token_revoked",
    "RevocationListFullError": "revocations_full",
    "RevocationListUnavailableError": "revocations_unavailable",
    "RotationTooEarlyError": "rotation_too_early",
    "UnavailableError": "unavailable",
    "UnknownRefreshTokenError": "refresh_token_unknown",
}
ABOUT_A_TOKEN = {
    "InvalidTokenError": ("invalid_token", "invalid_token"),
    "MissingTokenError": ("missing_token", None),
    "InvalidRequestError": ("invalid_request", "invalid_request"),
    "CrossSiteRequestError": ("cross_site_request", None),
    "InsufficientScopeError": ("insufficient_scope", "insufficient_scope"),
    "DecodeError": ("malformed", "invalid_token"),
    "TokenTooLargeError": ("too_large", "invalid_token"),
    "InvalidSignatureError": ("bad_signature", "invalid_token"),
    "InvalidAlgorithmError": ("algorithm_not_allowed", "invalid_token"),
    "UnknownKeyError": ("unknown_key", "invalid_token"),
    "CriticalHeaderError": ("critical_header", "invalid_token"),
    "InvalidTokenTypeError": ("wrong_type", "invalid_token"),
    "ExpiredSignatureError": ("expired", "invalid_token"),
    "ImmatureSignatureError": ("not_yet_valid", "invalid_token"),
    "InvalidIssuedAtError": ("invalid_issued_at", "invalid_token"),
    "InvalidIssuerError": ("wrong_issuer", "invalid_token"),
    "InvalidAudienceError": ("wrong_audience", "invalid_token"),
    "InvalidSubjectError": ("invalid_subject", "invalid_token"),
    "InvalidJTIError": ("invalid_jti", "invalid_token"),
    "InvalidClaimError": ("invalid_claim", "invalid_token"),
    "MissingRequiredClaimError": ("missing_claim", "invalid_token"),
    "RevokedTokenError": ("revoked", "invalid_token"),
}
PARENTS = {
    "InvalidSignatureError": "DecodeError",
    "KeySetUnavailableError": "UnavailableError",
    "RefreshStoreError": "UnavailableError",
    "RefreshTokenExpiredError": "RefreshTokenError",
    "RefreshTokenReusedError": "RefreshTokenError",
    "RefreshTokenRevokedError": "RefreshTokenError",
    "RevocationListUnavailableError": "UnavailableError",
    "RotationTooEarlyError": "KeyRingError",
    "TokenTooLargeError": "DecodeError",
    "UnknownRefreshTokenError": "RefreshTokenError",
}
WITH_A_CLAIM = ("InvalidClaimError", "MissingRequiredClaimError")
FROM_PYJWT = {
    "DecodeError",
    "ExpiredSignatureError",
    "ImmatureSignatureError",
    "InvalidAlgorithmError",
    "InvalidAudienceError",
    "InvalidIssuedAtError",
    "InvalidIssuerError",
    "InvalidJTIError",
    "InvalidKeyError",
    "InvalidSignatureError",
    "InvalidSubjectError",
    "InvalidTokenError",
    "MissingRequiredClaimError",
}


def error(name: str) -> type[errors.JWTError]:
    """Give an exception class by its name."""
    found: type[errors.JWTError] = getattr(errors, name)
    return found


def example(name: str) -> errors.JWTError:
    """Give an exception of the class."""
    if name == "RotationTooEarlyError":
        return errors.RotationTooEarlyError(1_700_000_000.5)
    return error(name)("jti" if name in WITH_A_CLAIM else "what is wrong")


def test_the_table_is_complete() -> None:
    """The table above names each public class, and there is no exception class besides."""
    defined = {name for name, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, Exception)}
    assert set(errors.__all__) == {*NOT_ABOUT_A_TOKEN, *ABOUT_A_TOKEN} == defined
    assert len(errors.__all__) == len(set(errors.__all__))


@pytest.mark.parametrize("name", errors.__all__)
def test_one_tree(name: str) -> None:
    """Every class is a JWTError, no class has two parents, and each parent is the expected one."""
    kind = error(name)
    assert issubclass(kind, errors.JWTError)
    if name == "JWTError":
        assert kind.__bases__ == (Exception,)
    else:
        expected = "JWTError" if name in (*NOT_ABOUT_A_TOKEN, "InvalidTokenError") else "InvalidTokenError"
        assert kind.__bases__ == (error(PARENTS.get(name, expected)),)


@pytest.mark.parametrize("name", NOT_ABOUT_A_TOKEN)
def test_what_is_not_about_a_token(name: str) -> None:
    """What is not the token's fault is no InvalidTokenError, has its stable code, and maps to no OAuth error."""
    assert not issubclass(error(name), errors.InvalidTokenError)
    assert error(name).code == NOT_ABOUT_A_TOKEN[name]
    assert not hasattr(error(name), "bearer_error")


@pytest.mark.parametrize("name", ABOUT_A_TOKEN)
def test_what_is_about_a_token(name: str) -> None:
    """What is wrong with a token is an InvalidTokenError with its stable code and the error code of RFC 6750."""
    kind = error(name)
    assert issubclass(kind, errors.InvalidTokenError)
    assert (kind.code, kind.bearer_error) == ABOUT_A_TOKEN[name]


def test_codes_are_unique_labels() -> None:
    """No two classes share a code, each class has its own, and each is fit for a metric's label."""
    codes = [error(name).code for name in errors.__all__]
    assert len(set(codes)) == len(codes)
    for name in errors.__all__:
        assert "code" in vars(error(name))
        assert error(name).code.isidentifier()
        assert error(name).code == error(name).code.lower()


@pytest.mark.parametrize("name", errors.__all__)
def test_each_class_says_when_it_is_raised(name: str) -> None:
    """Each class's own docstring says when it is raised, or that it is a base."""
    words = vars(error(name))["__doc__"]
    assert words.startswith(("Raised when ", "Raised while ", "The base of "))


@pytest.mark.parametrize("name", errors.__all__)
def test_exceptions_travel(name: str) -> None:
    """An exception keeps its class, its words and its claim through pickle and copy, as between processes."""
    raised = example(name)
    for twin in (pickle.loads(pickle.dumps(raised)), copy.copy(raised), copy.deepcopy(raised)):  # noqa: S301
        assert type(twin) is type(raised)
        assert (str(twin), twin.args, twin.code) == (str(raised), raised.args, raised.code)
        for attribute in ("claim", "ready_at"):
            assert getattr(twin, attribute, None) == getattr(raised, attribute, None)


@pytest.mark.parametrize("name", WITH_A_CLAIM)
def test_a_claim_is_named(name: str) -> None:
    """An error about a claim tells its name, as an attribute and in its words."""
    raised = example(name)
    assert raised.claim == "jti"  # type: ignore[attr-defined]
    assert "jti" in str(raised)


@pytest.mark.parametrize("name", sorted(FROM_PYJWT))
def test_names_of_pyjwt(name: str) -> None:
    """What programs catch from PyJWT has the same name here, and the same ancestors as far as we have them."""
    theirs = pytest.importorskip("jwt.exceptions", reason="PyJWT is not installed")
    their_ancestors = {kind.__name__ for kind in getattr(theirs, name).__mro__[1:]} & {*errors.__all__}
    our_ancestors = {kind.__name__ for kind in error(name).__mro__[1:]}
    assert their_ancestors <= our_ancestors
    assert our_ancestors & FROM_PYJWT == their_ancestors


def test_no_other_name_is_pyjwts() -> None:
    """All names that both have are in the list above, so that none is left unchecked."""
    theirs = pytest.importorskip("jwt.exceptions", reason="PyJWT is not installed")
    assert {name for name in errors.__all__ if hasattr(theirs, name)} == FROM_PYJWT


def test_messages_of_pyjwt() -> None:
    """A missing claim is told in PyJWT's words, which programs show."""
    theirs = pytest.importorskip("jwt.exceptions", reason="PyJWT is not installed")
    assert str(errors.MissingRequiredClaimError("exp")) == str(theirs.MissingRequiredClaimError("exp"))

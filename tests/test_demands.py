"""What a verifier demands beyond the registered claims: claims=, authorized_party= and the ready-made policies."""

from __future__ import annotations

from typing import Any

import pytest
from forge import HEADER, NOW, SECRET, Clock, good, sign

from jwtfast import ANY, Key, Verifier, errors

KEY = Key.from_secret(SECRET, "HS256")
ACCESS = {"iss": "i", "exp": NOW + 60, "aud": "api", "sub": "s", "client_id": "c", "iat": NOW, "jti": "j"}
ID = {"iss": "i", "exp": NOW + 60, "aud": "c", "sub": "s", "iat": NOW}


def verifier(**options: Any) -> Verifier:
    """Give a verifier whose clock stands at NOW."""
    return Verifier(KEY, clock=Clock(), **options)


def refusal(judge: Verifier, token: str) -> errors.InvalidTokenError:
    """Give the error that a token is refused with."""
    with pytest.raises(errors.InvalidTokenError) as caught:
        judge.verify(token)
    return caught.value


def named(judge: Verifier, token: str) -> tuple[type[errors.InvalidTokenError], str]:
    """Give the class of the error that a token is refused with, and the claim that it names."""
    error = refusal(judge, token)
    assert isinstance(error, errors.InvalidClaimError | errors.MissingRequiredClaimError)
    return type(error), error.claim


@pytest.mark.parametrize("values", ["admin", ["admin"], ("user", "admin"), {"admin"}])
def test_a_claim_with_one_of_some_values(values: object) -> None:
    """A claim that is asked for must be there and have one of the values, exactly."""
    judge = verifier(claims={"role": values})
    assert judge.verify(good(role="admin")).claims["role"] == "admin"
    for wrong in ("Admin", "admin ", "adm", "admins", "", None, 1, True, ["admin"], {"admin": 1}, "\u0430dmin"):
        assert named(judge, good(role=wrong)) == (errors.InvalidClaimError, "role")
        assert refusal(judge, good(role=wrong)).code == "invalid_claim"
    assert named(judge, good()) == (errors.MissingRequiredClaimError, "role")
    assert named(judge, good(deep={"role": "admin"})) == (errors.MissingRequiredClaimError, "role")


@pytest.mark.parametrize("value", ['"', "\\", "\xe9", "\N{KEY}", "/", "\n"])
def test_values_of_any_text(value: str) -> None:
    """A claim's name and value count however JSON spells them."""
    judge = verifier(claims={f"name{value}": value})
    units = value.encode("utf-16-be")
    escaped = b"".join(b"\\u%04x" % int.from_bytes(units[i : i + 2]) for i in range(0, len(units), 2))
    spelled = sign(HEADER, b'{"exp":%d,"name%s":"%s"}' % (NOW + 60, escaped, escaped))
    for token in (good(**{f"name{value}": value}), spelled):
        assert judge.verify(token).claims[f"name{value}"] == value
    assert named(judge, good(**{f"name{value}": value * 2})) == (errors.InvalidClaimError, f"name{value}")


def test_several_claims() -> None:
    """All the claims that are asked for are looked at, registered ones too, each with its own error."""
    judge = verifier(claims={"sub": "alice", "jti": "1", "role": "admin"}, required=("exp", "team"))
    claims: dict[str, object] = {"sub": "alice", "jti": "1", "role": "admin", "team": 1}
    judge.verify(good(**claims))
    for name, kind in [("sub", errors.InvalidSubjectError), ("jti", errors.InvalidClaimError)]:
        assert type(refusal(judge, good(**{**claims, name: "x"}))) is kind
    assert named(judge, good(**{**claims, "role": "x"})) == (errors.InvalidClaimError, "role")
    for name in claims:
        without = {each: value for each, value in claims.items() if each != name}
        assert named(judge, good(**without)) == (errors.MissingRequiredClaimError, name)


@pytest.mark.parametrize("claims", [[("role", "admin")], "role", 1, 0, "", [], {"role"}, ("role", "admin"), True])
def test_claims_that_are_no_mapping(claims: object) -> None:
    """The claims that are asked for are a mapping."""
    with pytest.raises(TypeError, match="claims"):
        verifier(claims=claims)


@pytest.mark.parametrize("claims", [{1: "a"}, {"a": 1}, {"a": None}, {"a": b"x"}, {"a": [1]}, {None: "a"}, {"a": True}])
def test_claims_of_wrong_types(claims: object) -> None:
    """Claims are named by str, and their values are str or a collection of them."""
    with pytest.raises(TypeError, match="claims"):
        verifier(claims=claims)


@pytest.mark.parametrize(
    "claims", [{"": "a"}, {"a": ""}, {"a": []}, {"a": ["x", ""]}, {"a": "\ud800"}, {"\ud800": "a"}]
)
def test_claims_that_say_nothing(claims: object) -> None:
    """Empty names and values, and what is no Unicode text, are errors at construction."""
    with pytest.raises(ValueError, match="claims"):
        verifier(claims=claims)


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "nbf", "iat", "azp"])
def test_claims_that_have_an_option_of_their_own(name: str) -> None:
    """What has an option of its own can't be said a second time."""
    with pytest.raises(ValueError, match=name):
        verifier(claims={name: "x"})


@pytest.mark.parametrize(
    ("aud", "azp", "expected"),
    [
        ("c", "c", None),
        (["c"], "c", None),
        (["c", "d"], "c", None),
        ("c", ..., None),
        (["c"], ..., None),
        (["c", "d"], ..., errors.MissingRequiredClaimError),
        (["c", "c"], ..., errors.MissingRequiredClaimError),
        ("c", "d", errors.InvalidClaimError),
        ("c", "", errors.InvalidClaimError),
        ("c", "C", errors.InvalidClaimError),
        ("c", None, errors.InvalidClaimError),
        ("c", ["c"], errors.InvalidClaimError),
        (["c", "d"], "d", errors.InvalidClaimError),
        (["d", "e"], "c", errors.InvalidAudienceError),
        ("d", "c", errors.InvalidAudienceError),
    ],
)
def test_authorized_party(aud: object, azp: object, expected: type[Exception] | None) -> None:
    """Azp is the client where it is there, and is there where aud names several (OpenID Connect Core 3.1.3.7)."""
    claims = {"aud": aud} if azp is ... else {"aud": aud, "azp": azp}
    for judge in (
        verifier(audience="c", authorized_party="c"),
        Verifier.for_id_tokens(KEY, issuer="i", client_id="c", clock=Clock()),
    ):
        token = sign(HEADER, {**ID, **claims})
        if expected is None:
            assert judge.verify(token).claims["aud"] == aud
        else:
            assert type(refusal(judge, token)) is expected


def test_access_tokens() -> None:
    """An access token has typ at+jwt and all the claims of RFC 9068 section 2.2, and any other is refused."""
    judge = Verifier.for_access_tokens(KEY, issuer="i", audience="api", clock=Clock())
    header = {"alg": "HS256", "typ": "at+jwt"}
    assert judge.verify(sign(header, ACCESS)).subject == "s"
    for name in ACCESS:
        without = {each: value for each, value in ACCESS.items() if each != name}
        assert named(judge, sign(header, without)) == (errors.MissingRequiredClaimError, name)
    for name, value in [("iss", "x"), ("aud", "x"), ("exp", NOW), ("iat", NOW + 1), ("client_id", 1), ("sub", 1)]:
        refusal(judge, sign(header, {**ACCESS, name: value}))
    for typ in ("JWT", "", "id+jwt"):
        assert type(refusal(judge, sign({**header, "typ": typ}, ACCESS))) is errors.InvalidTokenTypeError
    assert type(refusal(judge, sign({"alg": "HS256"}, ACCESS))) is errors.InvalidTokenTypeError


def test_id_tokens() -> None:
    """An ID token has the claims of OpenID Connect Core section 2, and the nonce that was sent."""
    judge = Verifier.for_id_tokens(KEY, issuer="i", client_id="c", nonce="n", clock=Clock())
    good_one = {**ID, "nonce": "n"}
    assert judge.verify(sign(HEADER, good_one)).subject == "s"
    assert judge.cache_info().tokens == 0
    for name in good_one:
        without = {each: value for each, value in good_one.items() if each != name}
        assert named(judge, sign(HEADER, without)) == (errors.MissingRequiredClaimError, name)
    for nonce in ("N", "", "nn", None, 1, ["n"]):
        assert named(judge, sign(HEADER, {**good_one, "nonce": nonce})) == (errors.InvalidClaimError, "nonce")
    lenient = Verifier.for_id_tokens(KEY, issuer="i", client_id="c", clock=Clock())
    assert lenient.verify(sign(HEADER, ID)).claims == ID
    assert lenient.verify(sign(HEADER, good_one)).claims["nonce"] == "n"


@pytest.mark.parametrize("left_open", [None, ANY])
def test_ready_made_policies_leave_nothing_open(left_open: Any) -> None:
    """Issuer, audience and client can't be left open where the standard wants them checked."""
    with pytest.raises(TypeError):
        Verifier.for_access_tokens(KEY, issuer=left_open, audience="a")
    with pytest.raises(TypeError):
        Verifier.for_access_tokens(KEY, issuer="i", audience=left_open)
    with pytest.raises(TypeError):
        Verifier.for_id_tokens(KEY, issuer=left_open, client_id="c")
    with pytest.raises(TypeError):
        Verifier.for_id_tokens(KEY, issuer="i", client_id=left_open)
    with pytest.raises(ValueError, match="nonce"):
        Verifier.for_id_tokens(KEY, issuer="i", client_id="c", nonce="")


@pytest.mark.parametrize("number", [25, 26])
def test_the_number_of_demands(number: int) -> None:
    """More claims than a verifier can ask for are an error at construction, and none is left out silently."""
    names = [f"claim{i}" for i in range(number)]
    if number > 25:
        with pytest.raises(ValueError, match="25"):
            verifier(required=names)
        with pytest.raises(ValueError, match="25"):
            verifier(claims=dict.fromkeys(names, "x"))
        return
    judge = verifier(claims=dict.fromkeys(names, "x"), required=())
    judge.verify(good(**dict.fromkeys(names, "x")))
    for name in names:
        assert named(judge, good(**{**dict.fromkeys(names, "x"), name: "y"})) == (errors.InvalidClaimError, name)

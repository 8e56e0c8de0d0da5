"""The two ready-made policies, and the claims and the authorized party that any verifier may be told to ask for."""

from __future__ import annotations

from typing import Any

import pytest
from forge import NOW, OTHER_SECRET, SECRET, Clock, Json, sign

from jwtfast import ANY, Key, KeySet, Token, Verifier, errors

KEY = Key.from_secret(SECRET, "HS256")
ISSUER, API, CLIENT = "https://login.example", "https://api.example", "the client"
# RFC 9068 section 2.2.
ACCESS: Json = {
    "iss": ISSUER,
    "exp": NOW + 60,
    "aud": API,
    "sub": "alice",
    "client_id": CLIENT,
    "iat": NOW - 5,
    "jti": "one",
}
# OpenID Connect Core section 2.
ID: Json = {"iss": ISSUER, "sub": "alice", "aud": CLIENT, "exp": NOW + 60, "iat": NOW - 5}
AT_JWT: Json = {"alg": "HS256", "typ": "at+jwt"}
JWT: Json = {"alg": "HS256", "typ": "JWT"}


def without(claims: Json, name: str) -> Json:
    """Give claims without one of them."""
    return {other: value for other, value in claims.items() if other != name}


def access(**options: Any) -> Verifier:
    """Give a verifier of access tokens whose clock stands still."""
    return Verifier.for_access_tokens(KEY, issuer=ISSUER, audience=API, clock=Clock(), **options)


def identity(**options: Any) -> Verifier:
    """Give a verifier of ID tokens whose clock stands still."""
    return Verifier.for_id_tokens(KEY, issuer=ISSUER, client_id=CLIENT, clock=Clock(), **options)


def plain(**options: Any) -> Verifier:
    """Give a verifier that asks for nothing but what it is told to."""
    return Verifier(KEY, clock=Clock(), required=(), **{"audience": ANY, **options})


def refusal(judge: Verifier, claims: Json, header: Json = JWT) -> errors.InvalidTokenError:
    """Give the error with which a token is refused, signed well as it is."""
    with pytest.raises(errors.InvalidTokenError) as caught:
        judge.verify(sign(header, claims))
    return caught.value


def refused(judge: Verifier, claims: Json, kind: type[errors.InvalidTokenError], header: Json = JWT) -> None:
    """Assert that a token is refused with an error of exactly this class."""
    assert type(refusal(judge, claims, header)) is kind


def missing(judge: Verifier, claims: Json, name: str, header: Json = JWT) -> None:
    """Assert that a token is refused since a claim is missing."""
    error = refusal(judge, claims, header)
    assert isinstance(error, errors.MissingRequiredClaimError)
    assert (error.claim, error.code) == (name, "missing_claim")


def invalid(judge: Verifier, claims: Json, name: str, header: Json = JWT) -> None:
    """Assert that a token is refused since a claim that was asked for by name has another value or form."""
    error = refusal(judge, claims, header)
    assert isinstance(error, errors.InvalidClaimError)
    assert (error.claim, error.code) == (name, "invalid_claim")


# ---- access tokens (RFC 9068) ----


def test_a_good_access_token() -> None:
    """A token with everything that RFC 9068 section 2.2 asks for is accepted, and remembered."""
    judge = access()
    verified = judge.verify(sign(AT_JWT, ACCESS))
    assert isinstance(verified, Token)
    assert (verified.subject, verified.audience, verified.claims["client_id"]) == ("alice", (API,), CLIENT)
    assert judge.verify(sign(AT_JWT, ACCESS)) is verified


@pytest.mark.parametrize("name", ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"])
def test_access_tokens_need_every_claim(name: str) -> None:
    """Each of the seven claims is required (RFC 9068 section 2.2), and null is none of them."""
    missing(access(), without(ACCESS, name), name, AT_JWT)
    with pytest.raises(errors.InvalidTokenError):
        access().verify(sign(AT_JWT, {**ACCESS, name: None}))


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "Application/AT+JWT"])
def test_the_type_of_access_tokens(typ: str) -> None:
    """The typ may be in any case and with application/ in front (RFC 9068 section 4, RFC 7515 section 4.1.9)."""
    assert access().verify(sign({"alg": "HS256", "typ": typ}, ACCESS)).subject == "alice"


@pytest.mark.parametrize(
    "typ",
    ["JWT", "jwt", "", "at", "at+jwt ", " at+jwt", "at+jwt;v=1", "application/", "text/at+jwt", "id+jwt", "at_jwt"],
)
def test_other_types_are_no_access_tokens(typ: str) -> None:
    """Any other typ, an ID token's above all, is refused before the signature is looked at (RFC 9068 section 4)."""
    header = {"alg": "HS256", "typ": typ}
    refused(access(), ACCESS, errors.InvalidTokenTypeError, header)
    with pytest.raises(errors.InvalidTokenTypeError):
        access().verify(sign(header, ACCESS, OTHER_SECRET))


def test_no_type_is_no_access_token() -> None:
    """A token without typ is refused."""
    refused(access(), ACCESS, errors.InvalidTokenTypeError, {"alg": "HS256"})


@pytest.mark.parametrize("typ", ["application/application/at+jwt", "application/application/application/at+jwt"])
def test_the_prefix_counts_once(typ: str) -> None:
    """The prefix application/ may be left out, and not doubled (RFC 7515 section 4.1.9)."""
    refused(access(), ACCESS, errors.InvalidTokenTypeError, {"alg": "HS256", "typ": typ})


@pytest.mark.parametrize("value", [5, True, None, ["the client"], {"id": "x"}, 1.5])
@pytest.mark.parametrize(
    ("name", "kind"),
    [("client_id", errors.InvalidClaimError), ("sub", errors.InvalidSubjectError), ("jti", errors.InvalidJTIError)],
)
def test_texts_of_access_tokens(name: str, kind: type[errors.InvalidTokenError], value: object) -> None:
    """client_id, sub and jti are strings (RFC 8693 section 4.3, RFC 7519 sections 4.1.2 and 4.1.7)."""
    refused(access(), {**ACCESS, name: value}, kind, AT_JWT)


def test_access_tokens_of_others() -> None:
    """Another issuer or audience, an expired token and one from the future are refused as by any verifier."""
    refused(access(), {**ACCESS, "iss": ISSUER + "/"}, errors.InvalidIssuerError, AT_JWT)
    refused(access(), {**ACCESS, "aud": CLIENT}, errors.InvalidAudienceError, AT_JWT)
    refused(access(), {**ACCESS, "aud": []}, errors.InvalidAudienceError, AT_JWT)
    refused(access(), {**ACCESS, "exp": NOW}, errors.ExpiredSignatureError, AT_JWT)
    refused(access(), {**ACCESS, "iat": NOW + 1}, errors.ImmatureSignatureError, AT_JWT)
    assert access().verify(sign(AT_JWT, {**ACCESS, "aud": [CLIENT, API]})).audience == (CLIENT, API)


@pytest.mark.parametrize("name", ["issuer", "audience"])
@pytest.mark.parametrize("open_end", [None, ANY])
def test_access_tokens_are_for_somebody(name: str, open_end: Any) -> None:
    """Neither issuer nor audience can be left open (RFC 9068 section 4)."""
    with pytest.raises(TypeError, match=name):
        Verifier.for_access_tokens(KEY, **{"issuer": ISSUER, "audience": API, name: open_end})
    with pytest.raises(TypeError, match=name):
        Verifier.for_access_tokens(KEY, **{"issuer" if name == "audience" else "audience": API})  # type: ignore[arg-type]


@pytest.mark.parametrize("empty", ["", (), [], [""]])
@pytest.mark.parametrize("name", ["issuer", "audience"])
def test_access_tokens_for_nobody(name: str, empty: Any) -> None:
    """An empty issuer or audience is a mistake."""
    with pytest.raises(ValueError, match=name):
        Verifier.for_access_tokens(KEY, **{"issuer": ISSUER, "audience": API, name: empty})


def test_several_issuers_and_audiences() -> None:
    """Issuer and audience may each be several."""
    judge = Verifier.for_access_tokens(KEY, issuer=[ISSUER, "b"], audience=("c", API), clock=Clock())
    assert judge.verify(sign(AT_JWT, ACCESS)).issuer == ISSUER
    assert judge.verify(sign(AT_JWT, {**ACCESS, "iss": "b", "aud": "c"})).issuer == "b"


# ---- ID tokens (OpenID Connect Core) ----


def test_a_good_id_token() -> None:
    """A token with everything that section 2 asks for is accepted, whatever its typ, and remembered."""
    for header in (JWT, {"alg": "HS256"}, AT_JWT):
        judge = identity()
        verified = judge.verify(sign(header, ID))
        assert (verified.subject, verified.audience) == ("alice", (CLIENT,))
        assert judge.verify(sign(header, ID)) is verified


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat"])
def test_id_tokens_need_every_claim(name: str) -> None:
    """Each of the five claims is required (section 2), and null is none of them."""
    missing(identity(), without(ID, name), name)
    with pytest.raises(errors.InvalidTokenError):
        identity().verify(sign(JWT, {**ID, name: None}))


def test_azp_of_another_client() -> None:
    """An azp that is not the client's own id is refused, with one audience or several (section 3.1.3.7, 5)."""
    for aud in (CLIENT, [CLIENT], [CLIENT, "other"], [CLIENT, CLIENT]):
        for azp in ("other", "", CLIENT + " ", CLIENT.upper(), [CLIENT], 5, True, None, {"a": CLIENT}):
            invalid(identity(), {**ID, "aud": aud, "azp": azp}, "azp")
        assert identity().verify(sign(JWT, {**ID, "aud": aud, "azp": CLIENT})).subject == "alice"


def test_several_audiences_need_azp() -> None:
    """With several audiences azp has to be there (section 3.1.3.7, 4); with one, in an array or not, it need not."""
    for aud in ([CLIENT, "other"], ["other", CLIENT], [CLIENT, CLIENT], [CLIENT, "a", "b"]):
        missing(identity(), {**ID, "aud": aud}, "azp")
    for single in (CLIENT, [CLIENT]):
        assert identity().verify(sign(JWT, {**ID, "aud": single})).audience == (CLIENT,)


def test_azp_does_not_stand_in_for_the_audience() -> None:
    """The client has to be among the audiences, whatever azp says (section 3.1.3.7, 3)."""
    for aud in ("other", ["other"], [], ["other", "another"]):
        refused(identity(), {**ID, "aud": aud, "azp": CLIENT}, errors.InvalidAudienceError)


def test_nonce() -> None:
    """A nonce that was sent has to come back exactly (section 3.1.3.7, 11); where none was sent, any is fine."""
    judge = identity(nonce="n-0S6_WzA2Mj")
    assert judge.verify(sign(JWT, {**ID, "nonce": "n-0S6_WzA2Mj"})).subject == "alice"
    missing(judge, ID, "nonce")
    others: list[object] = ["n-0S6_WzA2M", "n-0S6_WzA2Mj ", "N-0S6_WZA2MJ", "", 5, None, True, ["n-0S6_WzA2Mj"], {}]
    for other in others:
        invalid(judge, {**ID, "nonce": other}, "nonce")
    assert identity().verify(sign(JWT, {**ID, "nonce": "any"})).subject == "alice"
    assert identity(nonce=None).verify(sign(JWT, ID)).subject == "alice"


def test_nonces_with_escapes() -> None:
    """A nonce is compared as text, however the token's JSON spells it."""
    judge = identity(nonce="caf\u00e9\n\U0001f511")
    text = '{"iss":"https:\\/\\/login.example","sub":"alice","aud":"the\\u0020client","exp":%d,"iat":%d,"nonce":"%s"}'
    spelled = text % (NOW + 60, NOW - 5, "caf\\u00e9\\n\\ud83d\\udd11")
    assert judge.verify(sign(JWT, spelled.encode())).audience == (CLIENT,)
    invalid(judge, {**ID, "nonce": "cafe\n\U0001f511"}, "nonce")


@pytest.mark.parametrize(
    ("nonce", "kind"), [("", ValueError), (5, TypeError), (b"n", TypeError), ("\ud800", ValueError)]
)
def test_nonces_that_were_never_sent(nonce: Any, kind: type[Exception]) -> None:
    """An empty nonce, or one that is no text, is a mistake of the caller and never means that none is asked for."""
    with pytest.raises(kind):
        identity(nonce=nonce)


def test_a_verifier_for_one_login_remembers_nothing() -> None:
    """With a nonce no token is remembered, unless the caller says so."""
    assert identity(nonce="n").cache_info().max_tokens == 0
    assert identity(nonce="n", cache_tokens=7).cache_info().max_tokens == 7
    assert identity().cache_info().max_tokens > 0


@pytest.mark.parametrize("name", ["issuer", "client_id"])
@pytest.mark.parametrize("open_end", [None, ANY])
def test_id_tokens_are_for_somebody(name: str, open_end: Any) -> None:
    """Neither issuer nor client can be left open (section 3.1.3.7, 2 and 3)."""
    with pytest.raises(TypeError, match=name):
        Verifier.for_id_tokens(KEY, **{"issuer": ISSUER, "client_id": CLIENT, name: open_end})


# ---- options of both ----


def test_options_are_passed_on() -> None:
    """Everything else that a Verifier takes goes with both policies."""
    late = {"exp": NOW - 5, "iat": NOW - 100}
    for judge, claims, header in (
        (access(leeway=10), ACCESS, AT_JWT),
        (identity(leeway=10), ID, JWT),
        (identity(leeway=10, nonce="n"), {**ID, "nonce": "n"}, JWT),
    ):
        assert judge.verify(sign(header, {**claims, **late})).subject == "alice"
        refused(judge, {**claims, "exp": NOW - 10}, errors.ExpiredSignatureError, header)
    for make in (access, identity):
        claims, header = (ACCESS, AT_JWT) if make is access else (ID, JWT)
        refused(make(max_age=10), {**claims, "iat": NOW - 11}, errors.ExpiredSignatureError, header)
        refused(make(max_token_bytes=50), claims, errors.TokenTooLargeError, header)
        assert make(cache_tokens=3, cache_bytes=5000).cache_info()[-2:] == (3, 5000)
        asked = make(claims={"tenant": ["a", "b"]})
        missing(asked, claims, "tenant", header)
        invalid(asked, {**claims, "tenant": "c"}, "tenant", header)
        assert asked.verify(sign(header, {**claims, "tenant": "b"})).claims["tenant"] == "b"
        with pytest.raises(ValueError, match="leeway"):
            make(leeway=-1)


def test_claims_and_nonce_go_together() -> None:
    """Further claims are asked for beside the nonce, and the caller's mapping is not changed."""
    asked = {"acr": "mfa"}
    judge = identity(nonce="n", claims=asked)
    assert asked == {"acr": "mfa"}
    assert judge.verify(sign(JWT, {**ID, "nonce": "n", "acr": "mfa"})).subject == "alice"
    missing(judge, {**ID, "nonce": "n"}, "acr")
    missing(judge, {**ID, "acr": "mfa"}, "nonce")


@pytest.mark.parametrize("option", ["required", "token_type", "audience", "issuer"])
def test_what_the_policy_decides_is_not_for_the_caller(option: str) -> None:
    """What makes the policy can't be said twice."""
    with pytest.raises(TypeError):
        access(**{option: "at+jwt"})
    if option != "token_type":
        with pytest.raises(TypeError):
            identity(**{option: ("exp",)})


def test_policies_are_made_by_subclasses_too() -> None:
    """A subclass of Verifier makes verifiers of its own kind."""

    class Mine(Verifier):
        """A verifier with a name."""

    assert type(Mine.for_access_tokens(KEY, issuer=ISSUER, audience=API)) is Mine
    assert type(Mine.for_id_tokens([KEY], issuer=ISSUER, client_id=CLIENT)) is Mine
    assert type(Verifier.for_id_tokens(KeySet([KEY]), issuer=ISSUER, client_id=CLIENT)) is Verifier


def test_policies_need_keys() -> None:
    """Without keys there is no verifier."""
    with pytest.raises(errors.InvalidKeyError):
        Verifier.for_access_tokens([], issuer=ISSUER, audience=API)
    with pytest.raises(errors.InvalidKeyError):
        Verifier.for_id_tokens([], issuer=ISSUER, client_id=CLIENT)


# ---- claims= and authorized_party= ----


@pytest.mark.parametrize(
    "name", ["sub", "jti", "nonce", "client_id", "https://example.com/tenant", "\u00e9", "a" * 200]
)
def test_claims_that_are_asked_for(name: str) -> None:
    """A claim that is asked for has to be there with one of the values, as a string."""
    judge = plain(claims={name: ("one", "two")})
    for value in ("one", "two"):
        assert judge.verify(sign(JWT, {name: value})).claims[name] == value
    missing(judge, {"other": "one"}, name)
    wrong: list[object] = ["three", "", "On", "one ", 5, None, True, ["one"], {"one": "one"}]
    for other in wrong:
        error = refusal(judge, {name: other})
        expected: type[errors.InvalidTokenError] = errors.InvalidClaimError
        if name == "sub":
            expected = errors.InvalidSubjectError
        if name == "jti" and not isinstance(other, str):
            expected = errors.InvalidJTIError
        assert type(error) is expected
        assert "three" not in str(error)


def test_one_value_and_several() -> None:
    """A claim's value may be said as a str or as any collection of them."""
    for values in ("a", ["a"], ("a", "b"), {"a"}, frozenset({"a", "b"}), dict.fromkeys("ab")):
        assert plain(claims={"x": values}).verify(sign(JWT, {"x": "a"})).claims["x"] == "a"
    invalid(plain(claims={"x": "abc"}), {"x": "a"}, "x")


def test_no_claims_asked_for() -> None:
    """An empty mapping asks for nothing."""
    nothing: list[Any] = [None, {}]
    for claims in nothing:
        assert plain(claims=claims).verify(sign(JWT, {})).claims == {}


@pytest.mark.parametrize("name", ["", "iss", "aud", "exp", "nbf", "iat", "azp"])
def test_claims_that_have_their_own_option(name: str) -> None:
    """Claims that another option is for, and one without a name, can't be asked for by claims=."""
    with pytest.raises(ValueError, match=r"configure|empty"):
        plain(claims={name: "x"})


@pytest.mark.parametrize("values", ["", (), [], [""], ["a", ""], {}, "\ud800", ["\udfff"]])
def test_values_that_can_not_be_meant(values: Any) -> None:
    """An empty value, no values at all, or what is no text, is a mistake."""
    with pytest.raises(ValueError, match="claims"):
        plain(claims={"x": values})


@pytest.mark.parametrize(
    "claims", [{"x": 5}, {"x": None}, {"x": b"a"}, {"x": [5]}, {"x": [None]}, {5: "a"}, {None: "a"}]
)
def test_claims_of_wrong_types(claims: Any) -> None:
    """Names and values are str; anything else is a TypeError."""
    with pytest.raises(TypeError):
        plain(claims=claims)


@pytest.mark.parametrize("claims", ["x", 5, ["x"], [("x", "y")], {"x"}, b"x", True, "", [], 0, False])
def test_claims_that_are_no_mapping(claims: Any) -> None:
    """What is no mapping at all is a TypeError."""
    with pytest.raises(TypeError):
        plain(claims=claims)


def test_more_claims_than_can_be_judged() -> None:
    """A policy about more claims than the core judges is a ValueError that says how many it does."""
    few = {f"claim {i}": "x" for i in range(20)}
    assert plain(claims=few).verify(sign(JWT, few)).claims == few
    with pytest.raises(ValueError, match="at most"):
        plain(claims={f"claim {i}": "x" for i in range(100)})


def test_authorized_party() -> None:
    """authorized_party rules azp without any other policy: exact where it is there, there where aud names several."""
    judge = plain(authorized_party=CLIENT)
    fine: list[Json] = [{}, {"azp": CLIENT}, {"aud": "x"}, {"aud": ["x"]}, {"aud": ["x", "y"], "azp": CLIENT}]
    for claims in fine:
        assert judge.verify(sign(JWT, claims)).claims == claims
    missing(judge, {"aud": ["x", "y"]}, "azp")
    for azp in ("other", "", 5, None, [CLIENT]):
        invalid(judge, {"azp": azp}, "azp")
    # Without it azp is a claim as any other.
    assert plain().verify(sign(JWT, {"azp": 5, "aud": ["x", "y"]})).claims["azp"] == 5


def test_authorized_party_may_be_required() -> None:
    """Azp may be required on top."""
    judge = Verifier(KEY, clock=Clock(), required=("azp",), audience=ANY, authorized_party=CLIENT)
    missing(judge, {}, "azp")
    assert judge.verify(sign(JWT, {"azp": CLIENT})).claims == {"azp": CLIENT}


@pytest.mark.parametrize(
    ("party", "kind"),
    [
        ("", ValueError),
        (5, TypeError),
        (b"x", TypeError),
        (ANY, TypeError),
        ([], (TypeError, ValueError)),
        (["a"], TypeError),
    ],
)
def test_authorized_parties_of_wrong_types(party: Any, kind: Any) -> None:
    """The authorized party is one str: the client itself."""
    with pytest.raises(kind):
        plain(authorized_party=party)
    with pytest.raises(kind):
        Verifier.for_id_tokens(KEY, issuer=ISSUER, client_id=party)


def test_order_of_complaints() -> None:
    """A required claim that is missing is told before a bad one, and time before values (as any verifier does)."""
    judge = identity(nonce="n")
    missing(judge, {**without(ID, "sub"), "exp": NOW - 1, "nonce": "x"}, "sub")
    refused(judge, {**ID, "exp": NOW - 1, "nonce": "x"}, errors.ExpiredSignatureError)

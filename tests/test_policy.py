"""The claims policy (RFC 7519 section 4.1): what each option of a verifier lets through, to the second and letter."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from forge import HEADER, NOW, SECRET, Clock, good, sign
from hypothesis import given
from hypothesis import strategies as st

from jwtfast import ANY, Key, Verifier, errors

KEY = Key.from_secret(SECRET, "HS256")
ISSUER = "https://login.example"
# The least times that a double tells apart from NOW.
JUST_BEFORE = math.nextafter(NOW, 0)
JUST_AFTER = math.nextafter(NOW, math.inf)


def verifier(**options: Any) -> Verifier:
    """Give a verifier whose clock stands at NOW, unless another clock is given."""
    return Verifier(KEY, **{"clock": Clock(), **options})


def refusal(token: str, **options: Any) -> errors.InvalidTokenError:
    """Give the error that a token is refused with."""
    with pytest.raises(errors.InvalidTokenError) as caught:
        verifier(**options).verify(token)
    return caught.value


def holds(token: str, code: str | None, **options: Any) -> None:
    """Assert that a token is accepted (None), or refused with this code."""
    if code is None:
        verifier(**options).verify(token)
    else:
        assert refusal(token, **options).code == code


@pytest.mark.parametrize("leeway", [0, 0.25, 1, 30, 86_400])
@pytest.mark.parametrize("exp", [NOW, NOW + 0.5, 1, 0, -1, -0.5, 1e15])
def test_exp(exp: float, leeway: float) -> None:
    """A token is expired from the instant exp + leeway on, and not before it (RFC 7519 section 4.1.4)."""
    token = sign(HEADER, {"exp": exp})
    end = exp + leeway
    for now, code in [(end, "expired"), (math.nextafter(end, math.inf), "expired"), (math.nextafter(end, -1e18), None)]:
        holds(token, code, leeway=leeway, clock=Clock(now))
    assert type(refusal(token, leeway=leeway, clock=Clock(end))) is errors.ExpiredSignatureError


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("leeway", [0, 0.25, 1, 30])
@pytest.mark.parametrize("date", [NOW, NOW + 0.5, 1, 0, -1])
def test_nbf_and_iat(name: str, date: float, leeway: float) -> None:
    """A token is valid from the instant nbf - leeway on and not before it, and so it is with iat."""
    token = sign(HEADER, {"exp": 2 * NOW, name: date})
    start = date - leeway
    for now, code in [
        (start, None),
        (math.nextafter(start, math.inf), None),
        (math.nextafter(start, -1e18), "not_yet_valid"),
    ]:
        holds(token, code, leeway=leeway, clock=Clock(now))
    early = Clock(math.nextafter(start, -1e18))
    assert type(refusal(token, leeway=leeway, clock=early)) is errors.ImmatureSignatureError


@pytest.mark.parametrize("leeway", [0, 0.25, 30])
@pytest.mark.parametrize("max_age", [0, 0.5, 1, 600, 10**9])
def test_max_age(max_age: float, leeway: float) -> None:
    """A token is too old from the instant iat + max_age + leeway on, though exp is far away."""
    token = sign(HEADER, {"exp": 2**50, "iat": NOW})
    end = NOW + max_age + leeway
    for now in (end, end + 1):
        holds(token, "expired", leeway=leeway, max_age=max_age, clock=Clock(now))
    if max_age + leeway:
        holds(token, None, leeway=leeway, max_age=max_age, clock=Clock(math.nextafter(end, 0)))
    error = refusal(token, leeway=leeway, max_age=max_age, clock=Clock(end))
    assert type(error) is errors.ExpiredSignatureError
    assert "max_age" in str(error)


def test_max_age_asks_for_iat() -> None:
    """With max_age, iat is required, and a future one still refused (fast-jwt CVE-2026-107719)."""
    error = refusal(good(), max_age=60)
    assert type(error) is errors.MissingRequiredClaimError
    assert error.claim == "iat"
    assert type(refusal(good(iat=NOW + 1), max_age=60)) is errors.ImmatureSignatureError


def test_exp_counts_with_max_age_too() -> None:
    """A token that max_age would let through is expired by its exp all the same."""
    assert type(refusal(good(iat=NOW - 1, exp=NOW), max_age=600)) is errors.ExpiredSignatureError


def test_dates_with_fractions() -> None:
    """A NumericDate may have a fraction or an exponent, and it counts (RFC 7519 section 2)."""
    for text in (b"1700000000.25", b"1.70000000025e9", b"170000000025E-2", b"1700000000250e-3", b"0.170000000025e+10"):
        token = sign(HEADER, b'{"exp":%s}' % text)
        assert verifier(clock=Clock(NOW + 0.125)).verify(token).expires_at == NOW + 0.25
        assert type(refusal(token, clock=Clock(NOW + 0.25))) is errors.ExpiredSignatureError
    assert type(refusal(good(nbf=NOW + 0.5))) is errors.ImmatureSignatureError
    assert type(refusal(good(iat=NOW + 1e-6))) is errors.ImmatureSignatureError


def test_the_instants_beside_now() -> None:
    """The least fraction of a second that a double can hold decides."""
    holds(good(exp=NOW), None, clock=Clock(JUST_BEFORE))
    holds(good(exp=JUST_AFTER), None)
    holds(good(exp=JUST_BEFORE), "expired")
    holds(good(nbf=JUST_AFTER), "not_yet_valid")
    holds(good(nbf=JUST_BEFORE), None)


def test_the_dates_as_properties() -> None:
    """A Token tells its dates as the payload has them, whole numbers as int."""
    token = verifier().verify(good(exp=NOW + 1, nbf=NOW - 1.5, iat=0))
    assert (token.expires_at, token.not_before, token.issued_at) == (NOW + 1, NOW - 1.5, 0)
    assert [type(date) for date in (token.expires_at, token.not_before, token.issued_at)] == [int, float, int]


QUARTERS = st.integers(-40, 40).map(lambda quarters: NOW + quarters / 4)
LENGTHS = st.integers(0, 20).map(lambda quarters: quarters / 4)


@given(
    dates=st.fixed_dictionaries({}, optional={"exp": QUARTERS, "nbf": QUARTERS, "iat": QUARTERS}),
    now=QUARTERS,
    leeway=LENGTHS,
    max_age=st.none() | LENGTHS,
)
def test_time_against_a_model(dates: dict[str, float], now: float, leeway: float, max_age: float | None) -> None:
    """All dates, leeway and max_age together decide as exact arithmetic says."""
    at, slack = Fraction(now), Fraction(leeway)
    exact = {name: Fraction(date) for name, date in dates.items()}
    wrong = set()
    if "exp" in exact and at >= exact["exp"] + slack:
        wrong.add("expired")
    if any(name in exact and at < exact[name] - slack for name in ("nbf", "iat")):
        wrong.add("not_yet_valid")
    if max_age is not None:
        if "iat" not in exact:
            wrong.add("missing_claim")
        elif at >= exact["iat"] + Fraction(max_age) + slack:
            wrong.add("expired")
    judge = verifier(required=(), leeway=leeway, max_age=max_age, clock=Clock(now))
    token = sign(HEADER, dates)
    if not wrong:
        assert judge.verify(token).claims == dates
        return
    with pytest.raises(errors.InvalidTokenError) as caught:
        judge.verify(token)
    assert caught.value.code in wrong


@pytest.mark.parametrize("name", ["exp", "nbf", "iat", "iss", "aud", "sub", "jti", "role", "\N{KEY}", 'q"\\uote\n'])
def test_a_required_claim_that_is_absent(name: str) -> None:
    """A required claim that is absent is named by the error; where it is there the token is accepted."""
    claims: dict[str, Any] = {"exp": NOW + 60, "nbf": NOW, "iat": NOW}
    claims |= {"iss": "i", "aud": "a", "sub": "s", "jti": "j", "role": "r", "\N{KEY}": 1, 'q"\\uote\n': 1}
    options = {"required": (name,), "audience": ANY}
    verifier(**options).verify(sign(HEADER, claims))
    del claims[name]
    error = refusal(sign(HEADER, claims), **options)
    assert type(error) is errors.MissingRequiredClaimError
    assert error.code == "missing_claim"
    assert error.claim == name


def test_the_first_of_what_is_absent_is_named() -> None:
    """Where several required claims are absent, the error names the first: registered ones first, then as asked for."""
    for required, first in [
        (("role", "exp"), "exp"),
        (("role", "team", "jti"), "jti"),
        (("team", "role"), "team"),
        (("role", "team"), "role"),
    ]:
        error = refusal(sign(HEADER, {"sub": "s"}), required=required)
        assert type(error) is errors.MissingRequiredClaimError
        assert error.claim == first


def test_any_is_one_thing() -> None:
    """``ANY`` copied, or pickled and read again, is ``ANY``: settings may be passed on with it in them."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps({"audience": ANY}, protocol))["audience"] is ANY  # noqa: S301
    assert copy.copy(ANY) is ANY
    assert copy.deepcopy({"audience": [ANY]})["audience"][0] is ANY


@pytest.mark.parametrize("value", [False, 0, "", [], {}, 0.0])
def test_a_required_claim_that_is_false(value: object) -> None:
    """A required claim may have any value but null: false, zero and empty ones are there."""
    assert verifier(required=("exp", "role")).verify(good(role=value)).claims["role"] == value


def test_a_required_claim_that_is_null() -> None:
    """Null counts as missing for a claim that is asked for by name, and as malformed for a registered one."""
    error = refusal(good(role=None), required=("exp", "role"))
    assert type(error) is errors.MissingRequiredClaimError
    assert error.claim == "role"
    verifier().verify(good(role=None))
    for name, code in [("exp", "malformed"), ("nbf", "malformed"), ("iat", "invalid_issued_at")]:
        assert refusal(good(**{name: None}), required=(name,)).code == code
    for name, code in [("iss", "wrong_issuer"), ("aud", "wrong_audience"), ("sub", "invalid_subject")]:
        assert refusal(good(**{name: None}), required=(name,)).code == code
        assert refusal(good(**{name: None}), required=(), audience=ANY).code == code
    assert refusal(good(jti=None), required=("jti",)).code == "invalid_jti"


def test_a_required_claim_inside_another() -> None:
    """Only members of the payload itself are claims: one inside another value fulfils nothing."""
    token = sign(HEADER, {"a": {"exp": NOW + 60, "role": 1}, "b": [{"exp": NOW + 60}]})
    assert type(refusal(token)) is errors.MissingRequiredClaimError
    assert verifier(required=()).verify(sign(HEADER, {"a": {"exp": 1, "nbf": 2 * NOW, "iss": 1}})).expires_at is None


@pytest.mark.parametrize("name", ["Exp", "EXP", "exp ", " exp", "ex", "expp", "exp\0", "\u0435xp"])
def test_a_claim_has_one_name(name: str) -> None:
    """A claim's name is compared exactly: case and look-alikes matter."""
    error = refusal(sign(HEADER, {name: NOW + 60}))
    assert type(error) is errors.MissingRequiredClaimError
    assert verifier(required=()).verify(sign(HEADER, {name: 1})).expires_at is None


@pytest.mark.parametrize("name", [b"exp", b"\\u0065xp", b"e\\u0078p", b"\\u0065\\u0078\\u0070"])
def test_a_claim_whose_name_is_spelled_with_escapes(name: bytes) -> None:
    """A claim counts the same however JSON spells its name: exp in escapes is exp."""
    assert type(refusal(sign(HEADER, b'{"%s":%d}' % (name, NOW)))) is errors.ExpiredSignatureError
    assert verifier().verify(sign(HEADER, b'{"%s":%d}' % (name, NOW + 1))).expires_at == NOW + 1


def test_exp_is_required_unless_said_otherwise() -> None:
    """Exp is required by default, and required=() allows tokens that never expire, but honours exp."""
    error = refusal(sign(HEADER, {"sub": "a"}))
    assert type(error) is errors.MissingRequiredClaimError
    assert error.claim == "exp"
    assert verifier(required=()).verify(sign(HEADER, {"sub": "a"})).expires_at is None
    assert type(refusal(good(exp=NOW), required=())) is errors.ExpiredSignatureError


def test_many_required_claims() -> None:
    """All required claims are looked for, not some of them, and order does not matter."""
    names = [f"claim{i}" for i in range(20)]
    claims = dict.fromkeys(names, 1)
    verifier(required=names).verify(good(**claims))
    for absent in names:
        error = refusal(good(**{name: 1 for name in names if name != absent}), required={*names})
        assert type(error) is errors.MissingRequiredClaimError
        assert error.claim == absent


WRONG_ISSUERS = ["", ISSUER[:-1], ISSUER[1:], ISSUER + "/", ISSUER + ".evil", "https://", ISSUER.upper(), f" {ISSUER}"]
WRONG_ISSUERS += [f"{ISSUER}\0", f"{ISSUER},{ISSUER}", ISSUER.replace("e", "\u0435"), "https://other.example"]


@pytest.mark.parametrize("iss", WRONG_ISSUERS)
@pytest.mark.parametrize("issuer", [ISSUER, [ISSUER], {ISSUER, "https://b.example"}, (ISSUER, "a" + ISSUER + "b")])
def test_another_issuer(issuer: object, iss: str) -> None:
    """Iss is compared exactly: no prefix, suffix, substring or other case will do (CVE-2024-53861)."""
    error = refusal(good(iss=iss), issuer=issuer)
    assert type(error) is errors.InvalidIssuerError
    assert error.code == "wrong_issuer"
    verifier(issuer=issuer).verify(good(iss=ISSUER))


@pytest.mark.parametrize(
    "issuer", ["i", '"', "\\", "\0\n", "\x7f", "/", "\xe9", "\N{KEY}", "e\u0301", "\ufffe", "a" * 500]
)
def test_issuers_of_any_text(issuer: str) -> None:
    """Iss and aud may be any text, and are the same text however JSON spells it."""
    options = {"issuer": issuer, "audience": ["x", issuer]}
    plain = sign(HEADER, {"exp": NOW + 60, "iss": issuer, "aud": issuer})
    units = issuer.encode("utf-16-be", "surrogatepass")
    escaped = b"".join(b"\\u%04x" % int.from_bytes(units[i : i + 2]) for i in range(0, len(units), 2))
    spelled = sign(HEADER, b'{"exp":%d,"iss":"%s","aud":["%s"]}' % (NOW + 60, escaped, escaped))
    for token in (plain, spelled):
        assert verifier(**options).verify(token).issuer == issuer
        assert verifier(**options).verify(token).audience == (issuer,)
    assert (
        refusal(sign(HEADER, {"exp": NOW + 60, "iss": issuer + "x", "aud": issuer}), **options).code == "wrong_issuer"
    )
    assert refusal(sign(HEADER, {"exp": NOW + 60, "iss": issuer, "aud": "y"}), **options).code == "wrong_audience"


def test_composed_and_decomposed_characters() -> None:
    """Texts that look alike are not alike: nothing is normalised (RFC 7519 section 2)."""
    assert type(refusal(good(iss="\xe9"), issuer="e\u0301")) is errors.InvalidIssuerError
    assert type(refusal(good(aud="\xe9"), audience="e\u0301")) is errors.InvalidAudienceError


def test_issuer_configured_and_absent() -> None:
    """A token without iss is refused where an issuer is configured, and accepted where none is."""
    error = refusal(good(), issuer=ISSUER)
    assert type(error) is errors.MissingRequiredClaimError
    assert error.claim == "iss"
    assert verifier().verify(good(iss="anyone")).issuer == "anyone"
    assert verifier().verify(good()).issuer is None


@pytest.mark.parametrize(
    ("aud", "audience", "code"),
    [
        ("api", "api", None),
        ("api", ["api"], None),
        ("api", {"api", "web"}, None),
        (["api"], "api", None),
        (["x", "api"], "api", None),
        (["api", "x"], ("y", "api"), None),
        (["x", "x", "x"], "x", None),
        ("api2", "api", "wrong_audience"),
        ("ap", "api", "wrong_audience"),
        ("API", "api", "wrong_audience"),
        ("", "api", "wrong_audience"),
        ("api,web", ["api", "web"], "wrong_audience"),
        ("api web", ["api", "web"], "wrong_audience"),
        ([], "api", "wrong_audience"),
        (["x", "y"], ["a", "b"], "wrong_audience"),
        (["a", "pi"], "api", "wrong_audience"),
        (["api", 1], "api", "wrong_audience"),
        ([1, "api"], "api", "wrong_audience"),
        (["api", None], "api", "wrong_audience"),
        ([["api"]], "api", "wrong_audience"),
        (["api", ["api"]], "api", "wrong_audience"),
        (["api", {"x": ["api"]}], "api", "wrong_audience"),
        ({"api": "api"}, "api", "wrong_audience"),
        (True, "api", "wrong_audience"),
        (1, "api", "wrong_audience"),
        (None, "api", "wrong_audience"),
        ("api", None, "wrong_audience"),
        ([], None, "wrong_audience"),
        ("api", ANY, None),
        (["a", "b"], ANY, None),
        ([], ANY, None),
        (1, ANY, "wrong_audience"),
        (None, ANY, "wrong_audience"),
        (["a", 1], ANY, "wrong_audience"),
        (["a", ["b"]], ANY, "wrong_audience"),
        ({}, ANY, "wrong_audience"),
    ],
)
def test_aud(aud: object, audience: object, code: str | None) -> None:
    """Aud is a string or a list of strings, and one of them is one of the verifier's (RFC 7519 section 4.1.3)."""
    token = good(aud=aud)
    holds(token, code, audience=audience)
    if code is None:
        accepted = verifier(audience=audience).verify(token)
        assert accepted.audience == ((aud,) if isinstance(aud, str) else tuple(accepted.claims["aud"]))
    else:
        assert type(refusal(token, audience=audience)) is errors.InvalidAudienceError


def test_any_audience() -> None:
    """ANY accepts a token without aud as well."""
    assert verifier(audience=ANY).verify(good()).audience == ()
    assert repr(ANY) == "ANY"


@pytest.mark.parametrize(("name", "code"), [("sub", "invalid_subject"), ("jti", "invalid_jti")])
@pytest.mark.parametrize("value", [1, 1.5, True, None, ["a"], {"a": 1}, []])
def test_sub_and_jti_that_are_no_strings(name: str, code: str, value: object) -> None:
    """A sub or jti that is not a string is refused, asked for or not (RFC 7519 sections 4.1.2 and 4.1.7)."""
    kind = {"sub": errors.InvalidSubjectError, "jti": errors.InvalidJTIError}[name]
    for options in ({}, {"required": ("exp", name)}):
        error = refusal(good(**{name: value}), **options)
        assert type(error) is kind
        assert error.code == code


def test_sub_and_jti_that_are_strings() -> None:
    """Any string will do as sub and jti, an empty one too."""
    token = verifier().verify(good(sub="\N{KEY}", jti=""))
    assert (token.subject, token.token_id) == ("\N{KEY}", "")


@pytest.mark.parametrize(
    ("typ", "token_type", "accepted"),
    [
        *itertools.product(
            ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"], ["at+jwt", "AT+JWT"], [True]
        ),
        ("at+jwt", "application/at+jwt", True),
        ("APPLICATION/AT+JWT", "Application/at+jwt", True),
        ("JWT", "jwt", True),
        ("example/at+jwt", "example/at+jwt", True),
        ("JWT", "at+jwt", False),
        ("", "at+jwt", False),
        ("application/", "at+jwt", False),
        ("at+jwt ", "at+jwt", False),
        ("at+jw", "at+jwt", False),
        ("at+jwts", "at+jwt", False),
        ("at jwt", "at+jwt", False),
        ("text/at+jwt", "at+jwt", False),
        ("application/application/at+jwt", "at+jwt", False),
        ("at+jwt", "example/at+jwt", False),
        ("example/at+jwt", "at+jwt", False),
        ("\u212ab+jwt", "kb+jwt", False),
        ("at+\u0135wt", "at+jwt", False),
        (None, "at+jwt", False),
        (None, "jwt", False),
    ],
)
def test_token_type(typ: str | None, token_type: str, accepted: bool) -> None:
    """Typ is compared as a media type, without ASCII case, application/ left out or not (RFC 7515 section 4.1.9)."""
    header = {"alg": "HS256"} if typ is None else {"alg": "HS256", "typ": typ}
    token = sign(header, {"exp": NOW + 60})
    verifier().verify(token)
    if accepted:
        verifier(token_type=token_type).verify(token)
    else:
        error = refusal(token, token_type=token_type)
        assert type(error) is errors.InvalidTokenTypeError
        assert error.code == "wrong_type"


@pytest.mark.parametrize("collection", [[], (), set(), frozenset(), {}])
@pytest.mark.parametrize("name", ["issuer", "audience"])
def test_empty_collections(name: str, collection: object) -> None:
    """An issuer or audience of no values is an error: nobody can tell whether it means all or none."""
    with pytest.raises(ValueError, match=name):
        verifier(**{name: collection})


@pytest.mark.parametrize("name", ["issuer", "audience", "required"])
@pytest.mark.parametrize("value", [[""], ["a", ""], {""}, ["\ud800"]])
def test_empty_strings(name: str, value: object) -> None:
    """An empty string, or one that is no Unicode text, is an error at construction."""
    with pytest.raises(ValueError, match=name):
        verifier(**{name: value})


@pytest.mark.parametrize("name", ["issuer", "audience", "token_type"])
def test_an_empty_string(name: str) -> None:
    """An empty issuer, audience or token type is an error at construction."""
    with pytest.raises(ValueError, match=name):
        verifier(**{name: ""})


@pytest.mark.parametrize("token_type", ["application/", "Application/", "\xe9", "at+jw\u0165"])
def test_token_types_that_name_nothing(token_type: str) -> None:
    """A token type that is no media type is an error at construction, so that no typ can match it by accident."""
    with pytest.raises(ValueError, match="token_type"):
        verifier(token_type=token_type)


@pytest.mark.parametrize("name", ["issuer", "audience", "required"])
@pytest.mark.parametrize("value", [1, b"a", [b"a"], [1], [None], bytearray(b"a"), iter(["a"]), object(), True, 1.5])
def test_texts_of_wrong_types(name: str, value: object) -> None:
    """Issuer, audience and required are made of str, in a collection."""
    with pytest.raises(TypeError):
        verifier(**{name: value})


def test_required_as_a_plain_string() -> None:
    """A plain str for required is an error: it would mean its letters, or one claim."""
    with pytest.raises(TypeError, match="required"):
        verifier(required="exp")


def test_required_as_none() -> None:
    """None for required is an error: whether tokens may live for ever has to be said."""
    with pytest.raises(TypeError, match="required"):
        verifier(required=None)


@pytest.mark.parametrize("name", ["leeway", "max_age", "cache_ttl"])
@pytest.mark.parametrize("value", [-1, -0.001, math.nan, math.inf, -math.inf, pytest.param(10**400, id="huge")])
def test_times_out_of_range(name: str, value: float) -> None:
    """A length of time that is negative or not finite is an error at construction (CVE-2026-107275)."""
    with pytest.raises(ValueError, match=name):
        verifier(**{name: value})


@pytest.mark.parametrize("name", ["leeway", "max_age", "cache_ttl"])
@pytest.mark.parametrize("value", [True, False, "60", b"60", [60], 1j, object(), Fraction(1)])
def test_times_of_wrong_types(name: str, value: object) -> None:
    """A length of time is an int or a float: no bool, no string, no duration to be parsed (CVE-2026-107275)."""
    with pytest.raises(TypeError, match=name):
        verifier(**{name: value})


def test_leeway_is_not_none() -> None:
    """None is no leeway: a number has to be given."""
    with pytest.raises(TypeError, match="leeway"):
        verifier(leeway=None)


COUNTS = ["max_token_bytes", "cache_tokens", "cache_bytes"]


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [-1, 2**48, 2**63, 2**64, pytest.param(10**400, id="huge")])
def test_counts_out_of_range(name: str, value: int) -> None:
    """A count that is negative or beyond all memories is an error at construction."""
    with pytest.raises(ValueError, match=name):
        verifier(**{name: value})


def test_no_bytes_at_all() -> None:
    """A verifier that looks at no token is an error, one that remembers none is not."""
    with pytest.raises(ValueError, match="max_token_bytes"):
        verifier(max_token_bytes=0)
    verifier(cache_tokens=0, cache_bytes=0).verify(good())


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [True, 1.0, "1", None, b"1", math.inf])
def test_counts_of_wrong_types(name: str, value: object) -> None:
    """A count is an int."""
    with pytest.raises(TypeError, match=name):
        verifier(**{name: value})


def test_huge_counts() -> None:
    """Limits far beyond what fits are no error where the other limit keeps them small."""
    for options in ({"cache_tokens": 2**48 - 1}, {"cache_tokens": 10, "cache_bytes": 2**48 - 1}):
        judge = verifier(max_token_bytes=2**48 - 1, **options)
        token = good()
        assert judge.verify(token) is judge.verify(token)


def test_options_are_named() -> None:
    """Everything but the keys is given by name."""
    with pytest.raises(TypeError):
        Verifier(KEY, ISSUER)  # type: ignore[call-arg]


def test_there_is_no_list_of_algorithms() -> None:
    """The keys are the allow-list: there is no option that could disagree with them."""
    with pytest.raises(TypeError):
        verifier(algorithms=["HS256"])


@pytest.mark.parametrize("keys", [[], (), {}, iter(())])
def test_no_keys(keys: Any) -> None:
    """A verifier without keys is an error."""
    with pytest.raises(errors.InvalidKeyError):
        Verifier(keys)


@pytest.mark.parametrize("keys", [None, 1, "secret", SECRET, [SECRET], [KEY, "secret"], [None], {KEY.algorithm: KEY}])
def test_keys_of_wrong_types(keys: Any) -> None:
    """Keys are Key objects: a bare secret is no key."""
    with pytest.raises(TypeError):
        Verifier(keys)


def test_configured_once() -> None:
    """A verifier can't be configured anew: what it has cached was judged by what it was built with."""
    judge = verifier(issuer=ISSUER)
    token = good(iss="somebody")
    with pytest.raises(TypeError):
        judge.__init__(KEY, clock=Clock())  # type: ignore[misc]
    with pytest.raises(errors.InvalidIssuerError):
        judge.verify(token)
    with pytest.raises(AttributeError):
        judge.issuer = "somebody"  # type: ignore[attr-defined]


@pytest.mark.parametrize("clock", [1, NOW, "now", time, object(), [], True])
def test_a_clock_that_is_no_function(clock: Any) -> None:
    """A clock is a function; a time that stands still for ever is a mistake."""
    with pytest.raises(TypeError, match="clock"):
        verifier(clock=clock)


@pytest.mark.parametrize("told", [math.nan, math.inf, -math.inf])
def test_a_clock_that_tells_no_time(told: float) -> None:
    """A clock that tells NaN or infinity is the program's error, and never makes a token valid, cached or not."""
    clock = Clock()
    judge = verifier(clock=clock)
    token = good()
    judge.verify(token)
    clock.now = told
    for raw in (token, good(sub="x"), "no token"):
        with pytest.raises(ValueError, match="clock"):
            judge.verify(raw)
    clock.now = NOW
    judge.verify(token)


@pytest.mark.parametrize("told", ["1700000000", None, [], b"1", object(), 1j])
def test_a_clock_that_tells_something_else(told: Any) -> None:
    """A clock that tells no number is the program's error, and the token is neither good nor bad."""
    with pytest.raises(TypeError):
        verifier(clock=lambda: told).verify(good())


def test_a_clock_that_fails() -> None:
    """What a clock raises reaches the caller as it is."""

    def broken() -> float:
        raise OSError

    with pytest.raises(OSError, match=r"^$"):
        verifier(clock=broken).verify(good())


def test_the_clock_of_the_system() -> None:
    """Without a clock of its own a verifier goes by the system's."""
    judge = verifier(clock=None)
    now = time.time()
    judge.verify(good(exp=now + 30, nbf=now - 1, iat=now - 1))
    for claims, code in [({"exp": now - 1}, "expired"), ({"exp": now + 60, "nbf": now + 30}, "not_yet_valid")]:
        with pytest.raises(errors.InvalidTokenError) as caught:
            judge.verify(sign(HEADER, claims))
        assert caught.value.code == code


def test_clocks_may_tell_whole_numbers() -> None:
    """A clock may tell an int, before 1970 too."""
    clocks: list[Callable[[], float]] = [lambda: NOW, lambda: -5, lambda: 0, lambda: -0.0]
    for clock in clocks:
        verifier(clock=clock).verify(good(exp=NOW + 1))

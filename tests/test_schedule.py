"""When a remote key set is fetched and how long its keys may be used, by instants that are told."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtfast.remote.schedule import Schedule, lifetime_of

COOL_DOWN = 10.0


def schedule(random: float = 0.0, **bounds: float) -> Schedule:
    """Give a schedule whose jitter is always the same."""
    bounds = {"min_lifetime": 60, "max_lifetime": 3600, "stale_for": 1000, "cool_down": COOL_DOWN, **bounds}
    return Schedule(random=lambda: random, **bounds)


LIFETIMES: list[tuple[dict[str, str], float | None]] = [
    ({}, None),
    ({"cache-control": ""}, None),
    ({"cache-control": "public"}, None),
    ({"cache-control": "public, max-age=600, must-revalidate"}, 600),
    ({"cache-control": "MAX-AGE=600"}, 600),
    ({"cache-control": 'max-age="600"'}, 600),
    ({"cache-control": " max-age = 600 "}, 600),
    ({"cache-control": "max-age=600", "age": "599"}, 1),
    ({"cache-control": "max-age=600", "age": "601"}, 0),
    ({"cache-control": "max-age=600", "age": "-5"}, 600),
    ({"cache-control": "max-age=600", "age": "soon"}, 600),
    ({"cache-control": "max-age=600, max-age=60"}, 60),
    ({"cache-control": "max-age=600, no-store"}, 0),
    ({"cache-control": "no-cache, max-age=600"}, 0),
    ({"cache-control": "max-age=-1"}, 0),
    ({"cache-control": "max-age=1e9"}, 0),
    ({"cache-control": "max-age=inf"}, 0),
    ({"cache-control": "max-age=nan"}, 0),
    ({"cache-control": "max-age=" + "9" * 5000}, 0),
    ({"cache-control": "max-age=\u0661\u0662"}, 0),
    ({"cache-control": "max-age"}, 0),
    ({"cache-control": "s-maxage=600"}, None),
    ({"age": "10"}, None),
]


@pytest.mark.parametrize(("headers", "expected"), LIFETIMES)
def test_lifetime_by_headers(headers: dict[str, str], expected: float | None) -> None:
    """A response is fresh for max-age less Age; what can't be read or must not be kept is not fresh (RFC 9111)."""
    assert lifetime_of(headers) == expected


@given(st.text(), st.text())
def test_lifetime_by_any_headers(cache_control: str, age: str) -> None:
    """Whatever the headers say, the lifetime is a finite number of seconds, not negative, or not known."""
    lifetime = lifetime_of({"cache-control": cache_control, "age": age})
    assert lifetime is None or 0 <= lifetime < 1e12


def test_at_first() -> None:
    """A new schedule has a fetch due at once, no cool-down, and nothing that may be used."""
    new = schedule()
    assert (new.fetch_at, new.cool_until, new.usable_until) == (-math.inf,) * 3


@pytest.mark.parametrize(
    ("lifetime", "taken"),
    [(None, 300), (600, 600), (0, 60), (59, 60), (60, 60), (3600, 3600), (3601, 3600), (1e11, 3600)],
)
def test_bounds(lifetime: float | None, taken: float) -> None:
    """What a server says is held within bounds; where it says nothing, 300 seconds are taken."""
    bounded = schedule()
    bounded.succeeded(100.0, lifetime)
    assert bounded.usable_until == 100 + taken + 1000
    assert bounded.fetch_at == 100 + taken * 0.75


def test_fetched_ahead_of_time() -> None:
    """The next fetch comes when 75 to 90 percent of the lifetime have passed, so before the document is out of date."""
    for random, part in ((0.0, 0.75), (0.999, 0.9)):
        jittered = schedule(random)
        jittered.succeeded(0.0, 1000)
        assert jittered.fetch_at == pytest.approx(1000 * part, rel=1e-3)


def test_back_off() -> None:
    """After each failure the next fetch is put off twice as long, up to eight cool-downs, and jittered."""
    for random, factor in ((0.0, 1.0), (0.999, 1.25)):
        failing = schedule(random)
        for times in (1, 2, 4, 8, 8, 8):
            failing.failed(1000.0)
            assert failing.fetch_at == pytest.approx(1000 + COOL_DOWN * times * factor, rel=1e-3)
            assert failing.cool_until == 1000 + COOL_DOWN
    failing.failures = 10**6
    failing.failed(0.0)
    assert failing.fetch_at < COOL_DOWN * 11


def test_failure_keeps_what_there_is() -> None:
    """A failure changes nothing about how long the keys may be used; a success does, and ends the back-off."""
    mixed = schedule()
    mixed.succeeded(0.0, 600)
    until = mixed.usable_until
    mixed.failed(500.0)
    mixed.failed(520.0)
    assert (mixed.usable_until, mixed.failures) == (until, 2)
    mixed.succeeded(540.0, 600)
    assert (mixed.usable_until, mixed.failures) == (until + 540, 0)


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 5000), st.floats(0, 1)), min_size=1),
    st.floats(0.01, 100),
    st.floats(0, 0.9999),
)
def test_never_twice_within_a_cool_down(
    outcomes: list[tuple[bool, float, float]], cool_down: float, random: float
) -> None:
    """Whatever comes of the fetches, none is allowed or due before the cool-down after the last one is over."""
    now, kept = 0.0, schedule(random, cool_down=cool_down, min_lifetime=0.01)
    for success, lifetime, delay in outcomes:
        if success:
            kept.succeeded(now, lifetime)
        else:
            kept.failed(now)
        assert kept.fetch_at >= kept.cool_until == now + cool_down
        now = kept.cool_until + delay


@given(st.floats(0, 1e6), st.floats(0, 0.9999), st.booleans())
def test_spread(wait: float, random: float, success: bool) -> None:
    """A schedule that is spread has its next fetch a little earlier, never in the cool-down, and never put off."""
    spread = schedule(random)
    if success:
        spread.succeeded(0.0, 600)
    else:
        spread.failed(0.0)
    before = spread.fetch_at
    spread.spread(wait)
    assert spread.fetch_at <= before
    assert spread.fetch_at >= spread.cool_until
    assert (spread.fetch_at == before) or spread.fetch_at >= wait

"""What must be reached: limits on a contender's time, each given by another time of the same run."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from benchmarks.timings import Timing, find, show_time

__all__ = ["GOALS", "Goal"]

_HS256_COLD = ("cold HS256 typical", "jwtfast")
_HS256_CACHED = ("cached HS256 typical", "jwtfast")
_RS256_BATCH = "batch RS256 typical"


@dataclass(frozen=True)
class Goal:
    """A time must stay below ``factor`` times another one, plus ``extra`` seconds.

    Both are named by their group and their contender. They are compared within each turn, where they were measured one
    after the other: a machine that is busy for a while is so for both. What counts is the median over the turns.
    """

    text: str
    measured: tuple[str, str]
    against: tuple[str, str]
    factor: float
    extra: float = 0

    def line(self, timings: list[Timing]) -> str:
        """Judge what was measured.

        Args:
            timings: All of it.

        Returns:
            A line of a Markdown table: the text, the limit, what it is, and the verdict.
        """
        above, below = find(timings, *self.measured), find(timings, *self.against)
        if above is None or below is None:
            return f"| {self.text} | | | not measured |"
        text = self.text
        if above.characters != below.characters:
            text += f" ({above.characters} characters against {below.characters})"
        ratio = median((one - self.extra) / other for one, other in zip(above.turns, below.turns, strict=True))
        limit = _ratio(self.factor)
        if self.extra:
            text += f", less {show_time(self.extra)}"
        return f"| {text} | {limit} | {_ratio(ratio)} | {'pass' if ratio < self.factor else '**FAIL**'} |"


def _ratio(ratio: float) -> str:
    return f"1/{1 / ratio:.3g}" if ratio < 0.5 else f"{ratio:.3g}"


def _against_primitive(algorithm: str, name: str) -> Goal:
    group = f"cold {algorithm} typical"
    return Goal(
        f"{name} cold: jwtfast / cryptography verify",
        (group, "jwtfast"),
        (group, "cryptography verify"),
        factor=1.10,
        extra=2e-6,
    )


def _as_if_hs256(algorithm: str, name: str, size: str) -> Goal:
    # Every byte of a token is compared, so it is held to HS256 tokens of about its length.
    return Goal(
        f"a hit costs what it costs for HS256: {name} / HS256",
        (f"cached {algorithm} typical", "jwtfast"),
        (f"cached HS256 {size}", "jwtfast"),
        factor=1.2,
    )


def _against_ryjwt(text: str, group: str, factor: float, *, ours: str = "jwtfast", theirs: str = "ryjwt") -> Goal:
    return Goal(f"{text}: {ours} / {theirs}", (group, ours), (group, theirs), factor)


GOALS = (
    _against_ryjwt("HS256 cold", "cold HS256 typical", 0.5),
    _against_ryjwt("HS256 cold", "cold HS256 typical", 1, ours="jwtfast, claims read"),
    _against_ryjwt("HS256 cold, small", "cold HS256 small", 0.8),
    _against_ryjwt("HS512 cold", "cold HS512 typical", 1),
    _against_ryjwt("HS256, a bad signature", "rejected HS256 typical", 0.8),
    _against_ryjwt("HS256, signing", "sign HS256 typical", 1),
    _against_ryjwt("HS256, signing", "sign HS256 typical", 1, ours="jwtfast, claims as they are"),
    _against_ryjwt("HS256, signing", "sign HS256 typical", 1, theirs="ryjwt, dates and jti made"),
    Goal(
        "HS256, 1,000 at once: verify_many / a loop over verify",
        ("batch HS256 typical", "jwtfast, verify_many"),
        ("batch HS256 typical", "jwtfast, a loop over verify"),
        0.75,
    ),
    Goal(
        "RS256, 256 at once: threads=2 / threads=1 (1/1.6 is 0.625)",
        (_RS256_BATCH, "jwtfast, verify_many, threads=2"),
        (_RS256_BATCH, "jwtfast, verify_many, threads=1"),
        1 / 1.6,
    ),
    Goal("HS256 cold: jwtfast / PyJWT", _HS256_COLD, ("cold HS256 typical", "PyJWT"), 1 / 25),
    Goal("HS256 cold: jwtfast / pure Python", _HS256_COLD, ("cold HS256 typical", "pure Python (stdlib)"), 1 / 5),
    Goal("HS256 cached: jwtfast / dict.get", _HS256_CACHED, ("cached HS256 typical", "dict.get"), 0.7),
    Goal(
        "HS256 cached: jwtfast of bytes / dict.get of bytes",
        ("cached HS256 typical", "jwtfast of bytes"),
        ("cached HS256 typical", "dict.get of bytes"),
        0.7,
    ),
    Goal("HS256, jwtfast: rejected / cold", ("rejected HS256 typical", "jwtfast"), _HS256_COLD, 1),
    _against_primitive("RS256", "RS256"),
    _against_primitive("PS256", "PS256"),
    _against_primitive("ES256", "ES256"),
    _against_primitive("EdDSA", "Ed25519"),
    _as_if_hs256("RS256", "RS256", "long"),
    _as_if_hs256("ES256", "ES256", "typical"),
    _as_if_hs256("EdDSA", "Ed25519", "typical"),
)

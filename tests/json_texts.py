"""JSON objects by the million, seeded: well-formed ones of every kind, and what becomes of them by small damages.

Pieces of text are made once and put together many times over: that is what makes a text cost microseconds.
"""

# ruff: noqa: S311 - the random numbers are to be the same for the same seed

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random

# Where the loops over 8, 16 and 32 octets, and the texts that tokens share, begin and end.
LENGTHS = (
    0,
    0,
    1,
    2,
    3,
    5,
    7,
    8,
    9,
    12,
    15,
    16,
    17,
    23,
    24,
    25,
    30,
    31,
    32,
    33,
    34,
    47,
    48,
    49,
    62,
    63,
    64,
    65,
    66,
    95,
    96,
)
LETTERS = [bytes([octet]) for octet in range(0x20, 0x7F) if octet not in b'"\\']
UNICODE = [each.encode() for each in "\x7f\x80éüß\u07ff\u0800€\ud7ff\ue000\ufeff\uffff𐀀🔑\U0010ffff"]
ESCAPES = [
    rb"\"", rb"\\", rb"\/", rb"\b", rb"\f", rb"\n", rb"\r", rb"\t", rb"\u0000", rb"\u0041", rb"\u00e9", rb"\u00E9",
    rb"\u003a", rb"\u20ac", rb"\ud7ff", rb"\uE000", rb"\uFFFF", rb"\ud800\udc00", rb"\uD83D\udd11", rb"\uDBFF\uDFFF",
]  # fmt: skip
# What breaks a text, or nearly so, wherever it is put.
PIECES = [
    *b'{ } [ ] , : " \\ / 0 - + . e E t n 1 00 -0 1. .1 1e 1e+ \\u \\ud83d \\udd11 \\u12 \\x true'.split(),
    *b"false null NaN tru".split(),
    *b'"" "a" "a":1 ,"a":1 "exp":1 "\\u0061":1 [] {} [] [[ ]] }} {{ [1,] {,} 18446744073709551616 1e400'.split(),
    b"Infinity", b" ", b"\t", b"\n", b"\r", b"\0", b"\x0b", b"\x1f", b"\x7f", b"\xa0", b"\xef\xbb\xbf", b"'", b"/**/",
    b" " * 40, b"x" * 33,
]  # fmt: skip
# Overlong forms, surrogates, beyond Unicode, cut short, no beginning (RFC 3629 sections 3 and 10).
NOT_UTF8 = [
    b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc2", b"\xc3\x28", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xe2\x82",
    b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xf0\x9f\x94", b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80", b"\xfe", b"\xff",
]  # fmt: skip
REGISTERED = [b"iss", b"sub", b"aud", b"exp", b"nbf", b"iat", b"jti", b"scope", b"azp", b"tenant", b"nonce"]
SPACES = [b"", b"", b"", b" ", b"\n", b"\t ", b"\r\n  ", b" " * 33]
INTEGERS = [
    b"0", b"-0", b"1", b"-1", b"-5", b"-6", b"256", b"257", b"999999999999999999", b"1000000000000000000",
    b"-999999999999999999", b"-1000000000000000000", b"9007199254740992", b"9007199254740993", b"9223372036854775807",
    b"9223372036854775808", b"-9223372036854775808", b"-9223372036854775809", b"9999999999999999999",
    b"18446744073709551615", b"18446744073709551616", b"-18446744073709551615", b"99999999999999999999",
    b"100000000000000000000", b"1" * 40, b"-" + b"9" * 310,
]  # fmt: skip
FRACTIONS = [
    b"-0.0", b"0.0", b"-0e0", b"1e5", b"1E5", b"1e+5", b"1E-400", b"-1e-400", b"1e308", b"1.7976931348623157e308",
    b"1.8e308", b"1e400", b"-1e999", b"0e999", b"5e-324", b"2.2250738585072011e-308", b"2e-324", b"0.1",
    b"123456789.123456789", b"9007199254740993.0", b"0." + b"3" * 60, b"1" * 30 + b".5", b"1" * 250 + b".5",
    b"1" * 400 + b"e-300", b"0." + b"0" * 350 + b"1e350", b"1e00000000000000000000005",
    b"100000000000000000000000.0", b"1.0e1", b"12e99", b"12e100",
]  # fmt: skip


class JsonTexts:
    """A source of texts.

    Args:
        seed: The same one gives the same texts.
        now: The dates of claims are round it, in seconds since the epoch.
    """

    def __init__(self, seed: str, now: int) -> None:
        self._random = Random(seed)
        self._now = now
        self._names = [b'"%s"' % name for name in REGISTERED] + [self._name() for _ in range(400)]
        self._values = [self._scalar() for _ in range(300)]
        self._values += [self._container() for _ in range(300)]
        self._claims = {b'"%s":' % name: self._claim_values(name) for name in REGISTERED}

    def texts(self, count: int) -> Iterator[bytes]:
        """Give so many texts: objects, each followed by damaged copies of it.

        Args:
            count: How many.

        Yields:
            The texts; about a quarter of them is undamaged.
        """
        below = self._below
        while count > 0:
            text = self._special() if below(60) == 0 else self.claims() if below(4) == 0 else self._plain()
            yield text
            # Not so many of a long one, which takes its time.
            for _ in range(min(count - 1, 3 if len(text) < 1500 else 1)):
                damaged = self._damaged(text)
                yield self._damaged(damaged) if below(4) == 0 and damaged else damaged
                count -= 1
            count -= 1

    def claims(self) -> bytes:
        """Give a payload most of whose members are claims that a verifier may judge.

        Returns:
            The text of an object.
        """
        random = self._random
        members = [
            name + values[int(random.random() * len(values))]
            for name, values in self._claims.items()
            if random.random() < 0.85
        ]
        if random.random() < 0.3:
            members.append(b":".join(random.choices(self._names, k=1) + random.choices(self._values, k=1)))
            random.shuffle(members)
        return b"{" + b",".join(members) + b"}"

    def _below(self, limit: int) -> int:
        return int(self._random.random() * limit)

    # ---- what goes into texts ----

    def _string(self) -> bytes:
        random, length = self._random, self._random.choice(LENGTHS)
        kind = random.random()
        if kind < 0.15 and length >= 16:
            # Alike at both ends.
            return b'"abcdefgh%sstuvwxyz"' % b"".join(random.choices(LETTERS, k=length - 16))
        if kind < 0.6:
            return b'"%s"' % b"".join(random.choices(LETTERS, k=length))
        others = UNICODE if kind < 0.7 else ESCAPES if kind < 0.8 else UNICODE + ESCAPES
        if kind < 0.9:
            return b'"%s"' % b"".join(random.choices(others, k=length))
        pieces = random.choices(LETTERS, k=length)
        pieces.insert(random.randint(0, length), random.choice(others))
        return b'"%s"' % b"".join(pieces)

    def _number(self) -> bytes:
        random, kind = self._random, self._random.random()
        if kind < 0.2:
            return random.choice(INTEGERS)
        if kind < 0.4:
            return random.choice(FRACTIONS)
        if kind < 0.6:
            return b"%d" % random.randint(-300, 300)
        if kind < 0.7:
            return b"%d" % (random.choice([2**63, 2**64, -(2**63), 10**18, 10**19, 2**53]) + random.randint(-2, 2))
        digits = b"%d" % random.getrandbits(random.randint(1, 70))
        if kind < 0.8:
            return digits
        fraction = b".%s" % b"".join(random.choices([b"0", b"1", b"5", b"9"], k=random.randint(1, 25)))
        exponent = b"%s%s%d" % (
            random.choice([b"e", b"E"]),
            random.choice([b"", b"+", b"-"]),
            random.choice([0, 1, 9, 99, 308, 330]),
        )
        return random.choice([b"", b"-"]) + digits + random.choice([fraction, exponent, fraction + exponent])

    def _scalar(self) -> bytes:
        kind = self._random.random()
        if kind < 0.45:
            return self._string()
        return self._number() if kind < 0.85 else self._random.choice([b"true", b"false", b"null", b"[]", b"{}"])

    def _name(self) -> bytes:
        kind = self._random.random()
        if kind < 0.2:
            return self._string()
        if kind < 0.3:
            # The same as another, as soon as the escape is understood.
            name = self._random.choice(REGISTERED)
            at = self._below(len(name))
            return b'"%s\\u%04x%s"' % (name[:at], name[at], name[at + 1 :])
        return b'"%s"' % b"".join(self._random.choices(LETTERS, k=self._random.choice((1, 2, 3, 4, 6, 8, 9, 16, 20))))

    def _container(self) -> bytes:
        values = self._random.choices(self._values, k=self._below(5))
        while sum(map(len, values)) > 300:
            values.pop()
        space = self._random.choice(SPACES)
        if self._below(2):
            return b"[%s%s%s]" % (space, (space + b"," + space).join(values), space)
        members = (space + b":" + space).join
        names = self._random.choices(self._names, k=len(values))
        return b"{%s%s%s}" % (space, (space + b",").join(map(members, zip(names, values, strict=True))), space)

    def _claim_values(self, name: bytes) -> list[bytes]:
        random, now = self._random, self._now
        anything = [*random.choices(self._values, k=6), b"null", b'""']
        if name in {b"exp", b"nbf", b"iat"}:
            side = 1 if name == b"exp" else -1
            good = [b"%d" % (now + side * random.randint(1, 1000)) for _ in range(24)]
            edges = [b"%d" % (now + shift) for shift in range(-2, 3)] + [
                b"%.2f" % (now + shift / 4) for shift in range(-5, 6)
            ]
            return (
                good
                + edges
                + [b"9007199254740992", b"9007199254740993", b"-1", b"-9007199254740993", b"1e9", b"2e9"]
                + anything[:2]
            )
        texts = [
            b'"one"',
            b'"two"',
            rb'"on\u0065"',
            b'"onf"',
            b'"onee"',
            b'"\xc3\xa9t\xc3\xa9"',
            rb'"\u00e9t\u00e9"',
            self._string(),
        ]
        texts = texts[:3] * 5 + texts
        if name == b"aud":
            texts += [b"[%s]" % b",".join(random.choices(texts, k=self._below(4))) for _ in range(12)]
            texts += [
                b'["one",1]',
                b'["one",null]',
                b'["one",["two"]]',
                b'[{"one":1}]',
                b'["two" , "one" ]',
                b'["three","o\\u006ee"]',
            ]
        return texts + anything[:3]

    # ---- whole texts ----

    def _plain(self) -> bytes:
        random = self._random
        count = int(random.random() * 9)
        members: Callable[[tuple[bytes, ...]], bytes] = b":".join
        middle = b","
        if random.random() < 0.2:
            space = SPACES[int(random.random() * len(SPACES))]
            members, middle = (space + b":" + space).join, space + b"," + space
        pairs = zip(random.choices(self._names, k=count), random.choices(self._values, k=count), strict=True)
        return b"{" + middle.join(map(members, pairs)) + b"}"

    def _special(self) -> bytes:
        """Give a text that is at one of the limits: of depth, of members, of what is kept on the stack, of guesses."""
        random, kind = self._random, self._below(5)
        if kind == 0:
            return self._deep()
        if kind == 1:
            names = [b'"m%d"' % place for place in range(random.randint(124, 133))]
            again = random.choice([random.choice(names), b'"m"'])
            members = [name + b":1" for name in names]
            return b"{%s,%s:%s}" % (b",".join(members), again, random.choice(self._values))
        if kind == 2:
            # Members of objects in one another are tracked together.
            inner = b",".join(b'"n%d":1' % place for place in range(random.randint(60, 66)))
            outer = b",".join(b'"m%d":1' % place for place in range(random.randint(60, 66)))
            return b'{%s,"o":{%s},"%s":2}' % (outer, inner, random.choice([b"m1", b"n1", b"m", b"n"]))
        if kind == 3:
            return b'{"x":%s,"y":"%s"}' % (random.choice(self._values), b"y" * random.randint(3800, 4100))
        return b'{"x":[%s]}' % b",".join(
            [json.dumps("z" * self._below(40)).encode() for _ in range(random.randint(250, 270))]
        )

    def _deep(self) -> bytes:
        opening, closing = [], []
        for _ in range(self._random.choice([61, 62, 63, 64, 65, 200])):
            if self._below(2):
                opening.append(b"[")
                closing.append(b"]")
            else:
                opening.append(b'{"a":')
                closing.append(b"}")
        closing.reverse()
        return b'{"x":%s%s%s}' % (b"".join(opening), self._random.choice(self._values), b"".join(closing))

    def _damaged(self, text: bytes) -> bytes:
        draw = self._random.random
        # The end, where nothing may follow, more often than other places.
        at, kind, skipped = min(int(draw() * (len(text) * 1.03 + 1)), len(text)), int(draw() * 12), 0
        if kind < 3:
            # Another octet, or one with a bit turned.
            octet = int(draw() * 256) if kind < 2 else (text[at : at + 1] or b"}")[0] ^ 1 << int(draw() * 8)
            piece = bytes((octet,))
            skipped = 1
        elif kind < 7:
            piece = PIECES[int(draw() * len(PIECES))]
            skipped = kind > 4
        elif kind == 7:
            piece = b""
            skipped = 1 + int(draw() * 4)
        elif kind == 8:
            return text[:at]
        elif kind == 9:
            piece = NOT_UTF8[int(draw() * len(NOT_UTF8))]
            skipped = int(draw() * 2)
        else:
            other = int(draw() * len(text))
            if kind == 10:
                piece = text[other : other + int(draw() * 40)]
            else:
                # A value's or a name's place taken by another one.
                pool = self._values if draw() < 0.6 else self._names
                piece = pool[int(draw() * len(pool))]
                skipped = int(draw() * 12)
        return text[:at] + piece + text[at + skipped :]

# What jwtfast.jwt decodes with: a verifier for one key under one set of demands, which gives claims as plain dicts.

import time as clock_module          # its function is looked up on each call: programs' tests replace it

from cpython.datetime cimport PyDelta_CheckExact, import_datetime

import_datetime()

cdef object read_json = orjson.loads


@cython.final
@cython.no_gc_clear
cdef class Decoder(VerifierCore):
    # What a call must pass to be answered by it. Collections are tuples here: a caller may change its own at any time,
    # so they are compared by their elements on each call.
    cdef object key
    cdef tuple algorithms
    cdef tuple options               # or None
    cdef object audience             # None, a str, or a tuple of them
    cdef object issuer
    cdef object leeway
    cdef uint64_t changes            # of the PyJWT's own options, when it was built
    cdef object required             # by those options
    cdef dict warnings               # alg -> what is wrong with the key's length
    cdef bint judges_expiry

    def __init__(self, keys, Policy policy not None, *, bint judges_expiry, dict warnings not None,
                 size_t cache_tokens):
        super().__init__(keys, policy, token_type=None, max_token_bytes=MAX_DECODED, cache_tokens=cache_tokens,
                         cache_bytes=cache_tokens * CACHE_BYTES_PER_TOKEN, cache_ttl=INFINITY, revocations=None,
                         clock=clock_module.time)
        self.judges_expiry = judges_expiry
        self.warnings = warnings

    cdef bint is_for(self, object key, object algorithms, object options, object audience, object issuer,
                     object leeway, uint64_t changes) except -1:
        # Whether a call's arguments are, object by object, those of an earlier call; what isn't may still be equal.
        return (key is self.key and changes == self.changes and leeway is self.leeway
                and is_same(algorithms, self.algorithms) and is_same(audience, self.audience)
                and is_same(issuer, self.issuer)
                and (options is None if self.options is None else plain_options(options) == self.options))

    cdef bint settles(self, jf_verdict verdict) except -1:
        # Whether a refusal is PyJWT's too, and in its words: those that cost a forger's flood and yesterday's tokens
        # nothing more. A key that is too short has a warning to come first.
        if self.warnings:
            return False
        return verdict == JF_SIGNATURE or (verdict == JF_EXPIRED and self.judges_expiry)

    cdef dict claims_of(self, object raw, Refusal *why):
        # None where the token is refused, by rules that are stricter than PyJWT's or PyJWT's own.
        cdef Sighting seen
        cdef object owner = sight(raw, &seen)
        cdef Token token
        cdef dict claims
        cdef object clock = clock_module.time
        if clock is not self.clock:
            with cython.critical_section(self):
                self.clock = clock
        token = self.answer(&seen, why)
        if token is None:
            return None
        claims = read_json(decode_base64url(&CHOSEN, token.raw + token.payload, <Py_ssize_t>token.payload_length))
        # PyJWT cuts off fractions of a second: such a token may be over for it already.
        if self.judges_expiry and type(claims.get("exp")) is float:
            why.verdict = JF_CLAIM_MALFORMED
            return None
        if self.warnings:
            warn_of_key_length(self.warnings.get(token.key.algorithm))
        return claims


# PyJWT has no limit, and what is longer than this goes by Python.
cdef size_t MAX_DECODED = <size_t>1 << 30

cdef enum:
    CACHE_BYTES_PER_TOKEN = 16384
    MAX_DECODERS = 256               # a key that is not among the last ones is prepared anew


cdef bint is_same(object given, object kept) except -1:
    cdef Py_ssize_t i
    if given is kept:                # None, a str, or a tuple: nobody can have changed it
        return True
    if type(given) is not list or type(kept) is not tuple or len(<list>given) != len(<tuple>kept):
        return False
    for i in range(len(<tuple>kept)):
        if i >= len(<list>given) or (<list>given)[i] is not (<tuple>kept)[i]:
            return False
    return True


cdef object plain_texts(object given):
    # None, a str, or a tuple of what a collection of str holds; NotImplemented for anything else.
    cdef object kind = type(given)
    if given is None or kind is str:
        return given
    if kind is not list and kind is not tuple and kind is not set and kind is not frozenset:
        return NotImplemented
    texts = tuple(given)
    for text in texts:
        if type(text) is not str:
            return NotImplemented
    return texts


cdef object plain_options(object given):
    # None, or the items of a dict of options; NotImplemented where a value is none that can be remembered.
    if given is None:
        return None
    if type(given) is not dict:
        return NotImplemented
    items = []
    for name, value in (<dict>given).items():
        if type(name) is not str:
            return NotImplemented
        if type(value) is not bool:
            value = plain_texts(value)
            if type(value) is not tuple:
                return NotImplemented
        items.append((name, value))
    return tuple(items)


cdef object demands_of(object key, object algorithms, object options, object audience, object issuer, object leeway,
                       object jwk):
    # What a decoder is found by; None where a call passes something that only Python code can judge. A str and bytes
    # must never be compared: with -b Python warns of it.
    cdef object texts = plain_texts(algorithms)
    if type(key) is str or type(key) is bytes:
        mark = key
    elif isinstance(key, jwk):       # its attributes may be set anew
        mark = (id(key.key), id(key.Algorithm), key.algorithm_name)
    elif key is None:
        return None
    else:
        mark = id(key)
    if algorithms is None and isinstance(key, jwk):
        texts = (key.algorithm_name,)
    if type(texts) is str:
        texts = (texts,)
    if type(texts) is not tuple:
        return None
    chosen, audience, issuer = plain_options(options), plain_texts(audience), plain_texts(issuer)
    if chosen is NotImplemented or audience is NotImplemented or issuer is NotImplemented:
        return None
    if type(leeway) is not int and type(leeway) is not float and not PyDelta_CheckExact(leeway):
        return None
    return type(key), mark, texts, chosen, audience, issuer, leeway


cdef int warn_of_key_length(object problem) except -1:
    if problem is not None:
        from jwtfast.jwt.warnings import InsecureKeyLengthWarning, warn_caller

        warn_caller(problem, InsecureKeyLengthWarning)
    return 0

# The compiled core of Verifier: from a token's characters to a Token or a verdict.

cdef enum:
    MAX_SIGNATURE = 8192             # octets; the longest, of ML-DSA-87, has 4,627


# Its members refer to nothing that could refer back, but for a clock of the caller's own making; they must still be
# there when __dealloc__ closes the cache.
@cython.no_gc_clear
cdef class VerifierCore:
    cdef Policy policy
    cdef object keys                 # candidates(algorithm, key_id) and generation
    cdef object fetched              # the keys again, where they are fetched: seek(algorithm) and wait(); or None
    cdef Generation key_generation
    cdef object revocations          # revokes(token) and generation; or None
    cdef Generation revocation_generation
    cdef RevocationSet revocation_set          # the same, where it is a native one that can be asked without Python
    cdef str token_type
    cdef size_t max_token_bytes
    cdef double cache_ttl
    cdef object clock
    cdef TokenCache cache
    cdef HeaderMemo memo
    cdef Py_ssize_t member           # its place in a MultiIssuerVerifier; 0 where it stands alone

    def __init__(self, keys, Policy policy not None, *, str token_type, size_t max_token_bytes, size_t cache_tokens,
                 size_t cache_bytes, double cache_ttl, revocations, clock):
        if self.policy is not None:
            raise TypeError("a Verifier is configured once: what it has cached was judged by that")
        self.keys = keys
        self.fetched = keys if callable(getattr(keys, "seek", None)) else None
        self.key_generation = generation_of(keys)
        self.revocations = revocations
        if revocations is not None and not callable(getattr(revocations, "revokes", None)):
            raise TypeError(f"{type(revocations).__name__} has no method 'revokes' that takes a token")
        # One that never advances, where there are no revocations.
        self.revocation_generation = Generation() if revocations is None else generation_of(revocations)
        if isinstance(revocations, RevocationSet):
            (<RevocationSet>revocations).require_leeway(policy.policy.leeway)
            # Where a subclass has its own way to answer, that is what counts.
            if type(revocations).revokes is RevocationSet.revokes:
                self.revocation_set = revocations
        self.token_type = token_type
        self.max_token_bytes = max_token_bytes
        self.cache_ttl = cache_ttl
        self.clock = clock
        self.memo = HeaderMemo()
        self.policy = policy
        self.cache = TokenCache(cache_tokens, cache_bytes)     # last: where it is, all is there

    def __reduce_ex__(self, protocol):
        raise TypeError("a Verifier can't be pickled or copied: share the one, or build another")

    def __dealloc__(self):
        if self.cache is not None:
            self.cache.clear()

    def verify(self, raw, /):
        cdef Refusal why
        cdef PyObject *token = self.verified(raw, &why)
        if token == <PyObject *>None:
            self.refuse(&why)
            jf_leave()
        return jf_owned(token)

    def verify_bearer(self, header_value, /):
        cdef Refusal why
        cdef PyObject *token = self.verified_bearer(header_value, &why)
        if token == <PyObject *>None:
            self.refuse(&why)
            jf_leave()
        return jf_owned(token)

    def verify_many(self, raws, /, threads=1):
        self.configured()
        return verify_batch(self, None, raws, threads)

    @cython.final
    cdef PyObject *verified(self, raw, Refusal *why) except NULL:
        # A reference of the caller's own; None without one: it is refused.
        cdef Sighting seen
        cdef object owner = sight(raw, &seen)
        self.configured().look_for(&seen)
        cdef double now = self.set_clock()
        cdef Token token = self.recall(&seen, &now)
        if token is None:
            token = self.first_seen(&seen, now, why)
        return owned_or_none(token)

    cdef PyObject *verified_bearer(self, header_value, Refusal *why) except NULL:
        cdef Sighting seen
        cdef object owner = sight_bearer(header_value, &seen)
        self.configured().look_for(&seen)
        cdef double now = self.set_clock()
        cdef Token token = self.recall(&seen, &now)
        if token is None:
            token = self.first_seen(&seen, now, why)
        return owned_or_none(token)

    @cython.final
    cdef Token first_seen(self, Sighting *seen, double now, Refusal *why):
        # Of a token that is not remembered: waits for its key once, where that is being fetched.
        cdef Token token = self.judged(seen, now, why)
        if token is None and self.waited(why):
            token = self.answer(seen, why)
        return token

    def attempt(self, raw, bint last=False, /):
        cdef Refusal why
        cdef PyObject *token = self.attempted(raw, &why)
        if token == <PyObject *>None:
            if why.verdict == JF_KEY_AWAITED and not last:
                return self.fetched
            self.refuse(&why)
            jf_leave()
        return jf_owned(token)

    def attempt_authorization(self, headers, method=None, /):
        # All that a server asks of every request, in one call, and the token is read where it stands. The method makes
        # no difference, as for read_authorization.
        cdef Refusal why
        cdef PyObject *token = self.attempted_authorization(headers, &why)
        if token == <PyObject *>None:
            if why.verdict == JF_GOOD:
                return None
            if why.verdict == JF_KEY_AWAITED:
                return self.fetched
            self.refuse(&why)
            jf_leave()
        return jf_owned(token)

    cdef PyObject *attempted(self, raw, Refusal *why) except NULL:
        cdef Sighting seen
        cdef object owner = sight(raw, &seen)
        return owned_or_none(self.answer(&seen, why))

    cdef PyObject *attempted_authorization(self, headers, Refusal *why) except NULL:
        # None and a good verdict: there is no token.
        cdef Sighting seen
        cdef object owner = find_bearer(headers, &seen.raw, &seen.length)
        why.verdict = JF_GOOD
        return <PyObject *>None if owner is None else owned_or_none(self.answer(&seen, why))

    def cache_info(self):
        return self.configured().info()

    def forget(self, raw, /):
        cdef const uint8_t *data = NULL
        cdef size_t length = 0
        cdef object owner = borrow(raw, &data, &length)
        return data != NULL and self.configured().forget(data, length)

    def clear_cache(self):
        self.configured().clear()
        self.memo.clear()

    @cython.final
    cdef Token answer(self, Sighting *seen, Refusal *why):
        # None where the token is refused.
        self.configured().look_for(seen)
        cdef double now = self.set_clock()
        cdef Token token = self.recall(seen, &now)
        return token if token is not None else self.judged(seen, now, why)

    @cython.final
    cdef Token judged(self, Sighting *seen, double now, Refusal *why):
        why.culprit = 0
        why.verdict = JF_NOT_ASCII
        return None if seen.raw == NULL else self.admit(seen, now, why)

    cdef inline Token recall(self, const Sighting *seen, double *now):
        # The token, if it is remembered and still good.
        cdef Token token = self.cache.find(seen, now)
        return token if token is None or self.is_current(token) or self.judge_again(token, now[0]) else None

    cdef inline bint is_current(self, Token token) noexcept:
        return (token.key_generation == self.key_generation.read()
                and token.revocation_generation == self.revocation_generation.read())

    cdef bint judge_again(self, Token token, double now) except -1:
        # Keys or revocations have changed since it was judged. If that doesn't concern it, it stays as it is; else it
        # goes, and the cold path says why. The counts are read first: what changes meanwhile is seen on the next call.
        cdef uint64_t key_generation = self.key_generation.read()
        cdef uint64_t revocation_generation = self.revocation_generation.read()
        if ((token.key_generation != key_generation and not self.is_still_signed(token))
                or (token.revocation_generation != revocation_generation and self.is_revoked(token, now))):
            self.cache.drop(token)
            return False
        token.key_generation = key_generation
        token.revocation_generation = revocation_generation
        return True

    cdef bint is_still_signed(self, Token token) except -1:
        cdef jf_verdict verdict = JF_GOOD
        cdef Selection selection = self.select(<const uint8_t *>token.raw, token.payload - 1, &verdict)
        return selection is not None and would_sign(token, selection.candidates)

    cdef VerifierCore join(self, TokenCache cache, Py_ssize_t member):
        # One that judges as this one does, and remembers elsewhere.
        cdef VerifierCore joined
        self.configured()
        joined = VerifierCore(self.keys, self.policy, token_type=self.token_type, max_token_bytes=self.max_token_bytes,
                              cache_tokens=0, cache_bytes=0, cache_ttl=self.cache_ttl, revocations=self.revocations,
                              clock=self.clock)
        joined.cache, joined.member = cache, member
        return joined

    cdef inline bint is_revoked(self, Token token, double now) except -1:
        if self.revocation_set is not None:
            return self.revocation_set.holds(token.revocable, now)
        return self.revocations is not None and self.revocations.revokes(token)

    cdef inline TokenCache configured(self):
        if self.cache is None:       # made by __new__ alone, or by a subclass that forgot super().__init__()
            raise TypeError("this Verifier was never configured: call Verifier.__init__")
        return self.cache

    @cython.final
    cdef bint waited(self, const Refusal *why) except -1:
        # Whether to look again, after the fetch that may bring the token's key.
        if why.verdict != JF_KEY_AWAITED:
            return False
        self.fetched.wait()
        return True

    @cython.final
    cdef object refusal(self, const Refusal *why):
        return refusal(why.verdict, why.culprit, self.policy.names[why.culprit])

    @cython.final
    cdef int refuse(self, const Refusal *why) except -1:
        jf_raise(self.refusal(why))
        return 0

    cdef inline double set_clock(self) except? -1.0:
        # The time by a clock of the caller's own; not a number where the system's is to be read as soon as it matters,
        # which for a token without a good signature it never does.
        return NAN if self.clock is None else self.read_clock()

    cdef inline double read_clock(self) except? -1.0:
        cdef double now
        if self.clock is None:
            return jf_now()
        now = self.clock()
        if not isfinite(now):
            raise ValueError("the verifier's clock told no time: it must give seconds since the epoch")
        return now

    @cython.final
    cdef Token admit(self, Sighting *seen, double now, Refusal *why):
        # Of a token that is not remembered.
        cdef Selection selection = self.recognise(seen, why)
        return None if selection is None else self.admit_selected(seen, selection, now, why)

    @cython.final
    cdef Token admit_selected(self, const Sighting *seen, Selection selection, double now, Refusal *why):
        cdef PreparedKey key = self.find_signer(selection, seen, &why.verdict)
        return None if key is None else self.accept(seen, selection, key, now, why)

    @cython.final
    cdef Selection recognise(self, Sighting *seen, Refusal *why):
        # What the header selects, or None and why not.
        cdef Selection selection
        # Read before anything is judged: what changes meanwhile is seen on the next call.
        seen.key_generation = self.key_generation.read()
        seen.revocation_generation = self.revocation_generation.read()
        if seen.length > self.max_token_bytes:
            why.verdict = JF_TOO_LARGE
            return None
        selection = self.memo.guess(seen.raw, seen.length, seen.key_generation)
        seen.known_header = selection is not None
        if seen.known_header:
            why.verdict = split_after(<size_t>Py_SIZE(<PyObject *>selection.encoded), seen.raw, seen.length,
                                      &seen.segments)
            return selection if why.verdict == JF_GOOD else None
        why.verdict = split(seen.raw, seen.length, &seen.segments)
        if why.verdict != JF_GOOD:
            return None
        selection = self.memo.find(seen.raw, seen.segments.header, seen.key_generation)
        seen.known_header = selection is not None
        return selection if seen.known_header else self.select(seen.raw, seen.segments.header, &why.verdict)

    @cython.final
    cdef Token accept(self, const Sighting *seen, Selection selection, PreparedKey key, double now, Refusal *why):
        # Its signature was found good: judges all the rest, and remembers it.
        cdef Token token
        if isnan(now):
            now = jf_now()
        if not seen.known_header:
            why.verdict = selection.build()
            if why.verdict != JF_GOOD:
                return None
            self.memo.keep(selection, seen.key_generation)
        token = self.judge(seen, now, why)
        if token is None:
            return None
        token.selection = selection
        token.entry.shared = &selection.cost
        token.key = key
        token.member = self.member
        token.key_generation = seen.key_generation
        token.revocation_generation = seen.revocation_generation
        if token.revocable != NULL:
            note_key(token.revocable, selection.header, key)
        if self.is_revoked(token, now):
            why.verdict = JF_REVOKED
            return None
        token.entry.valid_until = min(token.entry.valid_until, now + self.cache_ttl)
        self.cache.insert(token, now)
        return token

    cdef Selection select(self, const uint8_t *raw, size_t length, jf_verdict *verdict):
        # First sight of a header: which keys may have signed this.
        cdef Selection selection
        cdef tuple candidates
        cdef HeaderMembers header = read_header(raw, length, verdict)
        if header is None:
            return None
        candidates = self.keys.candidates(header.algorithm, header.key_id)
        if not candidates and self.fetched is not None:
            if self.fetched.seek(header.algorithm):
                verdict[0] = JF_KEY_AWAITED
                return None
            candidates = self.keys.candidates(header.algorithm, header.key_id)     # they may have come just now
        if not candidates:
            verdict[0] = JF_UNKNOWN_KEY if self.keys.candidates(header.algorithm, None) else JF_ALGORITHM
        elif len(candidates) > MAX_CANDIDATES:
            verdict[0] = JF_TOO_MANY_KEYS
        elif self.token_type is not None and not is_token_type(header.type, self.token_type):
            verdict[0] = JF_TOKEN_TYPE
        else:
            for candidate in candidates:
                if not isinstance(candidate, PreparedKey):
                    raise TypeError("candidates() of the key set must give what its keys have as 'prepared'")
            selection = Selection.__new__(Selection)
            selection.encoded = PyBytes_FromStringAndSize(<const char *>raw, <Py_ssize_t>length)
            selection.candidates = candidates
            selection.unsettled = header.unsettled
            return selection
        return None

    @cython.final
    cdef PreparedKey find_signer(self, Selection selection, const Sighting *seen, jf_verdict *verdict):
        cdef uint8_t signature[MAX_SIGNATURE]
        cdef size_t length = decode_signature(seen, signature, MAX_SIGNATURE, verdict)
        # References are borrowed from the selection: counting them costs more than a look at its only key.
        cdef PyObject *candidates = <PyObject *>selection.candidates
        cdef PyObject *key
        cdef Py_ssize_t i
        if verdict[0] != JF_GOOD:
            return None
        for i in range(Py_SIZE(candidates)):
            key = PyTuple_GET_ITEM(candidates, i)
            if (<PreparedKey>key).verify(seen.raw, seen.segments.signature - 1, signature, length):
                return <PreparedKey>key
        verdict[0] = JF_SIGNATURE
        return None

    @cython.final
    cdef Token judge(self, const Sighting *seen, double now, Refusal *why):
        # The payload, once its signature has been found good.
        cdef JsonText json
        cdef jf_time_window window
        cdef jf_revocable revocable
        cdef Token token
        why.verdict = JF_PAYLOAD_ENCODING
        try:
            if decode_json(&json, seen.raw + seen.segments.payload, seen.segments.payload_length):
                self.policy.judge(&json, now, &window, why, NULL if self.revocation_set is None else &revocable)
        finally:
            release_json(&json)
        if why.verdict != JF_GOOD:
            return None
        token = Token.__new__(Token)
        token.own(seen)
        token.cache = self.cache
        token.payload = seen.segments.payload
        token.payload_length = seen.segments.payload_length
        token.entry.signature = seen.segments.signature
        token.entry.valid_from = window.valid_from
        token.entry.valid_until = window.valid_until
        if self.revocation_set is not None:
            token.own_revocable(&revocable)
        return token


cdef inline PyObject *owned_or_none(Token token) noexcept:
    # A reference of the caller's own, or None without one; not NULL, which would have to be told from an exception.
    if token is not None:
        Py_INCREF(token)
    return <PyObject *>token


cdef size_t decode_signature(const Sighting *seen, uint8_t *signature, size_t room,
                             jf_verdict *verdict) noexcept nogil:
    # Gives its length, where it is base64url and not too long for any key.
    cdef size_t length = 0
    if JF_BASE64URL_DECODED_SIZE(seen.segments.signature_length) > room:
        verdict[0] = JF_SIGNATURE
        return 0
    length = jf_base64url_decode(&CHOSEN, seen.raw + seen.segments.signature, seen.segments.signature_length, signature)
    verdict[0] = JF_SIGNATURE_ENCODING if length == JF_BASE64URL_INVALID else JF_GOOD
    return length


cdef bint would_sign(Token token, tuple candidates) except -1:
    # Whether the first of the candidates whose signature the token bears is still the one that verified it. Those that
    # were tried before that one have failed; a new one might not, as two keys may have one secret.
    cdef tuple tried = token.selection.candidates
    for candidate in candidates:
        if candidate is token.key:
            return True
        if candidate not in tried or tried.index(candidate) > tried.index(token.key):
            return False
    return False


cdef Generation generation_of(object owner):
    generation = getattr(owner, "generation", None)
    if not isinstance(generation, Generation):
        raise TypeError(f"{type(owner).__name__} has no 'generation' that is a Generation: its changes would go unseen")
    return generation


cdef object sight_bearer(object header_value, Sighting *seen):
    # Gives what keeps the characters alive of the token in an Authorization header's value.
    cdef object owner
    cdef size_t start
    if header_value is None:
        raise errors.MissingTokenError("the request has no Authorization header")
    owner = sight(header_value, seen)
    if seen.raw == NULL:
        raise not_ascii(header_value)
    start = bearer_token(seen.raw, seen.length)
    seen.raw += start
    seen.length -= start
    return owner


cdef object not_ascii(object header_value):
    if isinstance(header_value, str) and header_value[:7].lower() != "bearer ":
        return errors.MissingTokenError("the Authorization header has another scheme than Bearer")
    return errors.InvalidRequestError("the Authorization header is not ASCII")


cdef size_t bearer_token(const uint8_t *value, size_t length) except? 0:
    # Where the token begins in an Authorization header's value: "Bearer" 1*SP b64token (RFC 6750 section 2.1), the
    # scheme in any case (RFC 9110 section 11.1).
    cdef size_t start = 6
    if not is_of_scheme(value, length):
        raise errors.MissingTokenError("the Authorization header has another scheme than Bearer")
    while start < length and value[start] == c" ":
        start += 1
    if not is_one_word(value + start, length - start):
        raise errors.InvalidRequestError("the Authorization header must be 'Bearer', a space, and one token")
    if start == length:
        raise errors.InvalidRequestError("the Authorization header names the Bearer scheme and holds no token")
    return start


cdef bint is_one_word(const uint8_t *text, size_t length) noexcept:
    # Without a way out of the loop, so that compilers make one of many bytes at a time of it.
    cdef uint8_t others = 0
    cdef size_t i
    for i in range(length):
        others |= (text[i] <= c" ") | (text[i] == c",") | (text[i] >= 0x7f)
    return others == 0


cdef bint is_of_scheme(const uint8_t *value, size_t length) noexcept:
    cdef const char *scheme = "bearer"
    cdef int i
    if length < 6 or (length > 6 and value[6] != c" "):
        return False
    for i in range(6):
        if (value[i] | 0x20) != <uint8_t>scheme[i]:
            return False
    return True

# The compiled core of Verifier: from a token's characters to a Token or a verdict.

cdef enum:
    MAX_SIGNATURE = 8192             # octets; the longest, of ML-DSA-87, has 4,627


# Its members refer to nothing that could refer back, but for a clock of the caller's own making; they must still be
# there when __dealloc__ closes the cache.
@cython.no_gc_clear
cdef class VerifierCore:
    cdef Policy policy
    cdef object keys                 # candidates(algorithm, key_id) and generation
    cdef Generation key_generation
    cdef object revocations          # revokes(token) and generation; or None
    cdef Generation revocation_generation
    cdef str token_type
    cdef size_t max_token_bytes
    cdef double cache_ttl
    cdef object clock
    cdef TokenCache cache
    cdef HeaderMemo memo

    def __init__(self, keys, Policy policy not None, *, str token_type, size_t max_token_bytes, size_t cache_tokens,
                 size_t cache_bytes, double cache_ttl, revocations, clock):
        if self.policy is not None:
            raise TypeError("a Verifier is configured once: what it has cached was judged by that")
        self.keys = keys
        self.key_generation = generation_of(keys)
        self.revocations = revocations
        if revocations is not None and not callable(getattr(revocations, "revokes", None)):
            raise TypeError(f"{type(revocations).__name__} has no method 'revokes' that takes a token")
        # One that never advances, where there are no revocations.
        self.revocation_generation = Generation() if revocations is None else generation_of(revocations)
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
        cdef const uint8_t *data = NULL
        cdef size_t length = 0
        cdef object owner = borrow(raw, &data, &length)
        cdef Refusal why
        cdef Token token = self.answer(data, length, &why)
        if token is None:
            raise self.refusal(&why)
        return token

    def verify_bearer(self, header_value, /):
        cdef const uint8_t *data = NULL
        cdef size_t length = 0, start
        cdef Refusal why
        cdef Token token
        if header_value is None:
            raise errors.MissingTokenError("the request has no Authorization header")
        cdef object owner = borrow(header_value, &data, &length)
        if data == NULL:
            raise not_ascii(header_value)
        start = bearer_token(data, length)
        token = self.answer(data + start, length - start, &why)
        if token is None:
            raise self.refusal(&why)
        return token

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

    cdef Token answer(self, const uint8_t *raw, size_t length, Refusal *why):
        # None where the token is refused: whoever answers Python raises, so that no function between adds to the
        # traceback, which is what a refusal costs most.
        cdef Token token
        cdef double now = self.read_clock()
        why.verdict = JF_NOT_ASCII
        why.culprit = 0
        token = self.configured().find(raw, length, now)
        if raw == NULL:
            return None
        if token is not None and (self.is_current(token) or self.judge_again(token)):
            return token
        return self.admit(raw, length, now, why)

    cdef inline bint is_current(self, Token token) noexcept:
        return (token.key_generation == self.key_generation.read()
                and token.revocation_generation == self.revocation_generation.read())

    cdef bint judge_again(self, Token token) except -1:
        # Keys or revocations have changed since it was judged. If neither concerns it, it stays as it is; else it goes,
        # and the cold path says why. The counts are read first: what changes meanwhile is seen on the next call.
        cdef uint64_t key_generation = self.key_generation.read()
        cdef uint64_t revocation_generation = self.revocation_generation.read()
        cdef jf_verdict verdict = JF_GOOD
        cdef Selection selection = self.select(<const uint8_t *>token.raw, token.payload - 1, &verdict)
        if selection is None or not would_sign(token, selection.candidates) or self.is_revoked(token):
            self.cache.drop(token)
            return False
        token.key_generation = key_generation
        token.revocation_generation = revocation_generation
        return True

    cdef inline bint is_revoked(self, Token token) except -1:
        return self.revocations is not None and self.revocations.revokes(token)

    cdef inline TokenCache configured(self):
        if self.cache is None:       # made by __new__ alone, or by a subclass that forgot super().__init__()
            raise TypeError("this Verifier was never configured: call Verifier.__init__")
        return self.cache

    cdef object refusal(self, const Refusal *why):
        return refusal(why.verdict, why.culprit, self.policy.names[why.culprit])

    cdef inline double read_clock(self) except? -1.0:
        cdef double now
        if self.clock is None:
            return jf_now()
        now = self.clock()
        if not isfinite(now):
            raise ValueError("the verifier's clock told no time: it must give seconds since the epoch")
        return now

    cdef Token admit(self, const uint8_t *raw, size_t length, double now, Refusal *why):
        cdef Segments segments
        cdef Selection selection
        cdef PreparedKey key
        cdef Token token
        # Read before anything is judged: what changes meanwhile is seen on the next call.
        cdef uint64_t key_generation = self.key_generation.read()
        cdef uint64_t revocation_generation = self.revocation_generation.read()
        if length > self.max_token_bytes:
            why.verdict = JF_TOO_LARGE
            return None
        why.verdict = split(raw, length, &segments)
        if why.verdict != JF_GOOD:
            return None
        selection = self.memo.find(raw, segments.header, key_generation)
        known = selection is not None
        if not known:
            selection = self.select(raw, segments.header, &why.verdict)
            if selection is None:
                return None
        key = self.find_signer(selection, raw, &segments, &why.verdict)
        if key is None:
            return None
        if not known:
            why.verdict = selection.build()
            if why.verdict != JF_GOOD:
                return None
            self.memo.keep(selection, key_generation)
        token = self.judge(raw, length, &segments, now, why)
        if token is None:
            return None
        token.selection = selection
        token.entry.shared = &selection.cost
        token.key = key
        token.key_generation = key_generation
        token.revocation_generation = revocation_generation
        if self.is_revoked(token):
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

    cdef PreparedKey find_signer(self, Selection selection, const uint8_t *raw, const Segments *segments,
                                 jf_verdict *verdict):
        cdef uint8_t signature[MAX_SIGNATURE]
        cdef size_t length
        cdef PreparedKey key
        verdict[0] = JF_SIGNATURE
        if JF_BASE64URL_DECODED_SIZE(segments.signature_length) > MAX_SIGNATURE:
            return None
        length = jf_base64url_decode(&CHOSEN, raw + segments.signature, segments.signature_length, signature)
        if length == JF_BASE64URL_INVALID:
            verdict[0] = JF_SIGNATURE_ENCODING
            return None
        for candidate in selection.candidates:
            key = <PreparedKey>candidate
            if key.verify(raw, segments.signature - 1, signature, length):
                return key
        return None

    cdef Token judge(self, const uint8_t *raw, size_t length, const Segments *segments, double now, Refusal *why):
        # The payload, once its signature has been found good.
        cdef uint8_t small[SMALL_PAYLOAD + JF_JSON_PADDING]
        cdef uint8_t *text = small
        cdef size_t size = JF_BASE64URL_DECODED_SIZE(segments.payload_length)
        cdef jf_time_window window
        cdef Token token = None
        if size > SMALL_PAYLOAD:
            text = <uint8_t *>PyMem_RawMalloc(size + JF_JSON_PADDING)
            if text == NULL:
                raise MemoryError
        try:
            size = jf_base64url_decode(&CHOSEN, raw + segments.payload, segments.payload_length, text)
            if size == JF_BASE64URL_INVALID:
                why.verdict = JF_PAYLOAD_ENCODING
                return None
            memset(text + size, 0, JF_JSON_PADDING)
            why.verdict = JF_GOOD
            plain = self.policy.judge(text, size, now, &window, why)
            if why.verdict != JF_GOOD:
                return None
        finally:
            if text != small:
                PyMem_RawFree(text)
        token = Token.__new__(Token)
        token.own(raw, length)
        token.cache = self.cache
        token.payload = segments.payload
        token.payload_length = segments.payload_length
        token.entry.signature = segments.signature
        token.entry.valid_from = window.valid_from
        token.entry.valid_until = window.valid_until
        if plain is not None:
            token.publish(plain)
        return token


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

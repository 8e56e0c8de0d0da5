@cython.final
@cython.no_gc
cdef class Token:
    # It owns its bytes and the cache's entry for them; the cache's table borrows both. It has no part in any cycle:
    # what it refers to can't refer back to it.
    cdef jf_token_entry entry
    cdef uint8_t *raw
    cdef size_t payload, payload_length       # where the payload stands in it
    cdef Selection selection
    cdef PreparedKey key
    cdef TokenCache cache                     # the one to charge when claims are built
    cdef Claims built
    cdef uint64_t key_generation              # under which it was last judged
    cdef uint64_t revocation_generation
    cdef jf_revocable *revocable              # what it is looked up by in a list of revocations; NULL where none is
    cdef Py_ssize_t member                    # which of a MultiIssuerVerifier's members judged it

    def __init__(self):
        raise TypeError("a Token comes from Verifier.verify")

    def __dealloc__(self):
        if self.raw != NULL:
            jf_wipe(self.raw, self.entry.length)
            PyMem_RawFree(self.raw)
        PyMem_RawFree(self.revocable)

    cdef int own(self, const Sighting *seen) except -1:
        self.raw = <uint8_t *>PyMem_RawMalloc(seen.length)
        if self.raw == NULL:
            raise MemoryError
        memcpy(self.raw, seen.raw, seen.length)
        self.entry.token = self.raw
        self.entry.length = seen.length
        self.entry.hash = seen.hash
        self.entry.owner = <PyObject *>self
        self.entry.bytes = sizeof(Token) + seen.length + 32    # and the allocators' own heads
        return 0

    cdef int own_revocable(self, const jf_revocable *revocable) except -1:
        self.revocable = <jf_revocable *>PyMem_RawMalloc(sizeof(jf_revocable))
        if self.revocable == NULL:
            raise MemoryError
        self.revocable[0] = revocable[0]
        self.entry.bytes += sizeof(jf_revocable) + 16
        return 0

    cdef int build(self) except -1:
        # Charged before they are there for anyone, so that the cache's count is never behind.
        cdef Py_ssize_t size = 0
        cdef JsonText json
        cdef Claims claims
        if self.raw == NULL:         # made by __new__ alone
            raise TypeError("a Token comes from Verifier.verify")
        try:
            decode_json(&json, self.raw + self.payload, self.payload_length)
            claims = build_claims(&CHOSEN, &json, &size)
        finally:
            release_json(&json)
        with cython.critical_section(self):
            if self.built is None:
                self.cache.charge(self, <size_t>size)
                self.built = claims
        return 0

    @property
    def claims(self):
        if self.built is None:
            self.build()
        return self.built

    # Token.__new__ gives one that nothing was verified for; these find None in it.

    @property
    @cython.nonecheck(True)
    def header(self):
        return self.selection.header

    @property
    @cython.nonecheck(True)
    def algorithm(self):
        return self.selection.header["alg"]

    @property
    @cython.nonecheck(True)
    def key_id(self):
        return self.key.key_id

    @property
    def subject(self):
        return self.claims.get("sub")

    @property
    def issuer(self):
        return self.claims.get("iss")

    @property
    def audience(self):
        audience = self.claims.get("aud")
        if audience is None:
            return ()
        return (audience,) if isinstance(audience, str) else tuple(audience)

    @property
    def expires_at(self):
        return self.claims.get("exp")

    @property
    def not_before(self):
        return self.claims.get("nbf")

    @property
    def issued_at(self):
        return self.claims.get("iat")

    @property
    def token_id(self):
        return self.claims.get("jti")

    @property
    def scopes(self):
        # RFC 8693 section 4.2: "scope" is a list separated by spaces; some issuers send an array, or call it "scp".
        scope = self.claims.get("scope")
        if scope is None:
            scope = self.claims.get("scp")
        if isinstance(scope, str):
            return frozenset((<str>scope).split(" ")) - {""}
        if isinstance(scope, list):
            return frozenset([name for name in <list>scope if isinstance(name, str)])
        return frozenset()

    def __repr__(self):
        return f"<Token {self.algorithm}>"

    def __reduce_ex__(self, protocol):
        raise TypeError("a Token is a verdict of this process and can't be pickled: pickle dict(token.claims)")

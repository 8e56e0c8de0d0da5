class CacheInfo(NamedTuple):
    """What a verifier's cache holds and has done: counts, and sizes in bytes."""

    hits: int
    misses: int
    expired: int
    evictions: int
    tokens: int
    bytes: int
    max_tokens: int
    max_bytes: int


@cython.final
@cython.no_gc
cdef class TokenCache:
    # Verified tokens. The table's entries hold a reference each; tokens refer to the cache to charge it with claims
    # that are built later. The verifier that owns the cache closes it, which ends all of these references.
    cdef jf_token_table table
    cdef double now                           # when it was last asked; not a number where nobody read the clock for it
    cdef uint64_t hits, misses

    def __cinit__(self, size_t max_tokens, size_t max_bytes):
        cdef uint64_t key[2]
        cdef bytes secret = os.urandom(sizeof(key))
        memcpy(key, PyBytes_AS_STRING(secret), sizeof(key))
        if not jf_token_table_init(&self.table, max_tokens, max_bytes, key):
            raise MemoryError
        self.now = -INFINITY

    def __dealloc__(self):
        jf_token_table_free(&self.table)

    cdef inline void look_for(self, Sighting *seen) noexcept:
        seen.hash = jf_token_table_hash(&self.table, seen.raw, seen.length)

    cdef Token find(self, const Sighting *seen, double *now):
        cdef jf_token_entry *gone = NULL
        cdef jf_token_entry *entry
        cdef Token token = None
        with cython.critical_section(self):
            entry = jf_token_table_find(&self.table, seen.raw, seen.length, seen.hash, now, &gone)
            if entry != NULL:
                self.hits += 1
                token = <Token>entry.owner
            else:
                self.misses += 1
            self.now = now[0]
        if gone != NULL:
            release(gone)
        return token

    cdef int insert(self, Token token, double now) except -1:
        cdef jf_token_entry *gone = NULL
        with cython.critical_section(self):
            self.now = now
            if jf_token_table_insert(&self.table, &token.entry, now, &gone):
                Py_INCREF(token)
        if gone != NULL:
            release(gone)
        return 0

    cdef int charge(self, Token token, size_t size) except -1:
        cdef jf_token_entry *gone = NULL
        with cython.critical_section(self):
            jf_token_table_charge(&self.table, &token.entry, size, self.now, &gone)
        if gone != NULL:
            release(gone)
        return 0

    cdef bint forget(self, const uint8_t *raw, size_t length) except -1:
        cdef jf_token_entry *gone = NULL
        with cython.critical_section(self):
            found = jf_token_table_forget(&self.table, raw, length, &gone)
        release(gone)
        return found

    cdef int drop(self, Token token) except -1:
        # What was found is not good any more: it was no hit.
        cdef jf_token_entry *gone = NULL
        with cython.critical_section(self):
            self.hits -= 1
            self.misses += 1
            if token.entry.place:
                jf_token_table_remove(&self.table, &token.entry, &gone)
        release(gone)
        return 0

    cdef int clear(self) except -1:
        cdef jf_token_entry *gone = NULL
        with cython.critical_section(self):
            while self.table.newest != NULL:
                jf_token_table_remove(&self.table, self.table.newest, &gone)
        release(gone)
        return 0

    cdef object info(self):
        with cython.critical_section(self):
            return CacheInfo(self.hits, self.misses, self.table.expired, self.table.evictions, self.table.tokens,
                             self.table.bytes, self.table.max_tokens, self.table.max_bytes)


cdef int release(jf_token_entry *gone) except -1:
    # Outside the cache's lock: a token's end may free much.
    cdef jf_token_entry *older
    while gone != NULL:
        older = gone.older
        Py_DECREF(<object>gone.owner)
        gone = older
    return 0

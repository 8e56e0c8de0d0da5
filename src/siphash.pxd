from libc.stdint cimport uint8_t, uint64_t

cdef extern from "siphash.h" nogil:
    ctypedef struct jf_siphash:
        pass

    void jf_siphash_init(jf_siphash *state, const uint64_t *key)
    void jf_siphash_octets(jf_siphash *state, const uint8_t *octets, size_t length)
    void jf_siphash_digest(jf_siphash *state, uint64_t *digest)

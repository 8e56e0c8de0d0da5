from libc.stdint cimport uint8_t, uint64_t

cdef extern from "revocation_set.h" nogil:
    ctypedef enum jf_revocation_kind:
        JF_BY_TOKEN_ID
        JF_BY_SUBJECT
        JF_BY_SESSION
        JF_BY_KEY
        JF_REVOCATION_KINDS

    ctypedef struct jf_identifier:
        const uint8_t *text
        size_t length

    ctypedef struct jf_fingerprint:
        uint64_t half[2]

    ctypedef struct jf_revocable:
        jf_fingerprint by[4]
        double issued_at

    ctypedef struct jf_revocation:
        jf_fingerprint of
        double issued_before
        double until

    ctypedef struct jf_revocation_set:
        size_t max_entries

    ctypedef enum jf_revocation_result:
        JF_REVOCATION_ADDED
        JF_REVOCATION_KNOWN
        JF_REVOCATION_FULL
        JF_REVOCATION_NO_MEMORY

    void jf_revocable_claims(jf_revocable *token, const uint64_t *key, const jf_identifier *issuer,
                             const jf_identifier *values)
    jf_fingerprint jf_fingerprint_of(const uint64_t *key, const jf_identifier *issuer, jf_revocation_kind kind,
                                     const jf_identifier *value)
    void jf_revocation_set_init(jf_revocation_set *set, size_t max_entries)
    void jf_revocation_set_free(jf_revocation_set *set)
    jf_revocation_result jf_revocation_set_add(jf_revocation_set *set, const jf_revocation *entry, double now)
    bint jf_revocation_set_holds(const jf_revocation_set *set, const jf_revocable *token, double now)
    size_t jf_revocation_set_count(jf_revocation_set *set, double now)
    size_t jf_revocation_set_bytes(const jf_revocation_set *set)

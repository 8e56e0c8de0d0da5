from libc.stdint cimport uint8_t

from cpu cimport jf_kernels
from sha2 cimport jf_sha2_id

cdef extern from "hmac.h" nogil:
    ctypedef struct jf_hmac_key:
        jf_sha2_id hash

    ctypedef struct jf_hmac_check:
        const jf_hmac_key *key
        const uint8_t *message
        size_t length
        const uint8_t *mac
        size_t mac_length
        bint good

    void jf_hmac_key_init(jf_hmac_key *key, const jf_kernels *kernels, jf_sha2_id hash_id, const uint8_t *secret,
                          size_t length)
    void jf_hmac(const jf_hmac_key *key, const uint8_t *message, size_t length, uint8_t *mac)
    bint jf_hmac_verify(const jf_hmac_key *key, const uint8_t *message, size_t length, const uint8_t *mac,
                        size_t mac_length)
    void jf_hmac_verify_all(jf_hmac_check *checks, size_t count)

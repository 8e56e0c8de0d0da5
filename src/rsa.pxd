from libc.stdint cimport uint8_t, uint64_t

from cpu cimport jf_kernels
from sha2 cimport jf_sha2_id

cdef extern from "rsa.h" nogil:
    enum:
        JF_RSA_MAX_SIZE

    ctypedef enum jf_rsassa:
        JF_RSASSA_PKCS1_V1_5
        JF_RSASSA_PSS

    ctypedef struct jf_rsa_key:
        size_t size

    bint jf_rsa_key_init(jf_rsa_key *key, const jf_kernels *kernels, jf_rsassa scheme, jf_sha2_id hash_id,
                         const uint8_t *modulus, size_t size, uint64_t exponent)
    bint jf_rsa_public(const jf_rsa_key *key, const uint8_t *signature, uint8_t *message)
    bint jf_rsa_verify(const jf_rsa_key *key, const uint8_t *message, size_t length, const uint8_t *signature,
                       size_t signature_length)

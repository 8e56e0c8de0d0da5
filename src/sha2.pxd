from libc.stdint cimport uint8_t

from cpu cimport jf_kernels

cdef extern from "sha2.h" nogil:
    ctypedef enum jf_sha2_id:
        JF_SHA256
        JF_SHA384
        JF_SHA512

    enum:
        JF_SHA2_MAX_DIGEST
        JF_SHA256_MESSAGES

    size_t jf_sha2_digest_size(jf_sha2_id hash_id)
    void jf_sha2(const jf_kernels *kernels, jf_sha2_id hash_id, const uint8_t *data, size_t length, uint8_t *digest)

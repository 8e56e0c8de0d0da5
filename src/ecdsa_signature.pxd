from libc.stdint cimport uint8_t

cdef extern from "ecdsa_signature.h" nogil:
    enum:
        JF_ECDSA_MAX_SIZE
        JF_ECDSA_MAX_DER

    size_t jf_ecdsa_der(const uint8_t *signature, size_t size, const uint8_t *order, uint8_t *der)

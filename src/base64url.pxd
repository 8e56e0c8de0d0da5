from libc.stdint cimport uint8_t

from cpu cimport jf_kernels

cdef extern from "base64url.h" nogil:
    const size_t JF_BASE64URL_INVALID

    size_t JF_BASE64URL_DECODED_SIZE(size_t length)
    size_t JF_BASE64URL_ENCODED_SIZE(size_t length)
    size_t jf_base64url_decode(const jf_kernels *kernels, const uint8_t *text, size_t length, uint8_t *out)
    size_t jf_base64url_encode(const jf_kernels *kernels, const uint8_t *data, size_t length, uint8_t *out)

from libc.stdint cimport uint8_t

cdef extern from "secret.h" nogil:
    int jf_equal(const uint8_t *a, const uint8_t *b, size_t length)
    void jf_wipe(void *memory, size_t length)

from libc.stdint cimport uint64_t

cdef extern from "generation.h" nogil:
    ctypedef struct jf_generation:
        pass

    uint64_t jf_generation_read(const jf_generation *generation)
    void jf_generation_advance(jf_generation *generation)

from libc.stdint cimport int64_t

cdef extern from "sharing.h" nogil:
    ctypedef struct jf_shared:
        pass

    int64_t jf_shared_read(const jf_shared *shared)
    void jf_shared_write(jf_shared *shared, int64_t value)
    int64_t jf_shared_add(jf_shared *shared, int64_t number)
    void jf_wait(unsigned *times)

from libc.stdint cimport int64_t

cdef extern from "sharing.h" nogil:
    ctypedef struct jf_tickets:
        pass

    ctypedef struct jf_flag:
        long raised

    int64_t jf_draw(jf_tickets *tickets)
    void jf_flag_raise(jf_flag *flag)
    bint jf_flag_is_raised(const jf_flag *flag)

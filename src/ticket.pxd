from libc.stdint cimport int64_t

cdef extern from "ticket.h" nogil:
    ctypedef struct jf_tickets:
        pass

    int64_t jf_draw(jf_tickets *tickets)

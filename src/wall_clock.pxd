cdef extern from "wall_clock.h" nogil:
    double jf_now()

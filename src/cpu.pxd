cdef extern from "cpu.h" nogil:
    ctypedef struct jf_kernels:
        pass

    enum:
        JF_ISA_AVX2
        JF_ISA_SHANI

    unsigned jf_cpu_isas()
    void jf_kernels_fill(jf_kernels *kernels, unsigned isas)

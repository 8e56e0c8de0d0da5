from json_scan cimport jf_json_reader, jf_json_scanner

cdef extern from "cpu.h" nogil:
    ctypedef struct jf_kernels:
        jf_json_scanner json_scan
        jf_json_reader json_read
        void *montgomery_multiply

    enum:
        JF_ISA_AVX2
        JF_ISA_SHANI
        JF_ISA_AVX512
        JF_ISA_AVX512IFMA
        JF_ISA_AVX512VBMI

    unsigned jf_cpu_isas()
    void jf_kernels_fill(jf_kernels *kernels, unsigned isas)

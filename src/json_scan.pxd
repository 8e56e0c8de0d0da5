from libc.stdint cimport uint8_t, uint64_t

cdef extern from "json_scan.h" nogil:
    enum:
        JF_JSON_PADDING
        JF_JSON_SETTLED

    ctypedef enum jf_json_result:
        JF_JSON_OK
        JF_JSON_UNUSUAL
        JF_JSON_INVALID
        JF_JSON_DUPLICATE
        JF_JSON_TOO_DEEP
        JF_JSON_TOO_BIG

    ctypedef enum jf_json_kind:
        JF_JSON_ABSENT
        JF_JSON_BOOL
        JF_JSON_STRING
        JF_JSON_INTEGER
        JF_JSON_FRACTION

    ctypedef struct jf_json_value:
        const uint8_t *text
        size_t length
        jf_json_kind kind
        bint escaped

    ctypedef struct jf_json_text:
        const uint8_t *text
        size_t length
        uint64_t head

    uint64_t jf_json_head(const uint8_t *text, size_t length)
    jf_json_result jf_json_scan(const uint8_t *text, size_t length, int flags, const jf_json_text *names, size_t count,
                                jf_json_value *found, size_t *members)

from libc.stdint cimport uint8_t, uint64_t

cdef extern from "json_scan.h" nogil:
    enum:
        JF_JSON_PADDING
        JF_JSON_SETTLED
        JF_JSON_MAX_NAMES

    ctypedef enum jf_json_result:
        JF_JSON_OK
        JF_JSON_UNUSUAL
        JF_JSON_INVALID
        JF_JSON_DUPLICATE
        JF_JSON_TOO_DEEP
        JF_JSON_TOO_BIG

    ctypedef enum jf_json_kind:
        JF_JSON_ABSENT
        JF_JSON_NULL
        JF_JSON_BOOL
        JF_JSON_INTEGER
        JF_JSON_FRACTION
        JF_JSON_STRING
        JF_JSON_ARRAY
        JF_JSON_OBJECT
        JF_JSON_END

    ctypedef struct jf_json_value:
        const uint8_t *text
        size_t length
        jf_json_kind kind
        bint escaped
        bint ascii

    ctypedef struct jf_json_text:
        const uint8_t *text
        size_t length
        uint64_t head

    ctypedef struct jf_json_names:
        const jf_json_text *text
        size_t count

    ctypedef struct jf_json_guesses:
        pass

    ctypedef jf_json_result (*jf_json_scanner)(const uint8_t *text, size_t length, int flags,
                                               const jf_json_names *names, jf_json_guesses *guesses,
                                               jf_json_value *found, size_t *members) noexcept
    ctypedef const uint8_t *(*jf_json_reader)(const uint8_t *at, jf_json_value *value) noexcept

    uint64_t jf_json_head(const uint8_t *text, size_t length)
    uint64_t jf_json_head_in_text(const uint8_t *text, size_t length)
    uint64_t jf_json_digits(const uint8_t *digits, size_t count)
    unsigned jf_json_name_hash(const jf_json_text *name)
    void jf_json_names_init(jf_json_names *names, const jf_json_text *text, size_t count)

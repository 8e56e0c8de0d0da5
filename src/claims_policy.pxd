from libc.stdint cimport uint8_t

from json_scan cimport JF_JSON_MAX_NAMES, jf_json_names, jf_json_reader, jf_json_text, jf_json_value
from verdict cimport jf_verdict

cdef extern from "claims_policy.h" nogil:
    enum:
        JF_EXP
        JF_NBF
        JF_IAT
        JF_ISS
        JF_AUD
        JF_SUB
        JF_JTI
        JF_REGISTERED

    ctypedef enum jf_claim_kind:
        JF_CLAIM_ANY
        JF_CLAIM_DATE
        JF_CLAIM_TEXT
        JF_CLAIM_AUDIENCE

    ctypedef struct jf_claim_rule:
        jf_claim_kind kind
        bint required
        const jf_json_text *allowed
        size_t allowed_count

    ctypedef struct jf_claims_policy:
        jf_json_names names
        const jf_claim_rule *rules
        uint8_t required[JF_JSON_MAX_NAMES]
        size_t required_count
        jf_json_reader read
        bint any_audience
        size_t several_audiences
        double leeway
        double max_age

    ctypedef struct jf_time_window:
        double valid_from
        double valid_until

    jf_verdict jf_claims_judge(const jf_claims_policy *policy, const jf_json_value *claims, const double *dates,
                               double now, jf_time_window *window, size_t *culprit)

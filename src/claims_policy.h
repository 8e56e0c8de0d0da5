/* What a verifier demands of the claims (RFC 7519 section 4.1), decided on scanned JSON, and the time window in which
 * the verdict "good" holds. Judging and window come from one function, so that admission and cache can't disagree. */
#ifndef JF_CLAIMS_POLICY_H
#define JF_CLAIMS_POLICY_H

#include "json_scan.h"
#include "verdict.h"

/* Rows of a policy that have a meaning of their own; further rows are claims that a verifier asks for by name. */
enum { JF_EXP, JF_NBF, JF_IAT, JF_ISS, JF_AUD, JF_SUB, JF_JTI, JF_REGISTERED };

typedef enum {
    JF_CLAIM_ANY,      /* whatever it is, as long as it is there when required */
    JF_CLAIM_DATE,     /* NumericDate: a number of at most 2^53 in size */
    JF_CLAIM_TEXT,     /* StringOrURI */
    JF_CLAIM_AUDIENCE  /* StringOrURI, or an array of them */
} jf_claim_kind;

typedef struct {
    jf_claim_kind kind;
    int required;                /* as in the policy's list */
    const jf_json_text *allowed; /* values it may have; none: any value of its kind */
    size_t allowed_count;
} jf_claim_rule;

typedef struct {
    jf_json_names names;        /* the claims that are judged */
    const jf_claim_rule *rules; /* rules[i] is for names.text[i] */
    uint8_t required[JF_JSON_MAX_NAMES]; /* the rows of the rules that say so, in order */
    size_t required_count;
    jf_json_reader read;        /* of whatever kernel; all give the same */
    int any_audience;           /* else a token with aud is refused where no audience is configured */
    size_t several_audiences;   /* the row that must be there when aud names more than one; 0: none */
    double leeway;              /* seconds */
    double max_age;             /* seconds since iat; infinity: no limit */
} jf_claims_policy;

/* valid_from <= now < valid_until, in seconds since the epoch */
typedef struct {
    double valid_from, valid_until;
} jf_time_window;

/* Judges claims[i], the value of the member names.text[i]. `dates` are the values of exp, nbf and iat as numbers, where they
 * are numbers. Fills `window` when the verdict is JF_GOOD, `*culprit` with the claim's index when it is another. */
jf_verdict jf_claims_judge(const jf_claims_policy *policy, const jf_json_value *claims, const double dates[3],
                           double now, jf_time_window *window, size_t *culprit);

#endif

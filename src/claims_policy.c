#include "claims_policy.h"

#include <math.h>
#include <string.h>

static const double MAX_DATE = 9007199254740992.0; /* 2^53: up to here a double holds every whole second */

static int is_allowed(const jf_claim_rule *rule, const jf_json_value *value)
{
    if (value->kind != JF_JSON_STRING)
        return 0;
    for (size_t i = 0; i < rule->allowed_count; i++)
        if (rule->allowed[i].length == value->length && !memcmp(rule->allowed[i].text, value->text, value->length))
            return 1;
    return 0;
}

/* Whether an array's elements are all strings; `*allowed` is set when one of them is an allowed one. */
static int judge_texts(jf_json_reader read, const jf_claim_rule *rule, const jf_json_value *array, int *allowed,
                       size_t *count)
{
    jf_json_value element;
    const uint8_t *at = read(array->text, &element);
    for (at = read(at, &element); element.kind == JF_JSON_STRING; at = read(at, &element)) {
        *allowed |= is_allowed(rule, &element);
        ++*count;
    }
    return element.kind == JF_JSON_END;
}

static jf_verdict judge_audience(const jf_claims_policy *policy, const jf_claim_rule *rule,
                                 const jf_json_value *claims, size_t *culprit)
{
    const jf_json_value *value = &claims[JF_AUD];
    int allowed = policy->any_audience;
    size_t count = 0;
    if (value->kind == JF_JSON_ARRAY) {
        if (!judge_texts(policy->read, rule, value, &allowed, &count))
            return JF_CLAIM_MALFORMED;
        if (count > 1 && policy->several_audiences && claims[policy->several_audiences].kind == JF_JSON_ABSENT) {
            *culprit = policy->several_audiences;
            return JF_CLAIM_MISSING;
        }
    } else if (value->kind == JF_JSON_STRING) {
        allowed |= is_allowed(rule, value);
    } else {
        return JF_CLAIM_MALFORMED;
    }
    return allowed ? JF_GOOD : rule->allowed_count ? JF_AUDIENCE : JF_AUDIENCE_UNASKED;
}

/* The form and value of a claim, if it is there; time is judged elsewhere, by all three dates together. */
static inline jf_verdict judge_claim(const jf_claims_policy *policy, size_t row, const jf_json_value *claims,
                                     double date, size_t *culprit)
{
    const jf_claim_rule *rule = &policy->rules[row];
    const jf_json_value *value = &claims[row];
    if (value->kind == JF_JSON_ABSENT)
        return JF_GOOD;
    switch (rule->kind) {
    case JF_CLAIM_DATE:
        if (value->kind != JF_JSON_INTEGER && value->kind != JF_JSON_FRACTION)
            return JF_CLAIM_MALFORMED;
        return fabs(date) <= MAX_DATE ? JF_GOOD : JF_CLAIM_MALFORMED;
    case JF_CLAIM_TEXT:
        if (value->kind != JF_JSON_STRING)
            return JF_CLAIM_MALFORMED;
        if (!rule->allowed_count || is_allowed(rule, value))
            return JF_GOOD;
        return row == JF_ISS ? JF_ISSUER : JF_CLAIM_VALUE;
    case JF_CLAIM_AUDIENCE:
        return judge_audience(policy, rule, claims, culprit);
    default:
        return rule->required && value->kind == JF_JSON_NULL ? JF_CLAIM_MISSING : JF_GOOD;
    }
}

static jf_verdict judge_time(const jf_claims_policy *policy, const jf_json_value *claims, const double dates[3],
                             double now, jf_time_window *window, size_t *culprit)
{
    double exp = claims[JF_EXP].kind ? dates[JF_EXP] + policy->leeway : INFINITY;
    double nbf = claims[JF_NBF].kind ? dates[JF_NBF] - policy->leeway : -INFINITY;
    double iat = claims[JF_IAT].kind ? dates[JF_IAT] - policy->leeway : -INFINITY;
    double old = claims[JF_IAT].kind ? dates[JF_IAT] + policy->max_age + policy->leeway : INFINITY;
    window->valid_from = nbf > iat ? nbf : iat;
    window->valid_until = exp < old ? exp : old;
    if (now >= window->valid_from && now < window->valid_until)
        return JF_GOOD;
    *culprit = now < iat || (now >= old && now < exp) ? JF_IAT : now < nbf ? JF_NBF : JF_EXP;
    return now < iat ? JF_ISSUED_IN_FUTURE : now < nbf ? JF_NOT_YET_VALID : now >= exp ? JF_EXPIRED : JF_TOO_OLD;
}

jf_verdict jf_claims_judge(const jf_claims_policy *policy, const jf_json_value *claims, const double dates[3],
                           double now, jf_time_window *window, size_t *culprit)
{
    jf_verdict verdict = JF_GOOD;
    for (size_t i = 0; i < policy->required_count; i++)
        if (claims[policy->required[i]].kind == JF_JSON_ABSENT) {
            *culprit = policy->required[i];
            return JF_CLAIM_MISSING;
        }
    for (size_t i = 0; i < policy->names.count; i++) {
        *culprit = i;
        verdict = judge_claim(policy, i, claims, i < 3 ? dates[i] : 0, culprit);
        if (verdict != JF_GOOD)
            return verdict;
        if (i == JF_IAT) { /* once the three dates are known to be sound, and before anything else is judged */
            verdict = judge_time(policy, claims, dates, now, window, culprit);
            if (verdict != JF_GOOD)
                return verdict;
        }
    }
    return JF_GOOD;
}

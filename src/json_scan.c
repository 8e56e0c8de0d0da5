#include "json_scan.h"

#include <string.h>

typedef struct {
    const uint8_t *at, *end;
    int settled, unusual;
    int escapes; /* a string with escapes has been passed */
    size_t count, open;
    jf_json_text member[JF_JSON_MAX_MEMBERS]; /* the names of all open objects, the innermost last */
} scan;

static jf_json_result scan_value(scan *s, jf_json_value *value, unsigned depth);

uint64_t jf_json_head(const uint8_t *text, size_t length)
{
    uint64_t head = 0;
    memcpy(&head, text, length < 8 ? length : 8);
    return head;
}

/* jf_json_head of a name in the text, where eight octets can always be read: no branch on the length. */
static inline uint64_t head_in_text(const uint8_t *text, size_t length)
{
    static const uint8_t MASK[16] = {255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0};
    uint64_t head, mask;
    memcpy(&head, text, 8);
    memcpy(&mask, MASK + 8 - (length < 8 ? length : 8), 8);
    return head & mask;
}

static inline int same(const jf_json_text *a, const jf_json_text *b)
{
    return a->head == b->head && a->length == b->length
        && (a->length <= 8 || !memcmp(a->text + 8, b->text + 8, a->length - 8));
}

static inline void skip_space(scan *s)
{
    while (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t')
        s->at++;
}

/* ---- strings ---- */

#define EVERY(octet) (UINT64_C(0x0101010101010101) * (octet))

/* Has the top bit set in (at least) the first octet that is a quote, a backslash, below 0x20, or not ASCII; octets
 * after it may be marked too, so this tells "none in these eight" and no more. */
static inline uint64_t marks(uint64_t word)
{
    uint64_t quote = word ^ EVERY('"'), backslash = word ^ EVERY('\\');
    return ((quote - EVERY(1)) | (backslash - EVERY(1)) | (word - EVERY(0x20)) | word) & EVERY(0x80);
}

static inline int is_plain(uint8_t c)
{
    return c >= 0x20 && c != '"' && c != '\\' && c < 0x80;
}

/* The number of octets of the UTF-8 sequence at `p` (RFC 3629 section 4), or 0 where there is none. Each continuation
 * is looked at only when the octet before it was right, so nothing past the zero after the text is read. */
static size_t utf8_sequence(const uint8_t *p)
{
    uint8_t a = p[0];
    if (a < 0xc2 || a > 0xf4)
        return 0;
    if (a < 0xe0)
        return (p[1] & 0xc0) == 0x80 ? 2 : 0;
    uint8_t low = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80;
    uint8_t high = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high || (p[2] & 0xc0) != 0x80)
        return 0;
    if (a < 0xf0)
        return 3;
    return (p[3] & 0xc0) == 0x80 ? 4 : 0;
}

/* The UTF-16 code unit of four hexadecimal digits, or -1. */
static int32_t code_unit(const uint8_t *p)
{
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = p[i], letter = c | 0x20;
        int digit = c >= '0' && c <= '9' ? c - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* The number of octets of the escape at `p`, or 0 where it is none. Surrogates come in pairs (RFC 8259 section 8.2
 * leaves lone ones to the implementation; they are no Unicode text, so they are refused). */
static size_t escape_sequence(const uint8_t *p)
{
    switch (p[1]) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
        return 2;
    case 'u':
        break;
    default:
        return 0;
    }
    int32_t unit = code_unit(p + 2);
    if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff))
        return 0;
    if (unit < 0xd800 || unit > 0xdbff)
        return 6;
    if (p[6] != '\\' || p[7] != 'u')
        return 0;
    int32_t low = code_unit(p + 8);
    return low >= 0xdc00 && low <= 0xdfff ? 12 : 0;
}

/* At the opening quote. */
static inline jf_json_result scan_string(scan *s, jf_json_value *value)
{
    const uint8_t *p = s->at + 1;
    value->kind = JF_JSON_STRING;
    value->text = p;
    value->escaped = 0;
    for (;;) {
        uint64_t word;
        /* Eight at a time; the zeros after the text stop this in time. */
        for (memcpy(&word, p, 8); !marks(word); memcpy(&word, p, 8))
            p += 8;
        while (is_plain(*p))
            p++;
        if (*p == '"')
            break;
        size_t step = *p == '\\' ? escape_sequence(p) : *p >= 0x80 ? utf8_sequence(p) : 0;
        if (!step)
            return JF_JSON_INVALID;
        value->escaped |= *p == '\\';
        p += step;
    }
    value->length = (size_t)(p - value->text);
    s->escapes |= value->escaped;
    s->at = p + 1;
    return JF_JSON_OK;
}

/* ---- numbers and literals ---- */

/* Whether an integer literal is outside [-2^63, 2^64), which is what fits an int64 or a uint64. */
static int too_big(const uint8_t *digits, size_t count, int negative)
{
    const char *limit = negative ? "9223372036854775808" : "18446744073709551615";
    size_t limit_count = negative ? 19 : 20;
    return count > limit_count || (count == limit_count && memcmp(digits, limit, count) > 0);
}

static inline const uint8_t *skip_digits(const uint8_t *p)
{
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

static jf_json_result scan_number(scan *s, jf_json_value *value)
{
    const uint8_t *start = s->at, *digits = start + (*start == '-'), *p = skip_digits(digits), *exponent = NULL;
    size_t count = (size_t)(p - digits);
    if (!count || (count > 1 && *digits == '0'))
        return JF_JSON_INVALID;
    value->kind = JF_JSON_INTEGER;
    if (*p == '.') {
        const uint8_t *fraction = p + 1;
        value->kind = JF_JSON_FRACTION;
        p = skip_digits(fraction);
        if (p == fraction)
            return JF_JSON_INVALID;
    }
    if (*p == 'e' || *p == 'E') {
        value->kind = JF_JSON_FRACTION;
        exponent = p + 1 + (p[1] == '+' || p[1] == '-');
        p = skip_digits(exponent);
        if (p == exponent)
            return JF_JSON_INVALID;
    }
    if (value->kind == JF_JSON_INTEGER && too_big(digits, count, digits != start))
        return JF_JSON_TOO_BIG;
    /* Beyond this it may be no finite double; a full parser knows. */
    if (value->kind == JF_JSON_FRACTION && (count > 200 || (exponent && p - exponent > 2)))
        s->unusual = 1;
    value->text = start;
    value->length = (size_t)(p - start);
    value->escaped = 0;
    s->at = p;
    return JF_JSON_OK;
}

static inline jf_json_result scan_literal(scan *s, jf_json_value *value, const char *word, size_t length,
                                          jf_json_kind kind)
{
    if (memcmp(s->at, word, length)) /* the padding covers the read */
        return JF_JSON_INVALID;
    value->kind = kind;
    value->text = s->at;
    value->length = length;
    value->escaped = 0;
    s->at += length;
    return JF_JSON_OK;
}

/* ---- objects and arrays ---- */

/* Takes a name into the open object whose names begin at `base`; `seen` is a 64-bit filter over them. */
static inline jf_json_result note_member(scan *s, const jf_json_text *name, int escaped, size_t base, uint64_t *seen)
{
    s->count++;
    if (s->settled)
        return JF_JSON_OK;
    if (escaped || s->open == JF_JSON_MAX_MEMBERS) {
        s->unusual = 1;
        return JF_JSON_OK;
    }
    uint64_t bit = UINT64_C(1) << ((name->head + name->length) * UINT64_C(0x9e3779b97f4a7c15) >> 58);
    if (*seen & bit)
        for (size_t i = base; i < s->open; i++)
            if (same(&s->member[i], name))
                return JF_JSON_DUPLICATE;
    *seen |= bit;
    s->member[s->open++] = *name;
    return JF_JSON_OK;
}

/* From a member's opening quote to the first character of its value. */
static inline jf_json_result scan_name(scan *s, jf_json_text *name, size_t base, uint64_t *seen)
{
    jf_json_value string;
    if (*s->at != '"')
        return JF_JSON_INVALID;
    jf_json_result result = scan_string(s, &string);
    if (result != JF_JSON_OK)
        return result;
    name->text = string.text;
    name->length = string.length;
    name->head = head_in_text(string.text, string.length);
    result = note_member(s, name, string.escaped, base, seen);
    if (result != JF_JSON_OK)
        return result;
    skip_space(s);
    if (*s->at != ':')
        return JF_JSON_INVALID;
    s->at++;
    skip_space(s);
    return JF_JSON_OK;
}

/* After a member or an element: 1 when another follows, 0 at `close`, -1 when it is neither. */
static inline int another(scan *s, uint8_t close)
{
    skip_space(s);
    uint8_t c = *s->at;
    if (c != ',' && c != close)
        return -1;
    s->at++;
    skip_space(s);
    return c == ',';
}

/* At the opening brace. Gives the values of the members that are in `names`. */
static jf_json_result scan_object(scan *s, const jf_json_text *names, size_t count, jf_json_value *found,
                                  unsigned depth)
{
    size_t base = s->open;
    uint64_t seen = 0;
    int more = 1;
    s->at++;
    skip_space(s);
    if (*s->at == '}') {
        s->at++;
        return JF_JSON_OK;
    }
    while (more > 0) {
        jf_json_text name;
        jf_json_value other, *value = &other;
        jf_json_result result = scan_name(s, &name, base, &seen);
        if (result != JF_JSON_OK)
            return result;
        for (size_t i = 0; i < count; i++)
            if (same(&names[i], &name))
                value = &found[i];
        result = scan_value(s, value, depth);
        if (result != JF_JSON_OK)
            return result;
        more = another(s, '}');
    }
    s->open = base;
    return more < 0 ? JF_JSON_INVALID : JF_JSON_OK;
}

/* At the opening bracket. */
static jf_json_result scan_array(scan *s, unsigned depth)
{
    jf_json_value element;
    int more = 1;
    s->at++;
    skip_space(s);
    if (*s->at == ']') {
        s->at++;
        return JF_JSON_OK;
    }
    while (more > 0) {
        jf_json_result result = scan_value(s, &element, depth);
        if (result != JF_JSON_OK)
            return result;
        more = another(s, ']');
    }
    return more < 0 ? JF_JSON_INVALID : JF_JSON_OK;
}

static jf_json_result scan_container(scan *s, jf_json_value *value, unsigned depth)
{
    const uint8_t *start = s->at;
    int escapes_before = s->escapes;
    jf_json_result result;
    if (depth == JF_JSON_MAX_DEPTH)
        return JF_JSON_TOO_DEEP;
    value->kind = *start == '[' ? JF_JSON_ARRAY : JF_JSON_OBJECT;
    s->escapes = 0;
    result = *start == '[' ? scan_array(s, depth + 1) : scan_object(s, NULL, 0, NULL, depth + 1);
    value->text = start;
    value->length = (size_t)(s->at - start);
    value->escaped = s->escapes;
    s->escapes |= escapes_before;
    return result;
}

/* At the first character of a value; `depth` containers are open round it. */
static jf_json_result scan_value(scan *s, jf_json_value *value, unsigned depth)
{
    switch (*s->at) {
    case '"':
        return scan_string(s, value);
    case '{': case '[':
        return scan_container(s, value, depth);
    case 't':
        return scan_literal(s, value, "true", 4, JF_JSON_BOOL);
    case 'f':
        return scan_literal(s, value, "false", 5, JF_JSON_BOOL);
    case 'n':
        return scan_literal(s, value, "null", 4, JF_JSON_NULL);
    default:
        return scan_number(s, value);
    }
}

jf_json_result jf_json_scan(const uint8_t *text, size_t length, int flags, const jf_json_text *names, size_t count,
                            jf_json_value *found, size_t *members)
{
    scan s; /* not cleared as a whole: its array of names is large */
    s.at = text;
    s.end = text + length;
    s.settled = flags & JF_JSON_SETTLED;
    s.unusual = s.escapes = 0;
    s.count = s.open = 0;
    for (size_t i = 0; i < count; i++)
        found[i].kind = JF_JSON_ABSENT;

    skip_space(&s);
    if (*s.at != '{')
        return JF_JSON_INVALID;
    jf_json_result result = scan_object(&s, names, count, found, 1);
    if (result != JF_JSON_OK)
        return result;
    skip_space(&s);
    *members = s.count;
    return s.at != s.end ? JF_JSON_INVALID : s.unusual ? JF_JSON_UNUSUAL : JF_JSON_OK;
}

void jf_json_next(const jf_json_value *array, const uint8_t **cursor, jf_json_value *element)
{
    scan s;
    s.at = *cursor ? *cursor : array->text + 1;
    s.end = array->text + array->length;
    s.escapes = s.unusual = 0;
    element->kind = JF_JSON_ABSENT;
    skip_space(&s);
    if (*s.at == ']')
        return;
    if (*s.at == '[' || *s.at == '{') {
        element->kind = *s.at == '[' ? JF_JSON_ARRAY : JF_JSON_OBJECT;
        return;
    }
    (void)scan_value(&s, element, 0); /* the text was scanned before, so it can't fail */
    skip_space(&s);
    s.at += *s.at == ',';
    *cursor = s.at;
}

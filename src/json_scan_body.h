/* The scanner, to be compiled once for each kernel of it. Before it is included:
 *
 *   JF_JSON_TARGET          the attribute of functions that are for the kernel's instruction set
 *   plain_end(p)            the first octet from `p` on that is a quote, a backslash, below 0x20, or not ASCII
 *   digits_end(p)           the first octet from `p` on that is no digit
 *   plain_end_near(p, g),
 *   digits_end_near(p, g)   the same, where *g may be of use: see jf_json_guesses
 *
 * All are given text with JF_JSON_PADDING zeros behind it. */
#ifndef JF_JSON_SCAN_BODY_H
#define JF_JSON_SCAN_BODY_H

#include "json_scan.h"

typedef struct {
    jf_json_result result; /* why the scan ended early */
    int settled, unusual;
    int escapes; /* a string with escapes has been passed */
    uint8_t guessed, named; /* the next guesses: of a length; and of a name, for the top-level object */
    jf_json_guesses *guesses;
    size_t count, open;
    /* The names of all open objects, the innermost last, but for those that are looked for. */
    jf_json_text member[JF_JSON_MAX_MEMBERS];
} scan;

/* Each of the functions below gets the place of the first character that is its business, and gives the place after its
 * last one; or NULL, and s->result says why, which is JF_JSON_INVALID unless another reason was set. */

static const uint8_t *scan_value(scan *s, const uint8_t *p, jf_json_value *value, unsigned depth);

static inline const uint8_t *refuse(scan *s, jf_json_result why)
{
    s->result = why;
    return NULL;
}

static inline int same(const jf_json_text *a, const jf_json_text *b)
{
    return a->head == b->head && a->length == b->length
        && (a->length <= 8 || !memcmp(a->text + 8, b->text + 8, a->length - 8));
}

static inline const uint8_t *after_space(const uint8_t *p)
{
    while (*p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* From where `sign` is due, spaces round it or not, to what comes after it; NULL, if it isn't there. */
static inline const uint8_t *after_sign(const uint8_t *p, uint8_t sign)
{
    if (*p != sign && *(p = after_space(p)) != sign)
        return NULL;
    return after_space(p + 1);
}

static inline uint8_t *next_guess(scan *s)
{
    return &s->guesses->length[s->guessed++];
}

/* ---- strings ---- */

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

/* From its opening quote on. */
static inline JF_JSON_TARGET const uint8_t *scan_string(scan *s, const uint8_t *p, jf_json_value *value)
{
    value->kind = JF_JSON_STRING;
    value->text = ++p;
    value->escaped = 0;
    value->ascii = 1;
    for (p = plain_end_near(p, next_guess(s)); *p != '"'; p = plain_end(p)) {
        size_t step;
        if (*p == '\\') {
            step = escape_sequence(p);
            value->escaped = s->escapes = 1;
        } else {
            step = utf8_sequence(p);
            value->ascii = 0;
        }
        if (!step)
            return NULL;
        p += step;
    }
    value->length = (size_t)(p - value->text);
    return p + 1;
}

/* ---- numbers and literals ---- */

/* Whether an integer literal is outside [-2^63, 2^64), which is what fits an int64 or a uint64. */
static int too_big(const uint8_t *digits, size_t count, int negative)
{
    const char *limit = negative ? "9223372036854775808" : "18446744073709551615";
    size_t limit_count = negative ? 19 : 20;
    return count > limit_count || (count == limit_count && memcmp(digits, limit, count) > 0);
}

static inline JF_JSON_TARGET const uint8_t *scan_number(scan *s, const uint8_t *start, jf_json_value *value)
{
    const uint8_t *digits = start + (*start == '-'), *p = digits_end_near(digits, next_guess(s)), *exponent = NULL;
    size_t count = (size_t)(p - digits);
    if (!count || (count > 1 && *digits == '0'))
        return NULL;
    value->kind = JF_JSON_INTEGER;
    if (*p == '.') {
        const uint8_t *fraction = p + 1;
        value->kind = JF_JSON_FRACTION;
        p = digits_end(fraction);
        if (p == fraction)
            return NULL;
    }
    if (*p == 'e' || *p == 'E') {
        value->kind = JF_JSON_FRACTION;
        exponent = p + 1 + (p[1] == '+' || p[1] == '-');
        p = digits_end(exponent);
        if (p == exponent)
            return NULL;
    }
    if (value->kind == JF_JSON_INTEGER && count > 18 && too_big(digits, count, digits != start))
        return refuse(s, JF_JSON_TOO_BIG);
    /* Beyond this it may be no finite double; a full parser knows. */
    if (value->kind == JF_JSON_FRACTION && (count > 200 || (exponent && p - exponent > 2)))
        s->unusual = 1;
    value->text = start;
    value->length = (size_t)(p - start);
    value->escaped = 0;
    return p;
}

static inline const uint8_t *scan_literal(const uint8_t *p, jf_json_value *value, const char *word, size_t length,
                                          jf_json_kind kind)
{
    if (memcmp(p, word, length)) /* the padding covers the read */
        return NULL;
    value->kind = kind;
    value->text = p;
    value->length = length;
    value->escaped = 0;
    return p + length;
}

/* ---- objects and arrays ---- */

/* Takes a name into the open object whose names begin at `base`; `seen` is a filter over their hashes. Gives whether it
 * is the first of that name. */
static inline int note_member(scan *s, const jf_json_text *name, int escaped, size_t base, uint64_t *seen)
{
    uint64_t bit = UINT64_C(1) << jf_json_name_hash(name);
    if (s->settled)
        return 1;
    if (escaped || s->open == JF_JSON_MAX_MEMBERS) {
        s->unusual = 1;
        return 1;
    }
    if (*seen & bit)
        for (size_t i = base; i < s->open; i++)
            if (same(&s->member[i], name))
                return 0;
    *seen |= bit;
    s->member[s->open++] = *name;
    return 1;
}

/* The name whose opening quote is at `p`, if it is the one of `names` that is expected there: its place among them,
 * counted from 1. Otherwise 0. */
static inline unsigned expected_name(const scan *s, const uint8_t *p, const jf_json_names *names)
{
    unsigned place = jf_json_guess(&s->guesses->name[s->named]);
    const jf_json_text *name;
    if (!place || place > names->count)
        return 0;
    name = &names->text[place - 1];
    if (name->length > JF_JSON_PADDING - 8) /* comparing it could lead past the padding */
        return 0;
    if (*p != '"' || jf_json_head_in_text(p + 1, name->length) != name->head)
        return 0;
    if (name->length > 8 && memcmp(p + 9, name->text + 8, name->length - 8))
        return 0;
    return p[1 + name->length] == '"' ? place : 0;
}

/* The place of a name among `names`, where it will be expected the next time. */
static inline unsigned find_name(scan *s, const jf_json_text *name, const jf_json_names *names)
{
    unsigned place = names->first[jf_json_name_hash(name)];
    while (place && !same(&names->text[place - 1], name))
        place = names->next[place - 1];
    jf_json_learn(&s->guesses->name[s->named], place);
    return place;
}

/* From a member's opening quote to its value, which goes to *value: one of `found`, if the name is one of `names`. */
static inline JF_JSON_TARGET const uint8_t *scan_name(scan *s, const uint8_t *p, const jf_json_names *names,
                                                      jf_json_value *found, jf_json_value **value, size_t base,
                                                      uint64_t *seen)
{
    jf_json_value string;
    jf_json_text name;
    unsigned place = names ? expected_name(s, p, names) : 0;
    if (place) {
        p += names->text[place - 1].length + 2;
        s->guessed++; /* as scan_string does, so that all others keep their guesses */
    } else {
        if (*p != '"' || !(p = scan_string(s, p, &string)))
            return NULL;
        name.text = string.text;
        name.length = string.length;
        name.head = jf_json_head_in_text(string.text, string.length);
        place = names ? find_name(s, &name, names) : 0;
    }
    s->named += names != NULL;
    s->count++;
    if (place)
        *value = &found[place - 1];
    /* What has been found tells by itself whether there was one of its name before, spelled as it is in `names`. */
    if (place ? (*value)->kind != JF_JSON_ABSENT : !note_member(s, &name, string.escaped, base, seen))
        return refuse(s, JF_JSON_DUPLICATE);
    return after_sign(p, ':');
}

/* From the opening brace on. Gives the values of the members that are in `names`, if there are any. */
static inline JF_JSON_TARGET const uint8_t *scan_object(scan *s, const uint8_t *p, const jf_json_names *names,
                                                        jf_json_value *found, unsigned depth)
{
    size_t base = s->open;
    uint64_t seen = 0;
    p = after_space(p + 1);
    if (*p == '}')
        return p + 1;
    for (;;) {
        jf_json_value other, *value = &other;
        if (!(p = scan_name(s, p, names, found, &value, base, &seen)))
            return NULL;
        p = *p == '"' ? scan_string(s, p, value) : scan_value(s, p, value, depth);
        if (!p)
            return NULL;
        if (*p != ',' && *(p = after_space(p)) == '}')
            break;
        if (!(p = after_sign(p, ',')))
            return NULL;
    }
    s->open = base;
    return p + 1;
}

/* From the opening bracket on. */
static inline JF_JSON_TARGET const uint8_t *scan_array(scan *s, const uint8_t *p, unsigned depth)
{
    jf_json_value element;
    p = after_space(p + 1);
    if (*p == ']')
        return p + 1;
    for (;;) {
        p = *p == '"' ? scan_string(s, p, &element) : scan_value(s, p, &element, depth);
        if (!p)
            return NULL;
        if (*p != ',' && *(p = after_space(p)) == ']')
            return p + 1;
        if (!(p = after_sign(p, ',')))
            return NULL;
    }
}

static JF_JSON_TARGET const uint8_t *scan_container(scan *s, const uint8_t *start, jf_json_value *value, unsigned depth)
{
    int escapes_before = s->escapes;
    const uint8_t *p;
    if (depth == JF_JSON_MAX_DEPTH)
        return refuse(s, JF_JSON_TOO_DEEP);
    value->kind = *start == '[' ? JF_JSON_ARRAY : JF_JSON_OBJECT;
    s->escapes = 0;
    p = *start == '[' ? scan_array(s, start, depth + 1) : scan_object(s, start, NULL, NULL, depth + 1);
    value->text = start;
    value->length = p ? (size_t)(p - start) : 0;
    value->escaped = s->escapes;
    s->escapes |= escapes_before;
    return p;
}

/* `depth` containers are open round it. */
static JF_JSON_TARGET const uint8_t *scan_value(scan *s, const uint8_t *p, jf_json_value *value, unsigned depth)
{
    switch (*p) {
    case '"':
        return scan_string(s, p, value);
    case '{': case '[':
        return scan_container(s, p, value, depth);
    case 't':
        return scan_literal(p, value, "true", 4, JF_JSON_BOOL);
    case 'f':
        return scan_literal(p, value, "false", 5, JF_JSON_BOOL);
    case 'n':
        return scan_literal(p, value, "null", 4, JF_JSON_NULL);
    default:
        return scan_number(s, p, value);
    }
}

static inline JF_JSON_TARGET jf_json_result scan_text(const uint8_t *text, size_t length, int flags,
                                                      const jf_json_names *names, jf_json_guesses *guesses,
                                                      jf_json_value *found, size_t *members)
{
    scan s; /* not cleared as a whole: its array of names is large */
    s.result = JF_JSON_INVALID;
    s.settled = flags & JF_JSON_SETTLED;
    s.unusual = s.escapes = 0;
    s.count = s.open = 0;
    s.guessed = s.named = 0;
    s.guesses = guesses;
    for (size_t i = 0; names && i < names->count; i++) {
        found[i].kind = JF_JSON_ABSENT;
        found[i].escaped = 0;
    }

    const uint8_t *p = after_space(text);
    if (*p != '{')
        return JF_JSON_INVALID;
    p = scan_object(&s, p, names, found, 1);
    if (!p)
        return s.result;
    *members = s.count;
    return after_space(p) != text + length ? JF_JSON_INVALID : s.unusual ? JF_JSON_UNUSUAL : JF_JSON_OK;
}

/* ---- reading what was scanned ---- */

static inline JF_JSON_TARGET const uint8_t *read_string(const uint8_t *p, jf_json_value *value)
{
    value->kind = JF_JSON_STRING;
    value->text = ++p;
    value->escaped = 0;
    value->ascii = 1;
    for (p = plain_end(p); *p != '"'; p = plain_end(p)) {
        value->escaped |= *p == '\\';
        value->ascii &= *p == '\\';
        p += *p == '\\' ? 2 : 1; /* what comes after \u, and each octet of a sequence, is passed by on its own */
    }
    value->length = (size_t)(p - value->text);
    return p + 1;
}

static inline JF_JSON_TARGET const uint8_t *read_number(const uint8_t *p, jf_json_value *value)
{
    value->kind = JF_JSON_INTEGER;
    value->text = p;
    p = digits_end(p + (*p == '-'));
    while (*p == '.' || *p == 'e' || *p == 'E') {
        value->kind = JF_JSON_FRACTION;
        p = digits_end(p + 1 + (p[1] == '+' || p[1] == '-'));
    }
    value->length = (size_t)(p - value->text);
    return p;
}

static inline const uint8_t *read_word(const uint8_t *p, jf_json_value *value, jf_json_kind kind, size_t length)
{
    value->kind = kind;
    value->text = p;
    value->length = length;
    return p + length;
}

static inline JF_JSON_TARGET const uint8_t *read_text(const uint8_t *p, jf_json_value *value)
{
    switch (*p) {
    case '"':
        p = read_string(p, value);
        break;
    case '{': case '[':
        value->kind = *p++ == '{' ? JF_JSON_OBJECT : JF_JSON_ARRAY;
        break;
    case '}': case ']':
        value->kind = JF_JSON_END;
        p++;
        break;
    case 't':
        p = read_word(p, value, JF_JSON_BOOL, 4);
        break;
    case 'f':
        p = read_word(p, value, JF_JSON_BOOL, 5);
        break;
    case 'n':
        p = read_word(p, value, JF_JSON_NULL, 4);
        break;
    default:
        p = read_number(p, value);
    }
    p = after_space(p);
    return *p == ',' || *p == ':' ? after_space(p + 1) : p;
}

#endif

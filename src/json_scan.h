/* A strict scan of JSON text (RFC 8259) that builds no objects: it validates the whole text, finds members of the
 * top-level object by name, and refuses duplicate member names at every level.
 *
 * It decides alone what is not JSON. What it can't decide exactly without a full parser (a member name with escapes,
 * more open members than it tracks) it reports as unusual: the caller has a full parser rewrite the text canonically,
 * compares the number of members, and scans again with JF_JSON_SETTLED. */
#ifndef JF_JSON_SCAN_H
#define JF_JSON_SCAN_H

#include <stddef.h>
#include <stdint.h>

/* Containers inside one another, the top-level object included. */
#define JF_JSON_MAX_DEPTH 64

/* Member names that are tracked at one time, over all open objects. */
#define JF_JSON_MAX_MEMBERS 128

/* The text must be followed by this many zero octets: no JSON text holds a zero, so one ends every loop, and words can
 * be read whole. */
#define JF_JSON_PADDING 8

typedef enum {
    JF_JSON_OK,
    JF_JSON_UNUSUAL,   /* valid as far as could be seen; the caller settles it */
    JF_JSON_INVALID,   /* not JSON, not UTF-8, or not an object */
    JF_JSON_DUPLICATE, /* an object has two members of one name */
    JF_JSON_TOO_DEEP,
    JF_JSON_TOO_BIG    /* an integer outside [-2^63, 2^64) */
} jf_json_result;

typedef enum {
    JF_JSON_ABSENT,
    JF_JSON_NULL,
    JF_JSON_BOOL,
    JF_JSON_INTEGER,
    JF_JSON_FRACTION, /* a number with a fraction or an exponent */
    JF_JSON_STRING,
    JF_JSON_ARRAY,
    JF_JSON_OBJECT
} jf_json_kind;

/* A value: where it stands in the text (a string without its quotes), and what it is. */
typedef struct {
    const uint8_t *text;
    size_t length;
    jf_json_kind kind;
    int escaped; /* a string in it has escapes, so that its text is not its value */
} jf_json_value;

/* A member name, or a string to compare with: UTF-8, spelled as in canonical JSON text. */
typedef struct {
    const uint8_t *text;
    size_t length;
    uint64_t head; /* jf_json_head of the text */
} jf_json_text;

/* The first eight octets (fewer: zeros follow) as one word, for quick comparing. Reads no further than `length`. */
uint64_t jf_json_head(const uint8_t *text, size_t length);

enum { JF_JSON_SETTLED = 1 }; /* names are unique and canonical, as a full parser has found */

/* Scans `length` octets at `text`. found[i] becomes the value of the top-level member names[i], or JF_JSON_ABSENT;
 * `members` the number of members of all objects together. */
jf_json_result jf_json_scan(const uint8_t *text, size_t length, int flags, const jf_json_text *names, size_t count,
                            jf_json_value *found, size_t *members);

/* Steps through an array that was scanned: gives the next element that is a string, or of another kind.
 * `*cursor` starts at NULL; at the end the value's kind is JF_JSON_ABSENT. A container among the elements ends the
 * walk: its kind is given and its text is not stepped over. */
void jf_json_next(const jf_json_value *array, const uint8_t **cursor, jf_json_value *element);

#endif

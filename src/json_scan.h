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
#include <string.h>

/* Containers inside one another, the top-level object included. */
#define JF_JSON_MAX_DEPTH 64

/* Member names that are tracked at one time, over all open objects; those that are looked for come on top. */
#define JF_JSON_MAX_MEMBERS 128

/* Names that one scan can look for. */
#define JF_JSON_MAX_NAMES 32

/* The text must be followed by this many zero octets: no JSON text holds a zero, so one ends every loop, and a kernel
 * can read whole registers. */
#define JF_JSON_PADDING 32

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
    JF_JSON_OBJECT,
    JF_JSON_END       /* of an array or an object */
} jf_json_kind;

/* A value: where it stands in the text (a string without its quotes), and what it is. */
typedef struct {
    const uint8_t *text;
    size_t length;
    jf_json_kind kind;
    int escaped; /* a string in it has escapes, so that its text is not its value */
    int ascii;   /* of a string: its text is ASCII */
} jf_json_value;

/* A member name, or a string to compare with: UTF-8, spelled as in canonical JSON text. */
typedef struct {
    const uint8_t *text;
    size_t length;
    uint64_t head; /* jf_json_head of the text */
} jf_json_text;

/* The first eight octets (fewer: zeros follow) as one word, for quick comparing. Reads no further than `length`. */
uint64_t jf_json_head(const uint8_t *text, size_t length);

/* The same of a string in a text that is scanned, where eight octets can always be read: no branch on the length. */
static inline uint64_t jf_json_head_in_text(const uint8_t *text, size_t length)
{
    static const uint8_t MASK[16] = {255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0};
    uint64_t head, mask;
    memcpy(&head, text, 8);
    memcpy(&mask, MASK + 8 - (length < 8 ? length : 8), 8);
    return head & mask;
}

/* What a run of decimal digits says, modulo 2^64. */
static inline uint64_t jf_json_digits(const uint8_t *digits, size_t count)
{
    uint64_t number = 0;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    /* Eight at a time: neighbours are joined to numbers of two digits, those to numbers of four, and those to one. */
    for (; count >= 8; count -= 8, digits += 8) {
        uint64_t word;
        memcpy(&word, digits, 8);
        word -= UINT64_C(0x3030303030303030);
        word = (word * 10 + (word >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
        word = (word * 100 + (word >> 16)) & UINT64_C(0x0000ffff0000ffff);
        word = (word * 10000 + (word >> 32)) & UINT64_C(0xffffffff);
        number = number * 100000000 + word;
    }
#endif
    for (; count; count--)
        number = number * 10 + (uint64_t)(*digits++ - '0');
    return number;
}

/* One of 64. */
static inline unsigned jf_json_name_hash(const jf_json_text *name)
{
    return (unsigned)((name->head + name->length) * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

/* Names to look for, found by a hash of theirs: a member that is none of them costs no compare. */
typedef struct {
    const jf_json_text *text;
    size_t count;
    uint8_t first[64];                /* for each hash the first name that has it, counted from 1; 0: none has */
    uint8_t next[JF_JSON_MAX_NAMES];  /* for each name the next one of its hash */
} jf_json_names;

/* `text` holds at most JF_JSON_MAX_NAMES names, all different, and must outlive `names`. */
void jf_json_names_init(jf_json_names *names, const jf_json_text *text, size_t count);

/* What the text before was like: how long its strings and numbers were, in their order (less a multiple of a kernel's
 * register), and which of the names that were looked for its members had, each counted from 1; 0 for another name.
 *
 * Tokens of one issuer look much alike. Where a string ends is known only at the end of a chain of instructions that each
 * wait for the one before; that it ends where the one before did is one compare, which the CPU need not wait for. And a
 * name that is the expected one needs no hash. The guesses decide nothing but time. Threads may share them; the first
 * ones are all zero. */
enum { JF_JSON_GUESSES = 256 };

typedef struct {
    uint8_t length[JF_JSON_GUESSES];
    uint8_t name[JF_JSON_GUESSES];
} jf_json_guesses;

static inline unsigned jf_json_guess(const uint8_t *guess)
{
#if defined(__GNUC__)
    return __atomic_load_n(guess, __ATOMIC_RELAXED);
#else
    return *(const volatile uint8_t *)guess;
#endif
}

/* Written only where it changes: threads that share it would have to hand its cache line over each time. */
static inline void jf_json_learn(uint8_t *guess, unsigned what)
{
    if (jf_json_guess(guess) == what)
        return;
#if defined(__GNUC__)
    __atomic_store_n(guess, (uint8_t)what, __ATOMIC_RELAXED);
#else
    *(volatile uint8_t *)guess = (uint8_t)what;
#endif
}

enum { JF_JSON_SETTLED = 1 }; /* names are unique and canonical, as a full parser has found */

/* Scans `length` octets at `text`. found[i] becomes the value of the top-level member names->text[i], or
 * JF_JSON_ABSENT; `members` the number of members of all objects together. `names` may be NULL. */
typedef jf_json_result (*jf_json_scanner)(const uint8_t *text, size_t length, int flags, const jf_json_names *names,
                                          jf_json_guesses *guesses, jf_json_value *found, size_t *members);

/* Reads on in a text that was scanned and found good: `at` is the first character of a member's name, of a value, or
 * the bracket that ends a container. Gives where the next one of these begins: in a container, where it is its first
 * one. A container's or a bracket's `text` and `length` are not set. */
typedef const uint8_t *(*jf_json_reader)(const uint8_t *at, jf_json_value *value);

/* All kernels give the same results for all texts. */
jf_json_result jf_json_scan_portable(const uint8_t *text, size_t length, int flags, const jf_json_names *names,
                                     jf_json_guesses *guesses, jf_json_value *found, size_t *members);
const uint8_t *jf_json_read_portable(const uint8_t *at, jf_json_value *value);
#if defined(__x86_64__) && defined(__GNUC__)
jf_json_result jf_json_scan_avx2(const uint8_t *text, size_t length, int flags, const jf_json_names *names,
                                 jf_json_guesses *guesses, jf_json_value *found, size_t *members);
const uint8_t *jf_json_read_avx2(const uint8_t *at, jf_json_value *value);
#endif

#endif

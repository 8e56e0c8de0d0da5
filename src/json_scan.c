#include "json_scan.h"

/* ---- the portable kernel ---- */

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

static inline const uint8_t *plain_end(const uint8_t *p)
{
    uint64_t word;
    /* Eight at a time; the zeros after the text stop this in time. */
    for (memcpy(&word, p, 8); !marks(word); memcpy(&word, p, 8))
        p += 8;
    while (is_plain(*p))
        p++;
    return p;
}

static inline const uint8_t *digits_end(const uint8_t *p)
{
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

/* Here the CPU guesses by itself, in the loops' branches. */
#define plain_end_near(p, guess) ((void)(guess), plain_end(p))
#define digits_end_near(p, guess) ((void)(guess), digits_end(p))
#define JF_JSON_TARGET
#include "json_scan_body.h"

jf_json_result jf_json_scan_portable(const uint8_t *text, size_t length, int flags, const jf_json_names *names,
                                     jf_json_guesses *guesses, jf_json_value *found, size_t *members)
{
    return scan_text(text, length, flags, names, guesses, found, members);
}

const uint8_t *jf_json_read_portable(const uint8_t *at, jf_json_value *value)
{
    return read_text(at, value);
}

/* ---- names ---- */

uint64_t jf_json_head(const uint8_t *text, size_t length)
{
    uint64_t head = 0;
    memcpy(&head, text, length < 8 ? length : 8);
    return head;
}

void jf_json_names_init(jf_json_names *names, const jf_json_text *text, size_t count)
{
    memset(names, 0, sizeof *names);
    names->text = text;
    names->count = count;
    for (size_t i = 0; i < count; i++) {
        uint8_t *first = &names->first[jf_json_name_hash(&text[i])];
        names->next[i] = *first;
        *first = (uint8_t)(i + 1);
    }
}

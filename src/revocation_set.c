#include "revocation_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "siphash.h"

#define LEAST_SLOTS 16

/* ---- fingerprints ---- */

/* One word says what follows, how long it is, and whether it is there at all. */
static inline void take(jf_siphash *state, int kind, const jf_identifier *identifier)
{
    jf_siphash_word(state, (uint64_t)kind << 56 | (identifier->text ? (uint64_t)identifier->length + 1 : 0));
    if (identifier->text)
        jf_siphash_octets(state, identifier->text, identifier->length);
}

static inline jf_fingerprint finish(jf_siphash state, jf_revocation_kind kind, const jf_identifier *value)
{
    jf_fingerprint fingerprint;
    take(&state, kind, value);
    jf_siphash_digest(&state, fingerprint.half);
    fingerprint.half[1] |= 1;
    return fingerprint;
}

jf_fingerprint jf_fingerprint_of(const uint64_t key[2], const jf_identifier *issuer, jf_revocation_kind kind,
                                 const jf_identifier *value)
{
    jf_siphash state;
    jf_siphash_init(&state, key);
    take(&state, JF_REVOCATION_KINDS, issuer);
    return finish(state, kind, value);
}

void jf_revocable_claims(jf_revocable *token, const uint64_t key[2], const jf_identifier *issuer,
                         const jf_identifier values[3])
{
    jf_siphash state;
    jf_siphash_init(&state, key);
    take(&state, JF_REVOCATION_KINDS, issuer);
    for (int kind = JF_BY_TOKEN_ID; kind <= JF_BY_SESSION; kind++)
        token->by[kind] = values[kind].text ? finish(state, (jf_revocation_kind)kind, &values[kind])
                                            : (jf_fingerprint){{0, 0}};
}

/* ---- the table ---- */

static inline uint8_t tag_of(const jf_fingerprint *of)
{
    return (uint8_t)(of->half[1] >> 57) | 0x80;
}

static inline int same(const jf_fingerprint *a, const jf_fingerprint *b)
{
    return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

/* The slot of a fingerprint, or the empty one where it would go. */
static inline size_t slot_of(const jf_revocation_set *set, const jf_fingerprint *of)
{
    size_t slot = (size_t)of->half[0] & set->mask;
    for (; set->tags[slot]; slot = (slot + 1) & set->mask)
        if (set->tags[slot] == tag_of(of) && same(&set->slots[slot].of, of))
            break;
    return slot;
}

static void put(jf_revocation_set *set, const jf_revocation *entry)
{
    size_t slot = slot_of(set, &entry->of);
    set->slots[slot] = *entry;
    set->tags[slot] = tag_of(&entry->of);
    set->entries++;
    if (entry->until < set->first_until)
        set->first_until = entry->until;
}

/* Makes the table anew, for one entry more than there are, without those that have ended. Gives 0 and changes nothing
 * where there is no memory for it. */
static int sweep(jf_revocation_set *set, double now)
{
    jf_revocation_set swept = {0};
    size_t taken = set->slots ? set->mask + 1 : 0, live = 0, slots = LEAST_SLOTS;
    for (size_t i = 0; i < taken; i++)
        live += set->tags[i] && now < set->slots[i].until;
    while (slots < 2 * (live + 1)) /* then half as many again have room before the next sweep */
        slots *= 2;
    swept.max_entries = set->max_entries;
    swept.first_until = INFINITY;
    swept.mask = slots - 1;
    swept.slots = malloc(slots * sizeof *swept.slots);
    swept.tags = calloc(slots, 1);
    if (!swept.slots || !swept.tags) {
        jf_revocation_set_free(&swept);
        return 0;
    }
    for (size_t i = 0; i < taken; i++)
        if (set->tags[i] && now < set->slots[i].until)
            put(&swept, &set->slots[i]);
    jf_revocation_set_free(set);
    *set = swept;
    return 1;
}

/* Only ever to a longer time and more tokens: what was revoked stays so. One that has ended counts no more. */
static jf_revocation_result widen(jf_revocation *known, const jf_revocation *entry, double now)
{
    if (known->until <= now)
        known->issued_before = -INFINITY;
    if (entry->issued_before <= known->issued_before && entry->until <= known->until)
        return JF_REVOCATION_KNOWN;
    if (entry->issued_before > known->issued_before)
        known->issued_before = entry->issued_before;
    if (entry->until > known->until)
        known->until = entry->until;
    return JF_REVOCATION_ADDED;
}

jf_revocation_result jf_revocation_set_add(jf_revocation_set *set, const jf_revocation *entry, double now)
{
    if (entry->until <= now)
        return JF_REVOCATION_KNOWN; /* nothing is to be kept */
    if (set->slots) {
        size_t slot = slot_of(set, &entry->of);
        if (set->tags[slot])
            return widen(&set->slots[slot], entry, now);
    }
    /* A sweep looks at all entries. It is paid for by as many that were added since the last, or by their number's
     * having reached a limit while some have ended. */
    int some_ended = set->entries && now >= set->first_until;
    if (!set->slots || 4 * (set->entries + 1) > 3 * (set->mask + 1)
        || (some_ended && (set->added >= set->entries / 2 || set->entries >= set->max_entries))) {
        if (set->entries >= set->max_entries && !some_ended)
            return JF_REVOCATION_FULL;
        if (!sweep(set, now))
            return JF_REVOCATION_NO_MEMORY;
    }
    if (set->entries >= set->max_entries)
        return JF_REVOCATION_FULL;
    put(set, entry);
    set->added++;
    return JF_REVOCATION_ADDED;
}

int jf_revocation_set_holds(const jf_revocation_set *set, const jf_revocable *token, double now)
{
    if (!set->entries)
        return 0;
#if defined(__GNUC__)
    /* A large table is not in the CPU's caches: all that is needed of it is fetched at one time. */
    for (int kind = 0; kind < JF_REVOCATION_KINDS; kind++)
        if (token->by[kind].half[1])
            __builtin_prefetch(&set->tags[(size_t)token->by[kind].half[0] & set->mask]);
#endif
    for (int kind = 0; kind < JF_REVOCATION_KINDS; kind++) {
        if (!token->by[kind].half[1])
            continue;
        size_t slot = slot_of(set, &token->by[kind]);
        if (set->tags[slot] && now < set->slots[slot].until && token->issued_at <= set->slots[slot].issued_before)
            return 1;
    }
    return 0;
}

size_t jf_revocation_set_count(jf_revocation_set *set, double now)
{
    size_t live = 0;
    if (!set->entries || now < set->first_until || sweep(set, now))
        return set->entries;
    for (size_t i = 0; i <= set->mask; i++)
        live += set->tags[i] && now < set->slots[i].until;
    return live;
}

size_t jf_revocation_set_bytes(const jf_revocation_set *set)
{
    return sizeof *set + (set->slots ? (set->mask + 1) * (sizeof *set->slots + 1) : 0);
}

void jf_revocation_set_init(jf_revocation_set *set, size_t max_entries)
{
    memset(set, 0, sizeof *set);
    set->max_entries = max_entries;
    set->first_until = INFINITY;
}

void jf_revocation_set_free(jf_revocation_set *set)
{
    free(set->slots);
    free(set->tags);
    memset(set, 0, sizeof *set);
}

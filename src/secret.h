/* What bytes that must stay secret need: a constant-time compare and a wipe. */
#ifndef JF_SECRET_H
#define JF_SECRET_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t jf_difference(const uint8_t *a, const uint8_t *b)
{
    uint64_t x, y;
    memcpy(&x, a, 8);
    memcpy(&y, b, 8);
    return x ^ y;
}

/* Whether two strings of one length are equal, in a time that depends on the length alone. */
static inline int jf_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
    uint64_t different = 0;
    if (length >= 8) {
        for (size_t i = 0; i < length - 8; i += 8)
            different |= jf_difference(a + i, b + i);
        different |= jf_difference(a + length - 8, b + length - 8); /* with some octets once more */
    } else {
        for (size_t i = 0; i < length; i++)
            different |= a[i] ^ b[i];
    }
    /* Not known to compilers from here on, so that none turns the loops into ones that leave early. */
#if defined(__GNUC__)
    __asm__ volatile("" : "+r"(different));
    return different == 0;
#else
    volatile uint64_t result = different;
    return result == 0;
#endif
}

/* Overwrites memory with zeros even where the compiler sees that nothing reads it again. */
static inline void jf_wipe(void *memory, size_t length)
{
#if defined(__GNUC__)
    if (length)
        memset(memory, 0, length);
    __asm__ volatile("" : : "r"(memory) : "memory"); /* as if this read it */
#else
    /* Called through a volatile pointer, memset can't be proven to be memset, and so isn't dropped. */
    static void *(*const volatile set)(void *, int, size_t) = memset;
    if (length)
        set(memory, 0, length);
#endif
}

#endif

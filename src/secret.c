#include "secret.h"

#include <string.h>

int jf_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
    uint64_t different = 0;
    for (; length >= 8; length -= 8, a += 8, b += 8) {
        uint64_t x, y;
        memcpy(&x, a, 8);
        memcpy(&y, b, 8);
        different |= x ^ y;
    }
    for (size_t i = 0; i < length; i++)
        different |= a[i] ^ b[i];
    /* Read back through volatile, so that no compiler turns the loops into ones that leave early. */
    volatile uint64_t result = different;
    return result == 0;
}

#include "ecdsa_signature.h"

#include <string.h>

static int in_range(const uint8_t *number, size_t size, const uint8_t *order)
{
    static const uint8_t ZERO[JF_ECDSA_MAX_SIZE];
    return memcmp(number, ZERO, size) != 0 && memcmp(number, order, size) < 0;
}

/* A DER INTEGER: the shortest form, with a zero in front where the top bit would make it negative. */
static size_t put_integer(const uint8_t *number, size_t size, uint8_t *out)
{
    while (*number == 0)
        number++, size--;
    size_t zero = *number >> 7;
    out[0] = 0x02;
    out[1] = (uint8_t)(size + zero);
    out[2] = 0;
    memcpy(out + 2 + zero, number, size);
    return 2 + zero + size;
}

size_t jf_ecdsa_der(const uint8_t *signature, size_t size, const uint8_t *order, uint8_t *der)
{
    uint8_t content[JF_ECDSA_MAX_DER];
    if (!size || size > JF_ECDSA_MAX_SIZE || !in_range(signature, size, order)
        || !in_range(signature + size, size, order))
        return 0;
    size_t length = put_integer(signature, size, content);
    length += put_integer(signature + size, size, content + length);

    /* 128 octets and more have their length in two. */
    size_t head = length < 128 ? 2 : 3;
    der[0] = 0x30;
    der[1] = 0x81;
    der[head - 1] = (uint8_t)length;
    memcpy(der + head, content, length);
    return head + length;
}

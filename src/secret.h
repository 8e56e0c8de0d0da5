/* What bytes that must stay secret need: a constant-time compare and a wipe. */
#ifndef JF_SECRET_H
#define JF_SECRET_H

#include <stddef.h>
#include <stdint.h>

/* Whether two strings of one length are equal, in a time that depends on the length alone. */
int jf_equal(const uint8_t *a, const uint8_t *b, size_t length);

/* Overwrites memory with zeros even where the compiler sees that nothing reads it again. */
void jf_wipe(void *memory, size_t length);

#endif

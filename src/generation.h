/* A count that goes up with each change of something that verdicts rest on: a key set, a list of revocations. What was
 * judged under an older count is judged again. Any thread may read it while another advances it. */
#ifndef JF_GENERATION_H
#define JF_GENERATION_H

#include <stdint.h>

typedef struct {
    volatile uint64_t count;
} jf_generation;

/* What is read after this is at least as new as the count. */
static inline uint64_t jf_generation_read(const jf_generation *generation)
{
#if defined(__GNUC__)
    return __atomic_load_n(&generation->count, __ATOMIC_ACQUIRE);
#else
    return generation->count;
#endif
}

/* To be called after the change it stands for. */
static inline void jf_generation_advance(jf_generation *generation)
{
#if defined(__GNUC__)
    __atomic_add_fetch(&generation->count, 1, __ATOMIC_RELEASE);
#else
    generation->count++;
#endif
}

#endif

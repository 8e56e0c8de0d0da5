/* The time of day, read natively. */
#ifndef JF_WALL_CLOCK_H
#define JF_WALL_CLOCK_H

#include <time.h>

/* Seconds since the epoch. */
static inline double jf_now(void)
{
    struct timespec t;
#if defined(CLOCK_REALTIME)
    clock_gettime(CLOCK_REALTIME, &t);
#else
    timespec_get(&t, TIME_UTC);
#endif
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif

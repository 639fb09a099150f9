/* rdkafka_performance.c is written to be built inside librdkafka's own source
 * tree, whose private headers Debian's librdkafka-dev leaves out. This is what it
 * uses of them. */
#ifndef BENCH_RD_H
#define BENCH_RD_H

#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define RD_MIN(a, b) ((a) < (b) ? (a) : (b))
#define RD_MAX(a, b) ((a) > (b) ? (a) : (b))
#define rd_snprintf snprintf

typedef int64_t rd_ts_t; /* microseconds */

static inline rd_ts_t rd_clock(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (rd_ts_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#endif

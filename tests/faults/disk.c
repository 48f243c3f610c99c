/* A disk that fails, or is slow, on demand: LD_PRELOAD it into any program.
 *
 * It stands between the program and write, pwrite, ftruncate, fsync and fdatasync, for files under one folder.
 * Armed, it lets n-1 such calls through and fails the n-th: that one alone, or from then on all of them, or all of them
 * until a file is removed, which makes room.
 *
 *   KIOSK_DISK_SLOW_US=5000      every flush takes so many microseconds more
 *   KIOSK_DISK_FOLDER=/…         … of files under this folder; without it, of all files
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static char folder[PATH_MAX];
static size_t folder_length; /* 0: every file */
static atomic_long calls, failures, failing_call;
static atomic_int armed, failing_errno, fails_on;
static long slow_us;

enum { ONCE, ON, UNTIL_ROOM };

/* Fail the n-th call from now on with `error`, and with ON or UNTIL_ROOM those after it. */
void kiosk_disk_arm(const char *under, long n, int error, int how) {
    armed = 0;
    folder_length = strlen(under);
    if (folder_length >= sizeof folder) abort();
    memcpy(folder, under, folder_length + 1);
    calls = failures = 0;
    failing_call = n;
    failing_errno = error;
    fails_on = how;
    armed = 1;
}

void kiosk_disk_disarm(void) { armed = 0; }
long kiosk_disk_failures(void) { return failures; }

__attribute__((constructor)) static void read_environment(void) {
    const char *slow = getenv("KIOSK_DISK_SLOW_US"), *under = getenv("KIOSK_DISK_FOLDER");
    slow_us = slow ? atol(slow) : 0;
    if (under && strlen(under) < sizeof folder) {
        strcpy(folder, under);
        folder_length = strlen(folder);
    }
}

static int is_ours(int fd) {
    char link[64], path[PATH_MAX];
    if (folder_length == 0) return 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    return length > (ssize_t)folder_length && memcmp(path, folder, folder_length) == 0 && path[folder_length] == '/';
}

/* Whether this call has to fail; errno says how. */
static int fails(int fd) {
    if (!armed || !is_ours(fd)) return 0;
    long call = ++calls;
    if (call != failing_call && !(fails_on && call > failing_call)) return 0;
    failures++;
    errno = failing_errno;
    return 1;
}

static void be_slow(int fd) {
    if (slow_us == 0 || !is_ours(fd)) return;
    struct timespec left = {slow_us / 1000000, slow_us % 1000000 * 1000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

#define NEXT(result, name, ...)                                                                                        \
    static result (*next)(__VA_ARGS__);                                                                                \
    if (!next) next = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

/* A disk that has room for half of a write says so: half is written, and only the next call fails. */
static size_t room_for(int fd, size_t count) {
    return armed && fails_on && failing_errno == ENOSPC && calls + 1 == failing_call && count > 1 && is_ours(fd)
               ? count / 2
               : count;
}

ssize_t write(int fd, const void *data, size_t count) {
    NEXT(ssize_t, "write", int, const void *, size_t);
    return fails(fd) ? -1 : next(fd, data, count);
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset) {
    NEXT(ssize_t, "pwrite", int, const void *, size_t, off_t);
    size_t room = room_for(fd, count);
    if (room < count) return next(fd, data, room, offset);
    return fails(fd) ? -1 : next(fd, data, count, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset) {
    NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    size_t room = room_for(fd, count);
    if (room < count) return next(fd, data, room, offset);
    return fails(fd) ? -1 : next(fd, data, count, offset);
}

int ftruncate(int fd, off_t size) {
    NEXT(int, "ftruncate", int, off_t);
    return fails(fd) ? -1 : next(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    NEXT(int, "ftruncate64", int, off64_t);
    return fails(fd) ? -1 : next(fd, size);
}

int unlink(const char *path) {
    NEXT(int, "unlink", const char *);
    if (fails_on == UNTIL_ROOM && strncmp(path, folder, folder_length) == 0) armed = 0;
    return next(path);
}

int fsync(int fd) {
    NEXT(int, "fsync", int);
    be_slow(fd);
    return fails(fd) ? -1 : next(fd);
}

int fdatasync(int fd) {
    NEXT(int, "fdatasync", int);
    be_slow(fd);
    return fails(fd) ? -1 : next(fd);
}

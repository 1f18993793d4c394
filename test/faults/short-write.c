/* Preloaded into the program: every write to a file below SHORT_WRITE_BELOW takes at most SHORT_WRITE_MAX bytes, as
 * the system may do at any time. strace cannot do this: it can make a write lie about its count, not shorten it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static size_t shortened(int fd, size_t length) {
  const char *below = getenv("SHORT_WRITE_BELOW");
  const char *max = getenv("SHORT_WRITE_MAX");
  char link[64], path[4096];
  if (below == NULL || max == NULL) return length;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t count = readlink(link, path, sizeof path - 1);
  if (count < 0) return length;
  path[count] = 0;
  if (strncmp(path, below, strlen(below)) != 0) return length;
  size_t limit = strtoul(max, NULL, 10);
  return length < limit ? length : limit;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  static ssize_t (*real)(int, const void *, size_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "write");
  return real(fd, bytes, shortened(fd, length));
}

static ssize_t pwrite_short(const char *name, int fd, const void *bytes, size_t length, off_t offset) {
  ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, name);
  return real(fd, bytes, shortened(fd, length), offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  return pwrite_short("pwrite", fd, bytes, length, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
  return pwrite_short("pwrite64", fd, bytes, length, offset);
}

/* Several pieces: the first one alone. */
ssize_t writev(int fd, const struct iovec *pieces, int count) {
  static ssize_t (*real)(int, const struct iovec *, int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "writev");
  if (count < 1 || shortened(fd, (size_t)-1) == (size_t)-1) return real(fd, pieces, count);
  return write(fd, pieces[0].iov_base, pieces[0].iov_len);
}

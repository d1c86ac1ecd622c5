#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

struct bytes file_read(struct ctx *c, const char *path, uint64_t max_bytes) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fatal(c, NULL, "cannot open '%s': %s", path, strerror(errno));
  struct stat st;
  const char *problem = NULL;
  if (fstat(fd, &st) != 0)
    problem = strerror(errno);
  else if (S_ISDIR(st.st_mode))
    problem = "it is a folder";
  else if (!S_ISREG(st.st_mode))
    problem = "it is not a regular file";
  if (problem) {
    close(fd);
    fatal(c, NULL, "cannot read '%s': %s", path, problem);
  }
  const uint64_t size = (uint64_t)st.st_size;
  if (size > max_bytes || size > c->max_bytes) {
    close(fd);
    fatal(c, NULL, "'%s' has %llu bytes, more than the %llu that can be read", path, (unsigned long long)size,
          (unsigned long long)(max_bytes < c->max_bytes ? max_bytes : c->max_bytes));
  }
  uint8_t *data = ctx_alloc(c, (size_t)size + 1);
  size_t done = 0;
  while (done < size) {
    const ssize_t n = read(fd, data + done, (size_t)size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      problem = n < 0 ? strerror(errno) : "it became shorter while it was read";
      break;
    }
    done += (size_t)n;
  }
  close(fd);
  if (problem) fatal(c, NULL, "cannot read '%s': %s", path, problem);
  return (struct bytes){data, (size_t)size};
}

/* Returns 0 or an errno. */
static int write_all(int fd, const uint8_t *data, size_t size) {
  while (size > 0) {
    const ssize_t n = write(fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    data += n;
    size -= (size_t)n;
  }
  return 0;
}

static void write_directly(struct ctx *c, const char *path, int fd, const void *data, size_t size) {
  const int error = fd < 0 ? errno : write_all(fd, data, size);
  if (fd > STDERR_FILENO) close(fd);
  if (error) fatal(c, NULL, "cannot write '%s': %s", path, strerror(error));
}

void file_write(struct ctx *c, const char *path, const void *data, size_t size) {
  if (strcmp(path, "-") == 0) {
    fflush(stdout);
    write_directly(c, "standard output", STDOUT_FILENO, data, size);
    return;
  }
  struct stat st;
  const bool exists = stat(path, &st) == 0;
  if (exists && !S_ISREG(st.st_mode)) {
    write_directly(c, path, open(path, O_WRONLY | O_CLOEXEC), data, size);
    return;
  }
  char *temporary = ctx_printf(c, "%s.XXXXXX", path);
  const int fd = mkstemp(temporary);
  if (fd < 0) fatal(c, NULL, "cannot write '%s': %s", path, strerror(errno));
  const mode_t mask = umask(0);
  umask(mask);
  int error = write_all(fd, data, size);
  if (!error && fchmod(fd, exists ? st.st_mode & 0777 : 0666 & ~mask) != 0) error = errno;
  if (close(fd) != 0 && !error) error = errno;
  if (!error && rename(temporary, path) != 0) error = errno;
  if (error) {
    unlink(temporary);
    fatal(c, NULL, "cannot write '%s': %s", path, strerror(error));
  }
}

void file_check_writable(struct ctx *c, const char *path) {
  struct stat st;
  int error = 0;
  if (strcmp(path, "-") == 0) return;
  if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
    error = S_ISDIR(st.st_mode) ? EISDIR : access(path, W_OK) != 0 ? errno : 0;
  } else {
    char *temporary = ctx_printf(c, "%s.XXXXXX", path);
    const int fd = mkstemp(temporary);
    if (fd < 0) error = errno;
    if (fd >= 0) close(fd), unlink(temporary);
  }
  if (error) fatal(c, NULL, "cannot write '%s': %s", path, strerror(error));
}

const char *path_basename(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

char *path_join(struct ctx *c, const char *folder_of, const char *name) {
  const size_t folder = (size_t)(path_basename(folder_of) - folder_of);
  return ctx_printf(c, "%.*s%s", (int)folder, folder_of, name);
}

bool path_has_suffix(const char *path, const char *suffix) {
  const size_t a = strlen(path), b = strlen(suffix);
  return a >= b && strcasecmp(path + a - b, suffix) == 0;
}

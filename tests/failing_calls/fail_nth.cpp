#include "tests/failing_calls/fail_nth.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void __libc_free(void* memory);
}

namespace equeue::tests {
namespace {

// Only plain values: nothing here may allocate.
struct Plan {
  Failing what = Failing::memory;
  std::int64_t left = 0;  // calls until the one that fails; 0 when there is none to come
  bool is_armed = false;
  std::int64_t live = 0;
};
thread_local constinit Plan plan;

bool fails(Failing what) {
  if (!plan.is_armed || plan.what != what || plan.left == 0) return false;
  return --plan.left == 0;
}

void* out_of_memory() {
  errno = ENOMEM;
  return nullptr;
}

void* counted(void* memory) {
  plan.live += memory != nullptr ? 1 : 0;
  return memory;
}

// Of a call that moves at most `size` bytes: how many it may.
std::size_t allowed(std::size_t size) {
  if (!plan.is_armed || plan.what != Failing::piecemeal) return size;
  if (plan.left > 0) --plan.left;
  return plan.left == 0 && size > 0 ? 1 : size;
}

// A connection that is lost stays so.
bool is_lost(int socket) {
  if (!fails(Failing::connection)) return false;
  ::shutdown(socket, SHUT_RDWR);
  errno = ECONNRESET;
  return true;
}

bool is_interrupted() {
  if (!fails(Failing::interrupted)) return false;
  errno = EINTR;
  return true;
}

int poll_for_real(pollfd* fds, nfds_t count, int timeout) {
  if (is_interrupted()) return -1;
  if (fails(Failing::connection)) {
    errno = ENOMEM;
    return -1;
  }
  // libpq without memory for an answer may wait for the rest of it, which is there, until the call's
  // deadline.
  constexpr int patience_ms = 1'000;
  if (plan.is_armed && plan.what == Failing::memory && plan.left == 0)
    timeout = timeout < 0 || timeout > patience_ms ? patience_ms : timeout;
  return static_cast<int>(::syscall(SYS_poll, fds, count, timeout));
}

}  // namespace

FailNth::FailNth(Failing what, std::int64_t n) {
  plan.what = what;
  plan.left = n;
  plan.is_armed = true;
}
FailNth::~FailNth() {
  plan.is_armed = false;
}
bool FailNth::has_failed() const {
  return plan.left == 0;
}

std::int64_t live_allocations() {
  return plan.live;
}

}  // namespace equeue::tests

using namespace equeue::tests;

extern "C" {

void* malloc(std::size_t size) noexcept {
  return fails(Failing::memory) ? out_of_memory() : counted(__libc_malloc(size));
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  return fails(Failing::memory) ? out_of_memory() : counted(__libc_calloc(count, size));
}
void* realloc(void* old, std::size_t size) noexcept {
  if (fails(Failing::memory)) return out_of_memory();
  void* const memory = __libc_realloc(old, size);
  if (old == nullptr) counted(memory);
  return memory;
}
void free(void* memory) noexcept {
  plan.live -= memory != nullptr ? 1 : 0;
  __libc_free(memory);
}

ssize_t send(int socket, const void* bytes, std::size_t size, int flags) {
  if (is_lost(socket) || is_interrupted()) return -1;
  return ::syscall(SYS_sendto, socket, bytes, allowed(size), flags, nullptr, 0);
}
ssize_t recv(int socket, void* bytes, std::size_t size, int flags) {
  if (is_lost(socket) || is_interrupted()) return -1;
  return ::syscall(SYS_recvfrom, socket, bytes, allowed(size), flags, nullptr, nullptr);
}
int poll(pollfd* fds, nfds_t count, int timeout) {
  return poll_for_real(fds, count, timeout);
}
// What poll is in code that is compiled with checks of bounds.
int __poll_chk(pollfd* fds, nfds_t count, int timeout, std::size_t) {
  return poll_for_real(fds, count, timeout);
}
int connect(int socket, const sockaddr* address, socklen_t size) {
  if (fails(Failing::connection)) {
    errno = ECONNREFUSED;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_connect, socket, address, size));
}

}  // extern "C"

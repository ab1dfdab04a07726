#include "tests/push/receiver.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace equeue::push {
namespace {

bool is_complete(const std::string& request) {
  const auto head_end = request.find("\r\n\r\n");
  if (head_end == std::string::npos) return false;
  return request.size() >= head_end + 4 + std::stoul("0" + header_of(request, "Content-Length"));
}

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

Receiver::Receiver(Answer answer) : answer_(std::move(answer)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, plain, size) != 0 || ::listen(listener_, 128) != 0 ||
      ::getsockname(listener_, plain, &size) != 0) {
    throw std::runtime_error("the test's receiver cannot listen");
  }
  port_ = ntohs(address.sin_port);
  accepting_ = std::jthread([this] { accept_all(); });
}

Receiver::~Receiver() {
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int connection : open_) ::shutdown(connection, SHUT_RDWR);
  }
  threads_.clear();
}

void Receiver::accept_all() {
  while (true) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const std::lock_guard lock(mutex_);
    open_.insert(connection);
    threads_.emplace_back([this, connection] { serve(connection); });
  }
}

void Receiver::serve(int connection) {
  std::string request;
  char buffer[4096];
  ssize_t got = 1;
  while (!is_complete(request) && (got = ::recv(connection, buffer, sizeof buffer, 0)) > 0)
    request.append(buffer, static_cast<std::size_t>(got));
  if (got > 0) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      at_once_max_ = std::max(at_once_max_, ++at_once_);
    }
    // A request has ended for the sender when it has the answer, so it must not count any more by then.
    bool counted = true;
    const auto uncount = [&] {
      const std::lock_guard lock(mutex_);
      if (std::exchange(counted, false)) --at_once_;
    };
    answer_(request, [&](std::string_view bytes) {
      uncount();
      return send_all(connection, bytes);
    });
    uncount();
  }
  const std::lock_guard lock(mutex_);
  open_.erase(connection);
  ::close(connection);
}

std::string Receiver::url(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

std::vector<std::string> Receiver::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int Receiver::at_once() const {
  const std::lock_guard lock(mutex_);
  return at_once_;
}

int Receiver::at_once_max() const {
  const std::lock_guard lock(mutex_);
  return at_once_max_;
}

std::string answer(const std::string& status, const std::string& headers, const std::string& body) {
  return fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n{}", status, headers,
                     body.size(), body);
}

std::string body_of(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

std::string header_of(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos || at > request.find("\r\n\r\n")) return {};
  const auto begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

}  // namespace equeue::push

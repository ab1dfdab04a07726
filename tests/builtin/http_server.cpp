#include "http_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace equeue::builtin {
namespace {

constexpr auto deadline = std::chrono::seconds(20);

// The head and, by its Content-Length, the body.
bool is_complete(const std::string& request) {
  const auto head_end = request.find("\r\n\r\n");
  if (head_end == std::string::npos) return false;
  const auto length_at = request.find("Content-Length: ");
  if (length_at == std::string::npos || length_at > head_end) return true;
  return request.size() >= head_end + 4 + std::stoul(request.substr(length_at + 16));
}

}  // namespace

HttpServer::HttpServer(Answer answer) : answer_(std::move(answer)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, plain, size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, plain, &size) != 0) {
    throw std::runtime_error("the test's server cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this] { serve(); });
}

HttpServer::~HttpServer() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

void HttpServer::serve() {
  while (true) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    serve_one(connection);
    ::close(connection);
  }
}

void HttpServer::serve_one(int connection) {
  std::string request;
  char buffer[4096];
  while (!is_complete(request)) {
    const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) return;
    request.append(buffer, static_cast<std::size_t>(got));
  }
  std::string rest = answer_(request);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  while (!rest.empty()) {
    const ssize_t sent = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    rest.erase(0, static_cast<std::size_t>(sent));
  }
  {
    const std::lock_guard lock(mutex_);
    ++answered_count_;
  }
  answered_.notify_all();
  while (holds_ && ::recv(connection, buffer, sizeof buffer, 0) > 0) continue;
}

bool HttpServer::wait_answered() {
  std::unique_lock lock(mutex_);
  return answered_.wait_for(lock, deadline, [this] { return answered_count_ > 0; });
}

std::string HttpServer::url(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

std::vector<std::string> HttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::string http_answer(const std::string& status, const std::string& headers, const std::string& body) {
  return fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n{}", status, headers,
                     body.size(), body);
}

}  // namespace equeue::builtin

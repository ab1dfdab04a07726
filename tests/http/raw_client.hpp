// A client that sends whatever bytes it is told to.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "tests/eventually.hpp"

namespace equeue::tests {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { leave(); }

  // False when the server has closed the connection already.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end_sending() const { ::shutdown(fd_, SHUT_WR); }
  void leave() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  // Whether some of an answer has come that nobody has read.
  [[nodiscard]] bool has_more() const {
    pollfd ready{fd_, POLLIN, 0};
    return ::poll(&ready, 1, 0) > 0;
  }
  // The next answer, head and body; empty when the connection was closed instead.
  std::string answer() {
    while (true) {
      if (const auto size = complete()) {
        auto whole = read_.substr(0, *size);
        read_.erase(0, *size);
        return whole;
      }
      if (!more()) return {};
    }
  }
  // Reads until this text has come; false when the connection ends before.
  [[nodiscard]] bool receives(std::string_view text) {
    while (read_.find(text) == read_.npos) {
      if (!more()) return false;
    }
    return true;
  }
  // All that was read and not taken by answer().
  [[nodiscard]] const std::string& received() const { return read_; }
  void forget() { read_.clear(); }
  [[nodiscard]] bool is_closed() {
    while (more()) continue;
    return at_end_;
  }

 private:
  // How many bytes the first answer in `read_` has, once it is whole.
  [[nodiscard]] std::optional<std::size_t> complete() const {
    const auto end = read_.find("\r\n\r\n");
    if (end == read_.npos) return std::nullopt;
    constexpr std::string_view field = "Content-Length: ";
    const auto at = read_.find(field);
    const std::size_t body = at < end ? std::stoul(read_.substr(at + field.size())) : 0;
    const auto size = end + 4 + body;
    return read_.size() >= size ? std::optional(size) : std::nullopt;
  }
  bool more() {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) <= 0) return false;
    std::array<char, 4096> bytes;
    const auto got = ::recv(fd_, bytes.data(), bytes.size(), 0);
    at_end_ = got <= 0;
    if (!at_end_) read_.append(bytes.data(), static_cast<std::size_t>(got));
    return !at_end_;
  }

  int fd_;
  bool at_end_ = false;
  std::string read_;
};

inline int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

}  // namespace equeue::tests

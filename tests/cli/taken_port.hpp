// Ports of the loopback, taken and free.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace equeue::tests {

// Taken as long as the object lives.
class TakenPort {
 public:
  TakenPort() {
    sockaddr_in at{
        .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    number_ = std::to_string(ntohs(at.sin_port));
  }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;
  ~TakenPort() { ::close(socket_); }
  [[nodiscard]] const std::string& number() const { return number_; }

 private:
  int socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  std::string number_;
};

// Free a moment ago.
inline std::string free_port() {
  const TakenPort taken;
  return taken.number();
}

}  // namespace equeue::tests

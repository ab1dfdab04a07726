#include "tests/cli/crowd.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <optional>

namespace equeue::tests {
namespace {

// The body of a whole answer. (Those of the server say how long they are.)
std::optional<std::string> body_of(const std::string& answer) {
  const auto end_of_head = answer.find("\r\n\r\n");
  if (end_of_head == std::string::npos) return std::nullopt;
  constexpr std::string_view header = "Content-Length: ";
  const auto at = answer.find(header);
  std::size_t length = 0;
  if (at < end_of_head)
    std::from_chars(answer.data() + at + header.size(), answer.data() + end_of_head, length);
  auto body = answer.substr(end_of_head + 4);
  if (body.size() < length) return std::nullopt;
  return body;
}

}  // namespace

Crowd::Crowd(const std::string& base, int clients) : clients_(static_cast<std::size_t>(clients)) {
  rlimit files{};
  EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  const auto port = std::stoi(base.substr(base.rfind(':') + 1));
  const sockaddr_in to{.sin_family = AF_INET,
                       .sin_port = htons(static_cast<std::uint16_t>(port)),
                       .sin_addr = {htonl(INADDR_LOOPBACK)},
                       .sin_zero = {}};
  for (auto& client : clients_) {
    client.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(client.socket, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
}

Crowd::~Crowd() {
  for (const auto& client : clients_) ::close(client.socket);
}

void Crowd::send(int client, std::string_view method, std::string_view target, std::string_view body,
                 std::string_view credentials) {
  const auto request = fmt::format(
      "{} {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      method, target, credentials, body.size(), body);
  const auto sent = ::send(clients_.at(static_cast<std::size_t>(client)).socket, request.data(),
                           request.size(), MSG_NOSIGNAL);
  EXPECT_EQ(sent, static_cast<ssize_t>(request.size()));
}

void Crowd::read() {
  char part[4096];
  for (auto& client : clients_) {
    for (ssize_t got; (got = ::recv(client.socket, part, sizeof part, MSG_DONTWAIT)) > 0;)
      client.received.append(part, static_cast<std::size_t>(got));
  }
}

std::map<int, std::string> Crowd::bodies() {
  read();
  std::map<int, std::string> bodies;
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    if (auto body = body_of(clients_[i].received)) bodies.emplace(static_cast<int>(i), std::move(*body));
  }
  return bodies;
}

int Crowd::answered() {
  return static_cast<int>(bodies().size());
}

int resident_mebibytes(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    int kibibytes = 0;
    status >> kibibytes;
    return kibibytes / 1024;
  }
  ADD_FAILURE() << "there is no process " << pid;
  return 0;
}

}  // namespace equeue::tests

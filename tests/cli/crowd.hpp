// Many clients at once on one thread, each with a connection and a request.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace equeue::tests {

class Crowd {
 public:
  Crowd(const std::string& base, int clients);  // "http://127.0.0.1:7878"
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd();

  void send(int client, std::string_view method, std::string_view target, std::string_view body,
            std::string_view credentials);

  // How many have had a whole answer by now.
  [[nodiscard]] int answered();
  // Their bodies, by client.
  [[nodiscard]] std::map<int, std::string> bodies();

 private:
  void read();

  struct Client {
    int socket = -1;
    std::string received{};
  };
  std::vector<Client> clients_;
};

// VmRSS of a process; a failure of the test when there is none.
[[nodiscard]] int resident_mebibytes(pid_t pid);

}  // namespace equeue::tests

// A client of the HTTP API, as one writes it with curl.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "chaos/checker/history.hpp"

typedef void CURL;

namespace equeue::chaos {

struct HttpReply {
  long status = 0;  // 0: none came, and nothing is known
  std::string body;
};

// What a server refuses has not happened, unless it says that it does not know; of what it fails to answer
// nothing is known.
[[nodiscard]] Seen seen_of(const HttpReply& reply);

// curl sends again by itself what was lost with a connection that it had used before, and tells the last
// answer only.
enum class Resend { harmless, forbidden };

// One thread at a time.
class HttpClient {
 public:
  HttpClient(std::vector<int> ports, std::string api_key);
  // Each call goes to the next server in turn.
  [[nodiscard]] HttpReply post(const std::string& target, const std::string& body,
                               const std::string& key = "", Resend resend = Resend::harmless);

 private:
  struct Close {
    void operator()(CURL* handle) const;
  };
  std::vector<int> ports_;
  std::string api_key_;
  std::size_t next_ = 0;
  std::unique_ptr<CURL, Close> handle_;
};

}  // namespace equeue::chaos

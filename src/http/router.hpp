// Which handler answers a request.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace equeue::http {

// Called on the server's one thread, so it must not block. `request` lives until the answer has been sent. It
// may be cancelled (its coroutine destroyed at a co_await) when the client goes away.
using Handler = std::function<boost::asio::awaitable<Response>(Request& request)>;

struct Route {
  Method method = Method::get;
  // "/v1/jobs/{id}": each {…} stands for one segment that is not empty.
  std::string pattern;
  Handler handler;
  // It may wait long for something to happen; it is cancelled when its client goes away or the server stops.
  bool waits = false;
};

// What a router says of a request: a route and what its {…} are; or no route, and then the methods that the
// path has, none when nobody knows the path.
struct Match {
  const Route* route = nullptr;
  std::vector<std::string> arguments{};
  std::vector<Method> allowed{};
};

class Router {
 public:
  // Two routes that could answer the same request are a fault of the program.
  void add(Route route);

  // `segments` are the decoded parts of the path between its slashes. HEAD is answered by the route for GET.
  [[nodiscard]] Match match(Method method, const std::vector<std::string>& segments) const;

 private:
  struct Entry {
    std::vector<std::string> pattern;
    Route route;
  };
  std::vector<Entry> entries_;
};

}  // namespace equeue::http

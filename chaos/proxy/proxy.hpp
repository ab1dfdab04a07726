// Stands between clients and a server, and is a bad network when told so.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <variant>

#include "chaos/proxy/settle_watch.hpp"

namespace equeue::chaos {

enum class Network {
  good,
  slow,       // each piece comes later
  blackhole,  // nothing passes, nothing is closed
  half_open,  // what clients say arrives; the answers do not
};

// Where a server listens: PostgreSQL or PgBouncer on a socket, any other on a port of loopback. What passes
// is understood only on the way to the former.
using Address = std::variant<std::filesystem::path, std::uint16_t>;

// Listens on a port of loopback, from the constructor to the destructor, in a thread of its own. Thread-safe.
class Proxy {
 public:
  // `told` hears of every settlement that PostgreSQL accepts of a worker, in the proxy's thread.
  using Told = std::function<void(const SettlementTold&)>;
  explicit Proxy(Address server, Told told = {});
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  [[nodiscard]] std::uint16_t port() const;

  void become(Network network);
  // Where new connections lead from now on.
  void lead_to(Address server);
  // New connections are closed at once, those that there are go on.
  void refuse_new(bool refuses);
  // Closes every connection; answers how many.
  int cut();
  // The next so many answers that something was committed are not delivered: their connections are closed
  // instead.
  void cut_after_commits(int count);
  [[nodiscard]] int commits_cut() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace equeue::chaos

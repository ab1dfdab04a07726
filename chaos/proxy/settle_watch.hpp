// One connection: what PostgreSQL answers to a worker's settlements. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/proxy/wire.hpp"

namespace equeue::chaos {

// A settlement that was told to be accepted.
struct SettlementTold {
  std::string lease;
  std::string job;
  std::string outcome;
  bool is_replay = false;
};

// Follows calls of `settle`, as workers send them: with binary arrays. Those of servers, which have
// functions of their own, are passed over: whoever stands behind them knows better what he was told.
class SettleWatch {
 public:
  void from_client(std::string_view bytes);
  // What became true for good with these bytes.
  [[nodiscard]] std::vector<SettlementTold> from_server(std::string_view bytes);

 private:
  void bind(std::string_view body);

  Framer client_{true};
  Framer server_{false};
  Statements statements_;
  std::vector<SettlementTold> asked_;
  std::vector<std::string> answers_;
};

}  // namespace equeue::chaos

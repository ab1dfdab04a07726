#include "cli/declare.hpp"

namespace equeue::cli {

Result<void> declare_known(Session& session, Client& client, std::span<const std::string> tasks) {
  const Registry all = make_registry(session.settings);
  Registry named;
  for (const auto& name : tasks) {
    const auto* task = all.find(name);
    if (task != nullptr && named.find(name) == nullptr) named.add(*task);
  }
  if (named.tasks().empty()) return {};
  auto declared = client.declare(named);
  if (!declared && declared.error().code == ErrorCode::permission_denied) return {};
  return declared;
}

}  // namespace equeue::cli

#include "pg/prepared.hpp"

namespace equeue::pg {
namespace {

// Each costs the server some memory as long as the session lives. The protocol has fewer statements; texts
// that are put together may be many.
constexpr std::size_t texts_max = 200;

std::string key_of(std::string_view sql, const Params& params) {
  std::string key(sql);
  key.append(reinterpret_cast<const char*>(params.types()),
             static_cast<std::size_t>(params.size()) * sizeof *params.types());
  return key;
}

}  // namespace

Prepared::Plan Prepared::plan(std::string_view sql, const Params& params) {
  auto key = key_of(sql, params);
  const auto found = names_.find(key);
  if (found == names_.end()) {
    if (names_.size() < texts_max) names_.emplace(std::move(key), std::string());
    return {};
  }
  auto& name = found->second;
  const bool is_new = name.empty();
  if (is_new) name = "equeue_" + std::to_string(++named_);
  return {.name = name, .is_new = is_new};
}

void Prepared::forget() {
  names_.clear();
}

bool is_stale_plan(std::string_view sqlstate) {
  return sqlstate == "26000" || sqlstate == "0A000";
}

}  // namespace equeue::pg

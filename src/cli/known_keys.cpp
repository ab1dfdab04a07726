#include "cli/known_keys.hpp"

namespace equeue::cli {

Result<std::vector<store::ListedApiKey>> all_keys(store::Cell cell) {
  constexpr int page = 500;
  std::vector<store::ListedApiKey> keys;
  for (;;) {
    const auto after = keys.empty() ? std::nullopt : std::optional(keys.back().id);
    auto more = store::list_api_keys(cell, after, page);
    if (!more) return more.error();
    keys.insert(keys.end(), more->begin(), more->end());
    if (static_cast<int>(more->size()) < page) break;
  }
  std::ranges::stable_sort(keys, std::ranges::greater{}, &store::ListedApiKey::created_at);
  return keys;
}

}  // namespace equeue::cli

#include "cli/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace equeue::cli {
namespace {

// Levenshtein's distance, where two neighbours that changed places count once.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view text, std::span<const std::string> known) {
  // A word that differs in more than a third of its letters is another word.
  std::size_t best_distance = std::max<std::size_t>(1, text.size() / 3) + 1;
  std::optional<std::string> best;
  for (const auto& word : known) {
    const auto here = distance(text, word);
    if (here >= best_distance) continue;
    best_distance = here;
    best = word;
  }
  return best;
}

}  // namespace equeue::cli

#include "api/cursor.hpp"

#include <gtest/gtest.h>

namespace equeue::api {
namespace {

const auth::SigningKey old_key{"old", std::string(43, 'o')};
const auth::SigningKey new_key{"new", std::string(43, 'n')};
const std::vector<auth::SigningKey> keys{new_key, old_key};

TEST(Cursor, IsReadUnderEveryLiveKey) {
  EXPECT_EQ(open_cursor(keys, "jobs", seal_cursor(new_key, "jobs", "here")), "here");
  EXPECT_EQ(open_cursor(keys, "jobs", seal_cursor(old_key, "jobs", "here")), "here");
  EXPECT_EQ(open_cursor(keys, "jobs", seal_cursor(new_key, "jobs", "")), "");
  EXPECT_FALSE(open_cursor(std::span(&new_key, 1), "jobs", seal_cursor(old_key, "jobs", "here")));
  EXPECT_FALSE(open_cursor({}, "jobs", seal_cursor(old_key, "jobs", "here")));
}

TEST(Cursor, IsOfOneFilter) {
  const auto cursor = seal_cursor(new_key, "jobs", "here");
  for (const auto* filter : {"", "job", "jobsh", "users"}) {
    EXPECT_FALSE(open_cursor(keys, filter, cursor)) << filter;
  }
}

TEST(Cursor, CannotBeMadeUp) {
  const auto cursor = seal_cursor(new_key, "jobs", "01890a5d-ac96-774b-bcce-b302099a8057");
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    EXPECT_FALSE(open_cursor(keys, "jobs", cursor.substr(0, i))) << i;
    for (const char letter : {'A', 'z', '-', '_', '=', ' ', '+', '\0', '\xff'}) {
      auto changed = cursor;
      changed[i] = letter;
      if (changed == cursor) continue;
      EXPECT_FALSE(open_cursor(keys, "jobs", changed)) << i << letter;
    }
  }
  for (const auto* more : {"A", "=", "==", "AAAA"}) EXPECT_FALSE(open_cursor(keys, "jobs", cursor + more));
  EXPECT_FALSE(open_cursor(keys, "jobs", std::string(100'000, 'A')));
}

TEST(Cursor, TellsFiltersApart) {
  const std::vector<std::string> one{"a", "bc"};
  const std::vector<std::string> other{"ab", "c"};
  const std::vector<std::string> third{"a", "bc", ""};
  EXPECT_NE(cursor_filter(one), cursor_filter(other));
  EXPECT_NE(cursor_filter(one), cursor_filter(third));
}

}  // namespace
}  // namespace equeue::api

// Where a list goes on: a text that clients hand back as it is. It holds its place and a MAC over place and
// filter under a key of the cell, so every server of the cell reads it and nobody can make one up.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/guard.hpp"
#include "auth/access_token.hpp"

namespace equeue::api {

// `filter` is the list and all that chooses from it, in one form for one meaning: see cursor_filter.
[[nodiscard]] std::string seal_cursor(const auth::SigningKey& key, std::string_view filter,
                                      std::string_view place);
// The place, if one of the keys has sealed exactly this cursor for this filter.
[[nodiscard]] std::optional<std::string> open_cursor(std::span<const auth::SigningKey> keys,
                                                     std::string_view filter, std::string_view cursor);

// Texts as one, so that no two different lists of them look alike.
[[nodiscard]] std::string cursor_filter(std::span<const std::string> texts);

// The same under the cell's signing keys; so a cursor is good for a quarter of an hour at least, and for a
// day mostly. Both throw Exception when the keys cannot be read, the second one Refused with 400
// invalid_cursor for what is no cursor of this filter.
[[nodiscard]] boost::asio::awaitable<std::string> make_cursor(Guard& guard, std::string filter,
                                                              std::string place);
[[nodiscard]] boost::asio::awaitable<std::string> read_cursor(Guard& guard, std::string filter,
                                                              std::string cursor);

}  // namespace equeue::api

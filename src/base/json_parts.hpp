// Parts of a JSON text as they are written, so that a payload reaches the database with every digit that its
// author wrote.
#pragma once

#include <string_view>
#include <vector>

namespace equeue {

// The text of a member of a valid JSON object; empty if it has none of that name, however its key is written.
[[nodiscard]] std::string_view member_text(std::string_view object, std::string_view name);

// The texts of the elements of a valid JSON array, without blanks around them.
[[nodiscard]] std::vector<std::string_view> element_texts(std::string_view array);

}  // namespace equeue

// What the figures depend on: versions, the machine, the server.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace equeue::bench {

// Throws Exception when the server is away.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> describe_surroundings(const std::string& url);

// Writes out what was changed before, so that it does not weigh on what is measured next. Where the role may
// not, nothing is done.
void checkpoint(const std::string& url);

// Of the last minute; more than the cores means that others work here too.
[[nodiscard]] std::string load_average();

}  // namespace equeue::bench

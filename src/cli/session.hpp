// What a command runs with.
#pragma once

#include <equeue/client.hpp>
#include <equeue/error.hpp>

#include "cli/settings.hpp"
#include "cli/terminal.hpp"

namespace equeue::cli {

struct Session {
  const Settings& settings;
  Terminal& terminal;
  bool json = false;  // one JSON document on stdout instead of text for people
};

// A client of the configured database; it connects with its first call. configuration when none is named.
[[nodiscard]] Result<Client> make_client(const Session& session);

// The same check alone.
[[nodiscard]] Result<Database> configured_database(const Session& session);

}  // namespace equeue::cli

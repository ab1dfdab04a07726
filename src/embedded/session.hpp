// The few questions that the embedded server is asked over its own socket.
#pragma once

#include <equeue/error.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct pg_conn;

namespace equeue::embedded {

inline constexpr std::string_view superuser = "equeue";

// One connection as superuser; for one thread.
class Session {
 public:
  // database_away, transient, when nobody answers there (yet).
  [[nodiscard]] static Result<Session> open(const std::filesystem::path& socket_folder, int port,
                                            std::string_view database);

  // The first column of the first row, or "" when there is no row. A refusal: database_error with the
  // server's words.
  [[nodiscard]] Result<std::string> ask(const std::string& sql);

  // As SQL text, quoted.
  [[nodiscard]] Result<std::string> quote_name(std::string_view name) const;
  [[nodiscard]] Result<std::string> quote_value(std::string_view value) const;

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  explicit Session(pg_conn* connection) : connection_(connection) {}
  std::unique_ptr<pg_conn, Close> connection_;
};

// "%2Fpath%20x": everything but letters, digits and -._~ as in RFC 3986.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace equeue::embedded

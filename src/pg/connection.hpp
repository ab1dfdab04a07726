// One connection to PostgreSQL, with a deadline on every call.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pg/failure.hpp"
#include "pg/params.hpp"
#include "pg/prepared.hpp"
#include "pg/rows.hpp"

typedef struct pg_conn PGconn;

namespace equeue::pg {

// A call that is not answered by then is given up, and the connection with it: a blackholed network must not
// hang us.
inline constexpr std::chrono::milliseconds connect_deadline{5'000};
inline constexpr std::chrono::milliseconds call_deadline{30'000};

struct Statement {
  std::string sql;
  Params params{};
};

// Not thread-safe. After a failure of kind `broken` or `no_connection`, and after a call that has thrown, it
// is closed and every call fails; open anew.
class Connection {
 public:
  // Opens a connection of our own. Of several hosts or addresses each is tried for `deadline`, in whole
  // seconds and at least 2 (libpq's connect_timeout). TCP connections notice a dead peer within 10 s. What
  // the URL says of these wins. Transactions are READ COMMITTED whatever the database's default is, except
  // through a pooler (is_direct).
  [[nodiscard]] static Result<Connection> open(const std::string& url, std::string_view application,
                                               std::chrono::milliseconds deadline = connect_deadline);

  // Uses the caller's connection, which stays open and the caller's.
  [[nodiscard]] static Connection borrow(PGconn* connection);

  // One statement with binary parameters and answer, in its own transaction or the one that is open. On a
  // connection of our own that is direct, one that comes again outside of transactions is prepared.
  [[nodiscard]] Result<Rows> execute(const Statement& statement,
                                     std::optional<std::chrono::milliseconds> deadline = std::nullopt);

  // The same, with `meanwhile` done while the server works; not done when the statement could not be sent.
  [[nodiscard]] Result<Rows> execute(const Statement& statement, const std::function<void()>& meanwhile);

  // A script of several statements without parameters; the simple protocol.
  [[nodiscard]] Result<void> script(const std::string& sql,
                                    std::chrono::milliseconds deadline = call_deadline);

  // The payload of the next notification, waiting until `deadline` for one; nothing when none came.
  // `wake_fd`, when given, ends the wait early by being readable.
  [[nodiscard]] Result<std::optional<std::string>> notification(std::chrono::milliseconds deadline,
                                                                int wake_fd = -1);

  // The deadline of calls that name none.
  void set_call_deadline(std::chrono::milliseconds deadline) { call_deadline_ = deadline; }

  [[nodiscard]] bool is_open() const;
  // Looks, without waiting, whether the server has left meanwhile, as one does that restarts. Between calls
  // only.
  [[nodiscard]] bool has_been_left();
  [[nodiscard]] bool in_transaction() const;
  // Whether the server's own process answers here. A pooler, which names itself in its place, may give each
  // transaction another session: what must outlive one, as LISTEN, does not work there.
  [[nodiscard]] Result<bool> is_direct();
  [[nodiscard]] PGconn* handle() const { return connection_.get(); }

 private:
  struct Close {
    bool owned = true;
    void operator()(PGconn* connection) const;
  };
  using Clock = std::chrono::steady_clock;
  explicit Connection(std::unique_ptr<PGconn, Close> connection) : connection_(std::move(connection)) {}

  class UnderWay;
  Result<void> settle_in(std::chrono::milliseconds deadline);
  Result<Rows> run(const Statement& statement, Clock::time_point deadline,
                   const std::function<void()>* meanwhile);
  Result<Prepared::Plan> plan(const Statement& statement, Clock::time_point deadline);
  Result<void> send(const Statement& statement, const std::string& name);
  Result<Rows> answer(Clock::time_point deadline);
  Result<Rows> answer_to_statement(Clock::time_point deadline);
  Result<void> flush(Clock::time_point deadline);
  Result<void> wait_for_input(Clock::time_point deadline);
  Failure broken(std::string_view what);

  std::unique_ptr<PGconn, Close> connection_;
  std::chrono::milliseconds call_deadline_ = call_deadline;
  std::optional<Prepared> prepared_;  // where statements may be
};

}  // namespace equeue::pg

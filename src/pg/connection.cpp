#include "pg/connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <exception>
#include <mutex>
#include <set>

#include "base/check.hpp"
#include "base/log.hpp"
#include "pg/exposure.hpp"

namespace equeue::pg {
namespace {

using std::chrono::milliseconds;

std::string first_line(std::string_view text) {
  auto line = text.substr(0, text.find('\n'));
  while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
  return std::string(line);
}

std::string field(const PGresult* result, int code) {
  const char* value = PQresultErrorField(result, code);
  return value ? value : "";
}

Failure refusal(const PGresult* result) {
  return {.kind = Failure::Kind::refused,
          .sqlstate = field(result, PG_DIAG_SQLSTATE),
          .message = field(result, PG_DIAG_MESSAGE_PRIMARY),
          .hint = field(result, PG_DIAG_MESSAGE_HINT),
          .constraint = field(result, PG_DIAG_CONSTRAINT_NAME)};
}

// Waits for `events` on the socket, or for wake_fd; false when the deadline passed first.
bool wait_on(int socket, short events, std::chrono::steady_clock::time_point deadline, int wake_fd = -1) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd fds[2] = {{socket, events, 0}, {wake_fd, POLLIN, 0}};
    const int ready =
        poll(fds, wake_fd < 0 ? 1 : 2, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0) return false;
    EQUEUE_CHECK(errno == EINTR || errno == ENOMEM);
    if (left.count() <= 0) return false;
  }
}

// A standby, or a server set to read-only.
constexpr std::string_view read_only_sqlstate = "25006";

void ignore_notice(void*, const char*) {}

// libpq writes a server's answer as its severity, in any language, and two spaces.
constexpr std::string_view after_severity = ":  ";

// Why the server refused `connection`; empty when none has answered. libpq tells an SQLSTATE only of results,
// and in verbose messages: when there was an answer, it is asked for once more.
std::string refusal_of(PGconn* connection) {
  if (first_line(PQerrorMessage(connection)).find(after_severity) == std::string::npos) return "";
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  PQreset(connection);
  const auto line = first_line(PQerrorMessage(connection));
  const auto severity_end = line.find(after_severity);
  if (severity_end == std::string::npos) return "";
  const auto answer = line.substr(severity_end + after_severity.size());
  return answer.size() > 5 && answer[5] == ':' ? answer.substr(0, 5) : "";
}

std::string sslmode_of(PGconn* connection) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfo(connection),
                                                                             &PQconninfoFree);
  for (const auto* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (std::string_view(option->keyword) == "sslmode" && option->val != nullptr) return option->val;
  }
  return {};
}

// Once for each way of it.
void warn_of_exposure(PGconn* connection) {
  const char* address = PQhostaddr(connection);
  const auto sslmode = sslmode_of(connection);
  const auto warning = exposure({.host = PQhost(connection),
                                 .address = address != nullptr ? address : "",
                                 .sslmode = sslmode,
                                 .encrypted = PQsslInUse(connection) != 0});
  if (!warning) return;
  static std::mutex mutex;
  static std::set<std::string> told;
  const std::lock_guard lock(mutex);
  if (told.insert(*warning).second) log::warning("{}", *warning);
}

}  // namespace

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
  throw std::runtime_error(failure.message);
}

bool is_transient(std::string_view sqlstate) {
  const auto group = sqlstate.substr(0, 2);
  return group == "40" || group == "08" || group == "53" || group == "57" || sqlstate == "55P03" ||
         sqlstate == "25006";
}

bool is_lasting_refusal(std::string_view sqlstate) {
  return sqlstate.substr(0, 2) == "28" || sqlstate == "3D000" || sqlstate == "42501";
}

// A call that ends by an exception (there was no memory, `meanwhile` threw) leaves an answer on its way,
// which the next call would take for its own.
class Connection::UnderWay {
 public:
  explicit UnderWay(Connection& connection) : connection_(connection) {}
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() {
    if (std::uncaught_exceptions() > exceptions_ && connection_.connection_.get_deleter().owned)
      connection_.connection_.reset();
  }

 private:
  Connection& connection_;
  int exceptions_ = std::uncaught_exceptions();
};

void Connection::Close::operator()(PGconn* connection) const {
  if (owned) PQfinish(connection);
}

Result<Connection> Connection::open(const std::string& url, std::string_view application,
                                    milliseconds deadline) {
  const std::string name(application);
  const auto timeout = std::to_string(std::chrono::ceil<std::chrono::seconds>(deadline).count());
  // libpq takes the last value of a parameter, so what the URL says wins over what stands before it.
  const char* keywords[] = {
      "connect_timeout",  "tcp_user_timeout",          "keepalives_idle", "keepalives_interval",
      "keepalives_count", "fallback_application_name", "dbname",          nullptr};
  const char* values[] = {timeout.c_str(), "8000", "5", "2", "2", name.c_str(), url.c_str(), nullptr};
  // The blocking form, because it alone goes on to the next host when one does not answer.
  Connection opened(std::unique_ptr<PGconn, Close>(PQconnectdbParams(keywords, values, 1), Close{true}));
  PGconn* raw = opened.handle();
  if (!raw || PQstatus(raw) != CONNECTION_OK) {
    Failure failure{.kind = Failure::Kind::no_connection, .message = "out of memory"};
    if (raw) {
      failure.message = first_line(PQerrorMessage(raw));
      failure.sqlstate = refusal_of(raw);
    }
    return failure;
  }
  PQsetNoticeProcessor(raw, ignore_notice, nullptr);
  PQsetnonblocking(raw, 1);
  warn_of_exposure(raw);
  if (auto done = opened.settle_in(deadline); !done) {
    return Failure{.kind = Failure::Kind::no_connection,
                   .sqlstate = done.error().sqlstate,
                   .message = done.error().message};
  }
  return opened;
}

// What stayed with a pooler's session would reach others: a setting, or a prepared statement.
Result<void> Connection::settle_in(milliseconds deadline) {
  const auto rows =
      execute({.sql = "SELECT pg_catalog.set_config('default_transaction_isolation', 'read committed', "
                      "false) WHERE pg_catalog.pg_backend_pid() = $1",
               .params = Params().int4(PQbackendPID(handle()))},
              deadline);
  if (!rows) return rows.error();
  if (rows->count() == 1) prepared_.emplace();
  return {};
}

Connection Connection::borrow(PGconn* connection) {
  return Connection(std::unique_ptr<PGconn, Close>(connection, Close{false}));
}

bool Connection::is_open() const {
  return connection_ && PQstatus(connection_.get()) == CONNECTION_OK;
}

bool Connection::has_been_left() {
  if (!is_open()) return true;
  // Nobody has asked for anything, so what can be read is a notice, a notification, or a farewell and the
  // end.
  pollfd socket{PQsocket(handle()), POLLIN, 0};
  while (::poll(&socket, 1, 0) > 0) {
    if (PQconsumeInput(handle()) == 0 || !is_open()) return true;
  }
  return false;
}

bool Connection::in_transaction() const {
  return connection_ && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
}

Result<bool> Connection::is_direct() {
  const auto rows = execute({"SELECT pg_backend_pid()"});
  if (!rows) return rows.error();
  return rows->at(0, 0).integer() == PQbackendPID(handle());
}

Failure Connection::broken(std::string_view what) {
  Failure failure{.kind = Failure::Kind::broken, .message = std::string(what)};
  if (connection_ && connection_.get_deleter().owned) connection_.reset();
  return failure;
}

// Sends what is still in libpq's buffer.
Result<void> Connection::flush(Clock::time_point deadline) {
  PGconn* raw = connection_.get();
  for (;;) {
    const int unsent = PQflush(raw);
    if (unsent < 0) return broken(first_line(PQerrorMessage(raw)));
    if (unsent == 0) return {};
    if (!wait_on(PQsocket(raw), POLLIN | POLLOUT, deadline))
      return broken("the database did not answer in time");
    // The server may have to get rid of an answer before it reads on.
    if (!PQconsumeInput(raw)) return broken(first_line(PQerrorMessage(raw)));
  }
}

// Sends what is still in libpq's buffer and reads until an answer is complete.
Result<void> Connection::wait_for_input(Clock::time_point deadline) {
  PGconn* raw = connection_.get();
  for (;;) {
    const int unsent = PQflush(raw);
    if (unsent < 0) return broken(first_line(PQerrorMessage(raw)));
    if (unsent == 0 && !PQisBusy(raw)) return {};
    const short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
    if (!wait_on(PQsocket(raw), static_cast<short>(events), deadline))
      return broken("the database did not answer in time");
    if (!PQconsumeInput(raw)) return broken(first_line(PQerrorMessage(raw)));
  }
}

// The next result, and the NULL that ends its statement.
Result<Rows> Connection::answer(Clock::time_point deadline) {
  PGconn* raw = connection_.get();
  std::optional<Result<Rows>> kept;
  for (;;) {
    if (auto arrived = wait_for_input(deadline); !arrived) return arrived.error();
    PGresult* result = PQgetResult(raw);
    if (!result) break;
    Rows rows(result);
    const auto status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) {
      if (!kept) kept = Result<Rows>(std::move(rows));
    } else if (!PQresultErrorField(result, PG_DIAG_SQLSTATE) || PQstatus(raw) == CONNECTION_BAD) {
      return broken(first_line(PQresultErrorMessage(result)));
    } else {
      kept = Result<Rows>(refusal(result));
    }
  }
  if (PQstatus(raw) == CONNECTION_BAD) return broken(first_line(PQerrorMessage(raw)));
  return kept ? *kept : Result<Rows>(broken("the database sent no answer"));
}

// As answer(). A server that takes no writes (any more) stays so: the next connection may find the one that
// does.
Result<Rows> Connection::answer_to_statement(Clock::time_point deadline) {
  auto rows = answer(deadline);
  if (!rows && rows.error().sqlstate == read_only_sqlstate && connection_.get_deleter().owned)
    connection_.reset();
  return rows;
}

// How to send `statement`, which the server knows under its name then, if it has one.
Result<Prepared::Plan> Connection::plan(const Statement& statement, Clock::time_point deadline) {
  if (!prepared_ || in_transaction()) return Prepared::Plan{};
  auto plan = prepared_->plan(statement.sql, statement.params);
  if (!plan.is_new) return plan;
  if (!PQsendPrepare(handle(), plan.name.c_str(), statement.sql.c_str(), statement.params.size(),
                     statement.params.types()))
    return broken(first_line(PQerrorMessage(handle())));
  if (auto known = answer_to_statement(deadline); !known) {
    if (prepared_) prepared_->forget();
    return known.error();
  }
  return plan;
}

Result<void> Connection::send(const Statement& statement, const std::string& name) {
  const auto& params = statement.params;
  const auto values = params.values();
  const int sent = name.empty()
                       ? PQsendQueryParams(handle(), statement.sql.c_str(), params.size(), params.types(),
                                           values.data(), params.lengths(), params.formats(), 1)
                       : PQsendQueryPrepared(handle(), name.c_str(), params.size(), values.data(),
                                             params.lengths(), params.formats(), 1);
  return sent ? Result<void>{} : broken(first_line(PQerrorMessage(handle())));
}

Result<Rows> Connection::run(const Statement& statement, Clock::time_point deadline,
                             const std::function<void()>* meanwhile) {
  const UnderWay under_way(*this);
  if (!is_open()) return Failure{.kind = Failure::Kind::no_connection, .message = "the connection is closed"};
  const auto planned = plan(statement, deadline);
  if (!planned) return planned.error();
  if (auto sent = send(statement, planned->name); !sent) return sent.error();
  if (meanwhile) {
    if (auto flushed = flush(deadline); !flushed) return flushed.error();
    (*meanwhile)();
  }
  auto rows = answer_to_statement(deadline);
  if (rows || planned->name.empty() || !is_open() || !is_stale_plan(rows.error().sqlstate)) return rows;
  prepared_->forget();
  if (auto sent = send(statement, ""); !sent) return sent.error();
  return answer_to_statement(deadline);
}

Result<Rows> Connection::execute(const Statement& statement, std::optional<milliseconds> deadline) {
  return run(statement, Clock::now() + deadline.value_or(call_deadline_), nullptr);
}

Result<Rows> Connection::execute(const Statement& statement, const std::function<void()>& meanwhile) {
  return run(statement, Clock::now() + call_deadline_, &meanwhile);
}

Result<void> Connection::script(const std::string& sql, milliseconds deadline) {
  const UnderWay under_way(*this);
  if (!is_open()) return Failure{.kind = Failure::Kind::no_connection, .message = "the connection is closed"};
  if (!PQsendQuery(handle(), sql.c_str())) return broken(first_line(PQerrorMessage(handle())));
  const auto rows = answer(Clock::now() + deadline);
  if (!rows) return rows.error();
  return {};
}

Result<std::optional<std::string>> Connection::notification(milliseconds deadline, int wake_fd) {
  if (!is_open()) return Failure{.kind = Failure::Kind::no_connection, .message = "the connection is closed"};
  const auto take = [&]() -> std::optional<std::string> {
    const std::unique_ptr<PGnotify, decltype(&PQfreemem)> notify(PQnotifies(handle()), PQfreemem);
    return notify ? std::optional<std::string>(notify->extra) : std::nullopt;
  };
  if (auto payload = take()) return payload;
  if (!wait_on(PQsocket(handle()), POLLIN, Clock::now() + deadline, wake_fd))
    return std::optional<std::string>{};
  if (!PQconsumeInput(handle())) return broken(first_line(PQerrorMessage(handle())));
  return take();
}

}  // namespace equeue::pg

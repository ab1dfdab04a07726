#include "tests/store/protocol_test.hpp"

#include <memory>
#include <thread>

#include "tests/embedded/query.hpp"

namespace equeue::store {

std::ostream& operator<<(std::ostream& out, Answer answer) {
  constexpr const char* names[] = {"accepted", "replayed", "lease_lost"};
  return out << names[static_cast<int>(answer)];
}

}  // namespace equeue::store

namespace equeue::tests {
namespace {

std::unique_ptr<ScratchDatabase> scratch;

class DropScratch : public ::testing::Environment {
 public:
  void TearDown() override { scratch.reset(); }
};
[[maybe_unused]] const auto* const drop_scratch = ::testing::AddGlobalTestEnvironment(new DropScratch);

bool is_pooled() {
  return cluster_variant() == "pgbouncer";
}

pg::Connection connect() {
  auto opened = pg::Connection::open(database().url(), "equeue test");
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

pg::Rows rows_of(pg::Connection& connection, const std::string& sql) {
  auto rows = connection.execute({sql});
  if (!rows) throw std::runtime_error(sql + ": " + rows.error().message);
  return *rows;
}

// What must never be found in the tables, by the rule that it breaks.
const std::map<std::string, std::string>& faults() {
  static const std::map<std::string, std::string> queries = {
      {"a job lies in one relation only", "SELECT id::text FROM jobs GROUP BY id HAVING count(*) <> 1"},
      {"attempts stay within their maximum", "SELECT id::text FROM jobs WHERE attempt > max_attempts"},
      {"a lease ends with its last job",
       "SELECT id::text FROM leases WHERE settled = repeat('1', length(settled))::varbit"},
      {"an attempt is recorded once",
       "SELECT job_id::text FROM attempts GROUP BY job_id, attempt HAVING count(*) <> 1"},
      {"each attempt that did not succeed is recorded",
       "SELECT id::text FROM jobs j WHERE attempt - (state IN ('running', 'succeeded'))::integer "
       "<> (SELECT count(*) FROM attempts a WHERE a.job_id = j.id)"},
      {"attempts belong to a job",
       "SELECT job_id::text FROM attempts a WHERE job_id NOT IN (SELECT id FROM jobs)"},
      {"the key of a live job does not expire",
       "SELECT j.id::text FROM jobs j LEFT JOIN keys k ON k.key = j.key AND k.job_id = j.id WHERE j.key IS "
       "NOT NULL "
       "AND j.state IN ('queued', 'running') AND (k.key IS NULL OR k.expires_at IS NOT NULL)"},
      {"the key of an ended job expires",
       "SELECT j.id::text FROM jobs j JOIN keys k ON k.job_id = j.id "
       "WHERE j.state NOT IN ('queued', 'running') AND k.expires_at IS NULL"},
      {"a lease has a worker", "SELECT id::text FROM leases WHERE worker NOT IN (SELECT id FROM workers)"},
      {"get_job finds every job",
       "SELECT j.id::text FROM (SELECT * FROM jobs LIMIT 200) j WHERE (SELECT g.state FROM get_job(j.id) g) "
       "IS DISTINCT FROM j.state"},
  };
  return queries;
}

}  // namespace

const ScratchDatabase& database() {
  if (!scratch) scratch = std::make_unique<ScratchDatabase>();
  return *scratch;
}

Session::Session(std::string schema) : schema_(std::move(schema)), connection_(connect()), backend_(0) {
  // Through a pooler it would stay with a session that others get next.
  if (is_pooled()) return;
  run(fmt::format("SET search_path = {}", schema_));
  backend_ = static_cast<int>(number("SELECT pg_backend_pid()"));
}

std::string Session::text(const std::string& sql) {
  const auto all = column(sql);
  return all.empty() ? "" : all.front();
}

std::int64_t Session::number(const std::string& sql) {
  return std::stoll(text("SELECT (" + sql + ")::bigint::text"));
}

std::vector<std::string> Session::column(const std::string& sql) {
  const auto rows = rows_of(connection_, sql);
  std::vector<std::string> values;
  for (int row = 0; row < rows.count(); ++row) {
    values.push_back(rows.at(row, 0).text_or_null().value_or(""));
  }
  return values;
}

void Session::run(const std::string& sql) {
  if (auto done = connection_.script(sql); !done) throw std::runtime_error(sql + ": " + done.error().message);
}

std::string Session::refusal(const std::string& sql) {
  auto done = connection_.script(sql);
  return done ? "" : done.error().sqlstate;
}

void wait_until_blocked(Session& watcher, int backend) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const auto waiting = fmt::format(
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
      "AND {} IN (0, pid)",
      backend);
  while (watcher.number(waiting) == 0) {
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("the backend never waited for a lock");
    std::this_thread::yield();
  }
}

void ProtocolTest::SetUp() {
  if (const auto why = why_no_cluster(); !why.empty()) GTEST_SKIP() << why;
  static int number = 0;
  schema_ = fmt::format("t_{}", ++number);
  if (is_pooled()) {
    // Each transaction may get another session, which must know the schema without being told.
    scratch = std::make_unique<ScratchDatabase>();
    embedded::query(direct_cluster_url(),
                    fmt::format("ALTER DATABASE {} SET search_path = {}", scratch->name(), schema_));
  }
  auto connection = connect();
  store::migrate(connection, schema_).value();
  session_.emplace(schema_);
  TaskOptions options{
      .retry = {.backoff = RetryPolicy::Backoff::fixed, .delay = std::chrono::milliseconds(0)}};
  store::declare_task(cell(), "test.task", options).value();
  options.queue = "other";
  store::declare_task(cell(), "test.other", options).value();
}

void ProtocolTest::TearDown() {
  if (!session_) return;
  expect_sound();
  db().run(fmt::format("SET client_min_messages = error; DROP SCHEMA {0} CASCADE", schema_));
}

JobId ProtocolTest::enqueue(EnqueueOptions options, std::string payload) {
  const NewJob job{"test.task", std::move(payload), std::move(options)};
  return store::enqueue(cell(), std::span(&job, 1)).value().front().id;
}

std::vector<JobId> ProtocolTest::enqueue_many(int count, const EnqueueOptions& options) {
  const std::vector<NewJob> jobs(static_cast<std::size_t>(count), {"test.task", "{}", options});
  std::vector<JobId> ids;
  for (const auto& one : store::enqueue(cell(), jobs).value()) ids.push_back(one.id);
  return ids;
}

WorkerId ProtocolTest::worker(Session& session) {
  const auto id = make_worker_id();
  const std::vector<std::string> queues{"default"};
  store::register_worker(session.cell(), id, "test", queues, std::chrono::minutes(10)).value();
  return id;
}

store::Claim ProtocolTest::claim(const WorkerId& worker, int max, std::vector<std::string> queues,
                                 std::span<const model::LaneMark> marks) {
  return store::claim(cell(), worker, queues, max, marks).value();
}

store::Answer ProtocolTest::settle(const LeaseId& lease, const JobId& job, Outcome outcome) {
  const store::Settlement settlement{lease, job, std::move(outcome)};
  return store::settle(cell(), std::span(&settlement, 1)).value().front();
}

void ProtocolTest::expire(const WorkerId& worker) {
  db().run(fmt::format("UPDATE workers SET expires_at = '2000-01-01' WHERE id = {}", quoted(worker)));
}

std::string ProtocolTest::state(const JobId& job) {
  const auto found = db().column(fmt::format("SELECT state::text FROM jobs WHERE id = {}", quoted(job)));
  EXPECT_LE(found.size(), 1u) << "job " << job << " lies in several relations";
  return found.empty() ? "none" : found.front();
}

std::string ProtocolTest::find_unsound() {
  for (const auto& [rule, query] : faults()) {
    const auto found = db().column(query);
    if (!found.empty()) return fmt::format("broken: {}, by {} as {}", rule, found.size(), found.front());
  }
  return "";
}

void ProtocolTest::expect_sound() {
  EXPECT_EQ(find_unsound(), "");
}

}  // namespace equeue::tests

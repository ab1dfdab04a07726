#include "chaos/place/place.hpp"

#include <signal.h>

#include <thread>

#include "chaos/load/recorder.hpp"
#include "embedded/placement.hpp"
#include "embedded/postmaster.hpp"
#include "store/faults.hpp"
#include "store/migrate.hpp"

namespace equeue::chaos {
namespace {

constexpr std::chrono::seconds end_patience{20};
constexpr std::chrono::milliseconds look_pause{10};
const std::string schema = "equeue";

std::filesystem::path data_of(const std::filesystem::path& folder) {
  return embedded::place(folder).value().data();
}

std::string url_of(const Proxy& proxy) {
  return fmt::format("postgresql://equeue@127.0.0.1:{}/postgres?sslmode=disable&gssencmode=disable",
                     proxy.port());
}

}  // namespace

Place::Place(std::filesystem::path folder, Proxy::Told told) : folder_(std::move(folder)) {
  cluster_ = embedded::Cluster::start(options()).value();
  proxy_ = std::make_unique<Proxy>(socket_file(), std::move(told));
  auto connection = connect();
  store::migrate(connection, schema).value();
  if (!Pooler::find()) return;
  const auto user = embedded::place(options().data_folder).value().user;
  pooler_ = std::make_unique<Pooler>(folder_ / "pooler", user, proxy_->port());
  pooled_proxy_ = std::make_unique<Proxy>(pooler_->socket_file());
}

Place::~Place() {
  pooled_proxy_.reset();
  pooler_.reset();
  proxy_.reset();
  cluster_.reset();
  disk_.reset();
  forget_generation(generation_);
}

// Its data go, and its log stays.
void Place::forget_generation(int generation) {
  const auto folder = folder_ / fmt::format("postgres-{}", generation);
  const auto log = embedded::place(folder).value().log_file();
  std::error_code failed;
  std::filesystem::copy_file(log, folder_ / fmt::format("postgres-{}.log", generation), failed);
  (void)embedded::Cluster::remove(folder);
}

embedded::ClusterOptions Place::options() const {
  return {.data_folder = folder_ / fmt::format("postgres-{}", generation_),
          .settings = {{"shared_buffers", "64MB"},
                       {"max_connections", "100"},
                       {"wal_receiver_timeout", "5s"},
                       {"min_wal_size", "32MB"},
                       {"max_wal_size", "128MB"}}};
}

std::string Place::socket_file() const {
  const auto record = embedded::read_postmaster_record(data_of(options().data_folder));
  return (record.value().socket_folder / fmt::format(".s.PGSQL.{}", record->port)).string();
}

std::string Place::url() const {
  return url_of(*proxy_);
}

std::string Place::pooled_url() const {
  return url_of(pooled_proxy_ ? *pooled_proxy_ : *proxy_);
}

pg::Connection Place::connect() const {
  auto opened = pg::Connection::open(cluster_->url(), "equeue chaos: director");
  if (!opened) throw Exception(store::translate(opened.error(), schema));
  auto connection = std::move(*opened);
  // It must reach what the faults keep others from.
  if (auto set =
          connection.script("SET default_transaction_read_only = off; SET search_path = equeue, public");
      !set)
    throw Exception(store::translate(set.error(), schema));
  return connection;
}

std::string Place::ask(const std::string& sql) const {
  auto connection = connect();
  const auto rows = connection.execute({.sql = fmt::format("SELECT ({})::text", sql)});
  if (!rows) throw Exception(store::translate(rows.error(), schema));
  return rows->count() == 0 || rows->at(0, 0).is_null() ? "" : rows->at(0, 0).text();
}

void Place::run(const std::string& sql) const {
  auto connection = connect();
  if (const auto done = connection.script(sql); !done)
    throw Exception(store::translate(done.error(), schema));
}

std::vector<int> Place::backends() const {
  auto connection = connect();
  const auto rows = connection.execute({.sql = "SELECT pid FROM pg_stat_activity WHERE backend_type = "
                                               "'client backend' AND pid <> pg_backend_pid()"});
  if (!rows) throw Exception(store::translate(rows.error(), schema));
  std::vector<int> pids;
  for (int i = 0; i < rows->count(); ++i) pids.push_back(static_cast<int>(rows->at(i, 0).integer()));
  return pids;
}

void Place::restart(int signo) {
  stop(signo);
  start_again();
}

void Place::stop(int signo) {
  const auto data = data_of(options().data_folder);
  const auto until = std::chrono::steady_clock::now() + end_patience;
  const int pid = postmaster();
  ::kill(pid, signo);
  while (embedded::is_process_of(data, pid) && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(look_pause);
}

void Place::start_again() {
  // The old use of the folder ends after the new one has begun.
  auto next = embedded::Cluster::start(options()).value();
  *cluster_ = std::move(next);
  proxy_->lead_to(socket_file());
}

void Place::wait_for_answer() const {
  const auto until = std::chrono::steady_clock::now() + end_patience;
  for (;;) {
    const auto opened = pg::Connection::open(cluster_->url(), "equeue chaos: look");
    if (opened) return;
    if (std::chrono::steady_clock::now() >= until) throw Exception(store::translate(opened.error(), schema));
    std::this_thread::sleep_for(look_pause);
  }
}

void Place::wait_until(const std::string& condition, std::string_view what) const {
  const auto until = std::chrono::steady_clock::now() + end_patience;
  while (ask(condition) != "true") {
    if (std::chrono::steady_clock::now() >= until)
      throw Exception({.code = ErrorCode::timeout, .message = fmt::format("{} does not come", what)});
    std::this_thread::sleep_for(look_pause);
  }
}

}  // namespace equeue::chaos

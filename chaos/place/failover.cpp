// A standby is made when it is needed, so that the run does not pay for one all the time.
#include <signal.h>

#include <fstream>
#include <thread>

#include "chaos/load/recorder.hpp"
#include "chaos/place/place.hpp"
#include "embedded/child.hpp"
#include "embedded/placement.hpp"
#include "embedded/postmaster.hpp"
#include "embedded/server_binaries.hpp"

namespace equeue::chaos {
namespace {

constexpr std::chrono::seconds copy_patience{60};
// So long an asynchronous standby hears nothing before its primary dies.
constexpr std::chrono::milliseconds lag{700};

}  // namespace

std::unique_ptr<Proxy> Place::begin_standby(std::optional<embedded::Cluster>& standby) {
  const auto primary = socket_file();
  auto replication = std::make_unique<Proxy>(primary);
  const std::filesystem::path socket(primary);
  ++generation_;
  auto standby_options = options();
  --generation_;
  const auto placement = embedded::place(standby_options.data_folder).value();
  const auto binaries = embedded::find_server_binaries(std::nullopt).value();
  embedded::give_folder(placement.user, placement.data()).value();
  const auto copied =
      embedded::run_to_end({.words = {(binaries.postgres.parent_path() / "pg_basebackup").string(), "-D",
                                      placement.data().string(), "-h", socket.parent_path().string(), "-U",
                                      "equeue", "-X", "stream", "-c", "fast"},
                            .user = &placement.user},
                           copy_patience)
          .value();
  if (!copied.succeeded)
    throw Exception({.code = ErrorCode::io, .message = "pg_basebackup: " + copied.output});
  std::ofstream(placement.data() / "standby.signal").flush();
  standby_options.settings.push_back(
      {"primary_conninfo",
       fmt::format("host=127.0.0.1 port={} user=equeue application_name=standby sslmode=disable "
                   "gssencmode=disable",
                   replication->port())});
  standby = embedded::Cluster::start(standby_options).value();
  return replication;
}

std::optional<ForgetfulTime> Place::fail_over(bool synchronous) {
  std::optional<embedded::Cluster> standby;
  const auto replication = begin_standby(standby);
  wait_until("SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'", "a streaming standby");
  std::optional<ForgetfulTime> forgetful;
  if (synchronous) {
    run("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
    run("SELECT pg_reload_conf()");
    wait_until("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'",
               "a synchronous standby");
    std::this_thread::sleep_for(lag);
  } else {
    forgetful = ForgetfulTime{.from = moment_now()};
    // What was acknowledged until now is there.
    const auto reached = ask("pg_current_wal_flush_lsn()");
    wait_until(fmt::format("SELECT bool_and(flush_lsn >= '{}') FROM pg_stat_replication", reached),
               "the standby");
    replication->become(Network::blackhole);
    std::this_thread::sleep_for(lag);
  }
  ::kill(postmaster(), SIGKILL);
  const auto old = options().data_folder;
  // Backends outlive their postmaster for a moment, and would go on to answer.
  embedded::clear_remains(embedded::place(old).value().data()).value();
  replication->cut();
  ++generation_;
  cluster_ = std::move(standby);
  wait_until("pg_promote(true, 30)", "the promotion");
  run("ALTER SYSTEM RESET synchronous_standby_names");
  run("SELECT pg_reload_conf()");
  proxy_->lead_to(socket_file());
  proxy_->cut();
  if (forgetful) forgetful->to = moment_now();
  disk_.reset();
  forget_generation(generation_ - 1);
  return forgetful;
}

}  // namespace equeue::chaos

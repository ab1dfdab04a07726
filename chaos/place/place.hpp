// The database of a run: a private PostgreSQL behind the proxy, that can be killed and replaced by its
// standby.
#pragma once

#include <equeue/database.hpp>
#include <memory>
#include <optional>

#include "chaos/checker/history.hpp"
#include "chaos/place/pooler.hpp"
#include "chaos/place/small_disk.hpp"
#include "chaos/proxy/proxy.hpp"
#include "embedded/cluster.hpp"
#include "pg/connection.hpp"

namespace equeue::chaos {

class Place {
 public:
  // Starts it in `folder`, and migrates. Throws Exception, as all of this does.
  Place(std::filesystem::path folder, Proxy::Told told);
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  // For the processes of the run: through the proxy.
  [[nodiscard]] std::string url() const;
  // The same, through PgBouncer, if there is one.
  [[nodiscard]] std::string pooled_url() const;
  // All ways lead through this one.
  [[nodiscard]] Proxy& proxy() { return *proxy_; }
  // In front of PgBouncer; null when there is none.
  [[nodiscard]] Proxy* pooled_proxy() { return pooled_proxy_.get(); }
  [[nodiscard]] Pooler* pooler() { return pooler_.get(); }
  // Past the proxy.
  [[nodiscard]] pg::Connection connect() const;
  [[nodiscard]] std::string ask(const std::string& sql) const;
  void run(const std::string& sql) const;
  [[nodiscard]] int postmaster() const { return cluster_->server_pid(); }
  [[nodiscard]] std::vector<int> backends() const;  // of the run's processes

  // Waits until it answers again, after it has restarted itself.
  void wait_for_answer() const;
  // Sends the signal to the postmaster, waits for its end, and starts it again.
  void restart(int signo);
  // Its disk takes nothing more for that time. Requires: nothing is in the way of a SmallDisk.
  void fill_disk(std::chrono::milliseconds time);
  // Kills the server and promotes its standby. An asynchronous one lags: the time whose acknowledgements it
  // may not know is answered.
  [[nodiscard]] std::optional<ForgetfulTime> fail_over(bool synchronous);

 private:
  [[nodiscard]] embedded::ClusterOptions options() const;
  [[nodiscard]] std::string socket_file() const;
  void stop(int signo);
  void start_again();
  void move_to_small_disk();
  void forget_generation(int generation);
  [[nodiscard]] std::unique_ptr<Proxy> begin_standby(std::optional<embedded::Cluster>& standby);
  void wait_until(const std::string& condition, std::string_view what) const;

  std::filesystem::path folder_;
  int generation_ = 0;  // one a failover
  std::optional<embedded::Cluster> cluster_;
  std::unique_ptr<SmallDisk> disk_;
  std::unique_ptr<Proxy> proxy_;
  std::unique_ptr<Pooler> pooler_;
  std::unique_ptr<Proxy> pooled_proxy_;
};

}  // namespace equeue::chaos

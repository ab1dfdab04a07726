// The database of a run: a private PostgreSQL behind the proxy, that can be killed and replaced by its
// standby.
#pragma once

#include <equeue/database.hpp>
#include <memory>
#include <optional>

#include "chaos/checker/history.hpp"
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
  [[nodiscard]] Proxy& proxy() { return *proxy_; }
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
  // Kills the server and promotes its standby. An asynchronous one lags: the time whose acknowledgements it
  // may not know is answered.
  [[nodiscard]] std::optional<ForgetfulTime> fail_over(bool synchronous);

 private:
  [[nodiscard]] embedded::ClusterOptions options() const;
  [[nodiscard]] std::string socket_file() const;
  [[nodiscard]] std::unique_ptr<Proxy> begin_standby(std::optional<embedded::Cluster>& standby);
  void wait_until(const std::string& condition, std::string_view what) const;

  std::filesystem::path folder_;
  int generation_ = 0;  // one a failover
  std::optional<embedded::Cluster> cluster_;
  std::unique_ptr<Proxy> proxy_;
};

}  // namespace equeue::chaos

// Other queues, measured through their own public APIs by programs in bench/peers.
#pragma once

#include <equeue/error.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace equeue::bench {

struct PeerDrain {
  double enqueue_per_second = 0;
  double drain_per_second = 0;
  std::vector<double> steps_per_second;
};

// One that scripts/fetch_peers.sh has installed, or why it has not. Absent is not slow: what it cannot do is
// answered with not_installed.
class Peer {
 public:
  enum class Store { postgresql, redis };
  Peer(std::string title, std::filesystem::path folder, std::vector<std::string> program,
       Store store = Store::postgresql);

  [[nodiscard]] const std::string& title() const { return title_; }
  // On redis the server of the bench means nothing to it.
  [[nodiscard]] bool is_on_postgresql() const { return store_ == Store::postgresql; }
  // As it says itself, once it has run.
  [[nodiscard]] const std::string& version() const { return version_; }

  // Jobs a second, in batches of 1,000. (On redis with fewer jobs: its rate is the same from the first on,
  // and an hour would pass.)
  [[nodiscard]] Result<double> enqueue(const std::string& url, std::size_t jobs);
  // The rate as a whole and of each `step` jobs.
  [[nodiscard]] Result<PeerDrain> drain(const std::string& url, std::size_t jobs, std::size_t step);
  // One by one, idle: the milliseconds of each job.
  [[nodiscard]] Result<std::vector<double>> latency(const std::string& url, std::size_t jobs);

 private:
  [[nodiscard]] Result<std::string> ask(const std::vector<std::string>& arguments);

  std::string title_;
  std::filesystem::path folder_;
  std::vector<std::string> program_;
  Store store_;
  std::string version_;
  std::string broken_{};  // why it is not asked again
};

// All that the bench knows, whether they are there or not; Graphile Worker, which the targets name, first.
[[nodiscard]] std::vector<Peer> known_peers(const std::filesystem::path& folder);

}  // namespace equeue::bench

#include "bench/private_server.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <thread>

#include "base/log.hpp"
#include "embedded/cluster.hpp"
#include "embedded/descriptor.hpp"

namespace equeue::bench {
namespace {

constexpr int exit_interrupted = 130;  // as shells say it
constexpr std::uint64_t interrupted = 1;
constexpr std::uint64_t over = 2;

// Of the one that there is; a signal handler reaches nothing else.
volatile sig_atomic_t listener = -1;

void tell(std::uint64_t what) {
  [[maybe_unused]] const auto written = write(listener, &what, sizeof what);
}

// The second interrupt ends the process at once.
void handle_interrupts(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

void clear(const std::filesystem::path& folder) {
  if (const auto removed = embedded::Cluster::remove(folder); !removed)
    log::warning("{} stays: {}", folder.string(), to_string(removed.error()));
}

}  // namespace

class PrivateServer::Impl {
 public:
  Impl(std::string_view name, const std::optional<std::filesystem::path>& bin_folder)
      : folder_(std::filesystem::temp_directory_path() / fmt::format("equeue-{}-{}", name, getpid())) {
    listener = wake_.get();
    interrupts_ = std::jthread([this] { wait(); });
    handle_interrupts([](int) { tell(interrupted); });
    const char* path = std::getenv("PATH");
    auto cluster = embedded::Cluster::start(
        {.data_folder = folder_,
         .bin_folder = bin_folder,
         .search_path = path != nullptr ? path : "",
         .settings = {{"shared_buffers", "1GB"}, {"max_wal_size", "8GB"}, {"max_connections", "200"}}});
    if (cluster) {
      cluster_.emplace(std::move(*cluster));
      return;
    }
    end();
    throw Exception(cluster.error());
  }

  ~Impl() { end(); }

  [[nodiscard]] std::string url() const { return cluster_->url(); }

 private:
  void wait() const {
    std::uint64_t told = 0;
    while (read(wake_.get(), &told, sizeof told) != sizeof told) {
    }
    if (told == over) return;
    clear(folder_);
    _exit(exit_interrupted);
  }

  void end() {
    handle_interrupts(SIG_DFL);
    tell(over);
    interrupts_.join();
    listener = -1;
    cluster_.reset();
    clear(folder_);
  }

  const std::filesystem::path folder_;
  const embedded::Descriptor wake_{eventfd(0, EFD_CLOEXEC)};
  std::jthread interrupts_;
  std::optional<embedded::Cluster> cluster_;
};

PrivateServer::PrivateServer(std::string_view name, const std::optional<std::filesystem::path>& bin_folder)
    : impl_(std::make_unique<Impl>(name, bin_folder)) {}

PrivateServer::~PrivateServer() = default;

std::string PrivateServer::url() const {
  return impl_->url();
}

}  // namespace equeue::bench

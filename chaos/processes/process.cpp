#include "chaos/processes/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <filesystem>
#include <thread>

#include "process/spawn.hpp"

namespace equeue::chaos {
namespace {

constexpr std::chrono::milliseconds look_pause{5};

}  // namespace

Process::Process(std::string name, std::vector<std::string> command, std::string log,
                 std::vector<std::pair<std::string, std::string>> environment)
    : name_(std::move(name)),
      command_(std::move(command)),
      log_(std::move(log)),
      environment_(std::move(environment)) {}

Process::~Process() {
  if (pid_ != 0) end(SIGKILL, std::chrono::seconds(5));
}

void Process::start(const std::vector<std::pair<std::string, std::string>>& more) {
  auto environment = environment_;
  environment.insert(environment.end(), more.begin(), more.end());
  const auto in = process::above_child_fds(process::UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)));
  const auto out = process::above_child_fds(
      process::UniqueFd(open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)));
  if (!in || !out) throw Exception({.code = ErrorCode::io, .message = "cannot write " + log_});
  pid_ = process::spawn({.command = command_, .environment = environment},
                        {{in.get(), 0}, {out.get(), 1}, {out.get(), 2}})
             .value();
}

bool Process::has_ended() {
  if (pid_ == 0) return true;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return false;
  pid_ = 0;
  return true;
}

bool Process::revive() {
  if (!has_ended()) return false;
  start();
  return true;
}

void Process::signal(int signo) const {
  if (pid_ != 0) ::kill(pid_, signo);
}

bool Process::end(int signo, std::chrono::milliseconds patience) {
  signal(signo);
  const auto until = std::chrono::steady_clock::now() + patience;
  bool in_time = true;
  while (!has_ended()) {
    if (in_time && std::chrono::steady_clock::now() >= until) {
      in_time = false;
      signal(SIGKILL);
    }
    std::this_thread::sleep_for(look_pause);
  }
  return in_time;
}

std::string program_next_to_us(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

int free_port() {
  using boost::asio::ip::tcp;
  boost::asio::io_context io;
  return tcp::acceptor(io, {boost::asio::ip::address_v4::loopback(), 0}).local_endpoint().port();
}

}  // namespace equeue::chaos

#include "embedded/postmaster.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <charconv>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "embedded/hash.hpp"

namespace equeue::embedded {
namespace {

namespace fs = std::filesystem;

constexpr auto poll_pause = std::chrono::milliseconds(5);
// An immediate shutdown writes nothing, so its processes are gone at once unless the disk hangs.
constexpr auto immediate_patience = std::chrono::seconds(5);

std::string read_proc(pid_t pid, const char* name) {
  std::ifstream in(fmt::format("/proc/{}/{}", pid, name), std::ios::binary);
  // Through a stream, which takes a process that ends in the middle for the end; an iterator would throw.
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

template <class Number>
Number to_number(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::vector<pid_t> processes_of(const fs::path& data) {
  std::vector<pid_t> found;
  std::error_code fault;
  for (fs::directory_iterator at("/proc", fault), end; !fault && at != end; at.increment(fault)) {
    const auto pid = to_number<pid_t>(at->path().filename().native());
    if (pid > 0 && is_process_of(data, pid)) found.push_back(pid);
  }
  return found;
}

// Reaps the server when it is our own child: until then its pid counts as taken. An adopted one has another
// parent.
bool is_gone(const fs::path& data, pid_t pid) {
  const pid_t waited = waitpid(pid, nullptr, WNOHANG);
  return waited == pid || (waited < 0 && !is_process_of(data, pid));
}

bool wait_until_gone(const fs::path& data, pid_t pid, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!is_gone(data, pid)) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(poll_pause);
  }
  return true;
}

Result<void> end_backends(const fs::path& data) {
  const auto until = std::chrono::steady_clock::now() + 2 * immediate_patience;
  const auto harsh_from = until - immediate_patience;
  for (;;) {
    const auto left = processes_of(data);
    if (left.empty()) return {};
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) {
      return Error{.code = ErrorCode::io,
                   .message = fmt::format("process {} of the server in {} cannot be ended", left.front(),
                                          data.string()),
                   .hint = "look at its state with ps"};
    }
    for (const auto pid : left) kill(pid, now < harsh_from ? SIGQUIT : SIGKILL);
    std::this_thread::sleep_for(poll_pause);
  }
}

}  // namespace

std::optional<PostmasterRecord> read_postmaster_record(const fs::path& data) {
  // Lines: pid, data folder, start time, port, socket folder, listen address, shared memory key, status.
  std::ifstream in(data / "postmaster.pid");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  if (lines.empty()) return std::nullopt;
  lines.resize(8);
  PostmasterRecord record{
      .pid = to_number<pid_t>(lines[0]), .port = to_number<int>(lines[3]), .socket_folder = lines[4]};
  record.accepts_connections = lines[7].starts_with("ready") || lines[7].starts_with("standby");
  if (record.pid <= 0) return std::nullopt;
  return record;
}

std::string identity_of(const fs::path& data) {
  return fmt::format("equeue-{:016x}", stable_hash(data.native()));
}

bool is_process_of(const fs::path& data, pid_t pid) {
  return read_proc(pid, "comm").starts_with("postgres") &&
         read_proc(pid, "cmdline").find(identity_of(data)) != std::string::npos;
}

std::optional<pid_t> find_postmaster(const fs::path& data) {
  const auto record = read_postmaster_record(data);
  if (!record || !is_process_of(data, record->pid)) return std::nullopt;
  return record->pid;
}

Result<void> end_postmaster(const fs::path& data, pid_t pid, std::chrono::milliseconds patience) {
  if (!is_gone(data, pid)) kill(pid, SIGINT);
  if (!wait_until_gone(data, pid, patience)) {
    log::warning("PostgreSQL ({}) did not stop within {} ms: stopping it at once", pid, patience.count());
    kill(pid, SIGQUIT);
    if (!wait_until_gone(data, pid, immediate_patience)) kill(pid, SIGKILL);
    if (!wait_until_gone(data, pid, immediate_patience)) {
      return Error{.code = ErrorCode::io,
                   .message = fmt::format("the server {} in {} cannot be ended", pid, data.string()),
                   .hint = "look at its state with ps"};
    }
  }
  return end_backends(data);
}

Result<void> clear_remains(const fs::path& data) {
  if (auto ended = end_backends(data); !ended) return ended;
  const auto record = read_postmaster_record(data);
  if (!record) return {};
  wait_until_gone(data, record->pid, immediate_patience);
  const auto program = read_proc(record->pid, "comm");
  const auto words = read_proc(record->pid, "cmdline");
  if (program.empty()) return {};
  // A zombie has no words. A server that somebody started by hand stays protected: PostgreSQL then refuses a
  // second one.
  if (words.empty() || !program.starts_with("postgres") || words.find("equeue-") != std::string::npos) {
    std::error_code ignored;
    fs::remove(data / "postmaster.pid", ignored);
  }
  return {};
}

}  // namespace equeue::embedded

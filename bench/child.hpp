// A program as its own child: what must be in a process of its own is the same program, started again with
// `child ROLE ARGUMENTS…`.
#pragma once

#include <future>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace equeue::bench {

using Arguments = std::vector<std::string>;

struct ChildRole {
  std::string_view name;
  int (*run)(const Arguments& arguments);  // answers the exit code
};
// What main does when its first argument is "child"; `arguments` are those after it.
[[nodiscard]] int run_child(std::span<const ChildRole> roles, const Arguments& arguments);

// Starts `child ARGUMENTS…` and answers what it printed. Throws Exception when it fails, unless it was asked
// to stop.
std::string ask_child(Arguments arguments, const std::stop_token& stop = {});

// A child that goes on beside this process until the destructor, which stops it by SIGTERM. It is given a
// file's name as its last argument, and says in that file that it is ready (tell_parent).
class RunningChild {
 public:
  // Throws Exception when the child does not get ready.
  explicit RunningChild(Arguments arguments);
  ~RunningChild();
  RunningChild(const RunningChild&) = delete;
  RunningChild& operator=(const RunningChild&) = delete;

  [[nodiscard]] const std::string& told() const { return told_; }
  // Throws Exception when the child has ended.
  void check();

 private:
  std::string told_;
  std::stop_source stop_;
  std::future<std::string> process_;
};
void tell_parent(const std::string& file, std::string_view text);

}  // namespace equeue::bench

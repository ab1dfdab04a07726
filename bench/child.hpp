// The bench as its own child: what must be measured in a process of its own is this program, started again.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

namespace equeue::bench {

// What main does when its first argument is "child".
[[nodiscard]] int run_child(const std::vector<std::string>& arguments);

// Starts `child ARGUMENTS…` and answers what it printed. Throws Exception when it fails, unless it was asked
// to stop.
std::string ask_child(std::vector<std::string> arguments, const std::stop_token& stop = {});

// One file each.
int worker_child(const std::vector<std::string>& arguments);  // worker_processes.cpp
int memory_child(const std::vector<std::string>& arguments);  // scenarios/memory.cpp
int server_child(const std::vector<std::string>& arguments);  // http_server.cpp

}  // namespace equeue::bench

#include "bench/worker_processes.hpp"

#include <sys/resource.h>

#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <equeue/json_codec.hpp>
#include <future>
#include <thread>

#include "base/json_document.hpp"
#include "measure/drain.hpp"

namespace equeue::bench {
namespace {

using measure::Clock;

// Long enough for a process to start.
constexpr std::chrono::milliseconds head_start{150};

// Times of the steady clock are the same in all processes of a machine.
std::string in_nanoseconds(Clock::time_point at) {
  return std::to_string(at.time_since_epoch().count());
}
Clock::time_point from_nanoseconds(std::int64_t at) {
  return Clock::time_point(std::chrono::nanoseconds(at));
}

double own_cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

}  // namespace

int worker_child(const Arguments& arguments) {
  const Database database{.url = arguments.at(0), .schema = arguments.at(1)};
  std::this_thread::sleep_until(from_nanoseconds(std::stoll(arguments.at(2))));
  const auto cpu_before = own_cpu_us();
  const auto drained = measure::drain(database, 1'000'000).value();
  fmt::print("{}\n", JsonObject()
                         .number("succeeded", static_cast<std::int64_t>(drained.succeeded))
                         .number("begin", drained.begin.time_since_epoch().count())
                         .number("end", drained.end.time_since_epoch().count())
                         .real("cpu_us", own_cpu_us() - cpu_before)
                         .str());
  return 0;
}

ProcessesDrained drain_by_processes(const Database& database, int processes, std::size_t jobs) {
  const auto start = in_nanoseconds(Clock::now() + head_start);
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < processes; ++i) {
    answers.push_back(std::async(std::launch::async, [&] {
      return ask_child({"worker", database.url, database.schema, start});
    }));
  }
  std::size_t succeeded = 0;
  auto begin = Clock::time_point::max(), end = Clock::time_point::min();
  double cpu_us = 0;
  for (auto& answer : answers) {
    const auto value = detail::parse(answer.get()).value();
    const auto& told = value.as_object();
    const auto count = told.at("succeeded").to_number<std::size_t>();
    succeeded += count;
    cpu_us += told.at("cpu_us").to_number<double>();
    begin = std::min(begin, from_nanoseconds(told.at("begin").as_int64()));
    if (count > 0) end = std::max(end, from_nanoseconds(told.at("end").as_int64()));
  }
  if (succeeded != jobs) {
    throw Exception(
        {.code = ErrorCode::wrong_state, .message = fmt::format("{} of {} jobs succeeded", succeeded, jobs)});
  }
  return {.per_second = measure::per_second(jobs, begin, end),
          .client_cpu_us = cpu_us / static_cast<double>(jobs)};
}

}  // namespace equeue::bench

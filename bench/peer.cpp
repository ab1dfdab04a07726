#include "bench/peer.hpp"

#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <equeue/json_codec.hpp>
#include <fstream>

#include "process/process.hpp"

namespace equeue::bench {
namespace {

// A peer's times are a line of numbers for each job.
constexpr std::size_t answer_bytes_max = 16 * 1024 * 1024;

constexpr std::size_t jobs_max_on_redis = 10'000;

std::string first_line(const std::filesystem::path& file) {
  std::string line;
  std::ifstream in(file);
  std::getline(in, line);
  return line;
}

}  // namespace

Peer::Peer(std::string title, std::filesystem::path folder, std::vector<std::string> program, Store store)
    : title_(std::move(title)), folder_(std::move(folder)), program_(std::move(program)), store_(store) {
  const auto reason = first_line(folder_.string() + ".absent");
  if (!reason.empty()) {
    broken_ = reason;
  } else if (folder_.empty() || !std::filesystem::exists(folder_ / program_[0])) {
    broken_ = "not installed: ./dev bench --peers";
  }
}

Result<std::string> Peer::ask(const std::vector<std::string>& arguments) {
  if (!broken_.empty()) return Error{.code = ErrorCode::not_installed, .message = broken_};
  auto command = program_;
  command[0] = (folder_ / program_[0]).string();
  command.insert(command.end(), arguments.begin(), arguments.end());
  auto report = process::run_process(
      {.command = command, .folder = folder_.string(), .stdout_bytes_max = answer_bytes_max}, {});
  const auto* exited = std::get_if<process::Exited>(&report.end);
  auto answer = detail::parse(report.stdout_text);
  if (exited == nullptr || exited->code != 0 || !answer) {
    broken_ = fmt::format("its {} failed: {}", arguments[0], report.stderr_tail);
    return Error{.code = ErrorCode::not_installed, .message = broken_};
  }
  const auto& object = answer->as_object();
  version_ = boost::json::value_to<std::string>(object.at("version"));
  if (const auto* absent = object.if_contains("absent")) {
    return Error{.code = ErrorCode::not_installed, .message = boost::json::value_to<std::string>(*absent)};
  }
  return std::move(report.stdout_text);
}

Result<double> Peer::enqueue(const std::string& url, std::size_t jobs) {
  if (!is_on_postgresql()) jobs = std::min(jobs, jobs_max_on_redis);
  const auto answer = ask({"enqueue", url, std::to_string(jobs)});
  if (!answer) return answer.error();
  return detail::parse(*answer).value().at("enqueue_per_second").to_number<double>();
}

Result<PeerDrain> Peer::drain(const std::string& url, std::size_t jobs, std::size_t step) {
  if (!is_on_postgresql()) jobs = step = std::min(jobs, jobs_max_on_redis);
  const auto answer = ask({"drain", url, std::to_string(jobs), std::to_string(step)});
  if (!answer) return answer.error();
  const auto figures = detail::parse(*answer).value();
  return PeerDrain{.enqueue_per_second = figures.at("enqueue_per_second").to_number<double>(),
                   .drain_per_second = figures.at("drain_per_second").to_number<double>(),
                   .steps_per_second = boost::json::value_to<std::vector<double>>(figures.at("steps"))};
}

Result<std::vector<double>> Peer::latency(const std::string& url, std::size_t jobs) {
  const auto answer = ask({"latency", url, std::to_string(jobs)});
  if (!answer) return answer.error();
  return boost::json::value_to<std::vector<double>>(detail::parse(*answer).value().at("times_ms"));
}

std::vector<Peer> known_peers(const std::filesystem::path& folder) {
  const auto in = [&](const char* name) {
    return folder.empty() ? folder : std::filesystem::absolute(folder) / name;
  };
  const std::string node = "node_modules/.bin/node";
  return {Peer("Graphile Worker", in("graphile"), {node, "peer.mjs"}),
          Peer("pg-boss", in("pgboss"), {node, "peer.mjs"}), Peer("River", in("river"), {"peer"}),
          Peer("PgQueuer", in("pgqueuer"), {"venv/bin/python", "peer.py"}),
          Peer("Celery on Redis", in("celery"), {"venv/bin/python", "peer.py"}, Peer::Store::redis)};
}

}  // namespace equeue::bench

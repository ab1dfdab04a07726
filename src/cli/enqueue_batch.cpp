#include "cli/enqueue_batch.hpp"

#include <equeue/limits.hpp>
#include <fstream>
#include <iostream>
#include <set>

#include "base/duration.hpp"
#include "base/json_document.hpp"
#include "cli/declare.hpp"
#include "cli/job_line.hpp"
#include "cli/printable.hpp"
#include "cli/progress.hpp"

namespace equeue::cli {
namespace {

class Batcher {
 public:
  // `input_bytes` is 0 when nobody knows.
  Batcher(Session& session, Client& client, std::uintmax_t input_bytes)
      : session_(session),
        client_(client),
        progress_(session.terminal, "enqueueing", std::nullopt),
        input_bytes_(input_bytes) {}

  Result<void> add(const std::string& line) {
    ++line_number_;
    read_bytes_ += line.size() + 1;
    if (line.find_first_not_of(" \t\r") == line.npos) return {};
    auto job = parse_job_line(line);
    if (!job) return at_line(job.error(), line_number_);
    if (jobs_.empty()) first_line_ = line_number_;
    jobs_.push_back(std::move(*job));
    return jobs_.size() == limits::batch_jobs_max ? flush() : Result<void>{};
  }

  Result<void> flush() {
    if (jobs_.empty()) return {};
    if (auto declared = declare_new_tasks(); !declared) return declared;
    const auto answers = client_.enqueue(jobs_);
    if (!answers) return in_batch(answers.error());
    for (const auto& answer : *answers) {
      existing_ += answer.existing ? 1 : 0;
      if (session_.json) ids_.push_back(json_quoted(to_string(answer.id)));
    }
    done_ += static_cast<std::int64_t>(answers->size());
    last_done_line_ = line_number_;
    jobs_.clear();
    if (input_bytes_ > 0) {
      const auto share = static_cast<double>(read_bytes_) / static_cast<double>(input_bytes_);
      progress_.expect(static_cast<std::int64_t>(static_cast<double>(done_) / share));
    }
    progress_.show(done_);
    return {};
  }

  void report() {
    if (session_.json) {
      session_.terminal.print_line(JsonObject()
                                       .number("enqueued", done_ - existing_)
                                       .number("existing", existing_)
                                       .raw("ids", json_array(ids_))
                                       .str());
      return;
    }
    const auto known = existing_ == 0 ? "" : fmt::format(", {} were there already", with_commas(existing_));
    session_.terminal.print_line(fmt::format("{} {} enqueued in {}{}", with_commas(done_ - existing_),
                                             done_ - existing_ == 1 ? "job" : "jobs",
                                             describe_duration(progress_.elapsed()), known));
  }

 private:
  Result<void> declare_new_tasks() {
    std::vector<std::string> fresh;
    for (const auto& job : jobs_) {
      if (seen_tasks_.insert(job.task).second) fresh.push_back(job.task);
    }
    return declare_known(session_, client_, fresh);
  }

  Error with_progress(Error error) const {
    const auto before = done_ == 0 ? std::string("no line before is enqueued")
                                   : fmt::format("lines 1 to {} are enqueued ({} jobs); go on at line {}",
                                                 last_done_line_, with_commas(done_), last_done_line_ + 1);
    error.hint = error.hint.empty() ? before : error.hint + "; " + before;
    return error;
  }

  Error at_line(Error error, std::int64_t line) const {
    error.message = fmt::format("line {}: {}", line, error.message);
    return with_progress(std::move(error));
  }

  Error in_batch(Error error) const {
    const auto fate = error.code == ErrorCode::outcome_unknown ? "" : ", none of which is enqueued";
    error.message = fmt::format("lines {} to {}{}: {}", first_line_, line_number_, fate, error.message);
    return with_progress(std::move(error));
  }

  Session& session_;
  Client& client_;
  Progress progress_;
  std::uintmax_t input_bytes_;
  std::uintmax_t read_bytes_ = 0;
  std::vector<NewJob> jobs_;
  std::set<std::string> seen_tasks_;
  std::vector<std::string> ids_;
  std::int64_t line_number_ = 0;
  std::int64_t first_line_ = 0;
  std::int64_t last_done_line_ = 0;
  std::int64_t done_ = 0;
  std::int64_t existing_ = 0;
};

Result<void> read_all(std::istream& in, const std::string& file, Batcher& batcher) {
  for (std::string line; std::getline(in, line);) {
    if (auto added = batcher.add(line); !added) return added;
  }
  if (in.bad()) return Error{.code = ErrorCode::io, .message = fmt::format("cannot read {}", file)};
  return batcher.flush();
}

}  // namespace

Result<int> enqueue_batch(Session& session, const std::string& file) {
  auto client = make_client(session);
  if (!client) return client.error();
  std::ifstream opened;
  std::uintmax_t input_bytes = 0;
  if (file != "-") {
    opened.open(file);
    if (!opened || std::filesystem::is_directory(file)) {
      return Error{.code = ErrorCode::io,
                   .message = fmt::format("cannot read {}", file),
                   .hint = "is there such a file, and may you read it?"};
    }
    std::error_code unknown;
    if (std::filesystem::is_regular_file(file, unknown)) input_bytes = std::filesystem::file_size(file);
  }
  Batcher batcher(session, *client, input_bytes);
  if (auto read = read_all(file == "-" ? std::cin : opened, file, batcher); !read) return read.error();
  batcher.report();
  return 0;
}

}  // namespace equeue::cli

#include "cli/demo_text.hpp"

#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/json_document.hpp"
#include "cli/printable.hpp"

namespace equeue::cli {
namespace {

// More would bury the summary; `equeue dead list` shows all.
constexpr std::size_t cases_shown = 10;

double jobs_per_second(const DemoReport& report) {
  const double seconds = std::chrono::duration<double>(report.elapsed).count();
  return static_cast<double>(report.good + report.broken) / std::max(seconds, 1e-3);
}

std::string listed(const std::vector<std::string>& lines) {
  std::string text;
  for (std::size_t i = 0; i < std::min(lines.size(), cases_shown); ++i)
    text += fmt::format("    {}\n", lines[i]);
  if (lines.size() > cases_shown) text += fmt::format("    and {} more\n", lines.size() - cases_shown);
  return text;
}

std::string dead_lines(const std::vector<DemoCase>& cases) {
  std::vector<std::string> lines;
  for (const auto& found : cases) lines.push_back(one_line(found.reason));
  return listed(lines);
}

std::string unexpected_lines(const std::vector<DemoCase>& cases) {
  std::vector<std::string> lines;
  for (const auto& found : cases) {
    lines.push_back(fmt::format("{} {} {}", found.job, found.state, one_line(found.reason)));
  }
  return listed(lines);
}

std::string cases_json(const std::vector<DemoCase>& cases) {
  std::vector<std::string> elements;
  for (const auto& found : cases) {
    elements.push_back(
        JsonObject().text("job", found.job).text("state", found.state).text("reason", found.reason).str());
  }
  return json_array(elements);
}

}  // namespace

std::string demo_text(const DemoReport& report, const DemoOptions& options, const TerminalFacts& facts) {
  const bool fine = report.is_as_it_should_be();
  auto text = fmt::format("{}: {} jobs in {}, {} a second (seed {})\n",
                          styled(fine ? "The demo ended as it should" : "The demo did NOT end as it should",
                                 fine ? Style::green : Style::red, facts.color_out),
                          with_commas(report.good + report.broken), describe_duration(report.elapsed),
                          with_commas(static_cast<std::int64_t>(jobs_per_second(report))), options.seed);
  text += fmt::format("  {} of {} puzzles solved, each solution checked against its givens\n",
                      with_commas(report.verified), with_commas(report.good));
  text += fmt::format("  one took {} to solve in the median, {} at most\n",
                      describe_duration(std::chrono::microseconds(report.median_micros)),
                      describe_duration(std::chrono::microseconds(report.longest_micros)));
  text +=
      fmt::format("  {} of {} broken lines ended dead, as they should:\n", report.dead.size(), report.broken);
  text += dead_lines(report.dead);
  if (!fine) {
    text += "  these did not end as they should:\n" + unexpected_lines(report.unexpected);
  }
  return text;
}

std::string demo_json(const DemoReport& report, const DemoOptions& options) {
  return JsonObject()
      .boolean("as_it_should_be", report.is_as_it_should_be())
      .number("seed", static_cast<std::int64_t>(options.seed))
      .number("jobs", report.good + report.broken)
      .number("verified", report.verified)
      .raw("dead", cases_json(report.dead))
      .raw("unexpected", cases_json(report.unexpected))
      .real("seconds", std::chrono::duration<double>(report.elapsed).count())
      .real("jobs_per_second", jobs_per_second(report))
      .number("median_micros", report.median_micros)
      .number("longest_micros", report.longest_micros)
      .str();
}

}  // namespace equeue::cli

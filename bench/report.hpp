// What was measured, against what it was measured, and what was to be reached.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace equeue::bench {

// One side of a comparison: what each round gave.
struct Side {
  std::string name;
  std::vector<double> rounds;
};

struct Target {
  enum class Is { at_least, at_most };
  Is is = Is::at_least;
  double bound = 0;
};

// One line of the table.
struct Figure {
  std::string scenario;
  std::string what;
  std::string unit;
  std::vector<Side> sides;  // ours first
  // Whether the target is about the ratio of the first side to the second, round by round, instead of about
  // the first side's own value.
  bool is_ratio = false;
  std::optional<Target> target{};
  std::string absent{};  // why it was not measured, or not against what it should have been
};

// The number that is held against the target: the median over the rounds. Nothing of a figure that is absent.
[[nodiscard]] std::optional<double> value_of(const Figure& figure);
// "met", "not met", "absent", or "" for a figure without a target.
[[nodiscard]] std::string verdict_of(const Figure& figure);

// A line chart, of which one is drawn for each.
struct Line {
  std::string name;
  std::vector<std::pair<double, double>> points;
};
struct Chart {
  std::string name;  // of the file
  std::string title;
  std::string x_title;
  std::string y_title;
  std::vector<Line> lines;
};

struct Report {
  std::vector<std::pair<std::string, std::string>> settings;  // versions, machine, server, sizes
  std::vector<Figure> figures;
  std::vector<Chart> charts;
};

[[nodiscard]] std::string to_json(const Report& report);
[[nodiscard]] std::string to_table(const Report& report);

}  // namespace equeue::bench

#include "bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_document.hpp"
#include "measure/percentile.hpp"

namespace equeue::bench {
namespace {

std::vector<double> ratios(const Figure& figure) {
  std::vector<double> values;
  if (figure.sides.size() < 2) return values;
  const auto& [ours, others] = std::pair(figure.sides[0].rounds, figure.sides[1].rounds);
  for (std::size_t i = 0; i < std::min(ours.size(), others.size()); ++i) {
    if (others[i] > 0) values.push_back(ours[i] / others[i]);
  }
  return values;
}

// Three digits that mean something, whatever the size.
std::string number(double value) {
  if (value >= 10'000) return fmt::format("{:.1f}k", value / 1'000);
  if (value >= 100) return fmt::format("{:.0f}", value);
  return fmt::format("{:.2f}", value);
}

std::string describe(const Target& target) {
  return fmt::format("{} {}", target.is == Target::Is::at_least ? ">=" : "<=", number(target.bound));
}

std::string describe(const Side& side) {
  if (side.rounds.empty()) return fmt::format("{} absent", side.name);
  const auto [low, high] = std::ranges::minmax(side.rounds);
  const auto middle = number(measure::median(side.rounds));
  if (side.rounds.size() == 1) return fmt::format("{} {}", side.name, middle);
  return fmt::format("{} {} ({} to {})", side.name, middle, number(low), number(high));
}

std::string array_of(const std::vector<double>& values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const double value : values) texts.push_back(fmt::format("{}", value));
  return json_array(texts);
}

std::string to_json(const Side& side) {
  JsonObject object;
  object.text("name", side.name).raw("rounds", array_of(side.rounds));
  if (!side.rounds.empty()) {
    const auto [low, high] = std::ranges::minmax(side.rounds);
    object.real("median", measure::median(side.rounds)).real("min", low).real("max", high);
  }
  return object.str();
}

std::string to_json(const Figure& figure) {
  std::vector<std::string> sides;
  for (const auto& side : figure.sides) sides.push_back(to_json(side));
  JsonObject object;
  object.text("scenario", figure.scenario).text("what", figure.what).text("unit", figure.unit);
  object.raw("sides", json_array(sides));
  if (figure.is_ratio) object.raw("ratios", array_of(ratios(figure)));
  if (const auto value = value_of(figure)) object.real("value", *value);
  if (figure.target) object.text("target", describe(*figure.target)).text("verdict", verdict_of(figure));
  if (!figure.absent.empty()) object.text("absent", figure.absent);
  return object.str();
}

std::string to_json(const Chart& chart) {
  std::vector<std::string> lines;
  for (const auto& line : chart.lines) {
    std::vector<std::string> points;
    for (const auto& [x, y] : line.points) points.push_back(array_of({x, y}));
    lines.push_back(JsonObject().text("name", line.name).raw("points", json_array(points)).str());
  }
  return JsonObject()
      .text("name", chart.name)
      .text("title", chart.title)
      .text("x", chart.x_title)
      .text("y", chart.y_title)
      .raw("lines", json_array(lines))
      .str();
}

}  // namespace

std::optional<double> value_of(const Figure& figure) {
  const auto values = figure.is_ratio        ? ratios(figure)
                      : figure.sides.empty() ? std::vector<double>{}
                                             : figure.sides[0].rounds;
  if (values.empty()) return std::nullopt;
  return measure::median(values);
}

std::string verdict_of(const Figure& figure) {
  if (!figure.target) return "";
  const auto value = value_of(figure);
  if (!value) return "absent";
  const bool met = figure.target->is == Target::Is::at_least ? *value >= figure.target->bound
                                                             : *value <= figure.target->bound;
  return met ? "met" : "not met";
}

std::string to_json(const Report& report) {
  JsonObject settings;
  for (const auto& [name, value] : report.settings) settings.text(name, value);
  std::vector<std::string> figures, charts;
  for (const auto& figure : report.figures) figures.push_back(to_json(figure));
  for (const auto& chart : report.charts) charts.push_back(to_json(chart));
  return JsonObject()
      .raw("settings", settings.str())
      .raw("figures", json_array(figures))
      .raw("charts", json_array(charts))
      .str();
}

std::string to_table(const Report& report) {
  std::string text;
  for (const auto& [name, value] : report.settings) text += fmt::format("{}: {}\n", name, value);
  std::size_t what_width = 0;
  for (const auto& figure : report.figures) what_width = std::max(what_width, figure.what.size());
  std::string scenario;
  for (const auto& figure : report.figures) {
    if (figure.scenario != scenario) text += fmt::format("\n{}\n", scenario = figure.scenario);
    const auto value = value_of(figure);
    const auto shown = value ? number(*value) + (figure.is_ratio ? "x" : " " + figure.unit) : "absent";
    const auto judged =
        figure.target ? fmt::format("{:<9}{}", describe(*figure.target), verdict_of(figure)) : "";
    std::vector<std::string> sides;
    for (const auto& side : figure.sides) sides.push_back(describe(side));
    text += fmt::format("  {:<{}}  {:>16}  {:<16}  {}{}\n", figure.what, what_width, shown, judged,
                        fmt::join(sides, "; "), figure.absent.empty() ? "" : "  " + figure.absent);
  }
  return text;
}

}  // namespace equeue::bench

#include "bench/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace equeue::bench {
namespace {

constexpr double width = 800, height = 420, left = 80, right = 190, top = 50, bottom = 60;
constexpr double plot_width = width - left - right, plot_height = height - top - bottom;
constexpr const char* colors[] = {"#d1495b", "#00798c", "#edae49", "#66a182", "#8d6a9f", "#444444"};
constexpr int ticks = 5;

// The next of 1, 2, 2.5, 5 times a power of ten.
double round_up(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (factor * power >= value) return factor * power;
  }
  return 10 * power;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string label(double value) {
  if (value >= 1'000'000) return fmt::format("{:g}M", value / 1'000'000);
  return value >= 1'000 ? fmt::format("{:g}k", value / 1'000) : fmt::format("{:g}", value);
}

std::string text(double x, double y, std::string_view anchor, std::string_view content) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     escaped(content));
}

struct Scale {
  double x_max = 1, y_max = 1;
  [[nodiscard]] double x(double value) const { return left + value / x_max * plot_width; }
  [[nodiscard]] double y(double value) const { return top + plot_height - value / y_max * plot_height; }
};

Scale scale_of(const Chart& chart) {
  Scale scale{0, 0};
  for (const auto& line : chart.lines) {
    for (const auto& [x, y] : line.points) {
      scale.x_max = std::max(scale.x_max, x);
      scale.y_max = std::max(scale.y_max, y);
    }
  }
  return {round_up(scale.x_max), round_up(scale.y_max)};
}

std::string axes(const Chart& chart, const Scale& scale) {
  std::string svg;
  for (int tick = 0; tick <= ticks; ++tick) {
    const double y_value = scale.y_max * tick / ticks, x_value = scale.x_max * tick / ticks;
    svg += fmt::format("<path d=\"M{:.1f} {:.1f}h{:.1f}\" stroke=\"#dddddd\"/>\n", left, scale.y(y_value),
                       plot_width);
    svg += text(left - 8, scale.y(y_value) + 4, "end", label(y_value));
    svg += text(scale.x(x_value), top + plot_height + 20, "middle", label(x_value));
  }
  svg += text(left + plot_width / 2, height - 14, "middle", chart.x_title);
  svg += text(left, top - 10, "middle", chart.y_title);
  return svg;
}

// The first line is the one that the chart is about.
std::string draw(const Line& line, const Scale& scale, const char* color, double legend_y, bool is_first) {
  std::string points;
  for (const auto& [x, y] : line.points) points += fmt::format("{:.1f},{:.1f} ", scale.x(x), scale.y(y));
  const double legend_x = left + plot_width + 14;
  return fmt::format(
             "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"/>\n"
             "<path d=\"M{:.1f} {:.1f}h18\" stroke=\"{}\" stroke-width=\"3\"/>\n",
             points, color, is_first ? 3.5 : 2.0, legend_x, legend_y, color) +
         text(legend_x + 24, legend_y + 4, "start", line.name);
}

}  // namespace

std::string to_svg(const Chart& chart) {
  const auto scale = scale_of(chart);
  auto svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n"
      "<text x=\"{2}\" y=\"24\" font-size=\"16\">{3}</text>\n",
      width, height, left, escaped(chart.title));
  svg += axes(chart, scale);
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    svg += draw(chart.lines[i], scale, colors[i % std::size(colors)], top + 10 + 22 * static_cast<double>(i),
                i == 0);
  }
  return svg + "</svg>\n";
}

}  // namespace equeue::bench

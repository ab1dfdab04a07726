// A chart as an SVG picture.
#pragma once

#include <string>

#include "bench/report.hpp"

namespace equeue::bench {

// Axes from zero, a line with a legend for each.
[[nodiscard]] std::string to_svg(const Chart& chart);

}  // namespace equeue::bench

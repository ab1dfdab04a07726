#include "cli/table.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "cli/printable.hpp"

namespace equeue::cli {
namespace {

constexpr std::size_t gap = 2;
// With less than this a last column says nothing.
constexpr std::size_t last_column_min = 20;

struct Layout {
  std::vector<std::size_t> columns;  // those that share a line
  std::vector<std::size_t> widths;
  std::optional<std::size_t> below{};  // the column that has a line of its own
};

// Appends cells to a line; the padding of the last one is left out.
class Line {
 public:
  explicit Line(bool color) : color_(color) {}

  void add(const Cell& cell, std::size_t width, bool right) {
    const auto text = shortened(cell.text, width);
    const auto missing = width - width_of(text);
    if (right) owed_ += missing;
    if (!text.empty()) {
      text_.append(owed_, ' ');
      text_ += styled(text, cell.style, color_);
      owed_ = 0;
    }
    owed_ += gap + (right ? 0 : missing);
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  bool color_;
  std::size_t owed_ = 0;
  std::string text_{};
};

std::size_t total(const std::vector<std::size_t>& widths) {
  std::size_t sum = 0;
  for (const auto width : widths) sum += width + gap;
  return sum == 0 ? 0 : sum - gap;
}

}  // namespace

void Table::add(std::vector<Cell> row) {
  EQUEUE_CHECK(row.size() == columns_.size());
  for (auto& cell : row) cell.text = one_line(cell.text);
  rows_.push_back(std::move(row));
}

std::size_t Table::width_of_column(std::size_t column) const {
  auto width = width_of(columns_[column].title);
  for (const auto& row : rows_) width = std::max(width, width_of(row[column].text));
  return width;
}

// All, or on a narrow terminal as many as fit beside the last one.
std::vector<std::size_t> Table::shown_columns(const TerminalFacts& facts) const {
  std::vector<std::size_t> shown;
  std::size_t width = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    shown.push_back(i);
    if (i + 1 < columns_.size()) width += width_of_column(i) + gap;
  }
  if (!facts.out_is_terminal) return shown;
  for (std::size_t i = columns_.size(); i-- > 0;) {
    if (width <= static_cast<std::size_t>(facts.columns)) break;
    if (!columns_[i].optional) continue;
    width -= width_of_column(i) + gap;
    std::erase(shown, i);
  }
  return shown;
}

std::string Table::format(const TerminalFacts& facts) const {
  Layout layout{.columns = shown_columns(facts)};
  for (const auto column : layout.columns) layout.widths.push_back(width_of_column(column));
  const auto line_width = static_cast<std::size_t>(std::max(facts.columns, 0));
  if (facts.out_is_terminal && total(layout.widths) > line_width) {
    const auto last = layout.widths.back();
    layout.widths.pop_back();
    const auto before = layout.widths.empty() ? 0 : total(layout.widths) + gap;
    if (before + last_column_min <= line_width) {
      layout.widths.push_back(std::min(last, line_width - before));
    } else {
      layout.below = layout.columns.back();
      layout.columns.pop_back();
    }
  }

  std::string out;
  const auto add_row = [&](auto cell_at) {
    Line line(facts.color_out);
    for (std::size_t i = 0; i < layout.columns.size(); ++i) {
      line.add(cell_at(layout.columns[i]), layout.widths[i], columns_[layout.columns[i]].right);
    }
    out += line.text() + "\n";
    if (!layout.below) return;
    const Cell below = cell_at(*layout.below);
    if (below.text.empty()) return;
    const auto room = line_width > gap ? line_width - gap : 1;
    out += std::string(gap, ' ') + styled(shortened(below.text, room), below.style, facts.color_out) + "\n";
  };
  add_row([&](std::size_t i) { return Cell{columns_[i].title, Style::dim}; });
  for (const auto& row : rows_) add_row([&](std::size_t i) { return row[i]; });
  return out;
}

}  // namespace equeue::cli

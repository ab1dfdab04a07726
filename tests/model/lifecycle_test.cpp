#include "model/lifecycle.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <tuple>

namespace equeue::model {
namespace {

constexpr State all_states[] = {State::queued, State::running, State::succeeded, State::dead,
                                State::cancelled};

std::string trim(std::string_view cell) {
  const auto begin = cell.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return std::string(cell.substr(begin, cell.find_last_not_of(' ') - begin + 1));
}

// The cells of the rows of the page's one table, its heading and rule left out.
std::vector<std::vector<std::string>> rows_of_the_page() {
  std::ifstream page(EQUEUE_SOURCE_DIR "/docs/lifecycle.md");
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with('|')) continue;
    std::vector<std::string> cells;
    std::size_t begin = 1;
    for (auto end = line.find('|', begin); end != std::string::npos; end = line.find('|', begin)) {
      cells.push_back(trim(std::string_view(line).substr(begin, end - begin)));
      begin = end + 1;
    }
    rows.push_back(std::move(cells));
  }
  if (rows.size() > 2) rows.erase(rows.begin(), rows.begin() + 2);
  return rows;
}

std::string written(std::optional<State> state) {
  return state ? std::string(to_string(*state)) : "–";
}

TEST(Lifecycle, IsTheTableOfItsPage) {
  const auto rows = rows_of_the_page();
  ASSERT_EQ(rows.size(), edges().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE(fmt::format("row {}", i + 1));
    const auto& edge = edges()[i];
    ASSERT_EQ(rows[i].size(), 6u);
    EXPECT_EQ(rows[i][0], written(edge.from));
    EXPECT_EQ(rows[i][1], to_string(edge.operation));
    EXPECT_EQ(rows[i][2], written(edge.to));
    EXPECT_EQ(rows[i][3], edge.ends_attempt ? "yes" : "no");
  }
}

// The arrows of the diagram, without their words.
TEST(Lifecycle, IsTheDiagramOfItsPage) {
  std::ifstream page(EQUEUE_SOURCE_DIR "/docs/lifecycle.md");
  std::set<std::pair<std::string, std::string>> drawn;
  for (std::string line; std::getline(page, line);) {
    const auto arrow = line.find(" --> ");
    if (arrow == std::string::npos) continue;
    const auto colon = line.find(':', arrow);
    drawn.emplace(trim(line.substr(0, arrow)), trim(line.substr(arrow + 5, colon - arrow - 5)));
  }
  std::set<std::pair<std::string, std::string>> known;
  const auto drawn_as = [](std::optional<State> state) {
    return state ? std::string(to_string(*state)) : "[*]";
  };
  for (const auto& edge : edges()) known.emplace(drawn_as(edge.from), drawn_as(edge.to));
  EXPECT_EQ(drawn, known);
}

TEST(Lifecycle, HasNoEdgeTwice) {
  std::set<std::tuple<std::optional<State>, Operation, std::optional<State>>> seen;
  for (const auto& edge : edges()) EXPECT_TRUE(seen.emplace(edge.from, edge.operation, edge.to).second);
}

TEST(Lifecycle, LeavesATerminalStateOnlyByRedriveOrPurgeOfTheDead) {
  for (const auto& edge : edges()) {
    if (!edge.from || !is_terminal(*edge.from)) continue;
    EXPECT_EQ(*edge.from, State::dead);
    EXPECT_TRUE(edge.operation == Operation::redrive || edge.operation == Operation::purge);
  }
}

TEST(Lifecycle, CanEndFromEveryState) {
  for (const State state : all_states) {
    std::set<State> reached{state};
    for (std::size_t before = 0; before != reached.size();) {
      before = reached.size();
      for (const auto& edge : edges()) {
        if (edge.from && edge.to && reached.contains(*edge.from)) reached.insert(*edge.to);
      }
    }
    EXPECT_TRUE(std::any_of(reached.begin(), reached.end(), is_terminal)) << to_string(state);
  }
}

TEST(Lifecycle, AllowsExactlyTheStepsOfTheProduct) {
  const std::set<std::pair<State, State>> steps = {
      {State::queued, State::running}, {State::queued, State::cancelled},  {State::running, State::queued},
      {State::running, State::dead},   {State::running, State::succeeded}, {State::running, State::cancelled},
      {State::dead, State::queued}};
  for (const State from : all_states) {
    for (const State to : all_states) {
      EXPECT_EQ(allowed(from, to), steps.contains({from, to})) << to_string(from) << " to " << to_string(to);
    }
  }
}

TEST(State, IsReadBackFromItsName) {
  for (const State state : all_states) EXPECT_EQ(parse_state(to_string(state)), state);
  EXPECT_EQ(parse_state("Queued"), std::nullopt);
  EXPECT_EQ(parse_state(""), std::nullopt);
}

TEST(AttemptOutcome, IsReadBackFromItsName) {
  for (const auto outcome : {AttemptOutcome::failed, AttemptOutcome::timed_out, AttemptOutcome::cancelled,
                             AttemptOutcome::crashed, AttemptOutcome::lost}) {
    EXPECT_EQ(parse_attempt_outcome(to_string(outcome)), outcome);
  }
  EXPECT_EQ(parse_attempt_outcome("succeeded"), std::nullopt);
}

}  // namespace
}  // namespace equeue::model

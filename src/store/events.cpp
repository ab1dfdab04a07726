#include "store/events.hpp"

#include "store/statement.hpp"

namespace equeue::store {
namespace {

JobEvent::Kind kind_of(std::string_view what) {
  if (what == "succeeded") return JobEvent::Kind::succeeded;
  if (what == "dead") return JobEvent::Kind::dead;
  if (what == "cancelled") return JobEvent::Kind::cancelled;
  return JobEvent::Kind::attempt_failed;
}

}  // namespace

Result<Happened> list_events(Cell cell, TimePoint from, const std::optional<std::string>& snapshot,
                             int limit) {
  pg::Params params;
  params.time_or_null(from).text_or_null(snapshot).int4(limit);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "list_events", std::move(params)), false);
  if (!rows) return rows.error();
  Happened happened{.as_of = rows->at(0, 0).time(), .snapshot = rows->at(0, 1).text(), .events = {}};
  for (int row = 0; row < rows->count(); ++row) {
    const auto at = [&](int column) { return rows->at(row, column); };
    // A job that retention took in between has no queue any more.
    if (at(3).is_null() || at(6).is_null()) continue;
    happened.events.push_back({.at = at(2).time(),
                               .job = JobId{at(3).uuid()},
                               .attempt = static_cast<int>(at(4).integer()),
                               .kind = kind_of(at(5).text()),
                               .queue = at(6).text(),
                               .task = at(7).text(),
                               .error = at(8).text_or_null()});
  }
  return happened;
}

}  // namespace equeue::store

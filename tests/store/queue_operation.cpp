#include "tests/store/queue_operation.hpp"

#include <ostream>

namespace equeue::tests {

std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  constexpr const char* names[] = {"enqueue",         "claim",         "settle",          "release",
                                   "heartbeat",       "cancel",        "redrive",         "redrive_dead",
                                   "purge_dead",      "purge_queue",   "pause",           "resume",
                                   "register_worker", "retire_worker", "release_unknown", "expire",
                                   "upkeep",          "commit",        "rollback"};
  return out << names[static_cast<int>(operation.kind)] << (operation.held_open ? " (held open) " : " ")
             << operation.which << ' ' << operation.how << ' ' << operation.much;
}

rc::Gen<Operation> any_operation() {
  using Kind = Operation::Kind;
  const auto kind = rc::gen::weightedElement<Kind>({{20, Kind::enqueue},
                                                    {20, Kind::claim},
                                                    {24, Kind::settle},
                                                    {5, Kind::release},
                                                    {4, Kind::heartbeat},
                                                    {8, Kind::cancel},
                                                    {4, Kind::redrive},
                                                    {1, Kind::redrive_dead},
                                                    {1, Kind::purge_dead},
                                                    {1, Kind::purge_queue},
                                                    {1, Kind::pause},
                                                    {3, Kind::resume},
                                                    {4, Kind::register_worker},
                                                    {2, Kind::retire_worker},
                                                    {3, Kind::release_unknown},
                                                    {5, Kind::expire},
                                                    {6, Kind::upkeep},
                                                    {8, Kind::commit},
                                                    {3, Kind::rollback}});
  const auto number = rc::gen::inRange(0, 1000);
  return rc::gen::map(rc::gen::tuple(kind, rc::gen::inRange(0, 4), number, number, number),
                      [](const auto& all) {
                        const auto& [what, open, which, how, much] = all;
                        return Operation{what, open == 3, which, how, much};
                      });
}

}  // namespace equeue::tests

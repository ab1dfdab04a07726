#include "base/check.hpp"
#include "store/access.hpp"
#include "store/arguments.hpp"
#include "store/statement.hpp"

namespace equeue::store {
namespace {

RotateAnswer parse_answer(std::string_view word) {
  if (word == "rotated") return RotateAnswer::rotated;
  if (word == "reused") return RotateAnswer::reused;
  if (word == "ended") return RotateAnswer::ended;
  EQUEUE_CHECK(word == "unknown");
  return RotateAnswer::unknown;
}

}  // namespace

Result<std::optional<OpenedSession>> open_session(Cell cell, const UserId& user, int generation,
                                                  const SecretHash& token, std::chrono::seconds life) {
  pg::Params params;
  // Too long a life stays too long when it is cut to what fits.
  params.uuid(user.bytes)
      .int4(generation)
      .bytea(token)
      .int4(static_cast<std::int32_t>(std::clamp<std::int64_t>(life.count(), 0, INT32_MAX)));
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "open_session", std::move(params)), true);
  if (!rows) return rows.error();
  if (rows->at(0, 0).is_null()) return std::optional<OpenedSession>();
  return std::optional(
      OpenedSession{.id = SessionId{rows->at(0, 0).uuid()}, .expires_at = rows->at(0, 1).time()});
}

Result<Rotation> rotate_session(Cell cell, const SecretHash& token, const SecretHash& next) {
  pg::Params params;
  params.bytea(token).bytea(next);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "rotate_session", std::move(params)), true);
  if (!rows) return rows.error();
  const auto at = [&](int column) { return rows->at(0, column); };
  Rotation rotation{.answer = parse_answer(at(0).bytes())};
  if (!at(6).is_null()) rotation.session = SessionId{at(6).uuid()};
  if (rotation.answer != RotateAnswer::rotated) return rotation;
  rotation.user = UserId{at(1).uuid()};
  rotation.user_name = at(2).text();
  rotation.scopes = words_of(at(3));
  rotation.generation = static_cast<int>(at(4).integer());
  rotation.expires_at = at(5).time();
  return rotation;
}

Result<std::optional<SessionId>> close_session(Cell cell, const SecretHash& token) {
  pg::Params params;
  params.bytea(token);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "close_session", std::move(params)), true);
  if (!rows) return rows.error();
  const auto session = rows->at(0, 0);
  return session.is_null() ? std::nullopt : std::optional(SessionId{session.uuid()});
}

}  // namespace equeue::store

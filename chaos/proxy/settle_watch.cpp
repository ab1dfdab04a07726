#include "chaos/proxy/settle_watch.hpp"

#include <fmt/format.h>

namespace equeue::chaos {
namespace {

constexpr char bind_ = 'B', data_row = 'D', error = 'E', ready_for_query = 'Z', idle = 'I';
constexpr std::size_t uuid_bytes = 16;

// Takes bytes off the front. What is cut short reads as nothing.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  std::string_view take(std::size_t count) {
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::int32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    for (const char c : take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return bytes == 2 ? static_cast<std::int16_t>(value) : static_cast<std::int32_t>(value);
  }
  std::string_view text() {
    const auto taken = take(rest_.find('\0'));
    take(1);
    return taken;
  }
  // A value with its length in front; NULL reads as empty.
  std::string_view value() {
    const auto size = number(4);
    return size < 0 ? std::string_view() : take(static_cast<std::size_t>(size));
  }
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::vector<std::string_view> elements(std::string_view array) {
  Reader reader(array);
  std::vector<std::string_view> found;
  reader.take(20);  // dimensions, nulls, type, size, lower bound
  while (!reader.is_at_end()) found.push_back(reader.value());
  return found;
}

std::string to_uuid(std::string_view bytes) {
  if (bytes.size() != uuid_bytes) return "";
  std::string text;
  for (std::size_t i = 0; i < uuid_bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text;
}

}  // namespace

void SettleWatch::bind(std::string_view body) {
  Reader reader(body);
  reader.text();  // portal
  reader.text();  // statement
  const auto formats = reader.number(2);
  reader.take(static_cast<std::size_t>(2 * formats));
  if (reader.number(2) < 3) return;
  const auto leases = elements(reader.value());
  const auto jobs = elements(reader.value());
  const auto outcomes = elements(reader.value());
  if (leases.size() != jobs.size() || jobs.size() != outcomes.size()) return;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    asked_.push_back(
        {.lease = to_uuid(leases[i]), .job = to_uuid(jobs[i]), .outcome = std::string(outcomes[i])});
}

void SettleWatch::from_client(std::string_view bytes) {
  client_.feed(bytes, [&](char type, std::string_view body) {
    const auto text = statements_.text_of(type, body);
    if (!text) return;
    asked_.clear();
    answers_.clear();
    if (type == bind_ && text->find(".settle($1") != std::string_view::npos) bind(body);
  });
}

std::vector<SettlementTold> SettleWatch::from_server(std::string_view bytes) {
  std::vector<SettlementTold> told;
  server_.feed(bytes, [&](char type, std::string_view body) {
    if (type == data_row && !asked_.empty()) {
      Reader reader(body);
      reader.number(2);
      reader.value();
      answers_.emplace_back(reader.value());
    }
    if (type == error) answers_.clear();
    if (type != ready_for_query) return;
    if (body == std::string_view(&idle, 1) && !asked_.empty() && answers_.size() == asked_.size()) {
      for (std::size_t i = 0; i < asked_.size(); ++i) {
        asked_[i].is_replay = answers_[i] == "replayed";
        if (answers_[i] != "lease_lost") told.push_back(std::move(asked_[i]));
      }
    }
    asked_.clear();
    answers_.clear();
  });
  return told;
}

}  // namespace equeue::chaos

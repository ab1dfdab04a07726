#include "chaos/proxy/wire.hpp"

namespace equeue::chaos {
namespace {

constexpr char parse = 'P', query = 'Q', bind_ = 'B', command_complete = 'C', ready_for_query = 'Z',
               idle = 'I';
constexpr std::string_view changes_jobs[] = {"enqueue_many", "settle",        "claim",  "cancel",
                                             "release",      "upkeep_leases", "redrive"};

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// Takes a text and the zero behind it off the front.
std::string_view take_text(std::string_view& bytes) {
  const auto text = bytes.substr(0, bytes.find('\0'));
  bytes.remove_prefix(std::min(bytes.size(), text.size() + 1));
  return text;
}

}  // namespace

void Framer::feed(std::string_view bytes, const See& see) {
  if (is_broken_) return;
  pending_ += bytes;
  std::size_t at = 0;
  for (;;) {
    const std::size_t head = is_untyped_ ? 4 : 5;
    const auto rest = std::string_view(pending_).substr(at);
    if (rest.size() < head) break;
    // The length counts itself, but not the type.
    const std::size_t length = big_endian(rest.substr(head - 4));
    is_broken_ = length < 4;
    if (is_broken_) break;
    const std::size_t size = length + head - 4;
    if (rest.size() < size) break;
    see(is_untyped_ ? '\0' : rest[0], rest.substr(head, size - head));
    is_untyped_ = false;
    at += size;
  }
  pending_.erase(0, at);
}

std::optional<std::string_view> Statements::text_of(char type, std::string_view body) {
  if (type == query) return body;
  if (type == parse) {
    const auto name = take_text(body);
    return texts_.insert_or_assign(std::string(name), take_text(body)).first->second;
  }
  if (type != bind_) return std::nullopt;
  take_text(body);  // portal
  const auto found = texts_.find(take_text(body));
  return found == texts_.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

void CommitWatch::from_client(std::string_view bytes) {
  client_.feed(bytes, [&](char type, std::string_view body) {
    const auto text = statements_.text_of(type, body);
    if (!text || type == parse) return;
    for (const auto word : changes_jobs) is_of_interest_ |= text->find(word) != std::string_view::npos;
  });
}

bool CommitWatch::from_server(std::string_view bytes) {
  bool committed = false;
  server_.feed(bytes, [&](char type, std::string_view body) {
    if (type == command_complete) is_complete_ = true;
    if (type != ready_for_query) return;
    committed |= is_of_interest_ && is_complete_ && body == std::string_view(&idle, 1);
    is_of_interest_ = is_complete_ = false;
  });
  return committed;
}

}  // namespace equeue::chaos

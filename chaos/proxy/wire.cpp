#include "chaos/proxy/wire.hpp"

namespace equeue::chaos {
namespace {

constexpr char parse = 'P', query = 'Q', command_complete = 'C', ready_for_query = 'Z', idle = 'I';
constexpr std::string_view changes_jobs[] = {"enqueue_many", "settle",        "claim",  "cancel",
                                             "release",      "upkeep_leases", "redrive"};

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
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

void CommitWatch::from_client(std::string_view bytes) {
  client_.feed(bytes, [&](char type, std::string_view body) {
    if (type != parse && type != query) return;
    for (const auto word : changes_jobs) is_of_interest_ |= body.find(word) != std::string_view::npos;
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

// PostgreSQL's protocol as chaos' proxy follows it: what both sides say, as the first line's length tells
// them apart; in pieces of any size.
#include "chaos/proxy/settle_watch.hpp"
#include "fuzz/target.hpp"

namespace {

using namespace equeue;

std::string framed(std::string_view bytes, std::size_t piece) {
  std::string seen;
  chaos::Framer framer(true);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    framer.feed(bytes.substr(at, piece), [&](char type, std::string_view body) {
      seen += type;
      seen += std::to_string(body.size()) + ":" + std::string(body);
    });
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = fuzz::text_of(data + 1, size - 1);
  const auto whole = framed(text, text.size() + 1);
  EQUEUE_CHECK(framed(text, 1) == whole && framed(text, 3) == whole);
  const auto client = text.substr(0, data[0]);
  const auto server = text.substr(client.size());
  chaos::CommitWatch commits;
  commits.from_client(client);
  static_cast<void>(commits.from_server(server));
  chaos::SettleWatch settles;
  settles.from_client(client);
  EQUEUE_CHECK(settles.from_server(server).size() <= size);
  return 0;
}

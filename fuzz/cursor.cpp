// Where a list goes on: a filter in the first line, and a cursor, which is also taken as a place.
#include "api/cursor.hpp"

#include "fuzz/target.hpp"

namespace {

using namespace equeue;

const std::vector<auth::SigningKey> keys{{"new", std::string(43, 'n')}, {"old", std::string(43, 'o')}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto filter = input.line();
  const auto text = input.rest();
  if (const auto place = api::open_cursor(keys, filter, text)) {
    EQUEUE_CHECK(api::seal_cursor(keys[0], filter, *place) == text ||
                 api::seal_cursor(keys[1], filter, *place) == text);
  }
  const auto sealed = api::seal_cursor(keys[1], filter, text);
  const auto opened = api::open_cursor(keys, filter, sealed);
  // A place longer than any that we make is sealed, but not opened.
  EQUEUE_CHECK(opened == text || (!opened && sealed.size() > 1'024));
  const auto changed = std::string(filter) + "x";
  EQUEUE_CHECK(!api::open_cursor(keys, changed, sealed));
  EQUEUE_CHECK(!api::open_cursor(std::span(keys).first(1), filter, sealed));
  return 0;
}

// Last-Event-ID: read as it comes; and made of the input's bytes, read back.
#include <algorithm>
#include <cstring>

#include "api/event_hub.hpp"
#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace equeue;
  const auto text = fuzz::text_of(data, size);
  if (const auto place = api::parse_event_id(text)) {
    EQUEUE_CHECK(place->id == text && place->id.size() <= 80);
    EQUEUE_CHECK(place->at.time_since_epoch().count() >= 0);
  }
  store::JobEvent event;
  std::uint64_t at = 0;
  std::memcpy(&at, data, std::min(size, sizeof at));
  event.at = TimePoint(std::chrono::microseconds(at >> 1));
  std::copy_n(data, std::min(size, event.job.bytes.size()), event.job.bytes.begin());
  event.attempt = static_cast<int>(size % 1'001);
  const auto id = api::event_id(event);
  const auto place = api::parse_event_id(id);
  EQUEUE_CHECK(place && place->at == event.at && place->id == id);
  return 0;
}

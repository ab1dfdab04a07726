#include "chaos/load/load.hpp"

#include <curl/curl.h>

namespace equeue::chaos {
namespace {

constexpr int http_workers = 3;

}  // namespace

Load::Load(LoadOptions options, Recorder& recorder) {
  static const auto ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)ready;
  const auto shared = std::make_shared<const LoadOptions>(std::move(options));
  producers_.emplace_back(
      [this, shared, &recorder] { produce_native(*shared, recorder, produces_, shared->url, "native"); });
  producers_.emplace_back([this, shared, &recorder] {
    produce_native(*shared, recorder, produces_, shared->pooled_url, "pooled-native");
  });
  producers_.emplace_back([this, shared, &recorder] { manage(*shared, recorder, produces_); });
  producers_.emplace_back([this, shared, &recorder] { produce_http(*shared, recorder, produces_); });
  for (int i = 0; i < http_workers; ++i)
    workers_.emplace_back([this, shared, &recorder, i] { work_http(*shared, recorder, works_, i); });
}

Load::~Load() {
  stop_producers();
  stop_workers();
}

void Load::stop_producers() {
  produces_ = false;
  for (auto& thread : producers_)
    if (thread.joinable()) thread.join();
}

void Load::stop_workers() {
  works_ = false;
  for (auto& thread : workers_)
    if (thread.joinable()) thread.join();
}

}  // namespace equeue::chaos

// A database's URL as it is shown: libpq finds no secret in it.
#include <libpq-fe.h>

#include <map>
#include <memory>
#include <optional>

#include "cli/masked_url.hpp"
#include "fuzz/target.hpp"

namespace {

using Options = std::map<std::string, std::string>;

std::optional<Options> read(const std::string& url) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> list(
      PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree);
  if (!list) return std::nullopt;
  Options options;
  for (const auto* option = list.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) options.emplace(option->keyword, option->val);
  }
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // libpq reads up to a NUL.
  const std::string url(
      equeue::fuzz::text_of(data, size).substr(0, equeue::fuzz::text_of(data, size).find('\0')));
  const auto masked = equeue::cli::masked_url(url);
  const auto options = read(url);
  if (!options) return 0;
  const auto shown = read(masked);
  for (const auto* const secret : {"password", "sslpassword"}) {
    if (!options->contains(secret) || options->at(secret).empty()) continue;
    EQUEUE_CHECK(!shown || !shown->contains(secret) || shown->at(secret) == "***" ||
                 shown->at(secret).empty());
    // The corpus' passwords hold it; when it stands there once, it stands there as the password.
    constexpr std::string_view sign = "TOPSECRET";
    const bool is_there_once = url.find(sign) != url.npos && url.find(sign) == url.rfind(sign);
    if (is_there_once && options->at(secret).find(sign) != std::string::npos)
      EQUEUE_CHECK(masked.find(sign) == masked.npos);
  }
  return 0;
}

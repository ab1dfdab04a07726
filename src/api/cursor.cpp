#include "api/cursor.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <new>

#include "api/call.hpp"
#include "base/check.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;

// Half of a SHA-256, as RFC 2104, 5 allows.
constexpr std::size_t mac_bytes = 16;
constexpr std::size_t cursor_chars_max = 1'024;
// What the keys do besides is sign tokens, so cursors have a key of their own that follows from it.
constexpr std::string_view purpose = "equeue cursor 1";

using Mac = std::array<unsigned char, 32>;

Mac hmac(std::string_view key, std::string_view text) {
  Mac mac{};
  unsigned size = 0;
  // It fails for lack of memory alone.
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size) == nullptr)
    throw std::bad_alloc();
  EQUEUE_CHECK(size == mac.size());
  return mac;
}

std::string_view view_of(const Mac& mac, std::size_t size = std::tuple_size_v<Mac>) {
  return {reinterpret_cast<const char*>(mac.data()), size};
}

std::string mac_of(const auth::SigningKey& key, std::string_view filter, std::string_view place) {
  const auto own = hmac(key.secret, purpose);
  const auto mac = hmac(view_of(own), fmt::format("{}:{}{}", filter.size(), filter, place));
  return std::string(view_of(mac, mac_bytes));
}

std::string to_base64url(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  text.resize(text.find_last_not_of('=') + 1);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

std::optional<std::string> from_base64url(std::string text) {
  const auto chars = text.size();
  if (chars % 4 == 1) return std::nullopt;
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - chars % 4) % 4, '=');
  std::string bytes(3 * text.size() / 4, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  bytes.resize(chars * 3 / 4);
  return bytes;
}

}  // namespace

std::string seal_cursor(const auth::SigningKey& key, std::string_view filter, std::string_view place) {
  return to_base64url(mac_of(key, filter, place).append(place));
}

std::optional<std::string> open_cursor(std::span<const auth::SigningKey> keys, std::string_view filter,
                                       std::string_view cursor) {
  if (cursor.size() > cursor_chars_max) return std::nullopt;
  const auto bytes = from_base64url(std::string(cursor));
  // One text for one cursor: what reads the same but is written in another way was not made here.
  if (!bytes || bytes->size() < mac_bytes || to_base64url(*bytes) != cursor) return std::nullopt;
  const auto place = bytes->substr(mac_bytes);
  const bool is_ours = std::ranges::any_of(keys, [&](const auth::SigningKey& key) {
    return CRYPTO_memcmp(mac_of(key, filter, place).data(), bytes->data(), mac_bytes) == 0;
  });
  return is_ours ? std::optional(place) : std::nullopt;
}

std::string cursor_filter(std::span<const std::string> texts) {
  std::string filter;
  for (const auto& text : texts) filter += fmt::format("{}:{}", text.size(), text);
  return filter;
}

net::awaitable<std::string> make_cursor(Guard& guard, std::string filter, std::string place) {
  const auto key = co_await guard.signing_key();
  co_return seal_cursor(key, filter, place);
}

net::awaitable<std::string> read_cursor(Guard& guard, std::string filter, std::string cursor) {
  const auto remembered = co_await guard.signing_keys(Guard::memory);
  if (auto place = open_cursor(remembered, filter, cursor)) co_return std::move(*place);
  // Another server may have just begun to sign with a new key.
  const auto read = co_await guard.signing_keys(std::chrono::seconds(1));
  if (auto place = open_cursor(read, filter, cursor)) co_return std::move(*place);
  refuse(400, "invalid_cursor", "this cursor is not of this list with this filter, or too old: begin again");
}

}  // namespace equeue::api

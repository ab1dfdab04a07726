#include "auth/secret.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/check.hpp"

namespace equeue::auth {
namespace {

constexpr std::string_view base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view id_letters = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view prefix = "eq_";
constexpr std::size_t id_length = 8;
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t secret_length = 43;

std::vector<std::uint8_t> random_bytes(std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  EQUEUE_CHECK(RAND_bytes(bytes.data(), static_cast<int>(count)) == 1);
  return bytes;
}

bool consists_of(std::string_view text, std::string_view letters) {
  return text.find_first_not_of(letters) == text.npos;
}

}  // namespace

Digest digest(std::string_view secret) {
  Digest digest{};
  unsigned size = 0;
  EQUEUE_CHECK(EVP_Digest(secret.data(), secret.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  EQUEUE_CHECK(size == digest.size());
  return digest;
}

bool same(const Digest& one, const Digest& other) {
  return CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::string random_text(std::size_t bytes) {
  const auto random = random_bytes(bytes);
  std::string padded(4 * ((bytes + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(padded.data()), random.data(),
                                     static_cast<int>(bytes));
  padded.resize(static_cast<std::size_t>(length));
  padded.resize(padded.find_last_not_of('=') + 1);
  std::ranges::replace(padded, '+', '-');
  std::ranges::replace(padded, '/', '_');
  return padded;
}

ApiKey make_api_key() {
  ApiKey key;
  for (const auto byte : random_bytes(id_length)) key.id += id_letters[byte % id_letters.size()];
  key.secret = random_text(secret_bytes);
  return key;
}

std::string to_string(const ApiKey& key) {
  return fmt::format("{}{}_{}", prefix, key.id, key.secret);
}

std::optional<ApiKey> parse_api_key(std::string_view text) {
  constexpr auto secret_at = prefix.size() + id_length + 1;
  if (text.size() != secret_at + secret_length || !text.starts_with(prefix) || text[secret_at - 1] != '_')
    return std::nullopt;
  const auto id = text.substr(prefix.size(), id_length);
  const auto secret = text.substr(secret_at);
  if (!consists_of(id, id_letters) || !consists_of(secret, base64url)) return std::nullopt;
  return ApiKey{std::string(id), std::string(secret)};
}

}  // namespace equeue::auth

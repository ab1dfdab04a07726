#include "auth/password.hpp"

#include <crypt.h>
#include <openssl/crypto.h>

#include "base/check.hpp"

namespace equeue::auth {
namespace {

// Empty for what bcrypt refuses. Requires: no NUL byte in `password`.
std::string crypt_with(const std::string& password, const std::string& setting) {
  const auto work = std::make_unique<crypt_data>();
  const char* hash = crypt_rn(password.c_str(), setting.c_str(), work.get(), sizeof *work);
  std::string answer = hash == nullptr ? "" : hash;
  OPENSSL_cleanse(work.get(), sizeof *work);
  return answer;
}

// With fresh salt from the operating system.
std::string fresh_setting(int cost) {
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  EQUEUE_CHECK(crypt_gensalt_rn("$2b$", static_cast<unsigned long>(cost), nullptr, 0, setting.data(),
                                static_cast<int>(setting.size())) != nullptr);
  return setting.data();
}

std::optional<std::string_view> fault_of(std::string_view password) {
  if (password.find('\0') != password.npos) return "a password cannot hold a NUL byte";
  if (password.size() < password_bytes_min) return "a password has at least 12 bytes";
  if (password.size() > password_bytes_max) return "a password has at most 72 bytes";
  return std::nullopt;
}

}  // namespace

Result<std::string> hash_password(std::string_view password, int cost) {
  if (const auto fault = fault_of(password)) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = std::string(*fault),
                 .hint = "choose one of 12 to 72 bytes; a few random words are good"};
  }
  auto hash = crypt_with(std::string(password), fresh_setting(cost));
  EQUEUE_CHECK(!hash.empty());
  return hash;
}

bool verify_password(std::string_view password, const std::optional<std::string>& hash, int cost) {
  const bool fits = !fault_of(password);
  // One that cannot be right takes its time too.
  const auto found = crypt_with(fits ? std::string(password) : std::string(password_bytes_min, 'x'),
                                hash ? *hash : fresh_setting(cost));
  if (!fits || !hash || !hash->starts_with("$2b$") || found.size() != hash->size()) return false;
  return CRYPTO_memcmp(found.data(), hash->data(), found.size()) == 0;
}

}  // namespace equeue::auth

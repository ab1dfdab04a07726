#include "push/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <new>

#include "base/check.hpp"

namespace equeue::push {
namespace {

std::string base64(const unsigned char* bytes, std::size_t size) {
  // OpenSSL writes a NUL behind it.
  std::string text(4 * ((size + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace

store::PushSecret make_secret() {
  store::PushSecret secret{};
  EQUEUE_CHECK(RAND_bytes(secret.data(), static_cast<int>(secret.size())) == 1);
  return secret;
}

std::string secret_text(const store::PushSecret& secret) {
  return "whsec_" + base64(secret.data(), secret.size());
}

std::string sign(std::string_view secret, std::string_view id, std::chrono::sys_seconds timestamp,
                 std::string_view body) {
  const auto text = fmt::format("{}.{}.{}", id, timestamp.time_since_epoch().count(), body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  // It fails for lack of memory alone.
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size) == nullptr)
    throw std::bad_alloc();
  return "v1," + base64(digest, size);
}

}  // namespace equeue::push

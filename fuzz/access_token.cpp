// An access token: header and claims of the input's two lines under a good signature, since nobody guesses
// one; and the whole input as it is.
#include "auth/access_token.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "auth/secret.hpp"
#include "fuzz/target.hpp"

namespace {

using namespace equeue;

const auth::SigningKey key{"k1", std::string(43, 's')};
constexpr std::chrono::sys_seconds now{std::chrono::seconds(1'800'000'000)};
const auth::AccessToken known{.user_id = "01890a5d-ac96-774b-bcce-b302099a8057",
                              .user_name = "anna",
                              .session_id = "01890a5d-ac96-774b-bcce-b302099a8058",
                              .scopes = {auth::Scope::read},
                              .generation = 3};

std::string base64url(std::string_view bytes) {
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

std::string signed_token(std::string_view header, std::string_view claims) {
  auto text = base64url(header) + "." + base64url(claims);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.secret.data(), static_cast<int>(key.secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  return text + "." + base64url({reinterpret_cast<const char*>(mac), size});
}

bool same(const auth::AccessToken& one, const auth::AccessToken& other) {
  return one.user_id == other.user_id && one.user_name == other.user_name &&
         one.session_id == other.session_id && one.scopes == other.scopes &&
         one.generation == other.generation;
}

// What is accepted could have been issued by us, and says the same when it is.
void check_signed(std::string_view header, std::string_view claims) {
  const auto token = auth::verify(signed_token(header, claims), {&key, 1}, now);
  if (!token) {
    EQUEUE_CHECK(token.error().code == ErrorCode::permission_denied);
    return;
  }
  EQUEUE_CHECK(header.find("HS256") != header.npos);
  const auto text = auth::issue(*token, key, now);
  if (text.size() > auth::token_bytes_max) return;
  const auto again = auth::verify(text, {&key, 1}, now);
  EQUEUE_CHECK(again.has_value() && same(*again, *token));
}

void check_api_key(std::string_view text) {
  if (const auto parsed = auth::parse_api_key(text)) EQUEUE_CHECK(to_string(*parsed) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  // There is one token in the corpus that our key has signed, so no other one can come of it.
  if (const auto token = auth::verify(input.rest(), {&key, 1}, now)) EQUEUE_CHECK(same(*token, known));
  check_api_key(input.rest());
  const auto header = input.line();
  check_signed(header, input.rest());
  return 0;
}

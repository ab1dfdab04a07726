#include "auth/access_token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace equeue::auth {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using ::testing::HasSubstr;

const sys_seconds now{seconds(1'800'000'000)};
const SigningKey key{"k1", std::string(32, 's')};
const SigningKey other_key{"k2", std::string(32, 'o')};
const AccessToken anna{.user_id = "u1",
                       .user_name = "anna",
                       .session_id = "s1",
                       .scopes = {Scope::read, Scope::work},
                       .generation = 3};

std::string base64url(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  out.resize(out.find_last_not_of('=') + 1);
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

// What a forger can make who knows everything but the secret; or with it, what a bug of ours could.
std::string forge(std::string_view header, std::string_view claims, const std::string& secret = key.secret,
                  const EVP_MD* hash = EVP_sha256()) {
  const auto text = base64url(header) + "." + base64url(claims);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  HMAC(hash, secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  return text + "." + base64url({reinterpret_cast<const char*>(mac.data()), size});
}

const std::string header = R"({"alg":"HS256","typ":"JWT"})";

// The claims of a good token, but for what is replaced: the member `name` by `value`, or left out.
std::string claims(std::string_view name = "", std::string_view value = "") {
  const std::vector<std::pair<std::string, std::string>> good = {
      {"iss", R"("equeue")"}, {"aud", R"("equeue-api")"},      {"sub", R"("u1")"},    {"name", R"("anna")"},
      {"sid", R"("s1")"},     {"iat", "1800000000"},           {"nbf", "1800000000"}, {"exp", "1800000900"},
      {"gen", "3"},           {"scopes", R"(["read","work"])"}};
  std::string text;
  for (const auto& [member, ordinary] : good) {
    const std::string said(member == name ? value : std::string_view(ordinary));
    if (said.empty()) continue;
    text += fmt::format(R"({}"{}":{})", text.empty() ? "" : ",", member, said);
  }
  return "{" + text + "}";
}

Result<AccessToken> read(std::string_view text, sys_seconds at = now) {
  return verify(text, std::array{key}, at);
}

TEST(AccessToken, IsReadBackAsItWasIssued) {
  const auto read_back = read(issue(anna, key, now)).value();
  EXPECT_EQ(read_back.user_id, "u1");
  EXPECT_EQ(read_back.user_name, "anna");
  EXPECT_EQ(read_back.session_id, "s1");
  EXPECT_EQ(read_back.scopes, anna.scopes);
  EXPECT_EQ(read_back.generation, 3);
}

// Without this the refusals below would prove nothing.
TEST(AccessToken, ThatIsForgedWithTheSecretIsGood) {
  EXPECT_TRUE(read(forge(header, claims())));
}

TEST(AccessToken, LivesForAQuarterOfAnHour) {
  const auto token = issue(anna, key, now);
  EXPECT_TRUE(read(token, now + token_life - seconds(1)));
  EXPECT_THAT(read(token, now + token_life).error().message, HasSubstr("expired"));
  EXPECT_TRUE(read(token, now - seconds(59)));
  EXPECT_THAT(read(token, now - seconds(61)).error().message, HasSubstr("not valid yet"));
}

TEST(AccessToken, IsGoodUnderAnyLiveKeyAndNoOther) {
  const auto token = issue(anna, other_key, now);
  EXPECT_FALSE(read(token));
  EXPECT_TRUE(verify(token, std::array{key, other_key}, now));
  EXPECT_FALSE(verify(token, {}, now));
}

TEST(AccessToken, IsNeverGoodByWhatItsHeaderSays) {
  const std::vector<std::string> headers = {R"({"alg":"none","typ":"JWT"})",
                                            R"({"alg":"None"})",
                                            R"({"alg":"NONE"})",
                                            R"({"alg":"nOnE"})",
                                            R"({"alg":""})",
                                            R"({"alg":null})",
                                            R"({})",
                                            R"({"alg":"RS256"})",
                                            R"({"alg":"ES256"})",
                                            R"({"alg":"HS384"})",
                                            R"({"alg":"HS512"})",
                                            R"({"alg":["HS256"]})",
                                            "[]",
                                            "",
                                            "not json"};
  for (const auto& bad : headers) {
    EXPECT_FALSE(read(forge(bad, claims()))) << bad;
    EXPECT_FALSE(read(base64url(bad) + "." + base64url(claims()) + ".")) << bad;
    EXPECT_FALSE(read(base64url(bad) + "." + base64url(claims()))) << bad;
  }
  EXPECT_FALSE(read(forge(R"({"alg":"HS512"})", claims(), key.secret, EVP_sha512())))
      << "the right key, another algorithm";
  EXPECT_FALSE(read(forge(R"({"alg":"HS384"})", claims(), key.secret, EVP_sha384())));
}

TEST(AccessToken, TakesNoKeyFromItsHeader) {
  for (const auto* hint : {R"("jwk":{"kty":"oct","k":"AAAA"})", R"("jku":"http://127.0.0.1/keys")",
                           R"("x5u":"http://127.0.0.1/c")", R"("kid":"../../../../dev/null")",
                           R"("kid":"' OR 1=1 --")", R"("kid":"k1")"}) {
    const auto with_hint = fmt::format(R"({{"alg":"HS256",{}}})", hint);
    EXPECT_FALSE(read(forge(with_hint, claims(), ""))) << hint;
    EXPECT_FALSE(read(forge(with_hint, claims(), "attacker's own secret, long enough"))) << hint;
  }
}

// Even from somebody who has the secret: we never make such a token, so it is not ours.
TEST(AccessToken, IsRefusedWhenItsHeaderHoldsMoreThanOurs) {
  EXPECT_TRUE(read(forge(R"({"alg":"HS256","typ":"JWT","kid":"any"})", claims())));
  for (const auto* member : {R"("jwk":{"kty":"oct","k":"AAAA"})", R"("jku":"http://127.0.0.1/keys")",
                             R"("x5u":"http://127.0.0.1/c")", R"("x5c":["AAAA"])", R"("crit":["exp"])",
                             R"("zip":"DEF")", R"("cty":"JWT")"})
    EXPECT_FALSE(read(forge(fmt::format(R"({{"alg":"HS256",{}}})", member), claims()))) << member;
  for (const auto* bad : {R"({"alg":"hs256"})", R"({"alg":"Hs256"})", R"({"alg":"HS256","typ":"JWE"})",
                          R"({"alg":"HS256","kid":7})"})
    EXPECT_FALSE(read(forge(bad, claims()))) << bad;
}

TEST(AccessToken, NeedsEachOfItsClaims) {
  for (const auto* name : {"iss", "aud", "sub", "name", "sid", "iat", "nbf", "exp", "gen", "scopes"})
    EXPECT_FALSE(read(forge(header, claims(name)))) << name;
}

TEST(AccessToken, IsRefusedWhenAClaimIsOff) {
  const std::vector<std::pair<std::string, std::string>> off = {{"iss", R"("other")"},
                                                                {"iss", R"(["equeue"])"},
                                                                {"aud", R"("other")"},
                                                                {"aud", R"(["equeue-api"])"},
                                                                {"exp", "1799999999"},
                                                                {"exp", "1800000000"},
                                                                {"exp", R"("1800000900")"},
                                                                {"exp", "1.8e9"},
                                                                {"exp", "1800009999"},
                                                                {"nbf", "1800000100"},
                                                                {"iat", "1800000100"},
                                                                {"sub", R"("")"},
                                                                {"gen", "-1"},
                                                                {"gen", "99999999999"},
                                                                {"gen", "null"},
                                                                {"scopes", "[]"},
                                                                {"scopes", R"(["root"])"},
                                                                {"scopes", R"("admin")"},
                                                                {"scopes", R"([1])"},
                                                                {"name", "7"}};
  for (const auto& [name, value] : off)
    EXPECT_FALSE(read(forge(header, claims(name, value)))) << name << " " << value;
}

TEST(AccessToken, IsRefusedWhenAnythingInItWasChanged) {
  const auto token = issue(anna, key, now);
  for (std::size_t i = 0; i < token.size(); i += 3) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto answer = read(changed);
    // The last letter of a part carries bits that belong to nothing.
    if (answer) {
      EXPECT_EQ(answer->scopes, anna.scopes) << i;
    }
  }
  for (std::size_t size = 0; size < token.size(); ++size) EXPECT_FALSE(read(token.substr(0, size))) << size;
  EXPECT_FALSE(read(token + "A"));
  EXPECT_FALSE(read(token + "." + token));
  EXPECT_FALSE(read(token + std::string(1, '\0')));
}

TEST(AccessToken, IsRefusedWhenItIsNoTokenAtAll) {
  for (const auto& text :
       {std::string(), std::string("."), std::string(".."), std::string("..."), std::string("a.b.c"),
        std::string(100'000, 'a'), "a." + std::string(3'000, 'a') + ".c"})
    EXPECT_EQ(read(text).error().code, ErrorCode::permission_denied);
}

}  // namespace
}  // namespace equeue::auth

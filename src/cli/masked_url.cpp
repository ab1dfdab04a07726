#include "cli/masked_url.hpp"

#include <array>

namespace equeue::cli {
namespace {

constexpr std::string_view mask = "***";
// To libpq.
constexpr std::string_view blanks = " \t\n\v\f\r";
constexpr std::array<std::string_view, 2> secret_keys = {"password", "sslpassword"};

bool is_secret(std::string_view key) {
  return key == secret_keys[0] || key == secret_keys[1];
}

// libpq decodes %70assword as well, so a key with an escape in it counts as secret.
bool is_secret_parameter(std::string_view key) {
  return is_secret(key) || key.find('%') != key.npos;
}

std::string masked_parameters(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    const auto parameter = query.substr(0, query.find('&'));
    query.remove_prefix(parameter.size());
    const auto equals = parameter.find('=');
    const bool hide = equals != parameter.npos && is_secret_parameter(parameter.substr(0, equals));
    out += hide ? parameter.substr(0, equals + 1) : parameter;
    if (hide) out += mask;
    if (!query.empty()) {
      out += '&';
      query.remove_prefix(1);
    }
  }
  return out;
}

std::string masked_uri(std::string_view url, std::size_t authority_start) {
  // A password with a '/', '?' or '#' in it is wrong, but it is a password all the same: the last '@' in
  // front of the parameters ends it.
  const auto last_at = url.rfind('@');
  std::string out(url.substr(0, authority_start));
  auto rest = url.substr(authority_start);
  if (last_at != url.npos && last_at >= authority_start) {
    const auto user = url.substr(authority_start, last_at - authority_start);
    const auto colon = user.find(':');
    const auto query = user.find('?');
    // To libpq a '?' is part of the user's name when '@' comes before a '/'.
    const auto end = std::min(user.find('/'), user.size());
    const bool names_user = url.substr(authority_start, end + 1).find('@') != url.npos;
    if (colon != user.npos && (names_user || query == user.npos || colon < query)) {
      out += user.substr(0, colon + 1);
      out += mask;
      rest = url.substr(last_at);
    }
  }
  const auto question = rest.find('?');
  if (question == rest.npos) return out + std::string(rest);
  return out + std::string(rest.substr(0, question + 1)) + masked_parameters(rest.substr(question + 1));
}

// The length of a value of key=value form: quoted, or up to white space, with backslash escapes.
std::size_t value_length(std::string_view text) {
  const bool in_quotes = !text.empty() && text.front() == '\'';
  std::size_t i = in_quotes ? 1 : 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (in_quotes ? text[i] == '\'' : blanks.find(text[i]) != blanks.npos) {
      break;
    }
  }
  return std::min(text.size(), in_quotes ? i + 1 : i);
}

std::string masked_pairs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto start = std::min(text.find_first_not_of(blanks), text.size());
    out += text.substr(0, start);
    text.remove_prefix(start);
    const auto equals = text.find('=');
    if (equals == text.npos) return out + std::string(text);
    auto key = text.substr(0, equals);
    key = key.substr(0, std::min(key.find_first_of(blanks), key.size()));
    const auto value_start = std::min(text.find_first_not_of(blanks, equals + 1), text.size());
    const auto length = value_length(text.substr(value_start));
    out += text.substr(0, value_start);
    out += is_secret(key) ? mask : text.substr(value_start, length);
    text.remove_prefix(value_start + length);
  }
  return out;
}

}  // namespace

std::string masked_url(std::string_view url) {
  for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (url.starts_with(scheme)) return masked_uri(url, scheme.size());
  }
  return masked_pairs(url);
}

}  // namespace equeue::cli

#include "http/router.hpp"

#include "base/check.hpp"

namespace equeue::http {
namespace {

std::vector<std::string> split(std::string_view pattern) {
  EQUEUE_CHECK(pattern.starts_with('/'));
  std::vector<std::string> parts;
  for (std::size_t begin = 1; begin <= pattern.size();) {
    const auto end = std::min(pattern.find('/', begin), pattern.size());
    parts.emplace_back(pattern.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool stands_for_any(const std::string& part) {
  return part.starts_with('{');
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  return std::equal(pattern.begin(), pattern.end(), segments.begin(), segments.end(),
                    [](const std::string& part, const std::string& segment) {
                      return stands_for_any(part) ? !segment.empty() : part == segment;
                    });
}

// A pattern with a word where the other has {…} is the better match: /v1/jobs/cancel before /v1/jobs/{id}.
bool is_more_exact(const std::vector<std::string>& one, const std::vector<std::string>& other) {
  for (std::size_t i = 0; i < one.size(); ++i) {
    if (stands_for_any(one[i]) != stands_for_any(other[i])) return stands_for_any(other[i]);
  }
  return false;
}

}  // namespace

void Router::add(Route route) {
  auto pattern = split(route.pattern);
  for (const auto& entry : entries_)
    EQUEUE_CHECK(entry.route.method != route.method || entry.route.pattern != route.pattern);
  entries_.push_back({std::move(pattern), std::move(route)});
}

Match Router::match(Method method, const std::vector<std::string>& segments) const {
  Match match;
  const Entry* best = nullptr;
  const auto wanted = method == Method::head ? Method::get : method;
  for (const auto& entry : entries_) {
    if (!fits(entry.pattern, segments)) continue;
    if (entry.route.method == wanted) {
      if (best == nullptr || is_more_exact(entry.pattern, best->pattern)) best = &entry;
    } else if (std::ranges::find(match.allowed, entry.route.method) == match.allowed.end()) {
      match.allowed.push_back(entry.route.method);
      if (entry.route.method == Method::get) match.allowed.push_back(Method::head);
    }
  }
  if (best == nullptr) return match;
  match.allowed.clear();
  match.route = &best->route;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (stands_for_any(best->pattern[i])) match.arguments.push_back(segments[i]);
  }
  return match;
}

}  // namespace equeue::http

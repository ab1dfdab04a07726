#include "builtin/http_transfer.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "base/check.hpp"
#include "builtin/sigpipe_block.hpp"

namespace equeue::builtin {
namespace {

constexpr long connect_timeout_ms = 10'000;
// Browsers and servers take 8 to 256 KiB.
constexpr std::size_t response_header_bytes_max = 64 * 1024;
// Only a bound: sockets, timers and stop requests all wake the loop by themselves.
constexpr int poll_ms_max = 1000;

using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Multi = std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)>;
using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

// What the callbacks fill.
struct Exchange {
  const Transfer& transfer;
  const HttpGuard& guard;
  TransferResult result{};
  std::size_t header_bytes = 0;
  bool connected = false;  // the guard let at least one address through
};

curl_socket_t on_open_socket(void* data, curlsocktype, curl_sockaddr* target) {
  auto& exchange = *static_cast<Exchange*>(data);
  const auto address = address_of(target->addr);
  const auto why =
      address ? exchange.guard.refusal(*address) : std::optional<std::string_view>("no internet address");
  if (why) {
    exchange.result.detail = *why;
    return CURL_SOCKET_BAD;
  }
  exchange.connected = true;
  return ::socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* data) {
  auto& exchange = *static_cast<Exchange*>(data);
  if (size > exchange.transfer.response_bytes_max - exchange.result.body.size()) {
    exchange.result.end = TransferEnd::too_large;
    exchange.result.detail =
        fmt::format("a body of more than {} bytes", exchange.transfer.response_bytes_max);
    return 0;
  }
  exchange.result.body.append(bytes, size);
  return size;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* data) {
  auto& exchange = *static_cast<Exchange*>(data);
  exchange.header_bytes += size;
  if (exchange.header_bytes > response_header_bytes_max) {
    exchange.result.end = TransferEnd::too_large;
    exchange.result.detail = fmt::format("headers of more than {} bytes", response_header_bytes_max);
    return 0;
  }
  const std::string_view line(bytes, size);
  // A status line: what came before belonged to an interim answer, as 103.
  if (line.starts_with("HTTP/")) exchange.result.headers.clear();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  exchange.result.headers.emplace_back(std::move(name), trim(line.substr(colon + 1)));
  return size;
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  EQUEUE_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

List header_list(const Transfer& transfer) {
  List list(nullptr, &curl_slist_free_all);
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    EQUEUE_CHECK(longer != nullptr);
    (void)list.release();
    list.reset(longer);
  };
  // libcurl would wait a second for "100 Continue", and call any body a form.
  add("Expect:");
  bool has_type = false;
  for (const auto& [name, value] : transfer.headers) {
    // libcurl's own notation for a header without a value.
    add(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
    has_type = has_type || curl_strequal(name.c_str(), "Content-Type") != 0;
  }
  if (!has_type) add("Content-Type:");
  return list;
}

void set_method(CURL* easy, const Transfer& transfer) {
  const bool sends_length = transfer.body || transfer.method == HttpMethod::POST ||
                            transfer.method == HttpMethod::PUT || transfer.method == HttpMethod::PATCH;
  if (transfer.method == HttpMethod::HEAD) {
    set(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (transfer.method == HttpMethod::GET) return;
  if (sends_length) {
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDS, transfer.body ? transfer.body->c_str() : "");
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE,
        static_cast<curl_off_t>(transfer.body ? transfer.body->size() : 0));
  }
  set(easy, CURLOPT_CUSTOMREQUEST, std::string(to_string(transfer.method)).c_str());
}

void set_limits(CURL* easy, Exchange& exchange) {
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  // An empty proxy rules out those of the environment, through which the guard could not see.
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(exchange.transfer.timeout.count()));
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  set(easy, CURLOPT_OPENSOCKETDATA, static_cast<void*>(&exchange));
  set(easy, CURLOPT_WRITEFUNCTION, &on_body);
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&exchange));
  set(easy, CURLOPT_HEADERFUNCTION, &on_header);
  set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
  // A stop must not wait for a slow name server: the resolver's thread is left to end alone.
  set(easy, CURLOPT_QUICK_EXIT, 1L);
}

TransferEnd end_of(CURLcode code, const Exchange& exchange) {
  if (exchange.result.end == TransferEnd::too_large) return TransferEnd::too_large;
  switch (code) {
    case CURLE_OK:
      return TransferEnd::answered;
    case CURLE_OPERATION_TIMEDOUT:
      return TransferEnd::timed_out;
    case CURLE_COULDNT_CONNECT:
      return !exchange.connected && !exchange.result.detail.empty() ? TransferEnd::refused
                                                                    : TransferEnd::unreachable;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return TransferEnd::untrusted;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return TransferEnd::malformed;
    default:
      return TransferEnd::unreachable;
  }
}

// Runs the exchange. CURLE_ABORTED_BY_CALLBACK, which no callback of ours gives, stands for a stop.
CURLcode run(CURLM* multi, CURL* easy, const std::stop_token& stop) {
  const std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
  EQUEUE_CHECK(curl_multi_add_handle(multi, easy) == CURLM_OK);
  CURLcode code = CURLE_ABORTED_BY_CALLBACK;
  int running = 1;
  while (!stop.stop_requested()) {
    EQUEUE_CHECK(curl_multi_perform(multi, &running) == CURLM_OK);
    if (running == 0) break;
    curl_multi_poll(multi, nullptr, 0, poll_ms_max, nullptr);
  }
  int left = 0;
  if (const CURLMsg* message = curl_multi_info_read(multi, &left); running == 0 && message != nullptr) {
    code = message->data.result;
  }
  return code;
}

}  // namespace

std::string_view TransferResult::header(std::string_view name) const {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

TransferResult perform(const Transfer& transfer, const HttpGuard& guard, const std::stop_token& stop) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  EQUEUE_CHECK(initialised == CURLE_OK);
  // CURLOPT_NOSIGNAL leaves this to us.
  const SigpipeBlock no_sigpipe;
  Exchange exchange{transfer, guard};
  const Multi multi(curl_multi_init(), &curl_multi_cleanup);
  const Easy easy(curl_easy_init(), &curl_easy_cleanup);
  EQUEUE_CHECK(multi != nullptr && easy != nullptr);
  const List headers = header_list(transfer);
  set(easy.get(), CURLOPT_URL, transfer.url.c_str());
  set(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  set_method(easy.get(), transfer);
  set_limits(easy.get(), exchange);

  const CURLcode code = run(multi.get(), easy.get(), stop);
  curl_multi_remove_handle(multi.get(), easy.get());
  auto& result = exchange.result;
  if (code == CURLE_ABORTED_BY_CALLBACK && stop.stop_requested()) {
    result.end = TransferEnd::stopped;
    return result;
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  result.status = static_cast<int>(status);
  result.end = end_of(code, exchange);
  const bool explained = result.end == TransferEnd::refused || result.end == TransferEnd::too_large;
  // libcurl's general words; its detailed message would quote the URL's parts.
  if (!explained) result.detail = code == CURLE_OK ? "" : curl_easy_strerror(code);
  return result;
}

}  // namespace equeue::builtin

#include "api/server.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "api/access_log.hpp"
#include "api/api.hpp"
#include "api/operation_runner.hpp"
#include "api/routes.hpp"
#include "api/trusted_proxies.hpp"
#include "base/log.hpp"
#include "http/server.hpp"
#include "push/pusher.hpp"
#include "worker/upkeep/upkeep.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;

constexpr std::chrono::hours between_key_renewals{1};
// For what happens in the background after the last answer: leases that go back.
constexpr std::chrono::seconds last_work_max{5};
constexpr std::chrono::milliseconds last_work_pace{10};

bool is_loopback(const std::string& address) {
  boost::system::error_code failed;
  const auto parsed = net::ip::make_address(address, failed);
  return !failed && parsed.is_loopback();
}

}  // namespace

struct Server::State {
  State(Database where, ServerOptions settings)
      : database(std::move(where)),
        options(std::move(settings)),
        pool(database, {.connections = options.connections}),
        guard(pool),
        tasks(pool),
        waits(io.get_executor(), pool, {}),
        claims(io.get_executor(), pool, database,
               {.listen = options.listen, .claims_max = std::max(1, options.connections / 2)}),
        enqueues(io.get_executor(), pool,
                 [this](const std::vector<std::string>& queues) { claims.woken(queues); }),
        events(io.get_executor(), pool, {}),
        requests(options.requests_per_second),
        proxies(options.trusted_proxies),
        service{io.get_executor(), pool,   guard,   tasks,  enqueues, claims, waits,
                passwords,         logins, metrics, events, requests},
        timer(io) {
    service.operations = &operations;
    if (options.push) {
      pusher.emplace(database, push::PusherOptions{.guard = options.http_guard,
                                                   .drain = options.drain,
                                                   .listen = options.listen,
                                                   .upkeep = false});
      service.pusher = &*pusher;
    }
    install(router, all_operations(service), service);
  }

  net::awaitable<void> renew_keys() {
    while (!is_stopping) {
      try {
        co_await guard.renew_signing_key();
      } catch (const Exception& failed) {
        log::warning("serve: {}", to_string(failed.error()));
      }
      timer.expires_after(between_key_renewals);
      boost::system::error_code cancelled;
      co_await timer.async_wait(net::redirect_error(net::use_awaitable, cancelled));
    }
  }

  void observe(const http::Exchange& exchange) {
    metrics.observe(exchange);
    if (options.access_log && !write_access_log(exchange)) ++metrics.log_lines_lost;
  }

  void begin_to_stop() {
    if (is_stopping) {
      hurry.request_stop();
      http->abort();
      io.stop();
      return;
    }
    is_stopping = true;
    timer.cancel();
    // Beside the requests' drain, not after it.
    if (pusher) {
      pushing = true;
      push_stopping = std::jthread([this] {
        pusher->stop(hurry.get_token());
        pushing = false;
      });
    }
    if (!http) {
      io.stop();
      return;
    }
    log::info("serve: stopping; {} connections are open", http->connections());
    deadline.emplace(io, options.drain);
    deadline->async_wait([this](boost::system::error_code cancelled) {
      if (cancelled) return;
      log::warning("serve: {} connections are closed before their time", http->connections());
      http->abort();
    });
    http->stop([this] { net::co_spawn(io, finish(), net::detached); });
  }

  net::awaitable<void> finish() {
    deadline.reset();
    claims.stop();
    net::steady_timer pause(io);
    const auto until = std::chrono::steady_clock::now() + last_work_max;
    const auto claims_work = [&] {
      return claims.claiming() + claims.releasing() > 0 && std::chrono::steady_clock::now() < until;
    };
    // The pushes end in their own time; a second stop must find somebody who hears it until then.
    while (claims_work() || pushing) {
      pause.expires_after(last_work_pace);
      co_await pause.async_wait(net::use_awaitable);
    }
    io.stop();
  }

  net::io_context io{1};
  const Database database;
  const ServerOptions options;
  DatabasePool pool;
  Guard guard;
  TaskCatalog tasks;
  WaitHub waits;
  ClaimHub claims;
  EnqueueGate enqueues;
  PasswordDesk passwords;
  LoginLimits logins;
  Metrics metrics;
  EventHub events;
  RequestLimit requests;
  TrustedProxies proxies;
  Service service;
  http::Router router;
  std::shared_ptr<http::TlsContext> tls;
  std::optional<http::Server> http;
  net::steady_timer timer;
  std::optional<net::steady_timer> deadline;
  bool is_stopping = false;
  OperationRunner operations{database};
  std::optional<push::Pusher> pusher;
  std::stop_source hurry;             // asked for by the second stop
  std::atomic<bool> pushing = false;  // while `push_stopping` works
  std::jthread push_stopping;
};

Server::Server(Database database, ServerOptions options)
    : state_(std::make_unique<State>(std::move(database), std::move(options))) {}

Server::~Server() = default;

Result<void> Server::listen() {
  auto& state = *state_;
  const auto& options = state.options;
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    return Error{.code = ErrorCode::configuration,
                 .message = "TLS needs both a certificate and its key",
                 .hint = "set tls_certificate and tls_key, or neither"};
  }
  if (!options.tls_certificate.empty()) {
    auto loaded = http::TlsContext::load(options.tls_certificate, options.tls_key);
    if (!loaded) return loaded.error();
    state.tls = std::move(*loaded);
  } else if (!is_loopback(options.address) && !options.allow_plain_public) {
    return Error{.code = ErrorCode::configuration,
                 .message = fmt::format("{} can be reached by others, and there is no TLS", options.address),
                 .hint = "give a certificate, listen on 127.0.0.1, or allow it (plain) behind a proxy"};
  }
  state.http.emplace(
      state.io, state.router,
      http::ServerOptions{
          .address = options.address,
          .port = options.port,
          .tls = state.tls,
          .observe = [&state](const http::Exchange& exchange) { state.observe(exchange); },
          .origin = [&state](const std::string& peer,
                             const http::Headers& headers) { return state.proxies.origin(peer, headers); }});
  state.metrics.connections = [&state] { return state.http->connections(); };
  return state.http->listen();
}

std::uint16_t Server::port() const {
  return state_->http ? state_->http->port() : std::uint16_t{0};
}

void Server::run() {
  auto& state = *state_;
  // Leases that ran out come back also where nobody but HTTP clients works.
  worker::Upkeep upkeep(state.database, [] {});
  const std::jthread keeping([&](const std::stop_token& stop) { upkeep.run(stop); });
  const std::jthread operating([&](const std::stop_token& stop) { state.operations.run(stop); });
  net::co_spawn(state.io, state.renew_keys(), net::detached);
  if (state.pusher) state.pusher->start();
  const auto guard = net::make_work_guard(state.io);
  state.io.run();
  if (state.push_stopping.joinable()) state.push_stopping.join();
}

void Server::stop() {
  net::post(state_->io, [this] { state_->begin_to_stop(); });
}

void Server::reload() {
  net::post(state_->io, [this] {
    if (!state_->tls) return;
    const auto reloaded = state_->tls->reload();
    if (reloaded)
      log::info("serve: the certificate was read again");
    else
      log::error("serve: the old certificate stays: {}", to_string(reloaded.error()));
  });
}

}  // namespace equeue::api

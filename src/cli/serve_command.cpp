#include <sys/resource.h>

#include "api/server.hpp"
#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/interrupts.hpp"
#include "cli/migration.hpp"
#include "cli/session.hpp"
#include "cli/store_connection.hpp"

namespace equeue::cli {
namespace {

// Thousands of clients that wait are a connection each.
void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warning("serve: the limit of open files stays as it is");
}

// What no waiting mends is told at once. A database that is away may come.
Result<void> check_database(const Session& session) {
  const auto store = StoreConnection::open(session);
  if (store) return {};
  if (!store.error().transient) return store.error();
  log::warning("serve: {}; every request is answered 503 until it is there", to_string(store.error()));
  return {};
}

Result<int> run(Session& session) {
  const auto database = configured_database(session);
  if (!database) return database.error();
  if (auto usable = check_database(session); !usable) return usable.error();
  raise_open_files();
  // The server's threads inherit it. Who is to be stopped does not exist yet, so a signal waits.
  const BlockedSignals blocked(true);
  api::Server server(*database, session.settings.server);
  if (auto listening = server.listen(); !listening) return listening.error();
  const Interrupts interrupts([&] { server.stop(); }, [&] { server.reload(); });
  const auto& options = session.settings.server;
  session.terminal.note(fmt::format(
      "serving {}://{}:{}/", options.tls_certificate.empty() ? "http" : "https",
      options.address.find(':') == std::string::npos ? options.address : fmt::format("[{}]", options.address),
      server.port()));
  server.run();
  session.terminal.note("stopped");
  return 0;
}

}  // namespace

void add_serve(Command root) {
  root.command("serve", "Serve the HTTP API")
      .setting("server.address", "ADDRESS", "Where to listen (default: 127.0.0.1)")
      .setting("server.port", "PORT", "The port; 0 picks a free one (default: 7878)")
      .setting("server.tls_certificate", "FILE", "Serve HTTPS with this certificate and its chain (PEM)")
      .setting("server.tls_key", "FILE", "The certificate's key (PEM)")
      .setting("server.connections", "N", "Connections to the database for requests (default: 6)")
      .setting("server.requests_per_second", "N",
               "Requests that one caller may make in a second (default: 0, no limit)")
      .setting("server.trusted_proxies", "CIDR",
               "A reverse proxy, whose X-Forwarded-For is believed; repeatable (default: none)")
      .setting("server.allow_plain", "BOOL", "true: no TLS also where others can reach it, as behind a proxy")
      .setting("server.access_log", "BOOL", "true: a line of JSON on stdout for each request")
      .setting("server.push", "BOOL", "false: leave the sending of push jobs and webhooks to other servers")
      .setting("http.allow", "CIDR", "A network that push may reach although it is not public; repeatable")
      .examples({"equeue serve", "equeue serve --port 8080",
                 "equeue serve --address 0.0.0.0 --tls-certificate server.pem --tls-key server.key"})
      .action(run);
}

}  // namespace equeue::cli

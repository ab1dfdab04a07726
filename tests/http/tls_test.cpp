#include "http/tls.hpp"

#include <gmock/gmock.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <equeue/id.hpp>
#include <fstream>

#include "tests/http/certificate.hpp"
#include "tests/http/running_server.hpp"

namespace equeue::tests {
namespace {

namespace net = boost::asio;
namespace ssl = boost::asio::ssl;
using ::testing::HasSubstr;

class Tls : public ::testing::Test {
 protected:
  Tls() {
    folder_ = std::filesystem::temp_directory_path() / ("equeue-tls-" + to_string(make_job_id()));
    std::filesystem::create_directory(folder_);
    write_certificate("first", certificate(), key());
    router_.add({http::Method::get, "/", [](http::Request&) -> net::awaitable<http::Response> {
                   co_return http::Response{.body = "safe"};
                 }});
  }
  ~Tls() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path certificate() const { return folder_ / "certificate.pem"; }
  [[nodiscard]] std::filesystem::path key() const { return folder_ / "key.pem"; }
  [[nodiscard]] Result<std::shared_ptr<http::TlsContext>> load() const {
    return http::TlsContext::load(certificate(), key());
  }

  struct Visit {
    std::string server_name;
    std::string answer;
  };
  static Visit visit(std::uint16_t port) {
    net::io_context io;
    ssl::context context(ssl::context::tls_client);
    ssl::stream<net::ip::tcp::socket> stream(io, context);
    stream.next_layer().connect({net::ip::address_v4::loopback(), port});
    stream.handshake(ssl::stream_base::client);
    net::write(stream,
               net::buffer(std::string_view("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")));
    Visit visit;
    boost::system::error_code end;
    net::read(stream, net::dynamic_buffer(visit.answer), end);
    // A server that ends without saying so could have been cut off by somebody in between.
    EXPECT_EQ(end, net::error::eof) << end.message();
    const std::unique_ptr<X509, decltype(&X509_free)> peer(SSL_get1_peer_certificate(stream.native_handle()),
                                                           &X509_free);
    std::array<char, 64> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name.data(), name.size());
    visit.server_name = name.data();
    return visit;
  }

  std::filesystem::path folder_;
  http::Router router_;
};

TEST_F(Tls, CarriesRequests) {
  RunningServer server(router_, {.tls = load().value()});
  const auto seen = visit(server.port());
  EXPECT_THAT(seen.answer, HasSubstr("\r\n\r\nsafe"));
  EXPECT_EQ(seen.server_name, "first");
}

// It says good-bye, which are bytes that nobody reads while a handler waits.
TEST_F(Tls, EndsAWaitWhoseClientIsGone) {
  std::atomic<int> waiting = 0;
  router_.add({http::Method::get, "/wait",
               [&waiting](http::Request&) -> net::awaitable<http::Response> {
                 ++waiting;
                 const std::shared_ptr<void> leaving(nullptr, [&waiting](void*) { --waiting; });
                 net::steady_timer never(co_await net::this_coro::executor,
                                         net::steady_timer::time_point::max());
                 co_await never.async_wait(net::use_awaitable);
                 co_return http::Response{};
               },
               true});
  RunningServer server(router_, {.tls = load().value()});
  {
    net::io_context io;
    ssl::context context(ssl::context::tls_client);
    ssl::stream<net::ip::tcp::socket> stream(io, context);
    stream.next_layer().connect({net::ip::address_v4::loopback(), server.port()});
    stream.handshake(ssl::stream_base::client);
    net::write(stream, net::buffer(std::string_view("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")));
    ASSERT_TRUE(eventually([&] { return waiting == 1; }));
    SSL_shutdown(stream.native_handle());
    boost::system::error_code unsent;
    stream.next_layer().close(unsent);
  }
  EXPECT_TRUE(eventually([&] { return waiting == 0; }));
}

TEST_F(Tls, TakesANewCertificateForConnectionsToCome) {
  const auto context = load().value();
  RunningServer server(router_, {.tls = context});
  EXPECT_EQ(visit(server.port()).server_name, "first");
  write_certificate("second", certificate(), key());
  server.on_its_thread([&] { context->reload().value(); });
  EXPECT_EQ(visit(server.port()).server_name, "second");
}

TEST_F(Tls, KeepsTheOldCertificateWhenTheNewOneIsBad) {
  const auto context = load().value();
  RunningServer server(router_, {.tls = context});
  std::ofstream(certificate()) << "no certificate";
  const auto reloaded = server.on_its_thread([&] { return context->reload(); });
  ASSERT_FALSE(reloaded);
  EXPECT_THAT(reloaded.error().message, HasSubstr("certificate.pem"));
  EXPECT_EQ(visit(server.port()).server_name, "first");
}

TEST_F(Tls, RefusesFilesThatDoNotBelongTogetherOrAreNotThere) {
  write_certificate("other", folder_ / "other.pem", key());
  ASSERT_FALSE(load());
  EXPECT_EQ(load().error().code, ErrorCode::configuration);
  std::filesystem::remove(key());
  EXPECT_THAT(load().error().message, HasSubstr("key.pem"));
}

TEST_F(Tls, ClosesAConnectionThatSpeaksNoTlsAndServesTheNext) {
  RunningServer server(router_, {.tls = load().value()});
  RawClient plain(server.port());
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(plain.is_closed());
  EXPECT_THAT(visit(server.port()).answer, HasSubstr("safe"));
}

TEST_F(Tls, DoesNotWaitForAHandshakeThatNeverComes) {
  RunningServer server(router_,
                       {.tls = load().value(), .deadlines = {.head = std::chrono::milliseconds(50)}});
  RawClient silent(server.port());
  EXPECT_TRUE(silent.is_closed());
}

}  // namespace
}  // namespace equeue::tests

#include "chaos/proxy/proxy.hpp"

#include <atomic>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <set>
#include <thread>

#include "chaos/proxy/wire.hpp"

namespace equeue::chaos {

namespace net = boost::asio;
using boost::system::error_code;
using tcp = net::ip::tcp;
using local = net::local::stream_protocol;
using any = net::generic::stream_protocol;

namespace {

constexpr std::chrono::milliseconds slow_delay{120};
constexpr std::chrono::milliseconds blackhole_look{20};
constexpr std::size_t piece_bytes = 16 * 1024;

any::endpoint endpoint_of(const Address& server) {
  if (const auto* port = std::get_if<std::uint16_t>(&server))
    return tcp::endpoint(net::ip::address_v4::loopback(), *port);
  return local::endpoint(std::get<std::filesystem::path>(server).string());
}

class Pair;

// What all connections share; touched by the proxy's thread alone, but for the counter.
struct Weather {
  Network network = Network::good;
  bool refuses_new = false;
  int commits_to_cut = 0;
  std::atomic<int> commits_cut{0};
  std::set<std::shared_ptr<Pair>> pairs{};
  Proxy::Told told{};
};

class Pair : public std::enable_shared_from_this<Pair> {
 public:
  Pair(Weather& weather, tcp::socket client, bool is_understood)
      : weather_(weather),
        is_understood_(is_understood),
        client_(std::move(client)),
        server_(client_.get_executor()),
        up_{.timer = net::steady_timer(client_.get_executor())},
        down_{.timer = net::steady_timer(client_.get_executor())} {}

  void begin(const any::endpoint& server) {
    error_code failed;
    server_.connect(server, failed);
    if (failed) return close();
    client_.set_option(tcp::no_delay(true), failed);
    read(client_, server_, up_, true);
    read(server_, client_, down_, false);
  }

  void close() {
    error_code ignored;
    client_.close(ignored);
    server_.close(ignored);
    up_.timer.cancel();
    down_.timer.cancel();
    weather_.pairs.erase(shared_from_this());
  }

 private:
  struct Way {
    net::steady_timer timer;
    std::array<char, piece_bytes> piece{};
    std::size_t size = 0;
  };

  template <class From, class To>
  void read(From& from, To& to, Way& way, bool is_up) {
    from.async_read_some(net::buffer(way.piece), [this, self = shared_from_this(), &from, &to, &way, is_up](
                                                     error_code failed, std::size_t size) {
      if (failed) return close();
      way.size = size;
      if (is_cut_here({way.piece.data(), size}, is_up)) return close();
      pass(from, to, way, is_up);
    });
  }

  bool is_cut_here(std::string_view piece, bool is_up) {
    if (!is_understood_) return false;
    if (is_up) {
      watch_.from_client(piece);
      if (weather_.told) settle_watch_.from_client(piece);
      return false;
    }
    // It is true from here on, whether its worker hears of it or not.
    if (weather_.told)
      for (const auto& told : settle_watch_.from_server(piece)) weather_.told(told);
    if (!watch_.from_server(piece) || weather_.commits_to_cut == 0) return false;
    --weather_.commits_to_cut;
    ++weather_.commits_cut;
    return true;
  }

  template <class From, class To>
  void pass(From& from, To& to, Way& way, bool is_up) {
    const bool is_held =
        weather_.network == Network::blackhole || (weather_.network == Network::half_open && !is_up);
    if (is_held) {
      wait(blackhole_look, way, [this, &from, &to, &way, is_up] { pass(from, to, way, is_up); });
    } else if (weather_.network == Network::slow) {
      wait(slow_delay, way, [this, &from, &to, &way, is_up] { write(from, to, way, is_up); });
    } else {
      write(from, to, way, is_up);
    }
  }

  template <class Next>
  void wait(std::chrono::milliseconds time, Way& way, Next next) {
    way.timer.expires_after(time);
    way.timer.async_wait([self = shared_from_this(), next = std::move(next)](error_code failed) {
      if (!failed && self->client_.is_open()) next();
    });
  }

  template <class From, class To>
  void write(From& from, To& to, Way& way, bool is_up) {
    net::async_write(
        to, net::buffer(way.piece, way.size),
        [this, self = shared_from_this(), &from, &to, &way, is_up](error_code failed, std::size_t) {
          if (failed) return close();
          read(from, to, way, is_up);
        });
  }

  Weather& weather_;
  const bool is_understood_;
  tcp::socket client_;
  any::socket server_;
  Way up_;
  Way down_;
  CommitWatch watch_{};
  SettleWatch settle_watch_{};
};

}  // namespace

struct Proxy::State {
  State(Address address, Told told) : server(std::move(address)) { weather.told = std::move(told); }

  void accept() {
    acceptor.async_accept([this](error_code failed, tcp::socket client) {
      if (failed) return;
      if (weather.refuses_new) return accept();
      const auto pair = std::make_shared<Pair>(weather, std::move(client),
                                               std::holds_alternative<std::filesystem::path>(server));
      weather.pairs.insert(pair);
      pair->begin(endpoint_of(server));
      accept();
    });
  }

  // Runs `what` on the proxy's thread, and waits for it.
  template <class What>
  auto ask(What what) {
    std::packaged_task<decltype(what())()> task(std::move(what));
    auto answer = task.get_future();
    net::post(io, std::move(task));
    return answer.get();
  }

  net::io_context io{1};
  tcp::acceptor acceptor{io, tcp::endpoint(net::ip::address_v4::loopback(), 0)};
  Address server;
  Weather weather{};
  std::thread thread{};
};

Proxy::Proxy(Address server, Told told)
    : state_(std::make_unique<State>(std::move(server), std::move(told))) {
  state_->accept();
  state_->thread = std::thread([state = state_.get()] { state->io.run(); });
}

Proxy::~Proxy() {
  cut();
  state_->io.stop();
  state_->thread.join();
  state_->weather.pairs.clear();
}

std::uint16_t Proxy::port() const {
  return state_->acceptor.local_endpoint().port();
}

void Proxy::become(Network network) {
  state_->ask([&] { state_->weather.network = network; });
}

void Proxy::refuse_new(bool refuses) {
  state_->ask([&] { state_->weather.refuses_new = refuses; });
}

void Proxy::lead_to(Address server) {
  state_->ask([&] { state_->server = std::move(server); });
}

int Proxy::cut() {
  return state_->ask([&] {
    const auto pairs = state_->weather.pairs;
    for (const auto& pair : pairs) pair->close();
    return static_cast<int>(pairs.size());
  });
}

void Proxy::cut_after_commits(int count) {
  state_->ask([&] { state_->weather.commits_to_cut = count; });
}

int Proxy::commits_cut() const {
  return state_->weather.commits_cut;
}

}  // namespace equeue::chaos

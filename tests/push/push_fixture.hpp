// A queue of the test's own that is served by push, and the servers that do so.
#pragma once

#include "push/pusher.hpp"
#include "push/signature.hpp"
#include "tests/push/receiver.hpp"
#include "tests/worker/worker_fixture.hpp"

namespace equeue::push {

class PushTest : public tests::WorkerTest {
 protected:
  void SetUp() override {
    WorkerTest::SetUp();
    if (IsSkipped()) return;
    query("DELETE FROM equeue.push_targets");
    query("DELETE FROM equeue.webhooks");
    connection_.emplace(pg::Connection::open(database_.url, "equeue test").value());
    secret_ = make_secret();
  }

  [[nodiscard]] store::Cell cell() { return {*connection_, database_.schema}; }

  // A server that may call the loopback.
  [[nodiscard]] std::unique_ptr<Pusher> serve() { return serve(loopback_allowed()); }
  [[nodiscard]] std::unique_ptr<Pusher> serve(builtin::HttpGuard guard,
                                              std::chrono::milliseconds drain = tests::patience) {
    auto pusher = std::make_unique<Pusher>(database_, PusherOptions{.guard = std::move(guard),
                                                                    .refresh = std::chrono::milliseconds(200),
                                                                    .drain = drain,
                                                                    .poll = std::chrono::milliseconds(100)});
    pusher->start();
    return pusher;
  }
  static builtin::HttpGuard loopback_allowed() {
    return {.allow = {builtin::parse_cidr("127.0.0.0/8").value()}};
  }

  void declare(const std::string& task, int max_attempts = 5) {
    TaskOptions options{.queue = queue_, .max_attempts = max_attempts, .retry = tests::at_once};
    store::declare_task(cell(), task, options).value();
  }
  void push_to(const std::string& url, store::PushTarget target = {}) {
    target.place = {.queue = queue_};
    target.url = url;
    store::set_push_target(cell(), target, secret_, "test").value();
  }
  void push_task_to(const std::string& task, const std::string& url, store::PushTarget target = {}) {
    target.place = {.task = task};
    target.url = url;
    store::set_push_target(cell(), target, secret_, "test").value();
  }
  JobId enqueue(const std::string& task, const std::string& payload = "{}", EnqueueOptions options = {}) {
    return client_->enqueue(NewJob{task, payload, std::move(options)}).value().id;
  }
  [[nodiscard]] std::string secret() const { return {secret_.begin(), secret_.end()}; }
  [[nodiscard]] bool is_signed(const std::string& request) const {
    const std::chrono::sys_seconds at{
        std::chrono::seconds(std::stoll("0" + header_of(request, "webhook-timestamp")))};
    return header_of(request, "webhook-signature") ==
           sign(secret(), header_of(request, "webhook-id"), at, body_of(request));
  }

  store::PushSecret secret_{};

 private:
  std::optional<pg::Connection> connection_;
};

}  // namespace equeue::push

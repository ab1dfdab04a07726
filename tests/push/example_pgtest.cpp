// The receiver of docs/push.md, as it is.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/push/push_fixture.hpp"

namespace equeue::push {
namespace {

class Python {
 public:
  explicit Python(const std::string& secret) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      const int silent = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
      ::dup2(silent, STDERR_FILENO);
      ::execlp("python3", "python3", EQUEUE_EXAMPLE, "0", secret.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    char c = 0;
    while (::read(ends[0], &c, 1) == 1 && c != '\n') port_ += c;
    ::close(ends[0]);
  }
  ~Python() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Python(const Python&) = delete;
  Python& operator=(const Python&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + port_ + "/"; }
  [[nodiscard]] bool runs() const { return !port_.empty(); }

 private:
  pid_t pid_ = -1;
  std::string port_;
};

class PushExample : public PushTest {};

TEST_F(PushExample, WorksAndRefusesWhatIsNotSigned) {
  const Python receiver(secret_text(secret_));
  ASSERT_TRUE(receiver.runs()) << "python3 does not run " EQUEUE_EXAMPLE;
  declare("push.greet", 1);
  push_to(receiver.url());
  const auto good = enqueue("push.greet", R"({"name": "Ada"})");
  {
    const auto pusher = serve();
    EXPECT_EQ(ended(good).result, R"({"greeting": "Hello Ada"})") << ended(good).error.value_or("");
  }
  store::renew_push_secret(cell(), {.queue = queue_}, make_secret(), "test").value();
  const auto forged = enqueue("push.greet", R"({"name": "Eve"})");
  const auto pusher = serve();
  EXPECT_EQ(ended(forged).error, receiver.url() + " answered 401");
}

}  // namespace
}  // namespace equeue::push

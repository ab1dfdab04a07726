#include "cli/terminal.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace equeue::cli {
namespace {

// A stream in memory.
class Stream {
 public:
  Stream() : file_(open_memstream(&text_, &size_)) {}
  ~Stream() {
    std::fclose(file_);
    std::free(text_);
  }
  [[nodiscard]] std::FILE* file() { return file_; }
  [[nodiscard]] std::string text() {
    std::fflush(file_);
    return {text_, size_};
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

TEST(Terminal, SaysWhatHappenedAndWhatToDo) {
  Stream out;
  Stream err;
  Terminal terminal(out.file(), err.file(), {});
  terminal.error({.code = ErrorCode::invalid_payload,
                  .message = "two\nlines",
                  .hint = "do it",
                  .faults = {{"/a", "missing"}, {"", "wrong"}}});
  EXPECT_EQ(err.text(), "equeue: two lines\n  /a: missing\n  wrong\n  hint: do it\n");
  EXPECT_EQ(out.text(), "");
}

TEST(Terminal, ShowsNoStatusWhereNobodyLooks) {
  Stream out;
  Stream err;
  Terminal terminal(out.file(), err.file(), {});
  terminal.status("50%");
  EXPECT_EQ(err.text(), "");
}

TEST(Terminal, ClearsItsStatusBeforeItPrints) {
  Stream out;
  Stream err;
  Terminal terminal(out.file(), err.file(), {.err_is_terminal = true});
  terminal.status("50%");
  terminal.print_line("done");
  EXPECT_EQ(err.text(), "\r\x1b[K50%\r\x1b[K");
  EXPECT_EQ(out.text(), "done\n");
}

TEST(Terminal, ReportsAFullDisk) {
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> full{std::fopen("/dev/full", "w"), &std::fclose};
  Stream err;
  Terminal terminal(full.get(), err.file(), {});
  terminal.print_line("lost");
  const auto finished = terminal.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace equeue::cli

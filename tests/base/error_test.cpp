#include <gtest/gtest.h>

#include <equeue/error.hpp>
#include <set>

namespace equeue {
namespace {

TEST(ErrorCode, HasANameOfItsOwn) {
  std::set<std::string_view> names;
  constexpr int count = static_cast<int>(ErrorCode::io) + 1;
  for (int code = 0; code < count; ++code) names.insert(to_string(static_cast<ErrorCode>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(count));
}

TEST(Error, IsOneLineWithItsFaultsAndHint) {
  const Error error{.code = ErrorCode::invalid_payload,
                    .message = "the payload does not fit",
                    .hint = "see the task's type",
                    .faults = {{"/a", "missing"}, {"", "no object"}}};
  EXPECT_EQ(to_string(error),
            "the payload does not fit: /a: missing; the document: no object (see the task's type)");
}

TEST(Result, ThrowsItsErrorWhenTheValueIsTaken) {
  const Result<int> result = Error{.code = ErrorCode::unknown_job, .message = "there is no job 7"};
  try {
    static_cast<void>(result.value());
    FAIL() << "value() of an error returned";
  } catch (const Exception& thrown) {
    EXPECT_EQ(thrown.error().code, ErrorCode::unknown_job);
    EXPECT_STREQ(thrown.what(), "there is no job 7");
  }
}

}  // namespace
}  // namespace equeue

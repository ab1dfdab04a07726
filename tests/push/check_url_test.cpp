#include "push/check_url.hpp"

#include <gtest/gtest.h>

namespace equeue::push {
namespace {

TEST(CheckUrl, AcceptsWhatCanBeCalled) {
  for (const char* url :
       {"http://a.example", "https://a.example:8443/x?y=a@b", "http://[::1]:80/", "http://10.0.0.1/@x"})
    EXPECT_TRUE(check_url(url)) << url;
}

TEST(CheckUrl, RefusesWhatCannotOrShouldNot) {
  for (const auto& url : std::vector<std::string>{
           "", "a.example", "ftp://a.example/", "https://", "https://anna:pw@a.example/",
           "https://anna@a.example", "https://a.example/#x", "http://a.example:99999/",
           R"(http://a.example\@b.example/)", "https://a.example/" + std::string(2'048, 'x'),
           "http:/anna:pw@a.example/", "http:///anna:pw@a.example/", "http:/a.example/x://y"}) {
    const auto checked = check_url(url);
    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace equeue::push

// The code in the example's README is the code of the example.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace puzzles {
namespace {

const std::filesystem::path folder = std::filesystem::path(EQUEUE_SOURCE_ROOT) / "examples/puzzles";

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> code_blocks(const std::string& markdown) {
  const std::string opening = "```cpp\n";
  std::vector<std::string> blocks;
  for (auto at = markdown.find(opening); at != std::string::npos; at = markdown.find(opening, at)) {
    at += opening.size();
    blocks.push_back(markdown.substr(at, markdown.find("```", at) - at));
  }
  return blocks;
}

TEST(Readme, ShowsTheCodeAsItIs) {
  std::string sources;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".cpp" || entry.path().extension() == ".hpp")
      sources += text_of(entry.path());
  const auto blocks = code_blocks(text_of(folder / "README.md"));
  EXPECT_FALSE(blocks.empty());
  for (const auto& block : blocks) EXPECT_NE(sources.find(block), std::string::npos) << block;
}

TEST(Readme, LinksOnlyToFilesThatAreThere) {
  const auto text = text_of(folder / "README.md");
  int links = 0;
  for (auto at = text.find("]("); at != std::string::npos; at = text.find("](", at + 1)) {
    const auto target = text.substr(at + 2, text.find(')', at) - at - 2);
    if (target.find(' ') != std::string::npos) continue;  // a lambda in the code
    EXPECT_TRUE(std::filesystem::exists(folder / target)) << target;
    ++links;
  }
  EXPECT_GT(links, 0);
}

}  // namespace
}  // namespace puzzles

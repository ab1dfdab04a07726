// Runs a target over every file of its corpus and over mutants of them, the same ones each time: what every
// build does, with any compiler. `./dev fuzz` looks further.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/target.hpp"

namespace {

constexpr std::size_t mutants = 10'000;
constexpr std::size_t mutant_bytes_max = 64 * 1024;
constexpr unsigned seconds_max = 20;  // one input, on a machine that is busy
constexpr const char* failed_file = "fuzz_failed_input";

// For the handler: the input that runs.
std::string running;

void keep_input(int signal_number) {
  const int file = ::open(failed_file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0) {
    static_cast<void>(!::write(file, running.data(), running.size()));
    constexpr std::string_view told = "the input that did it is in the file fuzz_failed_input\n";
    static_cast<void>(!::write(STDERR_FILENO, told.data(), told.size()));
  }
  ::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
}

void run(std::string input) {
  running = std::move(input);
  ::alarm(seconds_max);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(running.data()), running.size());
}

std::vector<std::string> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<std::string> corpus;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& corpus) : corpus_(corpus) {}

  std::string next() {
    auto text = any_seed();
    for (auto changes = 1 + below(4); changes > 0; --changes) change(text);
    if (text.size() > mutant_bytes_max) text.resize(mutant_bytes_max);
    return text;
  }

 private:
  // A distribution of the standard library would differ from one library to the next.
  std::size_t below(std::size_t limit) { return random_() % limit; }
  const std::string& any_seed() { return corpus_[below(corpus_.size())]; }

  void change(std::string& text) {
    // What grammars turn on.
    static constexpr std::string_view marks = "\0\n\r\t \"\\/{}[]:,.-+=%&?#@eE09\x7f\x80\xc3\xff";
    static constexpr std::size_t marks_count = 32;
    const auto at = below(text.size() + 1);
    switch (below(7)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 2:
        text.insert(at, 1, std::string_view(marks.data(), marks_count)[below(marks_count)]);
        break;
      case 3:
        text.erase(at, 1 + below(8));
        break;
      case 4:
        text.resize(at);
        break;
      case 5:
        text.insert(at, text.substr(below(text.size() + 1), 1 + below(64)));
        break;
      default: {
        const auto& other = any_seed();
        text.replace(at, text.npos, other, below(other.size() + 1), other.npos);
      }
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_{20'260'131};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " CORPUS\n";
    return EXIT_FAILURE;
  }
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM}) ::signal(number, keep_input);
  const auto corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::cerr << argv[1] << " holds no file\n";
    return EXIT_FAILURE;
  }
  run("");
  for (const auto& seed : corpus) run(seed);
  Mutator mutator(corpus);
  for (std::size_t i = 0; i < mutants; ++i) run(mutator.next());
  std::cout << corpus.size() << " files and " << mutants << " mutants of them\n";
  return EXIT_SUCCESS;
}

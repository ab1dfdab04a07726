#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <equeue/json_codec.hpp>
#include <equeue/limits.hpp>
#include <equeue/typed.hpp>
#include <limits>

namespace equeue {
namespace {

enum class Level { easy, hard };
BOOST_DESCRIBE_ENUM(Level, easy, hard)

struct Cell {
  std::int32_t row = 0;
  std::uint8_t digit = 0;
  bool operator==(const Cell&) const = default;
};
BOOST_DESCRIBE_STRUCT(Cell, (), (row, digit))

struct Base {
  std::string owner;
  bool operator==(const Base&) const = default;
};
BOOST_DESCRIBE_STRUCT(Base, (), (owner))

struct Puzzle : Base {
  static constexpr std::string_view task = "puzzles.solve";
  std::int64_t puzzle_id = 0;
  Level level = Level::easy;
  bool strict = false;
  double weight = 0;
  std::optional<std::string> note;
  std::vector<Cell> cells;
  std::map<std::string, std::uint64_t> counts;
  JobId parent;
  bool operator==(const Puzzle&) const = default;
};
BOOST_DESCRIBE_STRUCT(Puzzle, (Base), (puzzle_id, level, strict, weight, note, cells, counts, parent))
static_assert(TaskPayload<Puzzle>);

struct Optionals {
  std::optional<int> a;
  std::optional<std::vector<int>> b;
};
BOOST_DESCRIBE_STRUCT(Optionals, (), (a, b))

struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

Puzzle sample() {
  Puzzle puzzle;
  puzzle.owner = "O'Brien \"the\" é";
  puzzle.puzzle_id = 9'007'199'254'740'993;
  puzzle.level = Level::hard;
  puzzle.weight = 0.1;
  puzzle.cells = {{1, 9}, {-2, 255}};
  puzzle.counts = {{"a/b~c", std::numeric_limits<std::uint64_t>::max()}};
  puzzle.parent = *parse_id<JobId>("01890a5d-ac96-774b-bcce-b302099a8057");
  return puzzle;
}

// "pointer: message" of each fault, in order.
template <class T>
std::vector<std::string> faults_of(std::string_view text) {
  const auto read = from_json_text<T>(text);
  if (read) return {"no fault"};
  EXPECT_EQ(read.error().code, ErrorCode::invalid_payload);
  std::vector<std::string> faults;
  for (const auto& fault : read.error().faults) faults.push_back(fault.pointer + ": " + fault.message);
  if (faults.empty()) faults.push_back(read.error().message);
  return faults;
}

using Faults = std::vector<std::string>;

TEST(Codec, WritesAStructAsAnObject) {
  EXPECT_EQ(
      to_json_text(sample()),
      R"({"owner":"O'Brien \"the\" é","puzzle_id":9007199254740993,"level":"hard","strict":false,"weight":1E-1,)"
      R"("cells":[{"row":1,"digit":9},{"row":-2,"digit":255}],"counts":{"a/b~c":18446744073709551615},)"
      R"("parent":"01890a5d-ac96-774b-bcce-b302099a8057"})");
}

TEST(Codec, ReadsBackWhatItWrote) {
  Puzzle puzzle = sample();
  EXPECT_EQ(*from_json_text<Puzzle>(to_json_text(puzzle)), puzzle);
  puzzle.note = "";
  EXPECT_EQ(*from_json_text<Puzzle>(to_json_text(puzzle)), puzzle);
}

TEST(Codec, NamesEveryWrongFieldAtOnce) {
  const auto faults = faults_of<Puzzle>(
      R"({"puzle_id":1,"level":"medium","strict":1,"weight":"x","note":5,)"
      R"("cells":[{"row":1,"digit":300},7,{"row":1.0,"digit":1,"x":0}],"counts":{"a/b~c":-1},"parent":"7"})");
  EXPECT_EQ(faults, (Faults{
                        "/owner: missing",
                        "/puzzle_id: missing",
                        "/level: expected 'easy' or 'hard', got 'medium'",
                        "/strict: expected a boolean, got a number",
                        "/weight: expected a number, got a string",
                        "/note: expected a string, got a number",
                        "/cells/0/digit: 300 does not fit in 8 bits (0 to 255)",
                        "/cells/1: expected an object, got a number",
                        "/cells/2/row: expected an integer, got 1.0",
                        "/cells/2/x: no such field",
                        "/counts/a~1b~0c: -1 does not fit in 64 bits (0 to 18446744073709551615)",
                        "/parent: expected a UUID, as 01890a5d-ac96-774b-bcce-b302099a8057",
                        "/puzle_id: no such field; did you mean 'puzzle_id'?",
                    }));
}

TEST(Codec, RefusesADocumentOfAnotherShape) {
  EXPECT_EQ(faults_of<Cell>("[]"), Faults{": expected an object, got an array"});
  EXPECT_EQ(faults_of<Cell>("null"), Faults{": expected an object, got null"});
  EXPECT_EQ(faults_of<std::vector<int>>("{}"), Faults{": expected an array, got an object"});
  EXPECT_EQ(faults_of<int>("\"7\""), Faults{": expected an integer, got a string"});
  EXPECT_EQ(faults_of<int>("true"), Faults{": expected an integer, got a boolean"});
  EXPECT_EQ(faults_of<bool>("null"), Faults{": expected a boolean, got null"});
  EXPECT_EQ(faults_of<Level>("0"), Faults{": expected 'easy' or 'hard', got a number"});
  EXPECT_EQ(faults_of<JobId>("0"), Faults{": expected a UUID as a string, got a number"});
}

TEST(Codec, RefusesWhatIsNoJson) {
  EXPECT_EQ(faults_of<Cell>("{"), Faults{"invalid JSON at line 1, column 2 (byte 1): it ends too early"});
}

TEST(Codec, LetsAnOptionalBeMissingOrNull) {
  EXPECT_EQ(from_json_text<Optionals>("{}")->a, std::nullopt);
  EXPECT_EQ(from_json_text<Optionals>(R"({"a":null,"b":[1]})")->b, std::vector{1});
  EXPECT_EQ(to_json_text(Optionals{}), "{}");
  EXPECT_EQ(faults_of<Optionals>(R"({"b":[null]})"), Faults{"/b/0: expected an integer, got null"});
}

TEST(Codec, TakesNoFieldForAStructWithoutMembers) {
  EXPECT_TRUE(from_json_text<Nothing>("{}"));
  EXPECT_EQ(faults_of<Nothing>(R"({"a":1})"), Faults{"/a: no such field"});
}

TEST(Codec, PassesJsonThrough) {
  const std::string text = R"({"a":[1,null,{"b":true}]})";
  EXPECT_EQ(to_json_text(*from_json_text<boost::json::value>(text)), text);
}

TEST(Codec, KeepsTheProxiesOfABooleanVector) {
  EXPECT_EQ(to_json_text(std::vector<bool>{true, false}), "[true,false]");
  EXPECT_EQ(*from_json_text<std::vector<bool>>("[false,true]"), (std::vector<bool>{false, true}));
}

template <class T>
class IntegerCodec : public testing::Test {};
using Integers = testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                                std::uint32_t, std::int64_t, std::uint64_t, long long, unsigned long long>;
TYPED_TEST_SUITE(IntegerCodec, Integers);

TYPED_TEST(IntegerCodec, TakesItsWholeRangeAndNoMore) {
  constexpr auto min = std::numeric_limits<TypeParam>::min();
  constexpr auto max = std::numeric_limits<TypeParam>::max();
  for (const TypeParam value : {min, TypeParam{0}, TypeParam{1}, max}) {
    EXPECT_EQ(to_json_text(value), std::to_string(value));
    EXPECT_EQ(*from_json_text<TypeParam>(to_json_text(value)), value);
  }
  if constexpr (sizeof(TypeParam) < 8) {
    EXPECT_FALSE(from_json_text<TypeParam>(std::to_string(static_cast<std::int64_t>(max) + 1)));
    EXPECT_FALSE(from_json_text<TypeParam>(std::to_string(static_cast<std::int64_t>(min) - 1)));
  }
  EXPECT_FALSE(from_json_text<TypeParam>("18446744073709551616"));
  EXPECT_FALSE(from_json_text<TypeParam>("-9223372036854775809"));
  EXPECT_EQ(from_json_text<TypeParam>("9223372036854775808").has_value(), max >= 9'223'372'036'854'775'808u);
  EXPECT_EQ(from_json_text<TypeParam>("-1").has_value(), std::is_signed_v<TypeParam>);
  for (const std::string_view text : {"1.0", "1e0", "0.5", "1e3"})
    EXPECT_FALSE(from_json_text<TypeParam>(text)) << text;
}

TEST(Codec, SaysTheRangeOfAnInteger) {
  EXPECT_EQ(faults_of<std::int8_t>("128"), Faults{": 128 does not fit in 8 bits (-128 to 127)"});
  EXPECT_EQ(
      faults_of<std::int64_t>("9223372036854775808"),
      Faults{": 9223372036854775808 does not fit in 64 bits (-9223372036854775808 to 9223372036854775807)"});
  EXPECT_EQ(faults_of<std::uint16_t>("65536"), Faults{": 65536 does not fit in 16 bits (0 to 65535)"});
}

TEST(Codec, TakesAnyNumberForADouble) {
  EXPECT_EQ(*from_json_text<double>("1"), 1.0);
  EXPECT_EQ(*from_json_text<double>("-2.5e-3"), -0.0025);
  // How PostgreSQL's jsonb writes the double 2^60.
  EXPECT_EQ(*from_json_text<double>("1152921504606847000"), 1'152'921'504'606'846'976.0);
}

TEST(Codec, RefusesToWriteWhatJsonCannotSay) {
  EXPECT_THROW(static_cast<void>(to_json(std::numeric_limits<double>::quiet_NaN())), Exception);
  EXPECT_THROW(static_cast<void>(to_json(-std::numeric_limits<double>::infinity())), Exception);
  EXPECT_THROW(static_cast<void>(to_json(static_cast<Level>(7))), Exception);
}

TEST(Codec, ListsABoundedNumberOfFaults) {
  std::string text = "[0";
  for (int i = 0; i < 999; ++i) text += ",\"x\"";
  const auto read = from_json_text<std::vector<int>>(text + ']');
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().faults.size(), limits::faults_max);
  EXPECT_EQ(read.error().message, "the JSON document does not fit its type, in 999 places; the first 100");
}

TEST(Codec, SuggestsOnlyWhatIsClose) {
  EXPECT_EQ(faults_of<Cell>(R"({"row":1,"digit":1,"digits":1})"),
            Faults{"/digits: no such field; did you mean 'digit'?"});
  EXPECT_EQ(faults_of<Cell>(R"({"row":1,"digit":1,"colour":1})"), Faults{"/colour: no such field"});
  EXPECT_EQ(faults_of<Nothing>("{\"" + std::string(100'000, 'x') + "\":1}").size(), 1u);
}

RC_GTEST_PROP(Codec, ReadsBackAnyStruct,
              (const std::string& owner, std::int64_t id, bool hard,
               const std::map<std::string, std::uint64_t>& counts)) {
  Puzzle puzzle;
  puzzle.puzzle_id = id;
  puzzle.level = hard ? Level::hard : Level::easy;
  // Any bytes may stand in a std::string; only those of ASCII are JSON without more.
  for (const char c : owner) puzzle.owner += static_cast<char>(c & 0x7f);
  std::erase(puzzle.owner, '\0');
  for (const auto& [key, count] : counts) puzzle.counts.emplace(std::to_string(key.size()), count);
  const auto read = from_json_text<Puzzle>(to_json_text(puzzle));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == puzzle);
}

}  // namespace
}  // namespace equeue

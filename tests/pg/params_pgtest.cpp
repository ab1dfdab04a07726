#include "tests/pg/shared_server.hpp"

namespace equeue::pg {
namespace {

using Texts = std::vector<std::optional<std::string_view>>;

class ParamsTest : public SharedServer {
 protected:
  // What the server makes of the parameter, as it writes it.
  std::string written(const Params& params) {
    return rows(connection_, {"SELECT coalesce($1::text, 'NULL')", params}).at(0, 0).text();
  }
  Rows echo(const Params& params, const std::string& type) {
    return rows(connection_, {"SELECT $1::" + type, params});
  }

  Connection connection_ = connect();
};

const std::string large(1 << 20, 'x');

TEST_F(ParamsTest, CarriesTextOfAnyKind) {
  for (const std::string& value : {std::string(), std::string("NULL"), std::string("{a,\"b\"}"),
                                   std::string("ä 漢 🙂"), std::string("line\nline\t\\"), large}) {
    EXPECT_EQ(echo(Params().text(value), "text").at(0, 0).text(), value);
  }
  EXPECT_TRUE(echo(Params().null_text(), "text").at(0, 0).is_null());
  EXPECT_EQ(echo(Params().text_or_null(std::nullopt), "text").at(0, 0).text_or_null(), std::nullopt);
}

TEST_F(ParamsTest, CarriesTextArraysWithNullsAndEmptyElements) {
  const Texts values = {"a", std::nullopt, "", "ä 漢 🙂", "{,\"", large};
  const auto answer = echo(Params().texts(values), "text[]");
  const auto elements = answer.at(0, 0).elements();
  ASSERT_EQ(elements.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(elements[i].is_null(), !values[i].has_value()) << i;
    if (values[i]) {
      EXPECT_EQ(elements[i].bytes(), *values[i]);
    }
  }
}

TEST_F(ParamsTest, SendsAnArrayOfNothingButNullsAsNullWhenAsked) {
  const Texts nothing = {std::nullopt, std::nullopt};
  EXPECT_EQ(written(Params().texts(nothing)), "NULL");
  EXPECT_EQ(written(Params().texts(nothing, false)), "{NULL,NULL}");
  EXPECT_EQ(written(Params().texts({})), "NULL");
  EXPECT_EQ(written(Params().texts({}, false)), "{}");
  EXPECT_EQ(written(Params().uuids({})), "{}");
  EXPECT_TRUE(echo(Params().uuids({}), "uuid[]").at(0, 0).elements().empty());
}

TEST_F(ParamsTest, CarriesNumbersToTheirEnds) {
  const std::vector<std::optional<std::int16_t>> twos = {0, -1, INT16_MIN, INT16_MAX, std::nullopt};
  const std::vector<std::optional<std::int32_t>> fours = {0, -1, INT32_MIN, INT32_MAX, std::nullopt};
  const std::vector<std::optional<std::int64_t>> eights = {0, -1, INT64_MIN, INT64_MAX, std::nullopt};
  EXPECT_EQ(written(Params().int2s(twos)), "{0,-1,-32768,32767,NULL}");
  EXPECT_EQ(written(Params().int4s(fours)), "{0,-1,-2147483648,2147483647,NULL}");
  EXPECT_EQ(written(Params().int8s(eights)), "{0,-1,-9223372036854775808,9223372036854775807,NULL}");
  EXPECT_EQ(written(Params().int4(-7)), "-7");
  EXPECT_EQ(echo(Params().int8s(eights), "bigint[]").at(0, 0).elements()[2].integer(), INT64_MIN);
}

TEST_F(ParamsTest, CarriesBooleansAndTimes) {
  const std::vector<std::optional<bool>> flags = {true, false, std::nullopt};
  EXPECT_EQ(written(Params().bools(flags)), "{t,f,NULL}");
  rows(connection_, {"SET timezone = 'UTC'"});
  const TimePoint some{std::chrono::microseconds(1'234'567)};
  const std::vector<std::optional<TimePoint>> times = {some, std::nullopt, TimePoint::min(),
                                                       TimePoint::max()};
  EXPECT_EQ(written(Params().times(times)), "{\"1970-01-01 00:00:01.234567+00\",NULL,-infinity,infinity}");
  const auto answer = echo(Params().times(times), "timestamptz[]");
  const auto back = answer.at(0, 0).elements();
  EXPECT_EQ(back[0].time(), some);
  EXPECT_EQ(back[1].time_or_null(), std::nullopt);
}

TEST_F(ParamsTest, CarriesBytesAndOneTime) {
  const std::string bytes("\0a\xff\\", 4);
  EXPECT_EQ(echo(Params().bytea(bytes), "bytea").at(0, 0).bytes(), bytes);
  EXPECT_EQ(written(Params().bytea("")), "\\x");
  const std::array<std::uint8_t, 32> digest{1, 2, 3};
  EXPECT_EQ(written(Params().bytea(digest)), "\\x010203" + std::string(58, '0'));
  const TimePoint some{std::chrono::microseconds(-1'234'567)};
  EXPECT_EQ(echo(Params().time_or_null(some), "timestamptz").at(0, 0).time(), some);
  EXPECT_TRUE(echo(Params().time_or_null(std::nullopt), "timestamptz").at(0, 0).is_null());
}

TEST_F(ParamsTest, CarriesJson) {
  const Texts values = {R"({"a": [1, "ä"]})", std::nullopt, "null"};
  const auto answer = echo(Params().jsonbs(values), "jsonb[]");
  const auto elements = answer.at(0, 0).elements();
  ASSERT_EQ(elements.size(), 3u);
  EXPECT_EQ(elements[0].json(), R"({"a": [1, "ä"]})");
  EXPECT_EQ(elements[1].json_or_null(), std::nullopt);
  EXPECT_EQ(elements[2].json(), "null");
  EXPECT_EQ(echo(Params().jsonb("7"), "jsonb").at(0, 0).json(), "7");
}

TEST_F(ParamsTest, CarriesIds) {
  const auto id = make_worker_id();
  const std::array ids = {id.bytes, make_worker_id().bytes};
  EXPECT_EQ(written(Params().uuid(id.bytes)), to_string(id));
  const auto answer = echo(Params().uuids(ids), "uuid[]");
  EXPECT_EQ(answer.at(0, 0).elements()[1].uuid(), ids[1]);
}

TEST_F(ParamsTest, KeepTheirOrder) {
  Params params;
  params.text("a").null_text().int4(3).text("");
  const auto answer = rows(connection_, {"SELECT $1::text, $2::text, $3::int, $4::text", params});
  EXPECT_EQ(answer.at(0, 0).text(), "a");
  EXPECT_TRUE(answer.at(0, 1).is_null());
  EXPECT_EQ(answer.at(0, 2).integer(), 3);
  EXPECT_EQ(answer.at(0, 3).text(), "");
}

TEST_F(ParamsTest, OfCompositeValuesAreReadByColumn) {
  const auto answer =
      rows(connection_, {"SELECT ARRAY[ROW(1, NULL::text, 'x'::text), ROW(2, ''::text, NULL::text)]"});
  const auto all = answer.at(0, 0).elements();
  ASSERT_EQ(all.size(), 2u);
  const auto first = all[0].columns();
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].integer(), 1);
  EXPECT_TRUE(first[1].is_null());
  EXPECT_EQ(first[2].text(), "x");
  EXPECT_EQ(all[1].columns()[1].text(), "");
}

}  // namespace
}  // namespace equeue::pg

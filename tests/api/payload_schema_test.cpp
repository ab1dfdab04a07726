// What a task's schema may be, and what it says of payloads.
#include "api/schema/payload_schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "api/schema/prepare.hpp"

namespace equeue::tests {
namespace {

using api::PayloadSchema;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<Fault> faults_of(const std::string& schema) {
  const auto read = PayloadSchema::read(schema);
  return read ? std::vector<Fault>{} : read.error().faults;
}

bool is_valid(const std::string& schema, const std::string& payload) {
  return PayloadSchema::read(schema).value()->check(boost::json::parse(payload)).empty();
}

std::vector<std::string> pointers_of(const std::string& schema, const std::string& payload) {
  std::vector<std::string> pointers;
  for (const auto& fault : PayloadSchema::read(schema).value()->check(boost::json::parse(payload)))
    pointers.push_back(fault.pointer);
  return pointers;
}

TEST(PayloadSchema, ChecksByTheKeywordsOfDraft7) {
  const struct {
    std::string schema;
    std::string good;
    std::string bad;
  } cases[] = {
      {R"({"type":"object","required":["a"]})", R"({"a":1})", R"({})"},
      {R"({"type":["integer","null"]})", "null", "1.5"},
      {R"({"type":"integer"})", "18446744073709551615", "\"1\""},
      {R"({"properties":{"a":{"type":"string"}},"additionalProperties":false})", R"({"a":"x"})",
       R"({"b":1})"},
      {R"({"properties":{"pattern":{"type":"integer"}}})", R"({"pattern":1})", R"({"pattern":"x"})"},
      {R"({"enum":["a",1]})", "1", "2"},
      {R"({"const":{"a":[1]}})", R"({"a":[1]})", R"({"a":[2]})"},
      {R"({"minimum":1,"exclusiveMaximum":3})", "2.5", "3"},
      {R"({"multipleOf":5})", "10", "11"},
      {R"({"minLength":2,"maxLength":3})", "\"ab\"", "\"abcd\""},
      {R"({"pattern":"^a+$"})", "\"aaa\"", "\"ab\""},
      {R"({"items":{"type":"integer"},"minItems":1,"maxItems":2})", "[1,2]", "[1,\"2\"]"},
      {R"({"items":[{"type":"integer"}],"additionalItems":false})", "[1]", "[1,2]"},
      {R"({"uniqueItems":true})", "[1,2]", "[1,1]"},
      {R"({"contains":{"const":1}})", "[2,1]", "[2]"},
      {R"({"minProperties":1,"propertyNames":{"pattern":"^[a-z]+$"}})", R"({"a":1})", R"({"A":1})"},
      {R"({"dependencies":{"a":["b"]}})", R"({"a":1,"b":1})", R"({"a":1})"},
      {R"({"allOf":[{"type":"integer"},{"minimum":1}]})", "1", "0"},
      {R"({"anyOf":[{"type":"integer"},{"type":"null"}]})", "null", "\"a\""},
      {R"({"oneOf":[{"minimum":1},{"maximum":5}]})", "9", "3"},
      {R"({"not":{"type":"null"}})", "1", "null"},
      {R"({"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}})", R"({"c":1})",
       R"({"a":1})"},
      {R"({"definitions":{"n":{"type":"integer"}},"properties":{"a":{"$ref":"#/definitions/n"}}})",
       R"({"a":1})", R"({"a":"x"})"},
      {R"({"$schema":"http://json-schema.org/draft-07/schema#","x-owner":"mail","format":"date","type":"string"})",
       "\"no date\"", "1"},
      {"true", "1", ""},
  };
  for (const auto& [schema, good, bad] : cases) {
    ASSERT_THAT(faults_of(schema), IsEmpty()) << schema;
    EXPECT_TRUE(is_valid(schema, good)) << schema << " " << good;
    if (!bad.empty()) EXPECT_FALSE(is_valid(schema, bad)) << schema << " " << bad;
  }
}

TEST(PayloadSchema, SaysWhereEachFaultIs) {
  const std::string schema =
      R"({"required":["to"],"properties":{"to":{"type":"string"},"a/b~c":{"items":{"type":"integer"}}}})";
  EXPECT_THAT(pointers_of(schema, R"({"to":1,"a/b~c":[1,"x",null]})"),
              testing::UnorderedElementsAre("/to", "/a~1b~0c/1", "/a~1b~0c/2"));
  EXPECT_THAT(pointers_of(schema, "{}"), ElementsAre(""));
}

TEST(PayloadSchema, RefusesWhatItCannotCheckByInBoundedTime) {
  const struct {
    std::string schema;
    std::string pointer;
    std::string says;
  } cases[] = {
      {"1", "", "an object, true or false"},
      {R"({"type":"nothing"})", "", ""},
      {R"({"requird":["a"]})", "/requird", "no keyword"},
      {R"({"prefixItems":[]})", "/prefixItems", "no keyword"},
      {R"({"patternProperties":{}})", "/patternProperties", "not supported"},
      {R"({"properties":{"a":{"pattern":"(a)\\1"}}})", "/properties/a/pattern", "linear time"},
      {R"({"pattern":"(?=a)b"})", "/pattern", "linear time"},
      {R"({"pattern":"a{1000}{1000}"})", "/pattern", "linear time"},
      {R"({"$ref":"http://example.com/schema"})", "/$ref", "nothing is fetched"},
      {R"({"$ref":"file:///etc/passwd"})", "/$ref", "nothing is fetched"},
      {R"({"$ref":"#/definitions/none"})", "/$ref", "names nothing"},
      {R"({"$ref":"#"})", "", "lead back to itself"},
      {R"({"properties":{"child":{"$ref":"#"}}})", "", "lead back to itself"},
      {R"({"$schema":"https://json-schema.org/draft/2020-12/schema"})", "/$schema", "another dialect"},
      {R"({"allOf":{}})", "/allOf", "an array of schemas"},
      {R"({"items":3})", "/items", "an object, true or false"},
      {R"({"multipleOf":0})", "/multipleOf", "above 0"},
      {R"({"not":{"multipleOf":-1}})", "/not/multipleOf", "above 0"},
      {R"({"multipleOf":0.0})", "/multipleOf", "above 0"},
      {R"({"multipleOf":"2"})", "/multipleOf", "above 0"},
      {R"({"properties":{"a/b~c":{"multiple":0}}})", "/properties/a~1b~0c/multiple", "no keyword"},
  };
  for (const auto& [schema, pointer, says] : cases) {
    const auto faults = faults_of(schema);
    EXPECT_THAT(faults, Contains(testing::AllOf(Field(&Fault::pointer, pointer),
                                                Field(&Fault::message, HasSubstr(says)))))
        << schema << "\n"
        << (faults.empty() ? "no fault" : faults[0].pointer + " " + faults[0].message);
  }
}

// Each definition names the next one twice.
TEST(PayloadSchema, RefusesASchemaThatUnfoldsWithoutBound) {
  std::string schema = R"({"$ref":"#/definitions/0","definitions":{)";
  for (int i = 0; i < 30; ++i)
    schema += fmt::format(
        R"("{0}":{{"allOf":[{{"$ref":"#/definitions/{1}"}},{{"$ref":"#/definitions/{1}"}}]}},)", i, i + 1);
  schema += R"("30":{"type":"null"}}})";
  EXPECT_THAT(faults_of(schema), Contains(Field(&Fault::message, HasSubstr("too large"))));
}

TEST(PayloadSchema, RefusesALongSchema) {
  const std::string schema = R"({"title":")" + std::string(api::schema_bytes_max, 'a') + R"("})";
  EXPECT_THAT(faults_of(schema), Contains(Field(&Fault::message, HasSubstr("bytes"))));
}

TEST(PayloadSchema, MatchesALongTextThatOthersWouldChokeOn) {
  EXPECT_FALSE(is_valid(R"({"pattern":"^(a+)+$"})", "\"" + std::string(200'000, 'a') + "b\""));
  EXPECT_TRUE(is_valid(R"({"pattern":"^[a-z]*$"})", "\"" + std::string(200'000, 'a') + "\""));
}

TEST(PayloadSchema, BoundsWhatUniqueItemsComparesAndWhatItSays) {
  std::string many = "[0";
  for (int i = 1; i < 50'000; ++i) many += "," + std::to_string(i);
  many += "]";
  EXPECT_THAT(pointers_of(R"({"uniqueItems":true})", many), ElementsAre(""));
  EXPECT_THAT(pointers_of(R"({"items":{"type":"string"}})", many), ElementsAre(""));
  std::string some = "[0";
  for (int i = 1; i < 1'000; ++i) some += "," + std::to_string(i);
  some += "]";
  EXPECT_EQ(pointers_of(R"({"items":{"type":"string"}})", some).size(), 100U);
}

}  // namespace
}  // namespace equeue::tests

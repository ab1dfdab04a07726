// The OpenAPI document and the page for people, from the table of all operations.
#include "api/openapi/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>

#include "api/openapi/docs_page.hpp"
#include "tests/api/lone_service.hpp"

namespace equeue::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

api::Operation an_operation() {
  return {.method = http::Method::put,
          .pattern = "/v1/things/{name}/parts/{n}",
          .id = "change_part",
          .tag = "things",
          .summary = "Change <it>",
          .policy = api::require(auth::Scope::admin),
          .parameters = {{"force", R"({"type":"boolean"})", "Also where it hurts."}},
          .body = "Cancel",
          .answers = {{200, "Changed"}},
          .problems = {404},
          .handler = {}};
}

TEST(OpenApi, DescribesAllOperationsOfTheServerWithoutFault) {
  LoneService lone;
  const auto operations = api::all_operations(lone.service);
  EXPECT_THAT(api::table_faults(operations), IsEmpty());
  const auto document = api::openapi_document(operations);
  std::size_t described = 0;
  for (const auto& [path, methods] : document.at("paths").as_object())
    described += methods.as_object().size();
  EXPECT_EQ(described, operations.size());
}

TEST(OpenApi, SaysWhatAnOperationAsksForAndAnswers) {
  const auto document = api::openapi_document({an_operation()});
  const auto& described = document.at("paths").at("/v1/things/{name}/parts/{n}").at("put").as_object();
  EXPECT_EQ(described.at("operationId").as_string(), "change_part");
  EXPECT_EQ(boost::json::serialize(described.at("security")), R"([{"bearer":["admin"]}])");
  const auto& parameters = described.at("parameters").as_array();
  ASSERT_EQ(parameters.size(), 3U);
  EXPECT_EQ(parameters[0].at("name").as_string(), "name");
  EXPECT_EQ(parameters[1].at("in").as_string(), "path");
  EXPECT_EQ(parameters[2].at("in").as_string(), "query");
  EXPECT_EQ(
      described.at("requestBody").at("content").at("application/json").at("schema").at("$ref").as_string(),
      "#/components/schemas/Cancel");
  const auto& responses = described.at("responses").as_object();
  EXPECT_EQ(responses.at("200").at("content").at("application/json").at("schema").at("$ref").as_string(),
            "#/components/schemas/Changed");
  for (const auto* status : {"400", "401", "403", "404", "413", "415", "429", "500", "503"})
    EXPECT_TRUE(responses.contains(status)) << status;
}

TEST(OpenApi, AsksNoCredentialsOfWhoMayComeWithoutThem) {
  auto operation = an_operation();
  operation.policy = api::open_to_all();
  EXPECT_THAT(api::problem_statuses(operation), Not(testing::Contains(401)));
  const auto document = api::openapi_document({operation});
  EXPECT_THAT(document.at("paths").at(operation.pattern).at("put").at("security").as_array(), IsEmpty());
}

TEST(OpenApi, FindsWhatIsWrongWithATable) {
  const auto has = [](const api::Operations& operations, const std::string& says) {
    EXPECT_THAT(api::table_faults(operations), testing::Contains(HasSubstr(says)));
  };
  has({an_operation(), an_operation()}, "two operations have the id change_part");
  has({an_operation(), an_operation()}, "PUT /v1/things/{name}/parts/{n} stands there twice");
  auto unknown = an_operation();
  unknown.body = "NoSuchThing";
  has({unknown}, "components.json has no NoSuchThing");
  auto silent = an_operation();
  silent.answers.clear();
  has({silent}, "change_part says no answer");
  auto broken = an_operation();
  broken.parameters[0].schema = "{";
  has({broken}, "parameter force");
  has({an_operation()}, "nothing uses Job");
}

TEST(OpenApi, KeepsItsComponentsInTheOrderOfTheirNames) {
  std::vector<std::string> names;
  for (const auto& [name, schema] : api::components()) names.emplace_back(name);
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

TEST(OpenApi, FindsTheNamesInAPattern) {
  EXPECT_THAT(api::path_parameters("/v1/a/{id}/b/{name}"), ElementsAre("id", "name"));
  EXPECT_THAT(api::path_parameters("/v1/a"), IsEmpty());
}

TEST(DocsPage, ShowsEveryOperationAndRunsNothing) {
  LoneService lone;
  const auto operations = api::all_operations(lone.service);
  const auto page = api::docs_page(operations);
  for (const auto& operation : operations)
    EXPECT_THAT(page.body, HasSubstr(fmt::format("<article id=\"{}\">", operation.id)));
  EXPECT_THAT(page.body, Not(HasSubstr("<script")));
  const auto policy = std::ranges::find(page.headers, "Content-Security-Policy",
                                        [](const auto& header) { return header.first; });
  ASSERT_NE(policy, page.headers.end());
  EXPECT_THAT(policy->second, HasSubstr("default-src 'none'; style-src 'sha256-"));
}

TEST(DocsPage, ShowsTextAsText) {
  auto operation = an_operation();
  operation.parameters[0].description = R"(a"b'c & <script>alert(1)</script>)";
  const auto page = api::docs_page({operation});
  EXPECT_THAT(page.body, HasSubstr("Change &lt;it&gt;"));
  EXPECT_THAT(page.body, HasSubstr("a&quot;b&#39;c &amp; &lt;script&gt;"));
  EXPECT_THAT(page.body, Not(HasSubstr("<script")));
}

}  // namespace
}  // namespace equeue::tests

#include "app/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "app/config_file.hpp"

namespace equeue::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using cli::Origin;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class Config : public testing::Test {
 protected:
  Config() {
    std::string pattern = (fs::temp_directory_path() / "equeue-config-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    sources_.working_folder = folder_;
  }
  ~Config() override { fs::remove_all(folder_); }

  void write(const std::string& text, const std::string& name = "equeue.toml") {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  // The settings, which must be right.
  cli::Settings load() {
    auto loaded = load_config(sources_);
    EXPECT_TRUE(loaded) << to_string(loaded.error());
    return loaded ? loaded->settings : cli::Settings{};
  }

  // Everything that is wrong with them, a line each.
  std::string faults() {
    const auto loaded = load_config(sources_);
    if (loaded) return "none";
    EXPECT_EQ(loaded.error().code, ErrorCode::configuration);
    auto text = loaded.error().message + "\n";
    for (const auto& fault : loaded.error().faults) text += fault.message + "\n";
    return text;
  }

  static cli::ShownSetting shown(const cli::Settings& settings, std::string_view key) {
    for (const auto& setting : settings.shown) {
      if (setting.key == key) return setting;
    }
    ADD_FAILURE() << key;
    return {};
  }

  fs::path folder_;
  Sources sources_;
};

TEST_F(Config, TakesTheFlagOverTheEnvironmentOverTheFileOverTheDefault) {
  EXPECT_EQ(load().worker.lease, 15s);
  EXPECT_EQ(shown(load(), "worker.lease").origin, Origin::builtin);
  write("\n[worker]\nlease = \"10s\"\n");
  EXPECT_EQ(load().worker.lease, 10s);
  EXPECT_EQ(shown(load(), "worker.lease").place, "equeue.toml:3");
  sources_.environment["EQUEUE_LEASE"] = "9s";
  EXPECT_EQ(load().worker.lease, 9s);
  EXPECT_EQ(shown(load(), "worker.lease").place, "EQUEUE_LEASE");
  sources_.flags["worker.lease"] = "8s";
  EXPECT_EQ(load().worker.lease, 8s);
  EXPECT_EQ(shown(load(), "worker.lease").value, "8s");
  EXPECT_EQ(shown(load(), "worker.lease").origin, Origin::flag);
  EXPECT_EQ(shown(load(), "worker.lease").place, "--lease");
}

TEST_F(Config, TakesAnEmptyVariableAsUnset) {
  sources_.environment["EQUEUE_LEASE"] = "";
  EXPECT_EQ(shown(load(), "worker.lease").origin, Origin::builtin);
}

TEST_F(Config, ShowsEverySetting) {
  EXPECT_EQ(load().shown.size(), cli::setting_definitions().size());
}

TEST_F(Config, ReadsEveryKey) {
  write(R"(
database_url = "postgresql://db/app"
schema = "jobs"
log_level = "error"
[worker]
queues = ["a", "b"]
concurrency = 3
claim_max = 7
lease = "20s"
poll = "2s"
grace = "1s"
drain = "1m"
[http]
allow = ["10.0.0.0/8", "::1"]
[server]
address = "::1"
port = 8080
tls_certificate = "server.pem"
tls_key = "server.key"
connections = 9
allow_plain = true
trusted_proxies = ["10.1.0.0/16"]
access_log = true
requests_per_second = 20
push = false
)");
  const auto settings = load();
  EXPECT_EQ(settings.database.url, "postgresql://db/app");
  EXPECT_EQ(settings.database.schema, "jobs");
  EXPECT_EQ(settings.log_level, log::Level::error);
  EXPECT_THAT(settings.worker.queues, ElementsAre("a", "b"));
  EXPECT_EQ(settings.worker.concurrency, 3);
  EXPECT_EQ(settings.worker.claim_max, 7);
  EXPECT_EQ(settings.worker.drain, 1min);
  EXPECT_EQ(shown(settings, "http.allow").value, "10.0.0.0/8,::1/128");
  EXPECT_EQ(settings.server.address, "::1");
  EXPECT_EQ(settings.server.port, 8080);
  EXPECT_EQ(settings.server.tls_certificate, "server.pem");
  EXPECT_EQ(settings.server.tls_key, "server.key");
  EXPECT_EQ(settings.server.connections, 9);
  EXPECT_TRUE(settings.server.allow_plain_public);
  EXPECT_EQ(shown(settings, "server.trusted_proxies").value, "10.1.0.0/16");
  EXPECT_TRUE(settings.server.access_log);
  EXPECT_EQ(settings.server.requests_per_second, 20);
  EXPECT_FALSE(settings.server.push);
  for (const auto& setting : settings.shown) EXPECT_EQ(setting.origin, Origin::file) << setting.key;
}

TEST_F(Config, ReadsATask) {
  write(R"(
[tasks."reports.render"]
command = ["python3", "render.py"]
queue = "reports"
priority = 2
max_attempts = 3
timeout = "30s"
retry = {backoff = "exponential", delay = "2s", cap = "1h"}
folder = "scripts"
environment = {A = "b"}
memory_max = "512MiB"
)");
  const auto settings = load();
  ASSERT_EQ(settings.tasks.size(), 1u);
  const auto& task = settings.tasks.front();
  EXPECT_EQ(task.name, "reports.render");
  EXPECT_THAT(task.command, ElementsAre("python3", "render.py"));
  EXPECT_EQ(task.options.queue, "reports");
  EXPECT_EQ(task.options.priority, 2);
  EXPECT_EQ(task.options.max_attempts, 3);
  EXPECT_EQ(task.options.timeout, 30s);
  EXPECT_EQ(task.options.retry, (RetryPolicy{RetryPolicy::Backoff::exponential, 2s, 1h}));
  EXPECT_EQ(task.folder, (folder_ / "scripts").string());
  EXPECT_THAT(task.environment, ElementsAre(std::pair<std::string, std::string>("A", "b")));
  EXPECT_EQ(task.memory_bytes_max, 512u << 20);
  EXPECT_THAT(settings.queues(), ElementsAre("default", "reports"));
  EXPECT_NE(cli::make_registry(settings).find("reports.render"), nullptr);
  EXPECT_NE(cli::make_registry(settings).find("http.request"), nullptr);
}

TEST_F(Config, TellsAllFaultsOfAllSourcesAtOnce) {
  write(R"(
schem = "x"
[worker]
lease = 15
concurrency = "four"
polll = "1s"
[tasks."render"]
command = []
[tasks."reports.render"]
comand = ["x"]
max_attempts = 0
)");
  sources_.environment["EQUEUE_CONCURRENCY"] = "many";
  sources_.flags["worker.grace"] = "-1s";
  const auto text = faults();
  EXPECT_THAT(text, HasSubstr("equeue.toml:2: unknown key 'schem'; did you mean 'schema'?"));
  EXPECT_THAT(text, HasSubstr("equeue.toml:4: worker.lease: expected a duration"));
  EXPECT_THAT(text, HasSubstr("equeue.toml:5: worker.concurrency: expected an integer"));
  EXPECT_THAT(text, HasSubstr("equeue.toml:6: unknown key 'worker.polll'; did you mean 'worker.poll'?"));
  EXPECT_THAT(text, HasSubstr("equeue.toml:8: task 'render': command: expected"));
  EXPECT_THAT(text, HasSubstr("task 'render': 'render' is not a task name"));
  EXPECT_THAT(
      text,
      HasSubstr("equeue.toml:10: task 'reports.render': unknown key 'comand'; did you mean 'command'?"));
  EXPECT_THAT(text, HasSubstr("task 'reports.render': it has no command"));
  EXPECT_THAT(text,
              HasSubstr("equeue.toml:11: task 'reports.render': max_attempts: expected an integer from 1"));
  EXPECT_THAT(text, HasSubstr("EQUEUE_CONCURRENCY: 'many' is not a whole number"));
  EXPECT_THAT(text, HasSubstr("--grace: '-1s' is not a duration"));
}

TEST_F(Config, TakesForAWorkerNoMoreThanAWorkerTakes) {
  write("[worker]\nconcurrency = 1001\npoll = \"61s\"\ngrace = \"169h\"\ndrain = \"169h\"\n");
  const auto text = faults();
  EXPECT_THAT(text, HasSubstr("equeue.toml:2: 1001 is outside 1 to 1000"));
  EXPECT_THAT(text, HasSubstr("equeue.toml:3: 61s is outside 1ms to 1m"));
  EXPECT_THAT(text, HasSubstr("equeue.toml:4: 169h is outside 0s to 7d"));
  EXPECT_THAT(text, HasSubstr("equeue.toml:5: 169h is outside 0s to 7d"));
  write("[worker]\nconcurrency = 1000\npoll = \"1m\"\ngrace = \"7d\"\ndrain = \"7d\"\nclaim_max = 1000\n");
  auto options = load().worker;
  options.queues = {"default"};
  EXPECT_NO_THROW(Worker({}, {}, options));
}

TEST_F(Config, RefusesAFileThatIsNoToml) {
  write("a = \n");
  EXPECT_THAT(faults(), HasSubstr("equeue.toml:1: "));
}

TEST_F(Config, RefusesANamedFileThatIsNotThere) {
  sources_.config_file = "jobs.toml";
  EXPECT_THAT(faults(), HasSubstr("jobs.toml: cannot be read"));
  sources_.config_file.reset();
  sources_.environment["EQUEUE_CONFIG"] = "other.toml";
  EXPECT_THAT(faults(), HasSubstr("other.toml: cannot be read"));
}

TEST_F(Config, FallsBackToTheUsersFile) {
  write("schema = \"users\"\n", "home/.config/equeue/equeue.toml");
  sources_.environment["HOME"] = (folder_ / "home").string();
  EXPECT_EQ(load().database.schema, "users");
  write("schema = \"xdg\"\n", "xdg/equeue/equeue.toml");
  sources_.environment["XDG_CONFIG_HOME"] = (folder_ / "xdg").string();
  EXPECT_EQ(load().database.schema, "xdg");
  write("schema = \"here\"\n");
  EXPECT_EQ(load().database.schema, "here");
}

TEST_F(Config, WarnsOfAVariableThatItDoesNotKnow) {
  sources_.environment = {
      {"EQUEUE_LEESE", "1s"}, {"EQUEUE_JOB_ID", "x"}, {"EQUEUE_CONFIG", ""}, {"OTHER", "x"}};
  const auto loaded = load_config(sources_);
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  EXPECT_THAT(loaded->warnings, ElementsAre("unknown variable EQUEUE_LEESE; did you mean EQUEUE_LEASE?"));
}

TEST_F(Config, KeepsPasswordsToItself) {
  sources_.environment["EQUEUE_DATABASE_URL"] = "postgresql://me:hunter2@db/app";
  EXPECT_EQ(shown(load(), "database_url").value, "postgresql://me:***@db/app");
  for (const auto* wrong : {"postgresql://me:hunter2@db/app?nope=1", "postgresql://me:hunter2@db:port/app",
                            "host=db password=hunter2 nope=1"}) {
    sources_.environment["EQUEUE_DATABASE_URL"] = wrong;
    EXPECT_THAT(faults(), testing::Not(HasSubstr("hunter2"))) << wrong;
  }
}

TEST_F(Config, ChecksTheRangesOfTheWorker) {
  const std::pair<std::string_view, std::string_view> wrong[] = {
      {"EQUEUE_LEASE", "10ms"},    {"EQUEUE_POLL", "0s"},       {"EQUEUE_CLAIM_MAX", "1001"},
      {"EQUEUE_CONCURRENCY", "0"}, {"EQUEUE_QUEUES", "A"},      {"EQUEUE_HTTP_ALLOW", "ten"},
      {"EQUEUE_SCHEMA", "a-b"},    {"EQUEUE_LOG_LEVEL", "loud"}};
  for (const auto& [name, text] : wrong) {
    sources_.environment = {{std::string(name), std::string(text)}};
    EXPECT_THAT(faults(), HasSubstr(std::string(name) + ": ")) << text;
  }
}

TEST_F(Config, LetsTheBuiltInTaskHaveOptionsButNoCommand) {
  write("[tasks.\"http.request\"]\nmax_attempts = 9\n");
  EXPECT_EQ(cli::make_registry(load()).find("http.request")->options.max_attempts, 9);
  write("[tasks.\"http.request\"]\ncommand = [\"x\"]\n");
  EXPECT_THAT(faults(), HasSubstr("it is built in"));
}

TEST(Reference, NamesEverySetting) {
  std::ifstream in(EQUEUE_SOURCE_ROOT "/docs/cli.md");
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  for (const auto& definition : cli::setting_definitions()) {
    for (const auto word : {definition.key, definition.variable, definition.flag}) {
      EXPECT_THAT(page, HasSubstr(fmt::format("`{}`", word)));
    }
  }
}

TEST(ParseBytes, ReadsSizes) {
  EXPECT_EQ(cli::parse_bytes("512MiB").value(), 536'870'912u);
  EXPECT_EQ(cli::parse_bytes("2 GB").value(), 2'000'000'000u);
  EXPECT_EQ(cli::parse_bytes("7").value(), 7u);
  for (const auto* text : {"", "MiB", "1XB", "-1", "1.5GiB", "99999999999999GiB"})
    EXPECT_FALSE(cli::parse_bytes(text)) << text;
}

}  // namespace
}  // namespace equeue::app

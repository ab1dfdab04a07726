// puzzles: a small application that leaves its work to eQueue. README.md walks through it.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <equeue/client.hpp>
#include <equeue/worker.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "puzzles/database.hpp"
#include "puzzles/puzzles_app.hpp"

namespace {

struct Settings {
  equeue::Database database;
  std::vector<std::string> files;
  int count = 1'000;
  std::uint64_t seed = 1;
  bool broken = false;
  int concurrency = 16;
  bool until_drained = false;
  bool json = false;
  bool verify = false;
};

// A handler waits for the database longer than it thinks, so a worker does well with more handlers than
// cores.
constexpr int concurrency_max = 256;

constexpr int exit_usage = 2;

constexpr int generate_max = 10'000'000;

int fail(const equeue::Error& error) {
  std::cerr << "puzzles: " << to_string(error) << '\n';
  return EXIT_FAILURE;
}

// Makes the application's table and declares its tasks: both can be done any number of times.
equeue::Result<void> prepare(const equeue::Database& database) {
  auto connection = puzzles::connect(database.url);
  if (!connection) return connection.error();
  if (auto migrated = puzzles::migrate(connection->get()); !migrated) return migrated.error();
  equeue::Registry tasks;
  puzzles::register_tasks(tasks, database.url);
  return equeue::Client(database).declare(tasks);
}

equeue::Result<puzzles::Imported> import_file(PGconn* connection, const std::string& schema,
                                              const std::string& file, const puzzles::Progress& progress) {
  if (file == "-") return puzzles::import_stream(connection, schema, "standard input", std::cin, progress);
  std::ifstream text(file);
  if (!text || std::filesystem::is_directory(file))
    return equeue::Error{.code = equeue::ErrorCode::io, .message = fmt::format("cannot read {}", file)};
  return puzzles::import_stream(connection, schema, std::filesystem::path(file).filename().string(), text,
                                progress);
}

int import_files(const Settings& settings) {
  if (auto prepared = prepare(settings.database); !prepared) return fail(prepared.error());
  auto connection = puzzles::connect(settings.database.url);
  if (!connection) return fail(connection.error());
  const bool terminal = isatty(STDERR_FILENO) != 0;
  for (const auto& file : settings.files) {
    const auto progress = [&](const puzzles::Imported& so_far) {
      if (terminal) std::cerr << fmt::format("\r{}: {}", file, so_far.puzzles) << std::flush;
    };
    auto imported = import_file(connection->get(), settings.database.schema, file, progress);
    if (terminal) std::cerr << "\r\033[K";
    if (!imported) return fail(imported.error());
    std::cout << fmt::format("{}: {} puzzles imported and enqueued, {} lines skipped\n", file,
                             imported->puzzles, imported->skipped);
  }
  return EXIT_SUCCESS;
}

int generate(const Settings& settings) {
  puzzles::Generator generator(settings.seed);
  for (int i = 0; i < settings.count; ++i) std::cout << puzzles::format_grid(generator.next().puzzle) << '\n';
  if (settings.broken)
    for (const auto& line : puzzles::broken_lines()) std::cout << line << '\n';
  return std::cout.flush() ? EXIT_SUCCESS : EXIT_FAILURE;
}

int work(const Settings& settings) {
  if (auto prepared = prepare(settings.database); !prepared) return fail(prepared.error());
  equeue::Registry tasks;
  puzzles::register_tasks(tasks, settings.database.url);
  equeue::WorkerOptions options;
  options.queues = {std::string(puzzles::queue)};
  options.concurrency = settings.concurrency;
  options.handle_signals = true;
  options.until_drained = settings.until_drained;
  equeue::Worker worker(settings.database, tasks, options);
  if (auto ended = worker.run(); !ended) return fail(ended.error());
  const auto stats = worker.stats();
  std::cout << fmt::format("{} solved, {} failed attempts\n", stats.succeeded, stats.failed);
  return EXIT_SUCCESS;
}

int report(const Settings& settings) {
  auto connection = puzzles::connect(settings.database.url);
  if (!connection) return fail(connection.error());
  auto made = puzzles::make_report(connection->get(), settings.database.schema);
  if (!made) return fail(made.error());
  std::cout << (settings.json ? equeue::to_json_text(*made) + "\n" : format_report(*made));
  return settings.verify && !made->is_complete() ? EXIT_FAILURE : EXIT_SUCCESS;
}

std::string url_of_environment() {
  for (const char* name : {"EQUEUE_DATABASE_URL", "DATABASE_URL"})
    if (const char* url = std::getenv(name); url != nullptr && *url != '\0') return url;
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  settings.database.url = url_of_environment();
  int (*command)(const Settings&) = nullptr;

  CLI::App app("Solves Sudoku puzzles as jobs of eQueue.");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--database-url", settings.database.url,
                 "libpq URI (else EQUEUE_DATABASE_URL or DATABASE_URL)");
  app.add_option("--schema", settings.database.schema, "the schema of eQueue")
      ->envname("EQUEUE_SCHEMA")
      ->capture_default_str();

  auto* importing = app.add_subcommand("import", "Load puzzles, one a line, and enqueue a job for each");
  importing->add_option("FILE", settings.files, "files to read; - is standard input")->required();
  importing->callback([&] { command = import_files; });

  auto* generating = app.add_subcommand("generate", "Print new puzzles with one solution each");
  generating->add_option("--count", settings.count)
      ->check(CLI::Range(1, generate_max))
      ->capture_default_str();
  generating->add_option("--seed", settings.seed, "the same seed gives the same puzzles")
      ->capture_default_str();
  generating->add_flag("--broken", settings.broken, "add a few lines that cannot be solved");
  generating->callback([&] { command = generate; });

  auto* working = app.add_subcommand("work", "Solve what is enqueued, until stopped");
  working->add_option("--concurrency", settings.concurrency, "puzzles at once")
      ->check(CLI::Range(1, concurrency_max))
      ->capture_default_str();
  working->add_flag("--until-drained", settings.until_drained, "end when nothing is left to do");
  working->callback([&] { command = work; });

  auto* reporting = app.add_subcommand("report", "Show counts, times and failures, and check every solution");
  reporting->add_flag("--json", settings.json);
  reporting->add_flag("--verify", settings.verify,
                      "exit with 1 unless all work is done and every solution is right");
  reporting->callback([&] { command = report; });

  try {
    app.parse(argc, argv);
    if (settings.database.url.empty() && command != generate) {
      std::cerr << "puzzles: no database is named (give --database-url, or set EQUEUE_DATABASE_URL)\n";
      return exit_usage;
    }
    return command(settings);
  } catch (const CLI::ParseError& fault) {
    return app.exit(fault) == EXIT_SUCCESS ? EXIT_SUCCESS : exit_usage;
  } catch (const std::exception& fault) {
    std::cerr << "puzzles: " << fault.what() << '\n';
    return EXIT_FAILURE;
  }
}

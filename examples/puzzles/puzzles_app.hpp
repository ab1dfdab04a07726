// The whole application, for a program that brings its own database and worker.
#pragma once

#include "puzzles/generator.hpp"
#include "puzzles/import.hpp"
#include "puzzles/report.hpp"
#include "puzzles/tasks.hpp"

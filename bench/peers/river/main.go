// peer enqueue|drain|latency URL JOBS [STEP]: River, measured as the bench measures eQueue. Prints one line of JSON. With
// the settings of its own `river bench`: 2,000 workers, a fetch cooldown of 2 ms, a poll each 20 ms, jobs inserted by COPY.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

const schema = "river_bench"

type Noop struct {
	UserID int    `json:"user_id"`
	Note   string `json:"note"`
	AtNs   int64  `json:"at_ns,omitempty"`
}

func (Noop) Kind() string { return "noop" }

type Worker struct {
	river.WorkerDefaults[Noop]
	work func(Noop)
}

func (w *Worker) Work(_ context.Context, job *river.Job[Noop]) error {
	w.work(job.Args)
	return nil
}

var epoch = time.Now()

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/riverqueue/river" {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}

func perSecond(count int, begin time.Time) float64 { return float64(count) / time.Since(begin).Seconds() }

func newClient(pool *pgxpool.Pool, work func(Noop)) *river.Client[pgx.Tx] {
	workers := river.NewWorkers()
	river.AddWorker(workers, &Worker{work: work})
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		FetchCooldown:     2 * time.Millisecond,
		FetchPollInterval: 20 * time.Millisecond,
		Logger:            slog.New(slog.NewTextHandler(io.Discard, nil)),
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2000}},
		Schema:            schema,
		Workers:           workers,
	})
	check(err)
	return client
}

func fill(ctx context.Context, client *river.Client[pgx.Tx], jobs int) float64 {
	args := Noop{UserID: 12345, Note: "a payload of about one hundred bytes, which is what people put into a job"}
	batch := make([]river.InsertManyParams, min(jobs, 1000))
	for i := range batch {
		batch[i] = river.InsertManyParams{Args: args}
	}
	begin := time.Now()
	for done := 0; done < jobs; done += len(batch) {
		_, err := client.InsertManyFast(ctx, batch)
		check(err)
	}
	return perSecond(jobs, begin)
}

func drain(ctx context.Context, pool *pgxpool.Pool, client *river.Client[pgx.Tx], jobs, step int, finished *atomic.Int64) (float64, []float64) {
	steps := []float64{}
	begin := time.Now()
	stepBegin := begin
	check(client.Start(ctx))
	for next := step; int(finished.Load()) < jobs; time.Sleep(time.Millisecond) {
		if int(finished.Load()) >= next {
			steps = append(steps, perSecond(step, stepBegin))
			stepBegin = time.Now()
			next += step
		}
	}
	if len(steps) < jobs/step {
		steps = append(steps, perSecond(step, stepBegin))
	}
	// Drained means settled: the last completions are still on their way when the last handler returns.
	for open := 1; open > 0; {
		check(pool.QueryRow(ctx, "SELECT count(*) FROM "+schema+".river_job WHERE state IN ('available', 'running')").Scan(&open))
	}
	return perSecond(jobs, begin), steps
}

func latency(ctx context.Context, client *river.Client[pgx.Tx], jobs int, started chan float64) []float64 {
	check(client.Start(ctx))
	times := []float64{}
	for range jobs {
		_, err := client.Insert(ctx, Noop{AtNs: int64(time.Since(epoch))}, nil)
		check(err)
		times = append(times, <-started)
	}
	return times[jobs/10:]
}

func main() {
	command, url := os.Args[1], os.Args[2]
	jobs, err := strconv.Atoi(os.Args[3])
	check(err)
	step := jobs
	if len(os.Args) > 4 {
		step, err = strconv.Atoi(os.Args[4])
		check(err)
	}
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, url)
	check(err)
	_, err = pool.Exec(ctx, "DROP SCHEMA IF EXISTS "+schema+" CASCADE; CREATE SCHEMA "+schema)
	check(err)
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schema, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	check(err)
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	check(err)

	var finished atomic.Int64
	started := make(chan float64, 1)
	client := newClient(pool, func(args Noop) {
		if args.AtNs > 0 {
			started <- float64(int64(time.Since(epoch))-args.AtNs) / 1e6
		}
		finished.Add(1)
	})
	answer := map[string]any{"name": "River", "version": version()}
	switch command {
	case "enqueue":
		answer["enqueue_per_second"] = fill(ctx, client, jobs)
	case "drain":
		answer["enqueue_per_second"] = fill(ctx, client, jobs)
		answer["drain_per_second"], answer["steps"] = drain(ctx, pool, client, jobs, step, &finished)
	case "latency":
		answer["times_ms"] = latency(ctx, client, jobs, started)
	}
	if command != "enqueue" {
		check(client.Stop(ctx))
	}
	_, err = pool.Exec(ctx, "DROP SCHEMA "+schema+" CASCADE")
	check(err)
	text, err := json.Marshal(answer)
	check(err)
	fmt.Println(string(text))
}

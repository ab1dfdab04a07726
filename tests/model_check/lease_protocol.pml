// The lease protocol of sql/functions and src/worker as a model for spin: docs/model.md says what stands for what.
// One d_step is one call of an SQL function, or one thing that happens to a process. `check_model.sh` runs it.
//
// WORKERS, JOBS, ATTEMPTS: the size. FAULTS: how many answers are lost, processes die or pause, and so on, all together;
// in any order and at any time. With FAILOVER one of them may be a failover. MUTANT_…: one thing done wrongly.

#ifndef LEASES
#define LEASES 3
#endif
#define IDS (WORKERS + 1)
// A failover forgets at most so many of the last commits.
#define LAG 2

#define BIT(n) (1 << (n))
#define HAND(w, l, j) hand[((w) * LEASES + (l)) * JOBS + (j)]

// workers.expires_at of an id: no row; in the future; in the past; '-infinity' (retired, or upkeep has begun to take
// its leases). Never is a clock of a worker that runs far ahead.
#define NONE 0
#define LIVE 1
#define EXPIRED 2
#define ENDED 3
#define NEVER 4

// What a process knows of a job under a lease: nothing; claimed; the handler has begun; an outcome was sent, but the
// answer was lost, so that it will be sent again.
#define CLAIMED 1
#define STARTED 2
#define SENT_SUCCEEDED 3
#define SENT_FAILED 4
#define SENT_RELEASED 5

// The database. Sets of jobs are bit masks. A lease row is there as long as a job of it is open.
byte keys, ready, succeeded, dead, cancelled;
byte attempt[JOBS], attempts_max[JOBS];
byte open[LEASES], worker[LEASES], cancelling[LEASES];
byte noted_succeeded[LEASES], noted_failed[LEASES];  // history.lease and attempts.lease, by which a replay is known
byte given_to[LEASES];                               // ghost: the process that claimed it, from 1
byte row[IDS];

// The processes.
byte id[WORKERS];  // from 1; 0 is not registered
byte hand[WORKERS * LEASES * JOBS];
byte acknowledged;  // enqueues whose answer came

// Ghosts: handlers begun, and jobs that somebody was told are asked to stop.
#if JOBS == 1
byte started[JOBS];
#endif
byte asked;
byte reaped;  // ids of which upkeep has taken a lease
byte was_succeeded, was_dead, was_cancelled;  // as the last commit left them
byte faults = FAULTS;

#ifdef FAILOVER
// The standby from the moment on at which it has begun to lag.
bool lagging;
bool failed_over;
byte behind;
byte old_keys, old_ready, old_succeeded, old_dead, old_cancelled, old_asked, old_reaped;
byte old_attempt[JOBS], old_attempts_max[JOBS];
byte old_open[LEASES], old_worker[LEASES], old_cancelling[LEASES], old_given_to[LEASES];
byte old_noted_succeeded[LEASES], old_noted_failed[LEASES];
byte old_row[IDS];
#define MAY_COMMIT (!lagging || behind < LAG)
#define IN_STANDBY(l) (old_open[l] || old_noted_succeeded[l] || old_noted_failed[l])
#define ID_IN_STANDBY(i) (old_row[i])
#define NO_FAILOVER (!failed_over)
#else
#define MAY_COMMIT true
#define IN_STANDBY(l) false
#define ID_IN_STANDBY(i) false
#define NO_FAILOVER true
#endif

// A fault, or whatever else could go on for ever.
#define MAY (faults > 0)
#define SPEND faults--

#ifdef MUTANT_settle_without_bit
byte claimed_jobs[LEASES];
#endif
#ifdef MUTANT_reap_without_recheck
byte looked_at;
#endif
#ifdef MUTANT_settle_looks_before_it_locks
byte looked[WORKERS];  // 1 + the place of the hand for which the lease was seen open
#endif
#ifdef MUTANT_counter_as_lease_id
byte since_lag, forgotten;
#endif

hidden byte n, k, all, slot, accepted;


#define FOR_JOBS(x) for (x : 0 .. JOBS - 1)
#define FOR_LEASES(x) for (x : 0 .. LEASES - 1)

#if WORKERS == 3
#define NOBODY_KNOWS(l) (KNOWS_NOT(0, l) && KNOWS_NOT(1, l) && KNOWS_NOT(2, l))
#define NOBODY_IS(i) (id[0] != (i) + 1 && id[1] != (i) + 1 && id[2] != (i) + 1)
#else
#define NOBODY_KNOWS(l) (KNOWS_NOT(0, l) && KNOWS_NOT(1, l))
#define NOBODY_IS(i) (id[0] != (i) + 1 && id[1] != (i) + 1)
#endif
#if WORKERS == 3
#define NOBODY_REPEATS(l) (REPEATS_NOT(0, l) && REPEATS_NOT(1, l) && REPEATS_NOT(2, l))
#else
#define NOBODY_REPEATS(l) (REPEATS_NOT(0, l) && REPEATS_NOT(1, l))
#endif
#if JOBS == 2
#define REPEATS_NOT(w, l) (HAND(w, l, 0) <= STARTED && HAND(w, l, 1) <= STARTED)
#define KNOWS_NOT(w, l) (!HAND(w, l, 0) && !HAND(w, l, 1))
#else
#define REPEATS_NOT(w, l) (HAND(w, l, 0) <= STARTED)
#define KNOWS_NOT(w, l) (!HAND(w, l, 0))
#endif

// Lease ids and worker ids are random and never come again. A slot stands for one of them until nobody can name it.
#define FREE_LEASE(l) (!open[l] && !IN_STANDBY(l) && (NOBODY_KNOWS(l) || REUSED(l)))
#ifdef MUTANT_counter_as_lease_id
#define REUSED(l) (forgotten & BIT(l))
#else
#define REUSED(l) false
#endif
#define HOLDS(i) ((open[0] && worker[0] == (i)) || (open[1] && worker[1] == (i)) || (open[2] && worker[2] == (i)))
#define FREE_ID(i) (row[i] == NONE && NOBODY_IS(i) && !HOLDS(i) && !ID_IN_STANDBY(i))

inline commit() {
#ifdef FAILOVER
  if
  :: lagging -> behind++
  :: else
  fi;
#endif
  check()
}

// I1, I2, I4, I6, I8 as the tables show them.
inline check() {
  all = ready;
  assert(!(all & succeeded)); all = all | succeeded;
  assert(!(all & dead)); all = all | dead;
  assert(!(all & cancelled)); all = all | cancelled;
  FOR_LEASES(n) {
    assert(!(all & open[n])); all = all | open[n];
    assert(!open[n] || row[worker[n]] != NONE);
    if
    :: !open[n] -> worker[n] = 0; cancelling[n] = 0; given_to[n] = 0
    :: else
    fi;
    if
    :: NOBODY_REPEATS(n) -> noted_succeeded[n] = 0; noted_failed[n] = 0
    :: else
    fi
  }
  assert(all == keys);
  // I6. A redrive and a failover say themselves what may come back.
  assert(!(was_succeeded & ~succeeded) && !(was_dead & ~dead) && !(was_cancelled & ~cancelled));
  was_succeeded = succeeded; was_dead = dead; was_cancelled = cancelled;
  for (n : 0 .. IDS - 1) {
    if
    :: row[n] == NONE && NOBODY_IS(n) -> reaped = reaped & ~BIT(n)
    :: else
    fi
  }
  FOR_JOBS(n) {
    assert(attempt[n] <= attempts_max[n]);
    assert(!(ready & BIT(n)) || attempt[n] < attempts_max[n])
  }
  n = 0; k = 0; all = 0
}

inline to_ready(j) {
  assert(!(ready & BIT(j)));
  ready = ready | BIT(j)
}

// What settle_as does with a job that it has found open under the lease.
inline move(l, j, outcome) {
#ifdef MUTANT_lease_ends_with_its_first_job
  open[l] = 0;
#else
  open[l] = open[l] & ~BIT(j);
#endif
  if
  :: outcome == SENT_SUCCEEDED ->
       attempt[j]++;
       assert(!(succeeded & BIT(j)));
       succeeded = succeeded | BIT(j); noted_succeeded[l] = noted_succeeded[l] | BIT(j)
  :: outcome == SENT_FAILED ->
       attempt[j]++;
       noted_failed[l] = noted_failed[l] | BIT(j);
       ended_or_again(l, j)
  :: outcome == SENT_RELEASED -> ended_or_again(l, j)
  fi
}

inline ended_or_again(l, j) {
  if
#ifndef MUTANT_cancel_lost_on_retry
  :: cancelling[l] & BIT(j) -> cancelled = cancelled | BIT(j)
#endif
#ifndef MUTANT_attempts_without_an_end
  :: else ->
       if
       :: attempt[j] >= attempts_max[j] -> dead = dead | BIT(j)
       :: else -> again(j)
       fi
#else
  :: else -> again(j)
#endif
  fi
}

inline again(j) {
  // Who was told that a job is asked to stop does not see it run again.
  assert(!(asked & BIT(j)));
  to_ready(j)
}

// upkeep's settlement of all that is open: the outcome `lost`.
inline take_back(l) {
  FOR_JOBS(k) {
    if
    :: open[l] & BIT(k) ->
         open[l] = open[l] & ~BIT(k);
#ifndef MUTANT_expiry_counts_no_attempt
         attempt[k]++;
#endif
         ended_or_again(l, k)
    :: else
    fi
  }
}

#if defined(MUTANT_no_fence)
#define FENCE(w, l, j) (open[0] | open[1] | open[2]) & BIT(j)
#elif defined(MUTANT_attempt_as_fence)
#define FENCE(w, l, j) ((open[0] | open[1] | open[2]) & BIT(j)) && attempt[j] == attempt_of[((w) * LEASES + (l)) * JOBS + (j)]
#elif defined(MUTANT_settle_without_bit)
#define FENCE(w, l, j) open[l] && (claimed_jobs[l] & BIT(j))
#elif defined(MUTANT_settle_looks_before_it_locks)
#define FENCE(w, l, j) looked[w] == 1 + (l) * JOBS + (j)
#else
#define FENCE(w, l, j) open[l] & BIT(j)
#endif
#ifdef MUTANT_attempt_as_fence
byte attempt_of[WORKERS * LEASES * JOBS];
#endif

// settle and release. The accepted one moves the job; a replay and a late one change nothing.
inline settle(w, l, j, outcome, answered) {
  accepted = (FENCE(w, l, j));
#ifdef MUTANT_replay_moves_again
  accepted = accepted || (outcome == SENT_SUCCEEDED && (noted_succeeded[l] & BIT(j))) ||
             (outcome == SENT_FAILED && (noted_failed[l] & BIT(j)));
#endif
#ifdef MUTANT_settle_looks_before_it_locks
  looked[w] = 0;
#endif
  if
  :: accepted ->
       // I3: by the current lease, of the process that it was given to, and once.
       assert(open[l] & BIT(j));
       assert(given_to[l] == w + 1);
       move(l, j, outcome)
  :: else
  fi;
  HAND(w, l, j) = (answered -> 0 : outcome);
  accepted = 0;
  commit()
}

#define CAN_SETTLE(w, l, j) (MAY_COMMIT && HAND(w, l, j) && SEEN(w, l, j))
#ifdef MUTANT_settle_looks_before_it_locks
#define SEEN(w, l, j) (looked[w] == 1 + (l) * JOBS + (j) || !(open[l] & BIT(j)))
#define LOOK(w, l, j) \
  :: d_step { !looked[w] && HAND(w, l, j) && (open[l] & BIT(j)) -> looked[w] = 1 + (l) * JOBS + (j) }
#else
#define SEEN(w, l, j) true
#define LOOK(w, l, j)
#endif

#ifdef MUTANT_release_of_a_started_job
#define MAY_GIVE_BACK(w, l, j) (HAND(w, l, j) == CLAIMED || HAND(w, l, j) == STARTED)
#else
#define MAY_GIVE_BACK(w, l, j) (HAND(w, l, j) == CLAIMED)
#endif

// The life of one job under one lease in a process.
#define JOB(w, l, j) \
  :: d_step { HAND(w, l, j) == CLAIMED -> start(w, l, j) } \
  LOOK(w, l, j) \
  :: d_step { CAN_SETTLE(w, l, j) && (HAND(w, l, j) == STARTED || HAND(w, l, j) == SENT_SUCCEEDED) -> \
       settle(w, l, j, SENT_SUCCEEDED, true) } \
  :: d_step { CAN_SETTLE(w, l, j) && HAND(w, l, j) == STARTED && MAY -> \
       SPEND; settle(w, l, j, SENT_SUCCEEDED, false) } \
  :: d_step { CAN_SETTLE(w, l, j) && (HAND(w, l, j) == STARTED || HAND(w, l, j) == SENT_FAILED) -> \
       settle(w, l, j, SENT_FAILED, true) } \
  :: d_step { CAN_SETTLE(w, l, j) && HAND(w, l, j) == STARTED && MAY -> \
       SPEND; settle(w, l, j, SENT_FAILED, false) } \
  :: d_step { CAN_SETTLE(w, l, j) && MAY_GIVE_BACK(w, l, j) && MAY -> \
       SPEND; settle(w, l, j, SENT_RELEASED, true) } \
  :: d_step { CAN_SETTLE(w, l, j) && HAND(w, l, j) == SENT_RELEASED -> settle(w, l, j, SENT_RELEASED, true) } \
  :: d_step { CAN_SETTLE(w, l, j) && MAY_GIVE_BACK(w, l, j) && faults > 1 -> \
       faults = faults - 2; settle(w, l, j, SENT_RELEASED, false) }

inline start(w, l, j) {
  HAND(w, l, j) = STARTED
#if JOBS == 1
  ;
#endif
#if JOBS == 1
  // I8. A start whose claim a failover has forgotten is no start to the database.
  if
  :: NO_FAILOVER -> started[j]++; assert(started[j] <= attempts_max[j])
  :: else
  fi
#endif
}

#ifdef MUTANT_claim_without_looking_at_the_worker
#define MAY_CLAIM(w) true
#else
#define MAY_CLAIM(w) (row[id[w] - 1] == LIVE || row[id[w] - 1] == EXPIRED || row[id[w] - 1] == NEVER)
#endif
#define CAN_CLAIM(w, jobs) (MAY_COMMIT && id[w] && MAY_CLAIM(w) && (ready & (jobs)) == (jobs) \
  && (FREE_LEASE(0) || FREE_LEASE(1) || FREE_LEASE(2)))

inline claim(w, jobs, answered) {
  slot = (FREE_LEASE(0) -> 0 : (FREE_LEASE(1) -> 1 : 2));
#ifndef MUTANT_claim_without_delete
  ready = ready & ~(jobs);
#endif
  open[slot] = jobs;
  worker[slot] = id[w] - 1;
  given_to[slot] = w + 1;
#ifdef MUTANT_settle_without_bit
  claimed_jobs[slot] = jobs;
#endif
#ifdef MUTANT_counter_as_lease_id
  forgotten = forgotten & ~BIT(slot);
  if
  :: lagging -> since_lag = since_lag | BIT(slot)
  :: else
  fi;
#endif
  FOR_JOBS(k) {
    if
    :: answered && ((jobs) & BIT(k)) ->
         HAND(w, slot, k) = CLAIMED;
#ifdef MUTANT_attempt_as_fence
         attempt_of[(w * LEASES + slot) * JOBS + k] = attempt[k]
#endif
    :: else
    fi
  }
  slot = 0;
  commit()
}

#define CLAIM(w, jobs) \
  :: d_step { CAN_CLAIM(w, jobs) -> claim(w, jobs, true) } \
  :: d_step { CAN_CLAIM(w, jobs) && MAY -> SPEND; claim(w, jobs, false) }

// A lease of the process's id that the process does not know.
#ifdef MUTANT_release_unknown_of_known
#define UNKNOWN(w, l) (open[l] && id[w] == worker[l] + 1)
#else
#define UNKNOWN(w, l) (open[l] && id[w] == worker[l] + 1 && KNOWS_NOT(w, l))
#endif

inline release_unknown(w) {
  FOR_LEASES(slot) {
    if
    :: UNKNOWN(w, slot) ->
         FOR_JOBS(k) {
           // I4 as the handlers see it: nobody else gets a job that one of this process may be running.
           assert(!HAND(w, slot, k));
           if
           :: open[slot] & BIT(k) -> move(slot, k, SENT_RELEASED)
           :: else
           fi
         }
    :: else
    fi
  }
  slot = 0;
  commit()
}

#ifdef MUTANT_no_release_unknown
#define RELEASE_UNKNOWN(w)
#else
#define RELEASE_UNKNOWN(w) \
  :: d_step { MAY_COMMIT && (UNKNOWN(w, 0) || UNKNOWN(w, 1) || UNKNOWN(w, 2)) -> release_unknown(w) }
#endif

#ifdef MUTANT_worker_clock_decides
#define ALIVE NEVER
#else
#define ALIVE LIVE
#endif

inline register_worker(w) {
  slot = (FREE_ID(0) -> 0 : (FREE_ID(1) -> 1 : 2));
#if WORKERS == 3
  slot = (slot == 2 && !FREE_ID(2) -> 3 : slot);
#endif
  id[w] = slot + 1;
  row[slot] = ALIVE;
  slot = 0;
  commit()
}
#if WORKERS == 3
#define SOME_FREE_ID (FREE_ID(0) || FREE_ID(1) || FREE_ID(2) || FREE_ID(3))
#else
#define SOME_FREE_ID (FREE_ID(0) || FREE_ID(1) || FREE_ID(2))
#endif

// A worker whose leases upkeep has begun to take hears of it: no heartbeat of that id is answered again.
inline heartbeat(w) {
  if
  :: row[id[w] - 1] == EXPIRED ->
       assert(!(reaped & BIT(id[w] - 1)));
       row[id[w] - 1] = ALIVE
#ifdef MUTANT_heartbeat_revives_the_dead
  :: else -> assert(!(reaped & BIT(id[w] - 1))); row[id[w] - 1] = ALIVE
#else
  :: else -> id[w] = 0
#endif
  fi;
  commit()
}

// The process dies, and another begins in its place. What its row says until it has run out, nobody can see.
inline crash(w) {
  if
  :: id[w] && row[id[w] - 1] == LIVE -> row[id[w] - 1] = EXPIRED
  :: else
  fi;
  id[w] = 0;
  FOR_LEASES(k) {
    FOR_JOBS(n) { HAND(w, k, n) = 0 }
  }
#ifdef MUTANT_settle_looks_before_it_locks
  looked[w] = 0;
#endif
  check()
}

proctype Worker(byte w) {
end:
  do
  :: d_step { MAY_COMMIT && !id[w] && SOME_FREE_ID -> register_worker(w) }
  :: d_step { MAY_COMMIT && id[w] && row[id[w] - 1] != LIVE && row[id[w] - 1] != NEVER -> heartbeat(w) }
  CLAIM(w, 1)
#if JOBS == 2
  CLAIM(w, 2)
  CLAIM(w, 3)
#endif
  JOB(w, 0, 0)
  JOB(w, 1, 0)
  JOB(w, 2, 0)
#if JOBS == 2
  JOB(w, 0, 1)
  JOB(w, 1, 1)
  JOB(w, 2, 1)
#endif
  RELEASE_UNKNOWN(w)
  :: d_step { MAY && id[w] -> SPEND; crash(w) }
  od
}

// Takes the leases of one id back: all, or only one of them, because a settlement under way has locked the others.
inline upkeep(i, only) {
#ifndef MUTANT_upkeep_takes_of_the_living
  // I5's other side: a lease is its worker's until that has run out at database time.
  assert(row[i] == EXPIRED || row[i] == ENDED);
#else
  assert(row[i] != LIVE || !HOLDS(i));
#endif
  FOR_LEASES(slot) {
    if
    :: open[slot] && worker[slot] == i && (only == LEASES || only == slot) -> reaped = reaped | BIT(i); take_back(slot)
    :: else
    fi
  }
  slot = 0;
#ifdef MUTANT_upkeep_leaves_a_worker_half_taken
  row[i] = (HOLDS(i) -> row[i] : NONE);
#else
  row[i] = (HOLDS(i) -> ENDED : NONE);
#endif
  commit()
}

#if defined(MUTANT_upkeep_takes_of_the_living)
#define DUE(i) (row[i] != NONE && row[i] != NEVER)
#elif defined(MUTANT_reap_without_recheck)
#define DUE(i) (looked_at == i + 1 && row[i] != NONE)
#else
#define DUE(i) (row[i] == EXPIRED || row[i] == ENDED)
#endif
#define OF(i, l) (open[l] && worker[l] == (i))
#define SEVERAL(i) (OF(i, 0) + OF(i, 1) + OF(i, 2) > 1)
#define UPKEEP(i) \
  LOOK_AT(i) \
  :: d_step { MAY_COMMIT && DUE(i) -> LOOKED; upkeep(i, LEASES) } \
  :: d_step { MAY_COMMIT && DUE(i) && SEVERAL(i) && OF(i, 0) -> LOOKED; upkeep(i, 0) } \
  :: d_step { MAY_COMMIT && DUE(i) && SEVERAL(i) && OF(i, 1) -> LOOKED; upkeep(i, 1) } \
  :: d_step { MAY_COMMIT && DUE(i) && SEVERAL(i) && OF(i, 2) -> LOOKED; upkeep(i, 2) }
#ifdef MUTANT_reap_without_recheck
#define LOOK_AT(i) :: d_step { !looked_at && (row[i] == EXPIRED || row[i] == ENDED) -> looked_at = i + 1 }
#define LOOKED looked_at = 0
#else
#define LOOK_AT(i)
#define LOOKED skip
#endif

#ifndef MUTANT_no_upkeep
proctype Upkeep() {
end:
  do
  UPKEEP(0)
  UPKEEP(1)
  UPKEEP(2)
#if WORKERS == 3
  UPKEEP(3)
#endif
  od
}
#endif

// A worker pauses for longer than its lease. The clock of the database is the only one.
#define RUNS_OUT(i) \
  :: d_step { row[i] == LIVE && MAY -> SPEND; row[i] = EXPIRED }

proctype Time() {
end:
  do
  RUNS_OUT(0)
  RUNS_OUT(1)
  RUNS_OUT(2)
#if WORKERS == 3
  RUNS_OUT(3)
#endif
  od
}

#ifdef MUTANT_enqueue_forgets_the_key
#define KNOWN_KEY(j) false
#else
#define KNOWN_KEY(j) (keys & BIT(j))
#endif

// One producer a job; without an answer it enqueues again under the same key.
inline enqueue(j, answered) {
  if
  :: KNOWN_KEY(j)
  :: else ->
       // I2: no second job under the key.
       assert(!(keys & BIT(j)));
       keys = keys | BIT(j); attempts_max[j] = ATTEMPTS; attempt[j] = 0;
       to_ready(j)
  fi;
  if
  :: answered -> acknowledged = acknowledged | BIT(j)
  :: else
  fi;
  commit()
}

inline cancel(j) {
  if
#ifdef MUTANT_cancel_of_the_ended
  :: succeeded & BIT(j) -> succeeded = succeeded & ~BIT(j); cancelled = cancelled | BIT(j)
#endif
  :: ready & BIT(j) -> ready = ready & ~BIT(j); cancelled = cancelled | BIT(j)
  :: else ->
       FOR_LEASES(k) {
         if
         :: open[k] & BIT(j) -> cancelling[k] = cancelling[k] | BIT(j); asked = asked | BIT(j)
         :: else
         fi
       }
  fi;
  commit()
}

#ifdef MUTANT_redrive_of_a_running_job
#define MAY_REDRIVE(j) ((dead | open[0] | open[1] | open[2]) & BIT(j))
#elif defined(MUTANT_redrive_of_the_cancelled)
#define MAY_REDRIVE(j) ((dead | cancelled) & BIT(j))
#else
#define MAY_REDRIVE(j) (dead & BIT(j))
#endif

inline redrive(j) {
  SPEND;
#ifdef MUTANT_redrive_of_the_cancelled
  cancelled = cancelled & ~BIT(j);
#endif
  dead = dead & ~BIT(j); was_dead = was_dead & ~BIT(j);
  attempts_max[j] = attempt[j] + ATTEMPTS;
  to_ready(j);
  commit()
}

#define CLIENT(j) \
  :: d_step { MAY_COMMIT && !(acknowledged & BIT(j)) -> enqueue(j, true) } \
  :: d_step { MAY_COMMIT && !(acknowledged & BIT(j)) && MAY && !(keys & BIT(j)) -> SPEND; enqueue(j, false) } \
  :: d_step { MAY_COMMIT && MAY && CANCELLABLE(j) -> SPEND; cancel(j) } \
  :: d_step { MAY_COMMIT && MAY && MAY_REDRIVE(j) -> redrive(j) }
#ifdef MUTANT_cancel_of_the_ended
#define CANCELLABLE(j) (((keys & ~dead) & ~cancelled) & BIT(j))
#else
#define CANCELLABLE(j) ((((keys & ~dead) & ~cancelled) & ~succeeded) & BIT(j)) && !(asked & BIT(j))
#endif

proctype Clients() {
end:
  do
  CLIENT(0)
#if JOBS == 2
  CLIENT(1)
#endif
  od
}

#ifdef FAILOVER
#define COPY(to, from) to = from
inline lag() {
  SPEND; lagging = true; behind = 0;
  COPY(old_keys, keys); COPY(old_ready, ready); COPY(old_succeeded, succeeded); COPY(old_dead, dead);
  COPY(old_cancelled, cancelled); COPY(old_asked, asked); COPY(old_reaped, reaped);
  FOR_JOBS(n) { COPY(old_attempt[n], attempt[n]); COPY(old_attempts_max[n], attempts_max[n]) }
  FOR_LEASES(n) {
    COPY(old_open[n], open[n]); COPY(old_worker[n], worker[n]); COPY(old_cancelling[n], cancelling[n]);
    COPY(old_given_to[n], given_to[n]); COPY(old_noted_succeeded[n], noted_succeeded[n]);
    COPY(old_noted_failed[n], noted_failed[n])
  }
  for (n : 0 .. IDS - 1) { COPY(old_row[n], row[n]) }
  n = 0
}

inline forget_starts() {
#if JOBS == 1
  started[0] = 0
#else
  skip
#endif
}

inline fail_over() {
  lagging = false; behind = 0; failed_over = true;
#ifdef MUTANT_counter_as_lease_id
  forgotten = since_lag; since_lag = 0;
#endif
  COPY(keys, old_keys); COPY(ready, old_ready); COPY(succeeded, old_succeeded); COPY(dead, old_dead);
  COPY(cancelled, old_cancelled); COPY(asked, old_asked); COPY(reaped, old_reaped);
  COPY(was_succeeded, succeeded); COPY(was_dead, dead); COPY(was_cancelled, cancelled);
  old_keys = 0; old_ready = 0; old_succeeded = 0; old_dead = 0; old_cancelled = 0; old_asked = 0; old_reaped = 0;
  FOR_JOBS(n) {
    COPY(attempt[n], old_attempt[n]); COPY(attempts_max[n], old_attempts_max[n]); forget_starts();
    old_attempt[n] = 0; old_attempts_max[n] = 0
  }
  FOR_LEASES(n) {
    COPY(open[n], old_open[n]); COPY(worker[n], old_worker[n]); COPY(cancelling[n], old_cancelling[n]);
    COPY(given_to[n], old_given_to[n]); COPY(noted_succeeded[n], old_noted_succeeded[n]);
    COPY(noted_failed[n], old_noted_failed[n]);
    old_open[n] = 0; old_worker[n] = 0; old_cancelling[n] = 0; old_given_to[n] = 0;
    old_noted_succeeded[n] = 0; old_noted_failed[n] = 0
  }
  for (n : 0 .. IDS - 1) {
    COPY(row[n], old_row[n]); old_row[n] = 0;
    // Of a process that is gone it runs out, as after a crash.
    if
    :: row[n] == LIVE && NOBODY_IS(n) -> row[n] = EXPIRED
    :: else
    fi
  }
  check()
}

// An asynchronous standby: at some moment it stops following, and a few commits later it is promoted.
proctype Failover() {
end:
  do
  :: d_step { MAY && !lagging && !failed_over -> lag() }
  :: d_step { lagging && behind > 0 -> fail_over() }
  od
}
#endif

init {
  atomic {
    run Worker(0);
    run Worker(1);
#if JOBS == 2
    // Enqueues in the course of a run are for the runs with one job.
    keys = 3; acknowledged = 3; ready = 3;
    attempts_max[0] = ATTEMPTS; attempts_max[1] = ATTEMPTS;
#endif
    id[0] = 1; row[0] = ALIVE;
    id[1] = 2; row[1] = ALIVE;
#if WORKERS == 3
    run Worker(2);
    id[2] = 3; row[2] = ALIVE;
#endif
#ifndef MUTANT_no_upkeep
    run Upkeep();
#endif
    run Time();
    run Clients();
#ifdef FAILOVER
    run Failover();
#endif
  }
}

#define OF_THE_GONE(l) (open[l] && NOBODY_IS(worker[l]))
#define ABANDONED (OF_THE_GONE(0) || OF_THE_GONE(1) || OF_THE_GONE(2))
// I5: what a worker that is gone holds is taken from it. I7: every job comes to an end.
ltl leases_of_the_gone_end { [] (ABANDONED -> <> !ABANDONED) }
#ifdef FAILOVER
// Of the jobs that a failover has not forgotten.
ltl every_job_ends { <> [] (keys == (succeeded | dead | cancelled)) }
#else
ltl every_job_ends { <> [] (keys == (1 << JOBS) - 1 && keys == (succeeded | dead | cancelled)) }
#endif

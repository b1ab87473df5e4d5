#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "snapshot/archive.h"
#include "snapshot/name.h"
#include "snapshot/write.h"
#include "forks.h"

enum {
	QUEUE_BYTES = 256 << 20, /* unwritten requests: past this they are dropped */
	QUEUE_JOBS = 10000,
	TRIM_SHARE = 16,         /* look at the archive after so much of its quota, and
	                            make so much room */
	TELL_EVERY_S = 1,        /* run.json is rewritten whole, under a lock among
	                            all workers: not after each request */
	STUCK_S = 5              /* at exit(): no longer without progress */
};

enum trouble { TROUBLE_QUEUE, TROUBLE_THREAD, TROUBLE_RUN, TROUBLE_WRITE, TROUBLE_TRIM, NTROUBLES };

struct writer {
	pthread_mutex_t lock;
	pthread_cond_t work; /* a job, or stop, or flush */
	pthread_cond_t idle; /* the queue is empty and nothing is being written */
	pthread_t thread;
	struct job *first, **last;
	size_t njobs, bytes;
	bool busy;
	bool started, stopping;
	bool hurry; /* someone waits: run.json at once */
	unsigned generation;
	char complaint[NTROUBLES][320];
	bool said[NTROUBLES];
};

/* A child after fork gets a new one: the parent's lock may be held by a thread
 * that is not there any more. */
static struct writer *writer;
static _Atomic(struct sink *) sinks;

static struct writer *writer_new(void)
{
	struct writer *w = mem_zalloc(sizeof *w);
	pthread_condattr_t attr;

	if (w == NULL)
		return NULL;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->work, &attr);
	pthread_cond_init(&w->idle, &attr);
	pthread_condattr_destroy(&attr);
	w->last = &w->first;
	w->generation = fork_generation();
	return w;
}

static struct writer *current_writer(void)
{
	if (writer == NULL || writer->generation != fork_generation())
		writer = writer_new();
	return writer;
}

static void complain(struct writer *w, enum trouble kind, const char *what)
{
	if (w->said[kind] || w->complaint[kind][0] != '\0')
		return;
	snprintf(w->complaint[kind], sizeof w->complaint[kind], "%s", what);
}

bool writer_complaint(char *out, size_t size)
{
	struct writer *w = writer;
	bool found = false;

	if (w == NULL || w->generation != fork_generation())
		return false;
	pthread_mutex_lock(&w->lock);
	for (int i = 0; i < NTROUBLES && !found; i++) {
		if (w->complaint[i][0] == '\0' || w->said[i])
			continue;
		snprintf(out, size, "%s", w->complaint[i]);
		w->said[i] = true;
		found = true;
	}
	pthread_mutex_unlock(&w->lock);
	return found;
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static char *copy_text(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = mem_alloc(size);

	if (copy != NULL)
		memcpy(copy, s, size);
	return copy;
}

struct sink *sink_get(const char *directory, const char *run_name, uint64_t quota_bytes)
{
	struct sink *s;

	for (s = atomic_load(&sinks); s != NULL; s = s->next)
		if (strcmp(s->directory, directory) == 0 && same_text(s->run_name, run_name))
			return s;
	s = mem_zalloc(sizeof *s);
	if (s == NULL)
		return NULL;
	s->directory = copy_text(directory);
	s->run_name = run_name ? copy_text(run_name) : NULL;
	if (s->directory == NULL || (run_name != NULL && s->run_name == NULL)) {
		mem_free(s->directory);
		mem_free(s->run_name);
		mem_free(s);
		return NULL;
	}
	s->quota_bytes = quota_bytes;
	s->generation = fork_generation();
	s->next = atomic_load(&sinks);
	atomic_store(&sinks, s);
	return s;
}

uint64_t sink_seen(struct sink *s)
{
	if (s->generation != fork_generation()) {
		/* A child: it counts for itself, and joins the run anew. */
		s->generation = fork_generation();
		s->seen = s->kept = s->dropped = 0;
		s->told = (struct run_counts){ 0, 0, 0 };
		s->opened = false;
	}
	return s->seen++;
}

struct job *job_new(struct sink *sink)
{
	struct job *job = mem_zalloc(sizeof *job);

	if (job == NULL) {
		sink->dropped++;
		return NULL;
	}
	job->sink = sink;
	return job;
}

void job_free(struct job *job)
{
	recording_release(&job->recording);
	for (size_t i = 0; i < job->nmore; i++)
		recording_release(&job->more[i]);
	mem_free(job->more);
	for (size_t i = 0; i < job->nfollowed; i++)
		recording_release(&job->followed[i].recording);
	mem_free(job->followed);
	arena_release(&job->arena);
	mem_free(job);
}

static int open_run(struct writer *w, struct sink *s)
{
	struct error err = ERROR_INIT;
	char text[320];

	if (s->opened)
		return 0;
	if (run_open(&s->run, s->directory, s->run_name, &err) < 0) {
		snprintf(text, sizeof text, "no snapshots are kept: %s", err.text);
		pthread_mutex_lock(&w->lock);
		complain(w, TROUBLE_RUN, text);
		pthread_mutex_unlock(&w->lock);
		return -1;
	}
	s->opened = true;
	s->total_bytes = 0;
	s->added_bytes = s->quota_bytes; /* look at the archive soon */
	return 0;
}

static void trim(struct writer *w, struct sink *s)
{
	uint64_t room = s->quota_bytes / TRIM_SHARE;
	struct error err = ERROR_INIT;

	/* If a look left little room, what is there is too young to go. */
	bool over = s->total_bytes <= s->quota_bytes - room &&
		    s->total_bytes + s->added_bytes > s->quota_bytes;

	if (!over && s->added_bytes <= room)
		return;
	s->added_bytes = 0;
	if (archive_trim(s->directory, s->quota_bytes, room, &s->total_bytes, &err) < 0) {
		pthread_mutex_lock(&w->lock);
		complain(w, TROUBLE_TRIM, err.text);
		pthread_mutex_unlock(&w->lock);
	}
}

/* What ran beside the request, into its profile and the manifest. */
static int describe_followed(const struct job *job, struct profile *p, struct manifest *m,
			     struct error *err)
{
	m->followed = mem_array(NULL, job->nfollowed, sizeof *m->followed);
	if (m->followed == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < job->nfollowed; i++) {
		const struct followed *f = &job->followed[i];

		m->followed[i] = (struct manifest_followed){
			followed_kind_name(f->kind), f->wall_ns, f->cpu_ns,
			recorder_nevents(f->recording.rec), f->cut
		};
		if (followed_add(f, p, err) < 0)
			return -1;
	}
	m->nfollowed = job->nfollowed;
	return 0;
}

static int add_more(const struct job *job, struct profile *p, struct error *err)
{
	for (size_t i = 0; i < job->nmore; i++)
		if (recording_add(&job->more[i], p, err) < 0)
			return -1;
	return 0;
}

static uint64_t count_events(const struct job *job)
{
	uint64_t n = recorder_nevents(job->recording.rec);

	for (size_t i = 0; i < job->nmore; i++)
		n += recorder_nevents(job->more[i].rec);
	return n;
}

static int write_job(const struct job *job, uint64_t *size, struct error *err)
{
	struct manifest m = job->manifest;
	struct buf route = BUF_INIT, path = BUF_INIT;
	struct profile *p = recording_profile(&job->recording, err);
	int rc = -1;

	if (p == NULL)
		return -1;
	if (add_more(job, p, err) < 0 || describe_followed(job, p, &m, err) < 0)
		goto done;
	m.events = count_events(job);
	m.lost = p->nlost;
	m.folded = p->nfolded;
	if (m.route_is_template) {
		route_normalise(&route, m.route);
		m.route = buf_str(&route);
	}
	if (route.failed)
		error_nomem(err);
	else
		rc = snapshot_write(&job->sink->run, p, &m, &path, size, err);
done:
	mem_free(m.followed);
	buf_release(&route);
	buf_release(&path);
	profile_free(p);
	return rc;
}

static void do_job(struct writer *w, struct job *job)
{
	struct error err = ERROR_INIT;
	struct sink *s = job->sink;
	uint64_t size = 0;
	char text[320];

	if (open_run(w, s) < 0) {
		s->dropped++;
		return;
	}
	if (write_job(job, &size, &err) < 0) {
		s->dropped++;
		snprintf(text, sizeof text, "a snapshot was not kept: %s", err.text);
		pthread_mutex_lock(&w->lock);
		complain(w, TROUBLE_WRITE, text);
		pthread_mutex_unlock(&w->lock);
		/* The run folder may have been deleted: make it anew next time. */
		run_release(&s->run);
		s->opened = false;
		return;
	}
	s->kept++;
	s->added_bytes += size;
	trim(w, s);
}

/* run.json of every sink whose counts moved. */
static void tell_counts(void)
{
	for (struct sink *s = atomic_load(&sinks); s != NULL; s = s->next) {
		struct run_counts now = { s->seen, s->kept, s->dropped };
		struct error err = ERROR_INIT;

		/* One that a child has not used since the fork holds the parent's. */
		if (!s->opened || s->generation != fork_generation() ||
		    memcmp(&now, &s->told, sizeof now) == 0)
			continue;
		if (run_count(&s->run, &now, &err) == 0)
			s->told = now;
	}
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void wait_for(pthread_cond_t *cond, pthread_mutex_t *lock, double seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)seconds;
	until.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(cond, lock, &until);
}

static struct job *take_job(struct writer *w)
{
	struct job *job = w->first;

	w->first = job->next;
	if (w->first == NULL)
		w->last = &w->first;
	w->njobs--;
	w->bytes -= job->bytes;
	return job;
}

/* With the lock held; lets go of it while it works. */
static void work_off(struct writer *w)
{
	while (w->first != NULL) {
		struct job *job = take_job(w);

		pthread_mutex_unlock(&w->lock);
		do_job(w, job);
		job_free(job);
		pthread_mutex_lock(&w->lock);
	}
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	double told_at = 0;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		w->busy = true;
		work_off(w);
		if (!w->hurry && !w->stopping && now_s() < told_at + TELL_EVERY_S) {
			wait_for(&w->work, &w->lock, told_at + TELL_EVERY_S - now_s());
			continue;
		}
		w->hurry = false;
		pthread_mutex_unlock(&w->lock);
		tell_counts();
		pthread_mutex_lock(&w->lock);
		told_at = now_s();
		if (w->first != NULL || w->hurry)
			continue;
		w->busy = false;
		pthread_cond_broadcast(&w->idle);
		if (w->stopping)
			break;
		while (w->first == NULL && !w->stopping && !w->hurry)
			pthread_cond_wait(&w->work, &w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* pthread_mutex_lock() that gives up. */
static bool lock_in_time(pthread_mutex_t *lock)
{
	const struct timespec wait = { 0, 1000000 };

	for (int i = 0; i < STUCK_S * 1000; i++) {
		if (pthread_mutex_trylock(lock) == 0)
			return true;
		nanosleep(&wait, NULL);
	}
	return false;
}

/* At exit(), for who passes Python's own end by: uWSGI does when it stops a
 * worker that is busy, and calls exit() in a signal handler. What it interrupted
 * may hold a lock that we or the thread need, so there is an end to waiting; and
 * in that case to joining later. */
static void drain(void)
{
	struct writer *w = writer;
	double until = now_s() + STUCK_S;

	if (w == NULL || w->generation != fork_generation() || !lock_in_time(&w->lock))
		return;
	w->stopping = true;
	pthread_cond_signal(&w->work);
	while (w->started && w->busy && now_s() < until) {
		size_t before = w->njobs;

		wait_for(&w->idle, &w->lock, 0.1);
		if (w->njobs != before)
			until = now_s() + STUCK_S;
	}
	if (w->busy)
		w->started = false;
	pthread_mutex_unlock(&w->lock);
}

/* Signals are for the application's threads. */
static int start_thread(struct writer *w)
{
	static bool registered; /* a child of fork has the parent's */
	sigset_t all, before;
	int rc;

	if (!registered)
		registered = atexit(drain) == 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->thread, NULL, writer_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		w->started = w->busy = true;
	return rc == 0 ? 0 : -1;
}

static bool accept_job(struct writer *w, struct job *job)
{
	if (w->stopping)
		return false;
	if (w->njobs >= QUEUE_JOBS || w->bytes + job->bytes > QUEUE_BYTES) {
		complain(w, TROUBLE_QUEUE, "requests finish faster than their snapshots can be "
			 "written: some are dropped (see run.json; sample= keeps a share)");
		return false;
	}
	if (!w->started && start_thread(w) < 0) {
		complain(w, TROUBLE_THREAD, "no snapshots are kept: the writer thread cannot be started");
		return false;
	}
	job->next = NULL;
	*w->last = job;
	w->last = &job->next;
	w->njobs++;
	w->bytes += job->bytes;
	w->busy = true;
	pthread_cond_signal(&w->work);
	return true;
}

void writer_submit(struct job *job)
{
	struct writer *w = current_writer();
	bool accepted = false;

	job->bytes = sizeof *job + job->arena.total + recording_size(&job->recording);
	for (size_t i = 0; i < job->nmore; i++)
		job->bytes += sizeof *job->more + recording_size(&job->more[i]);
	for (size_t i = 0; i < job->nfollowed; i++)
		job->bytes += sizeof *job->followed + recording_size(&job->followed[i].recording);
	if (w != NULL) {
		pthread_mutex_lock(&w->lock);
		accepted = accept_job(w, job);
		pthread_mutex_unlock(&w->lock);
	}
	if (!accepted) {
		job->sink->dropped++;
		job_free(job);
	}
}

bool writer_flush(double timeout_s)
{
	struct writer *w = writer;
	double end = now_s() + timeout_s;
	bool done;

	if (w == NULL || w->generation != fork_generation())
		return true;
	pthread_mutex_lock(&w->lock);
	while (w->started && w->busy) {
		double left = end - now_s();

		w->hurry = true;
		pthread_cond_signal(&w->work);
		if (timeout_s >= 0 && left <= 0)
			break;
		wait_for(&w->idle, &w->lock, timeout_s >= 0 && left < 0.1 ? left : 0.1);
	}
	done = !w->busy;
	pthread_mutex_unlock(&w->lock);
	return done;
}

void writer_stop(void)
{
	struct writer *w = writer;

	/* uWSGI may have interrupted the very caller of this, too. */
	if (w == NULL || w->generation != fork_generation() || !lock_in_time(&w->lock))
		return;
	w->stopping = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	if (w->started)
		pthread_join(w->thread, NULL);
	w->started = false;
}

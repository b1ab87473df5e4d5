#include "workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/cores.h"
#include "base/mem.h"

enum { MOST_WORKERS = 64, NO_JOB = -1 };

/* Shared by all processes. */
struct board {
	atomic_size_t next; /* the first job that nobody has taken */
	atomic_long current[MOST_WORKERS]; /* a worker's job, or NO_JOB */
	unsigned char attempts[]; /* per job */
};

/* What a worker says of a job; few enough bytes to be written in one piece. */
struct report {
	size_t job;
	int rc;
	struct error error;
};

struct worker {
	pid_t pid;
	int pipe;
};

struct pool {
	const struct work *work;
	struct board *board;
	size_t board_size;
	struct worker workers[MOST_WORKERS];
	unsigned nworkers;
	struct report *reports; /* per job; rc 1: none yet */
	size_t nreported, ndone;
};

void work_hold(bool on)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPROF };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(on ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void set_limit(unsigned ms)
{
	struct itimerval limit = { { 0, 0 }, { ms / 1000, ms % 1000 * 1000 } };

	setitimer(ITIMER_PROF, &limit, NULL);
}

static void run_worker(const struct pool *p, unsigned slot, int to, long first)
{
	const struct work *w = p->work;
	int null = open("/dev/null", O_WRONLY);

#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	if (null >= 0)
		dup2(null, STDERR_FILENO);
	for (;;) {
		struct report r = { .error = ERROR_INIT };

		r.job = first != NO_JOB ? (size_t)first : atomic_fetch_add(&p->board->next, 1);
		first = NO_JOB;
		if (r.job >= w->njobs)
			_exit(0);
		atomic_store(&p->board->current[slot], (long)r.job);
		set_limit(w->limit_ms);
		r.rc = w->run(w->arg, r.job, p->board->attempts[r.job], &r.error);
		work_hold(true);
		set_limit(0);
		atomic_store(&p->board->current[slot], NO_JOB);
		if (write(to, &r, sizeof r) != (ssize_t)sizeof r)
			_exit(1);
		work_hold(false);
	}
}

static int start_worker(struct pool *p, unsigned slot, long first, struct error *err)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends) < 0)
		return error_errno(err, errno, "cannot start a worker");
	atomic_store(&p->board->current[slot], NO_JOB);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		run_worker(p, slot, ends[1], first);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return error_errno(err, errno, "cannot start a worker");
	}
	p->workers[slot] = (struct worker){ pid, ends[0] };
	return 0;
}

static void take_report(struct pool *p, const struct report *r)
{
	const struct work *w = p->work;

	p->reports[r->job] = *r;
	p->nreported++;
	for (; p->ndone < w->njobs && p->reports[p->ndone].rc <= 0; p->ndone++)
		w->done(w->arg, p->ndone, p->reports[p->ndone].rc, &p->reports[p->ndone].error);
	if (w->progress != NULL)
		w->progress(w->arg, p->nreported);
}

/* A worker that ended in the middle of a job: whether that is tried again. */
static bool job_died(struct pool *p, size_t job, int status)
{
	struct report r = { .job = job, .rc = -1, .error = ERROR_INIT };
	int with = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (with == SIGPROF && ++p->board->attempts[job] < WORK_ATTEMPTS)
		return true;
	if (with == SIGPROF)
		error_set(&r.error, ERR_REFUSED, "took more than %u.%02u s, even with less in it",
			  p->work->limit_ms / 1000, p->work->limit_ms % 1000 / 10);
	else if (with == SIGABRT || with == SIGKILL)
		/* So graphviz ends when an allocation fails, and so the system does. */
		error_set(&r.error, ERR_NOMEM, "out of memory while drawing");
	else
		error_set(&r.error, ERR_REFUSED, "drawing ended unexpectedly (%s)",
			  with ? strsignal(with) : "no signal");
	take_report(p, &r);
	return false;
}

static int worker_ended(struct pool *p, unsigned slot, struct error *err)
{
	struct worker *w = &p->workers[slot];
	long job = atomic_load(&p->board->current[slot]);
	long first = NO_JOB;
	int status;

	close(w->pipe);
	w->pipe = -1;
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (job == NO_JOB)
		return 0;
	if (job_died(p, (size_t)job, status))
		first = job;
	if (first == NO_JOB && atomic_load(&p->board->next) >= p->work->njobs)
		return 0;
	return start_worker(p, slot, first, err);
}

static int listen_to(struct pool *p, unsigned slot, struct error *err)
{
	struct report r;
	ssize_t n = read(p->workers[slot].pipe, &r, sizeof r);

	if (n < 0 && errno == EINTR)
		return 0;
	if (n != (ssize_t)sizeof r)
		return worker_ended(p, slot, err);
	take_report(p, &r);
	return 0;
}

static int listen_to_all(struct pool *p, struct error *err)
{
	for (;;) {
		struct pollfd fds[MOST_WORKERS];
		unsigned alive = 0;

		for (unsigned i = 0; i < p->nworkers; i++) {
			fds[i] = (struct pollfd){ p->workers[i].pipe, POLLIN, 0 };
			alive += p->workers[i].pipe >= 0;
		}
		if (alive == 0)
			return 0;
		if (poll(fds, p->nworkers, -1) < 0 && errno != EINTR)
			return error_errno(err, errno, "waiting for workers");
		for (unsigned i = 0; i < p->nworkers; i++)
			if (fds[i].fd >= 0 && fds[i].revents != 0 && listen_to(p, i, err) < 0)
				return -1;
	}
}

static void pool_release(struct pool *p)
{
	for (unsigned i = 0; i < p->nworkers; i++)
		if (p->workers[i].pipe >= 0) {
			kill(p->workers[i].pid, SIGTERM);
			close(p->workers[i].pipe);
			waitpid(p->workers[i].pid, NULL, 0);
		}
	if (p->board != NULL)
		munmap(p->board, p->board_size);
	mem_free(p->reports);
}

static int pool_init(struct pool *p, const struct work *w, struct error *err)
{
	unsigned cores = count_cores();
	void *shared;

	*p = (struct pool){ .work = w };
	p->board_size = sizeof *p->board + w->njobs;
	p->reports = mem_array(NULL, w->njobs, sizeof *p->reports);
	shared = mmap(NULL, p->board_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared != MAP_FAILED)
		p->board = shared;
	if (p->reports == NULL || p->board == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < w->njobs; i++)
		p->reports[i].rc = 1;
	for (unsigned i = 0; i < cores && i < w->njobs && i < MOST_WORKERS; i++) {
		if (start_worker(p, i, NO_JOB, err) < 0)
			return i == 0 ? -1 : 0; /* those that there are do it all */
		p->nworkers++;
	}
	return 0;
}

int work_all(const struct work *w, struct error *err)
{
	struct pool p;
	int rc = pool_init(&p, w, err);

	if (rc == 0)
		rc = listen_to_all(&p, err);
	pool_release(&p);
	return rc;
}

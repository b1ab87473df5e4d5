#include "trace.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "forks.h"
#include "greenlets.h"

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))

__thread struct trace *trace_top;

THREAD_LOCAL unsigned narmed; /* on this thread, in all its greenlets */
THREAD_LOCAL unsigned seen_generation;

enum { PAUSED_FOR_GOOD = 1 << 30, MOST_EXPECTED = 1 << 14 };

/* Nodes the next trace of a mode is made room for: as many as the last ones had. */
static uint32_t expected_nodes[NMODES];

static void in_child(void)
{
	trace_top = NULL;
}

int trace_init(void)
{
	return pthread_atfork(NULL, NULL, in_child);
}

void trace_forget_after_fork(void)
{
	if (seen_generation == fork_generation())
		return;
	seen_generation = fork_generation();
	if (narmed == 0)
		return;
	narmed = 0;
	greenlets_forget();
}

struct trace *trace_new(enum mode mode, PyObject *timer, const struct metrics *metrics)
{
	struct trace *t = mem_zalloc(sizeof *t);

	if (t == NULL)
		return NULL;
	t->recording = (struct recording)RECORDING_INIT;
	t->recording.rec = recorder_new(0, metrics ? metrics->n : 0);
	if (t->recording.rec == NULL) {
		mem_free(t);
		return NULL;
	}
	recorder_reserve(t->recording.rec, expected_nodes[mode]);
	t->readings.ask_after = METRICS_NEVER;
	t->mode = mode;
	t->timer = Py_XNewRef(timer);
	if (metrics != NULL)
		metrics_copy(&t->metrics, metrics);
	metrics_describe(&t->metrics, timer != NULL, t->recording.extra);
	t->generation = fork_generation();
	return t;
}

/* Letting go of them may run any code, of this trace's thread too. */
static void forget_functions(struct trace *t)
{
	PyObject **kept = t->kept;
	size_t n = t->nkept;

	t->kept = NULL;
	t->nkept = t->kept_cap = 0;
	for (size_t i = 0; i < n; i++)
		Py_DECREF(kept[i]);
	mem_free(kept);
}

static void destroy(struct trace *t)
{
	forget_functions(t);
	recording_release(&t->recording);
	Py_CLEAR(t->timer);
	metrics_release(&t->metrics);
	mem_free(t);
}

/* One that is adrift may be in the middle of an event: trace_sweep() sees to it. */
void trace_free(struct trace *t)
{
	if (t == NULL)
		return;
	trace_disarm(t);
	if (t->adrift)
		t->orphan = true;
	else
		destroy(t);
}

int trace_traverse(struct trace *t, visitproc visit, void *arg)
{
	Py_VISIT(t->timer);
	for (size_t i = 0; i < t->nkept; i++)
		Py_VISIT(t->kept[i]);
	return metrics_traverse(&t->metrics, visit, arg);
}

/* Small ones between large ones (a job, a redirection) lower it by and by. */
static void expect_nodes(enum mode mode, uint32_t nnodes)
{
	uint32_t *expected = &expected_nodes[mode];

	*expected = nnodes > *expected ? nnodes : (uint32_t)(((uint64_t)*expected * 7 + nnodes) / 8);
	if (*expected > MOST_EXPECTED)
		*expected = MOST_EXPECTED;
}

void trace_take(struct trace *t, struct recording *out)
{
	struct recorder *in_place = NULL;
	double ns_per_tick;

	if (t->armed)
		trace_disarm(t);
	ns_per_tick = t->recording.ns_per_tick;
	t->wall_ns = (int64_t)((double)(t->armed_ticks - t->helpers) * ns_per_tick);
	t->tracer_ns = (int64_t)((double)(t->away - t->helpers) * ns_per_tick);
	*out = (struct recording)RECORDING_INIT;
	if (t->busy != 0) {
		in_place = recorder_new(0, t->metrics.n);
		if (in_place == NULL)
			return;
	}
	if (t->recording.rec != NULL)
		expect_nodes(t->mode, t->recording.rec->nnodes);
	*out = t->recording;
	t->recording = (struct recording)RECORDING_INIT;
	t->recording.rec = in_place;
	forget_functions(t);
}

/* Never the number of a thread that was before. Needs the GIL. */
static unsigned this_thread(void)
{
	THREAD_LOCAL unsigned number;
	static unsigned last;

	if (number == 0)
		number = ++last;
	return number;
}

static void leave_engine(struct trace *t)
{
	t->engine->disarm(t->mode);
	if (!t->one_of_many && t->engine->rest != NULL)
		t->engine->rest();
	t->left_engine = true;
}

/* On the thread that armed it. */
static void leave_thread(struct trace *t)
{
	t->left_thread = true;
	if (narmed != 0 && --narmed == 0)
		greenlets_unwatch();
}

void trace_sweep(void)
{
	struct trace **at = &trace_top;

	while (*at != NULL) {
		struct trace *t = *at;

		if (!t->adrift) {
			at = &t->outer;
			continue;
		}
		*at = t->outer;
		if (!t->left_engine)
			leave_engine(t);
		if (!t->left_thread)
			leave_thread(t);
		t->adrift = false;
		t->paused = 0;
		if (t->orphan)
			destroy(t);
	}
}

/* The clock as it is. */
static uint64_t bare_ticks(struct trace *t)
{
	return t->timer == NULL ? clock_ticks() : trace_timer(t);
}

static void start_recording(struct trace *t)
{
	t->cpu_since = clock_cpu_ns();
	t->cpu_clock = clock_this_thread();
	t->parked = false;
	t->paused = 0;
	t->armed_since = bare_ticks(t);
	t->last = t->armed_since - t->away;
	if (t->metrics.n != 0) {
		metrics_begin(&t->readings, &t->metrics, clock_ticks(), t->timer != NULL);
		if (t->readings.has_readings)
			trace_measure(t);
	}
	recorder_start(t->recording.rec, t->last);
}

/* With another recorder, from here on; perhaps from another thread than its own. */
static void go_on(struct trace *t, const struct recorder *before)
{
	struct recorder *rec = t->recording.rec;

	t->cpu_since = thread_clock_ns(&t->cpu_clock, t->cpu_since);
	t->armed_since = t->last = t->away_since = bare_ticks(t);
	memcpy(rec->extra_now, before->extra_now, sizeof rec->extra_now);
	recorder_start(rec, t->last);
}

int trace_clear(struct trace *t)
{
	struct recorder *fresh = recorder_new(0, t->metrics.n);
	struct recording old = t->recording;

	if (fresh == NULL)
		return -1;
	t->recording.rec = fresh;
	t->recording.functions = (struct map)MAP_INIT;
	t->away = t->helpers = t->armed_ticks = 0;
	t->cpu_ns = 0;
	if (t->armed)
		go_on(t, old.rec);
	recording_release(&old);
	forget_functions(t);
	return 0;
}

void trace_adopt(struct trace *t)
{
	if (t->generation == fork_generation())
		return;
	t->generation = fork_generation();
	if (t->armed && t->metrics.n != 0)
		metrics_end(&t->readings, &t->metrics);
	t->armed = t->enabled = t->adrift = false;
	t->outer = NULL;
	t->paused = t->busy = 0;
	recorder_finish(t->recording.rec, trace_now(t, 0));
}

/* Those further out stay while it is armed. */
static void hear(struct trace *t, const struct engine *engine)
{
	t->hears = engine;
	t->quick = NULL;
	if (clock_is_quick() && t->timer == NULL && t->outer == NULL &&
	    !metrics_have_readings(&t->metrics))
		t->quick = engine;
	t->quick_c = t->mode == MODE_EXACT ? t->quick : NULL;
}

static unsigned was_out(const struct trace *t)
{
	return t->engine->was_out != NULL ? *t->engine->was_out : 0;
}

bool trace_arm(struct trace *t)
{
	/* Once for a request, not for each block of its body. */
	if (t->armed_ticks == 0 && t->timer == NULL)
		t->costs = calibration_costs(t->mode);
	return trace_arm_bare(t);
}

bool trace_arm_bare(struct trace *t)
{
	trace_forget_after_fork();
	trace_sweep();
	if (t->armed || t->adrift || t->recording.rec == NULL || t->generation != fork_generation())
		return false;
	t->armed = true;
	t->left_engine = t->left_thread = false;
	t->thread = this_thread();
	t->engine = engine_choose(t->mode);
	t->outer = trace_top;
	trace_top = t;
	hear(t, t->engine);
	if (narmed++ == 0)
		greenlets_watch();
	t->was_out = was_out(t);
	t->engine->arm(t->mode);
	start_recording(t);
	return true;
}

/* Where this thread's list refers to t; NULL if it does not. */
static struct trace **link_to(const struct trace *t)
{
	for (struct trace **at = &trace_top; *at != NULL; at = &(*at)->outer)
		if (*at == t)
			return at;
	return NULL;
}

static void stop_recording(struct trace *t, uint64_t now, bool in_helper)
{
	if (in_helper)
		now = t->away_since;
	if (t->metrics.n != 0)
		metrics_end(&t->readings, &t->metrics);
	t->armed_ticks += now + t->away - t->armed_since;
	recorder_finish(t->recording.rec, now);
	recorder_stop(t->recording.rec, now);
	t->recording.rec->nlost += was_out(t) - t->was_out;
	if (t->timer == NULL)
		t->recording.ns_per_tick = clock_ns_per_tick();
	metrics_describe(&t->metrics, t->timer != NULL, t->recording.extra);
}

/* Its CPU time up to now; the clock of it is slow to read. */
static void count_cpu(struct trace *t)
{
	int64_t now = clock_cpu_ns();

	t->cpu_ns += now - t->cpu_since;
	t->cpu_since = now;
}

/* What can be done from here is: the owner may never come back, as a greenlet
 * that has ended with its profile on. */
static void set_adrift(struct trace *t)
{
	t->adrift = true;
	t->paused += PAUSED_FOR_GOOD;
	hear(t, NULL);
	if (t->thread == this_thread() || !t->engine->of_thread)
		leave_engine(t);
	if (t->thread == this_thread())
		leave_thread(t);
}

/* The clock, which owes nothing from here on. */
static uint64_t settle(struct trace *t)
{
	uint64_t ticks = bare_ticks(t), now = trace_clock(t, ticks, 0);

	t->away = ticks - now;
	return now;
}

static void disarm_here(struct trace *t)
{
	uint64_t now = settle(t);
	struct trace **link;

	if (t->readings.has_readings)
		trace_measure(t);
	stop_recording(t, now, t->paused != 0);
	link = link_to(t);
	if (link == NULL) {
		/* The clock's code went on to another greenlet. */
		set_adrift(t);
		return;
	}
	if (t->paused == 0)
		count_cpu(t);
	leave_engine(t);
	leave_thread(t);
	*link = t->outer;
	t->outer = NULL;
}

/* Adrift before the clock is read: that may run Python code, and the thread of the
 * trace meanwhile. Of what a thread counts its CPU time alone can be read here. */
static void disarm_elsewhere(struct trace *t)
{
	bool in_helper = t->paused != 0, runs = !t->parked && !in_helper;
	int64_t cpu_ns = runs ? thread_clock_ns(&t->cpu_clock, -1) : -1;
	uint64_t last = t->last, now;

	if (cpu_ns >= 0)
		t->cpu_ns += cpu_ns - t->cpu_since;
	set_adrift(t);
	t->readings.ask_after = METRICS_NEVER; /* that would be this thread's */
	now = settle(t);
	if (t->metrics.n != 0 && !in_helper)
		metrics_cut(&t->readings, &t->metrics, t->recording.rec, clock_ticks(),
			    now - last, cpu_ns);
	stop_recording(t, now, in_helper);
}

void trace_disarm(struct trace *t)
{
	if (t->adrift)
		trace_sweep();
	if (!t->armed)
		return;
	t->armed = false;
	if (t->generation != fork_generation())
		return; /* the parent's; the hook takes itself out */
	if (link_to(t) != NULL)
		disarm_here(t);
	else
		disarm_elsewhere(t);
}

void trace_pause(void)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		if (t->paused++ == 0) {
			uint64_t ticks;

			hear(t, NULL);
			/* Before the kernel is asked for anything: a wait in there is no wall
			 * time of the trace, so it must not be taken off its CPU time. */
			ticks = clock_ticks();
			t->away_since = settle(t);
			count_cpu(t);
			if (t->metrics.n != 0)
				metrics_leave(&t->readings, &t->metrics, t->recording.rec, ticks);
		}
}

void trace_resume(void)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		if (t->paused != 0 && --t->paused == 0) {
			uint64_t helpers;

			t->cpu_since = clock_cpu_ns();
			helpers = trace_now(t, 0) - t->away_since;
			t->away += helpers;
			t->helpers += helpers;
			t->last -= helpers;
			if (t->metrics.n != 0)
				metrics_return(&t->readings, &t->metrics, t->recording.rec,
					       clock_ticks(), false);
			hear(t, t->engine);
		}
}

/* In a helper its time is not its own anyway, and one that is adrift has ended. */
static bool counts(const struct trace *t)
{
	return t->armed && t->paused == 0;
}

struct trace *trace_swap(struct trace *other)
{
	struct trace *old = trace_top;
	int64_t cpu;

	if (old == other)
		return old;
	cpu = clock_cpu_ns();
	for (struct trace *t = old; t != NULL; t = t->outer) {
		t->parked = true;
		if (!counts(t))
			continue;
		t->cpu_ns += cpu - t->cpu_since;
		if (t->metrics.n != 0)
			metrics_leave(&t->readings, &t->metrics, t->recording.rec,
				      clock_ticks());
	}
	for (struct trace *t = other; t != NULL; t = t->outer) {
		t->parked = false;
		if (!counts(t))
			continue;
		t->cpu_since = cpu;
		if (t->metrics.n != 0)
			metrics_return(&t->readings, &t->metrics, t->recording.rec,
				       clock_ticks(), true);
	}
	trace_top = other;
	return old;
}

void trace_interrupted(void)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		t->interrupted = true;
}

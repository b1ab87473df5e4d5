/* build.h -- the steps of change_between. Inside change/ alone.
 *
 *     side_find_requests  every request of a side, with its group in each run
 *     pair_requests       old with new
 *     judge_evidence      of one pair: how far its change of time may be trusted
 *     fill_functions      of one pair: the functions of both, matched and compared
 *     locate_all          where the largest differences enter
 *
 * What is only needed on the way lives in a scratch arena, what the change keeps in its
 * own.
 */
#ifndef CPROF_CHANGE_BUILD_H
#define CPROF_CHANGE_BUILD_H

#include "change/change.h"

/* A request of one side. */
struct side_request {
	const struct summary_group **groups; /* by run; NULL: that run has none of it */
	size_t npresent; /* runs that have it */
	size_t typical;  /* of the runs, by median of its wall time */
	bool paired;
};

/* One side, whose groups are the folded ones where comprehensions were folded. */
struct side {
	const struct summary *const *runs;
	size_t nruns;
	struct summary_group **groups; /* by run, as many as it has */
	const unsigned **metric_at;    /* by run: the summary's index of a change's metric */
	struct side_request *requests;
	size_t nrequests;
	const char **files;            /* of all functions, sorted, each once */
	size_t nfiles;
};

/* A run to tell the noise by: its groups, by group_order. */
struct noise_run {
	const struct summary_group **groups;
	size_t n;
};

/* What all steps see. */
struct building {
	struct change *out;
	const struct change_options *options;
	struct side old, new;
	struct noise_run *noise; /* as many as the options have */
	struct arena scratch; /* of the whole comparison ... */
	struct arena brief;   /* ... and of one request */
};

/* Folded groups go into `keep`, for the change points at them. */
int side_open(struct side *s, const struct change_side *from, bool fold, struct arena *keep,
	      struct arena *arena);
int side_find_requests(struct side *s, struct arena *arena);
bool side_has_file(const struct side *s, const char *file);

/* The groups of one run, comprehensions booked on their functions, see fold.c. */
int fold_comprehensions(struct summary_group *groups, const struct summary *run,
			struct arena *arena);

/* Calls add() for each pair; old or new is NULL where there is no other. -1 when it does. */
typedef int add_pair(void *arg, struct side_request *old, struct side_request *new);
int pair_requests(struct side *old, struct side *new, add_pair *add, void *arg,
		  struct arena *arena);

/* The median of a group's requests, by metric of its summary; 0 where it has none. */
int group_median(double *median, const struct summary_group *g, unsigned metric,
		 unsigned nmetrics, struct arena *arena);

/* A function of a request on one side. */
struct side_function {
	const struct summary_function **by_run; /* NULL: not called there */
	const struct summary_function *any;     /* of the typical run where that has it */
	struct side_function *partner;
	enum match match;
};

struct side_functions {
	struct side_function *v; /* by identity */
	size_t n;
};

int match_functions(struct side_functions *old, struct side_functions *new,
		    const struct building *b, struct arena *arena);

int fill_functions(struct request_change *c, const struct side_request *old,
		   const struct side_request *new, struct building *b);

struct quantity quantity_of(double old, double new);

int open_noise(struct building *b);

/* Says how far the change of wall time may be trusted that its metrics tell, by the medians
 * of the runs of both sides, which it sorts. */
int judge_evidence(struct request_change *c, double *x, size_t nx, double *y, size_t ny,
		   struct building *b);

/* Of the first requests in the change's order; -1 with err. */
int locate_all(struct building *b, struct error *err);

/* What a function of the older commit is called at the newer one, by a rename_map; false:
 * as before. Texts in `arena`; *failed without memory. */
bool rename_identity(struct identity *id, const struct rename_map *renames,
		     struct arena *arena, bool *failed);

#endif

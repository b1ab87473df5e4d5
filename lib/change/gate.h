/* gate.h -- rules held against a change: a verdict for each rule and request.
 *
 *     rule                                 GET /user/{id}   GET /      POST /cart
 *     SQL statements: no more              3 -> 43 failed   passed     skipped: new
 *     total calls: at most 10 % more       failed           passed     skipped: new
 *     wall: at most 5 % more ...           skipped: it takes five runs a side
 *
 * Counts are judged by their range over all requests of all runs: a growth is one when the
 * new minimum exceeds the old maximum, and by how much is told by the medians. Of several
 * functions taken together the range is as wide as it can be, the sum of theirs. "At most
 * 3" must hold of every request, a new one's too.
 *
 * Time is judged where both sides have CHANGE_RUNS_TO_PROVE runs of the request that took
 * turns on one machine. It is worse when that is proven by a test of the request and by one
 * that knows how many requests are looked at (stats_family_p), and the least that the change
 * can be, by its interval, is beyond the rule's percentage, its floor, and half of what the
 * change seems to be.
 */
#ifndef CPROF_CHANGE_GATE_H
#define CPROF_CHANGE_GATE_H

#include "change/change.h"
#include "change/rules.h"

enum verdict { VERDICT_PASSED, VERDICT_FAILED, VERDICT_SKIPPED };

/* Why a rule was not held against a request. */
enum skip {
	SKIP_NONE,
	SKIP_NEW,      /* the baseline has no such request: it is not worse */
	SKIP_COLD,     /* the rule is about warm ones */
	SKIP_WARMTH,   /* one side's requests were cold, the other's warm */
	SKIP_BROKE,    /* a request failed on one side alone: it did something else */
	SKIP_LOST,     /* calls that were not recorded, or a mode that counts none */
	SKIP_METRIC,   /* not measured on both sides */
	SKIP_MACHINE,  /* unlike machines: times are not compared */
	SKIP_FEW,      /* too few runs to prove a time */
	SKIP_TURNS     /* runs of the sides that did not take turns */
};

/* "the baseline has no such request" */
extern const char *const skip_texts[];

/* A function that is to blame, and whose doing that is. */
struct blame {
	const struct function_change *function;
	/* The application's function that leads to it; NULL: none, or not known. */
	const struct summary_function *from;
};

enum { GATE_BLAMED = 3 };

struct finding {
	const struct rule *rule;
	const struct request_change *request;
	enum verdict verdict;
	enum skip skip;
	size_t metric; /* of the change, of a rule about one */
	/* What the rule is about, medians; both 0 where skipped. */
	double old_value, new_value;
	double p;     /* of a time that was tested; else NaN */
	struct blame blamed[GATE_BLAMED]; /* where failed: who weighs most first */
	size_t nblamed, nguilty;          /* nguilty: how many there are in all */
};

struct gate {
	struct finding *findings; /* by rule, then as in the change */
	size_t n;
	size_t npassed, nfailed, nskipped;
	size_t nworse, njudged; /* requests that a rule fails, that any was held against */
};

/* The sides are the change's. Findings point at all of what they are given. */
int gate_judge(struct gate *out, const struct rules *rules, const struct change *change,
	       const struct change_side *before, const struct change_side *after,
	       struct error *err);
void gate_release(struct gate *g);

/* The finding of a rule about a request, or NULL. */
const struct finding *gate_find(const struct gate *g, const struct rule *rule,
				const struct request_change *r);

#endif

/* label.h -- whose request it is. Said, in this order, by
 *
 *     environ["cprof.label"]       and environ["cprof.ordinal"]: who sent it
 *     with cprof.label("..."):     of this context (a ContextVar)
 *     cprof._suite                 of the process: the test that is running
 *
 * Where no ordinal is given the label's requests are counted. Needs the GIL, and
 * leaves no exception set.
 */
#ifndef CPROF_EXT_LABEL_H
#define CPROF_EXT_LABEL_H

#include "compat.h"

#include "writer.h"

enum {
	/* Bytes of a label: a longer one is cut, and ends in a hash of the whole. */
	LABEL_MAX = 1000,
	/* As many labels used last are counted for at least; one that was not used
	 * while as many others came begins anew. */
	LABELS_COUNTED = 4096
};

/* Sets job->manifest.label and ordinal, where somebody has said. */
void label_request(struct job *job, PyObject *env);

/* _set_label(label): the process'; None: nobody's. */
PyObject *label_set_of_process(PyObject *self, PyObject *label);

/* Adds `_label`, the ContextVar, to the module. -1 with an exception. */
int label_init(PyObject *module);

#endif

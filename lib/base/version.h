/* version.h -- the one place that says which cprof this is. The Makefile and
 * setup.py read the number from this line.
 */
#ifndef CPROF_BASE_VERSION_H
#define CPROF_BASE_VERSION_H

#define CPROF_VERSION "0.1.0"

#endif

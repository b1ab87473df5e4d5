/* leaks.h -- what other people's libraries keep until the process ends is no
 * leak of ours: libgvc never gives back its list of plugins, fontconfig its
 * configuration, cairo its caches. Include it once in a test that draws.
 */
#ifndef CPROF_TESTS_LEAKS_H
#define CPROF_TESTS_LEAKS_H

/* Asked for by LeakSanitizer, by name; so it must be visible. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libgvc\nleak:libcgraph\nleak:libfontconfig\nleak:libcairo\n";
}

#endif

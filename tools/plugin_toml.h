/* plugin_toml.h -- the one table of functions that C++ makes, see plugin.h. */
#ifndef CPROF_TOOLS_PLUGIN_TOML_H
#define CPROF_TOOLS_PLUGIN_TOML_H

#include "change/config.h"

struct toml_plugin {
	const char *version; /* the first member of each */
	config_reader *read;
};

#endif

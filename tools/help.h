/* help.h -- texts made from the table of commands and their option rows. */
#ifndef CPROF_TOOLS_HELP_H
#define CPROF_TOOLS_HELP_H

#include "cmd.h"

/* `cprof help`: the commands. */
void help_overview(struct buf *out);

/* `cprof COMMAND --help`. */
void help_command(struct buf *out, const struct command *command);

/* The manual page of the command, or of cprof itself (NULL), in man(7). */
void man_page(struct buf *out, const struct command *command);

/* Completion scripts. */
void complete_bash(struct buf *out);
void complete_zsh(struct buf *out);
void complete_fish(struct buf *out);

#endif

/* complete.c -- completion scripts, from the table of commands and their rows. */
#include <string.h>

#include "help.h"

enum value { VALUE_NONE, VALUE_ANY, VALUE_FILE, VALUE_DIR, VALUE_WHAT, VALUE_CHOICE };

static enum value value_of(const struct opt *o)
{
	if (o->kind == OPT_FLAG)
		return VALUE_NONE;
	if (o->choices != NULL)
		return VALUE_CHOICE;
	if (strcmp(o->arg, "FILE") == 0)
		return VALUE_FILE;
	if (strcmp(o->arg, "DIR") == 0 || strcmp(o->arg, "SNAPSHOT") == 0)
		return VALUE_DIR;
	/* Beside the operand X. */
	return strcmp(o->arg, "Y") == 0 ? VALUE_WHAT : VALUE_ANY;
}

static void put_choices(struct buf *out, const struct opt *o)
{
	for (const char *const *c = o->choices; *c != NULL; c++)
		buf_printf(out, "%s%s", c == o->choices ? "" : " ", *c);
}

/* Text within single quotes. */
static void put_quoted(struct buf *out, const char *text)
{
	buf_addc(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *text);
	}
	buf_addc(out, '\'');
}

/* "first sentence of the help": what is short enough for a menu. */
static void put_short(struct buf *out, const char *help)
{
	struct buf text = BUF_INIT;

	buf_add(&text, help, strcspn(help, ";:("));
	while (text.len != 0 && text.data[text.len - 1] == ' ')
		text.len--;
	put_quoted(out, buf_str(&text));
	buf_release(&text);
}

static void bash_command(struct buf *out, const struct command *c)
{
	buf_printf(out, "\t%s)\n\t\toptions='--help", c->name);
	for (const struct opt *o = c->usage->options; o && o->name; o++)
		buf_printf(out, " --%s", o->name);
	buf_printf(out, "'\n\t\toperands=%s\n",
		   c->usage->completes ? c->usage->completes : "none");
	buf_adds(out, "\t\tcase $before in\n");
	for (const struct opt *o = c->usage->options; o && o->name; o++) {
		enum value value = value_of(o);

		if (value == VALUE_NONE)
			continue;
		buf_adds(out, "\t\t");
		if (o->letter != 0)
			buf_printf(out, "-%c|", o->letter);
		buf_printf(out, "--%s) ", o->name);
		if (value == VALUE_CHOICE) {
			buf_adds(out, "values='");
			put_choices(out, o);
			buf_adds(out, "' ;;\n");
		} else {
			buf_printf(out, "operands=%s options= ;;\n",
				   value == VALUE_FILE ? "file" : value == VALUE_DIR ? "dir"
				   : value == VALUE_WHAT ? "what" : "none");
		}
	}
	buf_adds(out, "\t\tesac\n\t\t;;\n");
}

/* Bash takes a colon for the end of a word, and run folders are full of them:
 * the word under the cursor is put together again from the line, and what bash
 * holds for the word's beginning is cut from the replies. So it does with the '=' of
 * "--sort=calls", but then that ends a word of ours, too. */
static const char bash_head[] =
	"# bash completion of cprof; made by `cprof completion bash`.\n"
	"_cprof_names() {\n"
	"\tlocal archive=${CPROF_DIR:-profiling} path\n"
	"\tfor path in \"$archive\"/*/ \"$archive\"/*/*/; do\n"
	"\t\t[ -d \"$path\" ] || continue\n"
	"\t\tpath=${path%/}\n"
	"\t\tprintf '%s\\n' \"${path##*/}\"\n"
	"\tdone\n"
	"}\n"
	"_cprof() {\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} IFS=$' \\t\\n' words cur before command\n"
	"\tlocal options= operands=none values= commands='";

static const char bash_parse[] =
	"'\n"
	"\tread -ra words <<<\"$line\"\n"
	"\tcase $line in *[[:space:]]) words+=('') ;; esac\n"
	"\tcur=${words[${#words[@]}-1]} before=\n"
	"\t[ ${#words[@]} -gt 1 ] && before=${words[${#words[@]}-2]}\n"
	"\tcase $COMP_WORDBREAKS$cur in *=*--*=*) before=${cur%%=*} cur=${cur#*=} ;; esac\n"
	"\tcommand=${words[1]}\n"
	"\t[ ${#words[@]} -le 2 ] && command=\n"
	"\tCOMPREPLY=()\n"
	"\tcase $command in\n";

static const char bash_tail[] =
	"\tesac\n"
	"\tIFS=$'\\n'\n"
	"\tif [ -n \"$values\" ]; then\n"
	"\t\tCOMPREPLY=($(IFS=' ' compgen -W \"$values\" -- \"$cur\"))\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tcase $cur in\n"
	"\t-*) COMPREPLY=($(IFS=' ' compgen -W \"$options\" -- \"$cur\")); return ;;\n"
	"\tesac\n"
	"\tcase $operands in\n"
	"\tcommand) COMPREPLY=($(IFS=' ' compgen -W \"$commands\" -- \"$cur\")) ;;\n"
	"\tshell) COMPREPLY=($(IFS=' ' compgen -W 'bash zsh fish' -- \"$cur\")) ;;\n"
	"\tdir) COMPREPLY=($(compgen -d -- \"$cur\")); compopt -o filenames 2>/dev/null ;;\n"
	"\tfile) COMPREPLY=($(compgen -f -- \"$cur\")); compopt -o filenames 2>/dev/null ;;\n"
	"\twhat)\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(_cprof_names)\" -- \"$cur\"))\n"
	"\t\tif [ ${#COMPREPLY[@]} -eq 0 ]; then\n"
	"\t\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	"\t\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tfi\n"
	"\t\t;;\n"
	"\tesac\n"
	"\tcase $COMP_WORDBREAKS$cur in\n"
	"\t*:*:*)\n"
	"\t\tlocal held=${cur%\"${cur##*:}\"} i\n"
	"\t\tfor i in \"${!COMPREPLY[@]}\"; do\n"
	"\t\t\tCOMPREPLY[i]=${COMPREPLY[i]#\"$held\"}\n"
	"\t\tdone\n"
	"\t\t;;\n"
	"\tesac\n"
	"}\n"
	"complete -F _cprof cprof\n";

void complete_bash(struct buf *out)
{
	buf_adds(out, bash_head);
	for (const struct command *c = commands; c->name != NULL; c++)
		buf_printf(out, "%s%s", c == commands ? "" : " ", c->name);
	buf_adds(out, bash_parse);
	for (const struct command *c = commands; c->name != NULL; c++)
		bash_command(out, c);
	buf_adds(out, "\t'')\n\t\toptions='--help --version'\n\t\toperands=command\n\t\t;;\n");
	buf_adds(out, bash_tail);
}

static void zsh_option(struct buf *out, const struct opt *o)
{
	enum value value = value_of(o);
	struct buf text = BUF_INIT;

	/* Help text ends at the first of ;:( and so holds no colon or bracket. */
	buf_add(&text, o->help, strcspn(o->help, ";:([]"));
	buf_adds(out, "\t\t\t");
	if (o->letter != 0)
		buf_printf(out, "{-%c,--%s%s}", o->letter, o->name, value ? "=" : "");
	else
		buf_printf(out, "--%s%s", o->name, value ? "=" : "");
	buf_printf(out, "'[%s]", buf_str(&text));
	if (value == VALUE_CHOICE) {
		buf_printf(out, ":%s:(", o->arg);
		put_choices(out, o);
		buf_addc(out, ')');
	} else if (value != VALUE_NONE) {
		buf_printf(out, ":%s:%s", o->arg, value == VALUE_FILE ? "_files"
			   : value == VALUE_DIR ? "_files -/"
			   : value == VALUE_WHAT ? "_cprof_what" : " ");
	}
	buf_adds(out, "' \\\n");
	buf_release(&text);
}

static void zsh_command(struct buf *out, const struct command *c)
{
	const char *operands = c->usage->completes ? c->usage->completes : "";

	buf_printf(out, "\t%s)\n\t\t_arguments -s \\\n", c->name);
	for (const struct opt *o = c->usage->options; o && o->name; o++)
		zsh_option(out, o);
	buf_adds(out, "\t\t\t'(- *)'{-h,--help}'[explain]'");
	if (strcmp(operands, "what") == 0)
		buf_adds(out, " \\\n\t\t\t'*:what:_cprof_what'");
	else if (strcmp(operands, "command") == 0)
		buf_adds(out, " \\\n\t\t\t'1:command:_cprof_commands'");
	else if (strcmp(operands, "shell") == 0)
		buf_adds(out, " \\\n\t\t\t'1:shell:(bash zsh fish)'");
	buf_adds(out, "\n\t\t;;\n");
}

void complete_zsh(struct buf *out)
{
	buf_adds(out, "#compdef cprof\n"
		      "# zsh completion of cprof; made by `cprof completion zsh`.\n"
		      "_cprof_commands() {\n\tlocal -a names=(\n");
	for (const struct command *c = commands; c->name != NULL; c++) {
		struct buf text = BUF_INIT;

		buf_printf(&text, "%s:%s", c->name, c->summary);
		buf_adds(out, "\t\t");
		put_quoted(out, buf_str(&text));
		buf_addc(out, '\n');
		buf_release(&text);
	}
	buf_adds(out, "\t)\n\t_describe command names\n}\n"
		      "_cprof_what() {\n"
		      "\tlocal archive=${CPROF_DIR:-profiling}\n"
		      "\tlocal -a names=(${archive}/*(N/:t) ${archive}/*/*(N/:t))\n"
		      "\tcompadd -a names\n\t_files\n}\n"
		      "_cprof() {\n"
		      "\tif (( CURRENT == 2 )); then\n"
		      "\t\t_cprof_commands\n\t\treturn\n\tfi\n"
		      "\tshift words\n\t(( CURRENT-- ))\n"
		      "\tcase $words[1] in\n");
	for (const struct command *c = commands; c->name != NULL; c++)
		zsh_command(out, c);
	buf_adds(out, "\tesac\n}\n"
		      "if [[ $funcstack[1] == _cprof ]]; then\n\t_cprof \"$@\"\n"
		      "else\n\tcompdef _cprof cprof\nfi\n");
}

static void fish_command(struct buf *out, const struct command *c)
{
	const char *operands = c->usage->completes ? c->usage->completes : "";

	buf_printf(out, "complete -c cprof -n __fish_use_subcommand -a %s -d ", c->name);
	put_quoted(out, c->summary);
	buf_addc(out, '\n');
	for (const struct opt *o = c->usage->options; o && o->name; o++) {
		enum value value = value_of(o);

		buf_printf(out, "complete -c cprof -n '__fish_seen_subcommand_from %s' -l %s",
			   c->name, o->name);
		if (o->letter != 0)
			buf_printf(out, " -s %c", o->letter);
		if (value == VALUE_CHOICE) {
			buf_adds(out, " -x -a '");
			put_choices(out, o);
			buf_addc(out, '\'');
		} else if (value == VALUE_FILE) {
			buf_adds(out, " -r -F");
		} else if (value == VALUE_DIR) {
			buf_adds(out, " -x -a '(__fish_complete_directories)'");
		} else if (value == VALUE_WHAT) {
			buf_adds(out, " -r -F -a '(__cprof_names)'");
		} else if (value == VALUE_ANY) {
			buf_adds(out, " -x");
		}
		buf_adds(out, " -d ");
		put_short(out, o->help);
		buf_addc(out, '\n');
	}
	buf_printf(out, "complete -c cprof -n '__fish_seen_subcommand_from %s'", c->name);
	if (strcmp(operands, "what") == 0)
		buf_adds(out, " -F -a '(__cprof_names)'");
	else if (strcmp(operands, "command") == 0)
		buf_adds(out, " -a '(__cprof_commands)'");
	else if (strcmp(operands, "shell") == 0)
		buf_adds(out, " -a 'bash zsh fish'");
	else
		buf_adds(out, " -f");
	buf_addc(out, '\n');
}

void complete_fish(struct buf *out)
{
	buf_adds(out, "# fish completion of cprof; made by `cprof completion fish`.\n"
		      "function __cprof_names\n"
		      "\tset -l archive profiling\n"
		      "\tset -q CPROF_DIR; and set archive $CPROF_DIR\n"
		      "\tset -l paths $archive/*/ $archive/*/*/\n"
		      "\tset -q paths[1]; and string replace -r '.*/([^/]+)/$' '$1' -- $paths\n"
		      "end\n"
		      "function __cprof_commands\n\tprintf '%s\\n'");
	for (const struct command *c = commands; c->name != NULL; c++)
		buf_printf(out, " %s", c->name);
	buf_adds(out, "\nend\ncomplete -c cprof -f\ncomplete -c cprof -l help -s h -d explain\n");
	for (const struct command *c = commands; c->name != NULL; c++)
		fish_command(out, c);
}

/* The DB-API drivers, and of each the functions one call of which is one statement (or one
 * row of them, of executemany where the driver has its own way to send many).
 *
 *     C types      called from Python straight, or by what a framework puts around them:
 *                  Django's CursorWrapper.execute and SQLAlchemy's do_execute are then no
 *                  statements of their own
 *     Python       MySQLdb, pymysql    execute, executemany and callproc end in _query
 *                  mysql.connector     executemany ends in execute, callproc does not
 *                  pg8000, mariadb     likewise
 *                  oracledb            execute and callproc go through one plain function;
 *                                      executemany, since it is a generator, through none
 *                  psycopg             of its blocking cursors
 *
 * asyncpg and aiosqlite are no DB-API (the latter calls sqlite3, in a thread). What no
 * profiler sees, for it is neither a Python function nor a C function of the interpreter's
 * own kind: duckdb (nanobind), pymssql (Cython). */
#include <string.h>

#include "change/identity.h"

struct sql_functions {
	const char *of;       /* a C type, or the file of Python functions */
	const char *names[5]; /* without their class */
};

static const struct sql_functions c_types[] = {
	{ "sqlite3.Cursor", { "execute", "executemany", "executescript" } },
	{ "sqlite3.Connection", { "execute", "executemany", "executescript" } },
	{ "pysqlite3.dbapi2.Cursor", { "execute", "executemany", "executescript" } },
	{ "pysqlite3.dbapi2.Connection", { "execute", "executemany", "executescript" } },
	{ "sqlcipher3.dbapi2.Cursor", { "execute", "executemany", "executescript" } },
	{ "sqlcipher3.dbapi2.Connection", { "execute", "executemany", "executescript" } },
	{ "apsw.Cursor", { "execute", "executemany" } },
	{ "apsw.Connection", { "execute", "executemany" } },
	{ "psycopg2.extensions.cursor", { "execute", "executemany", "callproc" } },
	{ "pyodbc.Cursor", { "execute", "executemany" } },
	{ "pyodbc.Connection", { "execute" } },
	{ "cx_Oracle.Cursor",
	  { "execute", "executemany", "executemanyprepared", "callproc", "callfunc" } },
};

static const struct sql_functions files[] = {
	{ "psycopg/cursor.py", { "execute", "executemany" } },
	{ "psycopg/server_cursor.py", { "execute" } },
	{ "psycopg/_server_cursor.py", { "execute" } },
	{ "MySQLdb/cursors.py", { "_query" } },
	{ "pymysql/cursors.py", { "_query" } },
	{ "mysql/connector/cursor.py", { "execute", "callproc" } },
	{ "mysql/connector/cursor_cext.py", { "execute", "callproc" } },
	{ "mariadb/cursors.py", { "execute" } },
	{ "pg8000/dbapi.py", { "execute", "callproc" } },
	{ "pg8000/legacy.py", { "execute" } },
	{ "oracledb/cursor.py", { "_prepare_for_execute", "executemany" } },
};

static bool is_one_of(const struct sql_functions *f, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof f->names / sizeof *f->names && f->names[i] != NULL; i++)
		if (strlen(f->names[i]) == len && memcmp(f->names[i], name, len) == 0)
			return true;
	return false;
}

static bool c_is_sql(const char *text)
{
	struct c_name c;

	if (!c_name_parse(&c, text) || c.of_module)
		return false;
	for (size_t i = 0; i < sizeof c_types / sizeof *c_types; i++)
		if (strlen(c_types[i].of) == c.owner_len &&
		    memcmp(c_types[i].of, c.owner, c.owner_len) == 0)
			return is_one_of(&c_types[i], c.name, c.name_len);
	return false;
}

bool identity_is_sql(const struct identity *id)
{
	/* "Cursor.execute"; of a foreign profile "execute". */
	const char *dot = strrchr(id->name, '.'), *name = dot != NULL ? dot + 1 : id->name;

	if (id->origin == ORIGIN_BUILTIN)
		return c_is_sql(id->name);
	if (id->origin != ORIGIN_PACKAGE)
		return false;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (strcmp(files[i].of, id->file) == 0)
			return is_one_of(&files[i], name, strlen(name));
	return false;
}

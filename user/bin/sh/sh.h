/*
 * The shell's own header: the syntax tree that the parser makes and the executor walks, the one
 * global state, and what the parts of the shell offer each other. The flow of one command is
 * input.c (characters) -> lexer.c (tokens and word parts) -> parser.c (tree) -> exec.c (processes),
 * with expand.c turning word parts into argument strings on the way.
 *
 * An error or a `break` does not jump: it sets sh.flow, and every loop over commands looks at it.
 */
#ifndef SH_H
#define SH_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STATUS_SYNTAX	 2
#define STATUS_NOEXEC	 126
#define STATUS_NOTFOUND	 127
#define STATUS_SIGNAL(n) (128 + (n))

/* ---- memory (mem.c) ---- */

struct chunk;

/* A stack of memory: syntax trees live and die with one, and so do the words of a command. */
struct arena {
	struct chunk *top;
	unsigned refs; /* functions and running commands that still need the tree in it */
};

struct arena_mark {
	struct chunk *chunk;
	size_t used;
};

struct strbuf {
	char *s; /* always NUL-terminated once anything was added */
	size_t len;
	size_t cap;
};

void *xmalloc(size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *s);
struct arena *arena_new(void);
void arena_ref(struct arena *a);
void arena_unref(struct arena *a);
void *arena_alloc(struct arena *a, size_t size); /* zeroed */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s);
struct arena_mark arena_mark(struct arena *a);
void arena_release(struct arena *a, struct arena_mark m);
void sb_add(struct strbuf *b, char c);
void sb_add_n(struct strbuf *b, const char *s, size_t n);
void sb_add_str(struct strbuf *b, const char *s);
const char *sb_str(const struct strbuf *b);
void sb_free(struct strbuf *b);

/* ---- syntax tree ---- */

enum part_kind { PART_TEXT, PART_PARAM, PART_COMMAND, PART_ARITH };

enum param_op {
	PARAM_PLAIN,
	PARAM_LENGTH,	  /* ${#x} */
	PARAM_DEFAULT,	  /* ${x-w} */
	PARAM_ASSIGN,	  /* ${x=w} */
	PARAM_ERROR,	  /* ${x?w} */
	PARAM_ALTERNATE,  /* ${x+w} */
	PARAM_CUT_PREFIX, /* ${x#w} */
	PARAM_CUT_PREFIX_LONG,
	PARAM_CUT_SUFFIX, /* ${x%w} */
	PARAM_CUT_SUFFIX_LONG,
};

struct node;

/* One piece of a word: plain text, or something that expands. */
struct part {
	struct part *next;
	uint8_t kind;
	uint8_t op;	  /* enum param_op */
	bool quoted;	  /* inside quotes: neither split nor a pattern */
	bool colon;	  /* ${x:-w}: empty counts as unset */
	char *text;	  /* the text, or the parameter's name */
	struct part *arg; /* the word of ${x-w}, the expression of $((...)) */
	struct node *command;
};

struct word {
	struct word *next;
	struct part *parts; /* NULL: the empty word, which only a here-document can be */
};

struct assign {
	struct assign *next;
	char *name;
	struct word value;
};

enum redir_kind {
	REDIR_IN,
	REDIR_OUT,
	REDIR_CLOBBER,
	REDIR_APPEND,
	REDIR_RDWR,
	REDIR_DUP,
	REDIR_HERE,
};

struct redir {
	struct redir *next;
	uint8_t kind;
	int8_t fd;
	struct word target; /* file name, descriptor of a DUP, or body of a here-document */
};

enum node_kind {
	NODE_SIMPLE,
	NODE_PIPE,
	NODE_NOT,
	NODE_AND,
	NODE_OR,
	NODE_LIST,
	NODE_BACKGROUND,
	NODE_SUBSHELL,
	NODE_GROUP,
	NODE_IF,
	NODE_WHILE,
	NODE_UNTIL,
	NODE_FOR,
	NODE_CASE,
	NODE_FUNCTION,
};

struct case_item {
	struct case_item *next;
	struct word *patterns;
	struct node *body;
};

struct node {
	struct node *next; /* the next of a LIST or a PIPE */
	uint8_t kind;
	bool all_args; /* FOR without `in`: loop over "$@" */
	int line;
	struct redir *redirs;
	struct assign *assigns;	 /* SIMPLE */
	struct word *words;	 /* SIMPLE; FOR: the list; CASE: the subject */
	struct node *left;	 /* first child; IF, WHILE, UNTIL: the condition */
	struct node *right;	 /* second child, or the body */
	struct node *other;	 /* IF: the else part */
	struct case_item *items; /* CASE */
	char *text; /* FOR, FUNCTION: the name; BACKGROUND, PIPE: the source, for `jobs` */
};

/* ---- input (input.c) ---- */

#define INPUT_EOF (-1)

struct input {
	struct input *up;
	const char *name; /* the script, for messages; NULL for the shell's own name */
	const char *text; /* what is being read: the caller's string, or buf */
	size_t pos;
	size_t len;
	char *buf; /* NULL when reading a string */
	int fd;
	int line;
	bool byte_at_a_time; /* a shared, unseekable descriptor: leave the rest to the commands */
	bool interactive;
	bool interrupted;
	bool final; /* the shell ends with this input */
};

void input_push_string(struct input *in, const char *text, size_t len, int line);
void input_push_fd(struct input *in, int fd, const char *name);
void input_pop(void);
int input_getc(void);
void input_ungetc(int c);
void input_discard_line(void);

/* ---- parser ---- */

enum token_kind {
	TOK_EOF,
	TOK_NEWLINE,
	TOK_WORD,
	TOK_IO_NUMBER,
	TOK_AND_IF,
	TOK_OR_IF,
	TOK_SEMI,
	TOK_DSEMI,
	TOK_AMP,
	TOK_PIPE,
	TOK_LPAREN,
	TOK_RPAREN,
	TOK_LESS,
	TOK_GREAT,
	TOK_DLESS,
	TOK_DLESS_DASH,
	TOK_DGREAT,
	TOK_LESS_AND,
	TOK_GREAT_AND,
	TOK_LESS_GREAT,
	TOK_CLOBBER,
	TOK_AND_GREAT,
	TOK_AND_DGREAT,
};

struct token {
	enum token_kind kind;
	struct word word;
	const char *literal; /* the word's text when it is all unquoted text, else NULL */
	int number;
	int line;
};

/* A here-document whose body starts after the next newline. */
struct pending_here {
	struct pending_here *next;
	struct redir *redir;
	char *delimiter;
	bool strip_tabs;
	bool quoted;
};

#define MAX_NESTING 250

struct parser {
	struct arena *arena;
	struct token tok;
	struct pending_here *pending;
	struct strbuf source; /* the characters of this command, for `jobs` */
	size_t token_start;   /* where tok begins in source */
	size_t token_end;     /* where the token before tok ends in source */
	unsigned depth;	      /* of commands and expansions in one another */
	int error_line;	      /* of the token at fault; 0: where the input is */
	bool failed;
	bool at_end; /* the input ended */
};

enum parse_result { PARSE_OK, PARSE_EOF, PARSE_ERROR, PARSE_INTERRUPTED };

enum parse_result parse_command_line(struct arena *a, struct node **out);
struct node *parse_substitution(struct parser *p, enum token_kind end);
bool nest(struct parser *p);
void lex_next(struct parser *p);
void lex_read_heredocs(struct parser *p);
void syntax_error(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *token_text(const struct token *t);
bool is_name(const char *s, size_t n);

/* ---- state (main.c) ---- */

enum flow {
	FLOW_NONE,
	FLOW_BREAK,
	FLOW_CONTINUE,
	FLOW_RETURN,
	FLOW_EXIT,  /* leave the shell with sh.status */
	FLOW_ABORT, /* interactive: back to the prompt */
};

struct params {
	int n;
	char **v;
	char **owned; /* the array to free with its strings, or NULL */
	int owned_n;
};

struct local_var;

struct shell {
	const char *name; /* $0 */
	struct input *input;
	struct params params;
	struct arena *temp;	  /* words of the commands being run */
	struct local_var *locals; /* of the running function */
	pid_t pid;		  /* $$: stays the same in subshells */
	pid_t last_background;	  /* $! */
	int status;		  /* $? */
	int substitution_status;  /* of the last $(...), for a command without words */
	enum flow flow;
	int flow_levels;
	int loop_depth;
	int function_depth;
	int condition_depth; /* above 0: -e does not apply */
	int line;
	bool interactive;
	bool from_terminal; /* this is an interactive shell, or a child of one */
	bool job_control;
	bool subshell;
	bool continuation;		   /* prompt with PS2 */
	bool opt_exit;			   /* -e */
	bool opt_unset;			   /* -u */
	bool opt_trace;			   /* -x */
	bool opt_noglob;		   /* -f */
	bool opt_noexec;		   /* -n */
	bool opt_export;		   /* -a */
	bool opt_noclobber;		   /* -C */
	volatile sig_atomic_t interrupted; /* SIGINT reached an interactive shell */
};

extern struct shell sh;

void shell_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void shell_fail(int status);
int run_input(struct input *in);
int run_string(const char *text);
int run_file(const char *path, int if_missing); /* the status then; 0: it need not be there */
void shell_exit(int status) __attribute__((noreturn));

/* ---- output of builtins (output.c) ---- */

void out_write(const char *s, size_t n);
void out_str(const char *s);
void out_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_quoted(const char *s);
int out_flush(void);
void err_str(const char *s);

/* ---- variables (var.c) ---- */

struct var {
	struct var *next;
	char *name;
	char *value; /* NULL: unset, but exported or read-only */
	bool exported;
	bool readonly;
};

void vars_init(char **envp);
const char *var_get(const char *name);
struct var *var_find(const char *name);
int var_set(const char *name, const char *value);
int var_set_flags(const char *name, const char *value, bool exported, bool readonly);
int var_unset(const char *name);
void vars_print(const char *prefix, bool exported, bool readonly, bool all);
char **vars_environ(struct arena *a);
int var_make_local(const char *name);
void locals_restore(struct local_var *until);

void params_set(char **v, int n);
void params_free(struct params *p);

/* ---- expansion (expand.c, param.c, arith.c, pattern.c, glob.c) ---- */

/* How each character of an expansion came about, which decides splitting and globbing. */
enum {
	MARK_PLAIN = 0,
	MARK_QUOTED = 1,
	MARK_SPLIT = 2, /* from an unquoted expansion: split at IFS */
	MARK_BREAK = 3, /* no character: a field ends here ("$@") */
	MARK_EMPTY = 4, /* no character: the field exists although it may be empty */
};

struct marked {
	struct strbuf text;
	struct strbuf marks;
};

/* How an expansion is to be done. */
enum {
	EXPAND_FIELDS = 1,     /* the result is split, so "$@" makes fields */
	EXPAND_SPLIT_TEXT = 2, /* plain text too is split: the word of an unquoted ${x-w} */
	EXPAND_TILDE = 4,      /* ~ at the start */
	EXPAND_ASSIGNMENT = 8, /* ~ after each colon as well */
};

struct fields {
	char **v; /* in sh.temp, NULL-terminated */
	int n;
	int cap;
};

bool expand_words(const struct word *words, struct fields *out);
char *expand_string(const struct word *w);
char *expand_assignment(const struct word *w);
char *expand_pattern(const struct word *w);
bool expand_parts(const struct part *parts, struct marked *out, unsigned how);
bool expand_param(const struct part *p, struct marked *out, unsigned how);
void fields_add(struct fields *f, char *s);
void marked_add(struct marked *m, char c, char mark);
void marked_add_str(struct marked *m, const char *s, char mark);
void marked_free(struct marked *m);
char *marked_pattern(const struct marked *m);
bool arith_eval(const char *text, long long *out);
bool pattern_match(const char *pattern, const char *s, size_t n);
bool pattern_has_magic(const char *pattern);
bool glob_expand(const char *pattern, struct fields *out);

/* ---- running (exec.c, redir.c, command.c, function.c) ---- */

#define EXEC_LAST 1u /* nothing follows in this process: exec without a fork */

int exec_node(const struct node *n, unsigned flags);
int exec_simple(const struct node *n, unsigned flags);
int exec_substitution(const struct node *n, struct strbuf *out);
void exec_program(char **argv, char **envp) __attribute__((noreturn));
char *find_program(const char *name, struct arena *a);
void check_exit_on_error(int status);

struct saved_fds {
	int8_t copy[10]; /* where the descriptor was kept, or one of the two below */
};
#define FD_UNTOUCHED  (-1)
#define FD_WAS_CLOSED (-2)

void saved_fds_init(struct saved_fds *s);
bool redirs_apply(const struct redir *r, struct saved_fds *save);
void redirs_restore(struct saved_fds *s);
void redirs_keep(struct saved_fds *s);
int fd_move_high(int fd);
void fd_close_high(int fd);
void fds_close_private(void);

struct function {
	struct function *next;
	char *name;
	const struct node *body;
	struct arena *arena; /* holds the body; one reference is ours */
};

struct function *function_find(const char *name);
void function_define(const char *name, const struct node *body, struct arena *a);
bool function_remove(const char *name);
int function_call(struct function *f, char **argv, int argc);
extern struct arena *current_tree;

/* ---- jobs (jobs.c) ---- */

struct process {
	pid_t pid;
	int status; /* as from waitpid */
	bool done;
	bool stopped;
};

struct job {
	struct job *next;
	int id; /* 0 until it is put in the background */
	pid_t group;
	struct process *procs;
	int n_procs;
	char *text;
	bool own_group;
	bool foreground;
	bool notified;
};

void jobs_init(void);
struct job *job_new(const char *text, bool foreground);
void job_free(struct job *j);
pid_t job_fork(struct job *j);
int job_wait(struct job *j);
int job_wait_foreground(struct job *j);
void job_background(struct job *j);
void jobs_notify(void);
int builtin_jobs(int argc, char **argv);
int builtin_fg(int argc, char **argv);
int builtin_bg(int argc, char **argv);
int builtin_wait(int argc, char **argv);
int builtin_kill(int argc, char **argv);

/* ---- traps (trap.c) ---- */

void traps_init(void);
void traps_run(void);
bool traps_pending(void);
ssize_t read_interruptibly(int fd, void *data, size_t n);
bool traps_set(void);
void traps_run_exit(void);
void traps_reset_child(bool background);
void signals_default_for_exec(void);
int builtin_trap(int argc, char **argv);

/* ---- builtins (builtin.c and the files beside it) ---- */

struct builtin {
	const char *name;
	int (*run)(int argc, char **argv);
	bool special; /* POSIX special builtin: its assignments stay, its errors end a script */
};

const struct builtin *builtin_find(const char *name);
int builtin_read(int argc, char **argv);
int builtin_set(int argc, char **argv);
int builtin_getopts(int argc, char **argv);
int set_option(char letter, bool on);
int set_option_long(const char *name, bool on);
int option_flags(char *out);
int builtin_umask(int argc, char **argv);
int builtin_ulimit(int argc, char **argv);
int builtin_command(int argc, char **argv);
int builtin_type(int argc, char **argv);
int builtin_cd(int argc, char **argv);
int builtin_pwd(int argc, char **argv);
void directory_init(void);

#endif

/* t-promise: the programs behind the system tests of promises. */
#include "promise.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} tests[] = {
	{"coherence", test_coherence},
	{"lazy", test_lazy},
	{"untouched", test_untouched},
	{"crowd", test_crowd},
	{"full", test_full},
	{"orphan", test_orphan},
	{"cow", test_cow},
	{"counts", test_counts},
	{"shootdown", test_shootdown},
	{"budgets", test_budgets},
	{"exhaust", test_exhaust},
	{"badcalls", test_badcalls},
	{"badargs", test_badargs},
	{"ioerror", test_ioerror},
	{"badelf", test_badelf},
	{"tracing", test_tracing},
	{"durable", test_durable},
	{"baseline", test_baseline},
	{"exerciser", test_exerciser},
	{"output", test_output},
	{"survive", test_survive},
	{"detached", test_detached},
	{"under-kills", test_under_kills},
	{"promised", test_promised},
	{"polling", test_polling},
	{"poll-restart", test_poll_restart},
};

int run_test(int argc, char **argv)
{
	for (unsigned i = 0; argc > 0 && i < sizeof(tests) / sizeof(tests[0]); i++)
		if (!strcmp(argv[0], tests[i].name))
			return tests[i].run(argc, argv);
	return -1;
}

int main(int argc, char **argv)
{
	int status = run_test(argc - 1, argv + 1);

	if (status >= 0)
		return status;
	fprintf(stderr, "usage: t-promise NAME [ARGUMENT...]\n");
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		fprintf(stderr, "  %s\n", tests[i].name);
	return 2;
}

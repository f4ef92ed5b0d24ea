/* System V shared memory: shmget, shmat, shmdt, shmctl, ftok. */
#include "../posix.h"

#include <sys/ipc.h>
#include <sys/shm.h>

#define MAKERS 6

static key_t own_key(int letter)
{
	int fd = make_file("key", 1);

	close(fd);
	return ftok("key", letter);
}

static int attached(int id)
{
	struct shmid_ds ds;

	return shmctl(id, IPC_STAT, &ds) == 0 ? (int)ds.shm_nattch : -1;
}

static void check_keys(void)
{
	key_t key = own_key('a');
	int id, again;

	CHECK("ftok.RETURN_VALUE", key != (key_t)-1);
	EQUALS("ftok.DESCRIPTION.same", ftok("./key", 'a'), key);
	CHECK("ftok.DESCRIPTION.letter", ftok("key", 'b') != key);
	CHECK("ftok.DESCRIPTION.file", ftok(".", 'a') != key);
	FAILS("ftok.ERRORS.ENOENT", ftok("none", 'a'), ENOENT);
	FAILS("shmget.ERRORS.ENOENT", shmget(key, PAGE, 0600), ENOENT);
	FAILS("shmget.ERRORS.EINVAL.size0", shmget(key, 0, IPC_CREAT | 0600), EINVAL);
	id = shmget(key, PAGE + 100, IPC_CREAT | 0600);
	CHECK("shmget.RETURN_VALUE", id >= 0);
	EQUALS("shmget.DESCRIPTION.found", shmget(key, PAGE + 100, 0600), id);
	EQUALS("shmget.DESCRIPTION.found_by_create", shmget(key, PAGE, IPC_CREAT | 0600), id);
	EQUALS("shmget.DESCRIPTION.any_smaller_size", shmget(key, 0, 0), id);
	FAILS("shmget.ERRORS.EINVAL.larger", shmget(key, PAGE + 101, 0600), EINVAL);
	FAILS("shmget.ERRORS.EEXIST", shmget(key, PAGE, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	EQUALS("shmctl.RETURN_VALUE.RMID", shmctl(id, IPC_RMID, NULL), 0);
	FAILS("shmget.DESCRIPTION.removed", shmget(key, PAGE, 0600), ENOENT);
	again = shmget(key, PAGE, IPC_CREAT | IPC_EXCL | 0600);
	CHECK("shmget.DESCRIPTION.new_id", again >= 0 && again != id);
	FAILS("shmctl.ERRORS.EINVAL.id", shmctl(id, IPC_RMID, NULL), EINVAL);
	FAILS("shmat.ERRORS.EINVAL.id", shmat(id, NULL, 0), EINVAL);
	FAILS("shmctl.ERRORS.EINVAL.command", shmctl(again, 1000, NULL), EINVAL);
	FAILS("shmctl.ERRORS.EINVAL.negative", shmctl(-5, IPC_RMID, NULL), EINVAL);
	shmctl(again, IPC_RMID, NULL);
}

static void check_memory(void)
{
	int id = shmget(IPC_PRIVATE, PAGE + 100, 0600), other = shmget(IPC_PRIVATE, PAGE, 0600);
	unsigned char *p, *q, *only, *space;

	REQUIRE(id >= 0);
	CHECK("shmget.DESCRIPTION.private_is_new", other >= 0 && other != id);
	shmctl(other, IPC_RMID, NULL);
	p = shmat(id, NULL, 0);
	q = shmat(id, NULL, 0);
	REQUIRE(p != (void *)-1 && q != (void *)-1);
	CHECK("shmat.DESCRIPTION.two_places", p != q);
	EQUALS("shmget.DESCRIPTION.zeros", p[0] | p[PAGE + 99], 0);
	p[PAGE + 99] = 7;
	EQUALS("shmat.DESCRIPTION.shared", q[PAGE + 99], 7);
	EQUALS("shmctl.DESCRIPTION.nattch", attached(id), 2);
	only = shmat(id, NULL, SHM_RDONLY);
	EQUALS("shmat.DESCRIPTION.RDONLY.reads", only[PAGE + 99], 7);
	EQUALS("shmat.DESCRIPTION.RDONLY", store_faults(only, 1), SIGSEGV);
	FAILS("shmdt.ERRORS.EINVAL", shmdt(p + 16), EINVAL);
	FAILS("shmdt.ERRORS.EINVAL.inside", shmdt(p + PAGE), EINVAL);
	EQUALS("shmdt.RETURN_VALUE", shmdt(only), 0);
	EQUALS("shmdt.DESCRIPTION.gone", load_faults(only), SIGSEGV);
	EQUALS("shmdt.RETURN_VALUE.second", shmdt(q), 0);
	FAILS("shmdt.ERRORS.EINVAL.twice", shmdt(q), EINVAL);
	EQUALS("shmdt.DESCRIPTION.others_stay", p[PAGE + 99], 7);

	space = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(space != MAP_FAILED);
	munmap(space, 4 * PAGE);
	CHECK("shmat.DESCRIPTION.address", shmat(id, space, 0) == space);
	FAILS("shmat.ERRORS.EINVAL.taken", shmat(id, space + PAGE, 0), EINVAL);
	CHECK("shmat.DECIDED.REMAP", shmat(id, space, SHM_REMAP) == space);
	EQUALS("shmat.DECIDED.REMAP.memory", space[PAGE + 99], 7);
	FAILS("shmat.DECIDED.REMAP.EINVAL", shmat(id, NULL, SHM_REMAP), EINVAL);
	shmdt(space);
	FAILS("shmat.ERRORS.EINVAL.unaligned", shmat(id, space + 100, 0), EINVAL);
	CHECK("shmat.DESCRIPTION.RND", shmat(id, space + 100, SHM_RND) == space);
	shmdt(space);

	EQUALS("shmctl.RETURN_VALUE.RMID", shmctl(id, IPC_RMID, NULL), 0);
	p[5] = 9;
	EQUALS("shmctl.DESCRIPTION.RMID.lives_on", p[5] + p[PAGE + 99], 16);
	EQUALS("shmdt.DESCRIPTION.last", shmdt(p), 0);
}

static void check_record(void)
{
	key_t key = own_key('r');
	int id = shmget(key, 1234, IPC_CREAT | 0640);
	time_t before = time(NULL);
	struct shmid_ds ds;
	pid_t child;
	void *p;

	REQUIRE(id >= 0);
	EQUALS("shmctl.RETURN_VALUE.STAT", shmctl(id, IPC_STAT, &ds), 0);
	EQUALS("shmget.DESCRIPTION.segsz", ds.shm_segsz, 1234);
	EQUALS("shmget.DESCRIPTION.mode", ds.shm_perm.mode & 0777, 0640);
	EQUALS("shmget.DESCRIPTION.cpid", ds.shm_cpid, getpid());
	EQUALS("shmget.DESCRIPTION.lpid", ds.shm_lpid, 0);
	EQUALS("shmget.DESCRIPTION.atime", ds.shm_atime, 0);
	EQUALS("shmget.DESCRIPTION.dtime", ds.shm_dtime, 0);
	CHECK("shmget.DESCRIPTION.ctime", ds.shm_ctime >= before - 1);
	child = fork();
	if (child == 0) {
		p = shmat(id, NULL, 0);
		_exit(p == (void *)-1 || shmdt(p) < 0);
	}
	EQUALS("shmat.DESCRIPTION.child", ended(child), 0);
	shmctl(id, IPC_STAT, &ds);
	EQUALS("shmat.DESCRIPTION.lpid", ds.shm_lpid, child);
	CHECK("shmat.DESCRIPTION.atime", ds.shm_atime >= before - 1);
	CHECK("shmdt.DESCRIPTION.dtime", ds.shm_dtime >= before - 1);
	ds.shm_perm.mode = 0600;
	EQUALS("shmctl.RETURN_VALUE.SET", shmctl(id, IPC_SET, &ds), 0);
	shmctl(id, IPC_STAT, &ds);
	EQUALS("shmctl.DESCRIPTION.SET", ds.shm_perm.mode & 0777, 0600);
	EQUALS("shmctl.DESCRIPTION.SET.others_stay", ds.shm_segsz, 1234);
	FAILS("shmctl.ERRORS.EFAULT", shmctl(id, IPC_STAT, (void *)16), EFAULT);
	shmctl(id, IPC_RMID, NULL);
}

/* Attachments go with processes and images, and are copied by fork. */
static void check_processes(void)
{
	key_t key = own_key('p');
	int id = shmget(key, PAGE, IPC_CREAT | 0600), ends[2];
	volatile int *p = shmat(id, NULL, 0);
	pid_t child;
	char c, number[16];

	REQUIRE(id >= 0 && p != (void *)-1 && pipe(ends) == 0);
	child = fork();
	if (child == 0) {
		p[1] = attached(id);
		read(ends[0], &c, 1);
		_exit(p[0] == 77 && shmdt((void *)p) == 0 ? 0 : 1);
	}
	p[0] = 77;
	EQUALS("fork.DESCRIPTION.shm", (write(ends[1], "x", 1), ended(child)), 0);
	EQUALS("fork.DESCRIPTION.shm.nattch", p[1], 2);
	EQUALS("exit.DESCRIPTION.shm.nattch", attached(id), 1);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	EQUALS("fork.DESCRIPTION.shm.nattch_parent", attached(id), 2);
	kill(child, SIGKILL);
	ended(child);
	EQUALS("kill.DESCRIPTION.shm.nattch", attached(id), 1);
	snprintf(number, sizeof(number), "%ld", (long)key);
	EQUALS("exec.DESCRIPTION.shm_detached_and_found", in_new_image("sysv", number), 1);
	EQUALS("exec.DESCRIPTION.shm_other_image", p[2], 78);
	shmctl(id, IPC_RMID, NULL);
	shmdt((void *)p);
}

/* However many make it at once, it is one segment, and one of them made it. */
static void check_race(void)
{
	key_t key = own_key('m');

	for (int round = 0; round < 20; round++) {
		pid_t makers[MAKERS];
		int id, made = 0;
		volatile int *p;

		for (int m = 0; m < MAKERS; m++) {
			makers[m] = fork();
			if (makers[m] == 0) {
				id = shmget(key, PAGE, IPC_CREAT | (m % 2 ? IPC_EXCL : 0) | 0600);
				if (id < 0)
					_exit(errno == EEXIST && m % 2 ? 2 : 1);
				p = shmat(id, NULL, 0);
				if (p == (void *)-1)
					_exit(1);
				__atomic_fetch_add(&p[0], 1, __ATOMIC_SEQ_CST);
				_exit(0);
			}
		}
		for (int m = 0; m < MAKERS; m++) {
			int status = ended(makers[m]);

			EQUALS("shmget.DESCRIPTION.race", status == 0 || status == 2, 1);
			made += status == 0;
		}
		id = shmget(key, 0, 0);
		p = shmat(id, NULL, 0);
		REQUIRE(id >= 0 && p != (void *)-1);
		EQUALS("shmget.DESCRIPTION.race.one_segment", p[0], made);
		shmctl(id, IPC_RMID, NULL);
		shmdt((void *)p);
	}
}

/* In a new image: the segment of that key is found, and nobody but the parent has it. */
int sysv_child(key_t key)
{
	int id = shmget(key, PAGE, 0), others = attached(id);
	volatile int *p = shmat(id, NULL, 0);

	if (p == (void *)-1)
		return 99;
	p[2] = p[0] + 1;
	return others;
}

void case_sysv_shm(void)
{
	check_keys();
	check_memory();
	check_record();
	check_processes();
	check_race();
}

/*
 * Model C: programs that poll a channel, whose server is another process than the kernel.
 *
 * Two programs poll; a server answers them, dies once at most and has a successor; the one thing that
 * they wait for happens once and stays; a pipe of somebody else's makes noise. The steps carry the
 * names C1..C8 of README.md. What must hold: no program sleeps for ever once the thing has happened,
 * that is, every run ends with everybody at his end.
 *
 * Each of these macros seeds one bug that the model has to find:
 *	NO_KNOWN	C4 does not compare the changes
 *	KNOWN_LATE	C1 after C2: the changes are read when the server has answered
 *	SLEEP_BLIND	C5 does not compare the generation
 *	SLEEPING_LATE	C5 says that somebody sleeps after it has compared
 *	WAKE_FIRST	C7 before C6
 *	TELL_EARLY	C6 and C7 before what they tell of
 *	FORGET		C2 does not remember that somebody has asked
 *	NO_ATTACH	C8 left out
 */

#define POLLERS	2

byte changes = 1, generation = 0;
bool sleeping = false;
bool asleep[POLLERS];
bool kernel_lock = false;

bool happened = false;	/* what the programs wait for */
bool polled = false;	/* the server's memory: somebody was told that it has not */
bool died = false;
bool serving = true;	/* false: dead, and no successor yet; calls wait */

inline lock()
{
	atomic { !kernel_lock -> kernel_lock = true }
}

inline unlock()
{
	kernel_lock = false
}

/* C7: poll_wake. */
inline wake()
{
	generation++;
	if
	:: !sleeping
	:: else ->
		lock();
		atomic { sleeping = false; asleep[0] = false; asleep[1] = false };
		unlock()
	fi
}

/* poll_changed. */
inline tell()
{
#ifdef WAKE_FIRST
	wake();
	changes++
#else
	changes++;	/* C6 */
	wake()
#endif
}

/* C2: the server has one thread, so that its answer and what it remembers are one step. */
inline ask(answer)
{
	atomic {
		serving ->
		answer = happened;
#ifndef FORGET
		polled = polled || !happened
#endif
	}
}

proctype program(byte me)
{
	byte known, seen, told;
	bool answer = false;

look:
	known = changes;	/* C1 */
	ask(answer);
#ifdef KNOWN_LATE
	known = changes;
#endif
	if
	:: answer -> goto end
	:: else
	fi;
again:
	seen = generation;	/* C3: the call begins, or is made again after a wait */
	told = changes;
#ifndef NO_KNOWN
	if
	:: told != known -> goto look	/* C4 */
	:: else
	fi;
#endif
	lock();		/* C5 */
#ifndef SLEEPING_LATE
	sleeping = true;
#endif
#ifndef SLEEP_BLIND
	if
	:: generation != seen -> unlock(); goto again
	:: else
	fi;
#endif
#ifdef SLEEPING_LATE
	sleeping = true;
#endif
	asleep[me] = true;
	unlock();
	!asleep[me];
	goto again;
end:
	skip
}

/* It happens, at any time when somebody serves. Who dies before he has told tells no more. */
proctype server()
{
	bool tells, successor;

#ifdef TELL_EARLY
	atomic { serving -> tells = polled; polled = false; successor = died };
#else
	atomic { serving -> happened = true; tells = polled; polled = false; successor = died };
#endif
	if
	:: tells && died == successor -> tell()
	:: else
	fi;
#ifdef TELL_EARLY
	happened = true
#endif
}

/* The server dies with what it remembers; its successor's first message attaches the port. */
proctype death()
{
	if
	:: atomic { serving = false; died = true; polled = false };
		serving = true;
#ifndef NO_ATTACH
		tell()	/* C8 */
#endif
	:: true
	fi
}

proctype noise()
{
	wake();
	wake()
}

/* When nobody can do anything any more. */
proctype watch()
{
	timeout -> assert(!asleep[0] && !asleep[1])
}

init
{
	atomic {
		run program(0);
		run program(1);
		run server();
		run death();
		run noise();
		run watch()
	}
}

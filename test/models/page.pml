/*
 * Model B: the life of one page of a file.
 *
 * One slot of a memory object; two address spaces that map it; write(2) on it; a pager that fetches
 * and writes back, whose disk requests outlive it when it crashes; an evictor; a file server that
 * truncates and extends. The steps carry the names B1..B14 that the C code quotes; README.md tells
 * what each one means there.
 *
 * Contents are not numbers but comparisons, which is exact and needs no bound: `differs` says that the
 * disk does not hold the page's content, same[i] that what disk request i has read is still the
 * content, buffer_same that what the pager has read for a fetch is.
 * Tokens and request numbers are compared by their outcome as well: a call either carries the live
 * one or, from a process that may do so at any time, a stale one.
 *
 * Taking an entry away includes its fence (model A shows that the fence does what is assumed here).
 * A step that holds the object's lock from end to end, and that no store through a mapping could
 * tell apart, is atomic; where it could (B5 and B8), the lock is modelled.
 *
 * Each of these macros seeds one bug that the model has to find:
 *	SKIP_PROTECT	B5 leaves the second space's entry writable
 *	IGNORE_TOKEN	B7 takes any token
 *	IGNORE_REQUEST	B4 takes any request's data for a busy slot
 *	OVERWRITE	B4 takes the live request's data twice
 *	GRANT_EARLY	B2 after B3
 *	NO_REMARK	B10 left out
 *	REMARK_UNLOCKED	B10 looks at the state without the lock, so perhaps before the copy
 *	EVICT_IN_USE	B8 does not look at transient references
 *	OVERLAP		B5 does not look for an earlier token
 *	ATTACH_EARLY	B14 does not wait for the dead pager's disk requests
 *	NO_SIZE_CHECK	B1 does not look at the size
 *	FETCH_TWICE	B1 does not join a request that is on its way
 *	NO_WAKE		B11 forgets the waiters of a fetch that it cancels	(claim wake)
 *	NO_REPLAY	B13 forgets the requests that the dead pager had taken	(claim wake)
 *	FORGET_DIRTY	B13 leaves pages in writeback as they are
 *	FORGET_TOKEN	B13 makes them dirty, but leaves the token		(claim clean)
 */

/* The slot, and its frame's state */
#define EMPTY	0
#define BUSY	1
#define CLEAN	2
#define DIRTY	3
#define WB	4
#define RESIDENT	(state >= CLEAN)

/* An entry */
#define NONE	0
#define READ	1
#define WRITE	2

/* A request to the pager */
#define QUEUED	1
#define TAKEN	2

/* A token: its page is still the object's, or was truncated away */
#define LIVE	1
#define ORPHAN	2

/* A disk request */
#define IDLE	0
#define STARTED	1
#define HAS_READ	2

#define WRITER	2		/* waits like mappers 0 and 1 */

byte state = EMPTY;
bit object_lock;
bit in_size = 1;
bit truncating;
byte entry[2];
byte waiting[3];
byte request;
byte requests_live;
byte token;
bit beginning;			/* B5 is under way: its fence has not completed */

bit copying;			/* write(2) holds a transient reference */
bit copy_is_ours;		/* ... to a frame that is still the object's */

bit attached = 1;
bit pager_has_token;
bit pager_request_live;		/* what the pager works on is the slot's request */
byte pager_fetch;		/* 0; 1 request taken; 2 data read; 3 answered, data kept */
bit buffer_same;

byte disk[2];
bit same[2];
bit stale_block[2];		/* the block was given up by a truncation */
bit failed[2];
byte mine;			/* the disk request of the pager's token */

bit differs;
byte crashes_left = 2;
bit quiet;

#define FREE (!object_lock)

/* The page's content changes. */
inline store()
{
	differs = 1;
	same[0] = 0;
	same[1] = 0;
	buffer_same = 0;
}

inline wake_all()
{
	waiting[0] = 0;
	waiting[1] = 0;
	waiting[2] = 0;
}

inline finish_request()
{
	request = 0;
	requests_live--;
	pager_request_live = 0;
}

/* B1 find or fetch: size, then the slot. The caller goes on only if the page is resident. */
inline find_or_fetch(who)
{
	if
#ifdef NO_SIZE_CHECK
	:: state == EMPTY ->
#else
	:: in_size && state == EMPTY ->
#endif
		state = BUSY;
		request = QUEUED;
		requests_live++;
		assert(requests_live == 1);
		waiting[who] = 1
#ifdef FETCH_TWICE
	:: in_size && state == BUSY -> request = QUEUED; requests_live++;
		assert(requests_live == 1);
		waiting[who] = 1
#else
	:: in_size && state == BUSY -> waiting[who] = 1
#endif
	:: else			/* resident, or beyond the size: SIGBUS */
	fi
}

#ifdef NO_SIZE_CHECK
#define MAY_INSTALL RESIDENT
#else
#define MAY_INSTALL (RESIDENT && in_size)
#endif

/* A process with the file mapped. What blocks begins anew from the start. */
proctype mapper(byte me)
{
end:
	do
	/* user code stores through its entry, without any fault */
	:: d_step { !quiet && !waiting[me] && entry[me] == WRITE ->
		assert(state == DIRTY || (state == WB && beginning) || truncating);
		store() }
	/* faults */
	:: d_step { FREE && !quiet && !waiting[me] && !MAY_INSTALL -> find_or_fetch(me) }
	:: d_step { FREE && !quiet && !waiting[me] && MAY_INSTALL && entry[me] == NONE ->
		entry[me] = (state == DIRTY -> WRITE : READ) }
#ifdef GRANT_EARLY
	:: FREE && !quiet && !waiting[me] && MAY_INSTALL && entry[me] != WRITE ->
		entry[me] = WRITE;
		d_step { state = (RESIDENT -> DIRTY : state) }
#else
	/* B2 mark dirty, then B3 grant write */
	:: d_step { FREE && !quiet && !waiting[me] && MAY_INSTALL && entry[me] != WRITE ->
		state = DIRTY;
		entry[me] = WRITE }
#endif
	/* munmap */
	:: d_step { FREE && entry[me] != NONE -> entry[me] = NONE }
	od
}

/* write(2): the kernel stores into the frame, with no lock held and through no entry. */
proctype writer()
{
	byte seen;
end:
	do
	:: d_step { FREE && !quiet && !waiting[WRITER] && !MAY_INSTALL -> find_or_fetch(WRITER) }
	:: d_step { FREE && !quiet && !waiting[WRITER] && MAY_INSTALL ->
		/* B9 mark dirty and take a reference */
		state = DIRTY; copying = 1; copy_is_ours = 1 }
	   do
	   :: d_step { copy_is_ours -> store() }
	   :: d_step { !copy_is_ours -> skip }; break	/* stores into a frame nobody else has */
	   :: break
	   od;
#ifdef NO_REMARK
	   atomic { copying = 0; copy_is_ours = 0 }
#elif defined(REMARK_UNLOCKED)
	   seen = state;
	   d_step {
		if
		:: copy_is_ours -> store()
		:: else
		fi
	   }
	   d_step { FREE ->
		state = ((copy_is_ours && seen != DIRTY) -> DIRTY : state);
		copying = 0; copy_is_ours = 0; seen = 0 }
#else
	   /* B10 mark dirty again, and drop the reference */
	   atomic { FREE ->
		state = (copy_is_ours -> DIRTY : state);
		copying = 0; copy_is_ours = 0 }
#endif
	od
}

/* The pager's fetching thread */
proctype fetcher()
{
end:
	do
	:: d_step { FREE && attached && request == QUEUED && (pager_fetch == 0 || pager_fetch == 3) ->
		request = TAKEN; pager_fetch = 1; pager_request_live = 1; buffer_same = 0 }
	:: d_step { attached && pager_fetch == 1 ->
		pager_fetch = 2; buffer_same = !differs }
	/* B4 supply */
	:: d_step { FREE && attached && pager_fetch == 2 ->
		if
#ifdef IGNORE_REQUEST
		:: state == BUSY ->
#else
		:: state == BUSY && pager_request_live ->
#endif
			assert(buffer_same && !differs);
			state = CLEAN;
			finish_request();
			wake_all()
		:: else		/* stale: nothing changes */
		fi;
		pager_fetch = 3 }
	/* the disk could not be read: everybody hears it once */
	:: d_step { FREE && !quiet && attached && pager_fetch == 1 ->
		if
		:: state == BUSY && pager_request_live ->
			state = EMPTY; finish_request(); wake_all()
		:: else
		fi;
		pager_fetch = 3 }
	od
}

/* The pager's writing thread */
proctype cleaner()
{
end:
	do
	/* B5 begin writeback: a token, the frame pinned, WB; then every entry loses W, fenced */
#ifdef OVERLAP
	:: atomic { FREE && attached && state == DIRTY &&
#else
	:: atomic { FREE && attached && state == DIRTY && token == 0 &&
#endif
		(disk[0] == IDLE || disk[1] == IDLE) ->
		object_lock = 1; beginning = 1; state = WB; token = LIVE; pager_has_token = 1;
		mine = (disk[0] == IDLE -> 0 : 1) }
	   entry[0] = (entry[0] == WRITE -> READ : entry[0]);
#ifndef SKIP_PROTECT
	   entry[1] = (entry[1] == WRITE -> READ : entry[1]);
#endif
	   atomic {
		/* B6 start the disk request */
		beginning = 0; object_lock = 0;
		disk[mine] = STARTED; same[mine] = 0; stale_block[mine] = 0; failed[mine] = 0
	   }
	/* B7 end writeback */
	:: d_step { FREE && attached && pager_has_token && disk[mine] == IDLE ->
		state = ((token == LIVE && state == WB) -> (failed[mine] -> DIRTY : CLEAN) : state);
		token = 0; pager_has_token = 0; failed[0] = 0; failed[1] = 0; mine = 0 }
	od
}

/* Calls with a token or request from long ago, by a confused pager or from before a crash */
proctype stale_calls()
{
end:
	do
#ifdef IGNORE_TOKEN
	:: d_step { FREE && state == WB -> state = CLEAN }
#endif
#ifdef OVERWRITE
	:: d_step { FREE && pager_fetch == 3 && RESIDENT ->
		state = CLEAN; differs = !buffer_same }
#endif
	:: d_step { FREE && pager_fetch == 3 ->
		if
#ifdef IGNORE_REQUEST
		:: state == BUSY -> assert(buffer_same); state = CLEAN; finish_request(); wake_all()
#endif
		:: state == BUSY && pager_request_live -> assert(false)
		:: else
		fi }
	od
}

/* The driver and the disk. A request reads the frame at some time and reaches the disk at a later. */
proctype device(byte i)
{
end:
	do
	:: d_step { disk[i] == STARTED -> disk[i] = HAS_READ; same[i] = 1 }
	:: d_step { disk[i] == HAS_READ ->
		disk[i] = IDLE;
		differs = (stale_block[i] -> differs : !same[i]);
		same[i] = 0; stale_block[i] = 0 }
	:: d_step { disk[i] == HAS_READ && !quiet ->	/* an error: who knows what the disk holds */
		disk[i] = IDLE; failed[i] = 1;
		differs = (stale_block[i] -> differs : 1);
		same[i] = 0; stale_block[i] = 0 }
	od
}

/* B8 evict: clean, in no token and without transient references; unmapped; checked again */
proctype evictor()
{
end:
	do
#ifdef EVICT_IN_USE
	:: atomic { FREE && !quiet && state == CLEAN && token == 0 ->
#else
	:: atomic { FREE && !quiet && state == CLEAN && token == 0 && !copying ->
#endif
		object_lock = 1 }
	   entry[0] = NONE;
	   entry[1] = NONE;
	   d_step {
		assert(state == CLEAN);
		state = EMPTY;
		object_lock = 0
	   }
	od
}

/* The file server shortens the file and makes it longer again. */
proctype truncater()
{
end:
	do
	:: d_step { FREE && !quiet && in_size ->
		/* B11 publish the size and cancel fetches */
		in_size = 0; truncating = 1;
		if
		:: state == BUSY ->
			state = EMPTY; finish_request();
#ifndef NO_WAKE
			wake_all()
#endif
		:: else
		fi }
	   /* B12 unmap and drop what lies beyond; a token keeps its frame, but names nothing now */
	   d_step { FREE ->
		entry[0] = NONE; entry[1] = NONE;
#ifndef NO_SIZE_CHECK
		assert(state != BUSY);
#endif
		state = (state == BUSY -> BUSY : EMPTY);
		copy_is_ours = 0;
		token = (token == LIVE -> ORPHAN : token);
		stale_block[0] = (disk[0] != IDLE); stale_block[1] = (disk[1] != IDLE);
		differs = 0; buffer_same = 0;
		truncating = 0 }
	:: d_step { FREE && !in_size && !truncating -> in_size = 1 }	/* reads as zeros */
	od
}

/* The pager dies and another takes its place; meanwhile waiters may give up. */
proctype supervisor()
{
end:
	do
	/* B13 detach: pages in writeback are dirty, tokens void, requests queued again */
	:: d_step { FREE && attached && crashes_left > 0 && !quiet ->
		crashes_left--;
		attached = 0;
#ifndef FORGET_DIRTY
		state = (state == WB -> DIRTY : state);
#endif
#ifndef FORGET_TOKEN
		token = 0;
#endif
		pager_has_token = 0; mine = 0; failed[0] = 0; failed[1] = 0;
#ifndef NO_REPLAY
		request = (request == TAKEN -> QUEUED : request);
#endif
		pager_fetch = 0; pager_request_live = 0; buffer_same = 0 }
	/* B14 attach, once the driver has finished or dropped what the dead pager asked for */
#ifdef ATTACH_EARLY
	:: d_step { !attached -> attached = 1 }
#else
	:: d_step { !attached && disk[0] == IDLE && disk[1] == IDLE -> attached = 1;
		failed[0] = 0; failed[1] = 0 }
#endif
	:: d_step { FREE && !attached && waiting[0] -> waiting[0] = 0 }	/* SIGBUS after 300 s */
	:: d_step { !attached && waiting[1] -> waiting[1] = 0 }
	:: d_step { !attached && waiting[2] -> waiting[2] = 0 }
	od
}

/* From some time on, perhaps, nobody changes anything, and the disk works. */
proctype calm()
{
end:
	do
	:: d_step { !quiet && !copying && !truncating -> quiet = 1 }
	od
}

/* What must hold between any two steps */
proctype monitor()
{
end:
	do
	:: d_step { true ->
		/* no lost store: only a page that will be written may differ from the disk, or one
		 * that its writer will mark */
		assert(!differs || state == DIRTY || state == WB ||
			(copying && RESIDENT));
		/* clean and in writeback mean that no entry is writable */
		assert((entry[0] != WRITE && entry[1] != WRITE) || state == DIRTY || beginning);
		/* an entry only to a resident page, none beyond the size */
		assert((entry[0] == NONE && entry[1] == NONE) || RESIDENT);
		assert(in_size || truncating || (!RESIDENT && state != BUSY));
		/* one request per busy slot, none otherwise */
		assert((state == BUSY) == (requests_live == 1));
		/* in writeback only under a live token */
		assert(state != WB || token == LIVE) }
	od
}

ltl wake { []((waiting[0] -> <>(!waiting[0])) && (waiting[2] -> <>(!waiting[2]))) }
ltl clean { [](quiet -> <>(state != DIRTY && state != WB)) }

init {
	atomic {
		run mapper(0);
		run mapper(1);
		run writer();
		run fetcher();
		run cleaner();
		run stale_calls();
		run device(0);
		run device(1);
		run evictor();
		run truncater();
		run supervisor();
		run calm();
		run monitor();
	}
}
